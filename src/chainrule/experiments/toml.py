"""Plain data as TOML: the part of the language that a spec needs, and no more.

`tomllib` only reads. Keys whose value is None are left out, since TOML has no word for it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

__all__ = ["dumps", "inline"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def dumps(table: Mapping[str, Any]) -> str:
    """The TOML text of nested mappings, sequences, strings, numbers and truth values.

    ``tomllib.loads(dumps(table)) == table``, with tuples read back as lists, and the keys of every
    mapping come back in their order: a study's models are called by it.
    """
    return "\n".join(_lines(table, ())).strip() + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The keys in their order. Under TOML's grammar a table's own values end where a sub-table
    begins, so a mapping that a plain value follows is written inline."""
    present = _present(table)
    with_header = set(takewhile(lambda key: _has_header(present[key]), reversed(present)))
    for key, value in present.items():
        if key not in with_header:
            yield f"{_key(key)} = {inline(value)}"
            continue
        here = (*path, key)
        for header, sub in _sub_tables(".".join(map(_key, here)), value):
            yield from ("", header, *_lines(sub, here))


def _present(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


def _has_header(value: Any) -> bool:
    return isinstance(value, Mapping) or _is_array_of_tables(value)


def _is_array_of_tables(value: Any) -> bool:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return False
    return bool(value) and all(isinstance(item, Mapping) for item in value)


def _sub_tables(name: str, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        yield f"[{name}]", value
    else:
        yield from ((f"[[{name}]]", item) for item in value)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def inline(value: Any) -> str:
    """One value, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int | float):
        return repr(value)  # TOML knows inf and nan by the same names
    if isinstance(value, Mapping):
        inside = (f"{_key(key)} = {inline(item)}" for key, item in _present(value).items())
        return "{" + ", ".join(inside) + "}"
    return "[" + ", ".join(inline(item) for item in value) + "]"


def _string(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, except for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
