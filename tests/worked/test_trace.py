"""The trace: its numbers are the equations', its formulas give its numbers."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from tests.worked.conftest import PAIRS, network, networks

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import LOSSES
from chainrule.equations.network import forward
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.equations.penalties import PENALTIES
from chainrule.errors import ExampleError
from chainrule.worked.calculate import trace
from chainrule.worked.expressions import entry, evaluate, in_columns
from chainrule.worked.forms import ACTIVATION_FORMS, LOSS_FORMS, OPTIMIZER_FORMS, PENALTY_FORMS
from chainrule.worked.trace import Step, trace_example


def indices(kind: str, value: np.ndarray) -> list[tuple[int | None, int | None]]:
    """Where a quantity's numbers are."""
    if kind == "matrix":
        return [(i, j) for i in range(value.shape[0]) for j in range(value.shape[1])]
    if kind == "rows":
        return [(i, None) for i in range(len(value))]
    return [(None, j) for j in range(len(value))] if kind == "columns" else [(None, None)]


def shaped(found: np.ndarray, kind: str, value: np.ndarray) -> np.ndarray:
    """A formula's value, as the quantity has it."""
    return np.broadcast_to(found, value.shape) if kind == "matrix" else found.reshape(value.shape)


def near(found, value):
    np.testing.assert_allclose(found, value, rtol=1e-9, atol=1e-12)


@given(networks())
def test_every_formula_gives_its_number(example):
    for step in trace_example(example).steps:
        for quantity in step.quantities.values():
            for formula in filter(None, (quantity.formula, quantity.also)):
                if quantity.kind == "jacobian":
                    continue
                found = evaluate(formula, step.values, step.kinds)
                near(shaped(found, quantity.kind, quantity.value), quantity.value)


@given(networks())
def test_every_entry_written_out_gives_its_number(example):
    step = trace_example(example).steps[0]
    for quantity in step.quantities.values():
        if quantity.formula is None or quantity.kind == "jacobian":
            continue
        for at in indices(quantity.kind, quantity.value):
            written = entry(quantity.formula, at, step.values, step.kinds)
            number = quantity.value[tuple(i for i in at if i is not None)]
            near(evaluate(written, step.values, step.kinds)[0, 0], number)


@given(networks(updates=False))
def test_formulas_in_columns_are_the_same_statements(example):
    step = trace_example(example).steps[0]
    turned = {"matrix": "matrix", "rows": "columns", "columns": "rows", "scalar": "scalar"}
    values = {key: q.value.T for key, q in step.quantities.items() if q.kind != "jacobian"}
    kinds = {key: turned[step.kinds[key]] for key in values}
    for key in ("Z1", *(k for k in values if k.startswith(("dW", "dA", "dX")))):
        quantity = step.quantity(key)
        if "Total" in repr(quantity.formula) or "softmax" in repr(quantity.formula):
            continue  # a sum over the samples runs along the other axis there
        found = evaluate(in_columns(quantity.formula), values, kinds)
        near(np.broadcast_to(found, quantity.value.T.shape), quantity.value.T)


def loss_of(example, layers, X) -> float:
    """The loss by itself, from the forward pass alone."""
    tape = forward(layers, tuple(example.activations), X)
    L = LOSSES[example.loss].value(tape.A[-1], example.targets())
    w = example.sample_weights()
    w = np.ones(len(L)) if w is None else w
    data = (w * L).sum() / (w.sum() if example.reduction == "mean" else 1.0)
    if example.penalty is None:
        return float(data)
    convention, strength = example.penalty.convention, example.penalty.strength
    if convention == "l1":
        return float(data + strength * sum(np.abs(layer.W).sum() for layer in layers))
    squares = sum((layer.W**2).sum() for layer in layers)
    factor = {"lambda/2": 0.5, "lambda": 1.0, "alpha": 0.5 / len(L)}[convention]
    return float(data + factor * strength * squares)


