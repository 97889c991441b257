"""A network exported to ONNX answers in onnxruntime as it does here."""

import doctest
import json
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from tests.interop.onnx_made import TASKS, given, layers, network, only, session

from chainrule import MLPClassifier, MLPRegressor
from chainrule.equations.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS
from chainrule.equations.network import Layer
from chainrule.errors import InvalidInputError, MissingExtraError
from chainrule.interop.onnx import DEFAULT_OPSET, OLDEST_OPSET, export, to_onnx, write_onnx
from chainrule.interop.onnx import activations as table
from chainrule.interop.onnx import steps as steps_table
from chainrule.models import Affine, Bounds, Fill, FrozenModel, Projection, freeze

ReferenceEvaluator = pytest.importorskip("onnx.reference").ReferenceEvaluator
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

DTYPES = ("float32", "float64")
CLOSE = {"float32": 1e-5, "float64": 1e-12}
"""How far from ours an output may be, relative to it where it is more than 1."""


STEPS = {
    Affine: Affine(np.arange(4.0), np.array([0.1, 1, 10, 1e3])),
    Bounds: Bounds(-0.5, 1.25, 4),
    Fill: Fill(np.array([0.1, -1, 5, 0])),
    Projection: Projection(np.arange(4.0), np.random.default_rng(2).normal(size=(4, 3))),
}


def rows(n=20, columns=4, dtype="float32", scale=2.0):
    return (scale * np.random.default_rng(1).normal(size=(n, columns))).astype(dtype)


def close(came, wanted, tolerance):
    np.testing.assert_allclose(came, wanted, rtol=tolerance, atol=tolerance)


def check(model: Any, X: Any, tolerance: float, **options: Any) -> dict[str, Any]:
    """Both worlds agree on these rows; ``model`` is an estimator, a Pipeline or frozen."""
    came = given(to_onnx(model, **options), X)
    if "variable" in came:
        shape = (len(X), freeze(model).sizes[-1])
        assert came["variable"].shape == shape
        close(came["variable"], model.predict(X).reshape(shape), tolerance)
        return came
    close(came["probabilities"], model.predict_proba(X), tolerance)
    wanted = model.predict(X)
    assert came["label"].shape == wanted.shape
    assert (came["label"] == wanted).all()
    return came


# Every activation


def test_every_activation_has_a_row():
    assert set(table.ACTIVATIONS) == set(ACTIVATIONS)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("hidden", HIDDEN_ACTIVATIONS)
def test_hidden_activations(hidden, task, dtype):
    model = network(task, hidden, dtype=dtype)
    check(model, rows(dtype=dtype), CLOSE[dtype], dtype=dtype)
    check(model, rows(n=1, dtype=dtype), CLOSE[dtype], dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("output", ACTIVATIONS)
def test_output_activations(output, dtype):
    model = network("regression", output=output, dtype=dtype)
    check(model, rows(dtype=dtype), CLOSE[dtype], dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "softmax"])
def test_far_from_zero_and_near_it(name, dtype):
    """Against the equation in float64: no overflow, no digits lost, signs and infinities kept."""
    far = 10.0 ** np.arange(-8, 5)
    z = np.concatenate([-far, [0.0], far, np.linspace(-30, 30, 121)]).astype(dtype)
    came = given(to_onnx(only(name, dtype=dtype), dtype=dtype), z.reshape(-1, 1))["variable"]
    with np.errstate(over="ignore"):
        wanted = ACTIVATIONS[name].function(z.astype(np.float64)).astype(dtype)
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    np.testing.assert_allclose(came.ravel(), wanted, rtol=tolerance, atol=tolerance)


