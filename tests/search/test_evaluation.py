"""A search that is cut off anywhere and called again ends with the bits of one that was not."""

import _thread
import errno
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.random_projection import GaussianRandomProjection

from chainrule import MLPClassifier, PopulationSearchCV
from chainrule.errors import ChainruleError, InvalidInputError, RunError, SpecError
from chainrule.estimators.training import Loop
from chainrule.search import Float
from chainrule.search.evaluation import Evaluation
from chainrule.search.journal import Journal
from chainrule.search.strategies import Candidate, Hyperband, Random, Round, SuccessiveHalving

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Some share a training, some end early, one diverges, one is narrower.
GRID = [
    {"max_iter": [2, 6]},
    {"tol": [10.0], "n_iter_no_change": [1]},
    {"learning_rate_init": [1e300]},
    {"hidden_layer_sizes": [(3,)]},
]
RATES = {"learning_rate_init": Float(1e-3, 1.0, log=True), "alpha": [1e-4, 1.0]}


def share_right(network, X, y):
    return np.mean(network.predict(X) == y)


SEARCHES = {
    "grid": {"space": GRID, "return_train_score": True},
    "successive_halving": {
        "space": RATES,
        "strategy": "successive_halving",
        "n_candidates": 4,
        "settings": {"factor": 2},
        "scoring": share_right,
    },
    "tpe": {
        "space": RATES,
        "strategy": "tpe",
        "n_candidates": 3,
        "n_seeds": 2,
        "settings": {"batch": 1, "startup": 2},
        "scoring": share_right,
    },
}


def make(name, run_dir=None, **more):
    network = MLPClassifier(
        (6,), solver="sgd", max_iter=8, batch_size=15, learning_rate_init=0.1, random_state=3
    )
    given = {"cv": 2, "random_state": 1, **SEARCHES[name], **more}
    space = given.pop("space")
    return PopulationSearchCV(network, space, run_dir=run_dir, **given)


def assert_same_search(one, other):
    """Bit for bit, times aside."""
    assert list(one.cv_results_) == list(other.cv_results_)
    for name, column in one.cv_results_.items():
        if name.startswith("param_"):
            assert np.ma.allequal(other.cv_results_[name], column)
        elif name == "params":
            assert other.cv_results_[name] == column
        elif not name.endswith("_time"):
            assert other.cv_results_[name].tobytes() == column.tobytes(), name
    assert other.curves_ == one.curves_
    assert other.best_params_ == one.best_params_
    assert other.one_standard_error_ == one.one_standard_error_
    for a, b in zip(other.best_estimator_.coefs_, one.best_estimator_.coefs_, strict=True):
        assert a.tobytes() == b.tobytes()


def keep_every_range(patch):
    """A state is kept after every range, which is of an epoch or two."""
    patch.setattr(Evaluation, "_due", lambda *_: True)
    patch.setattr("chainrule.engine.population.capacity", lambda *_: 16)


@pytest.fixture(scope="module", autouse=True)
def often_kept():
    with pytest.MonkeyPatch.context() as patch:
        keep_every_range(patch)
        patch.setattr(os, "fsync", lambda descriptor: None)  # no power is cut here
        yield


@pytest.fixture(scope="module")
def whole(blobs):
    """What nothing cut off."""
    found = {}

    def get(name):
        if name not in found:
            found[name] = make(name).fit(*blobs)
        return found[name]

    return get


CHANGES = ("open", "write", "replace", "rename", "ftruncate", "truncate", "unlink", "rmdir")
"""The system calls that write files."""


def watch_writes(patch, before):
    """Call ``before(name, arguments)`` before each of them, one at a time, whichever thread it is
    of; those of Optuna aside, whose files have tests of their own."""
    turn = threading.RLock()

    def wrap(name):
        original = getattr(os, name)

        def call(*arguments, **named):
            if (name == "open" and not arguments[1] & os.O_WRONLY) or _of_optuna():
                return original(*arguments, **named)
            with turn:
                before(name, arguments)
                return original(*arguments, **named)

        patch.setattr(os, name, call)

    for name in CHANGES:
        wrap(name)


