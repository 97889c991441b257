"""A table's model in ONNX: an input a column, and the preparation inside the graph."""

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from tests.interop import tables_made
from tests.interop.onnx_made import given, session
from tests.interop.onnx_made import network as plain_network
from tests.interop.tables_made import asked, bare, frame, matrix, network, preparation, random_step

from chainrule import MLPClassifier
from chainrule.files import load, save
from chainrule.interop.export import export
from chainrule.interop.onnx import OLDEST_OPSET, input_names, to_onnx
from chainrule.models import Affine, Projection, freeze
from chainrule.models.columns import Column
from chainrule.models.table import TableStep, Treatment

ReferenceEvaluator = pytest.importorskip("onnx.reference").ReferenceEvaluator
pytest.importorskip("onnxruntime")

TASKS = ("binary", "multiclass", "multilabel", "regression")
CLOSE = {"float32": 1e-5, "float64": 1e-9}


def from_frame(rows: pd.DataFrame, columns, dtype="float32"):
    """A data frame as somebody without Chainrule gives it."""
    return [_values(rows[column.name], column.kind, dtype)[:, None] for column in columns]


def _values(values, kind, dtype):
    if kind == "number":
        return values.to_numpy(dtype)
    if kind == "date":
        seconds = (values - pd.Timestamp(0)) / pd.Timedelta(1, "s")
        return seconds.to_numpy("float64")
    return values.astype(object).where(values.notna(), "").astype(str).to_numpy(object)


def from_matrix(X, columns, dtype="float32"):
    """Codes as texts; the number of levels, and any other, as one that is not known."""

    def values(x, column):
        if column.kind != "category":
            return x.astype(dtype if column.kind == "number" else "float64")
        names = [*column.levels, "unknown"]
        return np.array(["" if np.isnan(code) else names[int(code)] for code in x], object)

    return [values(x, column)[:, None] for x, column in zip(X.T, columns, strict=True)]


def answers(model, values, **options):
    """What onnxruntime says of values for each input."""
    proto = to_onnx(model, **options)
    names = [each.name for each in proto.graph.input]
    return given(proto, dict(zip(names, values, strict=True)))


def check(model, X, dtype="float32", tolerance=None, **options):
    """onnxruntime says of a matrix's rows what the model says."""
    model = freeze(model)
    values = from_matrix(X, model.steps[0].columns, options.get("input_dtype") or dtype)
    came = answers(model, values, dtype=dtype, **options)
    near = tolerance or CLOSE[dtype]
    wanted = model.outputs(X) if model.task == "regression" else model.predict_proba(X)
    found = came["variable"] if model.task == "regression" else came["probabilities"]
    assert found.dtype == dtype
    np.testing.assert_allclose(found, wanted, rtol=near, atol=near)
    if model.task != "regression":
        assert (came["label"] == model.predict(X)).all()


# every column and treatment


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scaling", ["robust", "standard", "none"])
def test_every_prepared_column(scaling, dtype):
    """The prepared rows themselves, against the transformer on the data frame and ours."""
    made = preparation(scaling, dtype)
    (step,) = made.steps_
    rows = asked()
    came = answers(bare(step), from_frame(rows, made.columns_, dtype), dtype=dtype)["variable"]
    for name, found, wanted in zip(step.names, came.T, made.transform(rows).T, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=CLOSE[dtype], atol=1e-9, err_msg=name)


def test_the_made_table_has_every_treatment():
    """Else the tests of it would say less than they seem to."""
    (step,) = preparation().steps_
    pairs = list(zip(step.columns, step.treatments, strict=True))
    kinds = {(column.kind, how.missing) for column, how in pairs}
    assert kinds == set(product(("number", "category", "date"), (False, True)))
    cycles = {how.cycles for _, how in pairs}
    assert cycles == {(), ("year", "week"), ("year", "week", "day")}
    assert {how.others for _, how in pairs} == {False, True}
    assert [column.name for column, how in pairs if not how.used] == ["flat", "alone"]
    assert ("false", "true") in {column.levels for column in step.columns}


