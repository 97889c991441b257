"""What is saved comes back: predictions, attributes, parameters, and the training itself."""

import io
import subprocess
import sys
import warnings
from dataclasses import fields

import numpy as np
import pytest
import safetensors.numpy
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.equations.schedules import Plateau
from chainrule.errors import ModelFileError
from chainrule.files.container import read_arrays, read_layout
from chainrule.files.light import load_header
from chainrule.files.model_file import to_bytes
from chainrule.models.table import TableStep

CONTINUED = ("binary", "three", "float32", "several outputs")
METHODS = ("predict", "predict_proba", "predict_log_proba")


def round_trip(est, tmp_path, **options):
    chainrule.save(est, tmp_path / "m.safetensors", **options)
    return chainrule.load(tmp_path / "m.safetensors")


def network_of(est):
    """The network itself, of a Pipeline the last step."""
    return est[-1] if isinstance(est, Pipeline) else est


def assert_same(found, expected, where=""):
    """Equal in value and in type, arrays bit for bit."""
    assert type(found) is type(expected), where
    if isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype, where
        np.testing.assert_array_equal(found, expected, err_msg=where)
    elif isinstance(expected, dict):
        assert set(found) == set(expected), where
        for key, value in expected.items():
            assert_same(found[key], value, f"{where}.{key}")
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected), where
        for number, value in enumerate(expected):
            assert_same(found[number], value, f"{where}.{number}")
    elif isinstance(expected, np.random.RandomState):
        assert_same(found.get_state(legacy=False), expected.get_state(legacy=False), where)
    elif isinstance(expected, TableStep):  # beside its fields it keeps what it has computed
        for field in fields(expected):
            assert_same(getattr(found, field.name), getattr(expected, field.name), where)
    elif hasattr(expected, "__dict__"):
        assert_same(sorted(vars(found)), sorted(vars(expected)), where)
        for key, value in vars(expected).items():
            assert_same(getattr(found, key), value, f"{where}.{key}")
    else:
        assert found == expected or (found != found and expected != expected), where


def test_predictions_are_bit_equal(model, tmp_path):
    est, X = model
    loaded = round_trip(est, tmp_path)
    for method in METHODS:
        if hasattr(est, method):
            assert_same(getattr(loaded, method)(X), getattr(est, method)(X), method)


def test_every_attribute_comes_back(model, tmp_path):
    """Everything that the estimator holds, whatever it may come to hold."""
    assert_same(round_trip(model[0], tmp_path), model[0])


def test_parameters_survive_cloning(model, tmp_path):
    loaded = clone(round_trip(model[0], tmp_path))
    for name, value in loaded.get_params().items():
        made_anew = (
            name == "steps" or name.endswith("random_state") or isinstance(value, BaseEstimator)
        )
        if not made_anew:
            assert_same(value, model[0].get_params()[name], name)


@pytest.mark.parametrize("name", [*CONTINUED, "new rows", "huber"])
def test_training_goes_on_as_if_nothing_had_happened(fitted, tmp_path, name):
    before, X = fitted(name)
    one, two = round_trip(before, tmp_path), round_trip(before, tmp_path)
    y = before.predict(X)
    for _ in range(2):
        one.partial_fit(X, y)
        two.partial_fit(X, y)
        two = round_trip(two, tmp_path)
    for seconds in (one, two):
        seconds.history_["seconds"][:] = 0  # the clock alone may differ
    assert_same(two, one)


def test_what_a_schedule_watched_is_in_the_file(fitted, tmp_path):
    """A plateau at each epoch, so the second lowers the rate and two more cool down."""
    before, X = fitted("new rows")
    plateau = before._session.plateau
    assert (plateau.bad, plateau.cooling) == (0, 0)
    assert np.isfinite(plateau.best)
    loaded = round_trip(before, tmp_path)
    assert loaded._session.plateau == plateau
    assert loaded._session.base_rate == pytest.approx(1e-4)
    fresh = clone(before).set_params(on_divergence="keep", learning_rate_init=1e200)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fresh.fit(X, np.arange(len(X)) % 3)
    fresh._session.plateau = Plateau()  # nothing seen yet: the best is infinite
    assert round_trip(fresh, tmp_path)._session.plateau == Plateau()


