r"""Forward and backward propagation, side by side.

Forward, for layers l = 1..L with A_0 = X::

    Z_l = A_{l-1} W_l + b_l
    A_l = sigma_l(Z_l)            (times the dropout mask D_l, in hidden layers)

Backward, from dZ_L = dL/dZ_L (see ``losses.output_gradient``), for l = L..1::

    dW_l = A_{l-1}^T dZ_l
    db_l = sum over the samples of dZ_l
    dA_{l-1} = dZ_l W_l^T         (times D_{l-1})
    dZ_{l-1} = dA_{l-1} * sigma'_{l-1}(Z_{l-1})

Source: Rumelhart, Hinton and Williams 1986, "Learning representations by
back-propagating errors", in the row convention.
"""

from collections.abc import Sequence
from typing import NamedTuple

from chainrule.equations.activations import ACTIVATIONS, pullback
from chainrule.equations.namespace import Array, namespace

__all__ = ["Gradients", "Layer", "Tape", "backward", "forward"]


class Layer(NamedTuple):
    """The parameters of one layer: ``W`` is ``(n_in, n_out)``, ``b`` is ``(n_out,)``."""

    W: Array
    b: Array


class Tape(NamedTuple):
    """What the forward pass leaves for the backward pass; each a tuple over layers 1..L.

    ``inputs[l-1]`` is what entered layer l (with dropout applied), ``Z[l-1]`` and
    ``A[l-1]`` are its pre-activations and activations (before dropout).
    """

    inputs: tuple[Array, ...]
    Z: tuple[Array, ...]
    A: tuple[Array, ...]


class Gradients(NamedTuple):
    """dL/d(everything): ``layers`` holds ``(dW, db)``, ``dZ`` and ``dA`` go over layers 1..L-1
    and the output layer's ``dZ`` is last; ``dX`` is the derivative of the input."""

    layers: tuple[Layer, ...]
    dZ: tuple[Array, ...]
    dA: tuple[Array, ...]
    dX: Array


def forward(
    layers: Sequence[Layer],
    activations: Sequence[str],
    X: Array,
    masks: Sequence[Array | None] | None = None,
) -> Tape:
    """All layers' values for the batch ``X`` of shape ``(n, n_in)``.

    ``activations`` names one activation a layer, the output's included. ``masks``
    holds one multiplicative dropout mask a hidden layer, ``(n, n_out)`` or None.
    """
    inputs, pre_activations, outputs = [], [], []
    A = X
    for number, (layer, name) in enumerate(zip(layers, activations, strict=True)):
        inputs.append(A)
        Z = A @ layer.W + layer.b
        A = ACTIVATIONS[name].function(Z)
        pre_activations.append(Z)
        outputs.append(A)
        if masks is not None and number < len(masks) and masks[number] is not None:
            A = A * masks[number]
    return Tape(tuple(inputs), tuple(pre_activations), tuple(outputs))


def backward(
    layers: Sequence[Layer],
    activations: Sequence[str],
    tape: Tape,
    dZ: Array,
    masks: Sequence[Array | None] | None = None,
) -> Gradients:
    """The gradients of parameters and input, from ``dZ`` = dL/dZ of the output layer."""
    xp = namespace(dZ)
    parameters, dZs, dAs = [], [dZ], []
    for number in range(len(layers) - 1, -1, -1):
        # the sums of a wide layer by a product, which takes a fraction of the time
        last = number == len(layers) - 1
        db = xp.sum(dZ, axis=0) if last else xp.ones_like(dZ[:, 0]) @ dZ
        parameters.append(Layer(tape.inputs[number].T @ dZ, db))
        dA = dZ @ layers[number].W.T
        if number == 0:
            break
        below = number - 1
        if masks is not None and masks[below] is not None:
            dA = dA * masks[below]
        dZ = pullback(ACTIVATIONS[activations[below]], tape.Z[below], tape.A[below], dA)
        dAs.append(dA)
        dZs.append(dZ)
    return Gradients(tuple(parameters[::-1]), tuple(dZs[::-1]), tuple(dAs[::-1]), dA)
