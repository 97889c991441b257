"""``--set models.ann.seeds.count=5``: one value of a spec, replaced.

The value is a TOML literal (``5``, ``0.1``, ``true``, ``[16, 32]``); anything else is a string.
"""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from chainrule.errors import SpecError

__all__ = ["apply", "parse"]


def parse(text: str) -> tuple[str, Any]:
    """``"a.b=5"`` as ``("a.b", 5)``.

    Raises:
        SpecError: there is no ``=``, no path, or the value opens a bracket or a quote in vain.
    """
    path, equals, literal = text.partition("=")
    path, literal = path.strip(), literal.strip()
    if not equals or not path or not literal:
        raise SpecError(
            f"Required PATH=VALUE, such as models.ann.seeds.count=5; came {text!r}. "
            "Write the path, an equals sign and the value, without spaces."
        )
    return path, _literal(path, literal)


def _literal(path: str, text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError as error:
        if text[0] in "[{\"'":
            raise SpecError(
                f"{path}: {text!r} is not a TOML value ({error}). Close every bracket and quote, "
                "and put strings inside a list into quotes."
            ) from error
        return text
    return parsed["value"] if len(parsed) == 1 else text


def apply(table: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The table with each dotted path set to its value; ``table`` itself is left alone.

    The tables on the way must be there already (one that is empty or None is made); whether the
    last key is known is for the spec's validation to say. A number counts into a list, from 0.

    Raises:
        SpecError: a path leads nowhere; the nearest key is named.
    """
    for path, value in overrides.items():
        table = _replaced(table, path.split("."), value, path)
    return table


def _replaced(node: Any, keys: list[str], value: Any, path: str) -> Any:
    if not keys:
        return value
    first, rest = keys[0], keys[1:]
    if isinstance(node, list):
        index = _index(node, first, path)
        return [*node[:index], _replaced(node[index], rest, value, path), *node[index + 1 :]]
    if node is None:
        node = {}
    if not isinstance(node, dict):
        raise SpecError(f"{path}: there is nothing below {node!r}, so {first!r} cannot be set.")
    if rest and first not in node:
        raise SpecError(_nowhere(path, first, node))
    return {**node, first: _replaced(node.get(first), rest, value, path)}


def _index(items: list[Any], text: str, path: str) -> int:
    if text.isdecimal() and int(text) < len(items):
        return int(text)
    raise SpecError(
        f"{path}: required a position in a list, from 0 to {len(items) - 1}; came {text!r}."
    )


def _nowhere(path: str, key: str, node: dict[str, Any]) -> str:
    near = get_close_matches(key, node, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{path}: there is no {key!r} here.{hint} Known here: {', '.join(sorted(node))}."
