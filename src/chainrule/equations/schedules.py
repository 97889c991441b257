r"""Learning-rate schedules: a table of functions of the training's clock.

A schedule gives the learning rate of a step from the base rate eta_0 and a
``Clock``. Time is counted in epochs e (a real number: half-way through the third
epoch it is 2.5), so that a schedule means the same for every batch size. Times
below are in epochs.

===========  ==================================================================
constant     eta_0
invscaling   eta_0 / (1 + samples seen at the epoch's start)^power
step         eta_0 factor^floor(e / every)
exponential  eta_0 rate^(e / every); with ``staircase``, rate^floor(e / every)
cosine       eta_0 e / warmup while e < warmup, then
             eta_0 (floor + (1 - floor) (1 + cos(pi p)) / 2),
             p = (e - warmup) / (horizon - warmup)
adaptive     eta_0; divided by ``divisor`` at each plateau, until it is at most ``smallest``
===========  ==================================================================

``adaptive`` alone needs to know how the training goes: see ``on_plateau``. Sources:
``invscaling`` and ``adaptive`` are scikit-learn's; cosine is Loshchilov and Hutter
2017 with the linear warm-up of Goyal et al. 2017.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from chainrule.equations.namespace import Array, namespace

__all__ = ["SCHEDULES", "Clock", "Schedule"]


class Clock(NamedTuple):
    """Where the training stands, as arrays over the steps in question.

    ``epoch``: epochs done, a real number; ``samples``: samples seen when the current
    epoch began; ``horizon``: the epochs planned in all (a number).
    """

    epoch: Array
    samples: Array
    horizon: float


@dataclass(frozen=True)
class Schedule:
    """One row. ``rate(clock, base, **settings)`` is an array over the clock's steps;
    ``settings`` holds the defaults; ``needs_horizon`` says whether the planned length
    matters; ``on_plateau(rate, **settings)``, where there is one, gives the lower rate after
    a plateau, or None when the training should stop instead."""

    name: str
    rate: Callable[..., Array]
    settings: Mapping[str, Any]
    source: str
    needs_horizon: bool = False
    on_plateau: Callable[..., float | None] | None = None


def constant(clock: Clock, base: Any) -> Array:
    return base * namespace(clock.epoch).ones_like(clock.epoch)


def invscaling(clock: Clock, base: Any, power: float) -> Array:
    return base / (1 + clock.samples) ** power


def step(clock: Clock, base: Any, factor: float, every: float) -> Array:
    return base * factor ** namespace(clock.epoch).floor(clock.epoch / every)


def exponential(clock: Clock, base: Any, rate: float, every: float, staircase: bool) -> Array:
    periods = clock.epoch / every
    return base * rate ** (namespace(periods).floor(periods) if staircase else periods)


def cosine(clock: Clock, base: Any, warmup: float, floor: float) -> Array:
    xp = namespace(clock.epoch)
    length = max(clock.horizon - warmup, 1e-12)
    progress = xp.minimum(xp.maximum((clock.epoch - warmup) / length, 0), 1)
    decayed = floor + (1 - floor) * 0.5 * (1 + xp.cos(math.pi * progress))
    rising = clock.epoch / max(warmup, 1e-12)
    return base * xp.where(clock.epoch < warmup, rising, decayed)


def divide_on_plateau(rate: float, divisor: float, smallest: float) -> float | None:
    return None if rate <= smallest else rate / divisor


def adaptive(clock: Clock, base: Any, divisor: float, smallest: float) -> Array:
    return constant(clock, base)


def _defaults(**settings: Any) -> Mapping[str, Any]:
    return MappingProxyType(settings)


_ROWS = (
    Schedule("constant", constant, _defaults(), "Robbins and Monro 1951"),
    Schedule("invscaling", invscaling, _defaults(power=0.5), "scikit-learn"),
    Schedule("step", step, _defaults(factor=0.1, every=30.0), "He et al. 2016"),
    Schedule(
        "exponential",
        exponential,
        _defaults(rate=0.95, every=1.0, staircase=True),
        "Bottou 2012",
    ),
    Schedule(
        "cosine",
        cosine,
        _defaults(warmup=0.0, floor=0.0),
        "Loshchilov and Hutter 2017",
        needs_horizon=True,
    ),
    Schedule(
        "adaptive",
        adaptive,
        _defaults(divisor=5.0, smallest=1e-6),
        "scikit-learn",
        on_plateau=divide_on_plateau,
    ),
)

SCHEDULES: Mapping[str, Schedule] = MappingProxyType({row.name: row for row in _ROWS})
