"""Parameters' values as JSON and back, so that what comes back equals what went in, type and all.

None, truth values, whole numbers, finite floats, strings and lists stand for themselves. What
JSON cannot say is an object with one key, which names it:

``{"float": "inf"}``, ``{"tuple": [...]}``, ``{"dict": [[key, value], ...]}`` (keys of any scalar
type), ``{"numpy": ["float32", 0.5]}`` (a scalar), ``{"array": ["int64", [50, 20]]}``.

A value that is not of these (a function, an object of some class) is refused by name: storing it
would mean running code to get it back.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chainrule.errors import ModelFileError
from chainrule.files.refusal import refuse, shown

__all__ = ["NUMPY_TYPES", "decode", "encode"]

NUMPY_TYPES: Mapping[str, type[np.generic]] = {
    np.dtype(kind).name: kind
    for kind in (
        *(np.float64, np.float32, np.float16, np.bool_),
        *(np.int64, np.int32, np.int16, np.int8),
        *(np.uint64, np.uint32, np.uint16, np.uint8),
    )
}
WHOLE = range(-(2**63), 2**64)
"""The whole numbers of 64 bits, with and without a sign: beyond them NumPy has none."""

_NOT_FINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


def encode(value: Any, name: str) -> Any:
    """``value`` as JSON; ``name`` is the parameter's, for the error."""
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return _encode_int(value, name)
    if type(value) is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if type(value) is list:
        return [encode(item, name) for item in value]
    if type(value) is tuple:
        return {"tuple": [encode(item, name) for item in value]}
    if type(value) is dict:
        return {"dict": [[encode(k, name), encode(v, name)] for k, v in value.items()]}
    if isinstance(value, np.generic) and value.dtype.name in NUMPY_TYPES:
        return {"numpy": [value.dtype.name, encode(value.item(), name)]}
    if isinstance(value, np.str_):
        return {"numpy": ["str", str(value)]}
    if type(value) is np.ndarray and value.ndim == 1 and value.dtype.name in NUMPY_TYPES:
        return {"array": [value.dtype.name, encode(value.tolist(), name)]}
    raise ModelFileError(
        f"The parameter {name!r} must be made of numbers, strings, None, lists, tuples, mappings "
        f"and NumPy scalars to go into a model file; it holds {_described(value)}. A file that is "
        f"safe to open carries no code: set {name} to a plain value before saving."
    )


def _encode_int(value: int, name: str) -> int:
    if value not in WHOLE:
        raise ModelFileError(
            f"The parameter {name!r} must fit in 64 bits to go into a model file; it holds "
            f"{shown(value)}. Give a smaller number."
        )
    return value


def _described(value: Any) -> str:
    if callable(value):
        called = getattr(value, "__qualname__", type(value).__qualname__)
        return f"the callable {shown(called)}"
    return f"{shown(value)} of type {type(value).__qualname__}"


def decode(value: Any, name: str) -> Any:
    """What ``encode`` made JSON of. ``value`` may be any JSON: all else is refused."""
    if isinstance(value, list):
        return [decode(item, name) for item in value]
    if type(value) is int and value not in WHOLE:
        refuse(f"whole numbers of 64 bits in the parameter {name!r}", shown(value))
    if not isinstance(value, dict):
        return value
    if len(value) != 1 or (tag := next(iter(value))) not in _DECODERS:
        refuse(f"the parameter {name!r} in an encoding of this format", shown(value))
    return _DECODERS[tag](value[tag], name)


def _decode_float(value: Any, name: str) -> float:
    if not isinstance(value, str) or value not in _NOT_FINITE:
        refuse(f"inf, -inf or nan in the parameter {name!r}", shown(value))
    return _NOT_FINITE[value]


def _decode_tuple(value: Any, name: str) -> tuple[Any, ...]:
    return tuple(decode(_list(value, name), name))


def _decode_dict(value: Any, name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for pair in _list(value, name):
        key, item = (decode(part, name) for part in _pair(pair, name))
        if isinstance(key, list | tuple | dict | np.ndarray) or key in found:
            refuse(f"scalar keys, each once, in the parameter {name!r}", shown(key))
        found[key] = item
    return found


def _decode_numpy(value: Any, name: str) -> Any:
    kind, content = _pair(value, name)
    if kind == "str" and isinstance(content, str):
        return np.str_(content)
    return _numbers(kind, [decode(content, name)], name)[0]


def _decode_array(value: Any, name: str) -> Any:
    kind, content = _pair(value, name)
    return _numbers(kind, decode(_list(content, name), name), name)


def _numbers(kind: Any, numbers: list[Any], name: str) -> np.ndarray[Any, Any]:
    """An array of the named type, if each number is one of that type's, exactly."""
    if not isinstance(kind, str) or kind not in NUMPY_TYPES:
        refuse(f"a NumPy type in the parameter {name!r}", shown(kind))
    wanted: type = {"f": float, "b": bool}.get(np.dtype(kind).kind, int)
    if any(type(number) is not wanted for number in numbers):
        refuse(f"numbers of type {kind} in the parameter {name!r}", shown(numbers))
    try:
        with np.errstate(over="raise"):
            return np.array(numbers, kind)
    except (OverflowError, FloatingPointError):
        refuse(f"numbers of type {kind} in the parameter {name!r}", shown(numbers))


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        refuse(f"a list in the parameter {name!r}", shown(value))
    return value


def _pair(value: Any, name: str) -> list[Any]:
    if len(_list(value, name)) != 2:
        refuse(f"a pair in the parameter {name!r}", shown(value))
    return value


_DECODERS: Mapping[str, Callable[[Any, str], Any]] = {
    "float": _decode_float,
    "tuple": _decode_tuple,
    "dict": _decode_dict,
    "numpy": _decode_numpy,
    "array": _decode_array,
}
