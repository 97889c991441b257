"""The transformers of a Pipeline in a model file: scikit-learn's, a row for each class.

A transformer is its parameters and what fitting it left: arrays of known shapes, and scalars. A
class that is not here cannot be stored, since loading would have to run its code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field

from chainrule.errors import InvalidInputError
from chainrule.files import text, values
from chainrule.files.records import Name, Record
from chainrule.files.refusal import message, refuse, shown
from chainrule.models.sklearn_steps import KNOWN, frozen_steps
from chainrule.models.steps import Step

__all__ = ["TRANSFORMERS", "Transformer", "TransformerRecord", "describe", "frozen", "rebuild"]

Arrays = dict[str, npt.NDArray[Any]]
Shape = Literal["in", "out", "out x in"]


def _nothing(transformer: Any) -> None:
    """Most are whole with their arrays and scalars."""


def _type_of_statistics(imputer: Any) -> None:
    imputer._fit_dtype = imputer._fill_dtype = imputer.statistics_.dtype
    imputer.indicator_ = None


@dataclass(frozen=True)
class Transformer:
    """A class: where it lives, its fitted arrays and their shapes (any may be None), its fitted
    scalars, and what else there is to set."""

    home: str
    arrays: Mapping[str, Shape]
    scalars: tuple[str, ...] = ()
    complete: Callable[[Any], None] = field(default=_nothing)


SEEN = ("n_samples_seen_",)

TRANSFORMERS: Mapping[str, Transformer] = {
    "MaxAbsScaler": Transformer("sklearn.preprocessing", {"max_abs_": "in", "scale_": "in"}, SEEN),
    "MinMaxScaler": Transformer(
        "sklearn.preprocessing",
        dict.fromkeys(("min_", "scale_", "data_min_", "data_max_", "data_range_"), "in"),
        SEEN,
    ),
    "PCA": Transformer(
        "sklearn.decomposition",
        {
            "mean_": "in",
            "components_": "out x in",
            "explained_variance_": "out",
            "explained_variance_ratio_": "out",
            "singular_values_": "out",
        },
        ("noise_variance_", "n_samples_", "n_components_", "_fit_svd_solver"),
    ),
    "RobustScaler": Transformer("sklearn.preprocessing", {"center_": "in", "scale_": "in"}),
    "SimpleImputer": Transformer(
        "sklearn.impute", {"statistics_": "in"}, complete=_type_of_statistics
    ),
    "StandardScaler": Transformer(
        "sklearn.preprocessing",
        {"mean_": "in", "var_": "in", "scale_": "in", "n_samples_seen_": "in"},
        SEEN,
    ),
}


def _known(name: str) -> str:
    if name not in TRANSFORMERS:
        raise ValueError(f"be one of {', '.join(sorted(TRANSFORMERS))}")
    return name


Columns = Annotated[int, Field(ge=1, lt=2**31)]


class TransformerRecord(Record):
    """A fitted transformer of scikit-learn. ``arrays`` are those of its row that it has; ``facts``
    its fitted scalars, encoded as in ``values.py``; the arrays ``by_columns`` lie so in memory, on
    which the last bits of a product depend."""

    kind: Literal["sklearn"]
    transformer: Annotated[str, AfterValidator(_known)]
    params: dict[Name, Any]
    n_in: Columns
    n_out: Columns
    arrays: list[str]
    facts: dict[str, Any]
    feature_names: bool
    by_columns: list[str] = Field(default=[])

    def wanted(self) -> dict[str, tuple[int, ...]]:
        """The shape of each of its arrays."""
        known = TRANSFORMERS[self.transformer].arrays
        if strangers := set(self.arrays) - set(known):
            refuse(f"arrays that {self.transformer} has", shown(min(strangers)))
        if strangers := set(self.by_columns) - set(self.arrays):
            refuse("arrays of the file in by_columns", shown(min(strangers)))
        sizes = {"in": (self.n_in,), "out": (self.n_out,), "out x in": (self.n_out, self.n_in)}
        return {name: sizes[known[name]] for name in self.arrays}


def describe(transformer: Any, name: str) -> tuple[dict[str, Any], Arrays]:
    """A fitted transformer as the header's record and its arrays; ``name`` is its step's."""
    kind = type(transformer).__name__
    if kind not in TRANSFORMERS or type(transformer) is not _class(kind):
        refuse(
            f"{', '.join(sorted(TRANSFORMERS))} as steps of a Pipeline before the network",
            f"{type(transformer).__module__}.{type(transformer).__qualname__} as {name!r}",
            "A model file carries no code: apply that step to the rows beforehand, and save the "
            "rest of the Pipeline.",
        )
    _freezes(transformer, name)
    row, fitted = TRANSFORMERS[kind], vars(transformer)
    arrays = {
        each: _numbers(fitted[each])
        for each in row.arrays
        if isinstance(fitted.get(each), np.ndarray) and fitted[each].ndim
    }
    facts = {
        each: values.encode(_plain(fitted[each]), each)
        for each in row.scalars
        if each in fitted and each not in arrays
    }
    names = hasattr(transformer, "feature_names_in_")
    by_columns = [each for each, array in arrays.items() if not array.flags.c_contiguous]
    params = transformer.get_params(deep=False)
    record = {
        "kind": "sklearn",
        "transformer": kind,
        "params": {each: values.encode(value, each) for each, value in params.items()},
        "n_in": int(transformer.n_features_in_),
        "n_out": _n_out(transformer),
        "arrays": sorted(arrays),
        "facts": facts,
        "feature_names": names,
        "by_columns": by_columns,
    }
    if names:
        arrays |= text.pack(transformer.feature_names_in_, "feature_names")
    return record, arrays


def _numbers(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An imputer of a constant has its numbers as objects."""
    return array.astype(np.float64) if array.dtype == object else array


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.ndarray) else value


