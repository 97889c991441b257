"""PopulationSearchCV gives what scikit-learn's searches give over scikit-learn's networks."""

import pickle
from typing import ClassVar

import numpy as np
import pytest
import scipy.stats
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils import estimator_checks

from chainrule import MLPClassifier, MLPRegressor, PopulationSearchCV
from chainrule.errors import InvalidInputError
from chainrule.estimators.problem import one_thread
from chainrule.estimators.training import Loop
from chainrule.search import Float, Sizes
from chainrule.search.population import penalty
from chainrule.search.strategies import Candidate, Round

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SPACE = {"learning_rate_init": [0.003, 0.03], "alpha": [1e-4, 1.0]}
RATES = {"learning_rate_init": Float(1e-4, 1.0, log=True)}


def assert_same_results(ours, theirs, rtol=0.0):
    """scikit-learn's columns, in its order, with its values; times aside."""
    mine, other = ours.cv_results_, theirs.cv_results_
    assert list(mine)[: len(other)] == list(other)
    for name, column in other.items():
        if name == "params":
            assert mine[name] == column
        elif name.startswith("param_"):
            assert np.ma.allequal(mine[name], column)
            assert mine[name].dtype == column.dtype
            np.testing.assert_array_equal(mine[name].mask, column.mask)
        elif not name.endswith("_time"):
            assert mine[name].dtype == column.dtype
            np.testing.assert_allclose(mine[name], column, rtol=rtol, err_msg=name)
    for name in ("best_index_", "best_params_", "n_splits_", "multimetric_"):
        assert hasattr(ours, name) == hasattr(theirs, name), name
        assert getattr(ours, name, None) == getattr(theirs, name, None), name
    assert hasattr(ours, "best_score_") == hasattr(theirs, "best_score_")
    if hasattr(theirs, "best_score_"):
        np.testing.assert_allclose(ours.best_score_, theirs.best_score_, rtol=rtol)


# the same results


def test_a_grid(network, theirs, blobs):
    X, y = blobs
    given = {"cv": 3, "return_train_score": True}
    ours = PopulationSearchCV(network(), SPACE, **given).fit(X, y)
    right = GridSearchCV(theirs(), SPACE, **given).fit(X, y)
    assert_same_results(ours, right)
    assert ours.refit_time_ > 0
    assert ours.n_features_in_ == 5
    assert isinstance(ours.best_estimator_, MLPClassifier)
    np.testing.assert_array_equal(ours.classes_, right.classes_)
    np.testing.assert_array_equal(ours.predict(X), right.predict(X))
    np.testing.assert_allclose(ours.predict_proba(X), right.predict_proba(X), rtol=1e-6)
    assert ours.score(X, y) == right.score(X, y)
    assert ours.best_estimator_.loss_curve_ == pytest.approx(right.best_estimator_.loss_curve_)


def test_several_metrics(network, theirs, blobs):
    X, y = blobs
    given = {"cv": 3, "scoring": ["accuracy", "neg_log_loss"], "refit": "neg_log_loss"}
    ours = PopulationSearchCV(network(), SPACE, **given).fit(X, y)
    right = GridSearchCV(theirs(), SPACE, **given).fit(X, y)
    assert_same_results(ours, right, rtol=1e-9)
    assert set(ours.scorer_) == {"accuracy", "neg_log_loss"}
    assert ours.score(X, y) == pytest.approx(right.score(X, y))
    np.testing.assert_array_equal(
        ours.cv_results_["split0_test_accuracy"], right.cv_results_["split0_test_accuracy"]
    )
    assert np.isfinite(ours.cv_results_["p_value_accuracy"]).any()


def both_scores(estimator, X, y):
    proba = estimator.predict_proba(X)
    return {
        "accuracy": accuracy_score(y, estimator.classes_[proba.argmax(axis=1)]),
        "loss": log_loss(y, proba, labels=estimator.classes_),
    }


def second_best(results):
    return int(np.argsort(-results["mean_test_score"], kind="stable")[1])


@pytest.mark.parametrize(
    "given",
    [
        {"refit": second_best},
        {"refit": False},
        {"scoring": both_scores, "refit": "accuracy"},
        {"scoring": both_scores, "refit": False},
        {"scoring": {"a": "accuracy", "b": "f1_macro"}, "refit": lambda results: 1},
    ],
    ids=["callable", "none", "a function's", "a function's, none", "callable of several"],
)
def test_scoring_and_refit(given, network, theirs, blobs):
    X, y = blobs
    ours = PopulationSearchCV(network(), SPACE, cv=3, **given).fit(X, y)
    right = GridSearchCV(theirs(), SPACE, cv=3, **given).fit(X, y)
    assert_same_results(ours, right, rtol=1e-9)
    assert hasattr(ours, "best_estimator_") == hasattr(right, "best_estimator_")
    assert hasattr(ours, "predict") == hasattr(right, "predict")


def test_a_regressor_of_large_targets(network, theirs, blobs):
    """Whose losses are above 1e3 from the first epoch to the last."""
    X, _ = blobs
    y = 150 + 80 * X[:, 0] - 40 * X[:, 1]
    given = {"cv": 3, "scoring": ["r2", "neg_mean_squared_error"], "refit": "r2"}
    settings = network().get_params()
    settings = {name: settings[name] for name in ("batch_size", "hidden_layer_sizes", "max_iter")}
    settings["random_state"] = 0
    ours = PopulationSearchCV(MLPRegressor(**settings), SPACE, **given).fit(X, y)
    right = GridSearchCV(TheirRegressor(**settings), SPACE, **given).fit(X, y)
    assert_same_results(ours, right, rtol=1e-9)
    assert not ours.cv_results_["diverged"].any()
    assert min(ours.curves_[0]["train_loss"]) > 1e3
    np.testing.assert_allclose(ours.predict(X), right.predict(X))