def test_gelu_in_float64_has_its_digits_far_below_zero():
    z = np.linspace(-37, 5, 500).reshape(-1, 1)
    came = given(to_onnx(only("gelu", dtype="float64"), dtype="float64"), z)["variable"]
    np.testing.assert_allclose(came, ACTIVATIONS["gelu"].function(z), rtol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_of_large_logits(dtype):
    Z = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [1e4, 1e4, 0], [80, 0, -80]], dtype)
    came = given(to_onnx(only("softmax", 3, dtype), dtype=dtype), Z)["variable"]
    close(came, ACTIVATIONS["softmax"].function(Z), 1e-7)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("hidden", HIDDEN_ACTIVATIONS)
def test_another_runtime_answers_alike(hidden, task):
    """onnx's own evaluator, which is written in NumPy and shares nothing with onnxruntime."""
    model = network(task, hidden, steps=(STEPS[Fill], STEPS[Affine]))
    X = rows()
    X[3, 2] = np.nan
    *_, came = ReferenceEvaluator(to_onnx(model)).run(None, {"X": X})
    wanted = model.predict(X) if task == "regression" else model.predict_proba(X)
    close(came, wanted, 1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_is_not_a_number_stays_so(name):
    came = given(to_onnx(only(name)), np.full((1, 1), np.nan, np.float32))
    assert np.isnan(came["variable"]).all()


# Random networks


@settings(max_examples=60)
@drawn(
    seed=st.integers(0, 2**32 - 1),
    task=st.sampled_from(TASKS),
    hidden=st.lists(st.sampled_from(HIDDEN_ACTIVATIONS), min_size=0, max_size=3),
    widths=st.lists(st.integers(1, 12), min_size=6, max_size=6),
    scale=st.floats(0.1, 3),
    n=st.integers(0, 5),
)
def test_random_networks(seed, task, hidden, widths, scale, n):
    random = np.random.default_rng(seed)
    n_out = 1 if task == "binary" else 3
    sizes = (widths[0], *widths[1 : 1 + len(hidden)], n_out)
    base = network(task)
    model = replace(
        base,
        layers=layers(random, sizes, "float32", scale),
        activations=(*hidden, base.activations[-1]),
    )
    X = random.normal(size=(n, sizes[0])).astype(np.float32)
    came = given(to_onnx(model, logits=task != "regression"), X)
    A = model.outputs(X)
    if task == "regression":
        # errors grow with the numbers inside, which are larger than the outputs
        np.testing.assert_allclose(came["variable"], A, rtol=1e-5, atol=1e-5 * scale**4)
        return
    spread = 1e-5 * max(1, scale**3)
    np.testing.assert_allclose(came["probabilities"], model.probabilities(A), atol=spread)
    sure = _margin(task, A) > 2 * spread
    assert (came["label"] == model.predict(X))[sure].all()


def _margin(task, A):
    """How far each label is from being another one."""
    if task == "multiclass":
        second, first = np.sort(A, axis=1)[:, -2:].T
        return first - second
    return abs(A - 0.5) if task == "multilabel" else abs(A - 0.5).ravel()


# Labels


def zero(task, output=None):
    """All outputs of a class are equal: exact ties."""
    model = network(task, output=output)
    return replace(model, layers=tuple(Layer(0 * W, 0 * b) for W, b in model.layers))


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_ties_go_where_ours_go(task):
    came = check(zero(task), rows(3), 1e-7)
    first = {"binary": ["no"] * 3, "multiclass": [3] * 3, "multilabel": np.zeros((3, 3))}
    assert (came["label"] == first[task]).all()


@pytest.mark.parametrize("low", [-10.0, -20.0, -60.0, -90.0])
def test_small_probabilities_of_classes_are_told_apart(low):
    """Sigmoids, one a class, that are all nearly 0 still have a largest."""
    layer = Layer(np.zeros((4, 3), np.float32), np.array([low - 5, low, low - 1], np.float32))
    model = network("multiclass", layers=(layer,), activations=("logistic",))
    came = check(model, rows(2), 1e-7)
    assert came["label"].tolist() == [5, 5]
    np.testing.assert_allclose(came["probabilities"], model.predict_proba(rows(2)), rtol=1e-5)


def test_a_classifier_that_saw_one_class():
    model = network("binary", classes=np.array(["same"]))
    assert set(check(model, rows(), 1e-5)["label"]) == {"same"}


@pytest.mark.parametrize(
    ("classes", "wanted"),
    [
        (np.array([False, True]), [0, 1]),
        (np.array([1.0, 2.0]), [1, 2]),
        (np.array([0, 255], np.uint8), [0, 255]),
        (np.array([-(2**40), 2**62]), [-(2**40), 2**62]),
        (np.array(["ä", "b c"]), ["ä", "b c"]),
        (np.array(["a", "bc"], object), ["a", "bc"]),
    ],
)
def test_labels(classes, wanted):
    proto = to_onnx(network("binary", classes=classes))
    assert set(given(proto, rows())["label"].tolist()) == set(wanted)
    facts = {each.key: each.value for each in proto.metadata_props}
    assert json.loads(facts["chainrule.classes"]) == wanted


@pytest.mark.parametrize(
    "classes",
    [
        np.array([0.5, 1]),
        np.array([b"a", b"b"]),
        np.array(["a", 1], object),
        np.array([0, 2.0**64]),
    ],
)
def test_labels_that_onnx_cannot_name(classes):
    with pytest.raises(InvalidInputError, match="all strings or all whole numbers"):
        to_onnx(network("binary", classes=classes))


# The graph's shape


@pytest.mark.parametrize("n", [0, 1, 7])
@pytest.mark.parametrize("task", TASKS)
def test_any_number_of_rows(task, n):
    steps = (Fill(np.ones(4)), Affine(np.ones(4), np.ones(4)), Bounds(-1, 1, 4))
    check(network(task, steps=steps), rows(n), 1e-5)


def test_names_types_and_shapes():
    def facts(values):
        return [(value.name, value.type, value.shape) for value in values]

    opened = session(to_onnx(network("multiclass"), logits=True))
    assert facts(opened.get_inputs()) == [("X", "tensor(float)", ["n", 4])]
    assert facts(opened.get_outputs()) == [
        ("label", "tensor(int64)", ["n"]),
        ("probabilities", "tensor(float)", ["n", 3]),
        ("logits", "tensor(float)", ["n", 3]),
    ]
    opened = session(to_onnx(network("binary"), dtype="float64"))
    assert facts(opened.get_inputs()) == [("X", "tensor(double)", ["n", 4])]
    assert facts(opened.get_outputs()) == [
        ("label", "tensor(string)", ["n"]),
        ("probabilities", "tensor(double)", ["n", 2]),
    ]
    opened = session(to_onnx(network("multilabel")))
    assert facts(opened.get_outputs())[0] == ("label", "tensor(int64)", ["n", 3])
    opened = session(to_onnx(network("regression")))
    assert facts(opened.get_outputs()) == [("variable", "tensor(float)", ["n", 3])]


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_logits(task):
    model = network(task)
    came = given(to_onnx(model, logits=True), rows())
    close(came["logits"], replace(model, activations=("tanh", "identity")).outputs(rows()), 1e-5)


def test_a_regression_has_no_logits():
    with pytest.raises(InvalidInputError, match="values and no logits"):
        to_onnx(network("regression"), logits=True)


# Preparation


@dataclass(frozen=True)
class Strange:
    n_in: int = 4
    n_out: int = 4

    def __call__(self, X):
        return X


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", steps_table.STEPS)
def test_steps(kind, dtype):
    step = STEPS[kind]
    random = np.random.default_rng(0)
    model = FrozenModel(
        "regression", layers(random, (step.n_out, 3), dtype), ("identity",), steps=(step,)
    )
    X = rows(dtype=dtype)
    X[3, 2] = np.nan
    check(model, X, CLOSE[dtype], dtype=dtype)


def test_a_step_that_is_not_known():
    with pytest.raises(InvalidInputError, match="a step Strange, for which there is no ONNX graph"):
        to_onnx(network(steps=(Strange(),)))


def test_pipelines():
    random = np.random.default_rng(0)
    X = (random.normal(size=(60, 5)) * [1, 10, 100, 0.1, 1] + [0, 5, 1000, 0, -3]).astype(
        np.float32
    )
    X[::7, 1] = np.nan
    y = np.where(X[:, 2] > 1000, "high", "low")
    net = MLPClassifier((7,), max_iter=3, random_state=0)
    model = make_pipeline(
        SimpleImputer(strategy="median"),
        StandardScaler(),
        RobustScaler(),
        MinMaxScaler((-1, 1), clip=True),
        PCA(3, whiten=True),
        net,
    )
    check(model.fit(X, y), X, 1e-5)


@pytest.mark.parametrize("input_dtype", ["uint8", "float32"])
def test_images_as_bytes(input_dtype):
    X = np.random.default_rng(0).integers(0, 256, (30, 12)).astype(np.uint8)
    net = MLPClassifier((5,), input_scale=255, max_iter=2, random_state=0, dtype="float32")
    net.fit(X, X[:, 0] % 3)
    came = given(to_onnx(net, input_dtype=input_dtype), X.astype(input_dtype))
    close(came["probabilities"], net.predict_proba(X), 1e-5)
    assert (came["label"] == net.predict(X)).all()


# Estimators


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        ("log_loss", lambda X: X[:, 0] > 0),
        ("log_loss", lambda X: np.digitize(X[:, 0], [-1, 1])),
        ("mean_squared_error", lambda X: np.array(list("abc"))[np.digitize(X[:, 0], [-1, 1])]),
        ("binary_cross_entropy", lambda X: np.digitize(X[:, 0], [-1, 1])),
        ("double_softmax", lambda X: np.digitize(X[:, 0], [-1, 1])),
        ("log_loss", lambda X: (X[:, :3] > 0).astype(int)),
    ],
)
def test_classifiers(loss, target):
    X = rows(40, dtype="float64")
    net = MLPClassifier((6,), "tanh", loss=loss, max_iter=1, random_state=0).fit(X, target(X))
    check(net, X, 1e-12, dtype="float64")
    check(net, X.astype(np.float32), 1e-5)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("columns", [0, [0, 1]])
