"""What tells one object from another in the next process: for the facts of a run's folder.

A text of an object by its content, never by its address. A function is told by its code, its
defaults and what it closes over, wherever it stands: in a step, a scorer, a partial.
"""

import functools
import re
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import Any

import numpy as np

__all__ = ["described", "digest"]

PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), slice, range)


def described(value: Any) -> str:
    """A text that is equal for equal objects, in every process of one version of Python.

    Functions count as equal when their bytecode, constants, names, defaults and closed-over values
    are; objects when their parameters (of an estimator), fields or attributes are. Global
    variables that a function reads are not looked at.
    """
    return _text(value, ())


def digest(*arrays: Any) -> str:
    """What tells rows from others: a SHA-256 of their shapes, types and values, and of the names
    that a table's columns have."""
    found = sha256()
    for array in arrays:
        if hasattr(array, "columns"):
            found.update(repr([str(name) for name in array.columns]).encode())
        for values in _parts(array):
            found.update(f"{np.shape(values)} {values.dtype}".encode())
            plain = repr(values.tolist()).encode() if values.dtype == object else values.tobytes()
            found.update(plain)
    return found.hexdigest()


def _text(value: Any, inside: tuple[int, ...]) -> str:
    if isinstance(value, PLAIN):
        return repr(value)
    if id(value) in inside:  # a function that names itself, an object that holds itself
        return "..."
    inside = (*inside, id(value))
    for kinds, of in ROWS:
        if isinstance(value, kinds):
            return of(value, inside)
    if all(hasattr(value, name) for name in ("dist", "args", "kwds")):  # SciPy's, with arguments
        return f"{value.dist.name}{_sequence((value.args, value.kwds), inside)}"
    if hasattr(value, "get_params") and not isinstance(value, type):
        return _call(value, value.get_params(deep=False), inside)
    if is_dataclass(value) and not isinstance(value, type):
        return _call(
            value, {each.name: getattr(value, each.name) for each in fields(value)}, inside
        )
    if hasattr(value, "__array__") or hasattr(value, "tocsr"):
        return f"{_name(type(value))} {digest(value)}"
    return _object(value, inside)


def _object(value: Any, inside: tuple[int, ...]) -> str:
    """What has no rule of its own: its own text; where that has an address, its attributes.

    Of an object in an object only the text counts, for what it holds may be anything (a lock, a
    connection), unless it can be called.
    """
    own = repr(value)
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", own)
    state = getattr(value, "__dict__", None)
    if not isinstance(state, dict) or not (callable(value) or (own != text and 0 not in inside)):
        return text
    called = getattr(type(value), "__call__", None)  # noqa: B004 (the function is wanted)
    more = f" {_function(called, inside)}" if isinstance(called, types.FunctionType) else ""
    return _call(value, state, (*inside, 0)) + more


def _function(value: types.FunctionType, inside: tuple[int, ...]) -> str:
    cells = [_cell(cell) for cell in value.__closure__ or ()]
    parts = [value.__defaults__, value.__kwdefaults__, *cells]
    found = sha256(_code(value.__code__, inside).encode())
    found.update("".join(_text(part, inside) for part in parts).encode())
    return f"{_name(value)} {found.hexdigest()[:16]}"


def _cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _code(code: types.CodeType, inside: tuple[int, ...]) -> str:
    """The code itself; not where it stands."""
    shape = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    constants = [_text(each, inside) for each in code.co_consts]
    return repr((code.co_code, shape, names, constants))


def _partial(value: Any, inside: tuple[int, ...]) -> str:
    parts = value.func, value.args, dict(value.keywords)
    return f"partial{_sequence(parts, inside)}"


def _method(value: Any, inside: tuple[int, ...]) -> str:
    return f"{_text(value.__func__, inside)} of {_text(value.__self__, inside)}"


def _builtin(value: Any, inside: tuple[int, ...]) -> str:
    owner = value.__self__
    plain = owner is None or isinstance(owner, types.ModuleType)
    return _name(value) if plain else f"{_name(value)} of {_text(owner, inside)}"


def _mapping(value: Mapping[Any, Any], inside: tuple[int, ...]) -> str:
    parts = (f"{_text(key, inside)}: {_text(each, inside)}" for key, each in value.items())
    return "{" + ", ".join(sorted(parts)) + "}"


def _sequence(value: Any, inside: tuple[int, ...]) -> str:
    listed = ", ".join(_text(each, inside) for each in value)
    return f"[{listed}]" if isinstance(value, list) else f"({listed})"


def _set(value: Any, inside: tuple[int, ...]) -> str:
    return "{" + ", ".join(sorted(_text(each, inside) for each in value)) + "}"


def _call(value: Any, parts: Mapping[str, Any], inside: tuple[int, ...]) -> str:
    listed = ", ".join(f"{name}={_text(parts[name], inside)}" for name in sorted(parts))
    return f"{_name(type(value))}({listed})"


def _array(value: Any, _: tuple[int, ...]) -> str:
    return f"array {digest(value)}"


def _name(value: Any) -> str:
    return f"{value.__module__}.{getattr(value, '__qualname__', value)}"


ROWS: tuple[tuple[Any, Any], ...] = (
    (np.generic, lambda value, _: repr(value.item())),
    (np.ndarray, _array),
    ((list, tuple), _sequence),
    ((set, frozenset), _set),
    (Mapping, _mapping),
    (types.FunctionType, _function),
    (types.CodeType, _code),
    (types.MethodType, _method),
    (types.BuiltinFunctionType, _builtin),
    (types.ModuleType, lambda value, _: str(value.__name__)),
    (functools.partial, _partial),
    (type, lambda value, _: _name(value)),
    # What is drawn from these is noted by itself, as the trainings' seeds.
    ((np.random.RandomState, np.random.Generator), lambda value, _: _name(type(value))),
)
"""How each kind is told."""


def _parts(array: Any) -> list[Any]:
    if not hasattr(array, "tocsr"):
        return [np.asarray(array)]
    rows = array.tocsr()
    return [np.asarray(rows.shape), rows.data, rows.indices, rows.indptr]
