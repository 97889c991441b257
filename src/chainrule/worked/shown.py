"""A table that shows itself: as text in the terminal, as HTML in a notebook."""

from dataclasses import dataclass
from functools import cache
from io import StringIO
from typing import Any

from chainrule.templates import environment

__all__ = ["Shown", "html_template", "said_by", "small"]


def small(x: float) -> str:
    """A difference: two figures are enough."""
    return "0" if x == 0 else f"{x:.1e}"


def said_by(library: str, text: str) -> str:
    """A remark that names its library, once."""
    return text if text.startswith(library) else f"{library}: {text}"


@dataclass(frozen=True)
class Shown:
    """A title, a table of texts, and remarks below it. The first ``left`` columns are words."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()
    left: int = 1

    def text(self, width: int = 100) -> str:
        """The table for a terminal of ``width`` columns, without colours."""
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        console = Console(file=StringIO(), width=width, color_system=None)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left")
        for number, heading in enumerate(self.headings):
            table.add_column(
                Text(heading), justify="left" if number < self.left else "right", no_wrap=True
            )
        for row in self.rows:
            table.add_row(*map(Text, row))
        console.print(Text(self.title, style="bold"))
        console.print(table)
        for remark in self.remarks:
            console.print(_bullet(remark))
        found: str = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
        return "\n".join(line.rstrip() for line in found.splitlines()) + "\n"

    def html(self) -> str:
        return str(html_template("shown.html.j2").render(shown=self))


def _bullet(remark: str) -> Any:
    """A remark whose further lines stand under its first word."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(Text("•"), Text(remark))
    return grid


@cache
def html_template(name: str) -> Any:
    """A template of this package that escapes all that it is given."""
    return environment("chainrule.worked", html=True).get_template(name)
