"""Fetching, from a mirror on this machine: what fails, what is kept, what is fetched again."""

import gzip
import logging

import pytest

from chainrule.data.fetching import fetch, is_whole
from chainrule.data.files import load_files
from chainrule.errors import DataError


@pytest.fixture
def files(make):
    return make.mnist()


def serve(mirror, folder, files, **options):
    for name, data in files.items():
        mirror.has(f"/{folder}/{name}.gz", gzip.compress(data), **options)


def row_of(make, mirror, files, *folders):
    return make.published("mnist", files, tuple(f"{mirror.url}/{folder}/" for folder in folders))


def test_what_is_fetched_is_kept_unpacked_and_not_fetched_twice(make, mirror, files, cache):
    serve(mirror, "a", files)
    row = row_of(make, mirror, files, "a")
    assert load_files(row).X_train.shape == (30, 784)
    assert len(mirror.asked) == 4
    assert load_files(row).remark == ""
    assert len(mirror.asked) == 4
    assert {p.name: p.read_bytes() for p in (cache / "mnist").iterdir()} == files


def test_a_mirror_that_fails_is_left_for_the_next(make, mirror, files, caplog):
    """The first has nothing, the second breaks off, the third is whole."""
    serve(mirror, "torn", files, cut=20)
    serve(mirror, "good", files)
    row = row_of(make, mirror, files, "none", "torn", "good")
    with caplog.at_level(logging.INFO, "chainrule.data"):
        assert load_files(row).X_test.shape == (10, 784)
    asked = [path.split("/")[1] for path in mirror.asked]
    assert asked == ["none", "torn", "good"] * 4
    said = "\n".join(caplog.messages)
    assert "answers 404" in said
    assert "the connection broke before the end" in said


def test_a_mirror_that_recovers_is_asked_again(make, mirror, files):
    serve(mirror, "a", files)
    whole = mirror.answers["/a/train-images-idx3-ubyte.gz"]

    def fail_once(handler):
        mirror.answers["/a/train-images-idx3-ubyte.gz"] = whole
        handler.send_error(503)

    mirror.answers["/a/train-images-idx3-ubyte.gz"] = fail_once
    fetch(row_of(make, mirror, files, "a"), pause=0.0)
    assert mirror.asked.count("/a/train-images-idx3-ubyte.gz") == 2


def test_other_contents_than_the_published_are_refused_and_not_kept(make, mirror, files, cache):
    serve(mirror, "a", make.mnist(seed=9))
    row = row_of(make, mirror, files, "a")
    with pytest.raises(DataError) as caught:
        fetch(row, pause=0.0)
    said = str(caught.value)
    wanted = row.contents["train-images-idx3-ubyte"].sha256
    assert f"train-images-idx3-ubyte should have the SHA-256 {wanted}, but has" in said
    assert f"{mirror.url}/a/train-images-idx3-ubyte.gz" in said
    assert "name that folder in CHAINRULE_DATA" in said
    assert len(mirror.asked) == 1  # the same again would be the same
    assert list((cache / "mnist").iterdir()) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"<html>maintenance</html>",
        lambda whole: gzip.compress(gzip.decompress(whole) + b"more"),
        lambda whole: whole[: len(whole) // 2],
        lambda whole: b"",
    ],
)
def test_whatever_a_mirror_sends_only_the_published_is_kept(make, mirror, files, cache, damage):
    serve(mirror, "a", files)
    name = "train-labels-idx1-ubyte"
    mirror.has(f"/a/{name}.gz", damage(gzip.compress(files[name])))
    with pytest.raises(DataError, match=f"{name}.gz of mnist could not be fetched"):
        fetch(row_of(make, mirror, files, "a"), pause=0.0)
    assert [p.name for p in (cache / "mnist").iterdir()] == ["train-images-idx3-ubyte"]


@pytest.mark.parametrize("how", ["flip", "cut", "append", "remove"])
def test_a_damaged_file_in_the_cache_is_named_and_fetched_again(
    make, mirror, files, cache, how, caplog
):
    serve(mirror, "a", files)
    row = row_of(make, mirror, files, "a")
    first = load_files(row)
    path = cache / "mnist" / "train-images-idx3-ubyte"
    data = bytearray(path.read_bytes())
    if how == "flip":
        data[5_000] ^= 1
    path.write_bytes(data[:-1] if how == "cut" else data + b"x" if how == "append" else data)
    if how == "remove":
        path.unlink()
    caplog.clear()
    again = load_files(row)
    assert again.sha256 == first.sha256
    assert len(mirror.asked) == 5  # that one alone
    assert path.read_bytes() == files[path.name]
    if how != "remove":
        assert f"{path} is damaged" in caplog.text
        assert "It is fetched again." in caplog.text


