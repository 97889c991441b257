"""What is asked of classifiers: confusion, recall, calibration, and pictures of their answers."""

from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from chainrule.data.splits import Part, Parts
from chainrule.experiments import judging, statistics
from chainrule.experiments.bench import Bench, Inputs
from chainrule.experiments.calibrating import calibration
from chainrule.experiments.estimates import Calibration, OnTest
from chainrule.experiments.examined import Examined, Examiner
from chainrule.experiments.fitting import Fitted
from chainrule.experiments.predictions import Predictions, predictions
from chainrule.experiments.regions import regions_of
from chainrule.experiments.results import PairedTest
from chainrule.experiments.showing import answers_of
from chainrule.experiments.units import unit_use

__all__ = ["CLASSIFIERS"]


def _examine(fitted: Fitted, inputs: Inputs, bench: Bench) -> Examined:
    pictures: dict[str, Any] = {}
    prepare = inputs.preparation
    if prepare is not None and len(bench.feature_names) == 2 and not bench.brief:

        def say(rows: np.ndarray) -> Predictions:
            return predictions(fitted, prepare(rows), bench.n_classes)

        pictures["regions"] = regions_of(say, bench.parts, bench.feature_names)
    if "test" not in inputs.parts:
        return Examined(pictures=pictures)
    test = inputs.parts["test"]
    said = predictions(fitted, test.X, bench.n_classes)
    believed = _calibration(fitted, said, inputs.parts, bench)
    pictures |= answers_of(
        fitted.estimator,
        bench.parts["test"],
        said,
        bench.class_names,
        bench.image_shape,
        temperature=believed.temperature if believed else None,
        brief=bench.brief,
    )
    counts = statistics.confusion(test.y, said.predicted, bench.n_classes)
    record = {
        "recall": tuple(statistics.recall(counts)),
        "confusion": tuple(map(tuple, counts.tolist())),
        "units": None if fitted.diverged else unit_use(fitted.estimator, test),
    }
    return Examined(said, record, pictures, believed)


def _calibration(
    fitted: Fitted, said: Predictions, parts: Parts, bench: Bench
) -> Calibration | None:
    """Of the test part, with the temperature of the validation part where there is one."""
    if "validation" not in parts:
        return calibration(said, parts["test"].y)
    held_out = parts["validation"]
    of_held_out = predictions(fitted, held_out.X, bench.n_classes)
    return calibration(said, parts["test"].y, of_held_out, held_out.y)


def _recall(fitted: Fitted, parts: Parts, bench: Bench) -> list[float]:
    if "test" not in parts:
        return []
    predicted = fitted.predict(parts["test"].X)
    counts = statistics.confusion(parts["test"].y, predicted, bench.n_classes)
    return statistics.recall(counts)


def _on_test(models: Mapping[str, Examined], test: Part, bench: Bench) -> dict[str, OnTest]:
    said = {key: one.said for key, one in models.items()}
    return judging.on_test(said, {key: one.calibration for key, one in models.items()}, test.y)


def _paired_tests(
    chosen: str, models: Mapping[str, Examined], test: Part, healthy: Container[str], bench: Bench
) -> tuple[PairedTest, ...]:
    said = {key: one.said for key, one in models.items()}
    return judging.paired_tests(chosen, said, test.y, healthy)


CLASSIFIERS = Examiner(_examine, _recall, _on_test, _paired_tests)
