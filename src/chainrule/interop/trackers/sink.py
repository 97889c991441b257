"""What a tracker must be able to do with one run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from chainrule.errors import MissingExtraError

__all__ = ["Point", "Sink", "missing", "plain"]


class Point(NamedTuple):
    """The numbers of an epoch, and when they were known, in milliseconds since 1970."""

    epoch: int
    time: int
    values: dict[str, float]


class Sink(Protocol):
    """One run at a tracker. Whatever cannot be kept is an exception of the tracker's own."""

    def parameters(self, values: Mapping[str, Any]) -> None:
        """What is trained, and how: at the beginning, and more of it later."""

    def points(self, points: Sequence[Point]) -> None:
        """Epochs that were done, in order."""

    def results(self, values: Mapping[str, float], epoch: int) -> None:
        """What came of it, after so many epochs."""

    def file(self, path: Path) -> None:
        """A file to be kept with the run; it is there during the call."""

    def close(self, failed: bool) -> None:
        """The run has ended."""


def missing(package: str, extra: str) -> MissingExtraError:
    """The error for a tracker whose package is not there."""
    return MissingExtraError(
        f"Tracking with {package} needs its package. Install it with: "
        f"pip install 'chainrule[{extra}]'"
    )


def plain(value: Any) -> Any:
    """A parameter as a number, a truth value or a text, which all trackers know."""
    if isinstance(value, bool | int | float | str):
        return value
    item = getattr(value, "item", None)
    return plain(item()) if item and getattr(value, "ndim", None) == 0 else str(value)