def test_fetching_itself_names_what_was_damaged(make, mirror, files, cache, caplog):
    serve(mirror, "a", files)
    row = row_of(make, mirror, files, "a")
    path = fetch(row) / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    caplog.clear()
    fetch(row)
    assert f"{path} is damaged. It is fetched again." in caplog.text
    assert path.read_bytes() == files[path.name]


def test_a_damaged_file_is_not_trained_on_when_it_cannot_be_fetched(make, mirror, files, cache):
    serve(mirror, "a", files)
    row = row_of(make, mirror, files, "a")
    fetch(row)
    mirror.answers.clear()
    path = cache / "mnist" / "t10k-images-idx3-ubyte"
    path.write_bytes(bytes(len(files[path.name])))
    with pytest.raises(DataError, match="could not be fetched"):
        load_files(row)
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte is damaged"):
        load_files(row, fetch=False)


def test_an_archive_is_taken_apart_and_its_paths_are_not_obeyed(make, mirror, cache, tmp_path):
    files = make.cifar(rows=2)
    mirror.has("/a/cifar-10-binary.tar.gz", make.tar(files, folder="../../../escape"))
    row = make.published("cifar10", files, (f"{mirror.url}/a/",))
    data = load_files(row)
    assert len(data.y_train) == 2 + 3 + 4 + 5 + 6
    assert len(data.y_test) == 7
    assert sorted(p.name for p in (cache / "cifar10").iterdir()) == sorted(files)
    assert not list(tmp_path.rglob("escape*"))


def test_an_archive_that_lacks_a_file_is_refused(make, mirror, cache):
    files = make.cifar(rows=2)
    some = {name: data for name, data in files.items() if name != "test_batch.bin"}
    mirror.has("/a/cifar-10-binary.tar.gz", make.tar(some))
    row = make.published("cifar10", files, (f"{mirror.url}/a/",))
    with pytest.raises(DataError, match=r"the archive lacks test_batch\.bin"):
        fetch(row, pause=0.0)
    assert list((cache / "cifar10").iterdir()) == []


def test_no_network_names_every_mirror_and_the_way_out(make, files, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    mirrors = ("http://127.0.0.1:9/one/", "http://127.0.0.1:9/two/")
    with pytest.raises(DataError) as caught:
        fetch(make.published("mnist", files, mirrors), pause=0.0)
    said = str(caught.value)
    for mirror in mirrors:
        assert f"{mirror}train-images-idx3-ubyte.gz: cannot be reached" in said
    assert "CHAINRULE_DATA" in said


def test_a_cache_that_cannot_be_made_is_an_error_with_its_place(make, files, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"cannot be kept in the cache folder .*file.* CHAINRULE_C"):
        fetch(make.published("mnist", files, ()))


def test_what_a_killed_fetch_left_goes_after_a_day(make, mirror, files, cache):
    import os

    serve(mirror, "a", files)
    row = row_of(make, mirror, files, "a")
    fetch(row)
    for name in ("old", "young"):
        (cache / "mnist" / f".fetching-{name}").mkdir()
    os.utime(cache / "mnist" / ".fetching-old", (0, 0))
    fetch(row)
    assert [p.name for p in (cache / "mnist").glob(".*")] == [".fetching-young"]


def test_whole_is_every_byte(tmp_path, make, files):
    row = make.published("mnist", files, ())
    name = "t10k-images-idx3-ubyte"
    path = tmp_path / name
    path.write_bytes(files[name])
    assert is_whole(path, row.contents[name])
    path.write_bytes(files[name][:-1] + b"\x00\x00"[: 1 + (files[name][-1] == 0)])
    assert not is_whole(path, row.contents[name])
    assert not is_whole(tmp_path / "nowhere", row.contents[name])


def test_a_bar_is_shown_on_a_terminal_alone(make, mirror, files, monkeypatch, capsys):
    serve(mirror, "a", files)
    fetch(row_of(make, mirror, files, "a"))
    assert "━" not in capsys.readouterr().err
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes any stream for a terminal
    monkeypatch.setenv("COLUMNS", "200")
    serve(mirror, "b", make.mnist(seed=2))
    fetch(row_of(make, mirror, make.mnist(seed=2), "b"))
    assert "train-images-idx3-ubyte.gz" in capsys.readouterr().err