@settings(max_examples=40)
@drawn(
    seed=st.integers(0, 2**32 - 1),
    bound=st.sampled_from([3.0, np.inf, 0.5]),
    dtype=st.sampled_from(["float32", "float64"]),
    input_dtype=st.sampled_from(["float32", "float64"]),
    n=st.sampled_from([0, 1, 20]),
)
def test_any_table(seed, bound, dtype, input_dtype, n):
    step = random_step(seed, bound, dtype)
    X = tables_made.random_rows(step, n, seed, float(np.finfo(input_dtype).max))
    # numbers of 20 are at most some hundred once scaled
    near = {"float32": 2e-5, "float64": 1e-9}[dtype]
    check(bare(step), X, dtype, near, input_dtype=input_dtype)


# networks


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("n", [0, 1, 60])
def test_every_task_and_any_number_of_rows(task, n):
    (step,) = preparation().steps_
    check(network(step, task), matrix(asked(), step.columns)[:n])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("step_dtype", ["float32", "float64"])
def test_a_step_after_the_table(dtype, step_dtype):
    (step,) = preparation(dtype=step_dtype).steps_
    n = step.n_out
    V = np.random.default_rng(0).normal(size=(n, n)) / n
    model = network(step, "multiclass", step_dtype)
    steps = (step, Affine(np.full(n, 0.3), np.full(n, 2.0)), Projection(np.zeros(n), V))
    model = type(model)(**{**vars(model), "steps": steps, "input_scale": 2.0})
    near = 1e-9 if (dtype, step_dtype) == ("float64", "float64") else 1e-5
    check(model, matrix(asked(), step.columns), dtype, near)


@pytest.mark.parametrize("opset", [OLDEST_OPSET, 15, 18, 21])
def test_opsets(opset):
    (step,) = preparation().steps_
    check(network(step, "binary"), matrix(asked(), step.columns), opset=opset)


def test_another_runtime_answers_alike():
    (step,) = preparation().steps_
    model, rows = network(step, "binary"), asked()
    proto = to_onnx(model)
    names = [each.name for each in proto.graph.input]
    values = dict(zip(names, from_frame(rows, step.columns), strict=True))
    label, probabilities = ReferenceEvaluator(proto).run(None, values)
    X = matrix(rows, step.columns)
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-5)
    assert (label == model.predict(X)).all()


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """A trained Pipeline, as it comes back from its file."""
    rows = frame()
    target = np.where(rows["1st"] + rows["lift"].fillna(False) > 0, "much", "little")
    net = MLPClassifier((8,), max_iter=5, n_iter_no_change=9, random_state=0, dtype="float32")
    with pytest.warns(match="Maximum iterations"):
        made = make_pipeline(preparation(), net).fit(rows, target)
    path = tmp_path_factory.mktemp("table") / "model.safetensors"
    save(made, path)
    return load(path)


@pytest.mark.parametrize("rows", [asked(), asked()[9:10]], ids=["many", "one"])
def test_a_trained_pipeline_on_a_data_frame(pipeline, rows):
    columns = pipeline[0].columns_
    came = answers(pipeline, from_frame(rows, columns))
    assert (came["label"] == pipeline.predict(rows)).all()
    np.testing.assert_allclose(came["probabilities"], pipeline.predict_proba(rows), atol=1e-5)
    logits = answers(pipeline, from_frame(rows, columns), logits=True)["logits"]
    assert logits.shape == (len(rows), 1)


# inputs


def test_names_types_and_shapes():
    (step,) = preparation().steps_
    proto = to_onnx(network(step, "binary"))
    found = {each.name: (each.type, each.shape) for each in session(proto).get_inputs()}
    number, text, date = ((f"tensor({kind})", ["n", 1]) for kind in ("float", "string", "double"))
    assert found == {
        "price__EUR_": number,
        "_1st": number,
        "flat": number,
        "gappy": number,
        "town": text,
        "lift": text,
        "label_2": text,
        "code": text,
        "alone": text,
        "Gemm": text,
        "seen": date,
        "built": date,
    }
    facts = {each.key: each.value for each in proto.metadata_props}
    columns = json.loads(facts["chainrule.columns"])
    assert [each["input"] for each in columns] == list(found)
    assert [each["column"] for each in columns] == json.loads(facts["chainrule.feature_names"])
    assert columns[0] == {"input": "price__EUR_", "column": "price (EUR)", "kind": "number"}
    doubles = session(to_onnx(network(step), dtype="float64")).get_inputs()
    assert {each.type for each in doubles} == {"tensor(double)", "tensor(string)"}


