"""What was decided of data of one's own, in the terminal."""

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from chainrule.experiments.loading import load, to_table
from chainrule.experiments.own import Plan
from chainrule.experiments.toml import dumps

if TYPE_CHECKING:
    from rich.console import Console

    from chainrule.experiments.photos import PhotoPlan

__all__ = ["print_plan", "print_spec"]


def print_plan(plan: "Plan | PhotoPlan", console: "Console") -> None:
    """A small table: the columns, or the classes and what images are brought to."""
    table = Table(box=None, pad_edge=False)
    for heading in ("column" if isinstance(plan, Plan) else "folder", "taken for", "because"):
        table.add_column(heading, overflow="fold")
    for row in plan.rows:
        table.add_row(*map(escape, row))
    console.print(table)
    console.print()


def print_spec(plan: "Plan | PhotoPlan", console: "Console") -> None:
    """The spec that repeats the run."""
    resolved = dumps(to_table(load(plan.spec)))
    console.print(resolved, highlight=False, markup=False, soft_wrap=True)
