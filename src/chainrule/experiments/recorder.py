"""What a run leaves behind as it goes: lines of metrics, wall times, signs of progress."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from chainrule.experiments.interrupt import Interrupt
from chainrule.experiments.progress import Advance, progress
from chainrule.experiments.results import Timing
from chainrule.search.journal import Journal

__all__ = ["Recorder", "finite"]


class Recorder:
    """The one writer of ``metrics.jsonl``, the run's memory, and its clock.

    A line is written as soon as its number is known, so that what was computed before a crash or
    Ctrl-C can still be read. A run that goes on says once more what it said before: lines that
    are there already are passed over, and what a kill left after them is cut off.
    """

    def __init__(
        self,
        path: Path,
        console: Console,
        interrupt: Interrupt,
        journal: Journal,
        listener: Callable[[str, dict[str, Any]], None] | None = None,
    ) -> None:
        self.console = console
        self.listener = listener  # is told every line, also those that are there already
        self.timings: list[Timing] = []
        self.parts: dict[str, tuple[float, ...]] = {}  # as `Clock.parts`
        self.interrupt = interrupt
        self.check = interrupt.check
        self.journal = journal
        self._path = path
        self._before = path.read_bytes() if path.exists() else b""
        self._said = 0

    def write(self, event: str, **values: Any) -> None:
        """Adds one line to ``metrics.jsonl``, unless it stands there."""
        if self.listener:
            self.listener(event, values)
        line = json.dumps(finite({"event": event, **values}), allow_nan=False)
        data = line.encode("utf-8") + b"\n"
        if self._before.startswith(data, self._said):
            self._said += len(data)
            return
        with self._path.open("ab") as file:
            if self._before:
                file.truncate(self._said)
                self._before = b""
            file.write(data)

    def remember(self, key: str, compute: Callable[[], Any]) -> Any:
        """The journal's value of the key, computed if it has none.

        A fit that Ctrl-C cut short is not kept: an estimator takes it as a wish to stop that fit,
        and returns.
        """

        def checked() -> Any:
            value = compute()
            self.check()
            return value

        return self.journal.remember(key, checked)

    @contextmanager
    def timed(self, step: str, model: str = "") -> Iterator[None]:
        """Adds the wall time of the block to the clock."""
        start = self.journal.clock()
        yield
        self.timings.append(Timing(step=step, model=model, seconds=self.journal.clock() - start))

    @contextmanager
    def steps(self, label: str, total: int) -> Iterator[Advance]:
        """Shows the progress of ``total`` steps; a step after Ctrl-C raises it."""
        with progress(self.console, label, total) as advance:

            def after_each() -> None:
                self.check()
                advance()

            yield after_each


def finite(value: Any) -> Any:
    """The same plain data with None for every number that is not finite, as JSON wants it."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