def test_regressors(loss, columns):
    X = rows(40)
    net = MLPRegressor(loss, (6,), dropout=0.5, max_iter=1, random_state=0)
    check(net.fit(X, abs(X[:, columns])), X, 1e-5)


def test_a_network_without_hidden_layers():
    X = rows(40)
    check(MLPRegressor(hidden_layer_sizes=(), max_iter=1).fit(X, X[:, 0]), X, 1e-5)


@pytest.mark.parametrize("wrong", [MLPClassifier(), StandardScaler(), None])
def test_what_is_no_fitted_network(wrong):
    with pytest.raises(InvalidInputError, match="Required a"):
        to_onnx(wrong)


# What the file says, and its bytes


def test_what_the_model_says_of_itself():
    import chainrule

    proto = to_onnx(network("multiclass", feature_names=("a", "b", "größe", "d")))
    assert (proto.producer_name, proto.producer_version) == ("chainrule", chainrule.__version__)
    assert [(each.domain, each.version) for each in proto.opset_import] == [("", DEFAULT_OPSET)]
    assert proto.ir_version == 7  # of the same time as the operators
    facts = {each.key: each.value for each in proto.metadata_props}
    assert facts == {
        "chainrule.task": "multiclass",
        "chainrule.classes": "[3, 5, 7]",
        "chainrule.feature_names": '["a", "b", "größe", "d"]',
    }


