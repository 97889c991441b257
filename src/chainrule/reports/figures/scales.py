"""Where a hyperparameter's values lie along an axis, whatever kind of values they are."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from chainrule.reports.figures.axes import wants_log
from chainrule.reports.numbers import setting

__all__ = ["Scale", "cut", "faint", "scales"]

# So many values or fewer, each of them tried more than once, are places side by side.
FEW = 8
# A score this many times further from the best than the median is left below the axis: it would
# press the interesting ones flat.
CUT = 5.0


class Scale:
    """A hyperparameter's values between 0 and 1.

    Numbers lie by their size, or by its logarithm; anything else, and numbers of which there are
    few, side by side in their order.

    Parameters
    ----------
    values : sequence
        What was tried, a value a candidate.
    log : bool, optional
        Whether the scale is logarithmic; unless told, it is where all numbers are positive and
        span more than a factor of 20.
    """

    def __init__(self, values: Sequence[Any], log: bool | None = None) -> None:
        self.kinds = _ordered(values)
        numeric = all(_number(value) for value in self.kinds)
        few = len(self.kinds) <= FEW and 2 * len(self.kinds) <= len(values)
        self.continuous = numeric and not few and len(self.kinds) > 1
        self.log = False
        if self.continuous:
            numbers = np.array(self.kinds, dtype=float)
            self.low, self.high = float(numbers.min()), float(numbers.max())
            self.log = self.low > 0 and (wants_log(numbers) if log is None else log)

    def places(self, values: Sequence[Any]) -> np.ndarray:
        """Where these values lie."""
        return np.array([self.place(value) for value in values])

    def place(self, value: Any) -> float:
        if not self.continuous:
            known = [setting(kind) for kind in self.kinds]
            return _side_by_side(known.index(setting(value)), len(known))
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> tuple[list[float], list[str]]:
        """A few places, and what they are called."""
        if not self.continuous:
            every = -(-len(self.kinds) // FEW)
            shown = range(0, len(self.kinds), every)
            places = [_side_by_side(k, len(self.kinds)) for k in shown]
            return places, [setting(self.kinds[k]) for k in shown]
        if self.log:
            values = _powers(self.low, self.high)
        else:
            found = MaxNLocator(4).tick_values(self.low, self.high)
            slack = 1e-9 * (self.high - self.low)
            values = [each for each in found if self.low - slack <= each <= self.high + slack]
        return [self.place(each) for each in values], [f"{each:g}" for each in values]


def scales(
    parameters: Sequence[Mapping[str, Any]], log: Collection[str] | None
) -> dict[str, Scale]:
    """A scale for each hyperparameter that varies, in the order of their first appearance."""
    names = dict.fromkeys(name for each in parameters for name in each)
    found = {}
    for name in names:
        values = [each[name] for each in parameters if name in each]
        scale = Scale(values, None if log is None else name in log)
        if len(scale.kinds) > 1:
            found[name] = scale
    return found


def cut(scores: np.ndarray) -> float | None:
    """The score below which the axis is cut; None where all can be shown."""
    known = scores[np.isfinite(scores)]
    if not known.size:
        return None
    best = float(known.max())
    floor = best - CUT * (best - float(np.median(known)))
    return floor if floor < best and (known < floor).any() else None


def faint(lines: int) -> float:
    """How strong each of so many thin lines is, so that together they do not hide a strong one."""
    return min(0.45, max(0.15, 20 / max(lines, 1)))


def _ordered(values: Sequence[Any]) -> list[Any]:
    """Each value once: numbers by size, sequences (layer sizes) by their sum, then all else."""

    def key(value: Any) -> tuple[Any, ...]:
        if _number(value):
            return (0, float(value))
        if isinstance(value, tuple | list) and all(_number(each) for each in value):
            return (1, sum(value), len(value), *value)
        return (2, order[setting(value)])

    once = {setting(value): value for value in values}
    order = {name: place for place, name in enumerate(once)}
    return sorted(once.values(), key=key)


def _side_by_side(place: int, count: int) -> float:
    return place / (count - 1) if count > 1 else 0.5


def _powers(low: float, high: float) -> list[float]:
    """Powers of ten, no more than five of them; between them where there are fewer than two."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last > first:
        every = -(-(last - first + 1) // 5)
        return [10.0**power for power in range(first, last + 1, every)]
    steps = [k * 10.0**power for power in range(first - 1, last + 1) for k in (1, 2, 5)]
    inside = [each for each in steps if low <= each <= high]
    return inside if len(inside) > 1 else [low, high]


def _number(value: Any) -> bool:
    plain = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return plain and math.isfinite(value)