def _n_out(transformer: Any) -> int:
    components = getattr(transformer, "components_", None)
    return int(transformer.n_features_in_ if components is None else len(components))


def _freezes(transformer: Any, name: str) -> tuple[Step, ...]:
    """Whether it can be applied with NumPy alone; else it is refused."""
    try:
        return frozen_steps([(name, transformer)])
    except InvalidInputError as error:
        refuse("a Pipeline whose steps can be kept as arrays", f"another: {message(error)}")


def _class(name: str) -> type[Any]:
    found: type[Any] = getattr(import_module(TRANSFORMERS[name].home), name)
    return found


def _parameters(record: TransformerRecord) -> dict[str, Any]:
    return {name: values.decode(value, name) for name, value in record.params.items()}


def _facts(record: TransformerRecord) -> dict[str, Any]:
    known = TRANSFORMERS[record.transformer].scalars
    if strangers := set(record.facts) - set(known):
        refuse(f"facts that {record.transformer} has", shown(min(strangers)))
    return {name: values.decode(value, name) for name, value in record.facts.items()}


def rebuild(record: TransformerRecord, arrays: Arrays) -> Any:
    """The transformer of a checked record and its arrays."""
    made, params = _class(record.transformer), _parameters(record)
    if unknown := params.keys() - set(made._get_param_names()):
        refuse(f"parameters that {record.transformer} has", shown(min(unknown)))
    transformer = made(**params)
    try:
        transformer._validate_params()
    except (ValueError, TypeError) as error:
        refuse(f"parameters that {record.transformer} takes", f"others: {message(error)}")
    transformer.n_features_in_ = record.n_in
    if record.feature_names:
        transformer.feature_names_in_ = text.unpack(arrays, "feature_names", 0)
    row = TRANSFORMERS[record.transformer]
    for name in row.arrays:
        array = arrays.get(name)
        setattr(transformer, name, np.asfortranarray(array) if name in record.by_columns else array)
    for name, value in _facts(record).items():
        setattr(transformer, name, value)
    row.complete(transformer)
    frozen(record, arrays)
    return transformer


def frozen(record: TransformerRecord, arrays: Arrays) -> tuple[Step, ...]:
    """The steps that a checked record and its arrays mean, without scikit-learn."""
    row = TRANSFORMERS[record.transformer]
    fitted = SimpleNamespace(
        **_parameters(record),
        **{name: arrays.get(name) for name in row.arrays},
        n_features_in_=record.n_in,
    )
    try:
        with np.errstate(all="ignore"):
            steps = KNOWN[f"sklearn.{record.transformer}"](fitted)
        ends = (steps[0].n_in, steps[-1].n_out)
        last = [step.n_out for step in steps[:-1]]
        fits = ends == (record.n_in, record.n_out) and last == [s.n_in for s in steps[1:]]
    except (AttributeError, TypeError, ValueError, IndexError) as error:
        refuse(f"what a fitted {record.transformer} has", f"other things: {message(error)}")
    if not fits:
        refuse(f"{record.n_in} columns in and {record.n_out} out", f"{ends[0]} and {ends[1]}")
    for step in steps:
        _check_numbers(step, record.transformer)
    return tuple(steps)


def _check_numbers(step: Any, name: str) -> None:
    """Whether every number is finite and every divisor is not 0."""
    for each, array in vars(step).items():
        if isinstance(array, np.ndarray) and array.dtype.kind != "f":
            refuse(f"floating numbers in {name}", f"{array.dtype} for its {each}")
        if not np.isfinite(array).all() or (each == "scale" and not np.all(array)):
            refuse(f"finite numbers and no division by 0 in {name}", f"others for its {each}")
