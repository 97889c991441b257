"""Estimators that are fitted together are what each one's own ``fit`` makes of it."""

import copy
import gc
import threading
import warnings
import weakref

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_digits

from chainrule import MLPClassifier, MLPRegressor
from chainrule.engine.population import Block
from chainrule.estimators import partition
from chainrule.estimators.jobs import Job
from chainrule.estimators.room import bytes_under_way, bytes_waiting
from chainrule.estimators.shared import Shared
from chainrule.estimators.together import MEMORY, Together, fit_together

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {
    "hidden_layer_sizes": (6,),
    "batch_size": 16,
    "max_iter": 7,
    "solver": "sgd",
    "learning_rate_init": 0.05,
    "random_state": 3,
    "on_divergence": "keep",
}
MONITORED = {"early_stopping": True, "validation_fraction": 0.2, "tol": 0.0}

# Of one block or few: all that can differ in it.
CLASSIFIERS = {
    "base": {},
    "seed": {"random_state": 4},
    "rate": {"learning_rate_init": 0.2},
    "momentum": {"momentum": 0.5},
    "alpha": {"alpha": 0.5},
    "no alpha": {"alpha": 0.0},
    "l2": {"l2": 0.05},
    "bounds": {"l1": 0.01, "dropout": 0.25, "clip_global_norm": 0.1, "max_norm": 0.7},
    "initial scale": {"init": {"name": "normal", "scale": 0.1}},
    "label smoothing": {"label_smoothing": 0.2},
    "class weights": {"class_weight": {0: 3.0, 1: 1.0, 2: 0.5}},
    "balanced": {"class_weight": "balanced"},
    "a class that weighs nothing": {"class_weight": {0: 0.0, 1: 1.0, 2: 2.0}},
    "patience": {"tol": 0.2, "n_iter_no_change": 1, "max_iter": 12},
    "budget": {"max_iter": 3},
    "budget and rate": {"max_iter": 2, "learning_rate_init": 0.2},
    "steps": {"max_steps": 20, "max_iter": 200},  # an epoch has six
    "steps and weights": {
        "max_steps": 21,
        "max_iter": 200,
        "class_weight": {0: 3.0, 1: 1.0, 2: 0.5},
    },
    "adaptive": {"learning_rate": "adaptive", "tol": 0.2, "n_iter_no_change": 1, "max_iter": 12},
    "invscaling": {"learning_rate": "invscaling", "power_t": 0.3},
    "cosine": {"schedule": {"name": "cosine", "warmup": 2}},
    "exponential": {"schedule": {"name": "exponential", "rate": 0.5}},
    "on plateau": {
        "schedule": {"name": "reduce_on_plateau", "patience": 1, "threshold": 0.3},
        "max_iter": 12,
    },
    "wider": {"hidden_layer_sizes": (9,)},
    "narrower": {"hidden_layer_sizes": (2,)},
    "no shuffling": {"shuffle": False},
    "replacement": {"shuffle": "replacement"},
    "best epoch": {"restore_best": True, "learning_rate_init": 1.0},
    "diverged": {"learning_rate_init": 1e6, "momentum": 0.99, "loss": "log_loss"},
    "threshold": {"divergence_threshold": 0.5},
    "data seed": {"data_seed": 11},
    "early stopping": {**MONITORED, "n_iter_no_change": 1, "max_iter": 12},
    "early stopping by loss": {**MONITORED, "n_iter_no_change": 1, "monitor": "validation_loss"},
    "early stopping, last epoch": {**MONITORED, "restore_best": False, "max_iter": 4},
    "stopping": {**MONITORED, "stopping": {"name": "GL", "alpha": 0.1}, "learning_rate_init": 0.5,
                 "max_iter": 12},
    "diagnose": {"diagnose": True, "max_iter": 3},
}  # fmt: skip

# fit's arguments -> settings
MEASURED = {
    "validation": {},
    "validation, rate": {"learning_rate_init": 0.2, "restore_best": True},
    "validation, stopping": {"early_stopping": True, "monitor": "validation_loss", "tol": 0.1,
                             "n_iter_no_change": 1},
}  # fmt: skip

REGRESSORS = {
    "base": {},
    "rate": {"learning_rate_init": 0.01},
    "early stopping": {**MONITORED, "n_iter_no_change": 1},
    "diverged": {"learning_rate_init": 1e3},
    "exploding": {"learning_rate_init": 1e150},
    "huber": {"loss": {"name": "huber", "delta": 0.5}},
}

