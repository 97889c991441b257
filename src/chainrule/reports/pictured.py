"""Which pictures of a model its record holds, and the section that each belongs to."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from chainrule.experiments.pictures import LEVELS, Points, WeightImages
from chainrule.experiments.results import DataSummary, ModelResult
from chainrule.reports import figures
from chainrule.reports.figures.activations import Histogram, draw_histograms
from chainrule.reports.figures.reliability import Bins, draw_bins

__all__ = ["picture_figures"]


def picture_figures(model: ModelResult, data: DataSummary) -> Iterator[tuple[str, Figure]]:
    """The figures of what was recorded, each with the anchor of its section."""
    for section, draw in DRAWN.items():
        for figure in draw(model, data):
            yield section, figure


def _spectrum(model: ModelResult, data: DataSummary) -> Iterator[Figure]:
    """Of the data as prepared: the same for every model that is prepared so."""
    if found := model.pictures.spectrum:
        steps = ", ".join(model.preparation)
        title = f"Prepared by {steps}" if steps else model.label
        yield figures.pca_spectrum(found.ratios, chosen=found.chosen, title=title)


def _network(model: ModelResult, data: DataSummary) -> Iterator[Figure]:
    if found := model.pictures.layers:
        yield figures.network_drawing(found.sizes, found.activations, title=model.label)


def _layers(model: ModelResult, data: DataSummary) -> Iterator[Figure]:
    if found := model.pictures.diagnosis:
        for name, table in found.values.items():
            # What no layer has, such as saturated units of a network of ReLUs, is not drawn.
            if any(value is not None for row in table for value in row):
                yield figures.layer_diagnosis(
                    {name: table}, epochs=found.epochs, layers=found.layers, title=model.label
                )
    if model.pictures.activations:
        counted = {each.layer: _histogram(each) for each in model.pictures.activations}
        yield draw_histograms(counted, title=model.label)


def _histogram(record: Any) -> Histogram:
    values = record.model_dump(exclude={"layer"})
    unknown = {name: float("nan") for name in ("mean", "std") if values[name] is None}
    return Histogram(**values | unknown)


def _weights(model: ModelResult, data: DataSummary) -> Iterator[Figure]:
    if found := model.pictures.weights:
        yield figures.first_layer_weights(
            _weights_of(found),
            found.shape,
            units=found.units,
            n_units=found.n_units,
            title=model.label,
        )


def _weights_of(found: WeightImages) -> np.ndarray:
    """(features, units)"""
    return np.array(found.levels, dtype=float).T * found.limit / LEVELS


def _regions(model: ModelResult, data: DataSummary) -> Iterator[Figure]:
    if found := model.pictures.regions:
        classes = max(2, len(found.probabilities[0]))
        yield figures.decision_regions(
            found.first,
            found.second,
            found.probabilities,
            train=_points(found.train),
            test=_points(found.test),
            class_names=data.class_names if len(data.class_names) == classes else None,
            feature_names=found.feature_names,
            title=model.label,
        )


def _points(found: Points | None) -> tuple[np.ndarray, np.ndarray] | None:
    if found is None:
        return None
    return np.array(found.rows, dtype=float).reshape(-1, 2), np.array(found.classes, dtype=int)


def _sure(model: ModelResult, data: DataSummary) -> Iterator[Figure]:
    found = model.pictures.mistakes
    if found and data.image_shape is not None:
        yield figures.confident_mistakes(
            [each.pixels for each in found],
            [each.label for each in found],
            [each.predicted for each in found],
            [each.probability for each in found],
            image_shape=data.image_shape,
            truth_probability=[each.probability_of_truth for each in found],
            rows=[each.index for each in found],
            black_and_white=data.pixel_range,
            n_mistakes=model.pictures.n_mistakes,
            title=model.label,
        )


def _reliability(model: ModelResult, data: DataSummary) -> Iterator[Figure]:
    found, after = model.pictures.reliability, model.pictures.reliability_after
    if found:
        known = model.on_test.calibration if model.on_test else None
        yield draw_bins(
            Bins(**found.model_dump()),
            after=Bins(**after.model_dump()) if after else None,
            temperature=known.temperature if known else None,
            title=model.label,
        )


def _answers(model: ModelResult, data: DataSummary) -> Iterator[Figure]:
    if found := model.pictures.answers:
        labels = {"target": data.target_name, "title": model.label}
        yield figures.predicted_against_true(
            found.truth, found.predicted, n_rows=found.n_rows, **labels
        )
        yield figures.residuals(found.truth, found.predicted, rmse=found.rmse, **labels)


def _curve(model: ModelResult, data: DataSummary) -> Iterator[Figure]:
    if found := model.pictures.curve:
        yield figures.prediction_curve(
            found.along,
            found.predicted,
            train=found.train,
            test=found.test,
            feature_name=found.feature_name,
            target=data.target_name,
            title=model.label,
        )


# The anchor of a section -> the figures of a model that stand in it.
DRAWN = {
    "spectrum": _spectrum,
    "networks": _network,
    "layers": _layers,
    "weights": _weights,
    "regions": _regions,
    "curve": _curve,
    "answers": _answers,
    "sure": _sure,
    "reliability": _reliability,
}