def test_random_candidates(network, theirs, blobs):
    X, y = blobs
    space = {"learning_rate_init": scipy.stats.loguniform(1e-3, 1e-1), "alpha": [1e-4, 0.01, 1.0]}
    right = RandomizedSearchCV(theirs(), space, n_iter=4, cv=3, random_state=5).fit(X, y)
    ours = PopulationSearchCV(
        network(), space, strategy="random", n_candidates=4, cv=3, random_state=5
    ).fit(X, y)
    assert_same_results(ours, right)


def test_lists_of_spaces(network, theirs, blobs):
    """Columns are masked where a candidate lacks the parameter."""
    X, y = blobs
    spaces = [{"alpha": [1e-4, 1.0]}, {"learning_rate_init": [0.003, 0.03]}]
    ours = PopulationSearchCV(network(), spaces, cv=3).fit(X, y)
    assert_same_results(ours, GridSearchCV(theirs(), spaces, cv=3).fit(X, y))


@pytest.mark.parametrize(
    ("cv", "params"),
    [
        (GroupKFold(3), {"groups": np.arange(90) // 10}),
        (StratifiedKFold(3, shuffle=True, random_state=1), {}),
        (list(KFold(3).split(np.zeros(90))), {}),
        (ShuffleSplit(3, test_size=1 / 3, random_state=2), {}),
    ],
    ids=["groups", "shuffled", "iterable", "shuffle split"],
)
def test_splitters(cv, params, network, theirs, blobs):
    X, y = blobs
    ours = PopulationSearchCV(network(), SPACE, cv=cv).fit(X, y, **params)
    assert_same_results(ours, GridSearchCV(theirs(), SPACE, cv=cv).fit(X, y, **params))


def test_sample_weights(network, theirs, blobs):
    """Cut with the rows; fits and scores know them."""
    X, y = blobs
    weights = np.random.RandomState(0).randint(1, 4, 90) / 2
    ours = PopulationSearchCV(network(), SPACE, cv=3).fit(X, y, sample_weight=weights)
    right = GridSearchCV(theirs(), SPACE, cv=3).fit(X, y, sample_weight=weights)
    assert_same_results(ours, right, rtol=1e-12)
    plain = PopulationSearchCV(network(), SPACE, cv=3).fit(X, y)
    assert ours.cv_results_["split0_test_score"][0] != plain.cv_results_["split0_test_score"][0]


def test_frames_and_labels(network, theirs, blobs):
    pandas = pytest.importorskip("pandas")
    X, y = blobs
    frame = pandas.DataFrame(X, columns=list("abcde"))
    labels = pandas.Series(np.array(["ape", "bee", "cat"])[y])
    ours = PopulationSearchCV(network(), SPACE, cv=3).fit(frame, labels)
    right = GridSearchCV(theirs(), SPACE, cv=3).fit(frame, labels)
    assert_same_results(ours, right)
    assert ours.feature_names_in_.tolist() == list("abcde")
    np.testing.assert_array_equal(ours.predict(frame), right.predict(frame))


# pipelines


class Noted(TransformerMixin, BaseEstimator):
    """Writes down the rows that it is fitted on."""

    fitted: ClassVar[list] = []

    def __init__(self, factor=1.0):
        self.factor = factor

    def fit(self, X, y=None):
        self.fitted.append((self.factor, X[:, 0].copy()))
        return self

    def transform(self, X):
        return X * self.factor


def pipeline(network, first=None):
    return Pipeline([("first", first or StandardScaler()), ("net", network)])


def test_a_pipeline(network, theirs, blobs):
    """Its transformers are fitted for each split, on the rows that are trained on."""
    X, y = blobs
    space = {"net__alpha": [1e-4, 1.0], "first__with_mean": [True, False]}
    ours = PopulationSearchCV(pipeline(network()), space, cv=3).fit(X, y)
    right = GridSearchCV(pipeline(theirs()), space, cv=3).fit(X, y)
    assert_same_results(ours, right)
    np.testing.assert_array_equal(ours.predict(X), right.predict(X))


def test_each_type_has_rows_of_its_own(network, blobs):
    """In float64, a candidate sees what float32 would round."""
    X, y = blobs
    X = X + 1 / 3
    net = network().set_params(dtype="float32", max_iter=3)
    space = {"dtype": ["float32", "float64", "auto"]}
    search = PopulationSearchCV(net, space, cv=[(np.arange(40), np.arange(40, 60))], refit=False)
    for curve in search.fit(X, y).curves_:
        alone = clone(net).set_params(dtype=space["dtype"][curve["candidate"]])
        alone.fit(X[:40], y[:40])
        rel = 1e-5 if alone.dtype == "float32" else 1e-12
        assert curve["train_loss"] == pytest.approx(alone.history_["train_loss"].tolist(), rel=rel)
    with pytest.raises(InvalidInputError, match="'half'"):
        PopulationSearchCV(net, {"dtype": ["half"]}).fit(X, y)


def test_nothing_of_the_test_rows_is_known(network, blobs):
    X, y = blobs
    Noted.fitted.clear()
    cv = KFold(3)
    space = {"net__alpha": [1e-4, 1.0], "first__factor": [1.0, 2.0]}
    PopulationSearchCV(pipeline(network(), Noted()), space, cv=cv, refit=False).fit(X, y)
    expected = [(factor, X[train, 0].tolist()) for factor in (1.0, 2.0) for train, _ in cv.split(X)]
    found = [(factor, rows.tolist()) for factor, rows in Noted.fitted]
    assert sorted(found) == sorted(expected)  # once for all candidates that have them in common


def test_steps_that_are_searched(network, theirs, blobs):
    """Whole steps before the network, also those whose texts are the same."""
    X, y = blobs
    scales = [Scale(np.full(2000, 0.1)), Scale(np.full(2000, 3.0)), MinMaxScaler(), "passthrough"]
    assert repr(scales[0])[:60] == repr(scales[1])[:60]
    for some in (scales[:2], scales[2:]):
        space = {"net__alpha": [1e-4, 1.0], "first": some}
        given = {"cv": 3, "refit": lambda results: 0}
        ours = PopulationSearchCV(pipeline(network()), space, **given).fit(X, y)
        right = GridSearchCV(pipeline(theirs()), space, **given).fit(X, y)
        np.testing.assert_array_equal(
            ours.cv_results_["mean_test_score"], right.cv_results_["mean_test_score"]
        )
    assert ours.best_params_["first"] is scales[2]
    assert hasattr(ours.best_estimator_[0], "scale_")
    assert not hasattr(scales[2], "scale_")  # what was given is not fitted


class Scale(TransformerMixin, BaseEstimator):
    def __init__(self, factors=None):
        self.factors = factors

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X * self.factors[0]

    def __repr__(self):
        return "Scale(...)"


def test_the_network_in_the_last_step_stays(network, blobs):
    X, y = blobs
    for space in ({"net": [network()]}, {"steps": [[("net", network())]]}):
        search = PopulationSearchCV(pipeline(network()), space)
        with pytest.raises(InvalidInputError, match="replaces the network at the Pipeline's end"):
            search.fit(X, y)


# seeds, and shapes


def test_seeds(network, theirs, blobs):
    """A split's score is the mean of its trainings from all seeds."""
    X, y = blobs
    space = {"learning_rate_init": [0.003, 0.03]}
    ours = PopulationSearchCV(network(random_state=3), space, cv=3, n_seeds=2).fit(X, y)
    assert ours.seeds_ == [3, 4]
    found = [
        GridSearchCV(theirs(random_state=seed), space, cv=3, refit=False).fit(X, y).cv_results_
        for seed in ours.seeds_
    ]
    for split in range(3):
        each = [results[f"split{split}_test_score"] for results in found]
        np.testing.assert_allclose(
            ours.cv_results_[f"split{split}_test_score"], np.mean(each, axis=0), rtol=1e-12
        )
        for place in (0, 1):
            column = ours.cv_results_[f"split{split}_seed{place}_test_score"]
            np.testing.assert_array_equal(column, each[place])
    assert ours.best_estimator_.random_state == 3
    assert len(ours.curves_) == 2 * 3 * 2


def test_shapes_see_the_same_batches(network, blobs):
    """From a seed of the data, one for each seed of the trainings, unless there is one already."""
    X, y = blobs
    space = {"hidden_layer_sizes": Sizes(depth=1, width=[3, 6])}
    ours = PopulationSearchCV(network(), space, cv=3, n_seeds=2).fit(X, y)
    splits = list(StratifiedKFold(3).split(X, y))
    for curve in ours.curves_:
        seed, (train, _) = ours.seeds_[curve["seed"]], splits[curve["split"]]
        sizes = ours.cv_results_["params"][curve["candidate"]]["hidden_layer_sizes"]
        alone = network(hidden_layer_sizes=sizes, random_state=seed, data_seed=seed)
        alone.fit(X[train], y[train])
        np.testing.assert_allclose(curve["train_loss"], alone.history_["train_loss"], rtol=1e-9)
    assert ours.best_estimator_.data_seed == ours.seeds_[0]
    ours = PopulationSearchCV(network(data_seed=77), space, cv=3, refit=False).fit(X, y)
    alone = network(hidden_layer_sizes=(3,), data_seed=77).fit(X[splits[0][0]], y[splits[0][0]])
    np.testing.assert_allclose(ours.curves_[0]["train_loss"], alone.history_["train_loss"])


def test_columns_see_the_same_batches(network, blobs):
    """Where a step before the network changes how many there are; not where none does."""
    X, y = blobs
    space = {"first__n_components": [2, 4]}
    ours = PopulationSearchCV(pipeline(network(), PCA(random_state=0)), space, cv=3).fit(X, y)
    assert ours.best_estimator_["net"].data_seed == ours.seeds_[0]
    splits = list(StratifiedKFold(3).split(X, y))
    for curve in ours.curves_:
        train, _ = splits[curve["split"]]
        steps = pipeline(network(data_seed=ours.seeds_[0]), PCA(random_state=0))
        steps.set_params(**ours.cv_results_["params"][curve["candidate"]]).fit(X[train], y[train])
        losses = steps["net"].history_["train_loss"]
        np.testing.assert_allclose(curve["train_loss"], losses, rtol=1e-9)
    same = {"first__whiten": [True, False]}
    ours = PopulationSearchCV(pipeline(network(), PCA(2)), same, cv=3).fit(X, y)
    assert ours.best_estimator_["net"].data_seed is None


# halving


@pytest.mark.parametrize(
    ("strategy", "more", "epochs"),
    [
        ("successive_halving", {"n_candidates": 4}, [2, 2, 4, 8]),
        ("hyperband", {"settings": {"factor": 2, "min_epochs": 4}}, [4, 8, 8, 8]),
    ],
)
def test_survivors_go_on(strategy, more, epochs, network, blobs, monkeypatch):
    """From where they are: a curve is that of one training of as many epochs, of which none was
    trained twice."""
    X, y = blobs
    trained = []
    book = Loop._book
    monkeypatch.setattr(Loop, "_book", lambda *given: trained.append(1) or book(*given))
    given = {"cv": 3, "random_state": 1, "settings": {"factor": 2}, "refit": False, **more}
    ours = PopulationSearchCV(network(max_iter=8), RATES, strategy=strategy, **given).fit(X, y)
    assert sorted(ours.cv_results_["epochs"]) == epochs
    assert len(trained) == 3 * sum(epochs)
    splits = list(StratifiedKFold(3).split(X, y))
    for curve in ours.curves_:
        params = ours.cv_results_["params"][curve["candidate"]]
        train, test = splits[curve["split"]]
        count = len(curve["train_loss"])
        assert count == ours.cv_results_["epochs"][curve["candidate"]]
        alone = network(max_iter=count, **params).fit(X[train], y[train])
        np.testing.assert_allclose(curve["train_loss"], alone.history_["train_loss"], rtol=1e-6)
        score = ours.cv_results_[f"split{curve['split']}_test_score"][curve["candidate"]]
        assert score == alone.score(X[test], y[test])
    assert ours.cv_results_["epochs"][ours.best_index_] == 8


def test_the_best_has_had_the_whole_budget(network, blobs):
    """Also where the scores of those that were left behind are better."""
    X, y = blobs
    search = PopulationSearchCV(
        network(max_iter=8),
        {"learning_rate_init": [0.1, 0.01, 0.003, 0.001]},
        strategy="successive_halving",
        cv=3,
        scoring=lambda estimator, X, y: -len(estimator.history_["epoch"]),
        settings={"factor": 2},
        refit=False,
    ).fit(X, y)
    assert search.cv_results_["mean_test_score"].tolist() == [-8, -4, -2, -2]
    assert search.best_index_ == search.one_standard_error_["index"] == 0
    assert search.best_score_ == -8


def test_halving_with_callbacks_and_patience(network, blobs):
    """A callback hears of one fit, however often it pauses; a training may end before its rung."""
    X, y = blobs
    events = []

    class Heard:
        def setup(self, estimator, context):
            events.append("setup")

        def on_fit_task_begin(self, estimator, context):
            events.append(f"begin {context.task_name}")

        def on_fit_task_end(self, estimator, context):
            events.append(f"end {context.task_name}")

        def teardown(self, estimator, context):
            events.append("teardown")

    ours = PopulationSearchCV(
        network(max_iter=4, tol=10.0, n_iter_no_change=1).set_callbacks(Heard()),
        SPACE,
        strategy="successive_halving",
        cv=3,
        settings={"factor": 4},
        refit=False,
    ).fit(X, y)
    assert sorted(ours.cv_results_["epochs"]) == [1, 1, 1, 3]
    for name in ("setup", "begin fit", "teardown"):
        assert events.count(name) == 4 * 3, name
    assert events.count("begin epoch") == events.count("end epoch") == 3 * (1 + 1 + 1 + 3)


@pytest.mark.parametrize("strategy", ["successive_halving", "hyperband"])
def test_budgets_are_in_epochs(strategy, network, blobs):
    """Of a strategy by name or as an object, whatever the network's own budget."""
    from chainrule.search.strategies import Hyperband, SuccessiveHalving

    X, y = blobs
    kinds = {"successive_halving": SuccessiveHalving, "hyperband": Hyperband}
    more = {} if strategy == "hyperband" else {"n_candidates": 4}
    made = kinds[strategy](max_epochs=4, min_epochs=2, factor=2, random_state=0, **more)
    found = [
        PopulationSearchCV(network(max_iter=3), RATES, strategy=made, cv=3).fit(X, y),
        PopulationSearchCV(
            network(max_iter=4), RATES, strategy=strategy, random_state=0, cv=3,
            settings={"factor": 2, "min_epochs": 2}, **more,
        ).fit(X, y),
    ]  # fmt: skip
    for name in ("epochs", "mean_test_score"):
        np.testing.assert_array_equal(*(search.cv_results_[name] for search in found))
    for search in found:
        results = search.cv_results_
        assert set(results["epochs"]) == {2, 4}
        assert results["epochs"][search.best_index_] == search.best_estimator_.max_iter == 4


# Optuna


def test_tpe(network, blobs, tmp_path):
    """What is proposed depends on the scores; the study has what the results have."""
    optuna = pytest.importorskip("optuna")
    X, y = blobs
    given = {"strategy": "tpe", "n_candidates": 8, "settings": {"startup": 4, "batch": 4}}
    given |= {"cv": 3, "random_state": 0, "refit": False}
    ours = PopulationSearchCV(network(), RATES, run_dir=tmp_path, **given).fit(X, y)
    results = ours.cv_results_
    rates = [params["learning_rate_init"] for params in results["params"]]
    assert len(set(rates)) == 8
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "optuna-journal.log"))
    storage = optuna.storages.JournalStorage(backend)
    study = optuna.load_study(study_name="chainrule", storage=storage)
    assert [trial.value for trial in study.trials] == results["mean_test_score"].tolist()
    assert [trial.params["learning_rate_init"] for trial in study.trials] == rates
    assert study.best_value == results["mean_test_score"][ours.best_index_]
    grid = PopulationSearchCV(network(), {"learning_rate_init": rates[:4]}, cv=3, refit=False)
    np.testing.assert_array_equal(
        grid.fit(X, y).cv_results_["mean_test_score"], results["mean_test_score"][:4]
    )
    worse = lambda estimator, X, y: -estimator.score(X, y)  # noqa: E731
    other = PopulationSearchCV(network(), RATES, scoring=worse, **given).fit(X, y)
    found = [params["learning_rate_init"] for params in other.cv_results_["params"]]
    assert found[:4] == rates[:4]
    assert found[4:] != rates[4:]


