"""The examples that ship: their printed numbers, the vectors, and every number of their answers."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ExampleError
from chainrule.worked.calculate import trace
from chainrule.worked.example import Example, examples, load_example
from chainrule.worked.quantities import STAGES, Step
from chainrule.worked.studies import Curves, curves, first_order, misclassified, sensitivity
from chainrule.worked.studies.descent import Objective, descent
from chainrule.worked.trace import trace_example

NAMES = {
    "B-Q1.1", "B-Q1.2", "B-Q2.1", "B-Q2.2", "E-1.1", "E-1.2", "E-1.3", "E-2.1", "E-2.2", "E-2.3",
    "E-2.4", "A-eq", "D-eq", "C-eq", "D-Q3-toy", "classic-2-2-2",
}  # fmt: skip
PRINTS = {"B-Q1.1", "B-Q2.1", "E-1.3", "D-Q3-toy", "classic-2-2-2"}
"""The examples whose documents print numbers; the others' have equations or questions alone."""

DIFFERS = {("classic-2-2-2", "loss_new"): "the page leaves the biases out of its step"}
"""The printed numbers that are not ours, with the reason. No erratum of the five documents is about
a number that an example carries: theirs are about formulas, or about what follows from rounding."""

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text("utf-8"))
IDS = [" ".join([row["example"], row.get("variant", "")]).strip() for row in VECTORS]


@cache
def step(name: str, variant: str | None = None, last: bool = False) -> Step:
    """An example's first step, or its last."""
    example = load_example(name)
    example = example.variant(variant) if variant else example
    if example.update and not last:  # the steps after the first take most of the time
        example = example.model_copy(
            update={"update": example.update.model_copy(update={"steps": 1})}
        )
    return trace_example(example).steps[-1]


def value(name: str, key: str, variant: str | None = None) -> np.ndarray:
    """A quantity of the first step, in the row convention."""
    return step(name, variant).values[key]


def rounds_to(number: float, text: str) -> bool:
    """Whether a number is ``text`` when it is rounded to as many decimals."""
    exponent = Decimal(text).as_tuple().exponent
    return abs(float(text) - number) <= 0.5 * 10.0 ** min(exponent, 0) * (1 + 1e-9)


def printed_pairs(printed: dict[str, Any], found: Step):
    """Key, printed text and our number, for every printed number."""
    for key, known in printed.items():
        ours = found[key]
        given = np.broadcast_to(np.array(known, dtype=object), ours.shape)
        for text, number in zip(given.ravel(), ours.ravel(), strict=True):
            if str(text) != "":
                yield key, str(text), float(number)


# what there is


def test_all_examples_are_there_and_are_traced():
    assert set(examples()) == NAMES
    for name in NAMES:
        example = load_example(name)
        assert example.name == name
        assert len(example.source) > 20
        assert np.isfinite(step(name)["loss"])
        for row in example.variants:
            assert np.isfinite(step(name, row.name)["loss"])


@pytest.mark.parametrize("name", sorted(NAMES))
def test_notes_stand_at_steps_that_the_example_has(name):
    found = step(name)
    for note in load_example(name).notes:
        assert note.at in found or note.at in STAGES, note
        assert note.text


def test_every_document_question_is_answered():
    asked = {name: load_example(name).questions for name in NAMES - {"classic-2-2-2"}}
    assert all(asked.values())
    assert all(one.question.endswith("?") and one.answer for row in asked.values() for one in row)


# what the documents print


@pytest.mark.parametrize("name", sorted(NAMES))
def test_printed_numbers_are_ours_rounded(name):
    example = load_example(name)
    pairs = [*printed_pairs(example.printed, step(name))]
    pairs += printed_pairs(example.printed_last, step(name, last=True))
    for row in example.variants:
        pairs += printed_pairs(row.printed, step(name, row.name))
    assert bool(pairs) == (name in PRINTS)
    for key, text, ours in pairs:
        expected = (name, key) not in DIFFERS
        assert rounds_to(ours, text) == expected, (key, text, ours)


