"""Penalties: values by hand, gradients by differentiation, other people's conventions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from sklearn.neural_network import MLPRegressor

from chainrule.equations.network import Layer
from chainrule.equations.penalties import PENALTIES, penalised, total

EACH = pytest.mark.parametrize("row", PENALTIES.values(), ids=list(PENALTIES))

_rng = np.random.default_rng(2)
W = _rng.normal(size=(5, 3))
LAYERS = (Layer(W, _rng.normal(size=3)), Layer(_rng.normal(size=(3, 2)), _rng.normal(size=2)))
STRENGTH = 0.37


def test_l2_by_hand():
    layers = (Layer(np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([100.0, 100.0])),)
    assert total(PENALTIES["l2"], layers, 0.1) == pytest.approx(0.05 * 15)
    zero = (Layer(np.zeros((2, 2)), np.zeros(2)),)
    [gradient] = penalised(PENALTIES["l2"], layers, zero, 0.1)
    np.testing.assert_allclose(gradient.W, [[0.1, 0.2], [0.3, -0.1]])
    assert np.array_equal(gradient.b, [0, 0])


def test_l2_is_the_squared_frobenius_norm():
    wanted = STRENGTH / 2 * sum(np.linalg.norm(layer.W, "fro") ** 2 for layer in LAYERS)
    assert total(PENALTIES["l2"], LAYERS, STRENGTH) == pytest.approx(wanted, rel=1e-14)


def test_l1_by_hand():
    layers = (Layer(np.array([[1.0, -2.0], [0.0, -1.0]]), np.array([100.0, 100.0])),)
    assert total(PENALTIES["l1"], layers, 0.1) == pytest.approx(0.4)
    zero = (Layer(np.zeros((2, 2)), np.zeros(2)),)
    [gradient] = penalised(PENALTIES["l1"], layers, zero, 0.1)
    np.testing.assert_allclose(gradient.W, [[0.1, -0.1], [0.0, -0.1]])
    assert np.array_equal(gradient.b, [0, 0])


def test_l1_is_that_of_torch_and_numpy():
    wanted = STRENGTH * sum(np.linalg.norm(layer.W.ravel(), 1) for layer in LAYERS)
    assert total(PENALTIES["l1"], LAYERS, STRENGTH) == pytest.approx(wanted, rel=1e-14)
    theirs = torch.nn.functional.l1_loss(torch.tensor(W), torch.zeros(5, 3), reduction="sum")
    assert PENALTIES["l1"].value(W, 1.0) == pytest.approx(float(theirs), rel=1e-14)


@EACH
def test_at_a_kink_the_gradient_lies_between_its_neighbours(row):
    for kink in row.kinks:
        left, at, right = (row.gradient(np.array([[kink + h]]), 1.0) for h in (-1e-9, 0, 1e-9))
        assert left + 0.1 < at < right - 0.1


@EACH
def test_row_is_complete(row):
    assert PENALTIES[row.name] is row
    assert row.source


@EACH
def test_gradient_is_the_derivative_of_the_value(row, slope, x64):
    found = row.gradient(W, STRENGTH)
    wanted = jax.grad(row.value)(jnp.asarray(W), STRENGTH)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    leaf = torch.tensor(W, requires_grad=True)
    row.value(leaf, STRENGTH).backward()
    np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=1e-12)
    along = _rng.normal(size=W.shape)
    differences = slope(lambda s: row.value(W + s * along, STRENGTH), 0.01)
    assert np.sum(found * along) == pytest.approx(differences, rel=1e-9)


@EACH
def test_strength_scales_and_zero_is_none(row):
    assert row.value(W, 2 * STRENGTH) == pytest.approx(2 * row.value(W, STRENGTH))
    assert row.value(W, 0.0) == 0
    assert not np.any(row.gradient(W, 0.0))


@EACH
def test_biases_are_left_out(row):
    other = tuple(Layer(layer.W, layer.b + 10) for layer in LAYERS)
    assert total(row, other, STRENGTH) == total(row, LAYERS, STRENGTH)
    for mine, gradient in zip(penalised(row, other, LAYERS, STRENGTH), LAYERS, strict=True):
        assert mine.b is gradient.b


@EACH
def test_runs_unchanged_in_each_library(row, backend):
    there = backend.layers(LAYERS)
    for strength in (STRENGTH, backend.array(STRENGTH)):
        backend.check(total(row, there, strength), np.asarray(total(row, LAYERS, STRENGTH)))
        found = penalised(row, there, there, strength)
        for mine, wanted in zip(found, penalised(row, LAYERS, LAYERS, STRENGTH), strict=True):
            backend.check(mine.W, wanted.W)
            backend.check(mine.b, wanted.b)


def test_torchs_weight_decay_is_this_strength():
    """In SGD, and on the weights alone."""
    parameter = torch.tensor(W)
    parameter.grad = torch.zeros_like(parameter)
    torch.optim.SGD([parameter], lr=0.1, weight_decay=STRENGTH).step()
    wanted = W - 0.1 * PENALTIES["l2"].gradient(W, STRENGTH)
    np.testing.assert_allclose(parameter.numpy(), wanted, rtol=1e-14)


def test_sklearns_alpha_is_divided_by_the_batch():
    """One full-batch step from known weights on targets that are met: the penalty alone."""
    n, alpha, rate = 8, 0.4, 0.1
    X = np.zeros((n, 5))
    network = MLPRegressor(
        hidden_layer_sizes=(3,),
        activation="identity",
        solver="sgd",
        alpha=alpha,
        batch_size=n,
        momentum=0,
        learning_rate_init=rate,
        random_state=0,
    )
    network.partial_fit(X, np.zeros(n))
    before = [W.copy() for W in network.coefs_]
    network.intercepts_ = [0 * b for b in network.intercepts_]
    network.partial_fit(X, np.zeros(n))
    for old, new in zip(before, network.coefs_, strict=True):
        wanted = old - rate * PENALTIES["l2"].gradient(old, alpha / n)
        np.testing.assert_allclose(new, wanted, rtol=1e-13)
