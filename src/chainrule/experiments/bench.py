"""What all models of a comparison share, and what each is trained with."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from chainrule.data import preparation
from chainrule.data.record import PixelRange
from chainrule.data.splits import Part, Parts
from chainrule.experiments.datasets import prepared_by
from chainrule.experiments.families import family
from chainrule.experiments.recorder import Recorder
from chainrule.experiments.spec import CompareSpec, ModelSpec, Settings
from chainrule.experiments.streaming import StreamedTable
from chainrule.experiments.targets import Target
from chainrule.experiments.tasks import Task
from chainrule.models.columns import Column
from chainrule.models.table import TableStep

__all__ = ["Bench", "Inputs", "Preparation"]

FEW = 4
"""Up to so many models, each has all its pictures in the report."""


@dataclass(frozen=True, eq=False)
class Preparation:
    """Fitted steps, and the type that a model wants."""

    steps: preparation.Prepared
    dtype: str

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Rows of the source as the model gets them."""
        return self.steps(rows).astype(self.dtype, copy=False)

    def of(self, parts: Parts) -> Parts:
        return {name: Part(self(part.X), part.y) for name, part in parts.items()}


class Inputs(NamedTuple):
    """What a model is trained with."""

    parts: Parts
    known: Settings
    preparation: Preparation | None  # None where the model itself prepares


@dataclass(frozen=True, eq=False)
class Bench:
    """What all models of a comparison share."""

    spec: CompareSpec
    parts: Parts  # as the source has them, before any preparation but that of targets
    pixel_range: PixelRange
    columns: tuple[Column, ...]  # of a table
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...] | None
    task: Task
    target: Target  # the way back from the parts' targets to their own unit
    recorder: Recorder
    streamed: StreamedTable | None = None  # what networks train on in place of the training part
    # The last preparation that was fitted: models that follow each other often share it.
    last: dict[tuple[tuple[str, ...], str], Preparation] = field(default_factory=dict)

    @property
    def n_classes(self) -> int:
        return len(self.class_names)

    @property
    def brief(self) -> bool:
        """Whether there are so many models that not all have all their pictures."""
        return len(self.spec.members) > FEW

    def preparation(self, steps: tuple[str, ...], dtype: str) -> Preparation:
        """The steps, fitted on the training part alone."""
        if (steps, dtype) not in self.last:
            fitted = preparation.fit(
                steps,
                self.parts["train"].X,
                self.pixel_range,
                self.columns,
                prepared_by(self.spec.data),
            )
            self.last.clear()
            self.last[steps, dtype] = Preparation(fitted, dtype)
        return self.last[steps, dtype]

    def trained_on(self, model: ModelSpec, parts: Parts) -> Part:
        """What the fit that is shown trains on: its training part, or all rows of a stream."""
        if self.streamed is None or not family(model.family).together:
            return parts["train"]
        steps = self.preparation(model.prepare, model.dtype).steps.steps
        return self.streamed.part(tuple(each for each in steps if isinstance(each, TableStep)))

    def inputs(self, model: ModelSpec) -> Inputs:
        """The parts as the model gets them, what it has to know of them, and how they are made.

        Images as bytes stay so where they are only to be divided: the network does that itself,
        batch by batch, with the same numbers.
        """
        known = family(model.family)
        divided = model.prepare == ("unit",) and "input_scale" in known.parameters()
        if divided and self.pixel_range and self.parts["train"].X.dtype == np.uint8:
            low, high = self.pixel_range
            if low == 0:
                return Inputs(self.parts, {"input_scale": high, "dtype": model.dtype}, None)
        made = self.preparation(model.prepare, model.dtype)
        return Inputs(made.of(self.parts), {}, made)
