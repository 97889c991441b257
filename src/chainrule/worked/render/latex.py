r"""A document as LaTeX that compiles as it stands: pdflatex, amsmath, geometry, longtable."""

import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.templates import environment as templates_of
from chainrule.worked.names import GREEK
from chainrule.worked.render.cells import Cell
from chainrule.worked.render.document import Block, Document
from chainrule.worked.render.notation import Voice
from chainrule.worked.render.numbers import aligned, columns_in, shown
from chainrule.worked.render.plain import PlainNotation
from chainrule.worked.render.tex import LatexNotation, latex_number
from chainrule.worked.render.text import printed_words, summary_words

__all__ = ["cell_latex", "environment", "formula_filters", "latex"]

ROOM = 70
"""How many characters of a matrix's row fit on a line."""
SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "%": r"\%", "&": r"\&",
    "#": r"\#", "$": r"\$", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\ensuremath{<}", ">": r"\ensuremath{>}", "×": r"\ensuremath{\times}",
    "·": r"\ensuremath{\cdot}", "⊙": r"\ensuremath{\odot}", "−": r"\ensuremath{-}",
    "≤": r"\ensuremath{\le}", "≥": r"\ensuremath{\ge}", "≈": r"\ensuremath{\approx}",
    "≠": r"\ensuremath{\ne}", "√": r"\ensuremath{\surd}", "∞": r"\ensuremath{\infty}",
    "→": r"\ensuremath{\to}", "∑": r"\ensuremath{\sum}", "∈": r"\ensuremath{\in}",
    "²": r"\ensuremath{^{2}}", "³": r"\ensuremath{^{3}}", "ᵀ": r"\ensuremath{^{\top}}",
    "′": r"\ensuremath{'}", "✓": r"\ensuremath{\surd}", "✗": r"\ensuremath{\times}",
    "–": "--", "—": "---", "“": "``", "”": "''", "‘": "`", "’": "'", "…": r"\ldots{}",
    "•": r"\textbullet{}", "ᵢ": r"\ensuremath{_{i}}", "ⱼ": r"\ensuremath{_{j}}",
    **{chr(0x2080 + n): rf"\ensuremath{{_{{{n}}}}}" for n in range(10)},
    **{letter: rf"\ensuremath{{{command}}}" for letter, command in GREEK.items()},
}  # fmt: skip
LATIN = 0x17F
"""The last letter that pdflatex's T1 fonts have."""


def latex(found: Document) -> str:
    """A whole article."""
    own = environment().overlay()
    own.filters = {**own.filters, **formula_filters(found.voice)}
    return own.get_template("document.tex.j2").render(document=found)


def cell_latex(found: Cell, voice: Voice) -> str:
    """One number written out, as display mathematics whose sum may break."""
    notation = LatexNotation(voice)
    chain = _chain(found, notation)
    lines = "".join(f" &= {part} \\\\\n" for part in chain[:-1]) + f" &= {chain[-1]}\n"
    return f"\\begin{{align*}}\n{notation.write(found.name)}{lines}\\end{{align*}}\n"


@cache
def environment() -> Any:
    r"""Templates in which ``((`` and ``<<`` stand for what braces mean to LaTeX."""
    made = templates_of(
        "chainrule.worked.render",
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
    )
    made.filters["escaped"] = escaped
    return made


def formula_filters(voice: Voice) -> dict[str, Callable[..., Any]]:
    """What the templates of LaTeX and Markdown write with."""
    notation, plain = LatexNotation(voice), PlainNotation(voice)
    return {
        "escaped": escaped,
        "formula": notation.write,
        "chain": partial(_chain, notation=notation),
        "matrix": partial(_matrix, decimals=voice.decimals),
        "number": lambda value: latex_number(shown(value, voice.decimals)),
        "summary": lambda one: summary_words(one, voice.decimals),
        "printed": lambda block: _printed(block, plain),
    }


def escaped(words: str) -> str:
    """Text for LaTeX; a letter that its fonts lack is named by its number."""
    return re.sub(r"[^A-Za-z0-9 ]", lambda found: _character(found[0]), words)


def _character(letter: str) -> str:
    if letter in SPECIAL or ord(letter) <= LATIN:
        return SPECIAL.get(letter, letter)
    return f"[U+{ord(letter):04X}]"


def _chain(found: Cell, notation: LatexNotation) -> list[str]:
    parts = [notation.write(found.symbols), notation.write(found.numbers)]
    parts.append(latex_number(shown(found.value, notation.voice.decimals)))
    return [part for i, part in enumerate(parts) if i == 0 or part != parts[i - 1]]


def _matrix(value: npt.NDArray[np.float64], decimals: int) -> list[str]:
    """The matrix as one or, where it is wide, several arrays."""
    texts = aligned(value.ravel(), decimals)
    n = value.shape[1]
    rows = [[latex_number(one) for one in texts[i : i + n]] for i in range(0, len(texts), n)]
    if value.size == 1:
        return [rows[0][0]]
    widths = [max(len(row[k]) for row in rows) + 2 for k in range(n)]
    return [_array(rows, part) for part in columns_in(widths, ROOM)]


def _array(rows: list[list[str]], part: range) -> str:
    body = r" \\ ".join(" & ".join(row[k] for k in part) for row in rows)
    return rf"\left[\begin{{array}}{{{'r' * len(part)}}}{body}\end{{array}}\right]"


def _printed(block: Block, plain: PlainNotation) -> str:
    return "" if block.printed is None else printed_words(block.printed, block, plain)