def test_the_hints_of_the_nine_pairs():
    """The document's row of nine, in its order."""
    hints = ["-4.10", "0.00", "0.02", "-4.10", "0.00", "0.02", "-1.25", "0.00", "0.22"]
    rows = load_example("E-1.3").variants
    assert [row.printed["A2"][2][0] for row in rows] == hints
    kinds = ("identity", "relu", "logistic")
    assert [tuple(load_example("E-1.3").variant(row.name).activations) for row in rows] == [
        (a, b) for a in kinds for b in kinds
    ]


def test_the_classic_example():
    found = step("classic-2-2-2")
    assert rounds_to(float(found["loss"]), "0.298371109")
    assert rounds_to(found["W2_new"][0, 0], "0.35891648")
    assert load_example("classic-2-2-2").update.rate == 0.5


def test_the_classic_page_steps_without_biases_and_loses_a_digit():
    """Its note: with the biases left alone the loss is 0.291027774, and the page has ...924."""
    v = step("classic-2-2-2").values
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    hidden = sigmoid(v["X"] @ v["W1_new"] + v["b1"])
    output = sigmoid(hidden @ v["W2_new"] + v["b2"])
    loss = 0.5 * ((output - v["Y"]) ** 2).sum()
    (note,) = (n for n in load_example("classic-2-2-2").notes if n.at == "loss_new")
    right, wrong = re.findall(r"0\.\d+", note.text)
    assert rounds_to(loss, right)
    assert not rounds_to(loss, wrong)


def test_the_toy_set_is_the_usual_one():
    values = step("D-Q3-toy").values
    rng = np.random.RandomState(0)
    assert np.array_equal(values["W1"], 0.1 * rng.randn(4, 10))
    assert np.array_equal(values["W2"], 0.1 * rng.randn(10, 3))
    assert np.array_equal(values["X"], 10 * np.random.RandomState(1).randn(5, 4))
    assert not values["b1"].any()
    assert not values["b2"].any()
    example = load_example("D-Q3-toy")
    assert (example.update.steps, example.update.rate, example.update.decay) == (100, 0.1, 0.95)
    assert example.labels == [0, 1, 2, 2, 1]
    last = step("D-Q3-toy", last=True)
    assert float(last["loss"]) == pytest.approx(0.0156350, abs=5e-8)
    assert (last.values["A2"].argmax(axis=1) == example.labels).all()


def test_two_decimals_of_an_output_are_too_few_for_its_logarithm():
    """Erratum 55, and its note in E-2.2: 0.0163 as 0.02 makes 1.68 to 1.62."""
    A, Y = value("E-2.2", "A2"), value("E-2.2", "Y")
    bce = lambda A: float(-np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A)))  # noqa: E731
    assert rounds_to(A[2, 0], "0.0163")
    assert rounds_to(bce(A), "1.68")
    assert rounds_to(bce(A.round(2)), "1.62")


# the vectors, key by key

LOSSES = {
    "half_sse_sum": ("squared_error", "sum"),
    "ce_sum": ("cross_entropy", "sum"),
    "mse_mean": ("mean_squared_error", "mean"),
    "ce_mean": ("cross_entropy", "mean"),
}


def vector_step(row: dict[str, Any]) -> Step:
    return step(row["example"], row.get("variant"))


def near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def _each_layer(letter: str) -> Callable[[Step, Any], None]:
    """A list with a matrix a layer, samples as rows."""

    def same(found: Step, expected: Any) -> None:
        keys = [key for key in found if re.fullmatch(rf"{letter}\d", key)]
        assert len(keys) == len(expected)
        for i, matrix in enumerate(expected, 1):
            near(found.values[f"{letter}{i}"], matrix)

    return same


def _by_name(key: str) -> Callable[[Step, Any], None]:
    """A mapping of parameters' names, in the example's layout."""

    def same(found: Step, expected: Any) -> None:
        for name, numbers in expected.items():
            near(found[key.format(name)], numbers)

    return same


