"""Every exception that Chainrule raises on purpose.

::

    ChainruleError
    ├── InvalidInputError   (ValueError)   an argument, array or label that cannot be used
    ├── SpecError           (ValueError)   an experiment's specification
    ├── RunError            (ValueError)   a run's folder that is missing, damaged, too new or full
    ├── ExampleError        (ValueError)   a worked example, or answers to one
    ├── ModelFileError      (ValueError)   a model file that is damaged, hostile or too new
    ├── DataError           (ValueError)   a data set that is missing or not what it should be
    ├── DivergenceError     (ValueError)   training left the finite numbers
    └── MissingExtraError   (ImportError)  an optional package is not installed

A message says what was required, what came, and what to do about it.
"""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "ChainruleError",
    "DataError",
    "DivergenceError",
    "ExampleError",
    "InvalidInputError",
    "MissingExtraError",
    "ModelFileError",
    "RunError",
    "SpecError",
    "listed",
    "quoted",
    "unknown_name",
]


class ChainruleError(Exception):
    """The base of every error raised on purpose."""


class InvalidInputError(ChainruleError, ValueError):
    """An argument, array or label that cannot be used."""


class SpecError(ChainruleError, ValueError):
    """An experiment's specification that cannot be run."""


class RunError(ChainruleError, ValueError):
    """A run's folder that cannot be read, written or reported, or a report that cannot be
    written."""


class ExampleError(ChainruleError, ValueError):
    """A worked example's file, or answers to one, that cannot be used."""


class ModelFileError(ChainruleError, ValueError):
    """A model file that is damaged, hostile, or of a newer format."""


class DataError(ChainruleError, ValueError):
    """A data set that is missing or not what it should be."""


class DivergenceError(ChainruleError, ValueError):
    """Training left the finite numbers."""


class MissingExtraError(ChainruleError, ImportError):
    """An optional package is not installed; the message names the command that installs it."""


LONG, MANY = 60, 100
"""Characters of somebody's text that a message has, and names that it lists."""


def quoted(text: object) -> str:
    """A name or a text from somebody's data, for a message: in quotes, its beginning if it is
    long."""
    if isinstance(text, str):
        return repr(str(text)) if len(text) <= LONG else f"{text[:LONG]!r}..."
    return f"{text!r:.{LONG}}"


def listed(names: Iterable[str], most: int = MANY) -> str:
    """Names from somebody's data, for a message: in quotes, and how many more there are."""
    shown = [quoted(name) for name in names]
    more = f" and {len(shown) - most:,} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more


def unknown_name(kind: str, name: object, known: Iterable[str]) -> str:
    """The message for a name that is not in a table: what there is, and the nearest one."""
    options = sorted(known)
    same = [option for option in options if option.lower() == str(name).lower()]
    near = same or get_close_matches(str(name), options, n=1)
    hint = f" Did you mean {quoted(near[0])}?" if near else ""
    shown = [option if len(option) <= LONG else f"{option[:LONG]}..." for option in options[:MANY]]
    more = f" and {len(options) - MANY:,} more" if len(options) > MANY else ""
    return f"Unknown {kind} {quoted(name)}.{hint} Known: {', '.join(shown)}{more}."
