"""A sweep: every combination of one or two hyperparameters' values, from each seed, at equal epochs
or at equal updates, all trained together."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chainrule.data.splits import Parts
from chainrule.estimators.gradient_noise import gradient_noise_scale
from chainrule.estimators.jobs import Job
from chainrule.estimators.range_test import learning_rate_range_test
from chainrule.experiments.bench import Bench
from chainrule.experiments.cells import cell_of, judged_by, worth
from chainrule.experiments.families import family
from chainrule.experiments.fitting import refusals
from chainrule.experiments.joint import job, measured, threshold, train_jointly
from chainrule.experiments.recorder import finite
from chainrule.experiments.spec import ModelSpec, Settings
from chainrule.experiments.spec_base import combinations
from chainrule.experiments.tuned import Budget, RangeTest, Sweep
from chainrule.experiments.tuning_spec import SweepSpec

__all__ = ["BUDGETS", "RESHAPING", "sweep", "with_budget"]

BUDGETS = ("max_iter", "max_steps")

RESHAPING = ("activation", "hidden_layer_sizes", "init")
"""What changes how many numbers the initial weights take from the stream of random numbers: then
batches are drawn from a seed of their own, so that all combinations see the same."""


@dataclass(frozen=True)
class Planned:
    """One training: of the cell with this number, from this seed, for so many epochs or updates;
    ``probe`` if it is only a first part of another one."""

    cell: int
    seed: int
    epochs: int | None
    updates: int | None
    probe: bool = False


@dataclass(frozen=True, eq=False)
class Sweeper:
    """The sweep of one model."""

    key: str
    model: ModelSpec
    spec: SweepSpec
    parts: Parts
    known: Settings
    bench: Bench

    @cached_property
    def cells(self) -> list[tuple[str, Settings]]:
        return list(combinations(self.spec.over))

    def steps(self, cell: int) -> int:
        """Updates of an epoch."""
        rows, size = len(self.parts["train"].y), self.settings(cell).get("batch_size", "auto")
        return -(-rows // min(200 if size == "auto" else size, rows))

    def settings(self, cell: int) -> Settings:
        return {**self.model.settings, **self.cells[cell][1], **self.known}

    @cached_property
    def threshold(self) -> float:
        """An epoch's training loss above which a training has diverged."""
        known = self.model.settings.get("divergence_threshold")
        return (
            float(known) if known is not None else threshold(self.bench.task, self.parts["train"].y)
        )

    def job(self, planned: Planned) -> Job:
        settings = {
            **with_budget(self.settings(planned.cell), planned.epochs, planned.updates),
            "random_state": planned.seed,
            "divergence_threshold": self.threshold,
        }
        if any(name in RESHAPING for name in self.spec.over):
            settings.setdefault("data_seed", planned.seed)
        parts = self.parts
        return job(
            self.model.family,
            settings,
            parts["train"],
            parts.get("validation"),
            parts.get("test"),
        )

    def planned(self, epochs: int | None, updates: int | None) -> list[Planned]:
        """The trainings on one budget, cell by cell and seed by seed; of each the probes first."""
        found = []
        for cell in range(len(self.cells)):
            for seed in self.spec.seeds.all:
                probes = self.spec.probes if updates else ()
                for probe in sorted(probes):
                    if probe < self.steps(cell):
                        found.append(Planned(cell, seed, None, probe, True))
                found.append(Planned(cell, seed, epochs, updates))
        return found

    def run(self, name: str, epochs: int | None, updates: int | None) -> Budget:
        planned = self.planned(epochs, updates)
        recorder, label = self.bench.recorder, f"{self.model.label}: {name}"
        first = self.spec.seeds.first

        def take(number: int, estimator: Any) -> dict[str, Any]:
            facts = _facts(estimator)
            if self.spec.noise and planned[number].seed == first and not facts["diverged"]:
                facts["noise"] = self.noise(estimator, sum(facts["history"]["steps"]))
            return facts

        def tell(number: int, facts: Mapping[str, Any]) -> None:
            one, history = planned[number], facts["history"]
            last = {column: row[-1] for column, row in history.items() if row}
            recorder.write(
                "training",
                model=self.key,
                budget=name,
                parameters=self.cells[one.cell][1],
                seed=one.seed,
                updates=sum(history["steps"]),
                diverged=facts["diverged"],
                **{each: last[each] for each in WRITTEN if each in last},
            )

        with recorder.timed(f"sweep, {name}", self.key):
            jobs = [self.job(one) for one in planned]
            found = train_jointly(f"{self.key}: {name}", jobs, recorder, label, take, tell)
        cells, seconds = [], []
        for number, (called, parameters) in enumerate(self.cells):
            mine = [
                (one, facts)
                for one, facts in zip(planned, found, strict=True)
                if one.cell == number
            ]
            cells.append(
                cell_of(
                    called,
                    parameters,
                    self.steps(number),
                    list(self.spec.seeds.all),
                    [facts for one, facts in mine if not one.probe],
                    [(one.seed, facts) for one, facts in mine if one.probe],
                    shares=self.bench.task.shares,
                )
            )
            seconds.append(math.fsum(facts["seconds"] for _, facts in mine))
        recorder.parts[f"{self.key}: {name}"] = tuple(seconds)
        return Budget(
            name=name,
            epochs=epochs,
            updates=updates,
            cells=tuple(cells),
            block_sizes=measured(f"{self.key}: {name}", recorder) or None,
        )

    def noise(self, estimator: Any, updates: float) -> dict[str, Any]:
        assert self.spec.noise is not None
        train, rows = self.parts["train"], self.spec.noise.rows
        found = gradient_noise_scale(
            estimator, train.X, train.y, batch_sizes=(1, rows), repeats=self.spec.noise.repeats
        )
        return finite({"updates": int(updates), **found._asdict()})

    def range_test(self) -> RangeTest:
        settings = {**self.model.settings, **self.known, "random_state": self.spec.seeds.first}
        estimator = family(self.model.family).build(settings)
        train = self.parts["train"]
        with refusals("a learning-rate range test"):
            found = learning_rate_range_test(estimator, train.X, train.y)
        lists = {name: getattr(found, name).tolist() for name in ("rates", "losses", "smoothed")}
        return RangeTest(**{**found._asdict(), **lists})