ATTRIBUTES = (
    "n_iter_", "t_", "best_epoch_", "diverged_", "n_outputs_", "n_layers_", "n_features_in_",
    "out_activation_",
)  # fmt: skip
RECORDS = (
    "loss_curve_", "loss_", "best_loss_", "validation_scores_", "best_validation_score_",
    "chance_loss_",
)  # fmt: skip


def assert_same(found, right, X, y, tolerance=1e-9):
    """Two fitted estimators, and what two more epochs make of them."""
    for name in ATTRIBUTES:
        assert getattr(found, name) == getattr(right, name), name
    for name in RECORDS:
        assert hasattr(found, name) == hasattr(right, name), name
        mine, other = (getattr(one, name, None) for one in (found, right))
        assert (mine is None) == (other is None), name
        if mine is not None:
            mine, other = (np.where(np.isfinite(one), one, np.nan) for one in (mine, other))
            np.testing.assert_allclose(mine, other, rtol=tolerance, err_msg=name)
    assert list(found.history_) == list(right.history_)
    for name in right.history_:
        mine, other = found.history_[name], right.history_[name]
        assert mine.dtype == other.dtype
        if name != "seconds":
            mine, other = (np.where(np.isfinite(one), one, np.nan) for one in (mine, other))
            np.testing.assert_allclose(mine, other, rtol=100 * tolerance, err_msg=name)
    for mine, other in zip(
        found.coefs_ + found.intercepts_, right.coefs_ + right.intercepts_, strict=True
    ):
        scale = max(float(np.abs(other).max(initial=0.0)), 1.0)
        assert np.abs(mine - other).max() <= tolerance * scale
        assert mine.dtype == other.dtype
        assert mine.flags.writeable
    predicted = [one.predict(X[:9]) for one in (found, right)]
    if predicted[0].dtype.kind == "f":
        np.testing.assert_allclose(*predicted, rtol=10 * tolerance)
    else:
        np.testing.assert_array_equal(*predicted)
    if not (found.early_stopping or found.stopping or found.solver == "lbfgs" or found.diverged_):
        found, right = copy.deepcopy((found, right))
        for one in (found, right):
            one.set_params(max_steps=None, max_iter=200).partial_fit(X, y).partial_fit(X, y)
        assert (found.n_iter_, found.t_) == (right.n_iter_, right.t_)
        for mine, other in zip(found.coefs_, right.coefs_, strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-7, atol=10 * tolerance)


def both(kind, cases, X, y, **given):
    """Every case fitted together with all others, and by itself."""
    made = [{name: kind(**{**BASE, **more}) for name, more in cases.items()} for _ in range(2)]
    validation = tuple(given.get(name) for name in ("X_val", "y_val", "sample_weight_val"))
    weights, watch = given.get("sample_weight"), given.get("watch", {})
    ended = []
    fit_together(
        [Job(one, X, y, weights, validation, watch) for one in made[0].values()],
        workers=1,
        on_end=lambda number, estimator: ended.append((number, estimator)),
    )
    assert sorted(ended, key=lambda pair: pair[0]) == list(enumerate(made[0].values()))
    for one in made[1].values():
        one.fit(X, y, **given)
    return made


@pytest.fixture(scope="module")
def digits_rows():
    data = load_digits()
    X, y = (data.data / 16).astype(np.float32), data.target
    return X[:600], y[:600], X[600:], y[600:]


@pytest.fixture(scope="module")
def classifiers(problem):
    X, y, _ = problem("multiclass")
    return both(MLPClassifier, CLASSIFIERS, X, y)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers(name, classifiers, problem):
    X, y, _ = problem("multiclass")
    together, alone = classifiers
    assert_same(together[name], alone[name], X, y)
    assert np.array_equal(together[name].classes_, alone[name].classes_)


def test_the_cases_differ_as_they_should(classifiers):
    """Else they would show nothing."""
    _, alone = classifiers
    assert alone["patience"].n_iter_ < 12
    assert alone["early stopping"].n_iter_ < 12
    assert len(set(alone["adaptive"].history_["learning_rate"])) > 1
    assert len(set(alone["on plateau"].history_["learning_rate"])) > 1
    assert alone["best epoch"].best_epoch_ < 7
    assert alone["diverged"].diverged_
    assert alone["threshold"].diverged_
    assert alone["stopping"].n_iter_ < 12
    assert alone["steps"].history_["steps"].tolist() == [6, 6, 6, 2]
    different = ("base", "seed", "rate", "momentum", "l2", "bounds", "label smoothing",
                 "class weights", "no shuffling", "replacement", "data seed")  # fmt: skip
    assert len({alone[name].loss_ for name in different}) == len(different)


