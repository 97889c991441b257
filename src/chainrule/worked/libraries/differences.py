"""Central differences of a step's loss, and the kinks that spoil them.

The loss is taken at x + h and x - h for one number x at a time: the slope between the two is the
derivative, up to h^2 times the third derivative and to rounding, which is bounded here. Where a
pre-activation passes a kink between the two (relu's at 0), or a residual or a weight does, the
slope means nothing: such a difference is named. Where a residual passes a bend (of Huber's loss,
whose second derivative jumps), it is off by as much as is bounded here too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import FUSED, HUBER_DELTA, LOSSES, per_sample
from chainrule.equations.penalties import PENALTIES
from chainrule.worked.libraries.kinks import EPSILON, Tape, places
from chainrule.worked.libraries.problem import Floats, Problem

__all__ = ["SAMPLED", "STEP", "Differences", "Spot", "differences", "forward", "rounding"]

STEP = 1e-5
"""h, for numbers up to 1; in proportion for larger ones."""
SAMPLED = 200
"""Of a larger quantity, so many of its numbers are differenced, evenly spread."""
MOVED = 1e-12
"""A pre-activation that moves by less has not passed a kink: rounding moves it so far too."""

BENDS = {"huber": (-HUBER_DELTA, HUBER_DELTA)}
"""Residuals where the second derivative of a loss jumps, by 1."""

Spot = tuple[str, int, int]
"""A number that may lie on a kink: its key (``Z1``, the residual of ``A2``, ``W1``), its row and
column, from 0."""


@dataclass(frozen=True)
class Differences:
    """The differences of one quantity, the bound of what rounding adds (infinite where there is
    no difference), and where a kink lies between."""

    value: Floats
    noise: Floats
    kinks: Mapping[tuple[int, ...], tuple[Spot, ...]]


def forward(problem: Problem, arrays: Mapping[str, Any], plain: bool = False) -> Tape:
    """The forward pass; the losses from the activations alone if ``plain``."""
    A, Zs, As = arrays["X"], [], []
    for i, name in enumerate(problem.activations, 1):
        Z = A @ arrays[f"W{i}"] + arrays[f"b{i}"] + arrays[f"Z{i}"]
        A = ACTIVATIONS[name].function(Z) + arrays[f"A{i}"]
        Zs.append(Z)
        As.append(A)
    loss, output = LOSSES[problem.loss], ACTIVATIONS[problem.activations[-1]]
    L = loss.value(A, problem.Y) if plain else per_sample(loss, output, Z, A, problem.Y)
    return Tape(tuple(Zs), tuple(As), L)


def differences(problem: Problem, found: Mapping[str, Floats]) -> Iterator[tuple[str, Differences]]:
    """The differences of every derivative of a step, by the trace's keys; ``found`` holds its
    quantities, for the bounds of rounding."""
    tape, arrays = forward(problem, problem.arrays), problem.arrays
    size = rounding(problem, found)
    for i, name in enumerate(problem.activations, 1):
        yield f"S{i}", _local(i, name, tape.Z[i - 1])
    for key in arrays:
        data = _of_the_loss(problem, key, tape, size)
        yield (f"d{key}_data" if key.startswith("W") else f"d{key}"), data
        if key.startswith("W"):
            penalty = _of_the_penalty(problem, key)
            yield f"d{key}_penalty", penalty
            value, noise = data.value + penalty.value, data.noise + penalty.noise
            both = {**data.kinks}
            for at, spots in penalty.kinks.items():
                both[at] = (*both.get(at, ()), *spots)
            yield f"d{key}", Differences(value, noise, both)


def rounding(problem: Problem, found: Mapping[str, Floats]) -> float:
    """What the loss is made of, in absolute values and to first order: rounding moves it by some
    ``EPSILON`` of this."""
    total, below = float(np.abs(problem.share * found["L"]).sum()), problem.X
    for i, (W, b) in enumerate(problem.layers, 1):
        terms = np.abs(below) @ np.abs(W) + np.abs(b)
        below = found[f"A{i}"]
        total += float((np.abs(found[f"dZ{i}"]) * terms).sum())
        total += float((np.abs(found[f"dA{i}"]) * np.abs(below)).sum())
    return total


def _of_the_loss(problem: Problem, key: str, tape: Tape, size: float) -> Differences:
    """The data's loss by each number of ``X``, ``W1``, ...; for ``Z1`` and ``A1`` by what is
    added to them."""
    arrays = problem.arrays
    top = key == f"A{len(problem.layers)}"
    plain = top and (problem.activations[-1], problem.loss) in FUSED
    steps = _steps(problem, tape.A[-1]) if top else STEP * np.maximum(1, np.abs(arrays[key]))
    value, kinks = np.full(arrays[key].shape, np.nan), {}
    noise = np.full(value.shape, np.inf)
    for at in _chosen(value.shape):
        up, down = arrays[key].copy(), arrays[key].copy()
        up[at], down[at] = up[at] + steps[at], down[at] - steps[at]
        above, below = (forward(problem, {**arrays, key: x}, plain) for x in (up, down))
        if up[at] > down[at]:
            value[at] = problem.share @ (above.L - below.L) / (up[at] - down[at])
            noise[at] = EPSILON * size / steps[at] + _bent(problem, above, below) / steps[at]
        passed = tuple(_passed(problem, above, below))
        if passed:
            kinks[at] = passed
    return Differences(value, noise, kinks)


def _bent(problem: Problem, above: Tape, below: Tape) -> float:
    """What bends between the two add to the difference of the loss."""
    up, down = above.A[-1] - problem.Y, below.A[-1] - problem.Y
    off = np.zeros_like(up)
    for bend in BENDS.get(problem.loss, ()):
        off += ((up > bend) != (down > bend)) * (up - down) ** 2 / 16
    return float(np.abs(problem.share) @ off.sum(axis=1))


def _steps(problem: Problem, A: Floats) -> Floats:
    """Steps that keep the outputs where the loss has logarithms of them."""
    targets = LOSSES[problem.loss].targets
    if targets == "label":
        return np.asarray(STEP * np.minimum(A, 1 - A))
    return np.asarray(STEP * (np.maximum(1, np.abs(A)) if targets == "real" else A))


def _of_the_penalty(problem: Problem, key: str) -> Differences:
    W = problem.arrays[key]
    h = STEP * np.maximum(1, np.abs(W))
    up, down = W + h, W - h
    power = 1 if problem.penalty == "l1" else 2
    above, below = np.abs(up) ** power, np.abs(down) ** power
    value = problem.coefficient * (above - below) / (up - down)
    own = PENALTIES[problem.penalty].kinks if problem.penalty else ()
    return Differences(value, EPSILON * problem.coefficient * above / h, _over(key, own, up, down))


def _local(i: int, name: str, Z: Floats) -> Differences:
    """The activation's own derivative: all numbers at once, softmax's one column after another."""
    activation = ACTIVATIONS[name]
    h = STEP * np.maximum(1, np.abs(Z))
    up, down = Z + h, Z - h
    if activation.elementwise:
        above, below = activation.function(up), activation.function(down)
        noise = EPSILON * (np.abs(above) + np.abs(Z)) / h
        kinks = _over(f"Z{i}", activation.kinks, up, down)
        return Differences((above - below) / (up - down), noise, kinks)
    columns = []
    for u in range(Z.shape[1]):
        above, below = Z.copy(), Z.copy()
        above[:, u], below[:, u] = up[:, u], down[:, u]
        moved = activation.function(above) - activation.function(below)
        columns.append(moved / (up - down)[:, [u]])
    value = np.stack(columns, axis=2)
    return Differences(value, np.broadcast_to(EPSILON / STEP, value.shape), {})


def _passed(problem: Problem, above: Tape, below: Tape) -> Iterator[Spot]:
    """The pre-activations and residuals with a kink between the two."""
    for up, down in zip(places(problem, above), places(problem, below), strict=True):
        for kink in up.kinks:
            there = (up.value > kink) != (down.value > kink)
            there &= np.abs(up.value - down.value) > MOVED
            for r, u in np.argwhere(there).tolist():
                yield up.key, r, u


def _over(
    key: str, kinks: tuple[float, ...], up: Floats, down: Floats
) -> dict[tuple[int, ...], tuple[Spot, ...]]:
    """Where a kink lies between, of numbers that are each moved by themselves."""
    return {
        (r, u): ((key, r, u),)
        for kink in kinks
        for r, u in np.argwhere((up > kink) != (down > kink)).tolist()
    }


def _chosen(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    size = int(np.prod(shape))
    flat = np.unique(np.linspace(0, size - 1, min(size, SAMPLED)).round().astype(int))
    return [tuple(int(j) for j in np.unravel_index(k, shape)) for k in flat]
