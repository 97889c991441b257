"""skl2onnx converts a Pipeline that begins with a table's preparation."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.pipeline import make_pipeline
from tests.interop.onnx_made import given, session
from tests.interop.tables_made import KINDS, asked, frame, preparation

from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import InvalidInputError
from chainrule.interop.onnx import initial_types, register
from chainrule.models import Affine, Fill
from chainrule.tables.transformer import TablePreparation

pytest.importorskip("onnxruntime")
skl2onnx = pytest.importorskip("skl2onnx")
types = skl2onnx.common.data_types
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PLAIN = {"zipmap": False}
NETS = {
    "binary": MLPClassifier,
    "three": MLPClassifier,
    "several": MLPClassifier,
    "regressor": MLPRegressor,
}


@pytest.fixture(autouse=True, scope="module")
def registered():
    register()


def targets(rows):
    x = rows["1st"].to_numpy()
    town = (rows["town"] == "Bonn").to_numpy(bool)
    return {
        "binary": np.where(x + town > 0, "much", "little"),
        "three": np.digitize(x, [-1, 1]),
        "several": np.column_stack([x > 0, town]).astype(int),
        "regressor": x + 2.0 * town,
    }


@cache
def pipeline(task="binary", dtype="float32", scaling="robust"):
    settings = {"min_count": 8, "kinds": KINDS, "scaling": scaling, "dtype": dtype}
    net = NETS[task](hidden_layer_sizes=(8,), max_iter=3, random_state=0)
    model = make_pipeline(TablePreparation(**settings), net)
    return model.fit(frame(), targets(frame())[task])


def as_given(rows, typed):
    """The columns of a data frame as the inputs' types have them, in order."""
    return [_values(rows[name], type_)[:, None] for name, type_ in typed]


def _values(column, type_):
    if isinstance(type_, types.StringTensorType):
        return column.astype(object).where(column.notna(), "").astype(str).to_numpy(object)
    if column.dtype.kind == "M":
        column = (column - pd.Timestamp(0)) / pd.Timedelta(1, "s")
    kinds = {"Double": "f8", "Float": "f4", "Int64": "i8", "Int32": "i4", "Boolean": "?"}
    return column.to_numpy(kinds[type(type_).__name__.removesuffix("TensorType")])


def answers(model, rows, typed=None, options=PLAIN):
    """What onnxruntime says of the rows of a data frame."""
    typed = initial_types(model) if typed is None else typed
    options = options if hasattr(model[-1], "classes_") else None
    proto = skl2onnx.to_onnx(model, initial_types=typed, options=options)
    names = [each.name for each in session(proto).get_inputs()]
    return given(proto, dict(zip(names, as_given(rows, typed), strict=True)))


def agree(model, rows, typed=None, near=1e-5):
    came = answers(model, rows, typed)
    if not hasattr(model[-1], "classes_"):
        wanted = model.predict(rows)
        found = came["variable"].reshape(wanted.shape)
    else:
        assert (came["label"] == model.predict(rows)).all()
        wanted, found = model.predict_proba(rows), came["probabilities"]
    np.testing.assert_allclose(found, wanted, rtol=near, atol=near)


# Predictions


@pytest.mark.parametrize("n", [1, 60])
@pytest.mark.parametrize("task", NETS)
def test_every_task_on_one_row_and_many(task, n):
    """With missing values of every kind, levels that are not known, and an infinite number."""
    agree(pipeline(task), asked()[:n])


