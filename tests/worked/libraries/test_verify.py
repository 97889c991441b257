"""Verify: every shipped example passes, every tampered number is found where it is."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.worked.conftest import network

from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import ExampleError
from chainrule.worked.calculate import trace
from chainrule.worked.example import examples
from chainrule.worked.libraries.verify import verify
from chainrule.worked.quantities import Trace

SOFTMAX = ("cross_entropy", "softmax")


def tampered(found: Trace, number: int, key: str, change: float) -> Trace:
    """The trace with the last number of one quantity moved."""
    step = found.steps[number - 1]
    quantity = step.quantity(key)
    value = quantity.value.copy()
    value.flat[-1] += change
    quantities = {**step.quantities, key: replace(quantity, value=value)}
    steps = list(found.steps)
    steps[number - 1] = replace(step, quantities=quantities)
    return replace(found, steps=tuple(steps))


def wrong(found) -> set[str]:
    return {row.quantity for row in found.rows if not row.ok}


@pytest.mark.parametrize("name", examples())
def test_every_example_that_ships_is_right(name):
    steps = {"steps": 3} if name == "D-Q3-toy" else {}
    found = verify(name, **steps)
    assert found.ok, found.text()
    assert not found.missing and not found.infinite
    for oracle in ("JAX", "PyTorch"):
        rows = [row for row in found.rows if row.oracle == oracle]
        given = {row.quantity for row in found.rows if row.oracle == "given"}
        assert given | {row.quantity for row in rows} == set(found.trace.keys())
        assert max(row.relative for row in rows) < 1e-9
    derivatives = {key for key in found.trace if key[0] in "dS" and key != "data_loss"}
    central = {row.quantity for row in found.rows if row.oracle == "central differences"}
    assert central == derivatives


@pytest.mark.parametrize("variant", ["relu-sigmoid-10", "relu-sigmoid-0.01"])
def test_a_longer_training_is_looked_at_step_by_step(variant):
    found = verify("E-2.4", variant=variant, steps=25)
    assert found.ok, found.text()
    assert "the largest over 25 steps" in found.text()
    assert "Central differences are taken at 20 of the steps" in found.text(200)
    whole, part = (
        next(row.judged for row in found.rows if (row.quantity, row.oracle) == ("dW2", oracle))
        for oracle in ("JAX", "central differences")
    )
    assert whole == 25 * 2 and part <= 20 * 2


@pytest.fixture(scope="module")
def rich() -> Trace:
    """With a penalty, weights of samples, a batch in parts and an optimizer with a state."""
    return trace(
        network(
            2, (2, 3, 3), ("tanh",), SOFTMAX,
            penalty={"strength": 0.1}, weights=[1.0, 2.0, 0.5],
            update={"rate": 0.05, "optimizer": "adam", "batch_size": 2, "decay": 0.5},
        )
    )  # fmt: skip


def test_a_wrong_number_is_found_in_exactly_its_quantity(rich):
    late = ("W1", "m_W2_before", "Z1", "dW2", "v_b1", "b2_new", "loss_new")
    longer = trace(rich.example, steps=2)
    tries = [*((rich, 1, key) for key in rich), *((longer, 2, key) for key in late)]
    tries += [(longer, 1, "W1_new"), (longer, 1, "m_b2")]
    assert verify(longer).ok
    for whole, number, key in tries:
        found = verify(tampered(whole, number, key, 1e-4))
        assert not found.ok
        assert wrong(found) == {key}
        rows = [row for row in found.rows if row.quantity == key]
        assert {row.step for row in rows if not row.ok} == {number}
        assert all(row.difference == pytest.approx(1e-4, rel=1e-3) for row in rows if not row.ok)
        assert f"Wrong: {key}." in found.text()


def test_a_wrong_derivative_is_found_by_each_oracle(rich):
    found = verify(tampered(rich, 1, "dW1", 1e-4))
    rows = {row.oracle: row for row in found.rows if row.quantity == "dW1"}
    assert set(rows) == {"JAX", "PyTorch", "central differences"}
    assert not any(row.ok for row in rows.values())
    assert {row.entry for row in rows.values()} == {"dW1[2,3]"}
    assert "Step 1: dW1[2,3] is" in found.text()
    assert "wrong" in found._repr_html_()


def test_a_number_that_is_not_finite_is_wrong_where_it_should_be_finite(rich):
    for number in (np.nan, np.inf):
        found = verify(tampered(rich, 1, "dZ1", number))
        assert wrong(found) == {"dZ1"}
        assert not found.infinite


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_updates_and_states_of_every_optimizer(optimizer):
    update = {"rate": 0.1, "optimizer": optimizer, "steps": 3, "decay": 0.5, "batch_size": 2}
    found = verify(network(4, (2, 3, 3), ("tanh",), SOFTMAX, update=update))
    assert found.ok, found.text()
    keys = {row.quantity for row in found.rows if row.oracle == "PyTorch"}
    assert {"W1_new", "b2_new", "loss_new"} <= keys
    state = {
        "momentum": "velocity_W1", "nesterov": "velocity_b1", "sgd": "W1_new", "adagrad": "s_b2"
    }  # fmt: skip
    assert state.get(optimizer, "v_b2") in keys


# kinks


def on_the_kink(activation: str, offset: float = 0.0, layout: str = "row") -> dict:
    """The first unit of the second sample is at ``offset``, the others are at 1.5 or more."""
    W = np.array([[1.0, 2.0], [1.0, 0.5]])
    return {
        "title": "A kink", "layout": layout, "activations": [activation, "identity"],
        "loss": "squared_error", "X": [[1, 1], [1, -1]], "Y": [[1], [2]],
        "layers": [
            {"W": (W.T if layout == "column" else W).tolist(), "b": [offset, 0.0]},
            {"W": [[1.0, 0.5]] if layout == "column" else [[1.0], [0.5]]},
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("activation", "slopes"), [("relu", (0, 0, 0)), ("leaky_relu", (0.01, 1, 0.01))]
)
def test_a_kink_is_named_with_what_each_takes_there(activation, slopes):
    found = verify(on_the_kink(activation))
    assert found.ok, found.text()
    (kink,) = found.kinks
    assert (kink.entry, kink.value, kink.at) == ("Z1[2,1]", 0.0, 0.0)
    assert (kink.slope, kink.jax, kink.torch) == pytest.approx(slopes)
    assert set(kink.left_out) == {
        "S1[2,1]", "dZ1[2,1]", "db1[1]", "dW1[1,1]", "dW1[2,1]", "dX[2,1]", "dX[2,2]",
    }  # fmt: skip
    judged = {r.quantity: r.judged for r in found.rows if r.oracle == "central differences"}
    assert (judged["dW1"], judged["S1"], judged["dX"], judged["dW2"]) == (2, 3, 2, 2)
    assert f"Z1[2,1] = 0 lies on the kink of {activation} at 0" in found.text(200)
    assert "dW1[1,1]" in found.text(300)


def test_a_wrong_number_beside_a_kink_is_still_wrong():
    found = verify(tampered(trace(on_the_kink("relu")), 1, "dW1", 1e-3))  # dW1[2,2]
    assert wrong(found) == {"dW1"}
    rows = [row for row in found.rows if row.quantity == "dW1"]
    assert not any(row.ok for row in rows)


def test_near_a_kink_only_the_differences_are_left_out():
    found = verify(on_the_kink("relu", 1e-6))
    assert found.ok
    (kink,) = found.kinks
    assert (kink.slope, kink.jax, kink.torch) == (1, None, None)
    assert "Z1[2,1] = 1e-06 lies beside the kink of relu at 0" in found.text(200)
    assert not verify(on_the_kink("relu", 1e-4)).kinks


def test_entries_are_named_as_the_layout_has_them():
    (kink,) = verify(on_the_kink("relu", layout="column")).kinks
    assert kink.entry == "Z1[1,2]"
    assert "dX[2,2]" in kink.left_out and "dX[1,2]" in kink.left_out


RIGHT = {
    "title": "Already right", "activations": ["identity"], "loss": "absolute_error",
    "X": [[1, 2], [3, 1]], "Y": [[1, 5], [2, 1]], "layers": [{"W": [[1, 0], [0, 1]]}],
    "penalty": {"convention": "l1", "strength": 0.5}, "update": {"rate": 0.1, "steps": 2},
}  # fmt: skip


def test_a_residual_and_a_weight_of_zero_are_named_and_nothing_is_hidden():
    found = verify(RIGHT)
    assert found.ok, found.text()
    first = {kink.entry: kink for kink in found.kinks if kink.step == 1}
    assert set(first) == {"A1[1,1] - Y[1,1]", "A1[2,2] - Y[2,2]", "W1[1,2]", "W1[2,1]"}
    right, zero = first["A1[1,1] - Y[1,1]"], first["W1[1,2]"]
    assert right[2:8] == (0.0, "absolute_error", 0.0, 0.0, 1.0, 0.0)
    assert set(right.left_out) == {
        "dX[1,1]", "dW1_data[1,1]", "dW1[1,1]", "dW1_data[2,1]", "dW1[2,1]", "db1[1]", "dZ1[1,1]",
        "dA1[1,1]",
    }  # fmt: skip
    assert zero[2:] == (0.0, "l1", 0.0, 0.0, 1.0, 0.0, ("dW1_penalty[1,2]", "dW1[1,2]"))
    text = found.text(300)
    assert "A1[1,1] - Y[1,1] = 0 lies on the kink of absolute_error at 0" in text
    assert "trace takes 0 (JAX 1, PyTorch 0: asked for the middle of its two sides)" in text
    judged = {r.quantity: r.judged for r in found.rows if r.oracle == "JAX"}
    assert judged["dW1"] == judged["dW1_penalty"] == 8


def test_a_wrong_sign_on_the_kink_of_a_loss_is_found():
    found = trace(RIGHT)
    assert found["dA1"][1, 1] == 0
    assert wrong(verify(tampered(found, 1, "dA1", 0.5))) == {"dA1"}
    assert wrong(verify(tampered(trace(RIGHT, Y=[[1, 5], [2, 3]]), 1, "dW1_penalty", -0.5)))


def test_beside_the_kink_of_a_loss_only_the_differences_are_left_out():
    found = verify({**RIGHT, "Y": [[1 - 1e-6, 5], [2, 3]], "update": None})
    assert found.ok, found.text()
    kink = next(kink for kink in found.kinks if kink.function == "absolute_error")
    assert (kink.entry, kink.slope, kink.jax) == ("A1[1,1] - Y[1,1]", 1, None)
    assert "lies beside the kink of absolute_error at 0" in found.text(300)


@pytest.mark.parametrize("residual", [1, -1, 1 + 1e-7])
def test_a_residual_on_the_bend_of_huber_is_judged(residual):
    table = {
        "title": "A bend", "activations": ["identity"], "loss": "huber", "X": [[100.0, 3.0]],
        "Y": [[50 - residual]], "layers": [{"W": [[0.5], [0]]}],
    }  # fmt: skip
    found = verify(table)
    assert found.ok and not found.kinks, found.text()
    assert wrong(verify(tampered(found.trace, 1, "dW1", 3.0))) == {"dW1"}


# what cannot be compared


def test_a_divergent_example_says_so():
    example = network(
        1, (2, 3, 3), ("relu",), ("squared_error", "identity"), update={"rate": 1e150, "steps": 9}
    )
    found = verify(example)
    assert found.ok, found.text()
    assert "The example diverges: it leaves the finite numbers at step" in found.text(200)
    assert found.infinite
    last = found.infinite[max(found.infinite)]
    assert "loss_new" in last
    assert not any(np.isnan(row.difference) for row in found.rows)
    assert wrong(verify(tampered(found.trace, 1, "dW1", 1e-3))) == {"dW1"}


def test_without_pytorch_it_says_how_to_get_it(monkeypatch, rich):
    monkeypatch.setitem(sys.modules, "torch", None)
    found = verify(rich)
    assert found.ok
    assert {row.oracle for row in found.rows} == {"given", "JAX", "central differences"}
    assert "PyTorch is not installed: pip install 'chainrule[torch]'." in found.text(200)
    assert "PyTorch: PyTorch" not in found.text(200)


def test_large_matrices_are_differenced_in_part():
    found = verify(network(3, (30, 10, 3), ("tanh",), SOFTMAX, n=1))
    assert found.ok
    judged = {r.quantity: r.judged for r in found.rows if r.oracle == "central differences"}
    assert (judged["dW1"], judged["dW2"], judged["dX"]) == (200, 30, 30)
    assert "Central differences are taken of 200 numbers each of dW1." in found.text(200)


def test_a_trace_is_taken_as_it_is(rich):
    assert verify(rich).trace is rich
    with pytest.raises(ExampleError, match=r"A trace is taken as it is.*Give its example"):
        verify(rich, layout="column")


# how it leaves the process


def test_the_precision_of_jax_and_the_threads_of_torch_stay_as_they_were(rich):
    import jax
    import torch

    threads = torch.get_num_threads()
    verify(rich)
    assert jax.numpy.zeros(1).dtype == np.float32
    assert torch.get_num_threads() == threads
    assert torch.get_default_dtype() == torch.float32


def test_importing_is_light():
    code = (
        "import sys, chainrule.worked.libraries.verify, chainrule.worked.libraries.compare\n"
        "heavy = {'jax', 'torch', 'sklearn', 'matplotlib', 'rich', 'jinja2'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