@pytest.fixture(scope="module")
def measured(problem):
    X, y, weights = problem("multiclass")
    watch = {"test": (X[60:], y[60:])}
    given = {"X_val": X[50:60], "y_val": y[50:60], "sample_weight_val": weights[50:60] + 1}
    return both(
        MLPClassifier, MEASURED, X[:50], y[:50], sample_weight=weights[:50], watch=watch, **given
    )


@pytest.mark.parametrize("name", MEASURED)
def test_data_to_validate_on_and_to_watch(name, measured, problem):
    """Measured for all networks of a block at once; beside sample weights, some of them zero."""
    X, y, _ = problem("multiclass")
    together, alone = measured
    assert np.isfinite(alone[name].history_["test_score"]).all()
    assert_same(together[name], alone[name], X, y)


def test_many_outputs_are_computed_one_by_one(problem, monkeypatch):
    """A block's for rows that are measured take no more than so much."""
    X, y, _ = problem("multiclass")
    settings = {name: MEASURED[name] for name in list(MEASURED)[:3]}
    monkeypatch.setattr("chainrule.estimators.advancing.OUTPUTS_BYTES", 0)
    monkeypatch.setattr(Block, "outputs", None)
    together, alone = both(MLPClassifier, settings, X[:50], y[:50], X_val=X[50:], y_val=y[50:])
    for name, one in alone.items():
        assert len(one.history_["validation_loss"])
        assert_same(together[name], one, X, y)


@pytest.fixture(scope="module")
def regressors(problem):
    X, y, _ = problem("outputs")
    return both(MLPRegressor, REGRESSORS, X, y)


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(name, regressors, problem):
    X, y, _ = problem("outputs")
    together, alone = regressors
    assert alone[name].diverged_ == (name in ("diverged", "exploding"))
    assert_same(together[name], alone[name], X, y)


def test_labels_and_threads(problem):
    """Several labels a row; on two threads."""
    X, y, _ = problem("multilabel")
    made = [[MLPClassifier(**BASE, class_weight=w) for w in (None, "balanced")] for _ in range(2)]
    fit_together([Job(one, X, y) for one in made[0]], workers=2)
    for together, alone in zip(*made, strict=True):
        assert_same(together, alone.fit(X, y), X, y)


def test_bytes_in_single_precision(problem):
    """Scaled in the step."""
    _, y, _ = problem("binary")
    X = np.random.default_rng(0).integers(0, 256, (len(y), 5), np.uint8)
    given = {**BASE, "input_scale": 255.0, "dtype": "float32"}
    made = [[MLPClassifier(**given, alpha=alpha) for alpha in (0.1, 1.0)] for _ in range(2)]
    fit_together([Job(one, X, y) for one in made[0]], workers=1)
    for together, alone in zip(*made, strict=True):
        assert_same(together, alone.fit(X, y), X, y, tolerance=1e-4)
        assert together.coefs_[0].dtype == np.float32


def test_what_is_fitted_by_itself(problem):
    """Sparse rows, L-BFGS and warm starts, among others."""
    X, y, weights = problem("multiclass")
    sparse = scipy.sparse.csr_matrix(np.where(np.abs(X) < 0.5, 0, X))
    rows = {"sparse": sparse}
    cases = {
        "member": {},
        "sparse": {},
        "diverged sparse": {"learning_rate_init": 1e8, "on_divergence": "raise"},
        "lbfgs": {"solver": "lbfgs", "max_iter": 20},
        "warm": {"warm_start": True},
    }
    made = [{name: MLPClassifier(**{**BASE, **case}) for name, case in cases.items()} for _ in "ab"]
    X_of = {name: rows.get(name.split()[-1], X) for name in cases}
    for group in made:
        group["warm"].set_params(max_iter=2).fit(X, y).set_params(max_iter=3)
    ended = []
    fit_together(
        [Job(one, X_of[name], y, weights) for name, one in made[0].items()],
        on_end=lambda number, _: ended.append(number),
    )
    assert sorted(ended) == [0, 1, 2, 3, 4]
    made[1]["diverged sparse"].set_params(on_divergence="keep")
    for name, alone in made[1].items():
        assert_same(made[0][name], alone.fit(X_of[name], y, weights), X, y)


def test_estimators_that_were_fitted_before(problem):
    """On other rows: what they knew of those is forgotten."""
    X, y, _ = problem("multiclass")
    made = [MLPClassifier(**BASE, alpha=alpha) for alpha in (0.0, 1.0)]
    made[0].fit(X[:, :3], np.where(y == 2, 7, y))
    fit_together([Job(one, X, y) for one in made], workers=1)
    for one in made:
        assert (one.n_features_in_, one.classes_.tolist()) == (5, [0, 1, 2])
        assert_same(one, clone(one).fit(X, y), X, y)


