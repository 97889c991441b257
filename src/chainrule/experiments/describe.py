"""The data of an experiment, as its report shows them."""

from collections.abc import Sequence

import numpy as np

from chainrule.data import DataSet
from chainrule.data.splits import Part, Parts, split
from chainrule.experiments.results import DataSummary, SampleImage, Split
from chainrule.experiments.spec import DataSpec

__all__ = ["describe", "parts_of"]


def parts_of(data: DataSet, spec: DataSpec) -> Parts:
    """The parts that the spec asks for; everything in one, ``"all"``, if it asks for no split."""
    rows = Part(data.X_train, data.y_train)
    if spec.split is None:
        return {"all": rows}
    cut = spec.split
    return split(cut.scheme, *rows, held_out=cut.held_out, seed=cut.seed, stratify=cut.stratify)


def describe(
    data: DataSet, spec: DataSpec, parts: Parts, preparation: Sequence[str] = ()
) -> DataSummary:
    """Names, sizes, counts and sample images."""
    return DataSummary(
        name=data.name,
        source=data.source,
        licence=data.licence,
        sha256=data.sha256,
        n_features=data.X_train.shape[1],
        class_names=data.class_names,
        splits=tuple(_split(name, part, len(data.class_names)) for name, part in parts.items()),
        image_shape=data.image_shape,
        pixel_range=data.pixel_range,
        preparation=(*_cut_in_words(spec, parts), *preparation),
        samples=_samples(data, spec.samples),
    )


def _split(name: str, part: Part, n_classes: int) -> Split:
    counts = np.bincount(part.y, minlength=n_classes)
    return Split(name=name, size=len(part.y), class_counts=tuple(map(int, counts)))


def _cut_in_words(spec: DataSpec, parts: Parts) -> list[str]:
    if spec.split is None:
        return []
    sizes = ", ".join(f"{len(part.y)} rows {name}" for name, part in parts.items())
    how = "stratified by class" if spec.split.stratify else "not stratified"
    return [f"{spec.split.scheme} split, {how}, seed {spec.split.seed}: {sizes}"]


def _samples(data: DataSet, count: int) -> tuple[SampleImage, ...]:
    if data.image_shape is None:
        return ()
    first = zip(data.X_train[:count], data.y_train[:count], strict=True)
    return tuple(
        SampleImage(label=data.class_names[y], pixels=tuple(map(float, x))) for x, y in first
    )