WRITTEN = ("train_loss", "validation_loss", "validation_score", "test_loss", "test_score")
"""What a line of ``metrics.jsonl`` says of a training's end."""


def sweep(key: str, model: ModelSpec, parts: Parts, known: Settings, bench: Bench) -> Sweep:
    """All combinations of a model's sweep on each of its budgets.

    Args:
        parts: as the model gets them.
        known: settings that go with the parts.
    """
    assert model.sweep is not None
    spec = model.sweep
    sweeper = Sweeper(key, model, spec, parts, known, bench)
    budgets = []
    if spec.epochs:
        budgets.append(sweeper.run("equal epochs", spec.epochs, None))
    if spec.updates:
        budgets.append(sweeper.run("equal updates", None, spec.updates))
    tested = None
    if spec.range_test:
        with bench.recorder.timed("range test", key):
            found = bench.recorder.remember(
                f"{key}: range test", lambda: sweeper.range_test().model_dump(mode="json")
            )
        tested = RangeTest.model_validate(found)
    best = max(budgets[0].cells, key=worth)
    return Sweep(
        names=tuple(spec.over),
        values=tuple(tuple(values) for values in spec.over.values()),
        seeds=tuple(spec.seeds.all),
        budgets=tuple(budgets),
        best=best.parameters,
        judged_by=judged_by(budgets[0].cells),
        range_test=tested,
        threshold=sweeper.threshold,
    )


def with_budget(settings: Settings, epochs: int | None, updates: int | None) -> Settings:
    """The settings of a network with this budget instead of its own."""
    rest = {name: value for name, value in settings.items() if name not in BUDGETS}
    return rest | ({"max_iter": epochs} if epochs is not None else {"max_steps": updates})


def _facts(estimator: Any) -> dict[str, Any]:
    """A training as JSON data: its history, a number an epoch, and how it ended."""
    history = {
        name: finite(row.astype(float).tolist())
        for name, row in estimator.history_.items()
        if row.ndim == 1
    }
    return {
        "seconds": math.fsum(history.pop("seconds")),
        "history": history,
        "diverged": bool(estimator.diverged_),
    }
