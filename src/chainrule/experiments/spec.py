"""The language of experiments: what a TOML file may say, as frozen records.

One file describes one experiment. ``kind`` chooses what is done with it (`SPECS`); the rest is
shared, so that a new kind is a new class here and a function that runs it. ``"none"`` in a model's
settings stands for Python's None, which TOML cannot say; a list becomes a tuple.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from chainrule.experiments.backends import PATTERN
from chainrule.experiments.results import Assumption, Erratum, Source
from chainrule.experiments.spec_base import SeedSpec, Settings, Table, combinations, short
from chainrule.experiments.tuning_spec import SearchSpec, SweepSpec
from chainrule.models.columns import ColumnKind
from chainrule.models.images import MOST_SIDE, Colour, Fit
from chainrule.tables.settings import SETTINGS

__all__ = [
    "BEST",
    "SPECS",
    "CompareSpec",
    "FolderSpec",
    "LookSpec",
    "ModelSpec",
    "OutlierSpec",
    "Settings",
    "Spec",
    "TableSpec",
    "TargetSpec",
]

BEST = "best on validation"

Side = Annotated[int, Field(ge=1, le=MOST_SIDE)]


class SplitSpec(Table):
    """How the rows are cut; see `chainrule.data.splits`.

    ``"own test"`` keeps the test part that the source has, and holds rows out for validation;
    ``"own parts"`` keeps both its validation and its test part; ``"all"`` trains on all rows.
    ``train`` limits the rows that are trained on. A share is a number between 0 and 1, a count a
    whole number. ``stratify`` keeps the share of each class in every part; unless told otherwise it
    does, where there are classes.
    """

    scheme: str
    held_out: int | float | None = None
    train: int | float | None = None
    seed: int = 42
    stratify: bool | None = None

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> SplitSpec:
        for name, size in (("held_out", self.held_out), ("train", self.train)):
            if size is not None and (size <= 0 or (isinstance(size, float) and size >= 1)):
                raise ValueError(f"{name} must be a share between 0 and 1 or a count, came {size}")
        if self.scheme not in ("all", "own parts") and self.held_out is None:
            raise ValueError(f"the split {self.scheme!r} needs held_out, such as held_out = 0.2")
        return self


class OutlierSpec(Table):
    """A ``share`` of the training rows whose targets are moved by ``shift`` standard deviations."""

    share: float = Field(gt=0, lt=1)
    shift: float = 5.0
    seed: int = Field(default=0, ge=0)


class TargetSpec(Table):
    """What is done with the numbers that a regression predicts; see
    `chainrule.experiments.targets`."""

    standardize: bool = False
    outliers: OutlierSpec | None = None


class PreparationSpec(Table):
    """How the preparation ``"table"`` treats a table's columns; the names and the values are those
    of `chainrule.tables.transformer.TablePreparation`."""

    scaling: str = "robust"
    min_count: int = 10
    max_levels: int = 64
    bound: float | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _can_be(cls, value: Any, info: ValidationInfo) -> Any:
        is_right, required = SETTINGS[info.field_name or ""]
        if not is_right(value):
            raise ValueError(f"required {required}; came {value!r:.60}")
        return value


class TableSpec(Table):
    """A table of one's own: the file (relative to that of the spec, see
    `chainrule.experiments.located`), the column to be predicted, and what is overruled of what its
    columns are taken for (see `chainrule.tables.deciding`); ``options`` are the file's, such as
    ``delimiter``, and ``preparation`` is of all models that prepare by ``"table"``. With ``stream``
    the network trains on rows that need not fit into ``memory``, and all else is done with a sample
    of them (see `chainrule.data.sample`)."""

    file: str
    target: str
    task: Literal["classification", "regression"]
    drop: tuple[str, ...] = ()
    kinds: dict[str, ColumnKind] = Field(default_factory=dict)
    options: dict[str, str | bool | tuple[str, ...]] = Field(default_factory=dict)
    preparation: PreparationSpec = PreparationSpec()
    stream: bool = False
    memory: str = "1GB"


class FolderSpec(Table):
    """A folder of images of one's own, a sub-folder a class (see `chainrule.data.photos`); the
    ``size`` (height, width), colour and fit that they are brought to (see
    `chainrule.models.images`), and whether those that cannot be read are left out."""

    path: str
    size: tuple[Side, Side]
    colour: Colour
    fit: Fit = "stretch"
    skip_damaged: bool = False


class DataSpec(Table):
    """A named data set with its parameters, if it is generated, or a ``table`` or ``folder`` of
    one's own, which may be called what one likes; its split, what is done with its targets, if it
    is a regression, and how many of its images the report shows."""

    name: str
    table: TableSpec | None = None
    folder: FolderSpec | None = None
    parameters: dict[str, int | float] = Field(default_factory=dict)
    split: SplitSpec | None = None
    target: TargetSpec | None = None
    samples: int = Field(default=20, ge=0)

    @model_validator(mode="after")
    def _is_of_one_source(self) -> DataSpec:
        if self.table is not None and self.folder is not None:
            raise ValueError("data come from a table or from a folder, came both")
        return self


class ModelSpec(Table):
    """One model: an untuned baseline, a way to its setting (a ``grid``, a ``search`` or a
    ``sweep``), and the chosen setting trained again from ``seeds``; each optional.

    ``settings`` hold for all of them; ``baseline`` and each combination that is tried add to them.
    ``also_prepare`` fits the chosen setting once more on data prepared otherwise, to show what
    the preparation is worth. ``over`` makes one model of each combination of the values that are
    listed under settings' names (and under ``prepare``): a study.
    """

    label: str
    family: str  # a row of families.FAMILIES
    prepare: tuple[str, ...] = ()
    dtype: Literal["float32", "float64"] = "float64"
    # What computes the trainings: "jax"; or "torch" (on the CPU; "torch:cuda" on a GPU), of our
    # networks alone. The fit that is shown is then trained by JAX as well, to be set beside it.
    backend: str = Field(default="jax", pattern=PATTERN)
    settings: Settings = Field(default_factory=dict)
    baseline: Settings | None = None
    grid: dict[str, list[Any]] | None = None
    search: SearchSpec | None = None
    sweep: SweepSpec | None = None
    seeds: SeedSpec | None = None
    also_prepare: tuple[tuple[str, ...], ...] = ()
    over: dict[str, list[Any]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_one_way_to_its_setting(self) -> ModelSpec:
        ways = [name for name in ("grid", "search", "sweep") if getattr(self, name) is not None]
        if len(ways) > 1:
            raise ValueError(f"a model's setting is found in one way, came {' and '.join(ways)}")
        return self


class PrintedSpec(Table):
    """Numbers that the document prints, and of what.

    ``value`` is a number; a list of one number a class (``quantity = "recall"``); or a table of
    settings (``quantity = "best parameters"``). ``decimals`` is how many the document prints. Of a
    search, ``of`` names the candidate that a number is of, by its parameters.
    """

    model: str
    quantity: str  # a row of printed.QUANTITIES, "recall" or "best parameters"
    value: float | list[float] | Settings
    decimals: int | None = Field(default=None, ge=0)
    remark: str = ""
    of: Settings | None = None


class QuestionSpec(Table):
    """A question that the document asks, and the answer that the numbers give.

    In the answer, ``{model: quantity}`` stands for a number of this run.
    """

    question: str
    answer: str


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
    questions: tuple[QuestionSpec, ...] = ()
    # What ``--quick`` replaces, by dotted paths: a version that ends in under a minute.
    quick: dict[str, Any] = Field(default_factory=dict)
    # Whether that was done.
    quick_version: bool = False
    # What ``--set`` changed of what is computed: ``dotted.path = value``, each in TOML's form.
    changed: tuple[str, ...] = ()

    @property
    def as_written(self) -> bool:
        """Whether neither was done: only then are the document's numbers set beside ours, and its
        questions answered with ours."""
        return not (self.quick_version or self.changed)


class LookSpec(Spec):
    """Looks at the data and trains nothing."""

    kind: Literal["look"]


class CompareSpec(Spec):
    """Trains one model or several on one data set, and sets them side by side."""

    kind: Literal["compare", "search", "study", "sweep", "train"]
    models: dict[str, ModelSpec] = Field(min_length=1)
    # The model that is saved and tested against each other one; "best on validation" leaves it to
    # the validation score. A single model is chosen anyway.
    chosen: str = BEST
    folds: int = Field(default=5, ge=2)
    # What a grid's folds see prepared by: the whole training part (as most notebooks do; each fold
    # then knows the mean of the rows that judge it), or the fold's own training rows.
    prepare_on: Literal["training part", "each fold"] = "each fold"
    # Threads of BLAS and OpenMP in scikit-learn's models; 0 leaves it to them. On small data one
    # is many times faster than two, and its last bits do not depend on the machine's cores.
    threads: int = Field(default=0, ge=0)
    hardest: int = Field(default=12, ge=0)
    # Of so many test rows, the report shows the chosen network's logits beside its probabilities.
    outputs: int = Field(default=0, ge=0, le=20)
    printed: tuple[PrintedSpec, ...] = ()

    @model_validator(mode="after")
    def _needs_a_split(self) -> CompareSpec:
        if self.data.split is None:
            raise ValueError(
                "training needs a split: add [data.split] with a scheme and held_out, such as "
                "scheme = 'three-way' and held_out = 0.4"
            )
        if self.kind in ("train", "sweep") and len(self.members) > 1:
            raise ValueError(
                f"kind = {self.kind!r} is of one model, and there are {len(self.members)}; use "
                "'compare' or 'study'"
            )
        for key, model in self.models.items():
            if self.kind in ("search", "sweep") and getattr(model, self.kind) is None:
                raise ValueError(
                    f"kind = {self.kind!r} needs a table [models.{key}.{self.kind}] that says "
                    "what is tried"
                )
        return self

    @cached_property
    def members(self) -> dict[str, ModelSpec]:
        """Every model by its key; those of a study are called ``key.name=value``."""
        return dict(member for key, model in self.models.items() for member in _members(key, model))


def _members(key: str, model: ModelSpec) -> Iterator[tuple[str, ModelSpec]]:
    """The models that ``over`` makes of one, the first name moving slowest."""
    for name, changed in combinations(model.over):
        if not changed:
            yield key, model
            continue
        said = ", ".join(f"{each} {short(value)}" for each, value in changed.items())
        prepare = tuple(changed.pop("prepare", model.prepare))
        member = model.model_copy(
            update={
                "label": f"{model.label}: {said}",
                "settings": {**model.settings, **changed},
                "prepare": prepare,
                "over": {},
            }
        )
        yield f"{key}.{name}", member


SPECS: dict[str, type[Spec]] = {
    "compare": CompareSpec,
    "look": LookSpec,
    "search": CompareSpec,
    "study": CompareSpec,
    "sweep": CompareSpec,
    "train": CompareSpec,
}
