"""A document as Markdown, with formulas between dollar signs."""

import re
from functools import cache
from typing import Any

from chainrule.templates import environment as templates_of
from chainrule.worked.render.document import Document
from chainrule.worked.render.latex import formula_filters

__all__ = ["escaped", "markdown"]

SPECIAL = re.compile(r"([\\`*_{}\[\]<>$|#~&])")


def markdown(found: Document) -> str:
    """GitHub, Jupyter and most other viewers show it with its formulas."""
    own = _environment().overlay()
    own.filters = {**own.filters, **formula_filters(found.voice), "escaped": escaped}
    return str(own.get_template("document.md.j2").render(document=found))


def escaped(words: str) -> str:
    """Text in which no character means anything to Markdown, and which stays on its line."""
    return SPECIAL.sub(r"\\\1", " ".join(words.split()))


@cache
def _environment() -> Any:
    return templates_of("chainrule.worked.render")
