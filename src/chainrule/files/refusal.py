"""The one form in which a model is refused: what was required, what came, what to do.

The checks serve saving and loading alike, and know neither the path nor the direction:
they raise ``Refused``, which ``save`` and ``load`` turn into a ``ModelFileError``.
"""

import re
from reprlib import Repr
from typing import Any, NoReturn

from pydantic import ValidationError

__all__ = ["Refused", "explain", "message", "refuse", "shown"]

_short = Repr()
_short.maxstring = _short.maxother = 60
_short.maxlong = 24


UNION_TAGS = ("mlp", "pipeline")
"""What pydantic names between the keys where a value may be of several kinds."""


class Refused(Exception):
    """Something in a model, or in a file, is not as it must be."""

    def __init__(self, required: str, came: str, remedy: str = "") -> None:
        super().__init__(required, came, remedy)
        self.remedy = remedy

    def __str__(self) -> str:
        return f"Required {self.args[0]}; came {self.args[1]}."


def shown(value: Any) -> str:
    """A value from a file, short enough for a message whatever it holds."""
    return _short.repr(value)


def message(error: Exception) -> str:
    """Another library's error within a sentence of ours."""
    return str(error)[:300].rstrip(".")


def refuse(required: str, came: str, remedy: str = "") -> NoReturn:
    """Raise; ``remedy`` is given where it is another than the usual one."""
    raise Refused(required, came, remedy) from None


def explain(error: ValidationError, what: str) -> NoReturn:
    """The first thing that pydantic found wrong with ``what``, in the form above."""
    first = error.errors(include_url=False)[0]
    keys = [part for part in first["loc"] if part not in UNION_TAGS]
    where = ".".join(shown(part).strip("'") for part in keys) or what
    if first["type"] == "union_tag_invalid":
        context = first["ctx"]
        key = context["discriminator"].strip("'")
        refuse(f"{where}.{key} to be {context['expected_tags']}", shown(context["tag"]))
    if first["type"] == "missing":
        refuse(f"{where} in {what}", "nothing")
    if first["type"] == "extra_forbidden":
        refuse(f"{what} with the keys of this format only", f"the unknown key {where}")
    # "Input should be 1", "List should have at most 2 items after validation, not 3"
    wanted = re.sub(r"^\w+ should |^Value error, | after validation, not \d+", "", first["msg"])
    refuse(f"{where} to {wanted}", shown(first["input"]))
