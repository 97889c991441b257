"""The C header: compiled by this machine's compiler, and asked the same as the model."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.interop.c_made import COMPILER, WARNINGS, Answers, asked, build, compiled

import chainrule
from chainrule import MLPClassifier
from chainrule.equations.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS
from chainrule.equations.network import Layer
from chainrule.errors import InvalidInputError
from chainrule.interop.c import quantized, write_header
from chainrule.interop.c.literals import float_literal
from chainrule.interop.c.program import STEPS
from chainrule.models import Affine, Bounds, Fill, FrozenModel, Projection


@pytest.fixture
def answers(tmp_path: Path) -> Callable[..., Answers]:
    """``answers(model, X, **settings)``: what the compiled header says."""

    def ask(model: FrozenModel, X: np.ndarray, **settings: Any) -> Answers:
        write_header(model, tmp_path / "net.h", name="net", **settings)
        return asked(build(tmp_path, model.task), model, X)

    return ask


def made(
    task: str = "regression",
    sizes: Sequence[int] = (4, 7, 3),
    hidden: str = "tanh",
    output: str = "identity",
    seed: int = 0,
    **more: Any,
) -> FrozenModel:
    rng = np.random.default_rng(seed)
    layers = tuple(
        Layer(
            rng.normal(size=(n_in, n_out), scale=n_in**-0.5).astype(np.float32),
            rng.normal(size=n_out).astype(np.float32),
        )
        for n_in, n_out in pairwise(sizes)
    )
    names = (*[hidden] * (len(layers) - 1), output)
    classes = None if task == "regression" else np.arange(2 if task == "binary" else sizes[-1])
    return FrozenModel(task, layers, names, **{"classes": classes, **more})


def rows(n_in: int = 4, count: int = 60, scale: float = 3.0) -> np.ndarray:
    return np.random.default_rng(5).normal(size=(count, n_in), scale=scale).astype(np.float32)


def check(model: FrozenModel, found: Answers, A: np.ndarray, atol: float = 1e-5) -> None:
    """The answers are those that outputs ``A`` mean, where these are not at a boundary."""
    np.testing.assert_allclose(found.outputs, A, rtol=1e-5, atol=atol)
    answer, mine = found.answer.ravel(), model.decided(found.outputs).ravel()
    if model.task in ("binary", "multiclass"):
        answer = model.classes[answer.astype(int)]
    np.testing.assert_array_equal(answer, mine)
    if model.task != "regression":
        expected = model.probabilities(A)
        np.testing.assert_allclose(found.probabilities, expected, rtol=1e-5, atol=atol)


# float32


@compiled
@pytest.mark.parametrize("name", HIDDEN_ACTIVATIONS)
def test_every_activation(name, answers):
    model, X = made(hidden=name, sizes=(4, 7, 6, 3)), rows(scale=8.0)
    check(model, answers(model, X), model.outputs(X))


@compiled
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_at_the_output_far_out_as_well(name, answers):
    """One number in, passed on as it is: the activation's own values from -90 to 90, and infinite
    ones."""
    layer = Layer(np.ones((1, 1), np.float32), np.zeros(1, np.float32))
    model = FrozenModel("regression", (layer,), (name,))
    ends = [-np.inf, np.inf, np.nan, 0.0]
    X = np.concatenate([np.linspace(-90, 88, 500), ends])[:, None].astype(np.float32)
    with np.errstate(all="ignore"):
        expected = model.outputs(X)
    np.testing.assert_allclose(answers(model, X).outputs, expected, rtol=2e-6, atol=1e-37)


@compiled
@pytest.mark.parametrize(
    ("task", "n_out", "output"),
    [
        ("binary", 1, "logistic"),
        ("multiclass", 5, "softmax"),
        ("multilabel", 4, "logistic"),
        ("regression", 1, "identity"),
        ("regression", 3, "exp"),
    ],
)
def test_every_task_and_a_batch_of_one(task, n_out, output, answers):
    model, X = made(task, (4, 8, n_out), "relu", output), rows()
    found = answers(model, X)
    check(model, found, model.outputs(X))
    one = answers(model, X[:1])
    for mine, first in zip(one, found, strict=True):
        np.testing.assert_array_equal(mine, first[:1])


STEP_EXAMPLES = {
    Affine: Affine(np.array([1.0, -2, 0.1, 1e3]), np.array([0.3, 7, 1e-4, 11])),
    Bounds: Bounds(-1.0, 0.5, 4),
    Fill: Fill(np.array([0.5, -1.0, 2.0, 0.0])),
    Projection: Projection(np.array([1.0, 2, 3, 4]), np.arange(12.0).reshape(4, 3) / 7 - 0.7),
}


def test_every_kind_of_step_has_an_example():
    assert STEP_EXAMPLES.keys() == STEPS.keys()


@compiled
@pytest.mark.parametrize("kind", STEP_EXAMPLES)
@pytest.mark.parametrize("scale", [None, 255.0])
def test_every_kind_of_step(kind, scale, answers):
    step = STEP_EXAMPLES[kind]
    model = made(sizes=(step.n_out, 6, 2), steps=(step,), input_scale=scale)
    X = rows()
    X[::7, 1] = np.nan if kind is Fill else 0.0
    check(model, answers(model, X), model.outputs(X), 2e-5)


@compiled
@pytest.mark.parametrize("quantize", [None, "int8"])
def test_all_steps_one_after_the_other(quantize, answers):
    kinds = (Fill, Affine, Bounds, Projection)
    steps = tuple(STEP_EXAMPLES[kind] for kind in kinds)
    model = made("multiclass", (3, 5, 3), "relu", "softmax", steps=steps, input_scale=3.0)
    X = rows(scale=100.0)
    X[::5] = np.nan
    A = model.outputs(X)
    if quantize:
        A = quantized.outputs(model, quantized.quantized_layers(model), X)
    check(model, answers(model, X, quantize=quantize), A)


@compiled
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 12), min_size=2, max_size=5),
    hidden=st.sampled_from(HIDDEN_ACTIVATIONS),
    task=st.sampled_from([("multiclass", "softmax"), ("multilabel", "logistic")]),
    quantize=st.sampled_from([None, "int8"]),
    seed=st.integers(0, 99),
)
def test_any_network(sizes, hidden, task, quantize, seed, answers):
    model, X = made(task[0], sizes, hidden, task[1], seed), rows(sizes[0])
    found = answers(model, X, quantize=quantize)
    if quantize:
        A = quantized.outputs(model, quantized.quantized_layers(model), X)
        # an activation that rounds the other way here is another by 1/127 of its layer's largest
        assert np.mean(np.abs(found.outputs - A) < 1e-5) > 0.97
        check(model, found, found.outputs)
    else:
        check(model, found, model.outputs(X))


@compiled
def test_a_pipeline_that_was_trained(tmp_path):
    X, y = load_digits(return_X_y=True)
    names = np.array([f"digit {k}" for k in range(10)])[y]
    net = MLPClassifier((32,), learning_rate_init=0.01, max_iter=20, random_state=0)
    with pytest.warns(match="Maximum iterations"):
        pipe = make_pipeline(StandardScaler(), PCA(30, random_state=0), net).fit(
            X[:1200].astype(np.float32), names[:1200]
        )
    X, names = X[1200:].astype(np.float32), names[1200:]
    report = write_header(pipe, tmp_path / "net.h", name="net", X=X, y=names)
    assert report.change.before == report.change.after == pipe.score(X, names) > 0.85
    found = asked(build(tmp_path, "multiclass"), chainrule.models.freeze(pipe), X)
    np.testing.assert_allclose(found.probabilities, pipe.predict_proba(X), atol=1e-5)
    assert (net.classes_[found.answer.ravel().astype(int)] == pipe.predict(X)).all()
    small = write_header(pipe, tmp_path / "net.h", name="net", quantize="int8", X=X, y=names)
    assert small.change.after > small.change.before - 0.01
    assert small.change.equal_labels > 0.98
    found = asked(build(tmp_path, "multiclass"), chainrule.models.freeze(pipe), X)
    mine = net.classes_[found.answer.ravel().astype(int)]
    assert np.mean(mine == names) == pytest.approx(small.change.after, abs=0.003)


# numbers and names as C reads them


@compiled
def test_every_weight_is_read_back_to_the_bit(answers):
    """Random bits, the smallest and the largest numbers; a unit vector in gives a row out."""
    bits = np.random.default_rng(1).integers(0, 2**32, 4000, dtype=np.uint32)
    edges = np.array([0, 1, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0x80000001], np.uint32)
    numbers = np.concatenate([edges, bits]).view(np.float32)
    W = numbers[np.isfinite(numbers)][:1600].reshape(40, 40)
    model = FrozenModel("regression", (Layer(W, np.zeros(40, np.float32)),), ("identity",))
    found = answers(model, np.eye(40)).outputs
    np.testing.assert_array_equal(found, W)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_literal_is_the_number(number):
    text = float_literal(number)
    assert text.endswith("f") and ("." in text or "e" in text)
    assert np.float32(text[:-1]).tobytes() == np.float32(number).tobytes()


@compiled
def test_labels_and_columns_can_be_any_text(tmp_path):
    texts = ['"; int x; "', "*/ #error \\", "??/", "día 日", "a\nb", "%s\\n\x01" + "7", ""]
    model = made(
        "multiclass",
        (7, 7),
        output="softmax",
        classes=np.array(texts),
        feature_names=tuple(reversed(texts)),
    )
    write_header(model, tmp_path / "net.h", name="net")
    program = build(tmp_path, "multiclass", "labels.c")
    found = subprocess.run([program], capture_output=True, check=True).stdout.decode()
    assert found.split("\0")[:-1] == [*texts, *reversed(texts)]


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (np.array([0, 7, -(2**63)]), "int64_t net_classes[NET_CLASSES] = {\n    INT64_C(0)"),
        (np.array([False, True]), "INT64_C(0),\n    INT64_C(1)"),
        (np.array([0.5, 1.0, 2.0]), "double net_classes[NET_CLASSES] = {\n    0.5,\n    1.0"),
        (np.array(["a", 2], dtype=object), '"a",\n    "2"'),
    ],
)
def test_labels_keep_their_kind(classes, expected, tmp_path):
    task, output = ("binary", "logistic") if len(classes) == 2 else ("multiclass", "softmax")
    n_out = 1 if task == "binary" else len(classes)
    model = made(task, (4, n_out), output=output, classes=classes)
    write_header(model, tmp_path / "net.h", name="net")
    assert expected in (tmp_path / "net.h").read_text("ascii")
    if COMPILER:
        build(tmp_path, task)


@compiled
def test_a_binary_model_that_saw_one_class_answers_it(answers):
    model = made("binary", (4, 1), output="logistic", classes=np.array(["only"]))
    assert not answers(model, rows()).answer.any()


# what it is compiled with


FLAGS = {
    "C99": ["-std=c99", "-O2", *WARNINGS],
    "C17": ["-std=c17", *WARNINGS],
    "C++11": ["-x", "c++", "-std=c++11", *WARNINGS],
    "C++20": ["-x", "c++", "-std=c++20", "-O2", *WARNINGS],
}


@compiled
@pytest.mark.parametrize("language", FLAGS)
@pytest.mark.parametrize("quantize", [None, "int8"])
def test_it_compiles_without_a_warning(language, quantize, tmp_path):
    """With all functions in it, of which most are used."""
    if "++" in language and not shutil.which("c++"):
        pytest.skip("no C++ compiler here")
    names = (*HIDDEN_ACTIVATIONS, "exp", "softmax")
    layer = Layer(np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
    model = FrozenModel(
        "multiclass",
        (layer,) * len(names),
        names,
        steps=tuple(STEP_EXAMPLES[kind] for kind in (Fill, Affine, Bounds, Projection)),
        input_scale=2.0,
        classes=np.array(["a", "b", "c"]),
        feature_names=("p", "q", "r", "s"),
    )
    write_header(model, tmp_path / "net.h", name="net", quantize=quantize)
    source, flags = tmp_path / "other.c", FLAGS[language]
    source.write_text('#include "net.h"\n#include "net.h"\nint main(void) { return 0; }\n')
    build(tmp_path, "multiclass", str(source), [*flags, "-Wno-unused-function"])
    found = asked(build(tmp_path, "multiclass", flags=flags), model, rows())
    assert np.isfinite(found.outputs).all()


@compiled
@pytest.mark.parametrize("quantize", [None, "int8"])
def test_no_input_makes_it_misbehave(quantize, tmp_path):
    """The sanitizers of addresses and of undefined behaviour say nothing, whatever comes."""
    flags = ["-std=c99", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    probe = tmp_path / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    done = subprocess.run([COMPILER, *flags, probe, "-o", tmp_path / "probe"], capture_output=True)
    if done.returncode or subprocess.run([tmp_path / "probe"], capture_output=True).returncode:
        pytest.skip("no sanitizers here")
    steps = (STEP_EXAMPLES[Affine], STEP_EXAMPLES[Projection])
    model = made("multiclass", (3, 9, 4), "gelu", "softmax", steps=steps, input_scale=2.0)
    write_header(model, tmp_path / "net.h", name="net", quantize=quantize)
    odd = [0.0, -0.0, 1e-45, 1e-38, -3.4e38, 3.4e38, np.inf, -np.inf, np.nan, 1.0]
    X = np.random.default_rng(0).choice(np.array(odd, np.float32), (300, 4))
    found = asked(build(tmp_path, "multiclass", flags=flags), model, np.vstack([X, rows()]))
    assert set(np.unique(found.answer)) <= set(range(4))


@compiled
@pytest.mark.skipif(shutil.which("nm") is None, reason="no nm here")
def test_it_keeps_nothing_between_calls(tmp_path):
    """The object has constants and functions, and no memory that could be written."""
    model = made("multiclass", (4, 5, 3), "relu", "softmax", classes=np.array(["a", "b", "c"]))
    report = write_header(model, tmp_path / "net.h", name="net", quantize="int8")
    source = tmp_path / "other.c"
    source.write_text(
        '#include "net.h"\n'
        f"typedef char right[sizeof(net_scratch) == {report.scratch_bytes} ? 1 : -1];"
        "\nint f(const float *x);\nint f(const float *x) { return net_predict(x); }"
        "\nconst char *g(int k);\nconst char *g(int k) { return net_classes[k]; }\n"
    )
    compile_it = ["-std=c99", "-fno-pic", "-c", source, "-o", tmp_path / "other.o"]
    subprocess.run([COMPILER, *compile_it], check=True)
    listing = subprocess.run(["nm", tmp_path / "other.o"], capture_output=True, text=True).stdout
    kinds = {line.split()[-2] for line in listing.splitlines()}
    assert "r" in kinds
    assert kinds.isdisjoint("bBdDcC")


# 8 bits


@compiled
@pytest.mark.parametrize("name", HIDDEN_ACTIVATIONS)
def test_8_bits_are_what_is_measured(name, answers):
    """NumPy and C do the same: the same sums, up to the last bits of an activation."""
    model, X = made("multiclass", (6, 40, 30, 5), name, "softmax"), rows(6, 200)
    A = quantized.outputs(model, quantized.quantized_layers(model), X)
    found = answers(model, X, quantize="int8").outputs
    assert np.mean(np.abs(found - A) < 1e-5) > 0.97
    np.testing.assert_allclose(found, model.outputs(X), atol=0.05)


def test_a_quantized_product_is_near():
    """Each factor is wrong by half a step at most: an oracle of its own for the error."""
    rng = np.random.default_rng(2)
    W, x = rng.normal(size=(50, 8)).astype(np.float32), rows(50, 20)
    layer = Layer(W, np.zeros(8, np.float32))
    model = FrozenModel("regression", (layer,), ("identity",))
    found = quantized.outputs(model, quantized.quantized_layers(model), x)
    t, s = np.abs(x).max(axis=1)[:, None] / 127, np.abs(W).max(axis=0) / 127
    bound = (np.abs(x) @ np.full((50, 8), s / 2)) + t / 2 * np.abs(W).sum(axis=0) + 50 * t * s / 4
    assert (np.abs(found - x.astype(float) @ W) <= bound + 1e-5).all()


def test_numbers_of_8_bits_are_kept_exactly():
    W = np.random.default_rng(3).integers(-127, 128, (9, 4)).astype(np.float32)
    W[0], X = 127, np.random.default_rng(4).integers(-127, 128, (5, 9)).astype(np.float32)
    X[:, 0] = -127
    model = FrozenModel("regression", (Layer(W, np.ones(4, np.float32)),), ("identity",))
    found = quantized.outputs(model, quantized.quantized_layers(model), X)
    np.testing.assert_allclose(found, X @ W + 1, rtol=1e-6)


def test_units_without_weights_and_rows_of_zeros_stay_zero():
    layer = Layer(np.zeros((3, 2), np.float32), np.array([1, 2], np.float32))
    model = FrozenModel("regression", (layer, layer._replace(W=np.eye(2))), ("identity",) * 2)
    X = np.array([[0, 0, 0], [1, 2, 3]], np.float32)
    found = quantized.outputs(model, quantized.quantized_layers(model), X)
    np.testing.assert_allclose(found, [[2, 4]] * 2, rtol=0.01)


def test_sums_that_could_overflow_are_refused():
    wide = np.zeros((quantized.MOST_INPUTS + 1, 1), np.float32)
    model = FrozenModel("regression", (Layer(wide, np.zeros(1, np.float32)),), ("identity",))
    with pytest.raises(InvalidInputError, match="at most 133,144 inputs for quantize='int8'"):
        quantized.quantized_layers(model)
    assert quantized.MOST_INPUTS * quantized.LARGEST**2 < 2**31


# what is said of it


def test_the_report_of_8_bits(tmp_path):
    model, X = made("multiclass", (6, 40, 5), "relu", "softmax"), rows(6, 3000)
    plain = write_header(model, tmp_path / "a.h", X=X)
    small = write_header(model, tmp_path / "b.h", quantize="int8", X=X, y=model.predict(X))
    assert plain.parameters == small.parameters == 6 * 40 + 40 + 40 * 5 + 5
    assert plain.constant_bytes == 4 * plain.parameters
    assert small.constant_bytes == (6 * 40 + 40 * 5) + 4 * 2 * (40 + 5)
    assert plain.header_bytes == (tmp_path / "a.h").stat().st_size
    assert (plain.scratch_bytes, small.scratch_bytes) == (2 * 4 * 40, 3 * 4 * 40 + 40)
    assert (plain.change.largest_difference, plain.change.equal_labels) == (0.0, 1.0)
    assert plain.change.measure is None
    found = small.change
    assert (found.rows, found.measure, found.before) == (3000, "accuracy", 1.0)
    assert found.after == found.equal_labels < 1.0
    assert 0 < found.rms_difference < found.largest_difference < 0.05


def test_the_report_of_a_regression_and_of_labels(tmp_path):
    X = rows()
    model = made(sizes=(4, 6, 1))
    y = model.predict(X) + 1
    found = write_header(model, tmp_path / "a.h", quantize="int8", X=X, y=y).change
    assert (found.measure, found.equal_labels) == ("rmse", None)
    assert found.before == pytest.approx(1.0)
    assert abs(found.after - 1) < found.largest_difference
    model = made("multilabel", (4, 6, 3), output="logistic")
    found = write_header(model, tmp_path / "a.h", X=X, y=model.predict(X)).change
    assert (found.measure, found.before, found.after) == ("accuracy", 1.0, 1.0)


def test_float64_models_lose_what_float32_cannot_hold(tmp_path):
    model = made(sizes=(4, 6, 1))
    wide = replace(
        model, layers=tuple(Layer(W.astype(float) + 1e-9, b.astype(float)) for W, b in model.layers)
    )
    found = write_header(wide, tmp_path / "a.h", X=rows().astype(float)).change
    assert 0 < found.largest_difference < 1e-5


def test_equal_models_give_equal_bytes(tmp_path):
    model = made("multiclass", (4, 5, 3), output="softmax")
    write_header(model, tmp_path / "a.h")
    write_header(replace(model), tmp_path / "b.h")
    assert (tmp_path / "a.h").read_bytes() == (tmp_path / "b.h").read_bytes()
    for name in ("c.h", "d.h"):
        write_header(model, tmp_path / name, X=rows())
    assert (tmp_path / "c.h").read_bytes() == (tmp_path / "d.h").read_bytes()
    plain, measured = ((tmp_path / name).read_text().splitlines() for name in ("a.h", "c.h"))
    said = [line for line in measured if line not in plain]
    assert said[0].startswith(f" * measured:    Against float32, on {len(rows())} rows: largest")
    assert len(said) <= 2 and [line for line in measured if line not in said] == plain
    assert f"chainrule {chainrule.__version__}" in (tmp_path / "a.h").read_text()


def test_two_models_in_one_program(tmp_path):
    write_header(made(hidden="relu"), tmp_path / "first.h", name="first")
    write_header(made(hidden="relu"), tmp_path / "second.h", name="second", quantize="int8")
    if COMPILER:
        source = tmp_path / "both.c"
        source.write_text(
            '#include "first.h"\n#include "second.h"\n'
            "int main(void)\n{\n    float x[4] = {1, 2, 3, 4}, a[3], b[3];\n"
            "    first_predict(x, a);\n    second_predict(x, b);\n"
            "    return fabsf(a[0] - b[0]) > 0.1f;\n}\n"
        )
        subprocess.run([build(tmp_path, "regression", str(source))], check=True)


# refusals


@pytest.mark.parametrize("name", ["", "Net", "1net", "a b", "a;b", "é", "a" * 41, "_a", "a\n"])
def test_a_name_must_be_one_in_c(name, tmp_path):
    with pytest.raises(InvalidInputError, match="Required a name of lower-case letters"):
        write_header(made(), tmp_path / "a.h", name=name)
    assert not any(tmp_path.iterdir())


def test_an_unknown_quantization_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="quantize=None or 'int8'; came 'int4'"):
        write_header(made(), tmp_path / "a.h", quantize="int4")


@pytest.mark.parametrize("quantize", [None, "int8"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e39])
def test_numbers_that_float32_cannot_hold_are_refused(bad, quantize, tmp_path):
    layer = Layer(np.full((2, 2), bad), np.zeros(2))
    model = FrozenModel("regression", (layer,), ("identity",))
    with pytest.raises(InvalidInputError, match="float32 can hold; W of layer 1 has others"):
        write_header(model, tmp_path / "a.h", quantize=quantize)
    assert not any(tmp_path.iterdir())


def test_a_scale_too_near_to_zero_is_refused(tmp_path):
    model = made(steps=(Affine(np.zeros(4), np.array([1, 1, 1e-60, 1])),))
    with pytest.raises(InvalidInputError, match="scale of step 1 that float32 can hold"):
        write_header(model, tmp_path / "a.h")


def test_a_step_without_c_is_refused_by_name(tmp_path):
    class Rotation:
        n_in = n_out = 4

    with pytest.raises(InvalidInputError, match="Rotation, which has no C; required Affine"):
        write_header(made(steps=(Rotation(),)), tmp_path / "a.h")


def test_rows_and_targets_must_fit(tmp_path):
    model = made()
    with pytest.raises(InvalidInputError, match="rows of numbers to measure on, with 4 columns"):
        write_header(model, tmp_path / "a.h", X=np.zeros(4))
    with pytest.raises(InvalidInputError, match="Required rows with 4 columns"):
        write_header(model, tmp_path / "a.h", X=np.zeros((2, 5)))
    with pytest.raises(InvalidInputError, match=r"of shape \(60, 3\); came an array of shape \(60"):
        write_header(model, tmp_path / "a.h", X=rows(), y=np.zeros(60))
    with pytest.raises(InvalidInputError, match="came y alone"):
        write_header(model, tmp_path / "a.h", y=np.zeros(60))
    assert not any(tmp_path.iterdir())


def test_a_failed_write_leaves_what_stood_there(tmp_path):
    (tmp_path / "a.h").write_text("before")
    with pytest.raises(InvalidInputError):
        write_header(object(), tmp_path / "a.h")
    with pytest.raises(OSError, match="folder"):
        write_header(made(), tmp_path / "none" / "a.h")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]