def test_changed_names_are_told(tmp_path):
    (step,) = preparation().steps_
    model = network(step, "binary")
    names = input_names(model)
    assert list(names) == list(model.feature_names)
    assert list(names.values()) == [each.name for each in to_onnx(model).graph.input]
    first, changed, _ = export(bare(step), tmp_path / "a.onnx")
    assert first == "Its inputs are the 12 columns of the table, (n, 1) each."
    assert changed == (
        "Names that had to be changed: price__EUR_ for 'price (EUR)', _1st for '1st', "
        "label_2 for 'label'."
    )
    plain = TableStep((Column("a", "number"),), (Treatment(),))
    assert len(list(export(bare(plain), tmp_path / "b.onnx"))) == 2
    assert input_names(plain_network()) == {}


def test_names_that_would_be_the_same():
    """A column whose own name is valid keeps it."""
    names = ("a b", "a_b", "a_b_2", "a-b", "concat", "", "日 付", "X")
    columns = tuple(Column(name, "number") for name in names)
    step = TableStep(columns, tuple(Treatment(center=k) for k in range(8)), np.inf)
    found = [each.name for each in to_onnx(bare(step)).graph.input]
    assert found == ["a_b_3", "a_b", "a_b_2", "a_b_4", "concat", "_", "日_付", "X"]
    check(bare(step), np.arange(16.0).reshape(2, 8))


def test_truth_values_in_the_usual_spellings():
    step = TableStep(
        (Column("ok", "category", ("false", "true")),), (Treatment(kept=(0, 1), others=True),)
    )
    texts = np.array([["true"], ["True"], ["TRUE"], ["false"], ["False"], ["FALSE"], ["yes"], [""]])
    came = answers(bare(step), [texts])["variable"]
    assert came.tolist() == [[0, 1, 0]] * 3 + [[1, 0, 0]] * 3 + [[0, 0, 1], [0, 0, 0]]


def test_an_empty_text_is_a_level_where_it_is_one_of_them():
    columns = (Column("a", "category", ("", "b")), Column("c", "category", ("b", "d")))
    how = Treatment(kept=(0, 1), others=True, missing=True)
    came = answers(bare(TableStep(columns, (how, how))), [np.array([[""]])] * 2)["variable"]
    assert came.tolist() == [[1, 0, 0, 0, 0, 0, 0, 1]]


def test_an_infinite_number_counts_as_missing():
    """As in a table; a model that is given a matrix has no such rule."""
    step = TableStep((Column("a", "number"),), (Treatment(fill=4.0, missing=True),), np.inf)
    values = np.array([[np.inf], [-np.inf], [np.nan], [1.5]], np.float32)
    came = answers(bare(step), [values])["variable"]
    assert came.tolist() == [[4, 1]] * 3 + [[1.5, 0]]


def test_numbers_of_many_digits_can_come_in_float64():
    step = TableStep((Column("a", "number"),), (Treatment(center=1.7e9, scale=4.0),), 3.0)
    X = 1.7e9 + np.arange(8.0).reshape(-1, 1)
    check(bare(step), X, input_dtype="float64")
    near = answers(bare(step), [X.astype(np.float32)])["variable"]
    assert abs(near - bare(step).outputs(X)).max() > 0.1
    whole = np.arange(6).reshape(-1, 1).astype(np.uint8)
    came = answers(bare(step), [whole], input_dtype="uint8")["variable"]
    np.testing.assert_allclose(came, bare(step).outputs(whole.astype(float)), rtol=1e-6)


def test_equal_models_give_equal_bytes():
    one, two = (to_onnx(network(preparation().steps_[0])) for _ in range(2))
    assert one.SerializeToString(deterministic=True) == two.SerializeToString(deterministic=True)
