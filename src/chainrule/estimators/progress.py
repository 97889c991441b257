"""Progress of a fit: a bar on a terminal, a line every few seconds otherwise."""

import sys
import time
from typing import Any, Protocol

__all__ = ["Progress", "progress"]

SECONDS_BETWEEN_LINES = 3.0


class Progress(Protocol):
    def update(self, epoch: int, row: dict[str, Any]) -> None: ...

    def close(self) -> None: ...


class _Silent:
    def update(self, epoch: int, row: dict[str, Any]) -> None:
        pass

    def close(self) -> None:
        pass


class _Lines:
    """The first and the last epoch, and one line every few seconds between."""

    def __init__(self, total: int | None) -> None:
        self.total, self.written = total, -SECONDS_BETWEEN_LINES
        self.last: str | None = None

    def update(self, epoch: int, row: dict[str, Any]) -> None:
        self.last = f"epoch {epoch}{f'/{self.total}' if self.total else ''}, {_describe(row)}"
        if time.monotonic() - self.written >= SECONDS_BETWEEN_LINES:
            self._write()

    def close(self) -> None:
        if self.last:
            self._write()

    def _write(self) -> None:
        sys.stderr.write(f"{self.last}\n")
        sys.stderr.flush()
        self.last, self.written = None, time.monotonic()


class _Bar:
    def __init__(self, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self.bar = RichProgress(
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(bar_width=None),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self.task: Any = self.bar.add_task("", total=total)
        self.bar.start()

    def update(self, epoch: int, row: dict[str, Any]) -> None:
        self.bar.update(self.task, completed=epoch, description=_describe(row))

    def close(self) -> None:
        self.bar.stop()


def _describe(row: dict[str, Any]) -> str:
    parts = [f"loss {row['train_loss']:.4g}"]
    if "validation_loss" in row:
        parts.append(f"validation loss {row['validation_loss']:.4g}")
        parts.append(f"score {row['validation_score']:.4f}")
    return ", ".join(parts)


def progress(verbose: bool | int, total: int | None) -> Progress:
    """A bar, lines or nothing; ``total`` epochs are planned (None: unknown)."""
    if not verbose:
        return _Silent()
    return _Bar(total) if sys.stderr.isatty() else _Lines(total)
