"""The loss over many epochs: the trace's own numbers, the verdicts of E-2.4, the double sigmoid."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from tests.worked.conftest import network, networks

from chainrule.equations.losses import LOSSES
from chainrule.errors import ExampleError
from chainrule.worked.example import load_example
from chainrule.worked.studies.curves import DOUBLE, Curves, curves
from chainrule.worked.studies.descent import Objective, descent, update_of
from chainrule.worked.trace import trace_example

PAIR = ("binary_cross_entropy", "logistic")


@pytest.fixture(scope="module")
def found() -> Curves:
    return curves("E-2.4")


# the descent is the trace's


@given(networks())
def test_a_descent_has_the_losses_and_gradients_of_a_trace(example):
    traced, points = trace_example(example), list(descent(Objective(example)))
    np.testing.assert_allclose([p.loss for p in points], traced.losses, rtol=1e-12, atol=1e-15)
    for step, point in zip(traced.steps, points, strict=False):
        for i, (W, b) in enumerate(point.gradients, 1):
            np.testing.assert_allclose(W, step.values[f"dW{i}"], rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(b, step.values[f"db{i}"], rtol=1e-9, atol=1e-12)
    objective = Objective(example)
    assert objective.again(points[0]) == points[0].loss
    assert objective.value(points[0].layers, points[0].rows) == points[0].loss


def test_batches_are_taken_as_in_a_trace():
    update = {"rate": 0.1, "optimizer": "adam", "steps": 7, "batch_size": 2, "decay": 0.5}
    example = network(1, (2, 3, 1), ("tanh",), PAIR, n=3, update=update)
    assert np.array_equal(
        [p.loss for p in descent(Objective(example))], trace_example(example).losses
    )


def test_a_descent_ends_where_the_numbers_end():
    example = network(1, (2, 3, 1), ("relu",), ("squared_error", "identity"),
                      update={"rate": 1e200, "steps": 9})  # fmt: skip
    points = list(descent(Objective(example)))
    assert 1 < len(points) < 10
    assert not np.isfinite(points[-1].loss)
    assert all(np.isfinite(point.loss) for point in points[:-1])
    (curve,) = curves(example).curves
    assert curve.verdict == "divergent"
    assert "no finite number" in curve.says


def test_without_an_update_there_is_no_step():
    with pytest.raises(ExampleError, match=r"'?E-1.1'? has no \[update\]"):
        update_of(load_example("E-1.1"))
    with pytest.raises(ExampleError, match=r"Add one to its file"):
        curves("E-1.1")


# E-2.4


def test_the_settings_of_the_document_are_all_there(found):
    rows = {
        (row.activations[0], row.update.rate, row.update.steps)
        for row in load_example("E-2.4").variants
    }
    assert rows == {(name, rate, 1000) for name in ("relu", "sigmoid") for rate in (0.01, 10)}
    assert all(len(curve.losses) == 1001 for curve in found.values())
    assert len(found) == 8


def test_the_curves_of_the_document(found):
    right = {name: curve for name, curve in found.items() if not curve.double}
    assert {name: curve.verdict for name, curve in right.items()} == {
        "relu-sigmoid-0.01": "smooth",
        "relu-sigmoid-10": "dead units",
        "sigmoid-sigmoid-0.01": "smooth",
        "sigmoid-sigmoid-10": "oscillating",
    }
    for name, curve in right.items():
        example = load_example("E-2.4").variant(name)
        short = example.model_copy(
            update={"update": example.update.model_copy(update={"steps": 30})}
        )
        assert np.array_equal(curve.losses[:31], trace_example(short).losses)


def test_dead_units_are_dead(found):
    """The loss stands still because two parameter vectors cost the same, not at a minimum."""
    units = found["relu-sigmoid-10"].units
    assert (units.dead, units.of, units.silent, units.since) == (2, 2, (1,), 2)
    assert units.jumps
    assert units.slope > 0.3
    points = list(descent(Objective(load_example("E-2.4").variant("relu-sigmoid-10"))))
    assert (points[1].tape.Z[0] > 0).any()
    for point in points[2:]:
        assert (point.tape.Z[0] <= 0).all()
        assert not point.gradients[0].W.any()
    assert found["relu-sigmoid-0.01"].units.dead == 1
    assert found["sigmoid-sigmoid-10"].units.dead == 0


def test_rows_are_plain_data(found):
    headers, rows = found.headers(), found.rows()
    assert all(len(row) == len(headers) for row in rows)
    assert {type(cell) for row in rows for cell in row} == {str, float, int}
    first = dict(zip(headers, rows[0], strict=True))
    assert first["curve"] == "relu-sigmoid-0.01"
    assert (first["epochs"], first["rate"], first["verdict"]) == (1000, 0.01, "smooth")
    history = found.history()
    assert history.headers() == ["epoch", *found]
    assert history.column("epoch") == list(range(1001))
    assert history.column("relu-sigmoid-10") == found["relu-sigmoid-10"].losses.tolist()
    assert not isinstance(rows[0][2], Decimal)


def test_a_curve_is_found_by_its_name(found):
    assert "relu-sigmoid-10" in found
    assert "relu-sigmoid-100" not in found
    with pytest.raises(ExampleError, match=r"Unknown curve 'relu-sigmoid-1'\. Did you mean"):
        found["relu-sigmoid-1"]


# the double sigmoid


def test_the_double_sigmoid_is_bce_with_logits_of_an_output():
    A, Y = np.array([[0.3], [0.9]]), np.array([[1.0], [0.0]])
    again = 1 / (1 + np.exp(-A))
    np.testing.assert_allclose(DOUBLE.value(A, Y), LOSSES["binary_cross_entropy"].value(again, Y))
    h = 1e-6
    slope = (DOUBLE.value(A + h, Y) - DOUBLE.value(A - h, Y)) / (2 * h)
    np.testing.assert_allclose(DOUBLE.gradient(A, Y)[:, 0], slope, rtol=1e-8)
    assert DOUBLE.name not in LOSSES


def test_the_gradient_of_the_double_sigmoid_is_its_own():
    example = load_example("E-2.4").variant("sigmoid-sigmoid-10")
    objective, layers = Objective(example, DOUBLE), example.layers()
    point = objective.at(layers)
    assert point.loss == objective.value(layers)
    W, h = layers[0].W, 1e-6
    kept = W[1, 0]
    W[1, 0] = kept + h
    up = objective.value(layers)
    W[1, 0] = kept - h
    down = objective.value(layers)
    assert (up - down) / (2 * h) == pytest.approx(point.gradients[0].W[1, 0], rel=1e-6)


def test_the_double_sigmoid_stands_beside_the_right_loss(found):
    for name in ("relu-sigmoid", "sigmoid-sigmoid"):
        right = found[f"{name}-0.01"]
        wrong = found[f"{name}-0.01 (double sigmoid)"]
        assert wrong.double
        assert not right.double
        assert wrong.right[0] == right.losses[0]
        assert wrong.right[-1] > right.losses[-1]
        assert wrong.floor == pytest.approx((np.log(2) + np.log1p(np.exp(-1))) / 2)
        assert (wrong.losses > wrong.floor).all()
        assert f"{wrong.floor:.4g}" in wrong.says
        assert f"to {wrong.right[-1]:.4g}" in wrong.says


def test_without_the_double_sigmoid(found):
    alone = curves("E-2.4", double=False)
    assert list(alone) == [name for name in found if "double" not in name]
    other = network(1, (2, 3, 2), ("tanh",), ("cross_entropy", "softmax"))
    assert [curve.double for curve in curves(other).curves] == [False]
