"""The data of an experiment, as its report shows them."""

from collections.abc import Sequence

import numpy as np

from chainrule.data import DataSet
from chainrule.data.splits import SCHEMES, Part, Parts, indices, parts, split
from chainrule.errors import SpecError
from chainrule.experiments.results import DataSummary, SampleImage, Split, Targets
from chainrule.experiments.spec import DataSpec, SplitSpec
from chainrule.experiments.targets import Target

__all__ = ["SPLITS", "describe", "parts_of"]

SPLITS = (*SCHEMES, "own test", "own parts", "all")


def parts_of(data: DataSet, spec: DataSpec) -> Parts:
    """The parts that the spec asks for; everything in one, ``"all"``, if it asks for no split."""
    rows = Part(data.X_train, data.y_train)
    if spec.split is None:
        return {"all": rows}
    cut, stratify = spec.split, _stratified(data, spec)
    if cut.scheme in SCHEMES:
        assert cut.held_out is not None  # the spec has seen to it
        found = split(
            cut.scheme,
            *rows,
            held_out=cut.held_out,
            seed=cut.seed,
            stratify=stratify,
            class_names=data.class_names,
        )
        return {**found, "train": _first(found["train"], cut, stratify)}
    if cut.scheme == "own parts":
        return _own_parts(data, cut, stratify)
    if cut.scheme == "own test" and data.X_test is None:
        raise SpecError(
            f"data.split: {data.name} has no test part of its own. Use another scheme: "
            f"{', '.join(sorted(SCHEMES))}."
        )
    found = parts(data, validation=cut.held_out, train=cut.train, seed=cut.seed, stratify=stratify)
    return found if cut.scheme == "own test" else {"train": found["train"]}


def _own_parts(data: DataSet, cut: SplitSpec, stratify: bool) -> Parts:
    if data.X_validation is None or data.X_test is None:
        raise SpecError(
            f"data.split: required a source with a validation and a test part of its own, and "
            f"{data.name} has not both. Use another scheme: {', '.join(sorted(SCHEMES))}."
        )
    assert data.y_validation is not None and data.y_test is not None
    return {
        "train": _first(Part(data.X_train, data.y_train), cut, stratify),
        "validation": Part(data.X_validation, data.y_validation),
        "test": Part(data.X_test, data.y_test),
    }


def _stratified(data: DataSet, spec: DataSpec) -> bool:
    """Whether classes keep their shares: where there are any, unless the spec says otherwise."""
    if spec.split is None or spec.split.stratify is None:
        return data.task == "classification"
    return spec.split.stratify


def _first(part: Part, cut: SplitSpec, stratify: bool) -> Part:
    """Of the training rows as many as the spec wants."""
    if cut.train is None:
        return part
    rows = indices(part.y, train=cut.train, seed=cut.seed, stratify=stratify)["train"]
    return Part(part.X[rows], part.y[rows])


def describe(
    data: DataSet,
    spec: DataSpec,
    cut: Parts,
    preparation: Sequence[str] = (),
    target: Target | None = None,
) -> DataSummary:
    """Names, sizes, counts and sample images; ``target`` is the way back from the parts' targets
    to their own unit."""
    remarks = (data.remark,) if data.remark else ()
    return DataSummary(
        name=data.name,
        task=data.task,
        target_name=data.target_name,
        source=data.source,
        licence=data.licence,
        sha256=data.sha256,
        n_features=data.X_train.shape[1],
        class_names=data.class_names,
        splits=tuple(_split(name, part, data, target or Target()) for name, part in cut.items()),
        image_shape=data.image_shape,
        pixel_range=data.pixel_range,
        preparation=(*_cut_in_words(spec, cut, _stratified(data, spec)), *remarks, *preparation),
        samples=_samples(data, spec.samples),
    )


def _split(name: str, part: Part, data: DataSet, target: Target) -> Split:
    if data.task == "regression":
        y = target.back(part.y)
        found = {"mean": y.mean(), "std": y.std(), "lowest": y.min(), "highest": y.max()}
        return Split(name=name, size=len(y), targets=Targets(**found))
    counts = np.bincount(part.y, minlength=len(data.class_names))
    return Split(name=name, size=len(part.y), class_counts=tuple(map(int, counts)))


def _cut_in_words(spec: DataSpec, cut: Parts, stratified: bool) -> list[str]:
    if spec.split is None:
        return []
    if spec.split.scheme == "all":
        return ["all rows are trained on"]
    sizes = ", ".join(f"{len(part.y)} rows {name}" for name, part in cut.items())
    how = "stratified by class" if stratified else "not stratified"
    return [f"{spec.split.scheme} split, {how}, seed {spec.split.seed}: {sizes}"]


def _samples(data: DataSet, count: int) -> tuple[SampleImage, ...]:
    if data.image_shape is None:
        return ()
    y = data.y_train
    chosen = np.arange(min(count, len(y)))
    if np.all(np.diff(y) >= 0):  # class by class, as the images of folders: some of each
        chosen = np.linspace(0, len(y) - 1, len(chosen)).round().astype(int)
    return tuple(
        SampleImage(label=data.class_names[y[at]], pixels=tuple(map(float, data.X_train[at])))
        for at in chosen
    )
