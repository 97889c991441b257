"""One update of the parameters: the equations, composed.

Every trainer runs this function: the compiled program as its loop body, the eager
loop in NumPy or PyTorch as it stands.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from chainrule.engine.plan import Hyperparameters, Plan
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import (
    LOSSES,
    Settings,
    output_gradient,
    per_sample,
    reduce_weights,
)
from chainrule.equations.namespace import Array, namespace
from chainrule.equations.network import Layer, backward, forward
from chainrule.equations.optimizers import OPTIMIZERS, State, clip_by_global_norm, limit_norms
from chainrule.equations.penalties import PENALTIES, penalised, total

__all__ = ["Updated", "loss_and_gradients", "update"]


class Updated(NamedTuple):
    """What a step leaves: the new parameters and state, the batch's loss and the penalty."""

    layers: tuple[Layer, ...]
    state: State
    loss: Array
    penalty: Array


def loss_and_gradients(
    plan: Plan,
    layers: Sequence[Layer],
    X: Array,
    Y: Array,
    weights: Array,
    masks: Sequence[Array | None] | None = None,
    reduction: str = "mean",
    settings: Settings | None = None,
) -> tuple[Array, tuple[Layer, ...]]:
    """The batch's data loss and its gradients; ``weights`` are the samples', ``settings`` the
    loss's."""
    loss, output = LOSSES[plan.loss], ACTIVATIONS[plan.activations[-1]]
    tape = forward(layers, plan.activations, X, masks)
    Z, A = tape.Z[-1], tape.A[-1]
    share = reduce_weights(weights, reduction)
    value = namespace(Z).sum(share * per_sample(loss, output, Z, A, Y, settings))
    dZ = output_gradient(loss, output, Z, A, Y, settings) * share[:, None]
    return value, backward(layers, plan.activations, tape, dZ, masks).layers


def update(
    plan: Plan,
    layers: Sequence[Layer],
    state: State,
    hyper: Hyperparameters,
    X: Array,
    Y: Array,
    weights: Array,
    rate: Array,
    l2: Array,
    masks: Sequence[Array | None] | None = None,
) -> Updated:
    """One step on one batch, with learning rate ``rate`` and penalty strength ``l2``.

    Weights may come flat, ``(n_in * n_out,)``, with a state to match: what comes back has the
    shapes of what came.
    """
    kept, layers = layers, _shaped(layers, plan.sizes)
    if plan.scaled:
        X = X / hyper.input_scale
    loss, gradients = loss_and_gradients(plan, layers, X, Y, weights, masks, settings=hyper.loss)
    penalty = namespace(loss).zeros_like(loss)
    if plan.penalised:
        penalty = total(PENALTIES["l2"], layers, l2)
        gradients = penalised(PENALTIES["l2"], layers, gradients, l2)
    if plan.l1:
        penalty = penalty + total(PENALTIES["l1"], layers, hyper.l1)
        gradients = penalised(PENALTIES["l1"], layers, gradients, hyper.l1)
    if plan.clipped:
        gradients = clip_by_global_norm(gradients, hyper.clip)
    if plan.penalised or plan.l1:
        # It never is below 0. The new weights wait for it, or XLA, in which the penalty might read
        # the old ones later, would copy them in each step.
        rate = namespace(loss).where(penalty < 0, penalty, rate)
    gradients = _like(kept, gradients)
    new, state = OPTIMIZERS[plan.optimizer].step(kept, gradients, state, rate, hyper.settings)
    if plan.max_norm:
        new = _like(kept, limit_norms(_shaped(new, plan.sizes), hyper.max_norm))
    return Updated(new, state, loss, penalty)


def _shaped(layers: Sequence[Layer], sizes: Sequence[int]) -> tuple[Layer, ...]:
    """The layers with weights ``(n_in, n_out)``."""
    return tuple(
        Layer(layer.W.reshape(shape), layer.b)
        for layer, shape in zip(layers, pairwise(sizes), strict=True)
    )


def _like(kept: Sequence[Layer], layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers with weights shaped as others."""
    return tuple(
        Layer(layer.W.reshape(other.W.shape), layer.b)
        for layer, other in zip(layers, kept, strict=True)
    )
