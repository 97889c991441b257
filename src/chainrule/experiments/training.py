"""All that is done with one model of a comparison, and what it predicts for the test images."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from chainrule.data import preparation
from chainrule.data.record import PixelRange
from chainrule.data.splits import Part, Parts
from chainrule.experiments import grid, statistics
from chainrule.experiments.families import family
from chainrule.experiments.fitting import (
    Fitted,
    accuracy,
    curves,
    description,
    fit,
    n_parameters,
)
from chainrule.experiments.joint import job, train_jointly
from chainrule.experiments.keeping import kept_fit
from chainrule.experiments.recorder import Recorder
from chainrule.experiments.results import ModelResult, Scores, Search, SeedRuns, Variant
from chainrule.experiments.searching import as_search, search
from chainrule.experiments.showing import pictures_of
from chainrule.experiments.spec import CompareSpec, ModelSpec, Settings
from chainrule.experiments.sweeping import RESHAPING, sweep, with_budget
from chainrule.experiments.tuned import Sweep

__all__ = ["Bench", "Trained", "train"]

FEW = 4
"""Up to so many models, each has all its pictures in the report."""


@dataclass(frozen=True, eq=False)
class Bench:
    """What all models of a comparison share."""

    spec: CompareSpec
    parts: Parts  # as the source has them, before any preparation
    pixel_range: PixelRange
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...] | None
    recorder: Recorder

    @property
    def n_classes(self) -> int:
        return len(self.class_names)

    def prepared(self, steps: tuple[str, ...], dtype: str) -> Parts:
        """The parts after the steps, which are fitted on the training part alone."""
        apply = preparation.fit(steps, self.parts["train"].X, self.pixel_range)
        return {
            name: Part(apply(part.X).astype(dtype, copy=False), part.y)
            for name, part in self.parts.items()
        }

    def inputs(self, model: ModelSpec) -> tuple[Parts, Settings]:
        """The parts as the model gets them, and what it has to know of them.

        Images as bytes stay so where they are only to be divided: the network does that itself,
        batch by batch, with the same numbers.
        """
        known = family(model.family)
        divided = model.prepare == ("unit",) and "input_scale" in known.parameters()
        if divided and self.pixel_range and self.parts["train"].X.dtype == np.uint8:
            low, high = self.pixel_range
            if low == 0:
                return self.parts, {"input_scale": high, "dtype": model.dtype}
        return self.prepared(model.prepare, model.dtype), {}


@dataclass(frozen=True, eq=False)
class Trained:
    """A model's record, its fitted estimator, and its answers for the test part."""

    result: ModelResult
    estimator: Any
    predicted: np.ndarray | None  # (rows,), class indices; None without a test part
    probabilities: np.ndarray | None  # (rows, classes); None where the model has none


def train(key: str, bench: Bench) -> Trained:
    """Baseline, search or sweep, the fit that is shown, seeds, variants: each if the spec asks."""
    model = bench.spec.members[key]
    parts, known = bench.inputs(model)
    baseline = _baseline(key, parts, known, bench)
    found = _search(key, bench)
    swept = sweep(key, model, parts, known, bench) if model.sweep else None
    settings = {**_shown_settings(model, found, swept), **known}
    looked_at = {"diagnose": True} if "diagnose" in family(model.family).parameters() else {}
    with bench.recorder.timed("fit", key):
        fitted = kept_fit(
            key,
            bench.recorder,
            model.family,
            settings,
            lambda: fit(
                model.family,
                {**looked_at, **settings},
                parts["train"],
                parts.get("validation"),
                parts.get("test"),
            ),
            recorded=True,
        )
    over_seeds = _over_seeds(key, settings, parts, bench)
    variants = _variants(key, settings, bench)
    test = parts.get("test")
    predicted, probabilities, counts = None, None, np.zeros((0, 0), int)
    if test is not None:
        predicted, probabilities = fitted.predict(test.X), _probabilities(fitted, test)
        counts = statistics.confusion(test.y, predicted, bench.n_classes)
    result = ModelResult(
        key=key,
        label=model.label,
        family=model.family,
        preparation=model.prepare,
        settings={**family(model.family).fixed, **settings},
        n_parameters=n_parameters(fitted.estimator),
        n_iter=_n_iter(fitted.estimator),
        best_epoch=getattr(fitted.estimator, "best_epoch_", None),
        overfit_epoch=getattr(fitted.estimator, "overfit_epoch_", None),
        sicknesses=_sicknesses(fitted.estimator),
        baseline=baseline,
        search=found,
        sweep=swept,
        scores=Scores(**_scores(fitted, parts)),
        recall=tuple(statistics.recall(counts)),
        confusion=tuple(map(tuple, counts.tolist())),
        curves=curves(fitted.estimator),
        over_seeds=over_seeds,
        variants=variants,
        diverged=fitted.diverged,
        notes=fitted.notes,
    )
    bench.recorder.write("model", model=key, settings=settings, **result.scores.model_dump())
    result = result.model_copy(
        update={
            "pictures": pictures_of(
                fitted.estimator,
                test,
                bench.parts.get("test"),
                probabilities,
                bench.class_names,
                bench.image_shape,
                brief=len(bench.spec.members) > FEW,
            )
        }
    )
    return Trained(result, fitted.estimator, predicted, probabilities)


