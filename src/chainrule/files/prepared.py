"""A `TablePreparation` in a model file: the steps that it has, as arrays."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from chainrule.errors import InvalidInputError
from chainrule.files import text, values
from chainrule.files.limits import MAX_STEPS
from chainrule.files.records import Finite, Name, NotFinite, Record
from chainrule.files.refusal import message, refuse, shown
from chainrule.models.columns import KINDS, Column
from chainrule.models.steps import Affine, Bounds, Fill, Projection, Step
from chainrule.models.table import PERIODS, TableStep, Treatment
from chainrule.tables.settings import SETTINGS, check_settings

__all__ = ["PreparedRecord", "describe", "frozen", "rebuild"]

Arrays = dict[str, npt.NDArray[Any]]
Shapes = dict[str, tuple[list[str], tuple[int, ...]]]
Columns = Annotated[int, Field(ge=1, lt=2**31)]
FLOATS = ["F64", "F32"]
CYCLES = tuple(PERIODS)


class AffineRecord(Record):
    """(x - shift) / scale."""

    step: Literal["affine"]
    n_in: Columns
    n_out: Columns

    def wanted(self) -> Shapes:
        return dict.fromkeys(("shift", "scale"), (FLOATS, (self.n_in,)))

    def made(self, arrays: Arrays) -> Step:
        if not np.all(arrays["scale"]):
            refuse("no division by 0", "a scale of 0")
        return Affine(arrays["shift"], arrays["scale"])


class FillRecord(Record):
    """NaN becomes a value."""

    step: Literal["fill"]
    n_in: Columns
    n_out: Columns

    def wanted(self) -> Shapes:
        return {"values": (FLOATS, (self.n_in,))}

    def made(self, arrays: Arrays) -> Step:
        return Fill(arrays["values"])


class BoundsRecord(Record):
    """Numbers within two others."""

    step: Literal["bounds"]
    n_in: Columns
    n_out: Columns
    low: Finite
    high: Finite

    def wanted(self) -> Shapes:
        return {}

    def made(self, arrays: Arrays) -> Step:
        return Bounds(self.low, self.high, self.n_in)


class ProjectionRecord(Record):
    """(x - mean) V."""

    step: Literal["projection"]
    n_in: Columns
    n_out: Columns

    def wanted(self) -> Shapes:
        return {"mean": (FLOATS, (self.n_in,)), "V": (FLOATS, (self.n_in, self.n_out))}

    def made(self, arrays: Arrays) -> Step:
        return Projection(arrays["mean"], arrays["V"])


class TableRecord(Record):
    """The columns of a table and how each is treated: an entry a column in the arrays ``kind``
    (its place in the list of kinds), ``used``, ``missing``, ``others``, ``cycles`` (a bit for each
    period), ``numbers`` (fill, center, scale) and ``level_ends``; ``levels`` are those of all
    columns one after the other, and ``kept`` says which have a column of their own."""

    step: Literal["table"]
    n_in: Columns
    n_out: Columns
    n_levels: Annotated[int, Field(ge=0, lt=2**31)]
    bound: Finite | NotFinite
    dtype: Literal["float32", "float64"]

    def wanted(self) -> Shapes:
        n = (self.n_in,)
        return {
            "names.text": (["U8"], (-1,)),
            "names.ends": (["I64"], n),
            "kind": (["U8"], n),
            "cycles": (["U8"], n),
            **{name: (["BOOL"], n) for name in ("used", "missing", "others")},
            "numbers": (["F64"], (self.n_in, 3)),
            "levels.text": (["U8"], (-1,)),
            "levels.ends": (["I64"], (self.n_levels,)),
            "level_ends": (["I64"], n),
            "kept": (["BOOL"], (self.n_levels,)),
        }

    def made(self, arrays: Arrays) -> Step:
        names = text.unpack(arrays, "names", 0)
        if len(set(names)) < len(names):
            refuse("columns of different names", "one of them twice")
        if arrays["kind"].max() >= len(KINDS) or arrays["cycles"].max() >= 2 ** len(CYCLES):
            refuse("kinds and periods that are known", "others")
        if not np.all(arrays["numbers"][:, 2]):
            refuse("no division by 0", "a scale of 0")
        levels = text.unpack(arrays, "levels", 0)
        ends = arrays["level_ends"]
        starts = np.concatenate([[0], ends[:-1]])
        if np.any(starts > ends) or ends[-1] != self.n_levels or starts.min() < 0:
            refuse("levels that follow each other", "ends that do not")
        columns, treatments = [], []
        for at, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            kind = KINDS[arrays["kind"][at]]
            if kind != "category" and end > start:
                refuse("levels of categories alone", f"levels of a {kind}")
            columns.append(Column(str(names[at]), kind, tuple(map(str, levels[start:end]))))
            treatments.append(_treatment(arrays, at, arrays["kept"][start:end]))
        bound = float(self.bound.float) if isinstance(self.bound, NotFinite) else self.bound
        if not bound > 0:
            refuse("a bound above 0", shown(bound))
        return TableStep(tuple(columns), tuple(treatments), bound, self.dtype)


def _treatment(arrays: Arrays, at: int, kept: npt.NDArray[Any]) -> Treatment:
    fill, center, scale = map(float, arrays["numbers"][at])
    return Treatment(
        used=bool(arrays["used"][at]),
        fill=fill,
        center=center,
        scale=scale,
        missing=bool(arrays["missing"][at]),
        kept=tuple(np.flatnonzero(kept).tolist()),
        others=bool(arrays["others"][at]),
        cycles=tuple(name for bit, name in enumerate(CYCLES) if arrays["cycles"][at] >> bit & 1),
    )


AnyStep = Annotated[
    AffineRecord | FillRecord | BoundsRecord | ProjectionRecord | TableRecord,
    Field(discriminator="step"),
]


class PreparedRecord(Record):
    """A fitted ``TablePreparation``: the arrays of its k-th step are called ``<k>.<name>``."""

    kind: Literal["prepared"]
    params: dict[Name, Any]
    steps: Annotated[list[AnyStep], Field(min_length=1, max_length=MAX_STEPS)]
    feature_names: Literal[False] = False  # a table's are in its step

    @model_validator(mode="after")
    def _settings_that_can_be(self) -> "PreparedRecord":
        if unknown := self.params.keys() - SETTINGS.keys():
            refuse("parameters that TablePreparation has", shown(min(unknown)))
        try:
            check_settings(self.decoded())
        except InvalidInputError as error:
            refuse("parameters that TablePreparation takes", f"others: {message(error)}")
        return self

    def decoded(self) -> dict[str, Any]:
        """The parameters' values."""
        return {name: values.decode(value, name) for name, value in self.params.items()}

    @property
    def n_in(self) -> int:
        return self.steps[0].n_in

    @property
    def n_out(self) -> int:
        return self.steps[-1].n_out

    def wanted(self) -> Shapes:
        """The types and the shape of each of its arrays."""
        gives, takes = [s.n_out for s in self.steps[:-1]], [s.n_in for s in self.steps[1:]]
        if gives != takes:
            refuse(f"steps that take {shown(gives)} columns", f"steps that take {shown(takes)}")
        return {
            f"{at}.{name}": shape
            for at, step in enumerate(self.steps, 1)
            for name, shape in step.wanted().items()
        }


