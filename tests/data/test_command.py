"""``chainrule data``: what it prints, and how it ends."""

import pytest
from typer.testing import CliRunner

from chainrule.cli import app
from chainrule.data import SOURCES, task_of
from chainrule.data.published import PUBLISHED


def run(*arguments):
    return CliRunner().invoke(app, ["data", *arguments])


def test_the_list_says_what_is_here(own, make, cache):
    make.write(own / "mnist", make.mnist())
    make.write(cache / "cifar10", make.cifar())
    done = run("list")
    assert done.exit_code == 0
    lines = {line.split("  ")[0].strip(): line for line in done.stdout.splitlines()[1:]}
    assert list(lines) == list(SOURCES)
    assert " own folder " in lines["mnist"]
    assert " cache " in lines["cifar10"]
    assert " no " in lines["fashion-mnist"]
    assert " generated " in lines["xor"]
    assert " installed with scikit-learn " in lines["digits"]


@pytest.mark.parametrize("name", SOURCES)
def test_info_needs_no_files(name):
    done = run("info", name)
    assert done.exit_code == 0
    asked = "target" if task_of(name) == "regression" else "classes"
    for heading in ("name", "what", "rows", "features", asked, "source", "licence", "SHA-256"):
        assert f"\n{heading} " in "\n" + done.stdout


def test_info_names_hashes_mirrors_and_what_is_lacking(own):
    said = run("info", "cifar10").stdout
    row = PUBLISHED["cifar10"]
    for name, content in row.contents.items():
        assert f"{content.sha256}  {name}" in said
    for mirror in row.archives[0].mirrors:
        assert mirror in said
    assert f"no. CHAINRULE_DATA names {own}" in said
    assert "32 x 32 x 3" in said


def test_path_is_the_cache_and_nothing_else(cache):
    done = run("path")
    assert done.exit_code == 0
    assert done.stdout == f"{cache}\n"


def test_fetch_says_where_it_is(make, mirror, cache, monkeypatch):
    import gzip

    files = make.mnist()
    for name, data in files.items():
        mirror.has(f"/{name}.gz", gzip.compress(data))
    monkeypatch.setitem(PUBLISHED, "mnist", make.published("mnist", files, (f"{mirror.url}/",)))
    done = run("fetch", "mnist")
    assert done.exit_code == 0
    assert done.stdout == f"mnist is in {cache / 'mnist'}\n"
    (line,) = (line for line in run("list").stdout.splitlines() if line.startswith("mnist "))
    assert " cache " in line


def test_fetch_leaves_ones_own_files_alone(own, make):
    make.write(own, make.mnist())
    done = run("fetch", "mnist")
    assert (done.exit_code, done.stdout) == (0, f"mnist is in your own folder already: {own}\n")


def test_fetch_names_a_damaged_file_of_ones_own(own, make):
    make.write(own, make.mnist())
    path = own / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    done = run("fetch", "mnist")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{path} is damaged" in done.stderr


@pytest.mark.parametrize("name", ["digits", "moons"])
def test_what_is_no_file_needs_no_fetching(name):
    done = run("fetch", name)
    assert done.exit_code == 0
    assert "needs no fetching" in done.stdout


def test_fetch_without_a_network_says_what_to_do(make, monkeypatch):
    from chainrule.data import fetching

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetching, "_ROUNDS", 1)
    mirror = "http://127.0.0.1:9/"
    monkeypatch.setitem(PUBLISHED, "mnist", make.published("mnist", make.mnist(), (mirror,)))
    done = run("fetch", "mnist")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert f"{mirror}train-images-idx3-ubyte.gz: cannot be reached" in done.stderr
    assert "CHAINRULE_DATA" in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("command", ["fetch", "info"])
def test_a_mistyped_name_is_answered_with_the_nearest(command):
    done = run(command, "mnsit")
    assert done.exit_code == 2
    assert "Did you mean 'mnist'?" in done.stderr


def test_a_wrong_variable_is_a_mistake_and_no_traceback(monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "typo"))
    done = run("list")
    assert done.exit_code == 2
    assert "CHAINRULE_DATA should name a folder" in done.stderr


def test_the_cache_lies_where_the_system_keeps_caches(monkeypatch, tmp_path):
    import pooch

    monkeypatch.setenv("CHAINRULE_CACHE", "off")  # that is of compiled programs
    assert run("path").stdout.strip() == str(pooch.os_cache("chainrule") / "data")
