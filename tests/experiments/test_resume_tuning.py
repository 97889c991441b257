"""A sweep and a search that are killed anywhere go on to the bits of an unbroken run."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from rich.console import Console
from tests.experiments.test_resume import Killed, assert_same_run, leftovers
from tests.experiments.tuning import SEARCH, SWEEP

from chainrule.errors import SpecError
from chainrule.experiments.interrupt import Stopped
from chainrule.experiments.runner import resume, run
from chainrule.search.evaluation import Evaluation

QUIET = Console(quiet=True)
SPECS = {"sweep": SWEEP, "search": SEARCH}
WRITES = ("open", "write", "fsync", "replace", "ftruncate", "unlink", "mkdir")


@pytest.fixture(autouse=True)
def states_at_every_range(monkeypatch):
    """Short ranges, and a state of each; no figures, which take longer than all else."""
    for module in ("joint", "keeping"):
        monkeypatch.setattr(f"chainrule.experiments.{module}.SECONDS", 0.0)
        monkeypatch.setattr(f"chainrule.experiments.{module}.SHARE", np.inf)
    monkeypatch.setitem(Evaluation.__init__.__kwdefaults__, "seconds_between_states", 0.0)
    monkeypatch.setattr("chainrule.search.evaluation.SHARE", np.inf)
    monkeypatch.setattr("chainrule.engine.population.capacity", lambda *_: 64)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An unbroken run of each, made when it is first asked for, and how many writes it makes."""
    made = {}

    def of(kind, patch):
        if kind not in made:
            path = tmp_path_factory.mktemp(kind) / "run"
            with patch.context() as counting:
                count = dying(counting, None)
                run(SPECS[kind], out=path, console=QUIET)
            made[kind] = path, len(count)
        return made[kind]

    return of


def dying(patch, at):
    """From the ``at``-th write on, none is done: whoever tries, in whatever thread, is killed."""
    calls = []

    def wrap(name):
        original = getattr(os, name)

        def call(*arguments, **named):
            if name == "open" and not arguments[1] & os.O_WRONLY:
                return original(*arguments, **named)
            calls.append(name)
            if at is not None and len(calls) >= at:
                raise Killed
            return original(*arguments, **named)

        patch.setattr(os, name, call)

    for name in WRITES:
        wrap(name)
    return calls


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_killed_at_a_write_it_goes_on(whole, tmp_path, monkeypatch, kind, share):
    unbroken, count = whole(kind, monkeypatch)
    path = tmp_path / "killed"
    with monkeypatch.context() as patch:
        dying(patch, int(share * count))
        patch.setattr("chainrule.files.atomic._remove", lambda path: None)
        with pytest.raises(Killed):
            run(SPECS[kind], out=path, console=QUIET)
    try:
        resume(path, console=QUIET)
    except SpecError as error:
        assert "is complete" in str(error)
    assert_same_run(unbroken, path)
    assert leftovers(path) == []


@pytest.mark.parametrize("kind", SPECS)
def test_ctrl_c_in_the_middle_of_its_trainings(whole, tmp_path, monkeypatch, kind):
    """The state of what is under way is kept, and the message says how to go on."""
    unbroken, _ = whole(kind, monkeypatch)
    path, seen = tmp_path / "stopped", []
    from chainrule.engine.population import Block

    original = Block.run

    def ranges(block, *arguments):
        seen.append(block)
        if len(seen) == 12:
            import signal

            signal.raise_signal(signal.SIGINT)
        return original(block, *arguments)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", here)
    with monkeypatch.context() as patch:
        patch.setattr(Block, "run", ranges)
        with pytest.raises(Stopped, match="Go on with: chainrule resume"):
            run(SPECS[kind], out=path, console=QUIET)
    assert len(seen) >= 12
    assert [*path.rglob("joint-*.safetensors"), *path.rglob("block*.safetensors")]
    resume(path, console=QUIET)
    assert_same_run(unbroken, path)


def here(pool, function, *arguments):
    """In this thread, where signals are handled."""
    from concurrent.futures import Future

    found = Future()
    try:
        found.set_result(function(*arguments))
    except BaseException as error:
        found.set_exception(error)
    return found