@given(networks(updates=False))
def test_gradients_are_finite_differences_of_the_loss(example):
    found = trace_example(example).steps[0]
    layers = example.layers()
    X, h = example.inputs(), 1e-5
    for number, name in enumerate(example.activations):
        if any(np.abs(found.values[f"Z{number + 1}"] - k).min() < 1e-3
               for k in ACTIVATIONS[name].kinks):  # fmt: skip
            return  # a kink is too near: differences are wrong there
    residuals = found.values[f"A{len(layers)}"] - example.targets()
    if any(np.abs(residuals - k).min() < 1e-3 for k in LOSSES[example.loss].kinks):
        return
    if min(np.abs(layer.W).min() for layer in layers) < 1e-4:
        return  # of L1
    assert float(found["loss"]) == pytest.approx(loss_of(example, layers, X), rel=1e-12)

    def difference(array: np.ndarray, at: tuple[int, ...]) -> float:
        kept = array[at]
        array[at] = kept + h
        up = loss_of(example, layers, X)
        array[at] = kept - h
        down = loss_of(example, layers, X)
        array[at] = kept
        return (up - down) / (2 * h)

    arrays = {"X": X}
    for number, layer in enumerate(layers, 1):
        arrays |= {f"W{number}": layer.W, f"b{number}": layer.b}
    for key, array in arrays.items():
        at = tuple(size // 2 for size in array.shape)
        expected = found.quantity(f"d{key}").value[at]
        assert difference(array, at) == pytest.approx(expected, rel=1e-5, abs=1e-8)


def test_every_row_of_the_equations_has_a_form():
    assert set(ACTIVATION_FORMS) == set(ACTIVATIONS)
    assert set(LOSS_FORMS) == set(LOSSES)
    assert set(OPTIMIZER_FORMS) == set(OPTIMIZERS)
    assert {form.penalty.name for form in PENALTY_FORMS.values()} == set(PENALTIES)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_the_local_derivative_of_the_output_leads_to_dZ(pair):
    """dA S is dZ, by the Jacobian too, beside the fused pair's short form."""
    step = trace_example(network(3, (3, 4, 3), ("tanh",), pair)).steps[0]
    dA, S, dZ = (step.quantity(key).value for key in ("dA2", "S2", "dZ2"))
    near(np.einsum("nj,njk->nk", dA, S) if S.ndim == 3 else dA * S, dZ)


def test_columns_are_the_transposed_of_rows():
    row, column = (
        trace_example(network(5, (2, 3, 2), ("tanh",), PAIRS[0], layout=layout))
        for layout in ("row", "column")
    )
    for key in row:
        kind = row.steps[0].kinds[key]
        assert np.array_equal(column[key], row[key].T if kind == "matrix" else row[key])


def test_steps_go_on_from_each_other():
    update = {"rate": 0.1, "optimizer": "adam", "steps": 4, "batch_size": 2, "decay": 0.5}
    found = trace_example(network(1, (2, 3, 2), ("relu",), PAIRS[0], n=3, update=update))
    assert [step.rows for step in found.steps] == [(0, 1), (2,), (0, 1), (2,)]
    for before, after in zip(found.steps, found.steps[1:], strict=False):
        for key in ("W1", "b1", "W2", "b2"):
            assert np.array_equal(before[f"{key}_new"], after[key])
            assert np.array_equal(before[f"m_{key}"], after[f"m_{key}_before"])
    assert len(found.losses) == 5
    assert found.losses[-1] == found.steps[-1]["loss_new"]


def test_a_divergent_example_ends_and_says_nothing_false():
    example = network(1, (2, 3, 1), ("relu",), PAIRS[0], update={"rate": 1e200, "steps": 9})
    found = trace_example(example)
    assert 1 <= len(found.steps) < 9
    assert not np.isfinite(found.steps[-1]["loss_new"])


def test_a_trace_is_plain_data():
    found = trace_example(network(1, (2, 3, 2), ("tanh",), PAIRS[0]))
    assert found.keys()[:4] == ["X", "Y", "W1", "b1"]
    assert list(found) == found.keys() == list(found.steps[0])
    assert isinstance(found.steps[0], Step)
    assert all(value.dtype == np.float64 for value in found.steps[0].values.values())
    with pytest.raises(ExampleError, match=r"Unknown quantity 'dw2'\. Did you mean 'dW2'\?"):
        found["dw2"]


def test_sources_and_changes():
    example = network(1, (2, 3, 2), ("tanh",), PAIRS[0])
    table = example.model_dump(by_alias=True)
    assert trace(example)["loss"] == trace(table)["loss"]
    column = trace(example, layout="column")
    assert np.array_equal(column["W1"], trace(example)["W1"].T)
    assert trace(example, reduction="sum")["loss"] == pytest.approx(3 * trace(example)["loss"])
    with pytest.raises(ExampleError, match="X and y go with a fitted estimator"):
        trace(example, [[1, 2]])
    with pytest.raises(ExampleError, match="got float"):
        trace(3.5)
    with pytest.raises(ExampleError, match="Unknown example 'B-Q1'"):
        trace("B-Q1")


def regressor(loss, **attributes):
    """What a fitted regressor shows of itself, as far as a trace reads it."""
    layers = network(2, (2, 3, 1), ("selu",), PAIRS[0]).layers()
    facts = {
        "coefs_": [layer.W for layer in layers],
        "intercepts_": [layer.b for layer in layers],
        "activation": "selu",
        "out_activation_": "identity",
        "alpha": 0.0,
        "loss": loss,
    }
    return SimpleNamespace(**{**facts, **attributes})


@pytest.mark.parametrize("loss", ["absolute_error", "huber", {"name": "huber", "delta": 1}])
def test_a_fitted_network_with_a_robust_loss(loss):
    found = trace(regressor(loss), [[0.5, -1.0], [2.0, 0.3]], [1.0, -3.0])
    sizes = np.abs(found["A2"][:, 0] - [1.0, -3.0])
    wanted = sizes if loss == "absolute_error" else scipy.special.huber(1.0, sizes)
    near(found["L"], wanted)


def test_the_l1_penalty_of_a_fitted_network():
    est = regressor("huber", l1=0.1)
    found = trace(est, [[0.5, -1.0]], [1.0])
    assert not found.remarks
    near(found["penalty"], 0.1 * sum(np.abs(W).sum() for W in est.coefs_))
    near(found["dW1_penalty"], 0.1 * np.sign(est.coefs_[0]))


def test_what_a_trace_of_a_fitted_network_leaves_out_is_said():
    est = regressor("huber", alpha=0.2, l1=0.1, max_norm=2.0)
    remarks = " ".join(trace(est, [[0.5, -1.0]], [1.0]).remarks)
    assert "L1 is left out beside L2" in remarks
    assert "norm of each unit's weights is left out" in remarks
    with pytest.raises(ExampleError, match=r"delta = 1 alone, and this network .* with 2\.0"):
        trace(regressor({"name": "huber", "delta": 2.0}), [[0.5, -1.0]], [1.0])