def _output(found: Step, expected: Any) -> None:
    top = sum(bool(re.fullmatch(r"A\d", key)) for key in found)
    near(found.values[f"A{top}"], expected)


def _penalty(found: Step, expected: Any) -> None:
    """Without a penalty a trace has no such quantity: it is 0."""
    if "penalty" in found:
        near(found["penalty"], expected)
    else:
        assert expected == 0


def _data_loss(found: Step, expected: Any) -> None:
    """Without a penalty it is the loss."""
    near(found["data_loss" if "data_loss" in found else "loss"], expected)


def _parameters(found: Step, expected: Any) -> None:
    """The number of parameters is no quantity of a trace: it is that of the entries of W and b."""
    assert sum(found[k].size for k in found if re.fullmatch(r"[Wb]\d", k)) == expected


EXPECTED = {
    "Z": _each_layer("Z"),
    "A": _each_layer("A"),
    "dL_dZ": _each_layer("dZ"),
    "dL_dA": _each_layer("dA"),
    "output": _output,
    "per_sample_loss": lambda found, expected: near(found["L"], expected),
    "data_loss": _data_loss,
    "reg_loss": _penalty,
    "loss": lambda found, expected: near(found["loss"], expected),
    "dL_dX": lambda found, expected: near(found.values["dX"], expected),
    "grads": _by_name("d{}"),
    "updated": _by_name("{}_new"),
    "loss_after_update": lambda found, expected: near(found["loss_new"], expected),
    "n_parameters": _parameters,
}


@pytest.mark.parametrize("row", VECTORS, ids=IDS)
def test_vectors_start_from_what_the_example_has(row):
    example = load_example(row["example"])
    example = example.variant(row["variant"]) if "variant" in row else example
    found = vector_step(row)
    assert example.layout == row["layout"]
    near(found.values["X"], row["X"])
    near(found.values["Y"], row["Y"])
    assert {f"{letter}{i}" for i in range(1, len(example.given) + 1) for letter in "Wb"} == set(
        row["params"]
    )
    _by_name("{}")(found, row["params"])
    assert example.activations == [
        name.replace("sigmoid", "logistic") for name in row["activations"]
    ]
    assert (example.loss, example.reduction) == LOSSES[row["loss"]["name"]]
    penalty = row["regularization"]
    assert (example.penalty is None) == (penalty is None)
    if penalty:
        assert example.penalty.convention == penalty["convention"]
        assert example.penalty.strength == penalty["lam"]
    assert example.update.rate == row["lr"]


@pytest.mark.parametrize("row", VECTORS, ids=IDS)
def test_vectors_are_ours(row):
    assert set(row["expected"]) == set(EXPECTED), "a key that no test looks at"
    for key, expected in row["expected"].items():
        EXPECTED[key](vector_step(row), expected)


def _our_key(key: str, top: int) -> str:
    """``Z.0`` is Z1, ``grads.W3`` is dW3, ``updated.b1`` is b1_new."""
    what, _, which = key.partition(".")
    if what in ("grads", "updated"):
        return f"d{which}" if what == "grads" else f"{which}_new"
    if what in ("Z", "A", "dL_dZ", "dL_dA"):
        return f"{what.replace('dL_', '')}{int(which) + 1}"
    return {"output": f"A{top}", "loss": "loss"}[what]


@pytest.mark.parametrize("row", [r for r in VECTORS if r["printed"]], ids=str)
def test_the_printed_numbers_are_all_carried(row):
    example, found = load_example(row["example"]), vector_step(row)
    keys = set()
    for name, entry in row["printed"].items():
        key = _our_key(name, len(example.given))
        keys.add(key)
        ours = found[key]
        expected = np.array(entry["printed"], float)
        turned = found.kinds[key] == "matrix" and name.split(".")[0] not in ("grads", "updated")
        expected = expected.T if turned and example.layout == "column" else expected
        carried = np.broadcast_to(np.array(example.printed[key], dtype=object), ours.shape)
        np.testing.assert_array_equal(carried.astype(float), expected)
        half = 0.5 * 10.0 ** -entry["decimals"] * (1 + 1e-9)
        assert (abs(ours - expected) <= half).all()
    assert keys == set(example.printed)


