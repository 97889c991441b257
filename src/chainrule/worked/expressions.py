r"""Formulas as trees: one tree is shown, filled with numbers, and evaluated.

A formula is written once, over whole matrices in the row convention (``Z1 = X W1 + b1``).
From it come, by the functions below:

- ``evaluate``: its value from the values of what it mentions;
- ``entry``: the formula of one number of the result, an inner product written out;
- ``in_columns``: the same statement with samples as columns and ``W`` as ``(n_out, n_in)``.

A quantity has a *kind*: ``matrix`` (samples by units, or inputs by outputs), ``rows`` (one
number a sample), ``columns`` (one number a unit), ``scalar``, or ``jacobian`` (a matrix a
sample, which only entries are written of).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import erfc

from chainrule.equations.activations import ACTIVATIONS

__all__ = [
    "Add",
    "Call",
    "Cases",
    "Constant",
    "Expression",
    "Fraction",
    "Hadamard",
    "Index",
    "Kinds",
    "MatMul",
    "Negative",
    "Number",
    "Power",
    "Product",
    "Ref",
    "Total",
    "Transpose",
    "children",
    "entry",
    "evaluate",
    "in_columns",
    "mentioned",
    "minus",
    "one_minus",
    "substitute",
]

Floats = npt.NDArray[np.float64]
Values = Mapping[str, Floats]
Kinds = Mapping[str, str]
Index = tuple[int | None, int | None]


class Expression:
    """A formula; the subclasses are its forms."""


@dataclass(frozen=True)
class Ref(Expression):
    """A quantity, or (with ``index``, counted from 0, in the row convention) one of its numbers."""

    key: str
    index: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Number(Expression):
    value: float


@dataclass(frozen=True)
class Constant(Expression):
    """A number that has a name, such as the learning rate."""

    name: str
    value: float


@dataclass(frozen=True)
class Add(Expression):
    terms: tuple[Expression, ...]


@dataclass(frozen=True)
class Negative(Expression):
    of: Expression


@dataclass(frozen=True)
class Product(Expression):
    """Factors of which at most one is a matrix; 0 times anything is 0, as in y log a."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True)
class Hadamard(Expression):
    """The product entry by entry; 0 times anything is 0."""

    left: Expression
    right: Expression


@dataclass(frozen=True)
class MatMul(Expression):
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Transpose(Expression):
    of: Expression


@dataclass(frozen=True)
class Fraction(Expression):
    """A quotient, entry by entry."""

    above: Expression
    below: Expression


@dataclass(frozen=True)
class Power(Expression):
    base: Expression
    exponent: float


@dataclass(frozen=True)
class Call(Expression):
    """A function: one of ``FUNCTIONS`` or an activation by its name."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Cases(Expression):
    """``above`` where ``of`` is positive, ``below`` elsewhere."""

    of: Expression
    above: Expression
    below: Expression


@dataclass(frozen=True)
class Total(Expression):
    """The sum over the ``outputs`` of a sample, over the ``samples``, or over ``all`` entries."""

    of: Expression
    over: str


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "max": np.maximum,
    "abs": np.abs,
    "sign": np.sign,
    "Phi": lambda z: 0.5 * erfc(-z / np.sqrt(2)),
    "phi": lambda z: np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi),
}


def minus(left: Expression, right: Expression) -> Add:
    return Add((left, Negative(right)))


def one_minus(x: Expression) -> Add:
    return minus(Number(1), x)


def children(x: Expression) -> tuple[Expression, ...]:
    """The parts of a formula, from left to right."""
    found: list[Expression] = []
    for field in fields(x):  # type: ignore[arg-type]  # every form is a dataclass
        part = getattr(x, field.name)
        if isinstance(part, Expression):
            found.append(part)
        elif isinstance(part, tuple):
            found += [item for item in part if isinstance(item, Expression)]
    return tuple(found)


def _rebuilt(x: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The same form, its parts changed."""
    new: dict[str, Any] = {}
    for field in fields(x):  # type: ignore[arg-type]
        part = getattr(x, field.name)
        if isinstance(part, Expression):
            new[field.name] = change(part)
        elif isinstance(part, tuple) and part and isinstance(part[0], Expression):
            new[field.name] = tuple(change(item) for item in part)
    return replace(x, **new) if new else x  # type: ignore[type-var]


def mentioned(x: Expression) -> set[str]:
    """The keys of the quantities that a formula mentions."""
    if isinstance(x, Ref):
        return {x.key}
    return set().union(*(mentioned(part) for part in children(x))) if children(x) else set()


