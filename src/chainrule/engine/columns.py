"""Loss and gradients with the batch as the last axis: the equations' numbers, in another layout.

With the samples as columns, ``(units, n)``, and the first layer's weights as ``(n_out, n_in)``,
the arrays of many networks lie one behind the other in every product: those of the first layer are
one tall product, ``(members n_out, n_in) (n_in, n)`` and ``(members n_out, n) (n, n_in)``, and
nothing must be copied to turn its axes. XLA does not find this by itself.

All weights are kept flat, the first layer's by its units: a loop over a short last axis, such as
that of ten classes, is not made one of vectors. The biases of all layers are one array, which the
first layer has (the others have none): an optimizer then has less to do, and XLA fewer kernels to
compile. Otherwise as ``equations.network``.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from chainrule.engine.plan import Plan
from chainrule.equations.activations import ACTIVATIONS, pullback
from chainrule.equations.losses import LOSSES, Settings, output_gradient, per_sample, reduce_weights
from chainrule.equations.namespace import Array, namespace
from chainrule.equations.network import Layer

__all__ = ["kept", "loss_and_gradients", "output", "shaped"]


def kept(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Layers of one network, as they are kept here."""
    first, *rest = layers
    biases = namespace(first.b).concatenate([layer.b for layer in layers])
    none = biases[:0]
    return (
        Layer(first.W.T.reshape(-1), biases),
        *(Layer(layer.W.reshape(-1), none) for layer in rest),
    )


def shaped(layers: Sequence[Layer], sizes: Sequence[int]) -> tuple[Layer, ...]:
    """Kept layers with weights ``(n_in, n_out)``, each with its biases."""
    first = layers[0].W.reshape(sizes[1], sizes[0]).T
    weights = [first, *_inner_weights(layers, sizes)]
    return tuple(map(Layer, weights, _biases(layers, sizes)))


def loss_and_gradients(
    plan: Plan,
    layers: Sequence[Layer],
    X: Array,
    Y: Array,
    weights: Array,
    masks: Sequence[Array] | None = None,
    settings: Settings | None = None,
) -> tuple[Array, tuple[Layer, ...]]:
    """As ``step.loss_and_gradients``, of kept layers, with gradients that are kept alike."""
    xp, rows = namespace(X), [ACTIVATIONS[name] for name in plan.activations]
    inputs, Z, A = _forward(plan.activations, plan.sizes, layers, X, masks)
    W = _inner_weights(layers, plan.sizes)

    loss, output, Z_out = LOSSES[plan.loss], rows[-1], Z[-1].T
    A_out = output.function(Z_out)
    share = reduce_weights(weights, "mean")
    value = xp.sum(share * per_sample(loss, output, Z_out, A_out, Y, settings))
    dZ_rows = output_gradient(loss, output, Z_out, A_out, Y, settings) * share[:, None]

    dZ, dW, db = dZ_rows.T, [], [xp.sum(dZ_rows, axis=0)]
    for number in range(len(W) - 1, -1, -1):
        dW.append((inputs[number] @ dZ.T).reshape(-1))
        dA = W[number] @ dZ
        if masks is not None:
            dA = dA * masks[number].T
        dZ = pullback(rows[number], Z[number], A[number], dA)
        db.append(dZ @ xp.ones_like(weights))
    dW.append((dZ @ X).reshape(-1))
    biases = xp.concatenate(db[::-1])
    none = biases[:0]
    return value, tuple(map(Layer, dW[::-1], [biases, *[none] * len(W)]))


def output(
    activations: Sequence[str],
    sizes: Sequence[int],
    layers: Sequence[Layer],
    X: Array,
    masks: Sequence[Array] | None = None,
) -> tuple[Array, Array]:
    """Pre-activations and activations of the output layer, ``(n, n_out)``, of kept layers."""
    _, Z, _ = _forward(activations, sizes, layers, X, masks)
    return Z[-1].T, ACTIVATIONS[activations[-1]].function(Z[-1].T)


def _forward(
    activations: Sequence[str],
    sizes: Sequence[int],
    layers: Sequence[Layer],
    X: Array,
    masks: Sequence[Array] | None,
) -> tuple[list[Array], list[Array], list[Array]]:
    """Each layer's inputs (the first's left out) and pre-activations, the hidden activations."""
    V, b = layers[0].W.reshape(sizes[1], sizes[0]), _biases(layers, sizes)
    inputs, Z, A = [], [V @ X.T + b[0][:, None]], []
    for number, (name, W) in enumerate(
        zip(activations[:-1], _inner_weights(layers, sizes), strict=True)
    ):
        A.append(ACTIVATIONS[name].function(Z[-1]))
        inputs.append(A[-1] if masks is None else A[-1] * masks[number].T)
        Z.append(W.T @ inputs[-1] + b[number + 1][:, None])
    return inputs, Z, A


def _inner_weights(layers: Sequence[Layer], sizes: Sequence[int]) -> list[Array]:
    """The weights of all layers but the first, ``(n_in, n_out)``."""
    shapes = list(pairwise(sizes))[1:]
    return [layer.W.reshape(shape) for layer, shape in zip(layers[1:], shapes, strict=True)]


def _biases(layers: Sequence[Layer], sizes: Sequence[int]) -> list[Array]:
    """The biases of each layer."""
    ends = [0, *accumulate(sizes[1:])]
    return [layers[0].b[start:stop] for start, stop in pairwise(ends)]
