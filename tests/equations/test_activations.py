"""Every activation: its values, its derivative, its kinks, and what it does far out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
import torch
import torch.nn.functional as F

from chainrule.equations.activations import (
    ACTIVATIONS,
    HIDDEN_ACTIVATIONS,
    LEAKY_SLOPE,
    SELU_ALPHA,
    SELU_SCALE,
    pullback,
    softmax_jacobian,
)

# The same functions, written by others.
TORCH = {
    "identity": torch.nn.Identity(),
    "logistic": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "softplus": lambda z: torch.logaddexp(z, 0 * z),  # F.softplus is the identity above 20
    "mish": lambda z: z * torch.tanh(torch.logaddexp(z, 0 * z)),
    "exp": torch.exp,
    "softmax": lambda z: F.softmax(z, dim=1),
}
JAX = {
    "identity": jax.nn.identity,
    "logistic": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "elu": jax.nn.elu,
    "selu": jax.nn.selu,
    "gelu": lambda z: jax.nn.gelu(z, approximate=False),
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
    "mish": jax.nn.mish,
    "exp": jnp.exp,
    "softmax": jax.nn.softmax,
}

EACH = pytest.mark.parametrize("row", ACTIVATIONS.values(), ids=list(ACTIVATIONS))
_elementwise = [row for row in ACTIVATIONS.values() if row.elementwise]
EACH_ELEMENTWISE = pytest.mark.parametrize("row", _elementwise, ids=lambda row: row.name)

POINTS = np.concatenate([np.linspace(-4, -0.1, 24), np.linspace(0.1, 4, 24)])[:, None]
"""A column of pre-activations, 0.1 away from the kinks."""

BATCH = np.random.default_rng(0).normal(0, 2, (4, 3))


def extremes(row, tiny=1e-300):
    Z = np.array([[-1000.0], [-tiny], [0.0], [tiny], [1000.0]])
    return Z[:-1] if row.name == "exp" else Z  # e^1000 is infinite


def derivative(row, Z):
    """da/dz at each element: the diagonal of the Jacobian, for those that have one."""
    return row.derivative(Z, row.function(Z))


def autodiff_torch(function, Z):
    leaf = torch.tensor(np.array(Z), requires_grad=True)
    function(leaf).sum().backward()
    return leaf.grad.numpy()


def autodiff_jax(function, Z):
    return np.asarray(jax.jit(jax.grad(lambda z: jnp.sum(function(z))))(jnp.asarray(Z)))


# Values


def test_every_row_has_independent_oracles():
    assert set(TORCH) == set(JAX) == set(ACTIVATIONS), "Add the new row's functions above."


@EACH
def test_row_is_complete(row):
    assert ACTIVATIONS[row.name] is row
    assert row.source
    assert row.elementwise or not row.kinks
    assert (row.name in HIDDEN_ACTIVATIONS) == row.hidden


@EACH
@pytest.mark.parametrize("Z", [POINTS, 10 * POINTS, BATCH], ids=["near", "far", "batch"])
def test_value(row, Z, x64):
    found = row.function(Z)
    for oracle in (TORCH[row.name](torch.tensor(Z)), JAX[row.name](jnp.asarray(Z))):
        np.testing.assert_allclose(found, np.asarray(oracle), rtol=1e-12, atol=1e-14)


# Derivatives


@EACH_ELEMENTWISE
@pytest.mark.parametrize("differentiate", [autodiff_torch, autodiff_jax])
@pytest.mark.parametrize("whose", ["ours", "theirs"])
def test_derivative_is_that_of_automatic_differentiation(row, differentiate, whose, x64):
    theirs = TORCH if differentiate is autodiff_torch else JAX
    function = row.function if whose == "ours" else theirs[row.name]
    wanted = differentiate(function, POINTS)
    np.testing.assert_allclose(derivative(row, POINTS), wanted, rtol=1e-9, atol=0)


@EACH_ELEMENTWISE
def test_derivative_is_that_of_differences(row, slope):
    wanted = slope(lambda s: row.function(POINTS + s), 0.02)
    np.testing.assert_allclose(derivative(row, POINTS), wanted, rtol=1e-9, atol=0)


@EACH_ELEMENTWISE
def test_derivative_far_out(row, x64):
    """Where the derivative vanishes it keeps its absolute accuracy."""
    Z = 10 * POINTS
    wanted = autodiff_jax(JAX[row.name], Z)
    np.testing.assert_allclose(derivative(row, Z), wanted, rtol=1e-9, atol=1e-14)


@EACH_ELEMENTWISE
def test_derivative_at_a_kink_is_the_one_from_the_left(row):
    for kink in row.kinks:
        at, left, right = (np.array([[kink + step]]) for step in (0, -1e-9, 1e-9))
        assert derivative(row, at) == pytest.approx(derivative(row, left), rel=1e-8)
        assert abs(derivative(row, right) - derivative(row, left)) > 0.1


@EACH_ELEMENTWISE
def test_there_is_no_other_kink(row):
    Z = np.linspace(-3, 3, 6001)[:, None]
    jumps = np.abs(np.diff(derivative(row, Z), axis=0)[:, 0])
    found = Z[:-1, 0][jumps > 0.05]
    np.testing.assert_allclose(found, row.kinks, atol=1e-3)


def test_stated_values_at_zero():
    zero = np.zeros((1, 1))
    stated = {
        "identity": (0, 1),
        "logistic": (0.5, 0.25),
        "tanh": (0, 1),
        "relu": (0, 0),
        "leaky_relu": (0, LEAKY_SLOPE),
        "elu": (0, 1),
        "selu": (0, SELU_SCALE * SELU_ALPHA),
        "gelu": (0, 0.5),
        "silu": (0, 0.5),
        "softplus": (np.log(2), 0.5),
        "mish": (0, 0.6),
        "exp": (1, 1),
    }
    for name, (value, slope_there) in stated.items():
        row = ACTIVATIONS[name]
        assert row.function(zero) == pytest.approx(value, rel=1e-15), name
        assert derivative(row, zero) == pytest.approx(slope_there, rel=1e-15), name


# Softmax, whose units mix


def test_softmax_jacobian_is_that_of_automatic_differentiation(x64):
    softmax = ACTIVATIONS["softmax"].function
    found = softmax_jacobian(BATCH, softmax(BATCH))
    assert found.shape == (4, 3, 3)
    for function in (JAX["softmax"], softmax):
        sums = jax.jit(jax.jacobian(lambda Z, f=function: jnp.sum(f(Z), axis=0)))
        wanted = sums(jnp.asarray(BATCH))  # a sample's outputs depend on that sample alone
        np.testing.assert_allclose(found, np.moveaxis(wanted, 1, 0), rtol=1e-9, atol=1e-16)
    jacobian = torch.func.vmap(torch.func.jacrev(lambda z: torch.softmax(z, 0)))
    np.testing.assert_allclose(found, jacobian(torch.tensor(BATCH)), rtol=1e-9, atol=1e-16)


def test_softmax_jacobian_is_that_of_differences(slope):
    softmax = ACTIVATIONS["softmax"].function
    found = softmax_jacobian(BATCH, softmax(BATCH))
    for k, unit in enumerate(np.eye(3)):
        wanted = slope(lambda s, unit=unit: softmax(BATCH + s * unit), 0.02)
        error = np.linalg.norm(found[:, :, k] - wanted) / np.linalg.norm(wanted)
        assert error <= 1e-9


def test_softmax_jacobian_leaves_the_sum_alone():
    A = ACTIVATIONS["softmax"].function(BATCH)
    np.testing.assert_allclose(A.sum(1), 1, rtol=1e-15)
    np.testing.assert_allclose(softmax_jacobian(BATCH, A).sum(1), 0, atol=1e-16)


def test_softmax_does_not_know_a_shift():
    softmax = ACTIVATIONS["softmax"].function
    np.testing.assert_allclose(softmax(BATCH + 5000.0), softmax(BATCH), rtol=1e-11)


@EACH
def test_pullback_is_the_transposed_derivative(row, backend):
    dA = np.random.default_rng(1).normal(size=BATCH.shape)
    Z, A = BATCH, row.function(BATCH)
    D = row.derivative(Z, A)
    wanted = dA * D if row.elementwise else np.einsum("njk,nj->nk", D, dA)
    Z, A, dA = (backend.array(each) for each in (Z, A, dA))
    backend.check(pullback(row, Z, A, dA), wanted)


# The three libraries


@EACH
def test_runs_unchanged_in_each_library(row, backend):
    Z = backend.array(BATCH)
    A = row.function(Z)
    backend.check(A, row.function(BATCH))
    backend.check(row.derivative(Z, A), derivative(row, BATCH))


@EACH_ELEMENTWISE
def test_extreme_inputs_give_finite_values(row, backend):
    Z = extremes(row, 1e-300 if backend.precision == "float64" else 1e-30)
    A = row.function(backend.array(Z))
    backend.check(A, TORCH[row.name](torch.tensor(Z)).numpy())
    slopes = row.derivative(backend.array(Z), A)
    backend.check(slopes, derivative(row, Z))
    assert np.all(np.isfinite(np.asarray(A)))
    assert np.all(np.isfinite(np.asarray(slopes)))


@EACH_ELEMENTWISE
def test_derivative_at_extreme_inputs(row):
    """At +-1000 the derivative is the asymptote's; next to 0 it is the one at 0."""
    found = derivative(row, extremes(row))[:, 0]
    left = {"identity": 1, "leaky_relu": LEAKY_SLOPE}.get(row.name, 0)
    assert found[0] == pytest.approx(left, abs=1e-15)
    assert found[1] == pytest.approx(found[2], rel=1e-15)
    if row.name != "exp":
        right = {"logistic": 0, "tanh": 0, "selu": SELU_SCALE}.get(row.name, 1)
        assert found[-1] == pytest.approx(right, rel=1e-15, abs=1e-15)


