"""Ctrl-C that ends the run, also where a single fit would only end itself."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interrupt", "Stopped"]


class Stopped(KeyboardInterrupt):
    """Ctrl-C in the middle of a run, with a message that says what is kept."""


class Interrupt:
    """Remembers that Ctrl-C was pressed.

    An estimator's ``fit`` takes it as a wish to stop that fit, and returns; in an experiment the
    wish is to stop the experiment. `check` after each fit raises it again.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._gentle = False
        self._previous: Any = None
        self._installed = False

    def __enter__(self) -> "Interrupt":
        usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if usual and threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._press)
            self._installed = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, self._previous)

    def check(self) -> None:
        """Raises KeyboardInterrupt if Ctrl-C was pressed since the run began."""
        if self.pressed:
            raise KeyboardInterrupt

    @contextmanager
    def gently(self) -> Iterator[None]:
        """What is done inside looks at ``pressed`` itself, and stops where it can go on later.
        Whoever presses a second time will not wait for that."""
        self._gentle = True
        try:
            yield
        finally:
            self._gentle = False

    def _press(self, number: int, frame: FrameType | None) -> None:
        wait = self._gentle and not self.pressed
        self.pressed = True
        if not wait:
            raise KeyboardInterrupt