def _baseline(key: str, parts: Parts, known: Settings, bench: Bench) -> Variant | None:
    model = bench.spec.members[key]
    if model.baseline is None:
        return None
    baseline = {**model.baseline, **known}
    with bench.recorder.timed("baseline", key):
        return _remembered(
            f"{key}: baseline",
            bench,
            lambda: _variant("untuned", model, baseline, model.prepare, parts),
        )


def _search(key: str, bench: Bench) -> Search | None:
    model = bench.spec.members[key]
    if model.grid is None and model.search is None:
        return None
    together = as_search(model)
    with bench.recorder.timed("search", key):
        if together is not None:
            return search(key, together, bench)
        return grid.search(key, bench.spec, bench.parts["train"], bench.pixel_range, bench.recorder)


def _variants(key: str, settings: Settings, bench: Bench) -> tuple[Variant, ...]:
    model = bench.spec.members[key]
    if not model.also_prepare:
        return ()
    with bench.recorder.timed("other preparation", key):
        return tuple(
            _prepared_otherwise(key, settings, steps, bench) for steps in model.also_prepare
        )


def _prepared_otherwise(
    key: str, settings: Settings, steps: tuple[str, ...], bench: Bench
) -> Variant:
    model, title = bench.spec.members[key], " and ".join(steps) or "unscaled"

    def compute() -> Variant:
        parts = bench.prepared(steps, model.dtype)
        return _variant(title, model, settings, steps, parts)

    return _remembered(f"{key}: {title}", bench, compute)


def _remembered(key: str, bench: Bench, compute: Callable[[], Variant]) -> Variant:
    """A variant, computed or from the run's journal."""
    found = bench.recorder.remember(key, lambda: compute().model_dump(mode="json"))
    return Variant.model_validate_json(json.dumps(found))


def _shown_settings(model: ModelSpec, found: Search | None, swept: Sweep | None) -> Settings:
    """The chosen setting, from the first of the seeds if there are any."""
    settings: Settings = dict(model.settings)
    if swept is not None:
        budget, seed = swept.budgets[0], swept.seeds[0]
        settings = with_budget({**settings, **swept.best}, budget.epochs, budget.updates)
        settings |= {"random_state": seed, **_same_batches(swept.names, seed)}
    if found is not None:
        settings |= found.best
        if model.search is not None and found.seeds:
            settings |= {"random_state": found.seeds[0]}
            settings |= _same_batches(found.best, found.seeds[0])
    return {**settings, **({"random_state": model.seeds.first} if model.seeds else {})}


def _same_batches(tried: Collection[str], seed: int) -> Settings:
    """The chosen network sees the batches that it saw among the others."""
    return {"data_seed": seed} if any(name in RESHAPING for name in tried) else {}


