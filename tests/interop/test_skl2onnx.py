"""skl2onnx converts what has Chainrule's estimators in it, and onnxruntime answers alike."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from tests.interop.onnx_made import given

from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import MissingExtraError
from chainrule.interop.onnx import register

pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")
types = skl2onnx.common.data_types
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PLAIN = {"zipmap": False}
X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
TWO = np.array(["no", "yes"])[(X[:, 0] > 0) * 1]
THREE = np.digitize(X[:, 0], [-0.5, 0.5])
SEVERAL = (X[:, :3] > 0) * 1


@pytest.fixture(autouse=True, scope="module")
def registered():
    register()
    register()  # once more does no harm


def classifier(seed=0):
    return MLPClassifier((6,), max_iter=2, random_state=seed)


def regressor():
    return MLPRegressor(hidden_layer_sizes=(6,), max_iter=2, random_state=0)


def agree(model, rows, options=PLAIN, rtol=1e-5):
    """The label, and the probabilities where the model has them, are ours."""
    came = given(skl2onnx.to_onnx(model, rows[:1], options=options), rows)
    wanted = model.predict(rows)
    assert came["label"].shape == wanted.shape
    assert (came["label"] == wanted).all()
    if hasattr(model, "predict_proba"):
        np.testing.assert_allclose(
            came["probabilities"], model.predict_proba(rows), rtol=rtol, atol=rtol
        )
    return came


# Classifiers


@pytest.mark.parametrize("y", [TWO, THREE, SEVERAL], ids=["two", "three", "several"])
def test_classifiers(y):
    net = classifier().fit(X, y)
    agree(net, X)
    agree(net, X[:1])
    came = agree(net, X.astype(np.float64), rtol=1e-6)
    assert came["probabilities"].dtype == np.float64


def test_float64_all_through():
    rows = X.astype(np.float64)
    model = make_pipeline(StandardScaler(), classifier()).fit(rows, THREE)
    agree(model, rows, rtol=1e-12)


def test_a_table_with_strings():
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": np.where(X[:, 2] > 0, "u", "v")})
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), ["a", "b"]), ("text", OneHotEncoder(), ["c"])]
    )
    model = make_pipeline(columns, StandardScaler(with_mean=False), classifier()).fit(frame, TWO)
    proto = skl2onnx.to_onnx(model, frame[:1], options=PLAIN)
    came = given(
        proto, {"a": X[:, :1], "b": X[:, 1:2], "c": frame[["c"]].to_numpy().astype(object)}
    )
    assert (came["label"] == model.predict(frame)).all()
    np.testing.assert_allclose(came["probabilities"], model.predict_proba(frame), atol=1e-5)


@pytest.mark.parametrize("voting", ["soft", "hard"])
def test_votes(voting):
    members = [("one", classifier()), ("two", classifier(seed=1)), ("three", classifier(seed=2))]
    model = VotingClassifier(members, voting=voting, flatten_transform=False).fit(X, TWO)
    agree(model, X)


def test_grid_search():
    search = GridSearchCV(classifier(), {"alpha": [0.1, 1]}, cv=2).fit(X, TWO)
    agree(search, X, options={id(search): PLAIN})


def test_whole_numbers_as_rows():
    rows = (5 * X).astype(np.int64)
    agree(classifier().fit(rows, THREE), rows)


# The options of classifiers


def test_probabilities_as_dictionaries_by_default():
    net = classifier().fit(X, TWO)
    came = given(skl2onnx.to_onnx(net, X[:1]), X)
    assert (came["output_label"] == net.predict(X)).all()
    mapped = [[row["no"], row["yes"]] for row in came["output_probability"]]
    np.testing.assert_allclose(mapped, net.predict_proba(X), atol=1e-5)


def test_probabilities_as_columns():
    net = classifier().fit(X, TWO)
    came = given(skl2onnx.to_onnx(net, X[:1], options={"zipmap": "columns"}), X)
    mapped = np.column_stack([came["sno"], came["syes"]])
    np.testing.assert_allclose(mapped, net.predict_proba(X), atol=1e-5)


def test_labels_by_number():
    net = classifier().fit(X, TWO)
    came = given(skl2onnx.to_onnx(net, X[:1], options=PLAIN | {"nocl": True}), X)
    assert (net.classes_[came["label"]] == net.predict(X)).all()


def test_classes_as_an_output():
    net = classifier().fit(X, TWO)
    options = PLAIN | {"output_class_labels": True}
    came = given(skl2onnx.to_onnx(net, X[:1], options=options), X)
    assert came["class_labels"].tolist() == ["no", "yes"]


# Regressors


@pytest.mark.parametrize("columns", [0, [0, 1]], ids=["one", "two"])
def test_regressors(columns):
    model = make_pipeline(PolynomialFeatures(2), StandardScaler(), regressor())
    model.fit(X, X[:, columns])
    came = given(skl2onnx.to_onnx(model, X[:1]), X)["variable"]
    assert came.shape == (40, np.size(columns))
    np.testing.assert_allclose(came, model.predict(X).reshape(came.shape), atol=1e-5, rtol=1e-5)


def test_votes_of_regressors():
    model = VotingRegressor([("one", regressor()), ("two", regressor())]).fit(X, X[:, 0])
    came = given(skl2onnx.to_onnx(model, X[:1]), X)["variable"]
    np.testing.assert_allclose(came.ravel(), model.predict(X), atol=1e-5, rtol=1e-5)


# What does not go


def test_strings_as_rows_are_refused():
    net = classifier().fit(X, TWO)
    text = [("X", types.StringTensorType([None, 4]))]
    with pytest.raises(RuntimeError, match="StringTensorType"):
        skl2onnx.convert_sklearn(net, initial_types=text)


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(MissingExtraError, match=r"skl2onnx.*pip install 'chainrule\[onnx\]'"):
        register()
