"""What ``chainrule train`` decided, in the terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from chainrule.errors import InvalidInputError

if TYPE_CHECKING:
    from rich.console import Console

    from chainrule.experiments.own import Plan
    from chainrule.experiments.photos import PhotoPlan

__all__ = ["as_task", "print_decisions", "print_plan"]


def as_task(text: str | None) -> Literal["classification", "regression"] | None:
    """The task that was named, if one was."""
    if text not in (None, "classification", "regression"):
        raise InvalidInputError(f"--task: required classification or regression; came {text!r}.")
    return cast("Literal['classification', 'regression'] | None", text)


def print_decisions(
    plan: "Plan", console: "Console", changes: Mapping[str, Any], *, whole: bool
) -> None:
    """A small table of the columns; and the spec, if ``whole``."""
    what = plan.target
    goal = f"{len(what.classes)} classes" if what.classes else "numbers"
    gaps = f"; {what.missing} rows without it are left out" if what.missing else ""
    rows = [(what.name, f"target: {goal}", what.why + gaps)]
    rows += [(each.name, each.kind or "-", each.why) for each in plan.columns]
    _print(("column", "taken for", "because"), rows, console)
    if whole:
        _print_spec(plan.spec, console, changes)


def print_plan(
    plan: "PhotoPlan", console: "Console", changes: Mapping[str, Any], *, whole: bool
) -> None:
    """A small table of classes and what images are brought to; and the spec, if ``whole``."""
    rows = [(each.what, each.taken, each.why) for each in plan.decided]
    _print(("folder", "taken for", "because"), rows, console)
    if whole:
        _print_spec(plan.spec, console, changes)


def _print(
    headings: Sequence[str], rows: Sequence[tuple[str, str, str]], console: "Console"
) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)
    console.print()


def _print_spec(spec: Mapping[str, Any], console: "Console", changes: Mapping[str, Any]) -> None:
    from chainrule.experiments.loading import load, to_table
    from chainrule.experiments.toml import dumps

    resolved = dumps(to_table(load(spec, changes)))
    console.print(resolved, highlight=False, markup=False, soft_wrap=True)