def _of_optuna():
    frame = sys._getframe(2)
    while frame is not None:
        if "optuna" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def states_of(folder, patch):
    """A list that gets what a kill can leave in the folder, each state once: as it is before every
    system call that writes there, and with half of what a write brings."""
    states, seen = [], set()

    def note(state):
        plain = {re.sub(r"-[0-9a-f]{16}\.tmp", "", name): state[name] for name in state}
        key = repr(sorted(plain.items()))
        if key not in seen:
            seen.add(key)
            states.append(state)

    def before(name, arguments):
        state = {str(path.relative_to(folder)): _content(path) for path in folder.rglob("*")}
        note(state)
        if name == "write":
            written = Path(f"/proc/self/fd/{arguments[0]}").readlink().relative_to(folder)
            half = bytes(arguments[1])[: len(arguments[1]) // 2]
            note({**state, str(written): state[str(written)] + half})

    watch_writes(patch, before)
    return states


def _content(path):
    return path.read_bytes() if path.is_file() else None


def lay_out(state, folder):
    """Make the folder what it was."""
    for name in sorted(state):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if state[name] is None:
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(state[name])


def known_in(folder):
    """The keys of what a journal has, in their order."""
    path = folder / "checkpoint" / "done.jsonl"
    data = path.read_bytes() if path.exists() else b""
    return [json.loads(line)["key"] for line in data.splitlines(True) if line.endswith(b"\n")]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux what is written to")
@pytest.mark.parametrize(("name", "step"), [("successive_halving", 1), ("grid", 3), ("tpe", 6)])
def test_killed_at_any_write_it_goes_on(name, step, whole, blobs, tmp_path, monkeypatch):
    """From whatever a kill leaves in the folder (every state of it, or some), to the bits
    of an unbroken search."""
    if name == "tpe":
        pytest.importorskip("optuna")
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        states = states_of(run, patch)
        assert_same_search(whole(name), make(name, run).fit(*blobs))
    assert len(states) > 40
    assert any(name.startswith("checkpoint/block0") for state in states for name in state)
    for number in range(0, len(states), step):
        folder = tmp_path / f"{number}"
        lay_out(states[number], folder)
        known = known_in(folder)
        assert_same_search(whole(name), make(name, folder).fit(*blobs))
        assert known_in(folder)[: len(known)] == known
        left = {path.name for path in (folder / "checkpoint").iterdir()}
        assert not [n for n in left if n.startswith((".chainrule", "block"))]


class Killed(BaseException):
    """As a kill: nothing is tidied up on its way."""


def fail_at(patch, count, error):
    """The ``count``-th call that writes fails, and all that come after it."""
    calls = []

    def before(name, arguments):
        calls.append(name)
        if len(calls) >= count:
            raise error

    watch_writes(patch, before)
    return calls


def test_killed_twice(whole, blobs, tmp_path):
    """Also while it goes on."""
    for count in (30, 15, 20):
        with pytest.MonkeyPatch.context() as patch:
            fail_at(patch, count, Killed())
            with pytest.raises(Killed):
                make("successive_halving", tmp_path).fit(*blobs)
    assert known_in(tmp_path)
    search = make("successive_halving", tmp_path).fit(*blobs)
    assert_same_search(whole("successive_halving"), search)


def test_an_interrupted_search_goes_on_inside_a_candidate(whole, blobs, tmp_path, monkeypatch):
    """Ctrl-C: the states are kept at once, whenever the last ones were."""
    epochs, ranges = [], []
    book, say = Loop._book, Evaluation._range
    monkeypatch.setattr(Loop, "_book", lambda *a: epochs.append(1) or book(*a))
    with monkeypatch.context() as patch:

        def interrupt(self, name, standing):
            ranges.append(1)
            if len(ranges) == 4:
                _thread.interrupt_main()
                until = time.monotonic() + 60
                while not self.together.stopped and time.monotonic() < until:
                    time.sleep(0.01)  # the main thread is told when it next has its turn
            say(self, name, standing)

        patch.setattr(Evaluation, "_range", interrupt)
        patch.setattr(Evaluation, "_due", lambda self, name: self.together.stopped)
        with pytest.raises(KeyboardInterrupt):
            make("grid", tmp_path).fit(*blobs)
    kept = {path.name.split("-")[0] for path in (tmp_path / "checkpoint").iterdir()}
    assert {"block0", "done.jsonl"} <= kept
    before = len(epochs)
    search = make("grid", tmp_path, refit=False).fit(*blobs)
    every = len(epochs)
    make("grid", refit=False).fit(*blobs)
    assert 0 < before < every == len(epochs) - every  # no epoch was trained again
    assert search.curves_ == whole("grid").curves_


def test_a_finished_search_is_not_trained_again(whole, blobs, tmp_path, monkeypatch):
    make("successive_halving", tmp_path).fit(*blobs)

    def trained(*_):
        pytest.fail("trained again")

    monkeypatch.setattr("chainrule.engine.population.Block.run", trained)
    search = make("successive_halving", tmp_path).fit(*blobs)
    assert_same_search(whole("successive_halving"), search)


CHILD = """
import sys, time
import numpy as np, pytest
from chainrule.search.evaluation import Evaluation
from tests.search.test_evaluation import keep_every_range, make

keep_every_range(pytest.MonkeyPatch())
keep = Evaluation._range

def keep_and_tell(self, name, standing):
    keep(self, name, standing)
    print(name, flush=True)
    time.sleep(0.1)

Evaluation._range = keep_and_tell
make("grid", sys.argv[1]).fit(np.load(sys.argv[2]), np.load(sys.argv[3]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_a_process_that_is_killed(whole, blobs, tmp_path):
    """In the middle of its trainings, some of which have ended."""
    run, files = tmp_path / "run", [tmp_path / "X.npy", tmp_path / "y.npy"]
    for path, array in zip(files, blobs, strict=True):
        np.save(path, array)
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, run, *files],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    with process:
        for _ in process.stdout:
            if known_in(run):
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    known = known_in(run)
    assert 0 < len(known) < len(whole("grid").curves_)
    assert list(run.rglob("block0-*"))
    assert_same_search(whole("grid"), make("grid", run).fit(*blobs))
    assert known_in(run)[: len(known)] == known


# the folder


def digits_of(estimator, X, y):
    return float(estimator.score(X, y))


def test_another_search_is_refused(blobs, tmp_path):
    X, y = blobs
    weights = np.ones(90)
    make("grid", tmp_path, refit=False, scoring="accuracy").fit(X, y)
    others = [
        ({"space": GRID[:-1]}, (X, y), {}, "space"),
        ({"n_seeds": 2}, (X, y), {}, "seeds"),
        ({"scoring": "f1_macro"}, (X, y), {}, "scoring"),
        ({"return_train_score": False}, (X, y), {}, "return_train_score"),
        ({"error_score": 0.0}, (X, y), {}, "error_score"),
        ({"cv": 3}, (X, y), {}, "rows"),
        ({}, (X[::-1], y), {}, "rows"),
        ({}, (X, np.roll(y, 1)), {}, "rows"),
        ({}, (X, y), {"sample_weight": weights}, "fit_params"),
        ({"random_state": 2}, (X, y), {}, "random_state"),
        ({"strategy": "random", "n_candidates": 2}, (X, y), {}, "strategy"),
        ({"estimator__alpha": 7.0}, (X, y), {}, "estimator"),
    ]
    journal = (tmp_path / "checkpoint" / "done.jsonl").read_bytes()
    for more, rows, params, name in others:
        nested = {key: more.pop(key) for key in list(more) if "__" in key}
        search = make("grid", tmp_path, refit=False, **{"scoring": "accuracy", **more})
        with pytest.raises(
            InvalidInputError, match=f"has another search: [a-z_, ]*{name}.* differ"
        ):
            search.set_params(**nested).fit(*rows, **params)
    assert (tmp_path / "checkpoint" / "done.jsonl").read_bytes() == journal


def test_a_function_is_the_same_in_the_next_process(blobs, tmp_path):
    """Wherever it lies in memory."""
    functions = [lambda estimator, X, y: 1.0 for _ in range(2)]
    assert repr(functions[0]) != repr(functions[1])
    for function in functions:
        make("grid", tmp_path, refit=False, scoring=function).fit(*blobs)


def test_another_function_is_refused(blobs, tmp_path):
    """At the same place, of the same name: as a scorer, or in a step of a Pipeline."""

    def searched(factor, weight):
        steps = [
            ("scale", FunctionTransformer(lambda X: X * factor)),
            ("net", make("grid").estimator),
        ]
        return PopulationSearchCV(
            Pipeline(steps), {"net__max_iter": [1]}, cv=2, run_dir=tmp_path, refit=False,
            scoring=lambda estimator, X, y: weight * estimator.score(X, y),
        )  # fmt: skip

    for _ in range(2):
        searched(2.0, 1.0).fit(*blobs)
    for factor, weight, name in ((3.0, 1.0, "estimator"), (2.0, -1.0, "scoring")):
        with pytest.raises(InvalidInputError, match=f"another search: {name} differ"):
            searched(factor, weight).fit(*blobs)


@pytest.mark.parametrize("random_state", [None, "a stream"])
def test_without_a_seed_the_folder_keeps_one(random_state, blobs, tmp_path):
    """Else another call would draw other candidates, and take these ones' scores for theirs."""
    found = []
    for _ in range(2):
        given = None if random_state is None else np.random.RandomState(len(found))
        search = make(
            "grid", tmp_path, space=RATES, strategy="random", n_candidates=4, random_state=given,
            refit=False,
        )  # fmt: skip
        search.estimator.set_params(random_state=None)
        found.append(search.fit(*blobs))
    assert found[0].cv_results_["params"] == found[1].cv_results_["params"]
    assert found[0].seeds_ == found[1].seeds_
    assert found[0].curves_ == found[1].curves_


@pytest.mark.parametrize("given", [
    {"strategy": Random(n_candidates=3)},
    {"strategy": SuccessiveHalving(max_epochs=3, n_candidates=3)},
    {"strategy": Hyperband(max_epochs=3)},
    {"strategy": "random", "n_candidates": 3, "settings": {"random_state": None}},
])  # fmt: skip
def test_a_strategy_without_a_seed_has_the_searchs(given, blobs, tmp_path):
    net = MLPClassifier((4,), max_iter=3, batch_size=10, random_state=0)
    rates = {"learning_rate_init": Float(1e-3, 1.0, log=True)}

    def search(**more):
        found = PopulationSearchCV(net, rates, cv=2, refit=False, **given, **more).fit(*blobs)
        return found.cv_results_["params"], found.cv_results_["mean_test_score"].tolist()

    kept = search(run_dir=tmp_path, random_state=3)
    assert kept == search(run_dir=tmp_path, random_state=3) == search(random_state=3)
    assert kept != search(random_state=4)


def test_a_strategy_that_asks_for_others_is_refused(blobs, tmp_path):
    """Its new candidates must not be given the scores of those before."""

    class Own:
        def __init__(self, rate):
            self._rate = rate

        def __repr__(self):
            return "Own"

        def rounds(self, space):
            yield Round(((Candidate(0, {"learning_rate_init": self._rate}), None),))

    net = MLPClassifier((4,), max_iter=2, batch_size=10, random_state=0)
    for rate, right in ((0.01, True), (0.01, True), (0.02, False)):
        search = PopulationSearchCV(
            net, {"learning_rate_init": [rate]}, cv=2, strategy=Own(rate), run_dir=tmp_path
        )
        search.space = {"learning_rate_init": [0.01]}
        if right:
            search.fit(*blobs)
        else:
            with pytest.raises(InvalidInputError, match=r"asks for other candidates .*run_dir"):
                search.fit(*blobs)
    drawn = Random(n_candidates=2, random_state=np.random.RandomState(0))
    search = PopulationSearchCV(net, RATES, strategy=drawn, run_dir=tmp_path / "new")
    with pytest.raises(InvalidInputError, match="must be a number, or be left out"):
        search.fit(*blobs)


def test_steps_without_a_seed_give_the_same_rows_again(blobs, tmp_path):
    """A projection at random, fitted once more after a kill, must be the one from before."""
    steps = [
        ("project", GaussianRandomProjection(2)),
        ("net", MLPClassifier((4,), max_iter=6, batch_size=10, random_state=0)),
    ]

    def search(folder):
        found = PopulationSearchCV(
            Pipeline(steps), {"net__learning_rate_init": [0.01, 0.1, 0.3]}, cv=2, run_dir=folder,
            strategy="successive_halving", settings={"min_epochs": 2}, random_state=5,
        )  # fmt: skip
        return found.fit(*blobs)

    unbroken = search(None)
    with pytest.MonkeyPatch.context() as patch:
        train = Evaluation._train

        def killed_in_the_second_round(self, *given):
            if self._rounds:
                raise Killed
            return train(self, *given)

        patch.setattr(Evaluation, "_train", killed_in_the_second_round)
        with pytest.raises(Killed):
            search(tmp_path)
    resumed = search(tmp_path)
    assert [c["train_loss"] for c in resumed.curves_] == [c["train_loss"] for c in unbroken.curves_]
    best = [one.best_estimator_.named_steps["project"] for one in (resumed, unbroken)]
    assert best[0].random_state == best[1].random_state == 5
    assert steps[0][1].random_state is None


def test_folders_that_are_no_searchs(blobs, tmp_path):
    (tmp_path / "mine.txt").write_text("something")
    with pytest.raises(InvalidInputError, match="has other files in it"):
        make("grid", tmp_path).fit(*blobs)
    for text in ("{", "[]"):
        (tmp_path / "search.json").write_text(text)
        with pytest.raises(InvalidInputError, match="is not what a search has written"):
            make("grid", tmp_path).fit(*blobs)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt", "search.json"]


def test_folders_that_cannot_be_written(blobs, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInputError, match=r"run_dir must be a folder, and .*file is a file"):
        make("grid", tmp_path / "file").fit(*blobs)
    with pytest.raises(RunError, match=r"The search in .* cannot go on: .*[Ff]ile"):
        make("grid", tmp_path / "file" / "run").fit(*blobs)


def test_one_process_at_a_time(blobs, tmp_path):
    make("grid", tmp_path, refit=False).fit(*blobs)
    with Journal(tmp_path), pytest.raises(SpecError, match="Another process is running"):
        make("grid", tmp_path, refit=False).fit(*blobs)


@pytest.mark.parametrize("count", [1, 6, 45])
def test_a_full_disk_is_an_error_and_nothing_is_lost(count, whole, blobs, tmp_path):
    name = "successive_halving"
    with pytest.MonkeyPatch.context() as patch:
        fail_at(patch, count, OSError(errno.ENOSPC, "No space left on device"))
        with pytest.raises(RunError, match=r"No space left on device.*call fit again") as caught:
            make(name, tmp_path).fit(*blobs)
    assert isinstance(caught.value, ChainruleError)
    assert isinstance(caught.value.__cause__, OSError)
    known = known_in(tmp_path)
    assert known or count < 45
    assert_same_search(whole(name), make(name, tmp_path).fit(*blobs))
    assert known_in(tmp_path)[: len(known)] == known


def test_a_disk_that_is_full_for_optuna(whole, blobs, tmp_path, monkeypatch):
    """Its journal's writes fail where the study is told of the first scores."""
    optuna = pytest.importorskip("optuna")
    backend, logs = optuna.storages.journal.JournalFileBackend, []
    append = backend.append_logs

    def fail(self, entries):
        logs.append(entries)
        if known_in(tmp_path):
            raise OSError(errno.ENOSPC, "No space left on device")
        append(self, entries)

    with monkeypatch.context() as patch:
        patch.setattr(backend, "append_logs", fail)
        with pytest.raises(RunError, match=r"No space left on device.*call fit again"):
            make("tpe", tmp_path).fit(*blobs)
    known = known_in(tmp_path)
    assert known
    assert_same_search(whole("tpe"), make("tpe", tmp_path).fit(*blobs))
    assert known_in(tmp_path)[: len(known)] == known


def test_errors_of_others_stay_what_they_are(blobs):
    """Without a folder, an OSError is nothing of the search's."""

    def scorer(estimator, X, y):
        raise FileNotFoundError("the scorer's own")

    with pytest.raises(FileNotFoundError, match="the scorer's own"):
        make("grid", scoring=scorer, error_score="raise").fit(*blobs)