def _variant(
    label: str, model: ModelSpec, settings: Settings, steps: tuple[str, ...], parts: Parts
) -> Variant:
    merged = {**model.settings, **settings}
    fitted = fit(model.family, merged, parts["train"])
    return Variant(
        label=label, settings=merged, preparation=steps, scores=Scores(**_scores(fitted, parts))
    )


def _scores(fitted: Fitted, parts: Parts) -> dict[str, float]:
    return {name: accuracy(fitted, part) for name, part in parts.items()}


def _over_seeds(key: str, settings: Settings, parts: Parts, bench: Bench) -> SeedRuns | None:
    model = bench.spec.members[key]
    if model.seeds is None:
        return None
    seeds = model.seeds.all
    with bench.recorder.timed("seeds", key):
        train_seeds = _together if family(model.family).together else _one_by_one
        runs = train_seeds(key, settings, parts, bench)
    spreads = {name: statistics.distribution([run.scores[name] for run in runs]) for name in parts}
    recalls = zip(*(run.recall for run in runs), strict=True)
    return SeedRuns(
        seeds=tuple(seeds),
        **spreads,
        recall=tuple(statistics.distribution(row) for row in recalls),
        diverged=tuple(seed for seed, run in zip(seeds, runs, strict=True) if run.diverged),
    )


def _one_by_one(key: str, settings: Settings, parts: Parts, bench: Bench) -> "list[SeedRun]":
    model, runs = bench.spec.members[key], []
    assert model.seeds is not None
    with bench.recorder.steps(f"{model.label}: seeds", model.seeds.count) as step:
        for seed in model.seeds.all:
            one_seed = partial(_one_seed, model, {**settings, "random_state": seed}, parts, bench)
            runs.append(SeedRun(*bench.recorder.remember(f"{key}: seed {seed}", one_seed)))
            bench.recorder.write("seed", model=key, seed=seed, **runs[-1].scores)
            step()
    return runs


def _together(key: str, settings: Settings, parts: Parts, bench: Bench) -> "list[SeedRun]":
    model = bench.spec.members[key]
    assert model.seeds is not None
    seeds = list(model.seeds.all)
    tried = [{**settings, "random_state": seed} for seed in seeds]
    jobs = [job(model.family, each, parts["train"]) for each in tried]

    def take(number: int, estimator: Any) -> SeedRun:
        what = description(model.family, tried[number])
        return _seed_run(Fitted(estimator, estimator.diverged_, (), what), parts, bench)

    def tell(number: int, facts: list[Any]) -> None:
        bench.recorder.write("seed", model=key, seed=seeds[number], **SeedRun(*facts).scores)

    found = train_jointly(
        f"{key}: seeds", jobs, bench.recorder, f"{model.label}: seeds", take, tell
    )
    return [SeedRun(*each) for each in found]


class SeedRun(NamedTuple):
    scores: dict[str, float]
    recall: list[float]
    diverged: bool


def _one_seed(model: ModelSpec, settings: Settings, parts: Parts, bench: Bench) -> SeedRun:
    return _seed_run(fit(model.family, settings, parts["train"]), parts, bench)


def _seed_run(fitted: Fitted, parts: Parts, bench: Bench) -> SeedRun:
    recall = _recall(fitted, parts["test"], bench.n_classes)
    return SeedRun(_scores(fitted, parts), recall, fitted.diverged)


def _recall(fitted: Fitted, part: Part, n_classes: int) -> list[float]:
    predicted = fitted.predict(part.X)
    return statistics.recall(statistics.confusion(part.y, predicted, n_classes))


def _sicknesses(estimator: Any) -> tuple[str, ...]:
    """What the training suffers from, where the model can say so."""
    found = getattr(estimator, "findings", None)
    return () if found is None else tuple(map(str, found()))


def _n_iter(estimator: Any) -> int | None:
    """Epochs or iterations, where the model counts them (the largest of several counts)."""
    count = getattr(estimator, "n_iter_", None)
    return None if count is None else int(np.max(count))


def _probabilities(fitted: Fitted, part: Part) -> np.ndarray | None:
    if not hasattr(fitted.estimator, "predict_proba"):
        return None
    return np.asarray(fitted.estimator.predict_proba(part.X), dtype=np.float64)
