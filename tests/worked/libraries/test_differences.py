"""Central differences: the trace's derivatives, found from the loss alone."""

import numpy as np
from hypothesis import given, settings
from tests.worked.conftest import network, networks

from chainrule.worked.calculate import trace
from chainrule.worked.libraries.differences import SAMPLED, STEP, differences
from chainrule.worked.libraries.problem import problem


def found_by(found) -> dict:
    values = found.steps[0].values
    return dict(differences(problem(found.example, values), values))


@settings(max_examples=30, deadline=None)
@given(networks(updates=False))
def test_they_are_the_trace_s_derivatives(example):
    found = trace(example)
    values = found.steps[0].values
    for key, central in found_by(found).items():
        if key not in values:
            continue
        scale = max(np.abs(values[key]).max(), 1e-3)
        allowed = 1e-5 * scale + 4 * central.noise
        for at in central.kinks:
            allowed[at] = np.inf
        judged = np.isfinite(allowed)
        assert (np.abs(central.value - values[key]) <= allowed)[judged].all(), key
        assert judged.any() or central.kinks


def test_they_do_not_look_at_the_trace():
    """The same whatever gradient stands beside them; that only bounds the rounding."""
    found = trace(network(2, (2, 3, 1), ("tanh",), ("squared_error", "identity")))
    values = dict(found.steps[0].values)
    one = problem(found.example, values)
    before = dict(differences(one, values))
    values["dW1"] = values["dW1"] + 1
    after = dict(differences(one, values))
    assert all(np.array_equal(before[key].value, after[key].value) for key in before)


def test_a_passed_kink_is_named_for_each_number_that_moves_over_it():
    table = {
        "title": "A kink", "activations": ["relu", "identity"], "loss": "squared_error",
        "X": [[1, 0], [2, 1]], "Y": [[1], [1]],
        "layers": [{"W": [[1, -1], [1, 1]], "b": [-1, 3]}, {"W": [[1], [1]]}],
    }  # fmt: skip
    found = found_by(trace(table))
    spot = (("Z1", 0, 0),)  # layer 1, the first sample's first unit
    assert found["dW1"].kinks == {(0, 0): spot}  # X[0, 1] is 0: W[1, 0] does not move it
    assert found["db1"].kinks == {(0,): spot}
    assert found["dX"].kinks == {(0, 0): spot, (0, 1): spot}
    assert found["dZ1"].kinks == found["S1"].kinks == {(0, 0): spot}
    assert not found["dA1"].kinks and not found["dW2"].kinks


def test_residuals_and_weights_pass_kinks_too():
    table = {
        "title": "Right, and a weight of zero", "activations": ["identity"],
        "loss": "absolute_error", "X": [[1, 2]], "Y": [[1, 5]],
        "layers": [{"W": [[1, 0], [0, 1]]}], "penalty": {"convention": "l1", "strength": 0.5},
    }  # fmt: skip
    found = found_by(trace(table))
    right = ("A1", 0, 0)
    assert found["db1"].kinks == {(0,): (right,)}
    assert found["dA1"].kinks == found["dZ1"].kinks == {(0, 0): (right,)}
    assert found["dW1_data"].kinks == {(0, 0): (right,), (1, 0): (right,)}
    zeros = {(0, 1): (("W1", 0, 1),), (1, 0): (("W1", 1, 0),)}
    assert found["dW1_penalty"].kinks == zeros
    both = (right, ("W1", 1, 0))
    assert found["dW1"].kinks == {(0, 0): (right,), (1, 0): both, (0, 1): zeros[0, 1]}
    np.testing.assert_allclose(found["dW1_penalty"].value, [[0.5, 0], [0, 0.5]], atol=1e-10)


def test_on_a_bend_of_huber_the_difference_is_off_by_less_than_its_bound():
    """r is 1, and moves by a hundred times h: the slope is half h times 100 too small."""
    table = {
        "title": "A bend", "activations": ["identity"], "loss": "huber", "X": [[100.0]],
        "Y": [[49]], "layers": [{"W": [[0.5]]}],
    }  # fmt: skip
    found = trace(table)
    assert found["A1"][0, 0] - 49 == 1
    central = found_by(found)["dW1"]
    off = abs(float(central.value[0, 0] - found["dW1"][0, 0]))
    assert 1e-2 < off <= float(central.noise[0, 0]) < 3 * off
    away = found_by(trace({**table, "Y": [[48]]}))["dW1"]
    assert float(away.noise[0, 0]) < 1e-8


def test_outputs_near_zero_are_moved_in_proportion():
    """log a at a = 1e-7: a step of 1e-5 would leave the logarithm's domain."""
    table = {
        "title": "Sure", "activations": ["softmax"], "loss": "cross_entropy",
        "X": [[1.0]], "labels": [0], "layers": [{"W": [[-8, 8]]}],
    }  # fmt: skip
    found = trace(table)
    assert found["A1"][0, 0] < STEP
    central = found_by(found)["dA1"]
    np.testing.assert_allclose(central.value, found["dA1"], rtol=1e-6)


def test_of_large_matrices_some_numbers_evenly_spread():
    found = found_by(trace(network(2, (50, 6, 1), ("tanh",), ("squared_error", "identity"), n=1)))
    taken = np.isfinite(found["dW1"].noise)
    assert taken.sum() == SAMPLED and taken[0, 0] and taken[-1, -1]
    assert np.array_equal(taken, ~np.isnan(found["dW1"].value))
