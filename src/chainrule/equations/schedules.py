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
one_cycle    from eta_0 / start up to eta_0 while e < rise horizon, then down to
             eta_0 / (start end) at the horizon, each along half a cosine
adaptive     eta_0; divided by ``divisor`` at each plateau, until it is at most ``smallest``
reduce_on_plateau
             eta_0; multiplied by ``factor`` at each plateau, never below ``smallest``
===========  ==================================================================

The last two need to know how the training goes. ``adaptive`` goes by the training's own
patience, and at its smallest rate lets the training stop: see ``on_plateau``.
``reduce_on_plateau`` counts by itself and never stops a training: see ``after_epoch``.

Sources: ``invscaling`` and ``adaptive`` are scikit-learn's; cosine is Loshchilov and
Hutter 2017 with the linear warm-up of Goyal et al. 2017; one_cycle is Smith and Topin
2018 as PyTorch's ``OneCycleLR`` has it, without its cycle of the momentum.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from chainrule.equations.namespace import Array, namespace

__all__ = ["SCHEDULES", "Clock", "Plateau", "Schedule"]


class Clock(NamedTuple):
    """Where the training stands, as arrays over the steps in question.

    ``epoch``: epochs done, a real number; ``samples``: samples seen when the current
    epoch began; ``horizon``: the epochs planned in all (a number).
    """

    epoch: Array
    samples: Array
    horizon: float


class Plateau(NamedTuple):
    """What ``after_epoch`` remembers: the lowest value so far, the epochs since it was
    reached, and the epochs left in which none is counted."""

    best: float = math.inf
    bad: int = 0
    cooling: int = 0


@dataclass(frozen=True)
class Schedule:
    """One row. ``rate(clock, base, **settings)`` is an array over the clock's steps;
    ``settings`` holds the defaults; ``needs_horizon`` says whether the planned length
    matters; ``on_plateau(rate, **settings)``, where there is one, gives the lower rate after
    a plateau, or None when the training should stop instead; ``after_epoch(plateau, value,
    rate, **settings)``, where there is one, takes each epoch's loss and gives what it
    remembers and the new rate; ``largest`` bounds settings that are shares."""

    name: str
    rate: Callable[..., Array]
    settings: Mapping[str, Any]
    source: str
    needs_horizon: bool = False
    on_plateau: Callable[..., float | None] | None = None
    after_epoch: Callable[..., tuple[Plateau, float]] | None = None
    largest: Mapping[str, float] = field(default_factory=dict)


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


def one_cycle(clock: Clock, base: Any, rise: float, start: float, end: float) -> Array:
    xp = namespace(clock.epoch)
    top = rise * clock.horizon
    up = xp.minimum(clock.epoch / max(top, 1e-12), 1)
    down = xp.minimum(xp.maximum((clock.epoch - top) / max(clock.horizon - top, 1e-12), 0), 1)
    first, last = 1 / start, 1 / (start * end)
    rising = 1 + (first - 1) * 0.5 * (1 + xp.cos(math.pi * up))
    falling = last + (1 - last) * 0.5 * (1 + xp.cos(math.pi * down))
    return base * xp.where(clock.epoch < top, rising, falling)


def reduce_after(
    plateau: Plateau,
    value: float,
    rate: float,
    factor: float,
    patience: float,
    threshold: float,
    cooldown: float,
    smallest: float,
) -> tuple[Plateau, float]:
    """What is remembered after an epoch whose loss was ``value``, and the rate to go on with.

    The loss improves when it is below best (1 - threshold). After more than ``patience`` epochs
    in a row that do not, the rate is multiplied by ``factor``, and the next ``cooldown`` epochs
    are not counted: PyTorch's ``ReduceLROnPlateau`` with mode "min" and eps 0.
    """
    improved = value < plateau.best * (1 - threshold)
    best = value if improved else plateau.best
    bad = 0 if improved or plateau.cooling > 0 else plateau.bad + 1
    if bad > patience:
        return Plateau(best, 0, math.ceil(cooldown)), min(rate, max(factor * rate, smallest))
    return Plateau(best, bad, max(plateau.cooling - 1, 0)), rate


def reduce_on_plateau(clock: Clock, base: Any, **settings: float) -> Array:
    return constant(clock, base)


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
    Schedule(
        "one_cycle",
        one_cycle,
        _defaults(rise=0.3, start=25.0, end=1e4),
        "Smith and Topin 2018",
        needs_horizon=True,
        largest=MappingProxyType({"rise": 1.0}),
    ),
    Schedule(
        "reduce_on_plateau",
        reduce_on_plateau,
        _defaults(factor=0.1, patience=10, threshold=1e-4, cooldown=0, smallest=0.0),
        "PyTorch",
        after_epoch=reduce_after,
        largest=MappingProxyType({"factor": 1.0, "threshold": 1.0}),
    ),
)

SCHEDULES: Mapping[str, Schedule] = MappingProxyType({row.name: row for row in _ROWS})