def test_softmax_at_extreme_inputs(backend):
    Z = np.array([[1000.0, -1000.0, 0.0], [1e-300, 0, -1e-300], [-1000, -1000, -1000]])
    A = ACTIVATIONS["softmax"].function(backend.array(Z))
    backend.check(A, np.array([[1.0, 0, 0], [1 / 3, 1 / 3, 1 / 3], [1 / 3, 1 / 3, 1 / 3]]))


def test_selu_keeps_mean_0_and_variance_1():
    """The fixed point that its two constants are made for, by the normal distribution's integrals
    in closed form (Klambauer et al. 2017, appendix)."""
    low = scipy.stats.norm.cdf(-1)  # E[e^z; z < 0] = e^(1/2) Phi(-1)
    lower = scipy.stats.norm.cdf(-2)  # E[e^2z; z < 0] = e^2 Phi(-2)
    density = 1 / np.sqrt(2 * np.pi)  # E[z; z > 0]
    below = np.exp(0.5) * low - 0.5
    mean = SELU_SCALE * (density + SELU_ALPHA * below)
    square = np.exp(2) * lower - 2 * np.exp(0.5) * low + 0.5
    variance = SELU_SCALE**2 * (0.5 + SELU_ALPHA**2 * square)
    assert mean == pytest.approx(0, abs=1e-15)
    assert variance == pytest.approx(1, rel=1e-14)


def test_mish_is_that_of_torch_and_keeps_its_digits_far_to_the_left():
    Z = np.array([[-700.0, -100.0, -40.0, -10.0, -1.0, 0.0, 5.0, 15.0]])
    row = ACTIVATIONS["mish"]
    np.testing.assert_allclose(row.function(Z), F.mish(torch.tensor(Z)).numpy(), rtol=1e-12)
    e = np.exp(Z)  # tanh(log(1 + e)) = (e^2 + 2 e) / (e^2 + 2 e + 2)
    np.testing.assert_allclose(row.function(Z), Z * (e * e + 2 * e) / (e * e + 2 * e + 2), 1e-13)
    np.testing.assert_allclose(derivative(row, Z[:, :2]), (e * (1 + Z))[:, :2], rtol=1e-12)


def test_gelu_keeps_its_digits_far_to_the_left():
    Z = np.array([[-10.0, -20.0]])
    row = ACTIVATIONS["gelu"]
    tail = scipy.stats.norm.cdf(Z)
    np.testing.assert_allclose(row.function(Z), Z * tail, rtol=1e-12)
    np.testing.assert_allclose(
        row.derivative(Z, row.function(Z)), tail + Z * scipy.stats.norm.pdf(Z), rtol=1e-10
    )