# every number that an answer gives, in the order of the text

NUMBER = re.compile(r"(?<![\w.^])-?\d+(?:\.\d+)?(?![\w])")


def _b_q12_first() -> list[float]:
    v = step("B-Q1.2").values
    parts = v["dZ3"][:, 0] * v["A2"][:, 0]
    return [*parts, v["dW3"][0, 0]]


def _b_q12_second() -> list[float]:
    v = step("B-Q1.2").values
    dZ, A, S = v["dZ1"][:, 0], v["A1"][:, 0], v["S1"][:, 0]
    return [v["X"][1, 2], dZ[1], v["X"][1, 2] * dZ[1], v["X"][0, 2], dZ[0], A[1], S[1], S[0]]


def _b_q22_second() -> list[float]:
    v = step("B-Q2.2").values
    b, new, db = v["b3"], v["b3_new"], v["db3"]
    assert v["dZ3"][:, 0] == pytest.approx(1 / 3)
    assert v["dZ3"][0, 1] == v["dZ3"][1, 2] == pytest.approx(-2 / 3)
    assert new[1] == pytest.approx(new[2])
    return [1, 3, b[0], b[0], 0.1, db[0], new[0], -2, 3, 1, 3, new[1]]


def _c_penalty() -> list[float]:
    v = step("C-eq").values
    assert not v["A1"][:, [0, -1]].any()
    assert v["A1"][:, 1:-1].any(axis=0).all()
    assert not v["dW1_data"][:, [0, -1]].any()
    share = [100 * abs(v[f"dW{i}_penalty"]).mean() / abs(v[f"dW{i}_data"]).mean() for i in (1, 2)]
    return [
        v["penalty"],
        v["loss"],
        load_example("C-eq").penalty.strength,
        share[0],
        1,
        share[1],
        2,
    ]


def _d_jacobian() -> list[float]:
    v = step("D-eq").values
    psi, S = v["A2"][0], v["S2"][0]
    assert v["dA2"][0] @ S == pytest.approx((psi - v["Y"][0]) / 5)
    return [*psi, 1, *np.diag(S), S[0, 1], -1]


def _e11_affine() -> list[float]:
    v = step("E-1.1").values
    W = (v["W1"] @ v["W2"])[:, 0]
    parts = v["b1"] * v["W2"][:, 0]
    b = parts.sum() + v["b2"][0]
    np.testing.assert_allclose(v["A2"][:, 0], v["X"] @ W + b)
    return [*W, parts[0], -parts[1], v["b2"][0], b, *v["X"][0], W[0], -b, v["A2"][0, 0]]


def _e13_differ() -> list[float]:
    plain, relu = (value("E-1.3", "A2", f"{name}-identity")[:, 0] for name in ("identity", "relu"))
    squeezed, Z = value("E-1.3", "A2", "sigmoid-identity"), value("E-1.3", "Z1")
    others = [0, 1, 3]
    assert relu[2] == plain[2]
    return [0, *Z[others, 1], *plain[others], *relu[others], relu[2], 0, 1, squeezed.min(),
            squeezed.max()]  # fmt: skip


def _e13_vanish() -> list[float]:
    S = value("E-1.3", "S1", "relu-relu")
    assert S.tolist() == [[1, 0], [1, 0], [1, 1], [0, 0]]
    assert value("E-1.3", "S2", "relu-relu")[2, 0] == 0
    assert (value("E-1.3", "S1") == 1).all()
    out = step("E-1.3", "identity-sigmoid").values
    return [0, 1, 1, 0, 0.25, *value("E-1.3", "S1", "sigmoid-identity")[:, 0], out["S2"][2, 0],
            out["Z2"][2, 0]]  # fmt: skip


