"""A run that is cut off anywhere and taken up again ends with the bits of one that was not."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from benchmarks.kill_and_resume import report
from rich.console import Console

import chainrule
from chainrule.errors import RunError, SpecError
from chainrule.estimators.checkpoints import Snapshot
from chainrule.experiments.folder import Folder
from chainrule.experiments.results import Results
from chainrule.experiments.runner import resume, run
from chainrule.search.journal import Journal

QUIET = Console(quiet=True)
SPEC = {
    "name": "small",
    "kind": "compare",
    "title": "Small",
    "question": "Does it go on?",
    "source": {"key": "own", "title": "a test"},
    "data": {"name": "digits", "samples": 2,
             "split": {"scheme": "three-way", "held_out": 0.6, "seed": 1}},
    "chosen": "net",
    "folds": 2,
    "threads": 1,
    "hardest": 1,
    "models": {
        "lr": {"label": "LR", "family": "logistic-regression", "prepare": ["unit"],
               "settings": {"max_iter": 50}, "grid": {"C": [0.1, 1.0]}, "baseline": {}},
        "net": {"label": "Net", "family": "mlp", "prepare": ["unit"], "dtype": "float32",
                "settings": {"schedule": {"name": "step", "factor": 0.5, "every": 2.0},
                             "hidden_layer_sizes": [9], "max_iter": 6, "dropout": 0.2,
                             "init": {"name": "normal", "scale": 0.1}, "random_state": 3},
                "baseline": {"max_iter": 1}, "also_prepare": [[]],
                "grid": {"batch_size": [32, 64]}, "seeds": {"count": 2}},
    },
}  # fmt: skip


def without_times(path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def assert_same_run(one, other):
    first, second = (
        Results.model_validate_json((path / "results.json").read_text()).comparable()
        for path in (one, other)
    )
    assert first == second
    assert without_times(one / "metrics.jsonl") == without_times(other / "metrics.jsonl")
    nets = [chainrule.load(path / "model.safetensors")[-1] for path in (one, other)]
    for a, b in zip(*([*net.coefs_, *net.intercepts_] for net in nets), strict=True):
        assert a.tobytes() == b.tobytes()
    assert report(one / "report.html") == report(other / "report.html")
    assert not (other / "checkpoint").exists()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run"
    run(SPEC, out=path, console=QUIET)
    return path


class Killed(BaseException):
    """As a kill: nothing is tidied up on its way."""


def save_every_epoch(patch):
    """A state is saved after every epoch, and an epoch is a range."""
    patch.setattr("chainrule.experiments.keeping.SECONDS", 0.0)
    patch.setattr("chainrule.experiments.keeping.SHARE", np.inf)
    patch.setattr("chainrule.engine.fit.capacity", lambda *_: 16)


@pytest.fixture
def every_epoch(monkeypatch):
    save_every_epoch(monkeypatch)


def record_writes(patch, fail_at=None, torn=False, error=None, forever=False):
    """The names of the system calls that write a run's files, as they come; the ``fail_at``-th of
    them is the last, unless it fails with an ``error``, and all that follow with it if that lasts
    ``forever``."""
    calls = []

    def wrap(name):
        original = getattr(os, name)

        def call(*arguments, **named):
            if name == "open" and not arguments[1] & os.O_WRONLY:
                return original(*arguments, **named)
            calls.append(name)
            if error and (len(calls) == fail_at or (forever and len(calls) > fail_at)):
                raise OSError(*error)
            if len(calls) == fail_at:
                if torn and name == "write":
                    original(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                raise Killed
            return original(*arguments, **named)

        patch.setattr(os, name, call)

    for name in ("open", "write", "fsync", "replace", "rename", "ftruncate", "unlink", "rmdir"):
        wrap(name)
    return calls


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """All that an unbroken run makes."""
    with pytest.MonkeyPatch.context() as patch:
        save_every_epoch(patch)
        names = record_writes(patch)
        run(SPEC, out=tmp_path_factory.mktemp("counted") / "run", console=QUIET)
    return names


def killed_at(patch, path, number, torn=False):
    """Begin the run, and kill it at the given write."""
    record_writes(patch, number, torn)
    patch.setattr("chainrule.files.atomic._remove", lambda path: None)  # a kill tidies nothing
    with pytest.raises(Killed):
        run(SPEC, out=path, console=QUIET)


def leftovers(path):
    return [*path.rglob(".chainrule-*.tmp"), *path.glob("checkpoint")]


def resumed(path):
    try:
        resume(path, console=QUIET)
    except SpecError as error:
        assert "is complete" in str(error)


@pytest.mark.parametrize("share", np.linspace(0.02, 0.99, 8))
def test_killed_at_a_write_it_goes_on(whole, calls, tmp_path, monkeypatch, every_epoch, share):
    path = tmp_path / "killed"
    with monkeypatch.context() as patch:
        killed_at(patch, path, max(int(share * len(calls)), 1))
    if not (path / "spec.toml").exists():
        return  # killed before there was a run
    resumed(path)
    assert_same_run(whole, path)
    assert leftovers(path) == []


@pytest.mark.parametrize("share", np.linspace(0.1, 0.95, 4))
def test_killed_within_a_write_it_goes_on(whole, calls, tmp_path, monkeypatch, every_epoch, share):
    writes = [number for number, name in enumerate(calls, 1) if name == "write"]
    path = tmp_path / "torn"
    with monkeypatch.context() as patch:
        killed_at(patch, path, writes[int(share * len(writes))], torn=True)
    assert len(leftovers(path)) > 0
    resumed(path)
    assert_same_run(whole, path)
    assert leftovers(path) == []


def test_killed_while_the_journal_is_put_away(whole, tmp_path, monkeypatch):
    """Until its values are gone the run is not complete; from then on it is."""
    for number in range(1, 20):
        path = tmp_path / f"{number}"
        shutil.copytree(whole, path)
        with Journal(path) as journal, monkeypatch.context() as patch:
            journal.remember("began", str)
            journal.save("fit", Snapshot({}, {"x": np.zeros(2)}))
            assert not Folder.open(path).complete
            calls = record_writes(patch, number)
            try:
                journal.close()
            except Killed:
                pass
            else:
                assert len(calls) < number
                return
        if not (path / "checkpoint" / "done.jsonl").exists():
            assert Folder.open(path).complete
            resumed(path)
            assert_same_run(whole, path)
            assert leftovers(path) == []
    pytest.fail("never got to the end")


def test_its_clock_counts_the_work_that_is_in_it(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("chainrule.search.journal.perf_counter", lambda: now[0])

    def takes(seconds):
        now[0] += seconds
        return seconds

    with Journal(tmp_path) as journal:
        journal.remember("a", lambda: takes(5.0))
        takes(7.0)  # and is lost
    takes(1000.0)
    with Journal(tmp_path) as journal:
        takes(1.0)
        assert journal.remember("a", lambda: pytest.fail()) == 5.0
        assert journal.clock() == 5.0
        takes(2.0)
        journal.save("fit", Snapshot({}, {"x": np.zeros(1)}))
        takes(50.0)
    with Journal(tmp_path) as journal:
        journal.saved("fit")
        assert journal.clock() == 7.0
        takes(9.0)
        journal.remember("a", lambda: pytest.fail())
        assert journal.clock() == 16.0  # never back


@pytest.mark.parametrize("torn", [False, True], ids=["before", "torn"])
def test_every_write_of_a_save(tmp_path, monkeypatch, torn):
    """Of the journal by itself: whatever call is the last, old or new is there, and whole."""
    old, new = (Snapshot({"at": n}, {"x": np.full(3, float(n))}) for n in (1, 2))
    for number in range(1, 30):
        path = tmp_path / f"{number}"
        path.mkdir()
        with Journal(path) as journal:
            journal.save("fit", old)
            journal.remember("a", lambda: [1.5, None])
        with Journal(path) as journal, monkeypatch.context() as patch:
            calls = record_writes(patch, number, torn)
            patch.setattr("chainrule.files.atomic._remove", lambda path: None)
            try:
                journal.save("fit", new)
                journal.remember("b", lambda: "done")
                finished = True
            except Killed:
                finished = False
        with Journal(path) as journal:
            found = journal.saved("fit")
            assert found.facts["at"] == found.arrays["x"][0]
            assert journal.remember("a", lambda: pytest.fail()) == [1.5, None]
            assert journal.remember("b", lambda: "again") in ("done", "again")
            assert not finished or (found.facts["at"], journal.remember("b", str)) == (2, "done")
        if finished:
            assert len(calls) < number
            return
    pytest.fail("never got to the end")


FULL = (errno.ENOSPC, "No space left on device")
READ_ONLY = (errno.EROFS, "Read-only file system")


@pytest.mark.parametrize("error", [FULL, READ_ONLY, (errno.EIO, "Input/output error")])
def test_every_write_of_a_save_that_fails(tmp_path, monkeypatch, error):
    """Whatever call fails, it is an error, and old or new is there, and whole; tried again, the
    same journal takes it."""
    old, new = (Snapshot({"at": n}, {"x": np.full(3, float(n))}) for n in (1, 2))
    for number in range(1, 30):
        path = tmp_path / f"{number}"
        path.mkdir()
        with Journal(path) as journal:
            journal.save("fit", old)
            journal.remember("a", lambda: [1.5, None])
            with monkeypatch.context() as patch:
                calls = record_writes(patch, number, error=error)
                try:
                    journal.save("fit", new)
                    journal.remember("b", lambda: "done")
                    failed = None
                except OSError as caught:
                    failed = caught
            assert (failed is None) == (len(calls) < number)
            assert failed is None or failed.errno == error[0]
            found = journal.saved("fit")
            assert found.facts["at"] == found.arrays["x"][0]
        with Journal(path) as journal:
            assert journal.remember("a", lambda: pytest.fail()) == [1.5, None]
            journal.save("fit", new)
            assert journal.remember("b", lambda: "done") == "done"
            assert journal.saved("fit").facts["at"] == 2
        with Journal(path) as journal:
            assert journal.remember("b", lambda: pytest.fail()) == "done"
            assert journal.remember("a", lambda: pytest.fail()) == [1.5, None]
        assert not list(path.rglob(".chainrule-*.tmp"))
        if failed is None:
            return
    pytest.fail("never got to the end")


def make_read_only(patch, folder):
    """No file below the folder can be opened to be written, made, renamed or removed."""
    opened, made = os.open, os.mkdir

    def refuse(path):
        if Path(os.fsdecode(path)).is_relative_to(folder):
            raise OSError(*READ_ONLY, str(path))

    def open_(path, flags, *arguments, **named):
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            refuse(path)
        return opened(path, flags, *arguments, **named)

    def mkdir(path, *arguments, **named):
        if not Path(path).exists():
            refuse(path)
        return made(path, *arguments, **named)

    patch.setattr(os, "open", open_)
    patch.setattr(os, "mkdir", mkdir)
    for name in ("replace", "rename", "unlink", "rmdir", "truncate"):
        patch.setattr(os, name, lambda path, *_, **__: refuse(path))


def test_a_read_only_folder_is_an_error_and_nothing_is_lost(
    whole, calls, tmp_path, monkeypatch, every_epoch
):
    """At the start, and where a run that was cut off would go on."""
    path = tmp_path / "read-only"
    path.mkdir()
    with monkeypatch.context() as patch:
        make_read_only(patch, path)
        with pytest.raises((RunError, SpecError), match="Read-only file system"):
            run(SPEC, out=path, console=QUIET)
    assert list(path.iterdir()) == []
    with monkeypatch.context() as patch:
        killed_at(patch, path, len(calls) // 2)
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    assert before
    with monkeypatch.context() as patch:
        make_read_only(patch, path)
        with pytest.raises((RunError, SpecError), match="Read-only file system"):
            resume(path, console=QUIET)
    assert before == {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    resumed(path)
    assert_same_run(whole, path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_folder_that_becomes_read_only_is_an_error(
    whole, calls, tmp_path, monkeypatch, every_epoch, share
):
    path = tmp_path / "becomes"
    with monkeypatch.context() as patch:
        record_writes(patch, int(share * len(calls)), error=READ_ONLY)
        with pytest.raises(RunError, match=r"Read-only file system.* go on with: chainrule resume"):
            run(SPEC, out=path, console=QUIET)
    resumed(path)
    assert_same_run(whole, path)


def test_a_full_disk_is_an_error_and_nothing_is_lost(whole, tmp_path, monkeypatch, every_epoch):
    path = tmp_path / "full"
    with monkeypatch.context() as patch:
        record_writes(patch, 60, error=(28, "No space left on device"), forever=True)
        with pytest.raises(
            RunError, match=r"No space left on device.* go on with: chainrule resume"
        ):
            run(SPEC, out=path, console=QUIET)
    resume(path, console=QUIET)
    assert_same_run(whole, path)


def test_what_a_search_leaves_behind_goes_with_the_journal(whole, tmp_path, monkeypatch):
    """Its folder, which could not be removed for a moment."""
    with monkeypatch.context() as patch:
        nothing = SimpleNamespace(rmtree=lambda *_, **__: None)
        patch.setattr("chainrule.experiments.searching.shutil", nothing)
        run(SPEC, out=tmp_path / "run", console=QUIET)
    assert not (tmp_path / "run" / "checkpoint").exists()
    assert_same_run(whole, tmp_path / "run")


def test_a_complete_run_is_not_run_again(whole):
    with pytest.raises(SpecError, match="is complete"):
        resume(whole, console=QUIET)


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(SpecError, match=r"has no spec\.toml"):
        resume(tmp_path, console=QUIET)


def test_one_process_at_a_time(tmp_path, whole):
    path = tmp_path / "begun"
    path.mkdir()
    (path / "spec.toml").write_text((whole / "spec.toml").read_text())
    with Journal(path), pytest.raises(SpecError, match="Another process is running"):
        resume(path, console=QUIET)


def test_another_environment_is_named(tmp_path, whole, capsys):
    path = tmp_path / "begun"
    folder = Folder(path)
    path.mkdir()
    folder.write("spec.toml", (whole / "spec.toml").read_text())
    made = json.loads((whole / "environment.json").read_text())
    folder.write("environment.json", json.dumps({**made, "cores": made["cores"] + 3}))
    results = resume(path)
    said = f"cores was {made['cores'] + 3} when the run began"
    assert said in capsys.readouterr().out
    assert results.environment.cores == made["cores"] + 3
    assert results.environment.changed[0].startswith(said)


def test_a_run_at_work_is_not_replaced(tmp_path):
    with Journal(tmp_path), pytest.raises(SpecError, match="Another process is running"):
        run(SPEC, out=tmp_path, console=QUIET, force=True)


def test_a_run_that_another_process_ended_meanwhile(whole, tmp_path):
    """Between the first look at the folder and the lock."""
    path = tmp_path / "run"
    shutil.copytree(whole, path)
    (path / "checkpoint").mkdir()
    with pytest.raises(SpecError, match="is complete"):
        resume(path, console=QUIET)
    assert_same_run(whole, path)


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A spec of some seconds, and the run of it that nothing broke off."""
    path = tmp_path_factory.mktemp("long")
    net = SPEC["models"]["net"]
    settings = net["settings"] | {"max_iter": 3000, "batch_size": 16}
    spec = SPEC | {"models": {"net": net | {"settings": settings, "grid": None, "seeds": None}}}
    run(spec, out=path / "run", console=QUIET)
    return path / "run"


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_process_killed_or_interrupted(tmp_path, long, number):
    """Long enough that the signal comes in the middle of a training."""
    path = tmp_path / "run"
    command = [sys.executable, "-c", "from chainrule.cli import main; main()"]
    process = subprocess.Popen(
        [*command, "run", str(long / "spec.toml"), "--out", str(path), "--quiet"],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (path / "metrics.jsonl").exists():
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert f"chainrule resume {path}" in said
    assert not Folder.open(path).complete
    resume(path, console=QUIET)
    assert_same_run(long, path)
