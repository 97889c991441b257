"""What compiles, and what must not: the number of programs is part of the contract.

Every count is taken twice: from the engine's own ledger of traces, and from what jax reports
that its compiler was asked to do.
"""

import dataclasses
import itertools
import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold

import chainrule
from chainrule.engine.batches import bucket
from chainrule.engine.plan import Hyperparameters, compilations
from chainrule.equations.optimizers import OPTIMIZERS

COMPILED = "/jax/core/compile/backend_compile_duration"
FOLDS = [862, 863, 862, 863, 862]
RATES = np.geomspace(1e-4, 1e-1, 20)
STRENGTHS = np.geomspace(1e-6, 1e-1, 10)
SIZES = (11, 8, 3)  # used here alone, so that nothing is compiled beforehand


@pytest.fixture
def compiled(heard):
    """``() -> how many programs`` were compiled since the test began or the last call."""
    seen = {"traces": compilations(), "events": 0}

    def count():
        traces, events = compilations(), heard.count(COMPILED)
        new = traces - seen["traces"]
        assert new == events - seen["events"]
        seen.update(traces=traces, events=events)
        return new

    return count


def fold(make_case, optimizer, n_rows, **settings):
    """Each test has a batch size of its own, so that none finds another's programs."""
    given = {"dropout": (0.25,), "clip": 1.0, "l2": 0.01, "dtype": "float32", **settings}
    return make_case(optimizer, ("relu",), sizes=SIZES, n=n_rows, **given)


def test_a_search_is_one_program(make_case, compiled):
    """5 folds, 20 learning rates, 10 strengths of the penalty: 1,000 trainings."""
    folds = [fold(make_case, "adam", n, batch_size=32, seed=seed) for seed, n in enumerate(FOLDS)]
    for case, rate, strength in itertools.product(folds, RATES, STRENGTHS):
        trainer = case.but(l2=strength).trainer(base_rate=rate)
        assert trainer.run()[0].steps == 27
    assert compiled() == 1


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_settings_budgets_and_seeds_are_one_program(make_case, compiled, optimizer):
    more = {"l1": 0.01, "max_norm": 1.0, "weighted": True}
    case = fold(make_case, optimizer, 862, batch_size=33, **more)
    case.trainer().run()
    compiled()
    names, plan = OPTIMIZERS[optimizer].settings, case.plan
    changed = [Hyperparameters.make(plan, {name: 0.3}, (0.25,), 1.0) for name in names]
    changed += [Hyperparameters.make(plan, rates=(rate,)) for rate in (0.0, 1 / 256, 0.5)]
    changed += [Hyperparameters.make(plan, clip=limit) for limit in (1e-3, np.inf)]
    changed += [Hyperparameters.make(plan, seed=seed) for seed in (1, 2**32 - 1)]
    changed += [Hyperparameters.make(plan, l1=strength) for strength in (0.0, 0.1)]
    changed += [Hyperparameters.make(plan, max_norm=limit) for limit in (0.5, np.inf)]
    for hyper in changed:
        case.but(hyper=hyper).trainer().run()
    for changes in ({"order_seed": 7}, {"weights": None}, {"alpha": 0.5, "l2": 0.0}):
        case.but(**changes).trainer().run()
    trainer = case.trainer()
    for epochs, steps in ((1, None), (2, None), (10, 3), (1, 1), (5, 40), (3, None)):
        trainer.run(epochs, steps)
    trainer.rewind()
    trainer.run()
    layers, state = trainer.layers, trainer.state
    case.trainer(layers=layers, state=state, step=trainer.step, epoch=9, samples=5).run()
    assert compiled() == 0


