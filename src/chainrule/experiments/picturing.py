"""From arrays to the records that a report draws: small, and with the figures' own choices.

Who trains a model calls these; nothing here knows an estimator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from chainrule.experiments import pictures
from chainrule.experiments.record import Number

__all__ = [
    "activation_histograms",
    "answers",
    "confident_mistakes",
    "curve",
    "decision_map",
    "layers_over_epochs",
    "reliability_bins",
    "spectrum",
    "weight_images",
]

# Weights beyond so many times the scale that is drawn are cut off: one that exploded would leave
# the others no levels.
CUT = 4.0

# Of so many answers a picture of dots still shows each.
DOTS = 500


def spectrum(ratios: Any, chosen: int | None = None) -> pictures.Spectrum:
    """``ratios``: (components,) shares of the variance, the largest first."""
    return pictures.Spectrum(ratios=tuple(map(float, ratios)), chosen=chosen)


def layers_over_epochs(
    epochs: Sequence[float], values: Mapping[str, Any], layers: Sequence[str] = ()
) -> pictures.LayersOverEpochs:
    """``values``: (epochs, layers) arrays by name; NaN where nothing was measured."""
    tables: dict[str, tuple[tuple[Number, ...], ...]] = {
        name: tuple(tuple(map(float, row)) for row in np.asarray(table, dtype=float))
        for name, table in values.items()
    }
    return pictures.LayersOverEpochs(
        epochs=tuple(map(float, epochs)), layers=tuple(layers), values=tables
    )


def activation_histograms(
    activations: Mapping[str, Any],
) -> tuple[pictures.ActivationHistogram, ...]:
    """``activations``: an array of any shape by the name of its layer."""
    from chainrule.reports.figures.activations import histogram

    return tuple(
        pictures.ActivationHistogram(layer=name, **asdict(histogram(values)))
        for name, values in activations.items()
    )


def weight_images(
    weights: Any, image_shape: Sequence[int], limit: int = 64
) -> pictures.WeightImages:
    """``weights``: (features, units), the first layer's W; the ``limit`` strongest are kept."""
    from chainrule.reports.figures.weights import strongest, weight_limit

    W = np.asarray(weights, dtype=float)
    chosen = strongest(W, limit)
    kept = np.nan_to_num(W[:, chosen])
    top = min(CUT * weight_limit(kept), float(np.abs(kept).max(initial=0)) or 1.0)
    levels = np.clip((kept / top * pictures.LEVELS).round(), -pictures.LEVELS, pictures.LEVELS)
    return pictures.WeightImages(
        shape=tuple(image_shape),
        limit=top,
        units=tuple(int(each) + 1 for each in chosen),
        n_units=W.shape[1],
        levels=tuple(map(tuple, levels.T.astype(int).tolist())),
    )


def decision_map(
    first: Any,
    second: Any,
    probabilities: Any,
    *,
    feature_names: tuple[str, str] = ("first feature", "second feature"),
    train: tuple[Any, Any] | None = None,
    test: tuple[Any, Any] | None = None,
) -> pictures.DecisionMap:
    """``probabilities``: (n2 * n1, classes), as for `chainrule.reports.figures.decision_regions`;
    three decimals are kept. ``train`` and ``test``: (n, 2) rows and (n,) class indices."""
    return pictures.DecisionMap(
        first=tuple(map(float, first)),
        second=tuple(map(float, second)),
        probabilities=tuple(map(tuple, np.round(probabilities, 3).tolist())),
        feature_names=feature_names,
        train=_points(train),
        test=_points(test),
    )


def _points(pair: tuple[Any, Any] | None) -> pictures.Points | None:
    if pair is None:
        return None
    rows, classes = np.asarray(pair[0], dtype=float), np.asarray(pair[1], dtype=int)
    return pictures.Points(rows=tuple(map(tuple, rows.tolist())), classes=tuple(classes.tolist()))


def confident_mistakes(
    X: Any, y: Any, probabilities: Any, class_names: Sequence[str], limit: int = 12
) -> tuple[pictures.Mistake, ...]:
    """``X``: (n, features) pixels in the units of ``data.pixel_range``; ``y``: (n,) class indices;
    ``probabilities``: (n, classes)."""
    from chainrule.reports.figures.confident import surest

    P, truth = np.asarray(probabilities, dtype=float), np.asarray(y, dtype=int)
    predicted, sure = P.argmax(axis=1), P.max(axis=1)
    return tuple(
        pictures.Mistake(
            index=int(at),
            label=class_names[truth[at]],
            predicted=class_names[predicted[at]],
            probability=float(sure[at]),
            probability_of_truth=float(P[at, truth[at]]),
            pixels=tuple(map(float, np.ravel(X[at]))),
        )
        for at in surest(predicted != truth, sure, limit)
    )


def reliability_bins(confidence: Any, correct: Any, bins: int = 10) -> pictures.ReliabilityBins:
    """``confidence``: (n,) between 0 and 1; ``correct``: (n,) truth values."""
    from chainrule.reports.figures.reliability import binned

    return pictures.ReliabilityBins(**asdict(binned(confidence, correct, bins)))


def answers(truth: Any, predicted: Any) -> pictures.Answers:
    """``truth`` and ``predicted``: (n,), in the target's own unit; the first 500 are kept."""
    y, said = np.asarray(truth, dtype=float), np.asarray(predicted, dtype=float)
    with np.errstate(over="ignore"):
        rmse = float(np.sqrt(np.mean(np.square(said - y))))
    return pictures.Answers(
        truth=tuple(y[:DOTS].tolist()),
        predicted=tuple(said[:DOTS].tolist()),
        n_rows=len(y),
        rmse=rmse,
    )


def curve(
    along: Any, predicted: Any, *, feature_name: str, train: Any = (), test: Any = ()
) -> pictures.Curve:
    """``along`` and ``predicted``: (n,), what a model says along its one feature; ``train`` and
    ``test``: (m, 2), the feature and the target of rows."""
    return pictures.Curve(
        along=tuple(map(float, along)),
        predicted=tuple(map(float, predicted)),
        feature_name=feature_name,
        train=tuple(map(tuple, np.asarray(train, dtype=float).tolist())),
        test=tuple(map(tuple, np.asarray(test, dtype=float).tolist())),
    )
