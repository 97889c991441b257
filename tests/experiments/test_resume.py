"""A run that is cut off anywhere and taken up again ends with the bits of one that was not."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from rich.console import Console

import chainrule
from chainrule.errors import SpecError
from chainrule.experiments.folder import Folder
from chainrule.experiments.journal import Journal
from chainrule.experiments.results import Results
from chainrule.experiments.runner import resume, run

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
                "settings": {"hidden_layer_sizes": [9], "max_iter": 6, "dropout": 0.2,
                             "random_state": 3},
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
    nets = [chainrule.load(path / "model.safetensors") for path in (one, other)]
    for a, b in zip(*([*net.coefs_, *net.intercepts_] for net in nets), strict=True):
        assert a.tobytes() == b.tobytes()
    assert (other / "report.html").exists()
    assert not (other / "checkpoint").exists()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run"
    run(SPEC, out=path, console=QUIET)
    return path


class Killed(BaseException):
    """As a kill: nothing is tidied up on its way."""


@pytest.fixture
def every_epoch(monkeypatch):
    """A state is saved after every epoch, and an epoch is a range."""
    monkeypatch.setattr("chainrule.experiments.keeping.SECONDS", 0.0)
    monkeypatch.setattr("chainrule.experiments.keeping.SHARE", np.inf)
    monkeypatch.setattr("chainrule.engine.fit.capacity", lambda *_: 16)


def count_writes(monkeypatch, fail_at=None, torn=False, error=None):
    """Counts the system calls that write a run's files; the ``fail_at``-th of them is the last."""
    calls = {"n": 0}

    def wrap(name):
        original = getattr(os, name)

        def call(*arguments, **named):
            if name == "open" and not arguments[1] & os.O_WRONLY:
                return original(*arguments, **named)
            calls["n"] += 1
            if calls["n"] == fail_at:
                if torn and name == "write":
                    original(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                if error is not None:
                    raise OSError(*error)
                raise Killed
            return original(*arguments, **named)

        monkeypatch.setattr(os, name, call)

    for name in ("open", "write", "fsync", "replace", "rename", "ftruncate"):
        wrap(name)
    return calls


def killed_at(monkeypatch, path, number, torn=False):
    """Begin the run and kill it at the given write; whether it got that far."""
    with monkeypatch.context() as patch:
        count_writes(patch, number, torn)
        patch.setattr("chainrule.files.atomic._remove", lambda path: None)  # a kill tidies nothing
        try:
            run(SPEC, out=path, console=QUIET)
        except Killed:
            return True
    return False


@pytest.mark.parametrize("torn", [False, True], ids=["before", "torn"])
@pytest.mark.parametrize("share", np.linspace(0.02, 0.98, 9))
def test_killed_at_a_write_it_goes_on(whole, tmp_path, monkeypatch, every_epoch, share, torn):
    with monkeypatch.context() as patch:
        calls = count_writes(patch)
        run(SPEC, out=tmp_path / "counted", console=QUIET)
    path = tmp_path / "killed"
    assert killed_at(monkeypatch, path, max(int(share * calls["n"]), 1), torn)
    if not (path / "spec.toml").exists():
        return  # killed before there was a run
    resume(path, console=QUIET)
    assert_same_run(whole, path)


@pytest.mark.parametrize("torn", [False, True], ids=["before", "torn"])
def test_every_write_of_a_save(tmp_path, monkeypatch, torn):
    """Of the journal by itself: whatever call is the last, old or new is there, and whole."""
    from chainrule.estimators.checkpoints import Snapshot

    old, new = (Snapshot({"at": n}, {"x": np.full(3, float(n))}) for n in (1, 2))
    for number in range(1, 30):
        path = tmp_path / f"{number}"
        path.mkdir()
        with Journal(path) as journal:
            journal.save("fit", old)
            journal.remember("a", lambda: [1.5, None])
        with Journal(path) as journal, monkeypatch.context() as patch:
            calls = count_writes(patch, number, torn)
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
            assert calls["n"] < number
            return
    pytest.fail("never got to the end")


def test_a_full_disk_is_an_error_and_nothing_is_lost(whole, tmp_path, monkeypatch, every_epoch):
    path = tmp_path / "full"
    with monkeypatch.context() as patch:
        count_writes(patch, 60, error=(28, "No space left on device"))
        with pytest.raises(OSError, match="No space left on device"):
            run(SPEC, out=path, console=QUIET)
    resume(path, console=QUIET)
    assert_same_run(whole, path)


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
    resume(path)
    assert f"cores was {made['cores'] + 3} when the run began" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
@pytest.mark.parametrize(
    ("number", "wait"), [(signal.SIGKILL, 0.3), (signal.SIGKILL, 1.5), (signal.SIGINT, 1.0)]
)
def test_a_process_killed_or_interrupted(tmp_path, number, wait):
    """Long enough that the signal comes in the middle of a training."""
    spec = tmp_path / "long.toml"
    text = (Folder.open(_begun(tmp_path)).path / "spec.toml").read_text()
    spec.write_text(text.replace("max_iter = 6", "max_iter = 150"))
    command = [sys.executable, "-c", "from chainrule.cli import main; main()"]
    expected, path = tmp_path / "expected", tmp_path / "run"
    subprocess.run([*command, "run", str(spec), "--out", str(expected), "--quiet"], check=True)
    process = subprocess.Popen(
        [*command, "run", str(spec), "--out", str(path), "--quiet"],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (path / "metrics.jsonl").exists():
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(wait)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    if number == signal.SIGINT and process.returncode != 0:
        assert process.returncode == 130
        assert f"chainrule resume {path}" in said
    if not Folder.open(path).complete:
        subprocess.run([*command, "resume", str(path), "--quiet"], check=True)
    assert_same_run(expected, path)


def _begun(tmp_path):
    path = tmp_path / "short"
    run(SPEC, out=path, console=QUIET)
    return path