def _e21_labels() -> list[float]:
    found, right = [], []
    for variant in ("relu-sigmoid", "sigmoid-sigmoid"):
        A = value("E-2.1", "A2", variant)[:, 0]
        found += [*A, *(A > 0.5)]
        right.append(((A > 0.5) == value("E-2.1", "Y")[:, 0]).tolist())
    assert right == [[True, False, False, False], [False] * 4]
    losses = [value("E-2.1", "loss", v) for v in ("sigmoid-sigmoid", "relu-sigmoid")]
    assert losses[0] < losses[1]
    return found


def _e22_penalise() -> list[float]:
    mse, bce = (step("E-2.2", f"relu-sigmoid-{name}").values for name in ("mse", "bce"))
    ratio = [row[3] for row in misclassified("E-2.2").rows()[:2]]
    a = mse["A2"][2, 0]
    return [1, a, mse["L"][2], 1, bce["L"][2], 0, mse["L"][0], bce["L"][0], 2, 2, 1, 1 / a, *ratio]


def _e22_threshold() -> list[float]:
    low, high = sensitivity().rows()[:2]
    assert (low[2], high[2]) == (0, 1)
    return [1, low[3], high[3], low[5], high[5], (low[4] + high[4]) / 2, (low[6] + high[6]) / 2]


def _e23_bias() -> list[float]:
    plain = step("E-2.3", "identity-identity-mse").values
    relu = step("E-2.3", "relu-sigmoid-mse").values
    p, r = plain["dZ2"][:, 0], relu["dZ2"][:, 0]
    sign = np.array([1, 1, -1, 1])  # the third is written with its minus as arithmetic
    return [2, 1, *(sign * p), plain["db2"][0], 1, *(sign * r), relu["db2"][0], relu["A2"][2, 0]]


@cache
def e24_curves() -> Curves:
    return curves("E-2.4")


def _e24_smooth() -> list[float]:
    found = e24_curves()
    slow, fast = found["relu-sigmoid-0.01"], found["relu-sigmoid-10"]
    other, best = found["sigmoid-sigmoid-0.01"], found["sigmoid-sigmoid-10"]
    assert (slow.verdict, fast.verdict) == ("smooth", "dead units")
    assert (other.verdict, best.verdict) == ("smooth", "oscillating")
    assert (fast.units.dead, fast.units.of, fast.units.jumps) == (2, 2, True)
    rises = np.nonzero(np.diff(best.losses) > 0)[0] + 1
    assert best.losses[-1] < 0.001
    assert best.losses[-1] == min(c.losses[-1] for c in found.values() if not c.double)
    points = list(descent(Objective(load_example("E-2.4").variant("relu-sigmoid-10"))))
    bias = [point.layers[-1].b[0] for point in points[-2:]]
    return [0.01, 1000, *slow.losses[[0, -1]], *other.losses[[0, -1]], 10, *fast.losses[[0, 1, -1]],
            max(bias), min(bias), 10, rises[-1], 0.001]  # fmt: skip


def _e24_promise() -> list[float]:
    start = first_order("E-2.4", [0.01, 10]).starts[0]
    promise, loss = start.promised, start.losses
    return [start.square, 0.01, promise[0], loss[0], 10, promise[1], loss[1]]


def _e24_double() -> list[float]:
    curve = e24_curves()["relu-sigmoid-0.01 (double sigmoid)"]
    return [0, 1, curve.floor, 0.01, *curve.losses[[0, -1]], *curve.right[[0, -1]]]


def _outputs(name: str) -> Callable[[], list[float]]:
    return lambda: [*value(name, "A2")[:, 0]]