# divergence, and scores that fail


@pytest.mark.parametrize("strategy", ["grid", "successive_halving"])
def test_diverged_candidates(strategy, network, blobs):
    X, y = blobs
    space = {"learning_rate_init": [1e300, 0.01, 0.03, 1e200]}
    ours = PopulationSearchCV(network(solver="sgd"), space, strategy=strategy, cv=3).fit(X, y)
    results = ours.cv_results_
    assert results["diverged"].tolist() == [True, False, False, True]
    assert np.isnan(results["mean_test_score"][[0, 3]]).all()
    assert results["rank_test_score"][[0, 3]].tolist() == [3, 3]
    assert ours.best_index_ in (1, 2)
    assert not ours.best_estimator_.diverged_
    assert ours.best_estimator_.on_divergence == "raise"
    marked = [curve["candidate"] for curve in ours.curves_ if curve["diverged"]]
    assert marked == [0] * 3 + [3] * 3
    for curve in ours.curves_:
        losses = curve["train_loss"]
        assert all(np.isfinite(losses[:-1]))  # up to the last finite one
        assert len(losses) <= results["epochs"][curve["candidate"]]
        assert curve["diverged"] or None not in losses


@pytest.mark.parametrize("strategy", ["grid", "successive_halving"])
@pytest.mark.parametrize("refit", [True, "neg_log_loss"], ids=["one metric", "several"])
def test_an_error_score_makes_nobody_better(strategy, refit, network, blobs):
    """0 is more than any negated loss: it is in the columns, and decides nothing."""
    X, y = blobs
    scoring = "neg_log_loss" if refit is True else ["neg_log_loss", "accuracy"]
    name = "score" if refit is True else refit
    search = PopulationSearchCV(
        network(solver="sgd"), {"learning_rate_init": [1e300, 0.01, 0.03, 1e200]},
        strategy=strategy, scoring=scoring, error_score=0.0, cv=3, refit=refit,
        settings={"factor": 2} if strategy != "grid" else None,
    ).fit(X, y)  # fmt: skip
    results = search.cv_results_
    assert results["diverged"].tolist() == [True, False, False, True]
    assert results[f"mean_test_{name}"][[0, 3]].tolist() == [0.0, 0.0]
    assert results[f"rank_test_{name}"][[0, 3]].tolist() == [3, 3]
    assert search.best_index_ in (1, 2)
    assert search.one_standard_error_["index"] in (1, 2)
    ending = "" if refit is True else f"_{name}"
    assert np.isnan(results[f"p_value{ending}"][[0, 3]]).all()
    assert results[f"p_value{ending}"][search.best_index_] == 1.0
    if strategy == "successive_halving":  # who diverged was not gone on with
        assert results["epochs"][[0, 3]].tolist() == [1, 1]
        assert results["epochs"][search.best_index_] == 4


