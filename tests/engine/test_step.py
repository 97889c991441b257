"""One update, composed of the equations, beside torch's automatic differentiation."""

import numpy as np
import pytest
import torch

from chainrule.engine.plan import Hyperparameters
from chainrule.engine.step import loss_and_gradients, update
from chainrule.equations.optimizers import OPTIMIZERS, global_norm

WEIGHTS = np.array([1.0, 0.5, 0.0, 2.0, 1.0, 0.0, 0.25, 3.0])


@pytest.fixture
def batch(make_case):
    """A case of one batch, its rows' weights all different."""
    return make_case("sgd", ("tanh", "softplus"), n=8).but(weights=WEIGHTS)


def one_update(case, rate=0.1, l2=0.0, weights=WEIGHTS):
    state = OPTIMIZERS[case.plan.optimizer].init(case.layers)
    return update(
        case.plan, case.layers, state, case.hyper, case.X, case.Y, weights, rate, np.asarray(l2)
    )


def autograd(case, weights, reduction):
    """The batch's loss and its gradients: torch's layers, torch's loss, torch's derivative."""
    parts = [torch.tensor(part, requires_grad=True) for layer in case.layers for part in layer]
    A = torch.tensor(case.X)
    for number, function in enumerate((torch.tanh, torch.nn.functional.softplus, torch.clone)):
        A = function(A @ parts[2 * number] + parts[2 * number + 1])
    losses = torch.nn.functional.cross_entropy(A, torch.tensor(case.Y), reduction="none")
    w = torch.tensor(weights)
    loss = (w * losses).sum() / (w.sum() if reduction == "mean" else 1)
    loss.backward()
    return loss.item(), [part.grad.numpy() for part in parts]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_loss_and_gradients_are_those_of_the_weighted_batch(batch, reduction, distance):
    loss, gradients = loss_and_gradients(
        batch.plan, batch.layers, batch.X, batch.Y, WEIGHTS, reduction=reduction
    )
    true_loss, true_gradients = autograd(batch, WEIGHTS, reduction)
    assert loss == pytest.approx(true_loss, rel=1e-13)
    assert distance([part for layer in gradients for part in layer], true_gradients) < 1e-13


def test_the_mean_does_not_depend_on_the_scale_of_the_weights(batch, distance):
    one, other = one_update(batch), one_update(batch, weights=1000 * WEIGHTS)
    assert distance(one, other) < 1e-14


def test_weights_of_zero_give_no_loss_and_no_gradient(batch, same_bits):
    after = one_update(batch, weights=np.zeros(8))
    assert after.loss == 0
    assert same_bits(after.layers, batch.layers)


def test_the_penalty_is_reported_apart_and_moves_the_weights_alone(make_case, batch, distance):
    penalised = make_case("sgd", ("tanh", "softplus"), n=8, l2=0.3)
    plain, after = one_update(batch), one_update(penalised, l2=0.3)
    assert after.loss == plain.loss
    assert plain.penalty == 0
    squares = sum(float(np.sum(layer.W**2)) for layer in batch.layers)
    assert after.penalty == pytest.approx(0.15 * squares, rel=1e-14)
    for before, without, with_l2 in zip(batch.layers, plain.layers, after.layers, strict=True):
        assert distance(with_l2.W, without.W - 0.1 * 0.3 * before.W) < 1e-15
        assert np.array_equal(with_l2.b, without.b)


def test_both_penalties_add_up(make_case, batch, distance):
    both = make_case("sgd", ("tanh", "softplus"), n=8, l2=0.3, l1=0.2)
    plain, after = one_update(batch), one_update(both, l2=0.3)
    assert after.loss == plain.loss
    squares = sum(float(np.sum(layer.W**2)) for layer in batch.layers)
    sizes = sum(float(np.sum(np.abs(layer.W))) for layer in batch.layers)
    assert after.penalty == pytest.approx(0.15 * squares + 0.2 * sizes, rel=1e-14)
    for before, without, new in zip(batch.layers, plain.layers, after.layers, strict=True):
        pull = 0.3 * before.W + 0.2 * np.sign(before.W)
        assert distance(new.W, without.W - 0.1 * pull) < 1e-15
        assert np.array_equal(new.b, without.b)


def test_the_limit_on_norms_follows_the_update(make_case, batch):
    limited = make_case("sgd", ("tanh", "softplus"), n=8, max_norm=0.9)
    plain, after = one_update(batch), one_update(limited)
    for without, new in zip(plain.layers, after.layers, strict=True):
        norms = np.linalg.norm(without.W, axis=0)
        np.testing.assert_allclose(new.W, without.W * np.minimum(1, 0.9 / norms), rtol=1e-14)
        assert np.array_equal(new.b, without.b)
    assert any((np.linalg.norm(layer.W, axis=0) > 0.9).any() for layer in plain.layers)
    assert any((np.linalg.norm(layer.W, axis=0) < 0.9).any() for layer in plain.layers)


@pytest.mark.parametrize("delta", [0.2, 5.0])
def test_the_loss_has_its_settings(make_case, delta, distance):
    settings = {"loss": "huber", "output": "identity", "n": 8}
    case = make_case("sgd", ("tanh", "softplus"), **settings, loss_settings={"delta": delta})
    loss, gradients = loss_and_gradients(
        case.plan, case.layers, case.X, case.Y, WEIGHTS, settings=case.hyper.loss
    )
    parts = [torch.tensor(part, requires_grad=True) for layer in case.layers for part in layer]
    A = torch.tensor(case.X)
    for number, function in enumerate((torch.tanh, torch.nn.functional.softplus, torch.clone)):
        A = function(A @ parts[2 * number] + parts[2 * number + 1])
    errors = torch.nn.functional.huber_loss(A, torch.tensor(case.Y), reduction="none", delta=delta)
    wanted = (torch.tensor(WEIGHTS) * errors.sum(1)).sum() / WEIGHTS.sum()
    wanted.backward()
    assert loss == pytest.approx(wanted.item(), rel=1e-13)
    assert distance([p for layer in gradients for p in layer], [p.grad for p in parts]) < 1e-13


@pytest.mark.parametrize(("limit", "clips"), [(0.01, True), (100.0, False)])
def test_the_clip_bounds_the_norm_of_the_whole_gradient(make_case, limit, clips, distance):
    loose = make_case("sgd", ("tanh", "softplus"), n=8, l2=0.3)
    tight = make_case("sgd", ("tanh", "softplus"), n=8, l2=0.3, clip=limit)
    free, clipped = one_update(loose, 1.0, 0.3), one_update(tight, 1.0, 0.3)

    def move(after, case):
        """Minus the gradient, for a rate of one."""
        layers = zip(after.layers, case.layers, strict=True)
        return [old - new for pair in layers for new, old in zip(*pair, strict=True)]

    def norm(parts):
        return np.sqrt(sum(float(np.sum(part**2)) for part in parts))

    whole, bounded = move(free, loose), move(clipped, tight)
    assert norm(bounded) == pytest.approx(limit if clips else norm(whole), rel=1e-12)
    shrink = norm(bounded) / norm(whole)
    assert distance(bounded, [shrink * part for part in whole]) < 1e-14


def test_a_limit_without_the_plan_s_leave_does_nothing(batch, same_bits):
    """Whether to clip is static, and so on; the estimators set both together."""
    hyper = Hyperparameters.make(batch.plan, clip=1e-9, l1=9.0, max_norm=1e-9)
    limited = batch.but(hyper=hyper)
    assert same_bits(one_update(limited), one_update(batch))
    assert global_norm(batch.layers) > 1