def test_each_loss_checks_its_targets(problem):
    X, y, _ = problem("regression")
    made = [MLPRegressor(**BASE, loss=loss) for loss in ("squared_error", "poisson")]
    with pytest.raises(ValueError, match="poisson' needs targets that are not negative"):
        fit_together([Job(one, X, y) for one in made])


def test_frames_and_their_names(problem):
    pandas = pytest.importorskip("pandas")
    X, y, _ = problem("multiclass")
    frame = pandas.DataFrame(X, columns=list("abcde"))
    made = [MLPClassifier(**BASE, alpha=alpha) for alpha in (0.0, 1.0)]
    fit_together([Job(one, frame, y) for one in made], workers=1)
    for one in made:
        assert one.feature_names_in_.tolist() == list("abcde")
        assert_same(one, clone(one).fit(frame, y), frame, y)


def test_whole_trainings_in_single_precision(digits_rows):
    """Rounding takes them apart, but the scores are those of trainings from other seeds: their
    mean is the same within its standard error."""
    X, y, X_test, y_test = digits_rows
    settings = {
        "hidden_layer_sizes": (20,),
        "batch_size": 32,
        "max_iter": 12,
        "dtype": "float32",
        "learning_rate_init": 0.01,
    }
    made = [
        [MLPClassifier(**settings, random_state=seed, data_seed=0) for seed in range(8)]
        for _ in range(2)
    ]
    fit_together([Job(one, X, y) for one in made[0]], workers=1)
    for one in made[1]:
        one.fit(X, y)
    together, alone = (np.array([one.score(X_test, y_test) for one in each]) for each in made)
    assert alone.mean() > 0.8 and alone.std() > 0
    apart = [np.abs(a.coefs_[0] - b.coefs_[0]).max() for a, b in zip(*made, strict=True)]
    assert max(apart) > 0  # else the test would show nothing
    standard_error = np.std(alone, ddof=1) / np.sqrt(len(alone))
    assert abs(together.mean() - alone.mean()) <= standard_error


# who shares what


def test_budgets_share_a_training(problem, monkeypatch):
    """Of jobs that differ in the budget of epochs alone, the longest is trained, once."""
    X, y, _ = problem("multiclass")
    budgets = (2, 7, 3, 7)
    made = [MLPClassifier(**{**BASE, "max_iter": budget}) for budget in budgets]
    together = Together([Job(one, X, y) for one in made], workers=1)
    sizes = []
    train = together._train_block
    monkeypatch.setattr(
        together, "_train_block", lambda *a: sizes.append(sum(map(len, a[0].layout))) or train(*a)
    )
    together.run()
    assert sizes == [1]
    for one, budget in zip(made, budgets, strict=True):
        assert one.n_iter_ == budget
        assert_same(one, clone(one).fit(X, y), X, y)


def test_a_shared_training_that_leaves_the_numbers_at_the_end_of_one(problem):
    """At the last epoch of the first, by its parameters alone: both turn back."""
    X, y, _ = problem("outputs")
    y = 1e4 * y
    more = {"learning_rate_init": 1e308, "batch_size": 90}
    budgets = (1, 4)
    made = [MLPRegressor(**{**BASE, **more, "max_iter": budget}) for budget in budgets]
    fit_together([Job(one, X, y) for one in made], workers=1)
    for one in made:
        assert one.n_iter_ == 1
        assert np.isfinite(one.loss_)
        assert one.diverged_
        assert_same(one, clone(one).fit(X, y), X, y)


def test_slices_that_fit_the_memory(problem):
    """However few fit at a time, the results are the same."""
    X, y, _ = problem("multiclass")
    rates = np.geomspace(1e-3, 0.3, 5)
    made = [
        [MLPClassifier(**{**BASE, "learning_rate_init": rate}) for rate in rates] for _ in range(2)
    ]
    most = []

    class Watched(Together):
        def _lay_out(self, trainings, *others):
            most.append(len(trainings))
            return super()._lay_out(trainings, *others)

    Watched([Job(one, X, y) for one in made[0]], workers=1, memory=1e9).run()
    jobs = [Job(one, X, y) for one in made[1]]
    Watched(jobs, workers=1, memory=2.5 * bytes_under_way(jobs[0])).run()
    assert most == [5, 2, 2, 1]
    for one, other in zip(*made, strict=True):
        assert_same(one, other, X, y)


