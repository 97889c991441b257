"""What a report draws of one fitted network."""

from math import prod
from typing import Any

import numpy as np

from chainrule.data.splits import Part
from chainrule.equations.network import Layer, forward
from chainrule.experiments import picturing
from chainrule.experiments.pictures import Layers, LayersOverEpochs, Pictures

__all__ = ["DIAGNOSED", "pictures_of"]

DIAGNOSED = (
    "gradient_norm",
    "update_ratio",
    "dead_share",
    "saturated_share",
    "activation_mean",
    "activation_std",
)
SAMPLE = 256  # rows of which activations are counted


def pictures_of(
    estimator: Any,
    test: Part | None,
    shown: Part | None,
    probabilities: np.ndarray | None,
    class_names: tuple[str, ...],
    image_shape: tuple[int, ...] | None,
    *,
    brief: bool,
) -> Pictures:
    """The pictures of a network; nothing of other models.

    Args:
        test: the test rows as the network takes them; None without a test part.
        shown: the same rows as the source has them, for pictures.
        brief: the shape and the diagnosis alone, as where many networks are compared.
    """
    if not hasattr(estimator, "coefs_"):
        return Pictures()
    sizes = (*(W.shape[0] for W in estimator.coefs_), estimator.coefs_[-1].shape[1])
    layers = Layers(sizes=sizes, activations=_activations(estimator))
    found = Pictures(layers=layers, diagnosis=_diagnosis(estimator))
    if brief:
        return found
    more: dict[str, Any] = {}
    if image_shape is not None and prod(image_shape) == sizes[0]:
        more["weights"] = picturing.weight_images(estimator.coefs_[0], image_shape)
    if test is not None:
        more["activations"] = picturing.activation_histograms(_hidden(estimator, test.X[:SAMPLE]))
    if probabilities is not None and shown is not None:
        right = probabilities.argmax(axis=1) == shown.y
        more["reliability"] = picturing.reliability_bins(probabilities.max(axis=1), right)
        more["n_mistakes"] = int(np.sum(~right))
        if image_shape is not None:
            more["mistakes"] = picturing.confident_mistakes(
                shown.X, shown.y, probabilities, class_names
            )
    return found.model_copy(update=more)


def _activations(estimator: Any) -> tuple[str, ...]:
    hidden, given = len(estimator.coefs_) - 1, estimator.activation
    names = [given] * hidden if isinstance(given, str) else list(given)
    return (*map(str, names), str(estimator.out_activation_))


def _diagnosis(estimator: Any) -> LayersOverEpochs | None:
    history = getattr(estimator, "history_", {})
    values = {name: history[name] for name in DIAGNOSED if name in history}
    if not values:
        return None
    return picturing.layers_over_epochs(history["epoch"], values)


def _hidden(estimator: Any, X: np.ndarray) -> dict[str, np.ndarray]:
    """The activations of the hidden layers."""
    layers = tuple(map(Layer, estimator.coefs_, estimator.intercepts_))
    X = X.astype(layers[0].W.dtype) / np.asarray(
        getattr(estimator, "input_scale", None) or 1, layers[0].W.dtype
    )
    tape = forward(layers, _activations(estimator), X)
    return {f"hidden layer {n}": A for n, A in enumerate(tape.A[:-1], 1)}