def substitute(x: Expression, change: Callable[[Expression], Expression | None]) -> Expression:
    """The formula with every part replaced for which ``change`` gives another."""
    changed = change(x)
    return _rebuilt(x, lambda part: substitute(part, change)) if changed is None else changed


def in_columns(x: Expression) -> Expression:
    """The transposed statement, where each matrix's name stands for its transposed."""
    if isinstance(x, MatMul):
        return MatMul(in_columns(x.right), in_columns(x.left))
    return _rebuilt(x, in_columns)


# evaluation: all in two dimensions, so that rows, columns and scalars broadcast


def evaluate(x: Expression, values: Values, kinds: Kinds) -> Floats:
    """The formula's value in the row convention, in two dimensions: a number a sample is
    ``(n, 1)``, a number a unit ``(1, k)``, a scalar ``(1, 1)``."""
    match x:
        case Ref(key, None):
            return _spread(np.asarray(values[key], float), kinds[key])
        case Ref(key, index):
            return np.asarray(values[key], float)[index].reshape(1, 1)
        case Number(value) | Constant(_, value):
            return np.full((1, 1), float(value))
        case MatMul(left, right):
            return evaluate(left, values, kinds) @ evaluate(right, values, kinds)
        case Transpose(of):
            return evaluate(of, values, kinds).T
    parts = [evaluate(part, values, kinds) for part in children(x)]
    with np.errstate(all="ignore"):  # saturated outputs give infinities, which are shown
        match x:
            case Add():
                return sum(parts[1:], parts[0])
            case Negative():
                return -parts[0]
            case Product() | Hadamard():
                found = parts[0]
                for part in parts[1:]:
                    found = np.where((found == 0) | (part == 0), 0.0, found * part)
                return found
            case Fraction():
                return np.asarray(parts[0] / parts[1])
            case Power(_, exponent):
                return np.asarray(parts[0] ** exponent)
            case Call(name, _):
                function = FUNCTIONS.get(name) or ACTIVATIONS[name].function
                return np.asarray(function(*parts))
            case Cases():
                return np.where(parts[0] > 0, parts[1], parts[2])
            case Total(_, over):
                axis = {"outputs": 1, "samples": 0, "all": None}[over]
                return np.asarray(parts[0].sum(axis=axis, keepdims=True))
    raise TypeError(f"No formula: {x!r}.")


def _spread(value: Floats, kind: str) -> Floats:
    if kind == "rows":
        return value.reshape(-1, 1)
    return value.reshape(1, -1) if kind in ("columns", "scalar") else value


# one entry of the result


def entry(x: Expression, at: Index, values: Values, kinds: Kinds) -> Expression:
    """The formula of the number at ``at`` = (row, column), None where there is no such axis."""
    match x:
        case Ref(key, None):
            i, j = at
            index = {"matrix": (i, j), "rows": (i,), "columns": (j,), "scalar": ()}[kinds[key]]
            return Ref(key, index) if index else x  # type: ignore[arg-type]
        case MatMul(left, right):
            inner = evaluate(left, values, kinds).shape[1]
            return _sum(
                Product(
                    (
                        entry(left, (at[0], k), values, kinds),
                        entry(right, (k, at[1]), values, kinds),
                    )
                )
                for k in range(inner)
            )
        case Transpose(of):
            return entry(of, (at[1], at[0]), values, kinds)
        case Hadamard(left, right):
            return Product((entry(left, at, values, kinds), entry(right, at, values, kinds)))
        case Total(of, over):
            rows, columns = evaluate(of, values, kinds).shape
            places: dict[str, list[Index]] = {
                "outputs": [(at[0], k) for k in range(columns)],
                "samples": [(k, at[1]) for k in range(rows)],
                "all": [(i, k) for i in range(rows) for k in range(columns)],
            }
            return _sum(entry(of, one, values, kinds) for one in places[over])
        case Call("softmax", (of,)):
            columns = evaluate(of, values, kinds).shape[1]
            powers = [Call("exp", (entry(of, (at[0], k), values, kinds),)) for k in range(columns)]
            return Fraction(powers[at[1] or 0], Add(tuple(powers)))
    return _rebuilt(x, lambda part: entry(part, at, values, kinds))


def _sum(terms: Any) -> Expression:
    found = tuple(terms)
    return found[0] if len(found) == 1 else Add(found)
