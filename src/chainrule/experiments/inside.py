"""A fitted network's values for rows, layer by layer, by the equations that trained it."""

from typing import Any

import numpy as np

from chainrule.equations.network import Layer, Tape, forward

__all__ = ["activations_of", "is_network", "tape_of"]


def is_network(estimator: Any) -> bool:
    """Whether it has layers: ours, or scikit-learn's."""
    return hasattr(estimator, "coefs_")


def activations_of(estimator: Any) -> tuple[str, ...]:
    """The activation of each layer, the output's last."""
    hidden, given = len(estimator.coefs_) - 1, estimator.activation
    names = [given] * hidden if isinstance(given, str) else list(given)
    return (*map(str, names), str(estimator.out_activation_))


def tape_of(estimator: Any, X: np.ndarray) -> Tape:
    """All layers' values for rows as the estimator takes them, (n, features)."""
    layers = tuple(map(Layer, estimator.coefs_, estimator.intercepts_))
    X = X.astype(layers[0].W.dtype) / np.asarray(
        getattr(estimator, "input_scale", None) or 1, layers[0].W.dtype
    )
    with np.errstate(over="ignore", invalid="ignore"):  # of weights that a divergence left
        return forward(layers, activations_of(estimator), X)
