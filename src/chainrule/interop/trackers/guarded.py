"""A tracker that fails must not cost a training of hours: it is told once, and then left alone."""

import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from chainrule.interop.trackers.sink import Point, Sink

__all__ = ["Guarded", "TrackingWarning"]

SECONDS = 1.0
SHARE = 0.02
"""Points are sent every ``SECONDS``, or less often where sending would take more than ``SHARE`` of
the time."""


class TrackingWarning(UserWarning):
    """A tracker does not take what it is given; the training goes on without it."""


def _warn(message: str) -> None:
    warnings.warn(message, TrackingWarning, stacklevel=5)


class Guarded:
    """A sink whose failures are told once: by ``tell``, or as a `TrackingWarning`.

    After the first failure the points are kept and nothing is sent, for each try may wait for a
    server for minutes. At the end all that was not sent is sent once more: a server that is back
    has the whole run. Where that fails as well, the run is only closed.
    """

    def __init__(self, sink: Sink, tracker: str, tell: Callable[[str], None] = _warn) -> None:
        self.sink, self.tracker, self.tell = sink, tracker, tell
        self.failed = self.gone = False
        self.waiting: list[Point] = []
        self._last, self._cost = time.perf_counter(), 0.0

    def point(self, epoch: int, values: dict[str, float]) -> None:
        """An epoch was done."""
        self.waiting.append(Point(epoch, time.time_ns() // 1_000_000, values))
        pause = max(SECONDS, self._cost / SHARE)
        if not self.failed and time.perf_counter() - self._last > pause:
            self._send()

    def end(
        self, results: Mapping[str, float], epoch: int, parameters: Mapping[str, object] = {}
    ) -> None:
        """All epochs were done."""
        steps = [self._send, lambda: self._tried(lambda: self.sink.results(results, epoch))]
        if parameters:
            steps.append(lambda: self._tried(lambda: self.sink.parameters(parameters)))
        self.gone = not all(step() for step in steps)

    def file(self, write: Callable[[], Path]) -> None:
        """Keep the file that ``write`` makes."""
        if not self.gone:
            self._tried(lambda: self.sink.file(write()))

    def close(self, failed: bool) -> None:
        """The run is over."""
        if self.waiting and not self.gone:  # a training that was cut short
            self._send()
        self._tried(lambda: self.sink.close(failed))

    def _send(self) -> bool:
        started = time.perf_counter()
        points, sent = self.waiting, True
        if points:
            sent = self._tried(lambda: self.sink.points(points))
        if sent:
            self.waiting = []
        self._last = time.perf_counter()
        self._cost = self._last - started
        return sent

    def _tried(self, act: Callable[[], None]) -> bool:
        try:
            act()
        except Exception as error:
            if not self.failed:
                self.failed = True
                self.tell(
                    f"{self.tracker} does not take the run any more ({type(error).__name__}: "
                    f"{error}). The training goes on; what was not taken is sent once more at its "
                    "end."
                )
            return False
        return True
