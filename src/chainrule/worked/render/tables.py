"""A table of plain values in any of the formats, for what is compared rather than derived."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chainrule.errors import InvalidInputError
from chainrule.worked.render.numbers import columns_in, shown

__all__ = ["render_table"]

Rows = Sequence[Sequence[Any]]
ABSENT = "–"


def render_table(
    headers: Sequence[str],
    rows: Rows,
    format: str = "text",
    *,
    decimals: int = 4,
    width: int | None = None,
) -> str:
    """A table: numbers to the right and rounded, words to the left, None as a dash.

    Parameters
    ----------
    headers
        A heading for each column.
    rows
        Each as long as ``headers``: strings, numbers or None.
    format
        ``text``, ``markdown`` (or ``md``), ``latex`` (a longtable), ``html`` or ``json``.
    decimals
        For numbers that are not whole.
    width
        For text: a table that is wider is cut into parts, each with the first column.

    Raises
    ------
    InvalidInputError
        For an unknown format, or rows that are not as long as the headers.
    """
    from chainrule.worked.render.formats import format_name

    format = format_name(format)
    if any(len(row) != len(headers) for row in rows):
        lengths = sorted({len(row) for row in rows})
        raise InvalidInputError(
            f"Every row of the table must have {len(headers)} values, as headers has, "
            f"got rows of {lengths}."
        )
    if format == "json":
        from chainrule.worked.render.data import as_json

        return as_json({"headers": list(headers), "rows": [list(row) for row in rows]})
    texts = [[_text(value, decimals) for value in row] for row in rows]
    right = [_all_numbers([row[k] for row in rows]) for k in range(len(headers))]
    if format == "text":
        return _plain(list(headers), texts, right, width)
    return MARKED_UP[format](list(headers), texts, right)


def _text(value: Any, decimals: int) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, str | bool):
        return str(value)
    return str(value) if isinstance(value, int) else shown(float(value), decimals)


def _all_numbers(values: Sequence[Any]) -> bool:
    return all(value is None or not isinstance(value, str | bool) for value in values)


def _plain(headers: list[str], rows: list[list[str]], right: list[bool], width: int | None) -> str:
    from chainrule.worked.render.text import screen

    lines = [headers, *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(len(headers))]
    widths[0] = min(widths[0], screen(width) // 2)
    parts = columns_in([size + 2 for size in widths[1:]], screen(width) - widths[0])
    found = []
    for part in parts:
        columns = [0, *(k + 1 for k in part)] if len(headers) > 1 else [0]
        rule = ["─" * widths[k] for k in columns]
        for line in (headers, None, *rows):
            cells = rule if line is None else [_cell(line[k], widths[k], right[k]) for k in columns]
            found.append("  ".join(cells).rstrip())
        found.append("")
    return "\n".join(found[:-1]) + "\n"


def _cell(text: str, width: int, right: bool) -> str:
    cut = text if len(text) <= width else text[: width - 1] + "…"
    return cut.rjust(width) if right else cut.ljust(width)


def _markdown(headers: list[str], rows: list[list[str]], right: list[bool]) -> str:
    from chainrule.worked.render.markdown import escaped

    rule = ["---:" if one else "---" for one in right]
    lines = [[escaped(part) for part in line] for line in (headers, *rows)]
    lines.insert(1, rule)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _latex(headers: list[str], rows: list[list[str]], right: list[bool]) -> str:
    from chainrule.worked.render.latex import environment

    columns = "".join("r" if one else "l" for one in right)
    template = environment().get_template("table.tex.j2")
    return template.render(columns=columns, headers=headers, rows=rows) + "\n"


def _html(headers: list[str], rows: list[list[str]], right: list[bool]) -> str:
    from chainrule.worked.render.html import environment

    template = environment().get_template("table.html.j2")
    return template.render(headers=headers, rows=rows, right=right) + "\n"


MARKED_UP: Mapping[str, Callable[[list[str], list[list[str]], list[bool]], str]] = {
    "markdown": _markdown,
    "latex": _latex,
    "html": _html,
}
