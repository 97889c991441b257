"""What a loss curve shows, by a stated rule: smooth, oscillating, dead units, divergent.

The rule looks at the curve and at the network's units, in this order:

===========  ====================================================================================
divergent    a loss is not finite or above ``LIMIT``; or the curve rises and never falls
dead units   at the end, every unit of some hidden layer has a local derivative of 0 (below
             ``DEAD``) on every sample: no gradient passes it
oscillating  the curve turns at least twice: from falling to rising, or from rising to falling
uneven       it turns once
smooth       it does not turn
===========  ====================================================================================

A turn counts where the curve then goes ``SWING`` of its whole height the other way, so that what
nobody sees in a figure decides nothing. A change below ``ROUNDING``, relative to the loss, is none.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["DEAD", "LIMIT", "ROUNDING", "STILL", "SWING", "Units", "sentence", "swings", "verdict"]

Floats = npt.NDArray[np.float64]

LIMIT = 1e3
DEAD = 1e-12
ROUNDING = 1e-9
SWING = 0.01
STILL = 1e-6
"""A loss that changes by less, relative to itself, over the last tenth of a curve stands still."""


@dataclass(frozen=True)
class Units:
    """The hidden units at the end of a curve: how many are dead, and of how many; which layers are
    dead as a whole, and since which epoch. ``slope`` is the gradient's norm there, and ``jumps``
    says that the parameters return to where they were two steps before, and move in between."""

    dead: int = 0
    of: int = 0
    silent: tuple[int, ...] = ()
    since: int = 0
    slope: float = 0.0
    jumps: bool = False


def changes(losses: Floats) -> Floats:
    """From each epoch to the next: 1 up, -1 down, 0 neither but for rounding."""
    with np.errstate(invalid="ignore"):
        found = np.diff(losses)
        floor = ROUNDING * np.maximum(np.abs(losses[1:]), np.abs(losses[:-1])) + 1e-15
        return np.where(np.abs(found) > floor, np.sign(found), 0.0)


def swings(losses: Floats) -> list[int]:
    """The directions of the curve, 1 up and -1 down, between the turns that count.

    Examples
    --------
    >>> import numpy as np
    >>> swings(np.array([3.0, 2.0, 2.001, 1.0, 2.5]))
    [-1, 1]
    """
    least = max(SWING * np.ptp(losses), ROUNDING * np.abs(losses).max())
    found: list[int] = []
    top = bottom = losses[0]  # the extremes since the last turn
    for loss in losses:
        top, bottom = max(top, loss), min(bottom, loss)
        way = found[-1] if found else 0
        if way != 1 and loss - bottom > least:
            found.append(1)
            top = loss
        elif way != -1 and top - loss > least:
            found.append(-1)
            bottom = loss
    return found


def verdict(losses: Floats, units: Units | None = None) -> str:
    """One of ``divergent``, ``dead units``, ``oscillating``, ``uneven``, ``smooth``.

    Examples
    --------
    >>> import numpy as np
    >>> verdict(np.array([3.0, 2.0, 1.5]))
    'smooth'
    >>> verdict(np.array([3.0, 2.0, 2.5, 1.5]))
    'oscillating'
    """
    if not np.isfinite(losses).all() or losses.max() > LIMIT:
        return "divergent"
    found = swings(losses)
    if found == [1]:
        return "divergent"
    if units is not None and units.silent:
        return "dead units"
    return "oscillating" if len(found) > 2 else "uneven" if len(found) == 2 else "smooth"


def sentence(losses: Floats, units: Units | None = None) -> str:
    """The verdict, and the numbers of the curve that it rests on.

    Examples
    --------
    >>> import numpy as np
    >>> sentence(np.array([3.0, 2.0, 1.5]))
    'smooth: the loss falls at each of 2 epochs, from 3 to 1.5.'
    """
    units = units or Units()
    kind = verdict(losses, units)
    said = {
        "divergent": _divergent,
        "dead units": _dead,
        "oscillating": _uneven,
        "uneven": _uneven,
        "smooth": _smooth,
    }[kind](losses, units)
    if units.dead and kind not in ("dead units", "divergent"):
        said += (
            f" At the end {units.dead} of {_many(units.of, 'hidden unit')} "
            f"{'has' if units.dead == 1 else 'have'} slope 0 on every sample."
        )
    return f"{kind}: {said}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _ends(losses: Floats) -> str:
    return f"from {losses[0]:.4g} to {losses[-1]:.4g}"


def _smooth(losses: Floats, units: Units) -> str:
    moves = changes(losses)
    epochs = _many(len(moves), "epoch")
    if (moves < 0).all():
        return f"the loss falls at each of {epochs}, {_ends(losses)}."
    if not (moves > 0).any():
        return f"the loss never rises in {epochs}, {_ends(losses)}."
    return (
        f"the loss rises at {(moves > 0).sum()} of {epochs}, by {np.diff(losses).max():.1g} at the "
        f"most, {_ends(losses)} in all."
    )


def _uneven(losses: Floats, units: Units) -> str:
    moves = changes(losses)
    rises = np.nonzero(moves > 0)[0] + 1
    last = int(np.nonzero(moves[1:] != moves[:-1])[0][-1]) + 1
    top = int(losses.argmax())
    said = f"the loss rises at {len(rises)} of {_many(len(moves), 'epoch')}"
    said += f", the last time at epoch {rises[-1]}" if len(rises) > 1 else f", epoch {rises[-1]}"
    if top:
        said += f", to {losses[top]:.4g} at epoch {top} at the highest"
    after = (
        "and falls at every later one; " if last < len(moves) and (moves[last:] < 0).all() else ""
    )
    return f"{said}, {after}{_ends(losses)} in all."


def _dead(losses: Floats, units: Units) -> str:
    layers = " and ".join(map(str, units.silent))
    said = (
        f"from epoch {units.since} on, no unit of hidden layer {layers} has a slope on any sample, "
        "and no gradient passes below."
    )
    tail = losses[-max(2, len(losses) // 10) :]
    if np.ptp(tail) <= STILL * np.abs(tail).max():
        said += f" The loss, {losses[0]:.4g} at first, stands still at {losses[-1]:.4g}"
        if units.jumps:
            said += (
                f", though its gradient is {units.slope:.4g} there and not 0: the steps lead to "
                "and fro between two points of equal loss"
            )
        return said + "."
    return f"{said} The loss goes {_ends(losses)}."


def _divergent(losses: Floats, units: Units) -> str:
    wrong = np.nonzero(~np.isfinite(losses))[0]
    if len(wrong):
        return f"the loss is {losses[0]:.4g} at first and no finite number at epoch {wrong[0]}."
    high = np.nonzero(losses > LIMIT)[0]
    if len(high):
        return f"the loss is {losses[0]:.4g} at first and above {LIMIT:g} at epoch {high[0]}."
    return f"the loss rises and does not come down again, {_ends(losses)}."
