"""How far a run is: a bar on a terminal, a line every few seconds anywhere else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["progress"]

SECONDS_BETWEEN_LINES = 5.0

Advance = Callable[[], None]


@contextmanager
def progress(console: Console, label: str, total: int) -> Iterator[Advance]:
    """Yields a function to call after each of ``total`` steps."""
    way = _bar if console.is_terminal else _lines
    with way(console, label, total) as advance:
        yield advance


@contextmanager
def _bar(console: Console, label: str, total: int) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda: bar.advance(task)


@contextmanager
def _lines(console: Console, label: str, total: int) -> Iterator[Advance]:
    done, last = 0, monotonic()

    def advance() -> None:
        nonlocal done, last
        done += 1
        if monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = monotonic()
            console.print(f"{label}: {done} of {total}", highlight=False, markup=False)

    yield advance
