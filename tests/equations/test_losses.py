"""Every loss: its value, its gradients, the fused pairs, and the reduction of a batch."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.special
import torch
import torch.nn.functional as F
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_poisson_deviance,
    mean_squared_error,
)
from sklearn.neural_network._base import binary_log_loss, poisson_loss, squared_loss

from chainrule.equations.activations import ACTIVATIONS, pullback
from chainrule.equations.losses import (
    FUSED,
    LOSSES,
    output_gradient,
    per_sample,
    reduce_weights,
    smoothed,
)
from chainrule.errors import InvalidInputError

# PyTorch's losses, one value a sample, from outputs A and targets Y.
TORCH = {
    "squared_error": lambda A, Y: 0.5 * F.mse_loss(A, Y, reduction="none").sum(1),
    "mean_squared_error": lambda A, Y: F.mse_loss(A, Y, reduction="none").mean(1),
    "half_mean_squared_error": lambda A, Y: 0.5 * F.mse_loss(A, Y, reduction="none").mean(1),
    "cross_entropy": lambda A, Y: F.cross_entropy(torch.log(A), Y, reduction="none"),
    "logit_cross_entropy": lambda A, Y: F.cross_entropy(A, Y, reduction="none"),
    "binary_cross_entropy": lambda A, Y: F.binary_cross_entropy(A, Y, reduction="none").sum(1),
    "absolute_error": lambda A, Y: F.l1_loss(A, Y, reduction="none").sum(1),
    "huber": lambda A, Y: F.huber_loss(A, Y, reduction="none").sum(1),
    "poisson": lambda A, Y: (
        F.poisson_nll_loss(A, Y, log_input=False, eps=0.0, reduction="none")
        + torch.special.xlogy(Y, Y)
        - Y
    ).sum(1),
}

# scikit-learn's losses (scipy's, for Huber's) of a whole batch, averaged with the weights.
SKLEARN = {
    "squared_error": lambda A, Y, w: (
        0.5 * A.shape[1] * mean_squared_error(Y, A, sample_weight=w, multioutput="uniform_average")
    ),
    "mean_squared_error": lambda A, Y, w: mean_squared_error(Y, A, sample_weight=w),
    "half_mean_squared_error": lambda A, Y, w: squared_loss(Y, A, sample_weight=w),
    "cross_entropy": lambda A, Y, w: log_loss(
        Y.argmax(1), A, sample_weight=w, labels=range(A.shape[1])
    ),
    "logit_cross_entropy": lambda A, Y, w: log_loss(
        Y.argmax(1), scipy.special.softmax(A, axis=1), sample_weight=w, labels=range(A.shape[1])
    ),
    "binary_cross_entropy": lambda A, Y, w: binary_log_loss(Y, A, sample_weight=w),
    "absolute_error": lambda A, Y, w: A.shape[1] * mean_absolute_error(Y, A, sample_weight=w),
    "huber": lambda A, Y, w: np.average(scipy.special.huber(1.0, A - Y).sum(1), weights=w),
    "poisson": lambda A, Y, w: poisson_loss(Y, A, sample_weight=w),
}

EACH = pytest.mark.parametrize("loss", LOSSES.values(), ids=list(LOSSES))
PAIRS = [(loss, output) for loss, row in LOSSES.items() for output in row.outputs]
EACH_PAIR = pytest.mark.parametrize(("loss", "output"), PAIRS)
EACH_FUSED = pytest.mark.parametrize(("output", "loss"), list(FUSED))
OUTPUTS = pytest.mark.parametrize("k", [1, 3])


@pytest.fixture
def batch(targets):
    """Outputs inside the domain of every loss, targets and weights, for k outputs."""

    def make(loss, k, certain=False):
        rng = np.random.default_rng(k)
        A, Y = rng.uniform(0.1, 0.9, (7, k)), targets(LOSSES[loss].targets, (7, k), rng)
        if LOSSES[loss].targets == "distribution":
            A = A / A.sum(1, keepdims=True)
            Y = np.eye(k)[Y.argmax(1)] if certain else Y
        return A, Y, np.array([0.5, 2.0, 0.0, 1.3, 1.0, 1.0, 0.1])

    return make


# Values


def test_every_row_has_independent_oracles():
    assert set(TORCH) == set(SKLEARN) == set(LOSSES), "Add the new row's functions above."


@EACH
def test_row_is_complete(loss):
    assert LOSSES[loss.name] is loss
    assert loss.source
    assert set(loss.outputs) <= set(ACTIVATIONS)


@EACH
@OUTPUTS
def test_value_of_each_sample_is_that_of_torch(loss, k, batch):
    A, Y, _ = batch(loss.name, k)
    wanted = TORCH[loss.name](torch.tensor(A), torch.tensor(Y)).numpy()
    np.testing.assert_allclose(loss.value(A, Y), wanted, rtol=1e-12, atol=1e-15)


@EACH
@OUTPUTS
@pytest.mark.parametrize("weighted", [False, True])
def test_value_of_a_batch_is_that_of_sklearn(loss, k, weighted, batch):
    k = max(k, 2) if loss.targets == "distribution" else k  # log_loss wants two classes
    A, Y, weights = batch(loss.name, k, certain=True)
    weights = weights if weighted else np.ones(len(A))
    found = reduce_weights(weights) @ loss.value(A, Y)
    assert found == pytest.approx(SKLEARN[loss.name](A, Y, weights), rel=1e-12)


@OUTPUTS
def test_poisson_is_half_the_deviance(k, batch):
    A, Y, weights = batch("poisson", k)
    found = reduce_weights(weights) @ LOSSES["poisson"].value(A, Y)
    deviances = [
        mean_poisson_deviance(y, a, sample_weight=weights) for a, y in zip(A.T, Y.T, strict=True)
    ]
    assert found == pytest.approx(sum(deviances) / 2, rel=1e-12)


@EACH
@OUTPUTS
def test_value_is_least_at_the_target(loss, k, batch):
    """Zero there, but for the entropy of targets that are themselves uncertain."""
    _, Y, _ = batch(loss.name, k)
    if loss.targets == "count":
        Y = Y + 1.0
    entropy = 0.0
    if loss.targets == "distribution":
        entropy = scipy.special.entr(Y).sum(1)
    at_target = np.log(np.maximum(Y, 1e-300)) if loss.name == "logit_cross_entropy" else Y
    np.testing.assert_allclose(loss.value(at_target, Y), entropy, atol=1e-14)


def test_a_target_of_zero_silences_an_output_of_zero():
    zero, one = np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]])
    for name in ("cross_entropy", "binary_cross_entropy", "poisson"):
        assert LOSSES[name].value(zero, one) == 0


# Gradients


@EACH
@OUTPUTS
def test_gradient_with_respect_to_the_outputs(loss, k, batch, slope):
    A, Y, _ = batch(loss.name, k)
    found = loss.gradient(A, Y)
    leaf = torch.tensor(A, requires_grad=True)
    loss.value(leaf, torch.tensor(Y)).sum().backward()
    np.testing.assert_allclose(found, leaf.grad.numpy(), rtol=1e-9, atol=1e-14)
    for column, unit in enumerate(np.eye(k)):
        wanted = slope(lambda s, unit=unit: loss.value(A + s * unit, Y), 1e-3)
        np.testing.assert_allclose(found[:, column], wanted, rtol=1e-9, atol=1e-10)


@EACH_PAIR
@OUTPUTS
def test_gradient_with_respect_to_the_pre_activations(loss, output, k, targets, slope, seams):
    rng = np.random.default_rng(3)
    loss, output = LOSSES[loss], ACTIVATIONS[output]
    Z = rng.uniform(0.1, 2, (9, k)) * rng.choice([-1, 1], (9, k))
    Y = targets(loss.targets, (9, k), rng)

    def sides(Z):
        return [np.sign(output.function(Z) - Y - seam) for seam in seams.get(loss.name, ())]

    for low, high in zip(sides(Z - 0.04), sides(Z + 0.04), strict=True):
        Y = np.where(low == high, Y, Y + 0.8)  # else the differences below cross a seam

    def value(Z):
        return per_sample(loss, output, Z, output.function(Z), Y)

    found = output_gradient(loss, output, Z, output.function(Z), Y)
    columns = [slope(lambda s, u=u: value(Z + s * u), 0.01) for u in np.eye(k)]
    error = np.linalg.norm(found - np.stack(columns, axis=1))
    assert error <= 1e-9 * np.linalg.norm(found) + 1e-12


# Kinks, and settings


def test_every_kink_is_a_seam(seams):
    """What a row states is what the differences here keep away from."""
    for name, row in LOSSES.items():
        assert set(row.kinks) <= set(seams.get(name, ())), name
    for name, places in seams.items():
        row = LOSSES[name]
        for place in places:
            r = place + np.array([[-1e-9], [0.0], [1e-9]])
            jump = abs(np.subtract(*row.gradient(r, 0 * r)[[0, 2], 0])) > 0.1
            assert jump == (place in row.kinks), (name, place)


def test_at_its_target_the_absolute_error_has_no_gradient():
    A = np.array([[1.5, -2.0, 0.0]])
    assert not LOSSES["absolute_error"].gradient(A, A).any()


@pytest.mark.parametrize("delta", [0.1, 1.0, 3.0])
def test_huber_for_other_deltas(delta, backend, x64):
    row, rng = LOSSES["huber"], np.random.default_rng(8)
    A, Y = rng.normal(0, 2, (9, 3)), rng.normal(0, 2, (9, 3))
    wanted = F.huber_loss(torch.tensor(A), torch.tensor(Y), reduction="none", delta=delta).sum(1)
    np.testing.assert_allclose(row.value(A, Y, delta=delta), wanted, rtol=1e-13)
    by_optax = optax.huber_loss(jnp.asarray(A), jnp.asarray(Y), delta=delta).sum(1)
    np.testing.assert_allclose(row.value(A, Y, delta=delta), by_optax, rtol=1e-13)
    slopes = jax.grad(lambda a: optax.huber_loss(a, jnp.asarray(Y), delta=delta).sum())(A)
    np.testing.assert_allclose(row.gradient(A, Y, delta=delta), slopes, rtol=1e-13)
    for given in (delta, backend.array(delta)):
        there = backend.array(A), backend.array(Y)
        backend.check(row.value(*there, delta=given), row.value(A, Y, delta=delta))
        backend.check(row.gradient(*there, delta=given), row.gradient(A, Y, delta=delta))


def test_huber_lies_between_its_neighbours():
    """Half the squares near by, delta times the absolute errors far out, and never above."""
    row, R = LOSSES["huber"], np.linspace(-5, 5, 1001)[:, None]
    for delta in (0.3, 1.0, 2.0):
        value = row.value(R, 0 * R, delta=delta)
        near, far = 0.5 * R[:, 0] ** 2, delta * np.abs(R[:, 0]) - delta**2 / 2
        np.testing.assert_allclose(value, np.where(np.abs(R[:, 0]) <= delta, near, far), rtol=1e-13)
        assert np.all(value <= near + 1e-15)
        assert np.abs(row.gradient(R, 0 * R, delta=delta)).max() == delta
    huge = np.array([[1e200, -1e300]])
    assert np.isfinite(row.value(huge, 0 * huge)).all()


@EACH
def test_each_setting_changes_the_result(loss):
    A, Y = np.array([[0.2, 3.0]]), np.array([[1.5, -4.0]])
    for setting, value in loss.settings.items():
        changed = {setting: 0.5 * value}
        assert loss.value(A, Y) == loss.value(A, Y, **loss.settings)
        assert loss.value(A, Y) != loss.value(A, Y, **changed)
        assert np.any(loss.gradient(A, Y) != loss.gradient(A, Y, **changed))
        output = ACTIVATIONS["identity"]
        assert per_sample(loss, output, A, A, Y, changed) == loss.value(A, Y, **changed)
        found = output_gradient(loss, output, A, A, Y, changed)
        np.testing.assert_array_equal(found, loss.gradient(A, Y, **changed))


# Label smoothing


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("k", [2, 3, 10])
def test_smoothed_labels_are_those_of_torch_and_optax(share, k):
    rng = np.random.default_rng(k)
    Z, labels = rng.normal(0, 2, (20, k)), rng.integers(k, size=20)
    Y = smoothed(np.eye(k)[labels], share, "distribution")
    np.testing.assert_allclose(Y.sum(1), 1, rtol=1e-14)
    np.testing.assert_allclose(Y, optax.smooth_labels(np.eye(k)[labels], share), rtol=1e-6)
    loss = torch.nn.CrossEntropyLoss(label_smoothing=share, reduction="none")
    wanted = loss(torch.tensor(Z), torch.tensor(labels))
    np.testing.assert_allclose(FUSED["softmax", "cross_entropy"].value(Z, Y), wanted, rtol=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
def test_a_smoothed_label_is_one_of_two_classes(share):
    """The logistic function of z is the softmax of (0, z): the smoothed losses agree too."""
    rng = np.random.default_rng(1)
    Z, labels = rng.normal(0, 2, (20, 1)), rng.integers(2, size=20)
    Y = smoothed(labels[:, None].astype(float), share, "label")
    loss = torch.nn.CrossEntropyLoss(label_smoothing=share, reduction="none")
    wanted = loss(torch.tensor(np.hstack([0 * Z, Z])), torch.tensor(labels))
    found = FUSED["logistic", "binary_cross_entropy"].value(Z, Y)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_smoothing_in_each_library(backend):
    Y = np.eye(3)
    backend.check(smoothed(backend.array(Y), 0.3, "distribution"), 0.7 * Y + 0.1)
    backend.check(smoothed(backend.array(Y), 0.3, "label"), 0.7 * Y + 0.15)


def test_only_labels_are_smoothed():
    with pytest.raises(InvalidInputError, match="'distribution' or a 'label'; got 'real'"):
        smoothed(np.eye(2), 0.1, "real")


# Fused pairs


@EACH_FUSED
def test_fused_pair_is_allowed(output, loss):
    assert output in LOSSES[loss].outputs


@EACH_FUSED
@OUTPUTS
def test_fused_pair_is_the_two_steps(output, loss, k, targets):
    rng = np.random.default_rng(5)
    pair, loss, output = FUSED[output, loss], LOSSES[loss], ACTIVATIONS[output]
    Z, Y = rng.normal(0, 2, (20, k)), targets(loss.targets, (20, k), rng)
    A = output.function(Z)
    np.testing.assert_allclose(pair.value(Z, Y), loss.value(A, Y), rtol=1e-10, atol=1e-14)
    unfused = pullback(output, Z, A, loss.gradient(A, Y))
    np.testing.assert_allclose(pair.gradient(Z, A, Y), unfused, rtol=1e-9, atol=1e-14)


# (e^1000 is infinite: a Poisson mean has no use for it.)
HUGE = {
    "softmax": [[1e3, -1e3, 0.0], [-1e4, 0.0, 1e4], [1e30, -1e30, 1e30], [0.0, -90.0, -800.0]],
    "logistic": [[1e3, -1e3, 0.0], [-1e4, 0.0, 1e4], [1e30, -1e30, 1e30], [90.0, -90.0, -800.0]],
    "exp": [[-1e3, 0.0, 50.0], [-1e4, -1e4, -1e4], [-1e30, 1.0, 0.0], [-90.0, -800.0, 80.0]],
    "softplus": [[1e3, -1e3, 0.0], [-1e4, 0.0, 1e4], [-1e30, 1e30, -39.9], [-40.1, 90.0, -800.0]],
}


@EACH_FUSED
def test_fused_pair_is_finite_for_huge_logits(output, loss, backend):
    pair, activation = FUSED[output, loss], ACTIVATIONS[output]
    Z = backend.array(HUGE[output])
    A = activation.function(Z)
    for certain in (0, 1, 2):
        Y = backend.array([np.eye(3)[certain]] * 4)
        for found in (pair.value(Z, Y), pair.gradient(Z, A, Y)):
            assert np.all(np.isfinite(np.asarray(found)))
            assert found.dtype == backend.dtype


def test_fused_values_far_out():
    """What the loss is where the two steps would give infinity."""
    Z, Y = np.array([[-1000.0, 500.0, 0.0]]), np.array([[1.0, 0.0, 0.0]])
    value = FUSED["softmax", "cross_entropy"].value
    assert value(Z, Y) == pytest.approx(1500)
    value = FUSED["logistic", "binary_cross_entropy"].value
    assert value(Z, Y) == pytest.approx(1000 + 500 + np.log(2))
    for output in ("exp", "softplus"):  # a - y log a + y log y - y, with y = 2 and log a = z
        value = FUSED[output, "poisson"].value
        wanted = 2000 + 2 * np.log(2) - 2
        assert value(Z[:, :1], np.array([[2.0]])) == pytest.approx(wanted)


def test_binary_cross_entropy_of_a_sure_and_right_output_keeps_its_digits():
    margin, value = (
        np.array([15.0, 30.0, 36.0, 100.0]),
        FUSED["logistic", "binary_cross_entropy"].value,
    )
    wanted = np.log1p(np.exp(-margin))
    for sign, target in ((1, np.ones((4, 1))), (-1, np.zeros((4, 1)))):
        np.testing.assert_allclose(value(sign * margin[:, None], target), wanted, rtol=1e-12)


# The reduction of a batch


def test_mean_and_sum_are_those_of_numpy(backend):
    losses, weights = np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.0, 2.0])
    there = backend.array(weights)
    mean, total = reduce_weights(there), reduce_weights(there, "sum")
    backend.check(mean, weights / 2.5)
    backend.check(total, weights)
    assert np.asarray(mean) @ losses == pytest.approx(np.average(losses, weights=weights), 1e-6)
    ones = np.ones(3)
    assert reduce_weights(ones) @ losses == pytest.approx(losses.mean())
    assert reduce_weights(ones, "sum") @ losses == losses.sum()


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_weights_that_sum_to_zero_give_zeros(reduction, backend):
    backend.check(reduce_weights(backend.array(np.zeros(3)), reduction), np.zeros(3))


def test_unknown_reduction():
    with pytest.raises(InvalidInputError, match=r"Unknown reduction 'means'. Did you mean 'mean'"):
        reduce_weights(np.ones(2), "means")


# The three libraries


@EACH
def test_runs_unchanged_in_each_library(loss, batch, backend):
    A, Y = (each[:4] for each in batch(loss.name, 3)[:2])
    there = backend.array(A), backend.array(Y)
    backend.check(loss.value(*there), loss.value(A, Y), backend.tolerance * 10)
    backend.check(loss.gradient(*there), loss.gradient(A, Y))


@EACH_FUSED
def test_fused_pairs_run_unchanged_in_each_library(output, loss, targets, backend):
    rng = np.random.default_rng(5)
    fused, loss, output = FUSED[output, loss], LOSSES[loss], ACTIVATIONS[output]
    Z, Y = rng.normal(0, 2, (4, 3)), targets(loss.targets, (4, 3), rng)
    A = output.function(Z)
    there = [backend.array(each) for each in (Z, A, Y)]
    backend.check(fused.value(there[0], there[2]), fused.value(Z, Y))
    backend.check(fused.gradient(*there), fused.gradient(Z, A, Y))