def test_p_values_are_against_the_best_index(network, blobs):
    """Also where a callable takes another, or halving left a better score behind."""
    X, y = blobs
    search = PopulationSearchCV(network(), SPACE, cv=3, refit=second_best).fit(X, y)
    assert search.cv_results_["p_value"][search.best_index_] == 1.0
    assert search.best_index_ != search.cv_results_["rank_test_score"].argmin()
    rng = np.random.default_rng(0)
    search = PopulationSearchCV(
        network(max_iter=8),
        {"learning_rate_init": [0.1, 0.01, 0.003, 0.001]},
        strategy="successive_halving",
        cv=3,
        scoring=lambda est, X, y: -len(est.history_["epoch"]) - rng.random() / 10,
        settings={"factor": 2},
        refit=False,
    ).fit(X, y)
    results = search.cv_results_
    assert results["mean_test_score"].argmax() != search.best_index_
    assert results["p_value"][search.best_index_] == 1.0
    assert (np.delete(results["p_value"], search.best_index_) < 1.0).all()


def test_all_diverge(network, blobs):
    """Nothing raises; what is fitted again says that it diverged too."""
    X, y = blobs
    search = PopulationSearchCV(network(solver="sgd"), {"learning_rate_init": [1e300, 1e200]}, cv=3)
    with pytest.warns(UserWarning, match="diverged; best_estimator_ has its last good weights"):
        search.fit(X, y)
    assert search.cv_results_["diverged"].all()
    assert search.best_index_ == 0
    assert search.best_estimator_.diverged_


