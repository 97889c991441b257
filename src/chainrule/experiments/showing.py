"""What a report draws of one fit: of a network what is in it, of a classifier what it says."""

from math import prod
from typing import Any

import numpy as np

from chainrule.data.splits import Part
from chainrule.experiments import picturing
from chainrule.experiments.calibrating import cooled
from chainrule.experiments.inside import activations_of, is_network, tape_of
from chainrule.experiments.pictures import Layers, LayersOverEpochs, Pictures
from chainrule.experiments.predictions import Predictions

__all__ = ["DIAGNOSED", "answers_of", "pictures_of"]

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
    image_shape: tuple[int, ...] | None,
    *,
    brief: bool,
) -> Pictures:
    """What is in a network; nothing for other models.

    Args:
        test: the test rows as the model takes them; None without a test part.
        brief: its shape and diagnosis alone, as where many are compared.
    """
    if not is_network(estimator):
        return Pictures()
    found = _shape_and_diagnosis(estimator)
    if not brief:
        found |= _inside(estimator, test, image_shape)
    return Pictures(**found)


def answers_of(
    estimator: Any,
    shown: Part,
    said: Predictions,
    class_names: tuple[str, ...],
    image_shape: tuple[int, ...] | None,
    *,
    temperature: float | None = None,
    brief: bool,
) -> dict[str, Any]:
    """Pictures of what a classifier says of the test rows.

    Args:
        shown: the test rows as the source has them.
        temperature: at which its probabilities are drawn once more.
        brief: its reliability alone.
    """
    if said.probabilities is None:
        return {}
    right = said.probabilities.argmax(axis=1) == shown.y
    found = _reliability(said, right, temperature)
    if is_network(estimator) and not brief:
        found["n_mistakes"] = int(np.sum(~right))
        if image_shape is not None:
            found["mistakes"] = picturing.confident_mistakes(
                shown.X, shown.y, said.probabilities, class_names
            )
    return found


def _shape_and_diagnosis(estimator: Any) -> dict[str, Any]:
    sizes = (*(W.shape[0] for W in estimator.coefs_), estimator.coefs_[-1].shape[1])
    layers = Layers(sizes=sizes, activations=activations_of(estimator))
    return {"layers": layers, "diagnosis": _diagnosis(estimator)}


def _inside(
    estimator: Any, test: Part | None, image_shape: tuple[int, ...] | None
) -> dict[str, Any]:
    """The first layer's weights, and the hidden layers' activations."""
    found: dict[str, Any] = {}
    if image_shape is not None and prod(image_shape) == estimator.coefs_[0].shape[0]:
        found["weights"] = picturing.weight_images(estimator.coefs_[0], image_shape)
    if test is not None:
        found["activations"] = picturing.activation_histograms(_hidden(estimator, test.X[:SAMPLE]))
    return found


def _reliability(said: Predictions, right: np.ndarray, temperature: float | None) -> dict[str, Any]:
    """The bins as the probabilities are, and as they are at the temperature."""
    assert said.probabilities is not None  # or there is nothing to draw
    found: dict[str, Any] = {
        "reliability": picturing.reliability_bins(said.probabilities.max(axis=1), right)
    }
    if temperature is not None:
        sure = cooled(said, temperature).max(axis=1)
        found["reliability_after"] = picturing.reliability_bins(sure, right)
    return found


def _diagnosis(estimator: Any) -> LayersOverEpochs | None:
    history = getattr(estimator, "history_", {})
    values = {name: history[name] for name in DIAGNOSED if name in history}
    if not values:
        return None
    return picturing.layers_over_epochs(history["epoch"], values)


def _hidden(estimator: Any, X: np.ndarray) -> dict[str, np.ndarray]:
    """The activations of the hidden layers."""
    tape = tape_of(estimator, X)
    return {f"hidden layer {n}": A for n, A in enumerate(tape.A[:-1], 1)}
