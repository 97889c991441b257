r"""Prechelt's criteria: when to stop a training by its losses.

With E_va(t) and E_tr(t) the validation and the training loss of epoch t (here ``validation_loss``
and ``train_loss`` of the history: without penalty, the latter as the epoch was trained), and
E_opt(t) the lowest validation loss up to epoch t::

    GL(t)  = 100 (E_va(t) / E_opt(t) - 1)
    P_k(t) = 1000 (sum of E_tr over the last k epochs / (k times their minimum) - 1)

GL, the generalisation loss, is how much, in percent, the validation loss lies above its minimum.
P_k, the progress of a strip of k epochs, is how much, in per mille, its mean training loss lies
above its lowest: large while the loss falls or jumps, small when the training has come to rest.

``GL``
    Stops after the first epoch with GL(t) > alpha.
``PQ``
    Stops after the first epoch that ends a strip (t = k, 2k, ...) with GL(t) / P_k(t) > alpha: a
    rise is forgiven while the training still makes progress.
``UP``
    Stops when the validation loss has risen at the ends of s strips in a row, however little:
    E_va(t) > E_va(t - k) > ... > E_va(t - s k), t the end of a strip.

None of them is sure to stop, so the budget stays. Where a denominator is 0, a quotient of
something positive is infinite, and 0 / 0 is 0. A comparison with NaN is false.

Source: Prechelt 1998, "Early stopping - but when?". There the validation loss is measured at the
ends of strips alone; here GL looks at each epoch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from chainrule.errors import InvalidInputError

__all__ = [
    "STOPPING",
    "Criterion",
    "check_settings",
    "generalisation_loss",
    "progress",
    "stopping_epoch",
]

Curve = Sequence[float]
Stops = Callable[..., bool]


def generalisation_loss(validation: Curve) -> float:
    """GL of the last epoch, in percent."""
    return 100 * _quotient_less_one(validation[-1], float(np.nanmin(validation)))


def progress(training: Curve, strip: int) -> float:
    """P_k of the last ``strip`` epochs, in per mille."""
    last = training[-strip:]
    return 1000 * _quotient_less_one(float(np.mean(last)), min(last))


def _quotient_less_one(value: float, lowest: float) -> float:
    """value / lowest - 1, as a rise by the lowest: 0 without a rise."""
    return _quotient(value - lowest, lowest)


def _quotient(a: float, b: float) -> float:
    return a / b if b else (np.inf if a > 0 else 0.0 if a == 0 else np.nan)


def gl(validation: Curve, training: Curve, alpha: float) -> bool:
    return generalisation_loss(validation) > alpha


def pq(validation: Curve, training: Curve, alpha: float, strip: int) -> bool:
    if len(validation) % strip:
        return False
    return _quotient(generalisation_loss(validation), progress(training, strip)) > alpha


def up(validation: Curve, training: Curve, strips: int, strip: int) -> bool:
    t = len(validation)
    if t % strip or t < (strips + 1) * strip:
        return False
    ends = validation[t - 1 - strips * strip :: strip]
    return all(later > earlier for earlier, later in pairwise(ends))


@dataclass(frozen=True)
class Criterion:
    """One row of the table: ``stops(validation, training, **settings)`` says whether to stop after
    the last epoch of both curves. Settings in ``COUNTS`` are whole numbers from 1."""

    name: str
    stops: Stops
    settings: Mapping[str, float] = field(default_factory=dict)


COUNTS = ("strip", "strips")

_ROWS = (
    Criterion("GL", gl, MappingProxyType({"alpha": 5.0})),
    Criterion("PQ", pq, MappingProxyType({"alpha": 0.5, "strip": 5})),
    Criterion("UP", up, MappingProxyType({"strips": 2, "strip": 5})),
)
STOPPING: Mapping[str, Criterion] = MappingProxyType({row.name: row for row in _ROWS})


def check_settings(name: str, settings: Mapping[str, float]) -> dict[str, float]:
    """The settings, with whole numbers where epochs are counted."""
    checked = dict(settings)
    for key in COUNTS:
        if key in checked:
            value = checked[key]
            if value < 1 or value != int(value):
                raise InvalidInputError(
                    f"The setting {key!r} of the stopping {name!r} must be a whole number from 1, "
                    f"got {value!r}."
                )
            checked[key] = int(value)
    return checked


def stopping_epoch(
    criterion: Criterion, validation: Curve, training: Curve, **settings: float
) -> int | None:
    """The epoch, from 1, after which the criterion stops; None if it never does."""
    settings = check_settings(criterion.name, {**criterion.settings, **settings})
    for t in range(1, len(validation) + 1):
        if criterion.stops(validation[:t], training[:t], **settings):
            return t
    return None