def counted(rates, memory, **more):
    """How many were begun at a time, in two rounds of so many epochs, and what was warned of."""
    found = []

    class Watched(Together):
        def _lay_out(self, trainings, *others):
            found.append(len(trainings))
            return super()._lay_out(trainings, *others)

    together = Watched(rates(**more), workers=1, memory=memory)
    for epochs in (1, 2):
        together.run(dict.fromkeys(range(4), epochs))
    return found


def test_who_waits_counts_for_the_memory(rates):
    """A network under way takes 8 times its parameters and its batch's values, one that waits 3."""
    job = rates()[0]
    one, waits = bytes_under_way(job), bytes_waiting(job)
    assert 0 < waits < one / 2
    assert counted(rates, 4 * one) == [4, 4]
    # Two at a time; the last two beside two that wait; then two, each beside two others.
    assert counted(rates, 2.001 * one + 2 * waits) == [2, 2, 2, 2]
    assert counted(rates, 2.001 * one + waits) == [2, 1, 1, 1, 1, 1, 1]
    with pytest.warns(UserWarning, match="too little for one network at a time.*are needed"):
        assert counted(rates, one / 2) == [1] * 8


def test_who_cannot_pause_is_told_of(rates):
    with pytest.warns(UserWarning, match="4 of 4 trainings cannot pause"):
        counted(rates, 1e9, solver="lbfgs")


def test_the_queue_moves_up(rates, problem, monkeypatch):
    """Whoever waits begins as soon as others have made room, not when all of them have ended."""
    X, y, _ = problem("multiclass")
    monkeypatch.setattr("chainrule.estimators.room.SMALLEST", 0)
    jobs = rates(tol=0.0)
    jobs[0].estimator.set_params(max_iter=20, n_iter_no_change=np.inf)
    monkeypatch.setattr("chainrule.engine.population.capacity", lambda *_: 16)  # of 60 steps
    last, ranges = threading.Event(), []

    def on_range(name, standing):
        ranges.append(name)
        if name == "3":
            last.set()
        elif name == "0" and ranges.count("0") > 2:
            assert last.wait(60)

    memory = 2.5 * bytes_under_way(jobs[0])
    together = Together(jobs, workers=2, memory=memory, on_range=on_range)
    together.run()
    assert [[len(group) for group in layout] for layout in together.layouts] == [[1]] * 4
    for job in jobs:
        assert_same(job.estimator, clone(job.estimator).fit(X, y), X, y)


def test_who_shares_a_training_is_in_its_part(rates, problem, monkeypatch):
    """Budgets are free in a queue too: each network is read off twice."""
    monkeypatch.setattr("chainrule.estimators.room.SMALLEST", 0)
    X, y, _ = problem("multiclass")
    short, long = rates(max_iter=3), rates(max_iter=6)
    parts, members = [], []

    class Watched(Together):
        def _lay_out(self, trainings, *others):
            parts.append([training.number for training in trainings])
            members.extend(training.member for training in trainings)
            return super()._lay_out(trainings, *others)

    Watched([*short, *long], workers=1, memory=2.5 * bytes_under_way(short[0])).run()
    assert parts == [[0, 4], [1, 5], [2, 6], [3, 7]]
    assert len(set(map(id, members))) == 4
    for job in (*short, *long):
        assert_same(job.estimator, clone(job.estimator).fit(X, y), X, y)


def test_nothing_is_trained_while_ways_are_measured(rates, monkeypatch):
    """In a later part either, whose networks are of another shape."""
    monkeypatch.setattr("chainrule.estimators.room.SMALLEST", 0)
    monkeypatch.setattr("chainrule.estimators.together.WORTH_MEASURING", 0.0)
    monkeypatch.setattr("chainrule.estimators.together.LISTEN", 0.01)
    jobs = [*rates(max_iter=3), *rates(max_iter=3, hidden_layer_sizes=(4, 4, 4))]
    busy = []

    def measured(members, ways, workers, pool):
        busy.append(together._busy())
        return {"size": 2, "in_turn": False, "seconds": {"2": 1.0}}

    monkeypatch.setattr("chainrule.estimators.together.quickest_way", measured)
    together = Together(jobs, workers=2, memory=3.0 * bytes_under_way(jobs[0]))
    together.run()
    assert busy == [False, False]


