"""How a model's setting is found: swept over one or two hyperparameters, or searched for."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from chainrule.experiments.spec_base import SeedSpec, Settings, Table

__all__ = ["NoiseSpec", "SearchSpec", "SweepSpec"]


class NoiseSpec(Table):
    """The gradient noise scale of the first seed's network at the end of each training, from
    ``repeats`` batches of ``rows`` rows."""

    rows: int = Field(default=1024, ge=2)
    repeats: int = Field(default=10, ge=2)


class SweepSpec(Table):
    """Every combination of the values of one or two hyperparameters, from each seed, all trained
    together.

    ``over`` names the hyperparameters with their values. ``epochs`` and ``updates`` are budgets:
    all have as many epochs, or as many updates, or both, one after the other. ``probes`` are
    further numbers of updates, fewer than ``updates``: a combination whose first epoch is longer is
    measured there as well. ``noise`` measures the gradient noise scale; ``range_test`` adds a
    learning-rate range test of the model's settings.
    """

    over: dict[str, list[Any]] = Field(min_length=1)
    epochs: int | None = Field(default=None, ge=1)
    updates: int | None = Field(default=None, ge=1)
    probes: tuple[int, ...] = ()
    seeds: SeedSpec = SeedSpec(count=3)
    noise: NoiseSpec | None = None
    range_test: bool = False

    @model_validator(mode="after")
    def _has_a_budget(self) -> SweepSpec:
        if self.epochs is None and self.updates is None:
            raise ValueError("a sweep needs a budget: epochs = 10, updates = 1000, or both")
        if any(not 0 < each < (self.updates or 0) for each in self.probes):
            raise ValueError(
                f"probes are numbers of updates, fewer than updates = {self.updates}; came "
                f"{list(self.probes)}"
            )
        if len(self.over) > 2:
            raise ValueError(
                f"a sweep is over one or two hyperparameters, came {len(self.over)} "
                f"({', '.join(self.over)}). Use a search for more"
            )
        for name, values in self.over.items():
            if not values:
                raise ValueError(f"over.{name}: required at least one value, came an empty list")
            if twice := [each for at, each in enumerate(values) if each in values[:at]]:
                raise ValueError(f"over.{name}: {twice[0]!r} comes twice; give each value once")
        return self


class SearchSpec(Table):
    """A search with any strategy of `chainrule.PopulationSearchCV`.

    ``space`` has for each hyperparameter a list of values or a table, see
    `chainrule.experiments.spaces`. Candidates are judged on the spec's ``folds``, or on the
    validation part, from ``n_seeds`` seeds each: the model's ``random_state`` and those after it.
    ``seed`` is that of the candidates' draws; ``settings`` are the strategy's own.
    """

    space: dict[str, Any] = Field(min_length=1)
    strategy: str = "grid"
    n_candidates: int | None = Field(default=None, ge=1)
    on: Literal["folds", "validation"] = "folds"
    n_seeds: int = Field(default=1, ge=1)
    seed: int = Field(default=0, ge=0)
    settings: Settings = Field(default_factory=dict)
