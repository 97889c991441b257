"""JSON as a model file may hold it: bounded, unambiguous, and nothing but JSON.

Python's own parser takes NaN, lets the last of two equal keys win, makes numbers of any
length and recurses as deep as the text does. Each of these is refused here, the depth
before the parser starts.
"""

import json
import re
from collections import Counter
from math import isfinite
from typing import Any

from chainrule.files.limits import MAX_DIGITS, MAX_JSON_DEPTH
from chainrule.files.refusal import refuse, shown

__all__ = ["dump", "parse"]

# Outside strings a backslash is no JSON, so that skipping escapes everywhere is right for
# every text that the parser will accept; one pass, whatever the text.
_TOKENS = re.compile(rb'\\.|["\[\]{}]', re.DOTALL)


def dump(value: Any) -> str:
    """The one text of ``value``: equal values give equal text."""
    return json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )


def parse(raw: bytes, what: str) -> dict[str, Any]:
    """The JSON object in ``raw``; ``what`` names it in errors."""
    _check_depth(raw, what)
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_real,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        refuse(f"{what} in UTF-8", f"bytes that are not, at position {error.start}")
    except json.JSONDecodeError as error:
        refuse(f"{what} in JSON", f"text that is not: {error.msg} at position {error.pos}")
    if not isinstance(value, dict):
        refuse(f"{what} to be a JSON object", shown(value))
    if rb"\u" in raw:
        _check_characters(value, what)
    return value


def _check_depth(raw: bytes, what: str) -> None:
    depth, in_string = 0, False
    for match in _TOKENS.finditer(raw):
        token = match.group()
        if token == b'"':
            in_string = not in_string
        elif not in_string and token in b"[{":
            depth += 1
            if depth > MAX_JSON_DEPTH:
                refuse(f"{what} nested at most {MAX_JSON_DEPTH} deep", "deeper JSON")
        elif not in_string and token in b"]}":
            depth -= 1


def _check_characters(value: dict[str, Any], what: str) -> None:
    """Half of a surrogate pair can be written as an escape, and is no character."""
    try:
        dump(value).encode("utf-8")
    except UnicodeEncodeError:
        refuse(f"{what} of whole characters", "half of a surrogate pair")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        refuse("each key once in a JSON object", f"{shown(twice)} twice")
    return found


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        refuse(f"whole numbers of at most {MAX_DIGITS} digits", f"one of {len(digits)}")
    return int(digits)


def _real(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        refuse("finite numbers in the header", shown(text))
    return value


def _constant(name: str) -> None:
    refuse("finite numbers in the header", name)