def test_the_threshold(network, blobs):
    """A loss above the estimator's own, or above 1e3."""
    X, y = blobs
    for own, diverged in ((np.inf, False), (0.5, True)):
        search = PopulationSearchCV(
            network(divergence_threshold=own), {"alpha": [0.1]}, cv=3, refit=False, error_score=-1.0
        ).fit(X, y)
        assert search.cv_results_["diverged"].tolist() == [diverged]
        assert (search.cv_results_["mean_test_score"][0] == -1.0) == diverged
    search = PopulationSearchCV(
        network(solver="sgd", max_iter=20), {"learning_rate_init": [1e4, 2e4]}, cv=3, refit=False
    ).fit(X, y)
    assert search.cv_results_["diverged"].all()
    assert all(1e3 < curve["train_loss"][-1] < np.inf for curve in search.curves_)


def test_scores_that_fail(network, blobs):
    """The error score and a warning, as in scikit-learn; or the error itself."""
    X, y = blobs

    def failing(estimator, X, y):
        if estimator.alpha == 1.0:
            raise RuntimeError("no score for this one")
        return {"a": 1.0, "b": 2.0}

    space = {"alpha": [1.0, 0.1]}
    search = PopulationSearchCV(
        network(), space, cv=3, scoring=failing, refit="b", error_score=-5.0
    )
    with pytest.warns(UserWarning, match=r"Scoring failed.*-5.*no score for this one"):
        search.fit(X, y)
    assert search.cv_results_["mean_test_a"].tolist() == [-5.0, 1.0]
    assert search.best_index_ == 1
    with pytest.raises(RuntimeError, match="no score for this one"):
        search.set_params(error_score="raise").fit(X, y)