def test_the_example_in_the_docstring():
    assert doctest.testmod(export) == (0, 6)


def test_equal_models_give_equal_bytes(tmp_path):
    for name in ("one", "two"):
        write_onnx(network("binary", "mish", steps=(STEPS[Affine],)), tmp_path / name)
    one = (tmp_path / "one").read_bytes()
    assert one == (tmp_path / "two").read_bytes()
    assert str(tmp_path).encode() not in one
    assert given(one, rows())["label"].shape == (20,)


def test_writing_is_all_or_nothing(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"before")
    with pytest.raises(InvalidInputError):
        write_onnx(network(steps=(Strange(),)), path)
    assert path.read_bytes() == b"before"
    with pytest.raises(FileNotFoundError):
        write_onnx(network(), tmp_path / "missing" / "model.onnx")
    assert [each.name for each in tmp_path.iterdir()] == ["model.onnx"]


# Options


@pytest.mark.parametrize("opset", range(OLDEST_OPSET, 22))
def test_opsets(opset):
    steps = tuple(STEPS[kind] for kind in (Fill, Affine, Bounds))
    for task, hidden in zip(TASKS, ("gelu", "mish", "selu", "leaky_relu"), strict=True):
        check(network(task, hidden, steps=steps), rows(), 1e-5, opset=opset)


