"""A run's models at a tracker as well: each a run there, each epoch a point, then the scores."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console

from chainrule.errors import SpecError, unknown_name
from chainrule.interop.trackers import TRACKERS
from chainrule.interop.trackers.guarded import Guarded
from chainrule.interop.trackers.rows import named
from chainrule.interop.trackers.sink import Sink

__all__ = ["Listener", "check_tracker", "tracked"]

Listener = Callable[[str, dict[str, Any]], None]


def check_tracker(name: str | None) -> None:
    """Refuse a tracker that is not known or not installed.

    Raises:
        SpecError: there is none of this name.
        MissingExtraError: its package is not installed.
    """
    if name is None:
        return
    if name not in TRACKERS:
        raise SpecError(unknown_name("tracker", name, TRACKERS))
    import_module(TRACKERS[name]).package()


@contextmanager
def tracked(
    name: str | None, experiment: str, folder: Path, console: Console
) -> Iterator[Listener | None]:
    """What is to be told each line of ``metrics.jsonl``; None where nothing is tracked."""
    if name is None:
        yield None
        return
    opened = import_module(TRACKERS[name]).sinks(experiment, folder)
    tracking = _Tracking(name, opened, console)
    try:
        yield tracking
    finally:
        tracking.close()


class _Tracking:
    """Opens the run of a model with its first line, and closes it with its scores.

    Nothing that happens at the tracker ends the run: it is printed, once.
    """

    def __init__(self, name: str, opened: Callable[[str], Sink], console: Console) -> None:
        self.name, self.opened, self.console = name, opened, console
        self.under_way: dict[str, tuple[Guarded, int]] = {}
        self.lost = False

    def __call__(self, event: str, values: dict[str, Any]) -> None:
        if event == "epoch":
            self._epoch(**values)
        elif event == "model":
            self._scores(**values)

    def _epoch(self, model: str, epoch: int, **numbers: Any) -> None:
        sink = self._of(model)
        if sink is not None:
            found: dict[str, float] = {}
            for name, value in numbers.items():
                found |= named(name, value)
            sink.point(epoch, found)
            self.under_way[model] = sink, epoch

    def _scores(self, model: str, settings: dict[str, Any], **scores: Any) -> None:
        sink = self._of(model)
        if sink is None:
            return
        _, epoch = self.under_way.pop(model)
        found: dict[str, float] = {}
        for part, value in scores.items():
            found |= named(f"{part}_score", value)
        sink.end(found, epoch, {"model": model, **settings})
        sink.close(failed=False)

    def _of(self, model: str) -> Guarded | None:
        if model not in self.under_way and not self.lost:
            try:
                sink = self.opened(model)
            except Exception as error:
                self.lost = True
                self._tell(f"Nothing more is tracked: {type(error).__name__}: {error}")
            else:
                self.under_way[model] = Guarded(sink, self.name, self._tell), 0
        return self.under_way.get(model, (None, 0))[0]

    def _tell(self, message: str) -> None:
        self.console.print(f"Note: {message}", highlight=False, markup=False)

    def close(self) -> None:
        """The run ends here, or is broken off."""
        for sink, _ in self.under_way.values():
            sink.close(failed=True)
