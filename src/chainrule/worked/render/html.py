"""A document as HTML: one file with everything inside, or a fragment for a notebook."""

from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.templates import environment as templates_of
from chainrule.worked.expressions import Expression
from chainrule.worked.render.cells import Cell
from chainrule.worked.render.document import Block, Document
from chainrule.worked.render.drawing import drawing
from chainrule.worked.render.heatmap import heatmap
from chainrule.worked.render.mathml import MathmlNotation, math
from chainrule.worked.render.notation import Voice
from chainrule.worked.render.numbers import aligned, shown
from chainrule.worked.render.plain import PlainNotation
from chainrule.worked.render.text import printed_words, summary_words

__all__ = ["cell_html", "environment", "html"]

PICTURE = 384
"""The longest side of a heat map on the page, in pixels; a number takes at most ``LARGEST_DOT``."""
LARGEST_DOT = 10


def html(found: Document, page: bool = True) -> str:
    """The document as a whole page, or with ``page=False`` as a fragment whose styles reach
    nothing outside it. Nothing is fetched: formulas are MathML, pictures are in the file."""
    own = environment().overlay()
    own.filters = {**own.filters, **_filters(found.voice)}
    template = own.get_template("page.html.j2" if page else "fragment.html.j2")
    return template.render(document=found, drawing=drawing(found.trace)) + "\n"


def cell_html(found: Cell, voice: Voice) -> str:
    """One number written out, as a fragment."""
    own = environment().overlay()
    own.filters = {**own.filters, **_filters(voice)}
    return own.get_template("cell.html.j2").render(cell=found) + "\n"


@cache
def environment() -> Any:
    """Templates that escape all that is not markup already."""
    return templates_of("chainrule.worked.render", html=True)


def _filters(voice: Voice) -> dict[str, Any]:
    from markupsafe import Markup

    notation, plain = MathmlNotation(voice), PlainNotation(voice)
    return {
        "equation": lambda x, name: Markup(_equation(name, x, notation)),
        "value": lambda x, block: Markup(_value(x, block, notation)),
        "chain": lambda cell: [Markup(one) for one in _chain(cell, notation)],
        "number": lambda x: shown(x, voice.decimals),
        "plain": plain.write,
        "summary": lambda one: summary_words(one, voice.decimals),
        "printed": lambda block: printed_words(block.printed, block, plain),
        "picture": partial(_picture, plain=plain),
    }


def _broken(x: Expression, notation: MathmlNotation) -> list[str]:
    """A formula as several elements, between which a narrow screen may break: a sum's terms."""
    return [math("<mo>=</mo>", first) if not k else math(first)
            for k, first in enumerate(notation.terms(x))]  # fmt: skip


def _equation(name: Expression, x: Expression, notation: MathmlNotation) -> str:
    return " ".join([math(notation.write(name)), *_broken(x, notation)])


def _chain(found: Cell, notation: MathmlNotation) -> list[str]:
    """``name``, ``= symbols``, ``= numbers``, ``= value``; each once."""
    result = notation.number(shown(found.value, notation.voice.decimals))
    parts = [_broken(found.symbols, notation), _broken(found.numbers, notation)]
    parts.append([math("<mo>=</mo>", result)])
    kept = [part for k, part in enumerate(parts) if k == 0 or part != parts[k - 1]]
    return [math(notation.write(found.name)), *(" ".join(part) for part in kept)]


def _value(value: npt.NDArray[np.float64], block: Block, notation: MathmlNotation) -> str:
    """``name = [ ... ]``."""
    texts = [notation.number(one) for one in aligned(value.ravel(), notation.voice.decimals)]
    n = value.shape[1]
    inner = texts[0]
    if value.size > 1:
        rows = [texts[k : k + n] for k in range(0, len(texts), n)]
        body = "".join(f"<mtr>{''.join(f'<mtd>{x}</mtd>' for x in row)}</mtr>" for row in rows)
        inner = f"<mrow><mo>[</mo><mtable>{body}</mtable><mo>]</mo></mrow>"
    return math(notation.write(block.name), "<mo>=</mo>", inner)


def _picture(block: Block, plain: PlainNotation) -> dict[str, Any]:
    """A heat map's address, size on the page and words."""
    address, rows, columns = heatmap(block.matrices[0])
    dot = min(LARGEST_DOT, PICTURE / max(rows, columns))
    size = " × ".join(map(str, block.matrices[0].shape))
    return {
        "src": address,
        "width": round(dot * columns),
        "height": round(dot * rows),
        "alt": f"Heat map of {plain.write(block.name)}, {size}: blue is negative, orange positive.",
    }
