"""The candidates of a search as lines in panels: which parameter goes along, and what is shown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.reports.numbers import setting

__all__ = ["Candidate", "Grid"]

Candidate = tuple[Mapping[str, Any], float | None]  # its parameters and its score


class Grid:
    """Candidates by up to three of their parameters, the one with the most values first.

    The first parameter goes ``along`` the axis, the second tells the ``lines`` apart, and each
    value of the third has a panel, a ``facet``. Of further parameters the best value counts.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.candidates = candidates
        self.names = _by_length([parameters for parameters, _ in candidates])[:3]

    def name(self, level: int) -> str:
        """The parameter at a level: 0 along, 1 lines, 2 facets; empty where there is none."""
        return self.names[level] if level < len(self.names) else ""

    def values(self, level: int) -> list[Any]:
        """Its values in the order in which they were tried; [None] where there is none."""
        found: list[Any] = []
        for parameters, _ in self.candidates:
            value = parameters.get(self.name(level))
            if value not in found:
                found.append(value)
        return found

    def scores(self, line: Any, facet: Any) -> np.ndarray:
        """The best score at each value along the axis; not a number where nothing was tried."""
        return np.array(
            [max(self._at(each, line, facet), default=np.nan) for each in self.values(0)]
        )

    def position(self, best: Mapping[str, Any], line: Any, facet: Any) -> int | None:
        """Where along this line the best candidate lies, if it lies on it."""
        wanted = zip(self.names[1:], (line, facet), strict=False)
        along, here = self.values(0), best.get(self.name(0))
        if here in along and all(best.get(name) == value for name, value in wanted):
            return along.index(here)
        return None

    def _at(self, *point: Any) -> Iterator[float]:
        for parameters, score in self.candidates:
            here = zip(self.names, point, strict=False)
            if score is not None and all(parameters.get(name) == value for name, value in here):
                yield score


def _by_length(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The parameters that vary, the one with the most values first."""
    names = dict.fromkeys(name for row in rows for name in row)
    counts = {name: len({setting(row.get(name)) for row in rows}) for name in names}
    varying = [name for name, count in counts.items() if count > 1] or list(counts)[:1]
    return sorted(varying, key=lambda name: -counts[name])