def test_one_of_several_metrics_fails(network, blobs):
    """Such as one that wants two classes."""
    X, y = blobs
    search = PopulationSearchCV(
        network(), {"alpha": [0.1]}, cv=3, scoring=["accuracy", "roc_auc"], refit="accuracy"
    )
    with pytest.warns(UserWarning, match=r"Scoring failed \(roc_auc\).*multi_class"):
        search.fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_roc_auc"]).all()
    assert np.isfinite(search.best_score_)


def test_a_scorer_may_train(network, blobs):
    """Its own thread is let in where scores are computed."""
    X, y = blobs

    def scorer(estimator, X, y):
        with one_thread():
            return estimator.score(X, y)

    PopulationSearchCV(network(), {"alpha": [0.1]}, cv=3, scoring=scorer).fit(X, y)


# an estimator like others


def test_it_is_an_estimator(network):
    search = PopulationSearchCV(network(), SPACE, n_seeds=2, memory=1e8)
    again = clone(search)
    assert again is not search
    assert again.get_params()["n_seeds"] == 2
    assert again.set_params(estimator__alpha=0.5).estimator.alpha == 0.5
    assert search.estimator.alpha != 0.5
    assert "n_jobs" not in search.get_params()
    assert "n_seeds=2" in repr(search)


CHECKS = (
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_fit1d",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_requires_y_none",
    "check_set_params",
)


@pytest.mark.parametrize("name", CHECKS)
def test_scikit_learns_checks(name):
    """Those that say something of a search and train little; all take a minute."""
    search = PopulationSearchCV(MLPClassifier((3,), max_iter=2), {"alpha": [0.1]}, cv=2)
    getattr(estimator_checks, name)("PopulationSearchCV", search)


def test_pickled(network, blobs):
    X, y = blobs
    search = PopulationSearchCV(network(), SPACE, cv=3).fit(X, y)
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict(X), search.predict(X))
    assert again.best_params_ == search.best_params_


def test_nested(network, theirs, blobs):
    X, y = blobs
    X, y = np.vstack([X, X + 0.1]), np.tile(y, 2)
    outer = KFold(2)
    found = cross_val_score(PopulationSearchCV(network(), SPACE, cv=3), X, y, cv=outer)
    right = cross_val_score(GridSearchCV(theirs(), SPACE, cv=3), X, y, cv=outer)
    np.testing.assert_array_equal(found, right)


def test_what_is_fitted_by_itself(network, theirs, blobs):
    """L-BFGS beside the others."""
    X, y = blobs
    space = {"solver": ["lbfgs", "adam"], "alpha": [0.1, 1.0]}
    ours = PopulationSearchCV(network(), space, cv=3).fit(X, y)
    right = GridSearchCV(theirs(), space, cv=3).fit(X, y)
    assert_same_results(ours, right)


def test_progress(network, blobs, capsys):
    """A forecast, and lines with the best so far and the numbers of alive and diverged."""
    X, y = blobs
    space = {"learning_rate_init": [0.01, 1e300]}
    PopulationSearchCV(network(solver="sgd"), space, cv=3, verbose=1).fit(X, y)
    said = capsys.readouterr().err
    assert "6 trainings in" in said
    assert "6 of 6 trainings; round 1: best 0." in said
    assert "candidates: 1 alive, 1 diverged" in said


def test_progress_counts_what_is_trained(network, blobs, capsys):
    """Who came to an end in the first rung is not trained in the second."""
    X, y = blobs
    search = PopulationSearchCV(
        network(max_iter=4, tol=10.0, n_iter_no_change=1), {"alpha": [0.1, 0.2]},
        strategy="successive_halving", settings={"factor": 2}, cv=3, refit=False, verbose=1,
    )  # fmt: skip
    search.fit(X, y)
    assert "9 of 9 trainings; round 2: best 0." in capsys.readouterr().err
    search.set_params(estimator__max_iter=8).fit(X, y)  # 4 epochs are more than the patience
    assert "6 of 6 trainings; round 2: best 0." in capsys.readouterr().err


def test_columns_of_our_own(network, blobs):
    X, y = blobs
    search = PopulationSearchCV(network(), {"hidden_layer_sizes": [(3,), (6,)]}, cv=3).fit(X, y)
    assert search.cv_results_["n_parameters"].tolist() == [30, 57]
    assert search.cv_results_["epochs"].tolist() == [4, 4]
    assert search.cv_results_["p_value"][search.best_index_] == 1.0
    assert (search.cv_results_["mean_fit_time"] > 0).all()


@pytest.mark.parametrize(("second", "chosen"), [(0.75, 1), (0.74, 0)])
def test_one_standard_error(second, chosen, network, blobs):
    """The fewest parameters of those that are as good as the best within its standard error."""
    X, y = blobs
    calls = {(6,): iter([0.9, 0.7, 0.8]), (3,): iter([second] * 3)}
    search = PopulationSearchCV(
        network(),
        {"hidden_layer_sizes": [(6,), (3,)]},
        cv=3,
        scoring=lambda estimator, X, y: next(calls[estimator.hidden_layer_sizes]),
    ).fit(X, y)
    assert search.best_params_ == {"hidden_layer_sizes": (6,)}
    found = search.one_standard_error_
    assert found["threshold"] == pytest.approx(0.8 - 0.1 / np.sqrt(3))  # 0.7423
    assert found["index"] == chosen
    assert found["params"] == search.cv_results_["params"][chosen]


