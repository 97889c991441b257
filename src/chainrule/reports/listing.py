"""A list of runs in the terminal: a table where there is room, aligned text in a pipe."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chainrule.experiments.listing import RunSummary
from chainrule.reports.numbers import count, duration, moment, score

__all__ = ["figures_in_words", "print_runs"]

HEADINGS = ("run", "recipe", "state", "began (UTC)", "took", "figures")
COLOURS = {"complete": "green", "running": "blue", "stopped": "yellow", "damaged": "red"}
WIDE = 100
"""Columns that the table needs; a narrower terminal has a block a run."""


def print_runs(runs: Sequence[RunSummary], console: Console | None = None) -> None:
    """Prints a line a run. A pipe gets whole lines in columns and no control characters."""
    console = console or Console()
    if not console.is_terminal:
        _lines(runs, console)
    elif console.width < WIDE:
        _blocks(runs, console)
    else:
        console.print(_table(runs))


def _lines(runs: Sequence[RunSummary], console: Console) -> None:
    rows = [HEADINGS, *(tuple(_cells(run)) for run in runs)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        console.print(Text(line.rstrip()), soft_wrap=True)


def _blocks(runs: Sequence[RunSummary], console: Console) -> None:
    for run in runs:
        name, recipe, state, began, took, words = _cells(run)
        console.print(Text(name, style="bold"))
        when = ", ".join(part for part in (began, took) if part)
        console.print(Text.assemble("  ", (state, COLOURS[state]), f"  {when}".rstrip()))
        for line in (recipe, words):
            if line:
                console.print(Text(f"  {line}"))


def _table(runs: Sequence[RunSummary]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in HEADINGS:
        fixed = heading in ("state", "began (UTC)", "took")
        right = heading == "took"
        table.add_column(
            heading, no_wrap=fixed, justify="right" if right else "left", overflow="fold"
        )
    for run in runs:
        cells = [Text(cell) for cell in _cells(run)]
        cells[HEADINGS.index("state")].stylize(COLOURS[run.state])
        table.add_row(*cells)
    return table


def _cells(run: RunSummary) -> Iterator[str]:
    yield _printable(run.name)
    yield _printable(run.recipe)
    yield run.state
    yield moment(run.began)
    yield duration(run.seconds) if run.seconds is not None else ""
    yield _printable(run.problem or figures_in_words(run))


def figures_in_words(run: RunSummary) -> str:
    """``0.9778 test accuracy, Multilayer perceptron`` or ``ann: epoch 12, train loss 0.031``."""
    found = run.figures
    if "value" in found:
        return f"{score(found['value'])} {found['quantity']}, {found['label']}"
    if "target" in found:
        return f"{count(found['rows'])} rows, {found['target']}"
    if "rows" in found:
        return f"{count(found['rows'])} rows, {found['classes']} classes"
    if "diverged" in found:
        return "every model diverged"
    if "epoch" in found:
        losses = [
            f"{name.replace('_', ' ')} {value:.4g}"
            for name, value in found.items()
            if name.endswith("loss")
        ]
        return f"{found['model']}: " + ", ".join([f"epoch {found['epoch']:g}", *losses])
    if "event" in found:
        done = "done" if found["event"] == "model" else f"{found['event']} {found['count']}"
        return f"{found['model']}: {done}"
    return "nothing computed yet"


def _printable(text: str) -> str:
    """Names of folders may hold anything, and a terminal obeys what it is sent."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
