"""The language of experiments: what a TOML file may say, as frozen records.

One file describes one experiment. ``kind`` chooses what is done with it (`SPECS`); the rest is
shared, so that a new kind is a new class here and a function that runs it. ``"none"`` in a model's
settings stands for Python's None, which TOML cannot say; a list becomes a tuple.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chainrule.experiments.results import Assumption, Erratum, Source

__all__ = ["SPECS", "CompareSpec", "LookSpec", "ModelSpec", "Spec"]

Settings = dict[str, Any]


class Table(BaseModel):
    """The base of every table of a spec: frozen, closed to unknown keys, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=())


class SplitSpec(Table):
    """How the rows are cut; see `chainrule.data.splits.split`."""

    scheme: str
    held_out: float = Field(gt=0, lt=1)
    seed: int = 42
    stratify: bool = True


class DataSpec(Table):
    """A named data set, its split, and how many of its images the report shows."""

    name: str
    split: SplitSpec | None = None
    samples: int = Field(default=20, ge=0)


class SeedSpec(Table):
    """The chosen setting is trained again from ``count`` seeds: first, first + 1, ..."""

    count: int = Field(default=20, ge=1)
    first: int = Field(default=0, ge=0)


class ModelSpec(Table):
    """One model: an untuned baseline, a grid, and the chosen setting over seeds; each optional.

    ``settings`` hold for all of them; ``baseline`` and each point of ``grid`` add to them.
    ``also_prepare`` fits the chosen setting once more on data prepared otherwise, to show what
    the preparation is worth.
    """

    label: str
    family: str  # a row of families.FAMILIES
    prepare: tuple[str, ...] = ()
    dtype: Literal["float32", "float64"] = "float64"
    settings: Settings = {}
    baseline: Settings | None = None
    grid: dict[str, list[Any]] | None = None
    seeds: SeedSpec | None = None
    also_prepare: tuple[tuple[str, ...], ...] = ()


class PrintedSpec(Table):
    """Numbers that the document prints, and of what.

    ``value`` is a number; a list of one number a class (``quantity = "recall"``); or a table of
    settings (``quantity = "best parameters"``). ``decimals`` is how many the document prints.
    """

    model: str
    quantity: str  # a row of printed.QUANTITIES, "recall" or "best parameters"
    value: float | list[float] | Settings
    decimals: int | None = Field(default=None, ge=0)
    remark: str = ""


class Spec(Table):
    """What every kind of experiment says."""

    name: str
    kind: str
    title: str
    question: str
    source: Source
    data: DataSpec
    assumptions: tuple[Assumption, ...] = ()
    errata: tuple[Erratum, ...] = ()


class LookSpec(Spec):
    """Looks at the data and trains nothing."""

    kind: Literal["look"]


class CompareSpec(Spec):
    """Trains one model or several on one data set, and sets them side by side."""

    kind: Literal["compare"]
    models: dict[str, ModelSpec] = Field(min_length=1)
    chosen: str  # the model that is saved and tested against each other one
    folds: int = Field(default=5, ge=2)
    # What a grid's folds see prepared by: the whole training part (as most notebooks do; each fold
    # then knows the mean of the rows that judge it), or the fold's own training rows.
    prepare_on: Literal["training part", "each fold"] = "each fold"
    # Threads of BLAS and OpenMP in scikit-learn's models; 0 leaves it to them. On small data one
    # is many times faster than two, and its last bits do not depend on the machine's cores.
    threads: int = Field(default=0, ge=0)
    hardest: int = Field(default=12, ge=0)
    printed: tuple[PrintedSpec, ...] = ()

    @model_validator(mode="after")
    def _needs_a_split(self) -> CompareSpec:
        if self.data.split is None:
            raise ValueError(
                "training needs a split: add [data.split] with a scheme and held_out, such as "
                "scheme = 'three-way' and held_out = 0.4"
            )
        return self


SPECS: dict[str, type[Spec]] = {"compare": CompareSpec, "look": LookSpec}