@pytest.mark.parametrize("opset", [OLDEST_OPSET - 1, 10_000, -1])
def test_opsets_that_are_refused(opset):
    with pytest.raises(InvalidInputError, match=f"Required an opset from {OLDEST_OPSET} to"):
        to_onnx(network(), opset=opset)


@pytest.mark.parametrize("opset", ["13", 13.0, True, None])
def test_an_opset_is_a_whole_number(opset):
    with pytest.raises(InvalidInputError, match="whole number as opset"):
        to_onnx(network(), opset=opset)


@pytest.mark.parametrize(
    "option", [{"dtype": "float16"}, {"input_dtype": "int64"}, {"dtype": None}]
)
def test_types_that_are_refused(option):
    (name,) = option
    with pytest.raises(InvalidInputError, match=f"Required float32 or float64.* as {name}; came"):
        to_onnx(network(), **option)


def test_float64_keeps_what_float32_has_not():
    """Times in seconds: their differences are lost in float32, not in the graph."""
    X = 1.7e9 + np.arange(8.0).reshape(-1, 1)
    model = replace(
        only("tanh", dtype="float64"), steps=(Affine(np.array([1.7e9]), np.array([4.0])),)
    )
    check(model, X, 1e-12, dtype="float64")
    near = given(to_onnx(model), X.astype(np.float32))["variable"]
    assert abs(near - model.predict(X).reshape(-1, 1)).max() > 0.1


@pytest.mark.parametrize(
    "model",
    [
        replace(only("relu"), layers=(Layer(np.array([[1e39]]), np.zeros(1)),)),
        replace(only("relu"), steps=(Affine(np.zeros(1), np.array([1e-50])),)),
        replace(only("relu"), input_scale=1e-50),
    ],
)
def test_numbers_that_float32_cannot_hold(model):
    with pytest.raises(InvalidInputError, match=r"numbers that float32 can hold.*dtype='float64'"):
        to_onnx(model)
    check(model, np.array([[1e-60]]), 1e-12, dtype="float64")


def test_two_gigabytes_are_refused():
    W = np.broadcast_to(np.float32(0), (40_000, 20_000))  # takes no memory
    model = FrozenModel("regression", (Layer(W, np.zeros(20_000, np.float32)),), ("identity",))
    with pytest.raises(InvalidInputError, match=r"less than 2 GiB.*at least 3\.0 GiB"):
        to_onnx(model)


# The extra


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'chainrule\[onnx\]'"):
        to_onnx(network())


def test_onnx_is_imported_when_it_is_needed_alone():
    code = (
        "import sys, chainrule.interop.onnx\n"
        "print(*({'jax', 'sklearn', 'onnx', 'onnxruntime', 'skl2onnx'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
