"""All that is done with one model of a comparison, and what it predicts for the test images."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from chainrule.data.splits import Parts
from chainrule.experiments import grid, picturing, statistics
from chainrule.experiments.backends import torch_device
from chainrule.experiments.bench import Bench, Inputs, Preparation
from chainrule.experiments.beside_jax import beside_jax
from chainrule.experiments.examined import Examined
from chainrule.experiments.examining import examiner_of
from chainrule.experiments.families import family
from chainrule.experiments.fitting import (
    Fitted,
    curves,
    description,
    fit,
    n_parameters,
    score,
)
from chainrule.experiments.joint import job, train_jointly
from chainrule.experiments.keeping import kept_fit
from chainrule.experiments.pictures import Pictures
from chainrule.experiments.record import Number
from chainrule.experiments.recorder import finite
from chainrule.experiments.results import InTorch, ModelResult, Scores, Search, SeedRuns, Variant
from chainrule.experiments.searching import as_search, search
from chainrule.experiments.showing import pictures_of
from chainrule.experiments.spec import ModelSpec, Settings
from chainrule.experiments.sweeping import RESHAPING, sweep, with_budget
from chainrule.experiments.tuned import Sweep
from chainrule.experiments.verifying import ROWS

__all__ = ["Trained", "train"]


@dataclass(frozen=True, eq=False)
class Trained:
    """A model's record, its fitted estimator and how its rows are prepared, some rows (of the test
    part where there is one) as the source has them and as the estimator takes them, and what was
    found out on the test part."""

    result: ModelResult
    estimator: Any
    preparation: Preparation | None
    raw_rows: np.ndarray
    rows: np.ndarray
    examined: Examined

    @property
    def said(self) -> Any:
        """What it says of the test rows; None without a test part."""
        return self.examined.said


def train(key: str, bench: Bench) -> Trained:
    """Baseline, search or sweep, the fit that is shown, seeds, variants: each if the spec asks."""
    model = bench.spec.members[key]
    inputs = bench.inputs(model)
    parts, known = inputs.parts, inputs.known
    baseline = _baseline(key, parts, known, bench)
    found = _search(key, inputs, bench)
    swept = sweep(key, model, parts, known, bench) if model.sweep else None
    settings = {**_shown_settings(model, found, swept), **known}
    with bench.recorder.timed("fit", key):
        fitted = _shown_fit(key, model, settings, parts, bench)
    initial = _initial(key, settings, parts, bench)
    in_torch = _in_torch(key, fitted, settings, parts, bench)
    over_seeds = _over_seeds(key, settings, parts, bench)
    variants = _variants(key, settings, bench)
    examined = examiner_of(bench.task).examine(fitted, inputs, bench)
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
        curves=curves(fitted.estimator),
        over_seeds=over_seeds,
        variants=variants,
        diverged=fitted.diverged,
        notes=fitted.notes,
        in_torch=in_torch,
        initial=initial,
        **examined.record,
    )
    bench.recorder.write("model", model=key, settings=settings, **result.scores.model_dump())
    pictures = _pictures(fitted, inputs, examined, bench)
    return Trained(
        result.model_copy(update={"pictures": pictures}),
        fitted.estimator,
        inputs.preparation,
        bench.parts.get("test", bench.parts["train"]).X[:ROWS].copy(),  # a view keeps the whole
        parts.get("test", parts["train"]).X[:ROWS].copy(),
        examined,
    )


def _shown_fit(
    key: str, model: ModelSpec, settings: Settings, parts: Parts, bench: Bench, label: str = ""
) -> Fitted:
    """The fit that is shown; ``label`` names another one of the same model beside it."""
    looked_at = {"diagnose": True} if "diagnose" in family(model.family).parameters() else {}
    return kept_fit(
        f"{key}: {label}" if label else key,
        bench.recorder,
        model.family,
        settings,
        lambda: fit(
            model.family,
            {**looked_at, **settings},
            bench.trained_on(model, parts),
            parts.get("validation"),
            parts.get("test"),
            backend=model.backend,
        ),
        recorded=not label,
    )


def _initial(key: str, settings: Settings, parts: Parts, bench: Bench) -> dict[str, Any]:
    """What the layers of the shown fit were like before its first step, where it can be told."""
    from chainrule.estimators.initial import initial_diagnosis

    row = family(bench.spec.members[key].family)
    stochastic = row.together and settings.get("solver") != "lbfgs"
    if not stochastic or not isinstance(settings.get("random_state"), int):
        return {}
    train = parts["train"]

    def compute() -> dict[str, list[Number]]:
        found = initial_diagnosis(row.build(settings), train.X, train.y)
        return {name: finite(values) for name, values in found.items()}

    found: dict[str, Any] = bench.recorder.remember(f"{key}: before the first step", compute)
    return found


def _in_torch(
    key: str, fitted: Fitted, settings: Settings, parts: Parts, bench: Bench
) -> InTorch | None:
    """Where PyTorch trained the shown fit, what JAX makes of it."""
    model = bench.spec.members[key]
    if torch_device(model.backend) is None:
        return None
    with bench.recorder.timed("fit in JAX", key):
        by_jax = _shown_fit(
            key, model.model_copy(update={"backend": "jax"}), settings, parts, bench, "in JAX"
        )
    return beside_jax(fitted, by_jax, model.backend, parts)


def _pictures(fitted: Fitted, inputs: Inputs, examined: Examined, bench: Bench) -> Pictures:
    test = inputs.parts.get("test")
    found = pictures_of(fitted.estimator, test, bench.image_shape, brief=bench.brief)
    more = dict(examined.pictures)
    prepare = inputs.preparation
    if prepare is not None and prepare.steps.components is not None:
        components = prepare.steps.components
        more["spectrum"] = picturing.spectrum(components.ratios, components.kept)
    return found.model_copy(update=more)


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


def _search(key: str, inputs: Inputs, bench: Bench) -> Search | None:
    model = bench.spec.members[key]
    if model.grid is None and model.search is None:
        return None
    together = as_search(model)
    with bench.recorder.timed("search", key):
        if together is not None:
            return search(key, together, inputs, bench)
        train = bench.parts["train"]
        return grid.search(key, bench.spec, train, bench.pixel_range, bench.recorder, bench.columns)


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
        parts = bench.preparation(steps, model.dtype).of(bench.parts)
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
    fitted = _beside(model, merged, parts)
    return Variant(
        label=label, settings=merged, preparation=steps, scores=Scores(**_scores(fitted, parts))
    )


def _beside(model: ModelSpec, settings: Settings, parts: Parts) -> Fitted:
    """A fit beside the one that is shown, of which the validation part decides as much."""
    judged = parts.get("validation")
    return fit(model.family, settings, parts["train"], judged, backend=model.backend)


def _scores(fitted: Fitted, parts: Parts) -> dict[str, float]:
    return {name: score(fitted, part) for name, part in parts.items()}


def _over_seeds(key: str, settings: Settings, parts: Parts, bench: Bench) -> SeedRuns | None:
    model = bench.spec.members[key]
    if model.seeds is None:
        return None
    seeds = model.seeds.all
    with bench.recorder.timed("seeds", key):
        jointly = family(model.family).together and torch_device(model.backend) is None
        train_seeds = _together if jointly else _one_by_one
        runs = train_seeds(key, settings, parts, bench)
    shares = bench.task.shares
    spreads = {
        name: statistics.distribution([run.scores[name] for run in runs], shares=shares)
        for name in parts
    }
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
    judged = parts.get("validation")
    jobs = [job(model.family, each, parts["train"], judged) for each in tried]

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
    return _seed_run(_beside(model, settings, parts), parts, bench)


def _seed_run(fitted: Fitted, parts: Parts, bench: Bench) -> SeedRun:
    recall = examiner_of(bench.task).recall(fitted, parts, bench)
    return SeedRun(_scores(fitted, parts), recall, fitted.diverged)


def _sicknesses(estimator: Any) -> tuple[str, ...]:
    """What the training suffers from, where the model can say so."""
    found = getattr(estimator, "findings", None)
    return () if found is None else tuple(map(str, found()))


def _n_iter(estimator: Any) -> int | None:
    """Epochs or iterations, where the model counts them (the largest of several counts)."""
    count = getattr(estimator, "n_iter_", None)
    return None if count is None else int(np.max(count))
