"""The problem sheet as Markdown, LaTeX and HTML: a template each, and what it writes with."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from chainrule.errors import InvalidInputError, unknown_name
from chainrule.templates import environment as templates_of
from chainrule.worked.exercises.sheet import Sheet
from chainrule.worked.expressions import Ref
from chainrule.worked.quantities import Trace

__all__ = ["FORMATS", "format_name", "written"]

FORMATS = {"markdown": ".md", "latex": ".tex", "html": ".html"}
"""By name, the ending of a file."""
SHORT = {"md": "markdown", "tex": "latex"}
ROOM = 36
"""How many em of blanks fit on a line."""
NAMED = {"parameter": Ref("W1"), "gradient": Ref("dW1"), "loss": Ref("loss")}


def format_name(name: str) -> str:
    found = SHORT.get(name, name)
    if found not in FORMATS:
        raise InvalidInputError(unknown_name("format", name, FORMATS))
    return found


def written(sheet: Sheet, format: str, trace: Trace) -> str:
    """The sheet as a file's text."""
    from chainrule.worked.render.document import voice
    from chainrule.worked.render.drawing import drawing

    name = format_name(format)
    environment = WRITERS[name](voice(trace, trace.steps[0], sheet.decimals), sheet)
    template = environment.get_template(f"exercise{FORMATS[name]}.j2")
    return str(template.render(sheet=sheet, drawing=drawing(trace), **NAMED))


def _latex(voice: Any, sheet: Sheet) -> Any:
    from jinja2 import PackageLoader

    from chainrule.worked.render.latex import environment

    made = environment().overlay(loader=PackageLoader("chainrule.worked"))
    made.filters = {**made.filters, **_in_dollars(voice, sheet)}
    return made


def _markdown(voice: Any, sheet: Sheet) -> Any:
    made = _environment().overlay()
    made.filters = {**made.filters, **_in_dollars(voice, sheet)}
    return made


def _in_dollars(voice: Any, sheet: Sheet) -> dict[str, Callable[..., Any]]:
    """What LaTeX and Markdown have in common."""
    from chainrule.worked.render.latex import formula_filters
    from chainrule.worked.render.numbers import exact
    from chainrule.worked.render.tex import latex_number

    return {
        **formula_filters(voice),
        "blanks": partial(_blanks, sheet),
        "exact": lambda value: latex_number(exact(value)),
    }


def _html(voice: Any, sheet: Sheet) -> Any:
    from markupsafe import Markup

    from chainrule.worked.render.mathml import MathmlNotation, math
    from chainrule.worked.render.numbers import aligned, exact

    notation = MathmlNotation(voice)
    made = _environment().overlay(autoescape=True)
    made.filters = {
        **made.filters,
        "formula": lambda x: Markup(math(notation.write(x))),
        "equation": lambda x, y: Markup(math(notation.write(x), "<mo>=</mo>", notation.write(y))),
        "exact": lambda value: Markup(math(notation.number(exact(value)))),
        "rows": lambda value: _rows(aligned(value.ravel(), voice.decimals), value.shape[1]),
    }
    return made


WRITERS: Mapping[str, Callable[[Any, Sheet], Any]] = {
    "markdown": _markdown,
    "latex": _latex,
    "html": _html,
}


@cache
def _environment() -> Any:
    return templates_of("chainrule.worked", "chainrule.worked.render")


def _rows(texts: Sequence[str], n: int) -> list[Sequence[str]]:
    return [[one.replace("-", "−") for one in texts[i : i + n]] for i in range(0, len(texts), n)]


def _blanks(sheet: Sheet, shape: tuple[int, int]) -> list[str]:
    """An array of blanks in LaTeX; several where it is wide."""
    from chainrule.worked.render.numbers import columns_in

    blank = rf"\underline{{\rule{{0pt}}{{3ex}}\hspace{{{sheet.blank:g}em}}}}"
    if shape == (1, 1):
        return [blank]
    found = []
    for part in columns_in([int(sheet.blank) + 1] * shape[1], ROOM):
        rows = [" & ".join([blank] * len(part))] * shape[0]
        body = r" \\ ".join(rows)
        found.append(rf"\left[\begin{{array}}{{{'c' * len(part)}}}{body}\end{{array}}\right]")
    return found