CLAIMS: dict[str, list[Callable[[], list[float]]]] = {
    "A-eq": [
        lambda: [1, *value("A-eq", "W2")[1], 2],
        lambda: [0, 0, 1, value("A-eq", "Z1")[0, 0], 2, *value("A-eq", "Z2")[0, [0, 3]]],
    ],
    "B-Q1.1": [
        lambda: [value("B-Q1.1", "A1")[0, 0], value("B-Q1.1", "dZ1")[0, 0]],
        lambda: [value("B-Q1.1", "loss"), value("B-Q1.1", "loss_new")],
    ],
    "B-Q1.2": [_b_q12_first, _b_q12_second],
    "B-Q2.1": [
        lambda: [0.1, 0, 1, *np.abs(value("B-Q2.1", "dZ3")[0]), value("B-Q2.1", "dZ3").sum()],
        lambda: [1, 3, 1, 3, value("B-Q2.1", "loss")],
    ],
    "B-Q2.2": [lambda: [abs(value("B-Q2.2", "dZ3").sum(axis=1)).max()], _b_q22_second],
    "C-eq": [_c_penalty, lambda: [value("C-eq", "penalty"), 0]],
    "D-Q3-toy": [
        lambda: [step("D-Q3-toy")["loss"], step("D-Q3-toy", last=True)["loss"], 0.1, 0.95,
                 0.1 * 0.95**99],
    ],
    "D-eq": [
        _d_jacobian,
        lambda: [x for key in ("S1", "dA1", "dZ1") for x in value("D-eq", key)[0]],
    ],
    "E-1.1": [_e11_affine, _outputs("E-1.1")],
    "E-1.2": [
        _outputs("E-1.2"),
        lambda: [n for k in ("X", "W1", "A1", "A1", "W2", "A2") for n in value("E-1.2", k).shape],
    ],
    "E-1.3": [_e13_differ, _e13_vanish],
    "E-2.1": [lambda: [1, 1], _e21_labels],
    "E-2.2": [_e22_penalise, _e22_threshold],
    "E-2.3": [
        _e23_bias,
        lambda: [value("E-2.3", "dZ2", f"relu-sigmoid-{k}")[2, 0] for k in ("bce", "mse")],
    ],
    "E-2.4": [_e24_smooth, _e24_promise, _e24_double],
    "classic-2-2-2": [],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_number_of_an_answer_is_true(name):
    questions = load_example(name).questions
    assert len(questions) == len(CLAIMS[name])
    for question, claim in zip(questions, CLAIMS[name], strict=True):
        texts, numbers = NUMBER.findall(question.answer), claim()
        assert len(texts) == len(numbers), (question.answer, texts)
        for text, number in zip(texts, numbers, strict=True):
            assert rounds_to(float(number), text), (text, number, question.answer)


# what an example may be changed to


def test_printed_numbers_go_with_the_settings_that_they_are_of():
    def pairs(**changes: Any) -> list[tuple[str, str, float]]:
        found = trace("B-Q1.1", **changes)
        return [*printed_pairs(found.example.printed, found.steps[0])]

    assert len(pairs()) == len(pairs(layout="row")) == len(pairs(steps=3)) > 100
    for changes in ({}, {"layout": "row"}, {"steps": 3}):
        assert all(rounds_to(ours, text) for _, text, ours in pairs(**changes))
    assert pairs(update={"rate": 1.0}) == []
    assert pairs(activations=["relu", "relu", "identity"]) == []
    assert trace("D-Q3-toy").example.printed_last
    assert not trace("D-Q3-toy", steps=2).example.printed_last


def test_a_variant_has_its_own_printed_numbers_and_no_others():
    example = Example.model_validate(
        {**load_example("E-1.3").model_dump(by_alias=True), "printed_last": {"loss": "1.0"}}
    )
    found = example.variant("sigmoid-relu")
    assert found.printed == {"A2": [[""], [""], ["0.00"], [""]]}
    assert not found.printed_last
    assert not load_example("E-2.2").variant("relu-sigmoid-mse").printed
    with pytest.raises(ExampleError, match=r"Unknown variant 'relu-rel'\. Did you mean"):
        example.variant("relu-rel")


def test_a_step_knows_what_it_has():
    assert "dW1" in step("B-Q1.1")
    assert "update" not in step("B-Q1.1")
