"""What ``chainrule train`` decided, in the terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from chainrule.errors import InvalidInputError

if TYPE_CHECKING:
    from rich.console import Console

    from chainrule.experiments.own import Plan

__all__ = ["as_task", "print_decisions"]


def as_task(text: str | None) -> Literal["classification", "regression"] | None:
    """The task that was named, if one was."""
    if text not in (None, "classification", "regression"):
        raise InvalidInputError(f"--task: required classification or regression; came {text!r}.")
    return cast("Literal['classification', 'regression'] | None", text)


def print_decisions(
    plan: "Plan", console: "Console", changes: Mapping[str, Any], *, whole: bool
) -> None:
    """A small table of the columns; and the spec, if ``whole``."""
    from rich.markup import escape
    from rich.table import Table

    from chainrule.experiments.loading import load, to_table
    from chainrule.experiments.toml import dumps

    what = plan.target
    table = Table(box=None, pad_edge=False)
    for heading in ("column", "taken for", "because"):
        table.add_column(heading, overflow="fold")
    goal = f"{len(what.classes)} classes" if what.classes else "numbers"
    gaps = f"; {what.missing} rows without it are left out" if what.missing else ""
    table.add_row(escape(what.name), f"target: {goal}", escape(what.why + gaps))
    for each in plan.columns:
        table.add_row(escape(each.name), each.kind or "-", escape(each.why))
    console.print(table)
    console.print()
    if whole:
        resolved = dumps(to_table(load(plan.spec, changes)))
        console.print(resolved, highlight=False, markup=False, soft_wrap=True)