def test_warm_start_goes_on(fitted, tmp_path):
    est, X = fitted("three")
    one, two = round_trip(est, tmp_path), round_trip(est, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        y = np.arange(len(X)) % 3
        first = one.set_params(warm_start=True).fit(X, y)
        second = round_trip(two.set_params(warm_start=True), tmp_path).fit(X, y)
    assert_same(first.coefs_, second.coefs_)
    assert first.n_iter_ == second.n_iter_


def test_a_stream_that_model_and_training_share_stays_shared(fitted, tmp_path):
    est, _ = fitted("everything set")
    loaded = round_trip(est, tmp_path)
    assert est.random_state is est._session.random_state
    assert loaded.random_state is loaded._session.random_state
    assert loaded.random_state is not est.random_state


def test_without_the_training_state(fitted, tmp_path):
    est, X = fitted("binary")
    chainrule.save(est, tmp_path / "whole")
    loaded = round_trip(est, tmp_path, training_state=False)
    assert_same(loaded.predict_proba(X), est.predict_proba(X))
    assert (tmp_path / "m.safetensors").stat().st_size < (tmp_path / "whole").stat().st_size / 1.5
    loaded.partial_fit(X, est.predict(X))  # starts its optimizer anew
    assert loaded.n_iter_ == 1


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["b", "a"], "<U9"),
        np.array(["b", "a"], object),
        np.array(["", "tail\n", "\U0001f600", "é"], object),
        np.array([2.5e15, -1.0]),
        np.array([False, True]),
        np.array([-3, 100], np.int8),
        np.array([3, 2**63 + 5], np.uint64),
        np.array([7, 1000], ">i4"),
        np.array([7]),
    ],
    ids=repr,
)
def test_labels_of_any_type(labels, tmp_path):
    X = np.linspace(-1, 1, 12 * len(labels)).reshape(-1, 3)
    y = labels[np.arange(len(X)) % len(labels)]
    est = MLPClassifier((3,), solver="lbfgs", max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        est.fit(X, y)
    loaded = round_trip(est, tmp_path)
    assert loaded.classes_.dtype == est.classes_.dtype.newbyteorder("=")
    assert loaded.predict(X).tolist() == est.predict(X).tolist()
    assert loaded.score(X, y) == est.score(X, y)


def test_names_of_features(tmp_path):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(np.eye(6), columns=["a", "ß", "c d", "", "e\0", "f"])
    est = MLPRegressor(hidden_layer_sizes=(2,), solver="lbfgs", max_iter=3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        est.fit(X, np.arange(6.0))
    loaded = round_trip(est, tmp_path)
    assert_same(loaded.feature_names_in_, est.feature_names_in_)
    assert_same(loaded.predict(X), est.predict(X))
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(X.rename(columns={"a": "other"}))


def test_a_diverged_model(tmp_path, fitted):
    est, X = clone(fitted("three")[0]), fitted("three")[1]
    est.set_params(learning_rate_init=1e200, on_divergence="keep", max_iter=5)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        est.fit(X, np.arange(len(X)) % 3)
    assert est.diverged_
    assert_same(round_trip(est, tmp_path), est)


def test_equal_models_make_equal_bytes(model):
    assert len({to_bytes(model[0]) for _ in range(5)}) == 1


def test_saving_what_was_loaded_gives_the_same_bytes(model, tmp_path):
    assert to_bytes(round_trip(model[0], tmp_path)) == to_bytes(model[0])


def test_any_safetensors_reader_finds_the_weights(model, tmp_path):
    est, _ = model
    chainrule.save(est, tmp_path / "m.safetensors")
    arrays = safetensors.numpy.load_file(tmp_path / "m.safetensors")
    est = network_of(est)
    for number, (W, b) in enumerate(zip(est.coefs_, est.intercepts_, strict=True), 1):
        assert_same(arrays[f"W{number}"], W)
        assert_same(arrays[f"b{number}"], b)


def test_both_readers_find_the_same(model):
    data = to_bytes(model[0])
    stream = io.BytesIO(data)
    ours, theirs = read_arrays(stream, read_layout(stream, len(data))), safetensors.numpy.load(data)
    assert_same(ours, theirs)


def test_loaded_arrays_are_its_own(model, tmp_path):
    loaded = network_of(round_trip(model[0], tmp_path))
    for array in (*loaded.coefs_, *loaded.intercepts_, *loaded.history_.values()):
        assert array.flags.owndata
        assert array.flags.writeable


@pytest.mark.parametrize("thing", [MLPClassifier(), make_pipeline(MLPClassifier())])
def test_an_unfitted_estimator(thing, tmp_path):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        chainrule.save(thing, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


class Derived(MLPRegressor):
    """A subclass, whose own code a file cannot hold."""


@pytest.mark.parametrize(
    "thing",
    [LogisticRegression(), make_pipeline(LogisticRegression()), None, MLPClassifier, Derived()],
)
def test_other_objects(thing, tmp_path):
    with pytest.raises(ModelFileError, match=r"Required a fitted chainrule\.MLPClassifier or"):
        chainrule.save(thing, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class_weight": {0: max}}, "'class_weight'.*the callable 'max'"),
        ({"schedule": {"name": "step", "every": object()}}, "'schedule'.*of type object"),
        ({"tol": 10**30}, "must fit in 64 bits"),
        ({"activation": "swish"}, "'activation' parameter.*Got 'swish'"),
        ({"activation": ["relu", "relu", "relu"]}, "one value, or one for each"),
        ({"random_state": np.random.RandomState(np.random.PCG64(1))}, "MT19937.*'PCG64'"),
        ({"solver": "newton"}, "'solver' parameter.*Nothing was written"),
    ],
)
def test_parameters_that_no_file_can_hold(fitted, tmp_path, change, message):
    est = round_trip(fitted("three")[0], tmp_path).set_params(**change)
    with pytest.raises(ModelFileError, match=message):
        chainrule.save(est, tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("coefs_", [np.full((3, 4), np.nan), np.ones((4, 2)), np.ones((2, 3))], "finite"),
        ("coefs_", [np.ones((3, 4)), np.ones((5, 2)), np.ones((2, 3))], r"W1 of shape \(3, 5\)"),
        ("intercepts_", [np.ones(4), np.ones(2), np.ones(2)], r"b3 of shape \(3\)"),
        ("intercepts_", [np.ones(4)], "parameters that fit the network"),
        ("n_iter_", -1, "n_iter_"),
        ("out_activation_", "hardmax", "hardmax"),
    ],
)
def test_an_estimator_that_was_tampered_with(fitted, tmp_path, attribute, value, message):
    est = round_trip(fitted("three")[0], tmp_path)
    setattr(est, attribute, value)
    with pytest.raises(ModelFileError, match=message):
        chainrule.save(est, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_importing_the_module_imports_little():
    script = (
        "import sys, chainrule.files.model_file\n"
        "print([name for name in ('jax', 'sklearn', 'scipy', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


# Pipelines, searches, and facts


def made(*steps):
    X = np.random.RandomState(0).normal(size=(30, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(*steps, MLPClassifier((3,), max_iter=2, random_state=0)).fit(
            X, np.arange(30) % 3
        ), X


def test_steps_that_do_nothing_are_left_out(tmp_path):
    model, X = made("passthrough", StandardScaler(), None)
    loaded = round_trip(model, tmp_path)
    assert list(loaded.named_steps) == ["standardscaler", "mlpclassifier"]
    assert_same(loaded.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (FunctionTransformer(np.abs), "FunctionTransformer as 'functiontransformer'.*no code"),
        (SimpleImputer(add_indicator=True), "SimpleImputer of numbers that fills NaN"),
    ],
)
def test_steps_that_cannot_be_kept(step, message, tmp_path):
    model, _ = made(step)
    with pytest.raises(ModelFileError, match=message):
        chainrule.save(model, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["theirs", "ours"])
def test_a_search_is_saved_as_its_best(kind, tmp_path):
    X = np.random.RandomState(0).normal(size=(40, 3))
    y = (X[:, 0] > 0).astype(int)
    est = make_pipeline(StandardScaler(), MLPClassifier((3,), max_iter=3, random_state=0))
    space = {"mlpclassifier__learning_rate_init": [0.001, 0.1]}
    search = GridSearchCV if kind == "theirs" else chainrule.PopulationSearchCV
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = search(est, space, cv=2).fit(X, y)
    loaded = round_trip(found, tmp_path, about={"target": "y"})
    assert_same(loaded.predict_proba(X), found.predict_proba(X))
    about = load_header(tmp_path / "m.safetensors").about
    assert about.search.candidates == 2 and about.target == "y"
    assert about.search.best_score == found.best_score_
    assert about.search.best_params == found.best_params_


def test_facts_that_are_none_are_refused(tmp_path):
    model, _ = made()
    with pytest.raises(ModelFileError, match=r"the facts.*unknown key mood"):
        chainrule.save(model, tmp_path / "m", about={"mood": "good"})
    image = {"height": 2, "width": 1, "colour": "rgb", "fit": "crop"}
    for wrong, said in (({}, "images of 3 values"), ({"width": 0}, "width"), ({"fit": "x"}, "fit")):
        with pytest.raises(ModelFileError, match=said):
            chainrule.save(model, tmp_path / "m", about={"image": {**image, **wrong}})
    assert not (tmp_path / "m").exists()


def test_a_plain_network_is_written_for_older_readers(fitted, tmp_path):
    """Version 1 knew single networks without facts; what it did not know is version 2."""
    path = tmp_path / "m"
    image = {"image": {"height": 1, "width": 3, "colour": "grey", "fit": "stretch"}}
    files = (("three", None, 1), ("three", {}, 2), ("pipeline", None, 2), ("three", image, 3))
    for name, about, version in files:
        chainrule.save(fitted(name)[0], path, about=about)
        assert load_header(path).format_version == version