def test_who_has_ended_is_kept_by_nobody(rates, monkeypatch):
    """However many there are in the queue: memory is for those that are trained."""
    monkeypatch.setattr("chainrule.estimators.room.SMALLEST", 0)
    jobs = [job for seed in range(3) for job in rates(max_iter=2, random_state=seed)]
    members, alive = weakref.WeakSet(), []
    begin = Shared.begin

    def watched(self, *given):
        training = begin(self, *given)
        members.add(training.member)
        return training

    def on_end(number, estimator):
        gc.collect()
        alive.append(len(members))

    monkeypatch.setattr(Shared, "begin", watched)
    memory = 2.5 * bytes_under_way(jobs[0])
    Together(jobs, workers=1, memory=memory, on_end=on_end).run()
    assert len(alive) == 12
    assert max(alive) <= 4  # two that are trained, and two that have ended just now


@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
def test_what_is_ahead_is_told_before_it_begins(rates, solver, monkeypatch):
    told, ended = [], []
    jobs = rates(solver=solver)
    together = Together(
        jobs,
        workers=1,
        on_end=lambda *_: ended.append(1),
        on_forecast=lambda forecast: told.append((str(forecast), len(ended))),
    )
    together.run()
    ((text, before),) = told
    assert before == 0
    right = "4 trainings, one by one" if solver == "lbfgs" else "4 trainings in 1 program and 1 blo"
    assert text.startswith(right)


def test_what_is_ahead_of_a_queue(rates, monkeypatch):
    monkeypatch.setattr("chainrule.estimators.room.SMALLEST", 0)
    told, jobs = [], rates()
    memory, jobs_rows = 1.5 * bytes_under_way(jobs[0]), jobs[0].X.nbytes
    Together(jobs, workers=1, memory=memory, on_forecast=told.append).run()
    (found,) = told
    assert (found.trainings, found.at_first, found.bytes) == (4, 1, memory)
    assert "4 trainings in about 1 program, 1 at first in 1 block, about " in str(found)
    assert found.rows == jobs_rows
    mixed = [*rates(), *rates(hidden_layer_sizes=(4, 4, 4)), *rates(solver="adam")]
    Together(mixed, workers=1, memory=3 * memory, on_forecast=told.append).run()
    assert told[-1].programs == 3


def test_a_smaller_block_makes_room(rates, monkeypatch):
    """For a part that waits, while the rest of the block goes on."""
    monkeypatch.setattr("chainrule.estimators.together.smaller", always_smaller)
    jobs = rates(tol=0.0, n_iter_no_change=np.inf, max_iter=20) + rates()[:2]
    for job in jobs[:3]:
        job.estimator.set_params(max_iter=2, solver="adam")
    jobs[3].estimator.set_params(solver="adam")
    monkeypatch.setattr("chainrule.engine.population.capacity", lambda *_: 16)  # of 60 steps
    last, ranges = threading.Event(), []

    def on_range(name, standing):
        ranges.append(name)
        if name == "4,5":
            last.set()
        elif ranges.count(name) > 3:
            assert last.wait(60)

    memory = 4.5 * bytes_under_way(jobs[0])
    monkeypatch.setattr("chainrule.estimators.room.SMALLEST", memory)
    monkeypatch.setattr("chainrule.estimators.partition._parts", lambda sizes, *_: [1] * len(sizes))
    together = Together(jobs, workers=2, memory=memory, on_range=on_range)
    together.run()
    assert [[len(group) for group in layout] for layout in together.layouts] == [[4], [2]]
    assert len(together.ended) == 6


# budgets that end for now


@pytest.fixture
def rates(problem):
    """Jobs that differ in the learning rate."""
    X, y, _ = problem("multiclass")

    def make(**more):
        return [
            Job(MLPClassifier(**{**BASE, "learning_rate_init": rate, **more}), X, y)
            for rate in (0.02, 0.05, 0.1, 0.2)
        ]

    return make


def test_going_on_from_where_they_paused(rates, problem):
    """In any order and company; what they are at each pause is a training of so many epochs."""
    X, y, _ = problem("multiclass")
    jobs = rates()
    together = Together(jobs, workers=1)
    for until in ({0: 2, 1: 2, 2: 2, 3: 2}, {1: 4, 2: 3}, {1: 5, 3: 6}, {2: None, 3: None}):
        together.run(until)
        for number, epochs in until.items():
            right = clone(jobs[number].estimator).set_params(max_iter=epochs or 7)
            assert_same(together.estimator(number), right.fit(X, y), X, y)
    assert together.ended == {2, 3}
    assert not hasattr(jobs[0].estimator, "loss_")