@pytest.mark.parametrize(
    "change",
    [
        {"batch_size": 16},
        {"sizes": (11, 9, 3)},
        {"dtype": "float64"},
        {"penalised": False},
        {"l1": True},
        {"max_norm": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_plan_is_one_program_more(make_case, compiled, change):
    case = fold(make_case, "momentum", 863, batch_size=34)
    case.trainer().run()
    compiled()
    plan = dataclasses.replace(case.plan, **change)
    hyper = Hyperparameters.make(plan, rates=(0.25,), clip=1.0)
    layers = make_case(sizes=plan.sizes, dtype=plan.dtype, hidden=("relu",)).layers
    for base_rate in (0.1, 0.01):
        other = case.but(plan=plan, hyper=hyper, layers=layers)
        other.but(X=case.X.astype(plan.dtype)).trainer(base_rate=base_rate).run()
    assert compiled() == 1


def test_rows_that_fill_another_bucket_are_one_program_more(make_case, compiled):
    fold(make_case, "sgd", 863, batch_size=35).trainer().run()
    compiled()
    assert bucket(895) == bucket(863) < bucket(896)
    for n, expected in ((840, 0), (895, 0), (896, 1), (900, 0)):
        fold(make_case, "sgd", n, batch_size=35).trainer().run()
        assert compiled() == expected


# Estimators


@pytest.fixture(scope="module")
def data():
    """1,078 rows: the training parts of five folds have 862 and 863."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1078, 11)).astype(np.float32)
    return X, rng.integers(3, size=1078), X[:, :2].astype(np.float64)


@pytest.fixture(autouse=True)
def _short():
    """Trainings here are too short to converge."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def classifier(**settings):
    given = {"hidden_layer_sizes": (7,), "max_iter": 2, "random_state": 0, "l2": 0.01, **settings}
    return chainrule.MLPClassifier(**given)


def test_a_grid_search_is_one_program(data, compiled):
    X, y, _ = data
    grid = {"learning_rate_init": RATES[::5].tolist(), "l2": STRENGTHS[::3].tolist()}
    search = GridSearchCV(classifier(), grid, cv=KFold(5), refit=False)
    search.fit(X, y)
    assert len(search.cv_results_["params"]) == 16
    assert {len(train) for train, _ in KFold(5).split(X)} == {862, 863}
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert compiled() == 1


def test_what_a_classifier_is_set_to_is_one_program(data, compiled):
    X, y, _ = data
    base = {"dropout": 0.2, "clip_global_norm": 1.0, "batch_size": 50, "l1": 0.01, "max_norm": 2.0}
    classifier(**base).fit(X, y)
    compiled()
    for changes in (
        {"max_iter": 5},
        {"random_state": 9},
        {"random_state": None},
        {"dropout": 0.7},
        {"clip_global_norm": 0.01},
        {"beta_1": 0.5, "beta_2": 0.5, "epsilon": 1e-3},
        {"l1": 0.5},
        {"max_norm": 0.1},
        {"label_smoothing": 0.0},
        {"schedule": {"name": "cosine", "warmup": 1.0}},
        {"schedule": {"name": "one_cycle", "rise": 0.5}},
        {"schedule": {"name": "reduce_on_plateau", "patience": 0, "threshold": 1.0}},
        {"init": "he_normal"},
        {"init": "orthogonal"},
        {"shuffle": False},
        {"class_weight": "balanced"},
        {"l2": None, "alpha": 0.3},
        {"n_iter_no_change": 1, "tol": 1.0},
    ):
        classifier(**{**base, **changes}).fit(X, y)
        assert compiled() == 0, changes
    chainrule.MLPClassifier((7,), max_steps=30, random_state=0, l2=0.01, **base).fit(
        X, y, X_val=X[:50], y_val=y[:50]
    )
    on = classifier(**base)
    for _ in range(3):
        on.partial_fit(X, y, classes=[0, 1, 2])
    on.set_params(warm_start=True).fit(X, y)
    assert compiled() == 0


def test_label_smoothing_is_one_program(data, compiled):
    """One more than without, since its targets are no longer booleans."""
    X, y, _ = data
    for share in (0.1, 0.3):
        classifier(batch_size=48, label_smoothing=share).fit(X, y)
    assert compiled() == 1


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_delta_is_one_program(data, compiled, solver):
    X, _, targets = data
    for delta in (1, 0.5, np.float32(2)):
        chainrule.MLPRegressor(
            {"name": "huber", "delta": delta},
            (7,),
            solver=solver,
            max_iter=2,
            batch_size=47,
            random_state=0,
        ).fit(X, targets, X_val=X[:50], y_val=targets[:50])
    chainrule.MLPRegressor(
        "huber", (7,), solver=solver, max_iter=2, batch_size=47, random_state=0
    ).fit(X, targets)
    assert compiled() == 1


def test_gathered_rows_are_a_program_of_their_own(data, compiled, monkeypatch):
    X, y, _ = data
    classifier(batch_size=49).fit(X, y)
    assert compiled() == 1
    monkeypatch.setattr("chainrule.estimators.minibatch.RESIDENT_BYTES", 0)
    for n in (300, 863, 1000):
        classifier(batch_size=49).fit(scipy.sparse.csr_array(X[:n]), y[:n])
    assert compiled() == 1
    for n in (300, 863, 1000):
        classifier(batch_size=49).fit(X[:n], y[:n])
    assert compiled() == 0


def test_full_batch_training_is_one_program(data, compiled):
    X, y, targets = data
    for n, strength in itertools.product((862, 863), (1e-3, 1e-2)):
        classifier(solver="lbfgs", l2=strength, max_iter=20).fit(X[:n], y[:n])
    assert compiled() == 1
    for n, strength in itertools.product((862, 863), (1e-3, 1e-2)):
        est = chainrule.MLPRegressor(
            hidden_layer_sizes=(7,), solver="lbfgs", l2=strength, max_iter=20, random_state=0
        )
        est.fit(X[:n], targets[:n])
    assert compiled() == 1