def describe(preparation: Any) -> tuple[dict[str, Any], Arrays]:
    """A fitted preparation as the header's record and its arrays."""
    records: list[dict[str, Any]] = []
    arrays: Arrays = {}
    for at, step in enumerate(preparation.steps_, 1):
        record, found = _DESCRIBERS[type(step)](step)
        records.append({"n_in": step.n_in, "n_out": step.n_out, **record})
        arrays |= {f"{at}.{name}": array for name, array in found.items()}
    params = preparation.get_params(deep=False)
    encoded = {name: values.encode(value, name) for name, value in params.items()}
    return {"kind": "prepared", "params": encoded, "steps": records}, arrays


def _table(step: TableStep) -> tuple[dict[str, Any], Arrays]:
    levels = [level for column in step.columns for level in column.levels]
    kept = [
        np.isin(np.arange(len(column.levels)), how.kept)
        for column, how in zip(step.columns, step.treatments, strict=True)
    ]
    bits = [sum(1 << CYCLES.index(name) for name in how.cycles) for how in step.treatments]
    arrays: Arrays = {
        **text.pack(np.array([column.name for column in step.columns], object), "names"),
        **text.pack(np.array(levels, object), "levels"),
        "kind": np.array([KINDS.index(column.kind) for column in step.columns], np.uint8),
        "cycles": np.array(bits, np.uint8),
        "numbers": np.array([(h.fill, h.center, h.scale) for h in step.treatments], np.float64),
        "level_ends": np.cumsum([len(column.levels) for column in step.columns], dtype=np.int64),
        "kept": np.concatenate([np.zeros(0, bool), *kept]),
        **{
            name: np.array([getattr(how, name) for how in step.treatments], bool)
            for name in ("used", "missing", "others")
        },
    }
    bound = step.bound if np.isfinite(step.bound) else {"float": str(step.bound)}
    record = {"step": "table", "n_levels": len(levels), "bound": bound, "dtype": step.dtype}
    return record, arrays


_DESCRIBERS: Mapping[type, Any] = {
    Affine: lambda step: (
        {"step": "affine"},
        {"shift": np.asarray(step.shift), "scale": np.asarray(step.scale)},
    ),
    Fill: lambda step: ({"step": "fill"}, {"values": np.asarray(step.values)}),
    Bounds: lambda step: ({"step": "bounds", "low": step.low, "high": step.high}, {}),
    Projection: lambda step: ({"step": "projection"}, {"mean": step.mean, "V": step.V}),
    TableStep: _table,
}


def frozen(record: PreparedRecord, arrays: Arrays) -> tuple[Step, ...]:
    """The steps of a checked record and its arrays."""
    found = []
    for at, each in enumerate(record.steps, 1):
        prefix = f"{at}."
        own = {
            name.removeprefix(prefix): array
            for name, array in arrays.items()
            if name.startswith(prefix)
        }
        for name, array in own.items():
            if not np.isfinite(array).all():
                refuse("finite numbers in a preparation", f"others in its {name}")
        step = each.made(own)
        if (step.n_in, step.n_out) != (each.n_in, each.n_out):
            refuse(
                f"a step from {each.n_in} to {each.n_out} columns",
                f"one from {step.n_in} to {step.n_out}",
            )
        found.append(step)
    return tuple(found)


def rebuild(record: PreparedRecord, arrays: Arrays) -> Any:
    """The preparation of a checked record and its arrays."""
    from chainrule.tables.transformer import TablePreparation

    steps = frozen(record, arrays)
    columns = steps[0].columns if isinstance(steps[0], TableStep) else ()
    return TablePreparation(**record.decoded()).set_steps(steps, columns)