def test_pausing_and_ending_in_one_block(rates, problem):
    """One pauses, one ends by its patience, one diverges, one goes on to the end."""
    X, y, _ = problem("multiclass")
    jobs = rates()
    jobs[1].estimator.set_params(tol=10.0, n_iter_no_change=2)
    jobs[2].estimator.set_params(divergence_threshold=1e-3)
    together = Together(jobs, workers=1)
    together.run({0: 2, 1: 6, 2: 6, 3: None})
    assert together.ended == {1, 2, 3}
    for number, epochs in enumerate((2, 7, 7, 7)):
        right = clone(jobs[number].estimator).set_params(max_iter=epochs).fit(X, y)
        assert_same(together.estimator(number), right, X, y)
    assert jobs[2].estimator.diverged_


def test_a_shared_training_of_which_one_pauses(problem):
    """Then each has a network of its own."""
    X, y, _ = problem("multiclass")
    budgets = (5, 7)
    jobs = [Job(MLPClassifier(**{**BASE, "max_iter": budget}), X, y) for budget in budgets]
    together = Together(jobs, workers=1)
    together.run({0: 2, 1: 4})
    assert together.estimator(0).n_iter_ == 2
    together.run()
    for job in jobs:
        assert_same(job.estimator, clone(job.estimator).fit(X, y), X, y)


def always_smaller(block, live, steps):
    """Wherever half are gone, though little is left to do."""
    return partition.smaller(block, live, 1e9 * steps)


def test_blocks_become_smaller(rates, problem, monkeypatch):
    """Where steps are left that are worth it, and never within an epoch."""
    X, y, _ = problem("multiclass")
    monkeypatch.setattr("chainrule.estimators.together.smaller", always_smaller)
    jobs = rates(max_iter=200)
    for job, steps in zip(jobs, (8, 9, 10, 40), strict=True):
        job.estimator.set_params(max_steps=steps)
    sizes = []

    class Watched(Together):
        def _smaller(self, block, *others):
            found = super()._smaller(block, *others)
            sizes.append(found.size)
            return found

    Watched(jobs, workers=1).run()
    assert sizes[0] == 4
    assert sizes[-1] == 1
    for job in jobs:
        assert_same(job.estimator, clone(job.estimator).fit(X, y), X, y)


# callbacks, errors, stopping


