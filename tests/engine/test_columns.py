"""The batch as the last axis: the same numbers as with the samples as rows, in NumPy."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.engine import columns
from chainrule.engine.plan import Plan
from chainrule.engine.step import loss_and_gradients
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.network import Layer

HIDDEN = [name for name, row in ACTIVATIONS.items() if row.hidden]


def network(sizes, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(Layer(rng.normal(size=pair), rng.normal(size=pair[1])) for pair in pairwise(sizes))


@given(st.lists(st.integers(1, 5), min_size=2, max_size=5))
def test_layers_come_back_as_they_went(sizes):
    layers = network(sizes)
    kept = columns.kept(layers)
    assert all(layer.W.ndim == 1 for layer in kept)
    for before, after in zip(layers, columns.shaped(kept, sizes), strict=True):
        assert np.array_equal(before.W, after.W) and np.array_equal(before.b, after.b)


def test_hidden_activations_do_not_look_at_their_neighbours():
    """The batch may be any axis for them."""
    assert all(ACTIVATIONS[name].elementwise for name in HIDDEN)


@given(
    st.lists(st.tuples(st.integers(1, 5), st.sampled_from(HIDDEN)), max_size=3),
    st.booleans(),
    st.sampled_from([("softmax", "cross_entropy"), ("identity", "squared_error")]),
    st.integers(0, 2**32 - 1),
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_loss_and_gradients_are_those_of_rows(hidden, masked, output, seed):
    sizes = (4, *(width for width, _ in hidden), 3)
    activations = (*(name for _, name in hidden), output[0])
    plan = Plan(sizes, activations, output[1], "sgd", 6, "float64")
    rng = np.random.default_rng(seed)
    X, Y, weights = rng.normal(size=(6, 4)), np.eye(3)[rng.integers(3, size=6)], rng.random(6)
    masks = [1.0 * (rng.random((6, width)) < 0.7) for width, _ in hidden] if masked else None
    layers = network(sizes, seed)
    loss, expected = loss_and_gradients(plan, layers, X, Y, weights, masks)
    found, gradients = columns.loss_and_gradients(
        plan, columns.kept(layers), X, Y, weights, masks, None
    )
    assert found == pytest.approx(loss, rel=1e-12)
    for one, other in zip(columns.shaped(gradients, sizes), expected, strict=True):
        np.testing.assert_allclose(one.W, other.W, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(one.b, other.b, rtol=1e-10, atol=1e-12)
