"""The outside oracles: JAX and PyTorch find the trace's numbers, on a fixed table of shapes."""

import numpy as np
import pytest
from tests.worked.conftest import PAIRS, network

from chainrule.equations.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS
from chainrule.worked.calculate import trace
from chainrule.worked.libraries import in_jax, in_torch
from chainrule.worked.libraries.oracles import expectations
from chainrule.worked.libraries.problem import problem

SHAPES = [
    ((3, 2), (), ("poisson", "softplus"), 4),
    ((2, 3, 1), ("relu",), ("binary_cross_entropy", "logistic"), 1),
    ((2, 4, 3), ("leaky_relu",), ("mean_squared_error", "softmax"), 3),
    ((4, 3, 2, 3), ("tanh", "gelu"), ("cross_entropy", "softmax"), 2),
    ((1, 2, 2, 2), ("silu", "elu"), ("poisson", "exp"), 3),
    ((2, 3, 2, 2, 1), ("softplus", "logistic", "identity"), ("half_mean_squared_error", "tanh"), 5),
    ((2, 3, 2, 2), ("selu", "mish"), ("huber", "selu"), 3),
    ((2, 2), (), ("absolute_error", "mish"), 3),
]


def near(found: dict, step) -> None:
    """Every quantity that an oracle has, to rounding."""
    for key in step:
        if key in found:
            scale = max(np.abs(step.values[key]).max(), 1e-3)
            np.testing.assert_allclose(
                found[key], step.values[key], rtol=0, atol=1e-9 * scale, err_msg=key
            )


@pytest.mark.parametrize(("sizes", "hidden", "pair", "n"), SHAPES)
def test_jax_and_torch_find_the_trace_s_numbers(sizes, hidden, pair, n):
    convention = "l1" if "mish" in (*hidden, pair[1]) else "lambda"
    penalty = {"convention": convention, "strength": 0.2}
    example = network(8, sizes, hidden, pair, n, penalty=penalty, weights=[1.0, 2, 0.5, 3, 1][:n])
    found = trace(example)
    step = found.steps[0]
    one = problem(found.example, step.values)
    given = {"X", "Y", "w", *(key for key in step if step.quantity(key).stage == "given")}
    updated = {key for key in step if step.quantity(key).stage in ("update", "after")}
    for oracle in (in_jax, in_torch):
        quantities = oracle.quantities(one, {})
        assert set(step) - given - updated <= set(quantities)
        near(quantities, step)


def test_the_shapes_have_every_hidden_activation():
    assert {name for _, hidden, _, _ in SHAPES for name in hidden} == set(HIDDEN_ACTIVATIONS)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_torch_finds_every_pair_of_loss_and_output(pair):
    found = trace(network(8, (2, 3, 3), ("tanh",), pair))
    near(in_torch.quantities(problem(found.example, found.steps[0].values), {}), found.steps[0])


@pytest.mark.parametrize(
    ("name", "jax", "torch"),
    [("relu", 0, 0), ("leaky_relu", 1, 0.01), ("tanh", 1, 1), ("absolute_error", 1, 0),
     ("l1", 1, 0)],
)  # fmt: skip
def test_slopes_at_zero(name, jax, torch):
    assert in_jax.slope(name, 0.0) == pytest.approx(jax)
    assert in_torch.slope(name, 0.0) == pytest.approx(torch)


def test_a_version_of_jax_without_our_compiler_options_is_used_without_them(monkeypatch):
    found = trace(network(8, (1, 1), (), ("squared_error", "identity"), n=1))
    one = problem(found.example, found.steps[0].values)
    caches = (in_jax._options, in_jax._differentiated)
    for cached in caches:
        cached.cache_clear()
    with monkeypatch.context() as patched:
        patched.setitem(in_jax.FAST, "xla_no_such_option", 1)
        assert in_jax._options() == {}
        near(in_jax.quantities(one, {}), found.steps[0])
    for cached in caches:
        cached.cache_clear()


def on_the_kink() -> dict:
    """The sum 0.1 + 0.2 - 0.3 is zero or not by the order of its terms."""
    return {
        "title": "A kink", "activations": ["leaky_relu", "identity"], "loss": "squared_error",
        "X": [[0.1, 0.2, -0.3]], "Y": [[2]],
        "layers": [{"W": [[1], [1], [1]]}, {"W": [[1]]}], "update": {"rate": 1},
    }  # fmt: skip


def test_on_a_kink_the_libraries_are_asked_on_the_trace_s_side():
    found = trace(on_the_kink())
    (expected,) = expectations(found)
    assert expected.on_a_kink["Z1"].all()
    assert abs(found["Z1"][0, 0]) < 1e-15
    side = float(ACTIVATIONS["leaky_relu"].derivative(found["Z1"], found["A1"])[0, 0])
    for values in (expected.jax, expected.torch):
        assert float(values["S1"][0, 0]) == side
        near(values, found.steps[0])


def test_a_residual_that_rounding_decides_is_on_the_trace_s_side():
    """0.1 + 0.2 - 0.3 is above zero in this order, and on it or below in others."""
    found = trace(
        {"title": "Nearly right", "activations": ["identity"], "loss": "absolute_error",
         "X": [[0.1, 0.2, -0.3]], "Y": [[0, 1]], "layers": [{"W": [[1, 1]] * 3}]}
    )  # fmt: skip
    residual = float(found["A1"][0, 0])
    assert abs(residual) < 1e-15
    (expected,) = expectations(found)
    assert expected.on_a_kink["A1"].tolist() == [[True, False]]
    for values in (expected.jax, expected.torch):
        assert values["dA1"].tolist() == [[np.sign(residual), -1]]
        near(values, found.steps[0])
    for side in (-1.0, 0.0, 1.0):  # whatever the residual is, the oracles are kept on its side
        nudge = {"Y": np.array([[side * 1e-14, np.nan]])}
        for oracle in (in_jax, in_torch):
            assert oracle.quantities(expected.problem, nudge)["dA1"].tolist() == [[side, -1]]


def test_what_a_step_is_given_comes_from_the_step_before():
    update = {"rate": 0.1, "optimizer": "momentum", "steps": 3}
    found = trace(network(3, (2, 3, 1), ("relu",), ("squared_error", "identity"), update=update))
    first, second, _ = expectations(found)
    layers = found.example.layers()
    assert np.array_equal(first.given["W2"], layers[1].W)
    assert not first.given["velocity_W2_before"].any()
    assert np.array_equal(second.given["W2"], first.jax["W2_new"])
    assert np.array_equal(second.given["velocity_b1_before"], first.jax["velocity_b1"])
    assert np.array_equal(second.problem.layers[1].W, found.steps[1].values["W2"])


def test_rounding_counts_where_an_example_explodes():
    table = network(1, (2, 3, 1), ("tanh",), ("squared_error", "identity")).model_dump(
        by_alias=True
    )
    (ordinary,) = expectations(trace(table))
    (exploded,) = expectations(trace({**table, "X": [[1e12, 1e12]] * 3}))
    assert ordinary.blur < 1e-13 and 1e-5 < exploded.blur < 1e-1