class Recorder:
    """Writes down what it is told; stops after some epochs, or fails."""

    def __init__(self, stop=99, fail=99):
        self.stop, self.fail, self.events, self.seen = stop, fail, [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.events.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.events.append(f"end {context.task_name}")
        if context.task_name != "epoch":
            return False
        self.seen.append(fitted_estimator.predict_proba(X[:9]))
        if len(self.seen) == self.fail:
            raise RuntimeError("the callback's own")
        return len(self.seen) == self.stop

    def teardown(self, estimator, context):
        self.events.append("teardown")


def test_callbacks(rates, problem):
    """They hear what they would hear of a ``fit``, and may end their training."""
    X, y, _ = problem("multiclass")
    jobs, recorders = rates(), [Recorder(), Recorder(stop=3)]
    for job, recorder in zip(jobs, recorders, strict=False):
        job.estimator.set_callbacks(recorder)
    fit_together(jobs, workers=1)
    assert [job.estimator.n_iter_ for job in jobs] == [7, 3, 7, 7]
    for job, recorder, stop in zip(jobs, recorders, (99, 3), strict=False):
        right = Recorder(stop)
        alone = clone(job.estimator).set_callbacks(right).fit(X, y)
        assert recorder.events == right.events
        np.testing.assert_allclose(recorder.seen, right.seen, rtol=1e-9)
        job.estimator.set_callbacks()
        alone.set_callbacks()
        assert_same(job.estimator, alone, X, y)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_one_stops_all(rates, workers):
    """It comes out as it is, and no thread goes on."""
    jobs, ranges = rates(max_iter=10**6, tol=0.0, n_iter_no_change=np.inf), []
    jobs[1].estimator.set_callbacks(Recorder(fail=3))
    together = Together(jobs, workers=workers, on_range=lambda *_: ranges.append(1))
    with pytest.raises(RuntimeError, match="the callback's own"):
        together.run()
    count = len(ranges)
    assert count < 100
    assert together.ended == set()
    assert not hasattr(jobs[0].estimator, "loss_")
    assert len(ranges) == count


def test_stopping_when_asked(rates):
    jobs, asked = rates(max_iter=10**6), []
    together = Together(jobs, workers=1, stop=lambda: asked.append(1) or len(asked) > 5)
    with pytest.raises(KeyboardInterrupt):
        together.run()
    assert together.stopped
    assert len(asked) < 10


def test_one_that_is_fitted_by_itself_is_interrupted(problem, monkeypatch):
    """Alone, a fit would keep what it has learnt and return; here the user means all."""
    X, y, _ = problem("multiclass")
    ended = []

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("chainrule.engine.fit.run_range", interrupted)
    monkeypatch.setattr("chainrule.estimators.fullbatch.minimise", lambda *a, **k: interrupted())
    for settings, rows in (({"solver": "lbfgs"}, X), ({}, scipy.sparse.csr_matrix(X))):
        jobs = [Job(MLPClassifier(**{**BASE, **settings}), rows, y)]
        with warnings.catch_warnings(), pytest.raises(KeyboardInterrupt):
            warnings.simplefilter("error")
            Together(jobs, on_end=lambda number, _: ended.append(number)).run()
    assert not ended


# going on after a kill


def population(problem, **more):
    """Two folds of six networks: some share a training, end early, diverge, are wider, pause."""
    X, y, _ = problem("multiclass")
    folds = [(X[:45].copy(), y[:45].copy()), (X[45:].copy(), y[45:].copy())]
    changes = (
        {"divergence_threshold": 0.5},
        {"learning_rate_init": 0.01},
        {"learning_rate_init": 0.01, "max_iter": 3},
        {"tol": 10.0, "n_iter_no_change": 2, "hidden_layer_sizes": (9,)},
        {"learning_rate_init": 0.2, "momentum": 0.3},
        {"learning_rate_init": 0.1},
    )
    return [
        Job(MLPClassifier(**{**BASE, "data_seed": 1, **change, **more}), *fold)
        for change in changes
        for fold in folds
    ]


UNTIL = {4: 2, 5: 2, 8: 4, 9: 4}


def trained(jobs, until, memory=MEMORY, **given):
    """Train them; every state there was, with the numbers of those that had ended."""
    moments = []

    def on_range(name, standing):
        moments.append((copy.deepcopy(standing()), frozenset(together.ended)))

    together = Together(jobs, workers=1, memory=memory, on_range=on_range)
    together.run({number: until.get(number) for number in range(len(jobs))}, **given)
    return together, moments


def standings(moments):
    """At every third moment, all blocks' last states and who had ended."""
    states = {}
    for number, (standing, ended) in enumerate(moments):
        states[standing.name] = standing
        if number % 3 == 0:
            yield copy.deepcopy(list(states.values())), ended


def assert_goes_on(again, whole, ended, same_network):
    """What was gone on with is what was not cut off."""
    assert again.ended == whole.ended - ended
    for job in set(range(len(whole.jobs))) - ended:
        one, other = again.estimator(job), whole.estimator(job)
        same_network(one, other)
        assert one.loss_curve_ == other.loss_curve_
        assert (one.n_iter_, one.best_epoch_, one.diverged_, one.t_) == (
            other.n_iter_, other.best_epoch_, other.diverged_, other.t_,
        )  # fmt: skip


def test_going_on_in_a_queue(problem, monkeypatch, same_network):
    """Parts are the same again, and so are the bits, whoever had begun by then."""
    monkeypatch.setattr("chainrule.estimators.room.SMALLEST", 0)
    monkeypatch.setattr("chainrule.estimators.room.PARTS", 2)
    jobs = population(problem)
    memory = 2 * 4.2 * bytes_under_way(jobs[0])  # a part is four of them
    whole, moments = trained(jobs, UNTIL, memory=memory)
    assert whole._room.parts == [[0, 1, 2, 4, 3, 5], [6, 7, 8], [9, 10, 11]]
    assert len({ended for _, ended in moments}) > 3
    for states, ended in standings(moments):
        again, _ = trained(population(problem), UNTIL, memory, known=ended, standing=states)
        assert again.layouts
        assert_goes_on(again, whole, ended, same_network)


@pytest.mark.parametrize("compacted", [False, True])
def test_going_on_from_any_state(compacted, problem, monkeypatch, same_network):
    """With the bits of what was not cut off, whoever had ended by then."""
    if compacted:
        monkeypatch.setattr("chainrule.estimators.together.smaller", always_smaller)
    monkeypatch.setattr("chainrule.estimators.partition.most_of", lambda *_: 12)
    monkeypatch.setattr("chainrule.engine.population.capacity", lambda *_: 16)  # an epoch has three
    whole, moments = trained(population(problem), UNTIL)
    assert len(whole.ended) == 8
    assert {len(ended) for _, ended in moments} >= {2, 4}
    shapes = {tuple(map(len, standing.layout)) for standing, _ in moments}
    assert (5, 5) in shapes  # both folds in one block
    assert (len(shapes) > 1) == compacted
    for states, ended in standings(moments):
        again, _ = trained(population(problem), UNTIL, known=ended, standing=states)
        assert_goes_on(again, whole, ended, same_network)
