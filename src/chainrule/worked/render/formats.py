"""The formats, as a table, and the two entrances: a whole trace, and one number of it."""

import re
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from chainrule.errors import ExampleError, InvalidInputError, unknown_name
from chainrule.worked.quantities import Trace
from chainrule.worked.render import data
from chainrule.worked.render.cells import Cell, cell
from chainrule.worked.render.document import check_decimals, document, voice
from chainrule.worked.render.html import cell_html, html
from chainrule.worked.render.latex import cell_latex, latex
from chainrule.worked.render.markdown import markdown
from chainrule.worked.render.notation import Voice
from chainrule.worked.render.plain import PlainNotation
from chainrule.worked.render.text import cell_lines, coloured, screen, text

__all__ = ["FORMATS", "format_name", "parse_entry", "render", "render_cell"]

FORMATS: Mapping[str, Callable[..., str]] = {
    "text": text,
    "markdown": markdown,
    "latex": latex,
    "html": html,
    "json": data.json,
}
"""By name: a document, and the format's own options, as a string."""

SHORT = {"md": "markdown", "tex": "latex", "txt": "text"}
ENTRY = re.compile(r"\s*(\w+)\s*(?:\[([\d\s,]+)\])?\s*")


def render(
    trace: Trace, format: str = "text", decimals: int = 4, steps: str = "ends", **options: Any
) -> str:
    """A trace to read: every quantity with its formula, and its numbers written out.

    Parameters
    ----------
    trace
        As ``chainrule.trace`` gives it.
    format
        ``text``, ``markdown`` (or ``md``), ``latex``, ``html`` or ``json``.
    decimals
        How many to show, 0 to 17. JSON has all digits whatever this says.
    steps
        ``"ends"``: the first and the last step in full, of the others the losses. ``"all"``:
        every step. JSON always has all.
    **options
        For text: ``width`` in characters (the terminal's by default) and ``colour`` (off by
        default). For HTML: ``page=False`` leaves out the page around it.

    Raises
    ------
    InvalidInputError
        For a format, an option, ``decimals`` or ``steps`` that there is not.
    """
    name = format_name(format)
    _known_options(name, options)
    return FORMATS[name](document(trace, decimals, steps), **options)


def render_cell(
    trace: Trace,
    key: str,
    at: tuple[int, ...] | None = None,
    format: str = "text",
    decimals: int = 4,
    step: int = 1,
    width: int | None = None,
) -> str:
    """One number of a trace written out: symbols, numbers, result.

    Parameters
    ----------
    trace
        As ``chainrule.trace`` gives it.
    key
        A quantity, or one of its numbers as it is shown: ``"dW2[3,7]"`` counts from 1.
    at
        Where it stands in the array ``trace[key]``, counted from 0: ``(2, 6)``.
    format, decimals, width
        As for ``render``.
    step
        Of which step, counted from 1.

    Raises
    ------
    ExampleError
        For a quantity, an entry or a step that the trace does not have, and for numbers that are
        given and follow from no others.
    """
    name = format_name(format)
    check_decimals(decimals)
    if not 1 <= step <= len(trace.steps):
        raise ExampleError(f"The trace has the steps 1 to {len(trace.steps)}, got step {step}.")
    chosen = trace.steps[step - 1]
    if at is None:
        key, at = parse_entry(key)
    quantity = chosen.quantity(key)
    shape = quantity.oriented(trace.layout).shape
    if len(at) != len(shape) or not all(0 <= i < n for i, n in zip(at, shape, strict=True)):
        raise ExampleError(_outside(key, at, shape))
    turned = trace.layout == "column" and quantity.kind == "matrix"
    found = cell(chosen, key, at[::-1] if turned else at)
    if found is None:
        raise ExampleError(f"{key} is given, or follows from no formula of other numbers.")
    return CELLS[name](found, voice(trace, chosen, decimals), width)


def parse_entry(text: str) -> tuple[str, tuple[int, ...]]:
    """``"dW2[3,7]"``, counted from 1, as a key and an index of the array ``trace[key]``."""
    found = ENTRY.fullmatch(text)
    if found is None:
        raise ExampleError(f"An entry is written like dW2[3,7], got {text!r}.")
    numbers = [part for part in (found[2] or "").split(",") if part.strip()]
    return found[1], tuple(int(part) - 1 for part in numbers)


def _outside(key: str, at: tuple[int, ...], shape: tuple[int, ...]) -> str:
    size = " by ".join(map(str, shape)) if shape else "a single number"
    asked = ",".join(str(i + 1) for i in at)
    last = ",".join(map(str, shape))
    return (
        f"{key} is {size}: its entries go up to {key}{f'[{last}]' if last else ''}, "
        f"got {key}{f'[{asked}]' if asked else ''}."
    )


def format_name(name: str) -> str:
    """The format's full name; ``md`` is ``markdown``."""
    name = SHORT.get(name, name)
    if name not in FORMATS:
        raise InvalidInputError(unknown_name("format", name, FORMATS))
    return name


def _known_options(name: str, options: Mapping[str, Any]) -> None:
    known = list(signature(FORMATS[name]).parameters)[1:]
    for option in options:
        if option not in known:
            raise InvalidInputError(unknown_name(f"option of the format {name}", option, known))


def _cell_text(found: Cell, voice: Voice, width: int | None) -> str:
    room = screen(width)
    return coloured(list(cell_lines(found, PlainNotation(voice), room)), room, False)


CELLS: Mapping[str, Callable[[Cell, Voice, int | None], str]] = {
    "text": _cell_text,
    "markdown": lambda found, voice, width: f"$$\n{cell_latex(found, voice)}$$\n",
    "latex": lambda found, voice, width: cell_latex(found, voice),
    "html": lambda found, voice, width: cell_html(found, voice),
    "json": lambda found, voice, width: data.as_json(data.cell_data(found, PlainNotation(voice))),
}