@pytest.mark.parametrize("row", range(0, 60, 7))
def test_single_rows(row):
    agree(pipeline(), asked()[row : row + 1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scaling", ["standard", "none"])
def test_other_settings(scaling, dtype):
    model = pipeline("binary", dtype, scaling)
    typed = initial_types(model, numbers=dtype)
    agree(model, asked(), typed, {"float32": 1e-4, "float64": 1e-9}[dtype])
    proto = skl2onnx.to_onnx(model, initial_types=typed, options=PLAIN)
    kind = {"float32": "tensor(float)", "float64": "tensor(double)"}[dtype]
    assert session(proto).get_outputs()[1].type == kind


def test_a_network_of_scikit_learn_behind_it():
    """The preparation is any transformer; what is behind it need not be ours."""
    X, y = frame(), targets(frame())["three"]
    for last in (TheirClassifier((6,), max_iter=3, random_state=0), LogisticRegression()):
        agree(make_pipeline(preparation(), last).fit(X, y), asked())


def test_probabilities_by_class_which_is_the_default_of_skl2onnx():
    model, rows = pipeline(), asked()
    came = answers(model, rows, options=None)
    mapped = [[row["little"], row["much"]] for row in came["output_probability"]]
    np.testing.assert_allclose(mapped, model.predict_proba(rows), atol=1e-5)


# Types of the inputs


def changed(typed, **kinds):
    """The types with others for some of the columns."""
    return [
        (name, getattr(types, f"{kinds[name]}TensorType")([None, 1]) if name in kinds else type_)
        for name, type_ in typed
    ]


@pytest.mark.parametrize("kind", ["Int64", "Int32", "Double", "Float"])
def test_categories_that_come_as_numbers(kind):
    model = pipeline()
    agree(model, asked(), changed(initial_types(model), code=kind, label="Boolean"))


def test_numbers_that_come_as_whole_ones():
    model = pipeline()
    typed = changed(initial_types(model), **{"1st": "Int64", "price (EUR)": "Double"})
    agree(model, asked(), typed)


def test_categories_that_are_fractions():
    """A level that float32 has not is met by the nearest float32; another number is another."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"dose": random.choice([0.1, 0.25, 7.0], 90), "x": random.normal(size=90)})
    rows["x"] = rows["x"].astype("f4")
    rows.loc[::9, "dose"] = np.nan
    prepare = TablePreparation(kinds={"dose": "category"}).fit(rows)
    assert prepare.columns_[0].levels == ("0.1", "0.25", "7")
    strange = pd.DataFrame({"dose": [0.1, 0.25, 7, np.nan, np.inf, -np.inf, 0.3, 0.0], "x": 0.5})
    strange["x"] = strange["x"].astype("f4")
    for kind in ("Float", "Double"):
        typed = changed(initial_types(prepare), dose=kind)
        proto = skl2onnx.to_onnx(prepare, initial_types=typed)
        for table in (rows, strange):
            names = [each.name for each in session(proto).get_inputs()]
            came = given(proto, dict(zip(names, as_given(table, typed), strict=True)))["variable"]
            np.testing.assert_allclose(came, prepare.transform(table), atol=1e-6)


def test_types_read_off_a_data_frame():
    """A frame without gaps in text and without dates, which skl2onnx does not know."""
    rows = frame().drop(columns=["seen", "built", "town", "lift"])
    y = np.where(rows["1st"] > 0, "much", "little")
    net = MLPClassifier((8,), max_iter=3, random_state=0)
    kinds = {"flat": "number", "code": "category"}
    prepare = TablePreparation(min_count=8, kinds=kinds, drop=["1st"])  # an input all the same
    model = make_pipeline(prepare, net).fit(rows, y)
    proto = skl2onnx.to_onnx(model, rows[:1], options=PLAIN)
    inputs = session(proto).get_inputs()
    assert len(inputs) == rows.shape[1]
    values = [rows[[name]].to_numpy() for name in rows]
    assert all(found.type != "tensor(float)" for found in inputs)  # a frame's numbers are float64
    came = given(proto, dict(zip([each.name for each in inputs], values, strict=True)))
    assert (came["label"] == model.predict(rows)).all()
    np.testing.assert_allclose(came["probabilities"], model.predict_proba(rows), atol=1e-5)


def test_columns_in_any_order_and_among_others():
    model = pipeline()
    typed = initial_types(model)[::-1]
    typed.insert(3, ("more", types.FloatTensorType([None, 2])))
    proto = skl2onnx.to_onnx(model, initial_types=typed, options=PLAIN)
    rows = asked()
    named = {name: type_ for name, type_ in typed if name != "more"}
    values = dict(zip(named, as_given(rows, named.items()), strict=True))
    values["more"] = np.zeros((len(rows), 2), np.float32)
    inputs = [each.name for each in session(proto).get_inputs()]
    came = given(proto, dict(zip(inputs, [values[name] for name, _ in typed], strict=True)))
    assert (came["label"] == model.predict(rows)).all()


@pytest.mark.parametrize("n", [1, 40])
@pytest.mark.parametrize("named", [False, True])
def test_a_matrix_where_all_are_numbers(named, n):
    X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    X[::7, 1] = np.nan
    rows = pd.DataFrame(X, columns=["a", "b", "c"]) if named else X
    net = MLPRegressor(hidden_layer_sizes=(5,), max_iter=3, random_state=0)
    model = make_pipeline(TablePreparation(), net).fit(rows, X[:, 0])
    came = given(skl2onnx.to_onnx(model, X[:1]), X[:n])["variable"]
    np.testing.assert_allclose(came.ravel(), model.predict(rows[:n]), atol=1e-5)


def test_within_a_column_transformer():
    """Which joins its columns to one input; these must be numbers."""
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=["a", "b", "c"])
    columns = ColumnTransformer([("some", TablePreparation(), ["c", "a"])], remainder="passthrough")
    y = (rows["a"] > 0).to_numpy()
    model = make_pipeline(columns, MLPClassifier((5,), max_iter=3, random_state=0)).fit(rows, y)
    proto = skl2onnx.to_onnx(model, rows[:1], options=PLAIN)
    came = given(proto, {name: rows[[name]].to_numpy() for name in rows})
    np.testing.assert_allclose(came["probabilities"], model.predict_proba(rows), atol=1e-5)


def test_steps_of_plain_features():
    """As a model file of ``chainrule train`` may have them: without a table."""
    X = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    X[3, 1] = np.nan
    steps = (Fill(np.array([0.5, 2.0])), Affine(np.array([1.0, 0.0]), np.array([2.0, 4.0])))
    made = TablePreparation().set_steps(steps)
    came = given(skl2onnx.to_onnx(made, X[:1]), X)["variable"]
    np.testing.assert_allclose(came, made.transform(X), atol=1e-6)


# What to tell skl2onnx, and what is refused


def test_initial_types():
    model = pipeline()
    found = {name: (type(type_).__name__, type_.shape) for name, type_ in initial_types(model)}
    assert list(found) == [column.name for column in model[0].columns_]
    assert found["price (EUR)"] == ("FloatTensorType", [None, 1])
    assert found["lift"] == found["town"] == found["code"] == ("StringTensorType", [None, 1])
    assert found["seen"] == ("DoubleTensorType", [None, 1])
    doubles = initial_types(model[0], numbers="float64")
    assert isinstance(dict(doubles)["1st"], types.DoubleTensorType)
    with pytest.raises(InvalidInputError, match="float32 or float64 as numbers; came 'f4'"):
        initial_types(model, numbers="f4")
    for other in (TablePreparation(), MLPClassifier(), make_pipeline(MLPClassifier())):
        with pytest.raises(InvalidInputError, match="Required a fitted TablePreparation"):
            initial_types(other)


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ({"town": "Int64"}, "StringTensorType .* 'town', a category; came Int64.* Give the texts"),
        ({"town": "Boolean"}, "StringTensorType of shape .* 'town'"),
        ({"lift": "Int64"}, "StringTensorType or BooleanTensorType .* 'lift'"),
        ({"code": "Boolean"}, "StringTensorType or .* 'code'"),
        ({"1st": "String"}, "Required FloatTensorType .* '1st', a number; came String"),
        ({"seen": "Float"}, "Required DoubleTensorType or Int64TensorType .* 'seen', a date.*1970"),
        ({"seen": "String"}, "Required DoubleTensorType .* Give the seconds since"),
    ],
)
def test_types_that_a_column_cannot_come_in(kinds, said):
    model = pipeline()
    with pytest.raises(InvalidInputError, match=said):
        skl2onnx.to_onnx(model, initial_types=changed(initial_types(model), **kinds))


def test_inputs_that_are_not_the_columns():
    model = pipeline()
    typed = initial_types(model)
    wide = types.FloatTensorType([None, 12])
    for given_types, said in (
        (typed[1:], r"missing: 'price \(EUR\)'. Came '1st'.*initial_types"),
        ([("X", wide)], "an input for each column .* the one input 'X'.* no number"),
        ([(name, types.FloatTensorType([None, 2])) for name, _ in typed], r"of shape \(None, 1\)"),
    ):
        with pytest.raises(InvalidInputError, match=said):
            skl2onnx.to_onnx(model, initial_types=given_types)
    plain = TablePreparation().fit(pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [0.5, 0.0, 1.0]}))
    for shape in ([None, 3], [None, None], None):
        with pytest.raises(InvalidInputError, match=r"one of shape \(None, 2\); came the one"):
            skl2onnx.to_onnx(plain, initial_types=[("X", types.FloatTensorType(shape))])


def test_levels_that_float32_does_not_tell_apart():
    rows = pd.DataFrame({"id": np.repeat([2.0**24, 2.0**24 + 1], 20), "x": np.arange(40) / 7})
    prepare = TablePreparation(kinds={"id": "category"}).fit(rows)
    typed = changed(initial_types(prepare), id="Float")
    with pytest.raises(InvalidInputError, match="levels of the column 'id' that float32 tells"):
        skl2onnx.to_onnx(prepare, initial_types=typed)