@pytest.mark.parametrize("name", ["l2", "alpha"])
def test_a_tie_of_sizes_is_decided_by_the_penalty(name, network, blobs):
    X, y = blobs
    search = PopulationSearchCV(
        pipeline(network()), {f"net__{name}": [0.1, 0.3, 0.2]}, cv=3, scoring=lambda *_: 0.5
    ).fit(X, y)
    assert search.one_standard_error_["params"] == {f"net__{name}": 0.3}
    assert penalty(pipeline(network(batch_size=16)), {"net__alpha": 0.32}) == pytest.approx(0.02)


# bad input


def test_bad_input(network, blobs):
    X, y = blobs
    cases = [
        (network(), {}, {}, "The search space is empty"),
        (network(), {"alpha": []}, {}, "alpha: the list of values is empty"),
        (network(), {"alpa": [1.0]}, {}, "Did you mean 'alpha'"),
        (network(), {"alpha": [0.1, -1.0]}, {}, r"{'alpha': -1.0} cannot be trained: .*alpha"),
        (RandomForestClassifier(), {"max_depth": [2]}, {}, "came RandomForestClassifier"),
        (
            Pipeline([("a", PCA()), ("b", RandomForestClassifier())]),
            {"b__max_depth": [2]},
            {},
            "Pipeline that ends in RandomForestClassifier",
        ),
        (network(), SPACE, {"cv": 91}, "cannot be cut for cross-validation: .* Give fewer folds"),
        (network(), SPACE, {"n_candidates": 3}, "decides itself how many candidates"),
        (
            network(), {"alpha": Float(0.1, 1.0)}, {},
            "has no list of values for a grid",
        ),
        (
            pipeline(network(), PCA()),
            {"first__n_components": [2, 99], "net__alpha": [0.1]},
            {},
            r"steps before the network cannot be fitted with {'first__n_components': 99}",
        ),
    ]  # fmt: skip
    for estimator, space, given, said in cases:
        with pytest.raises(InvalidInputError, match=said):
            PopulationSearchCV(estimator, space, **given).fit(X, y)
    holed = np.where(np.arange(90)[:, None] == 7, np.nan, X)
    with pytest.raises(ValueError, match="contains NaN"):
        PopulationSearchCV(network(), SPACE).fit(holed, y)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"dropout": (0.1, 0.2)}, "dropout must be one value, or one for each"),
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes must be > 0"),
        ({"activation": ["relu", "tanh"]}, "activation must be one value"),
        ({"schedule": {"name": "cosine", "warm": 1}}, "Did you mean 'warmup'"),
        ({"stopping": {"name": "GL", "beta": 1.0}}, "Unknown setting of the stopping"),
        ({"init": {"name": "norml"}}, "Did you mean 'normal'"),
        ({"l2": 0.1, "alpha": 0.2}, "l2=0.1 replaces alpha"),
        ({"solver": "lbfgs", "dropout": 0.5}, "knows no dropout"),
        ({"solver": "adamm"}, "Did you mean 'adam'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_refused_candidate_is_known_before_any_training(settings, said, network, blobs):
    """However many others come first, and however little fits the memory."""
    X, y = blobs
    spaces = [{"alpha": [0.1], "solver": ["lbfgs"]}, {"alpha": [0.1, 0.2]}]
    spaces.append({name: [value] for name, value in settings.items()})
    trained = []
    search = PopulationSearchCV(
        network(), spaces, cv=2, memory=1.0, scoring=lambda *a: trained.append(a) or 1.0
    )
    with pytest.raises(InvalidInputError, match=f"The candidate .* cannot be trained: .*{said}"):
        search.fit(X, y)
    assert not trained


REFUSED = [
    (
        {"class_weight": [None, {99: 1.0}]},
        {},
        r"'class_weight': {99: 1.0}} cannot be trained: The classes",
    ),
    (
        {"validation_fraction": [0.1, 0.001]},
        {"early_stopping": True},
        r"'validation_fraction': 0.001} cannot be trained: .*",
    ),
    (
        {"stopping": [None, {"name": "GL", "alpha": 5.0}]},
        {},
        "cannot be trained: stopping=.* there is no validation data",
    ),
]


@pytest.mark.parametrize(("space", "settings", "said"), REFUSED, ids=["class", "share", "stopping"])
def test_what_only_the_rows_refuse(space, settings, said, network, blobs):
    """Is named, before anything is trained."""
    X, y = blobs
    trained = []
    search = PopulationSearchCV(
        network(**settings), space, cv=2, memory=1.0, scoring=lambda *a: trained.append(a) or 1.0
    )
    with pytest.raises(InvalidInputError, match=rf"The candidate {{.*{said}"):
        search.fit(X, y)
    assert not trained


def test_rows_that_nobody_takes_are_no_candidates_fault(network, blobs):
    X, y = blobs
    with pytest.raises(ValueError, match=r"^Input X contains NaN"):
        PopulationSearchCV(network(), SPACE, cv=2).fit(np.where(X[7] == X, np.nan, X), y)


class OneByOne:
    """A strategy that asks for one candidate a round."""

    def __init__(self, parameters):
        self.parameters, self.told = parameters, []

    def __repr__(self):
        return "OneByOne()"

    def rounds(self, space):
        for number, parameters in enumerate(self.parameters):
            self.told.append((yield Round(((Candidate(number, parameters), None),))))


def test_a_refused_proposal_is_lost_and_no_more(network, blobs, tmp_path):
    """In a later round: what was found stays, and the search goes on, also in another process."""
    X, y = blobs
    space = {"class_weight": [None, {99: 1.0}, "balanced"], "alpha": [1.0, -1.0]}
    asked = [
        {"class_weight": None},
        {"class_weight": {99: 1.0}},
        {"alpha": -1.0},
        {"class_weight": "balanced"},
    ]
    for _ in range(2):
        strategy = OneByOne(asked)
        search = PopulationSearchCV(
            network(), space, strategy=strategy, cv=2, run_dir=tmp_path, error_score=5.0
        )
        with pytest.warns(UserWarning, match="the search goes on") as said:
            search.fit(X, y)
        said = [str(each.message) for each in said if "goes on" in str(each.message)]
        assert len(said) == 2
        assert "{'class_weight': {99: 1.0}} cannot be trained" in said[0]
        results = search.cv_results_
        assert results["refused"].tolist() == [False, True, True, False]
        assert not results["diverged"].any()
        assert results["rank_test_score"][1:3].tolist() == [3, 3]
        assert results["epochs"].tolist() == [4, 0, 0, 4]
        assert [np.isnan(next(iter(told.values()))) for told in strategy.told] == [0, 1, 1, 0]
        assert search.best_index_ in (0, 3)


def test_the_size_of_blocks_is_measured_once(network, blobs, monkeypatch):
    """However many rungs there are; it changes no result."""
    from chainrule.estimators import together
    from chainrule.estimators.measure import Way

    X, y = blobs
    given = {"strategy": "successive_halving", "cv": 2, "refit": False, "settings": {"factor": 2}}
    plain = PopulationSearchCV(network(), SPACE, **given).fit(X, y)
    assert plain.block_sizes_ == {}
    measured = []
    quickest = together.quickest_way
    monkeypatch.setattr(together, "WORTH_MEASURING", 0.0)
    monkeypatch.setattr(together, "quickest_way", lambda *a: measured.append(a) or quickest(*a))
    ours = PopulationSearchCV(network(), SPACE, **given).fit(X, y)
    assert len(measured) == 1
    (found,) = ours.block_sizes_.values()
    assert "1" in found["seconds"]
    best = Way(found["size"], found["in_turn"])
    assert str(best) == min(found["seconds"], key=found["seconds"].get)
    assert any(name.endswith("in turn") for name in found["seconds"])
    assert ours.cv_results_["epochs"].tolist() == plain.cv_results_["epochs"].tolist()
    np.testing.assert_array_equal(
        ours.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


def test_what_was_measured_outlives_a_kill(network, blobs, tmp_path, monkeypatch):
    """In a round that has too little to do for it, too: the bits are those of an unbroken one."""
    from chainrule.estimators import together
    from chainrule.search.evaluation import Evaluation

    class Killed(BaseException):
        pass

    def found(*_):
        return {"size": 3, "in_turn": True, "seconds": {"3 in turn": 1e-6}}

    monkeypatch.setattr(together, "quickest_way", found)
    train, kill = Evaluation._train, []

    def first_alone_is_worth_it(self, *others):
        if self._rounds in kill:
            raise Killed
        together.WORTH_MEASURING = 0.0 if self._rounds == 0 else np.inf
        train(self, *others)

    monkeypatch.setattr(together, "WORTH_MEASURING", 0.0)
    monkeypatch.setattr(Evaluation, "_train", first_alone_is_worth_it)

    def search(name):
        settings = {"strategy": "successive_halving", "cv": 2, "settings": {"factor": 2}}
        found = PopulationSearchCV(network(), SPACE, **settings, run_dir=tmp_path / name)
        return found.fit(*blobs)

    whole = search("whole")
    kill.append(1)
    with pytest.raises(Killed):
        search("cut")
    kill.clear()
    for again in (search("cut"), search("cut")):  # the second time, all is known
        assert again.curves_ == whole.curves_
        assert again.block_sizes_ == whole.block_sizes_ != {}


def test_smaller_bad_input(network, blobs, tmp_path):
    X, y = blobs
    file = tmp_path / "file"
    file.write_text("not a folder")
    cases = [
        (SPACE, {"run_dir": file}, {}, "run_dir must be a folder, and .*file is a file"),
        ({"random_state": [1, 2]}, {"n_seeds": 2}, {}, "n_seeds=2 asks for seeds of its own"),
        (SPACE, {}, {"sample_weight": np.ones(7)}, r"each of the 90 rows, came shape \(7,\)"),
    ]
    for space, given, params, said in cases:
        with pytest.raises(InvalidInputError, match=said):
            PopulationSearchCV(network(), space, **given).fit(X, y, **params)


def test_how_each_training_ended(network, blobs):
    X, y = blobs
    space = [
        {"learning_rate_init": [0.01, 1e300]},
        {"tol": [10.0], "n_iter_no_change": [1]},
    ]
    search = PopulationSearchCV(network(solver="sgd"), space, cv=2, refit=False).fit(X, y)
    found = [curve["how"] for curve in search.curves_]
    assert found[::2] == found[1::2] == ["finished", "diverged", "stopped"]
    steps = network(solver="sgd", max_iter=200, max_steps=20)
    search = PopulationSearchCV(steps, space, cv=2, refit=False).fit(X, y)
    found = [curve["how"] for curve in search.curves_]
    assert found[::2] == found[1::2] == ["finished", "diverged", "stopped"]
    halved = PopulationSearchCV(
        network(), SPACE, strategy="successive_halving", cv=2, refit=False
    ).fit(X, y)
    found = [curve["how"] for curve in halved.curves_]
    assert sorted(found) == ["dropped"] * 4 + ["finished"] * 4
