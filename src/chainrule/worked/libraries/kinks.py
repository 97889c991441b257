"""Where an example may lie on a kink: a pre-activation (relu's 0), an output's residual (the
absolute error's 0), a weight (L1's 0). What an oracle takes for the derivative there is its own
affair, so the numbers on a kink are found first, and the oracles kept on the trace's side of it.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import LOSSES
from chainrule.equations.penalties import PENALTIES
from chainrule.worked.libraries.problem import Floats, Problem

__all__ = ["Place", "Tape", "bounds", "nudged", "on_a_kink", "places", "slope"]

EPSILON = float(np.finfo(float).eps)
TINY = 1e-300
"""Where a pre-activation adds up zeros alone."""

Masks = Mapping[str, npt.NDArray[np.bool_]]


class Tape(NamedTuple):
    """The pre-activations and activations of each layer, and the samples' losses."""

    Z: tuple[Floats, ...]
    A: tuple[Floats, ...]
    L: Floats


class Place(NamedTuple):
    """Numbers that may lie on the ``kinks`` of a function: the pre-activations ``Z1``, the
    residuals of the outputs ``A2``, the weights ``W1``."""

    key: str
    function: str
    value: Floats
    kinks: tuple[float, ...]


def places(problem: Problem, tape: Tape) -> Iterator[Place]:
    """All places of a problem that have kinks."""
    for i, name in enumerate(problem.activations, 1):
        if ACTIVATIONS[name].kinks:
            yield Place(f"Z{i}", name, tape.Z[i - 1], ACTIVATIONS[name].kinks)
    loss, top = LOSSES[problem.loss], len(problem.layers)
    if loss.kinks:
        yield Place(f"A{top}", loss.name, tape.A[-1] - problem.Y, loss.kinks)
    if problem.penalty is not None and PENALTIES[problem.penalty].kinks:
        for i, (W, _) in enumerate(problem.layers, 1):
            yield Place(f"W{i}", problem.penalty, W, PENALTIES[problem.penalty].kinks)


def bounds(problem: Problem, tape: Tape) -> list[Floats]:
    """How far rounding may move each pre-activation: a sum of n products, in any order."""
    inputs = (problem.X, *tape.A[:-1])
    return [
        2 * (len(W) + 1) * EPSILON * (np.abs(A) @ np.abs(W) + np.abs(b))
        for A, (W, b) in zip(inputs, problem.layers, strict=True)
    ]


def _blur(problem: Problem, tape: Tape, place: Place) -> Floats:
    """How far rounding may move the numbers of a place: weights are given, and stay."""
    if place.key.startswith("W"):
        return np.zeros_like(place.value)
    rounding = bounds(problem, tape)[int(place.key[1:]) - 1]
    if place.key.startswith("Z"):
        return rounding
    output, Z, A = ACTIVATIONS[problem.activations[-1]], tape.Z[-1], tape.A[-1]
    if output.elementwise:
        moved = np.abs(output.derivative(Z, A)) * rounding
    else:
        moved = A * 2 * rounding.max(axis=1, keepdims=True)
    return np.asarray(moved + 8 * EPSILON * (np.abs(A) + np.abs(problem.Y)))


def on_a_kink(problem: Problem, tape: Tape) -> dict[str, npt.NDArray[np.bool_]]:
    """Where a number cannot be told from a kink, by key."""
    found = {}
    for one in places(problem, tape):
        blur = _blur(problem, tape, one)
        found[one.key] = np.any([np.abs(one.value - kink) <= blur for kink in one.kinks], axis=0)
    return found


def nudged(problem: Problem, tape: Tape, there: Masks) -> dict[str, Floats]:
    """What keeps the libraries on the trace's side of a kink, however they round there, and
    whatever they take for the derivative on it.

    ``Z1`` is added to the pre-activations. ``Y`` is how far the library's own output is from its
    target, in place of the target that is given; NaN where that one stands. A weight is what it
    is.
    """
    nudge = {}
    for one in places(problem, tape):
        kinks, on_it = np.asarray(one.kinks), there[one.key]
        nearest = kinks[np.abs(one.value[..., None] - kinks).argmin(axis=-1)]
        room = np.maximum(2 * _blur(problem, tape, one), TINY)
        if one.key.startswith("Z"):
            side = np.where(nearest < one.value, 1.0, -1.0)
            nudge[one.key] = np.where(on_it, side * room, 0.0)
        elif one.key.startswith("A") and on_it.any():
            beside = nearest + np.sign(one.value - nearest) * room
            nudge["Y"] = np.where(on_it, beside, np.nan)
    return nudge


def slope(problem: Problem, tape: Tape, place: Place) -> Floats:
    """What the trace takes for the derivative of the place's function at its numbers."""
    if place.key.startswith("Z"):
        i = int(place.key[1:]) - 1
        return np.asarray(ACTIVATIONS[place.function].derivative(tape.Z[i], tape.A[i]))
    if place.key.startswith("A"):
        return np.asarray(LOSSES[place.function].gradient(tape.A[-1], problem.Y))
    return np.asarray(PENALTIES[place.function].gradient(place.value, 1.0))
