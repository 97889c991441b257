"""The numbers of an exercise: small and friendly, and drawn again until the exercise is a good one.

Inputs are multiples of 0.5 up to 2, weights and biases multiples of 0.1, all but zero. A layer is
drawn until its pre-activations keep the rules, then the next; the targets come last, and the whole
exercise is calculated once and held against all rules. ``fault`` names the first that is broken.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import LOSSES
from chainrule.errors import InvalidInputError
from chainrule.worked.example import parse_example
from chainrule.worked.exercises.wanted import Wanted
from chainrule.worked.forms import PENALTY_FORMS
from chainrule.worked.quantities import Step, Trace
from chainrule.worked.trace import trace_example

__all__ = ["draw", "fault"]

Floats = npt.NDArray[np.float64]

DRAWS, LAYER_DRAWS = 200, 200
SPREAD = 1.4
"""The largest weight is this over root(inputs) and their size: pre-activations come out near 1."""
LARGEST_WEIGHT, LARGEST_BIAS = 10, 5  # tenths
LARGEST_INPUT = 4  # halves

RECTIFIERS = ("relu", "leaky_relu")
NEAR = 0.03
FARTHEST = {"logistic": 3.0, "tanh": 2.0, "exp": 2.0}
FARTHEST_OTHERS = 4.0
LEAST_PROBABILITY, MOST_PROBABILITY = 0.01, 0.9
LEAST_ERROR = 0.01
FIGURES = 10
"""The largest number of a gradient is at least so many units of the last decimal."""
SEEN = 0.5
"""So large a part of a gradient's numbers does not round to zero."""


def draw(wanted: Wanted) -> dict[str, Any]:
    """A good exercise, as the table of a worked example.

    The bit generator's stream is fixed by NumPy for good, so equal wishes give equal numbers.
    """
    rng = np.random.Generator(np.random.PCG64(wanted.seed))
    faults: Counter[str] = Counter()
    for _ in range(DRAWS):
        found = _draw(rng, wanted)
        if not isinstance(found, str):
            return found
        faults[found] += 1
    ((most, _),) = faults.most_common(1)
    raise InvalidInputError(
        f"None of {DRAWS} draws made a good exercise; most often because {most}. Ask for fewer or "
        "wider layers, more decimals, a smaller rate, fewer steps, or another activation."
    )


def _draw(rng: np.random.Generator, wanted: Wanted) -> dict[str, Any] | str:
    """One draw: the table, or what is wrong with it."""
    X = A = _inputs(rng, wanted.samples, wanted.sizes[0])
    layers = []
    for units, name in zip(wanted.sizes[1:], wanted.activations, strict=True):
        found = _layer(rng, A, units, name, wanted.decimals)
        if isinstance(found, str):
            return found
        W, b, A = found
        W = W.T if wanted.layout == "column" else W
        layers.append({"W": W.tolist(), "b": b.tolist()})
    Y = _targets(rng, LOSSES[wanted.loss].targets, wanted.activations[-1], A.shape)
    table: dict[str, Any] = {
        "layout": wanted.layout,
        "activations": list(wanted.activations),
        "loss": wanted.loss,
        "X": X.tolist(),
        "Y": Y.tolist(),
        "layers": layers,
        "penalty": wanted.penalty,
        "update": wanted.update,
    }
    trace = trace_example(parse_example({"title": "a draw", **table}))
    return fault(trace, wanted.decimals, wanted.falling) or table


def _signed(rng: np.random.Generator, most: int, shape: Any) -> npt.NDArray[np.int64]:
    """Whole numbers from -most to most, without zero."""
    return rng.integers(1, most + 1, shape) * (2 * rng.integers(0, 2, shape) - 1)


def _inputs(rng: np.random.Generator, n: int, units: int) -> Floats:
    """No two samples are the same."""
    rows: list[list[float]] = []
    while len(rows) < n:
        row = (_signed(rng, LARGEST_INPUT, units) / 2).tolist()
        if row not in rows:
            rows.append(row)
    return np.array(rows)


def _layer(
    rng: np.random.Generator, A: Floats, units: int, name: str, decimals: int
) -> tuple[Floats, Floats, Floats] | str:
    """Weights, biases and what comes out of them."""
    size = np.sqrt((A * A).mean() * A.shape[1])  # not 0: half of the units are on, and none is at 0
    most = int(np.clip(round(10 * SPREAD / size), 2, LARGEST_WEIGHT))
    wrong = ""
    for _ in range(LAYER_DRAWS):
        W = _signed(rng, most, (A.shape[1], units)) / 10
        b = _signed(rng, LARGEST_BIAS, units) / 10
        Z = A @ W + b
        out = np.asarray(ACTIVATIONS[name].function(Z))
        wrong = _layer_fault(name, Z, out, decimals)
        if not wrong:
            return W, b, out
    return wrong


def _targets(
    rng: np.random.Generator, kind: str, output: str, shape: tuple[int, ...]
) -> npt.NDArray[Any]:
    """Targets of the kind that the loss takes, within the output's reach."""
    n, k = shape
    if kind == "distribution" or (kind == "real" and output == "softmax"):
        return np.eye(k, dtype=int)[rng.integers(k, size=n)]
    if kind == "label" or output == "logistic":
        return rng.integers(0, 2, shape)
    if kind == "count" or output in ("relu", "softplus", "exp"):
        return rng.integers(0 if kind == "count" else 1, 4, shape)
    if output == "tanh":
        return _signed(rng, 1, shape)
    return rng.integers(-1, 3, shape)


# the rules


def fault(trace: Trace, decimals: int, falling: bool = False) -> str:
    """The first rule that an exercise breaks, as the end of a sentence; "" where it is good."""
    return next((wrong for wrong in _faults(trace, decimals, falling) if wrong), "")


def _faults(trace: Trace, decimals: int, falling: bool) -> Iterator[str]:
    names = trace.example.activations
    for step in trace.steps:
        if not all(np.isfinite(value).all() for value in step.values.values()):
            yield "its numbers leave the finite ones"
            return
        for i, name in enumerate(names, 1):
            yield _layer_fault(name, step.values[f"Z{i}"], step.values[f"A{i}"], decimals)
        error = np.abs(step.values[f"A{len(names)}"] - step.values["Y"])
        if error.min() < LEAST_ERROR:
            yield "an output is already right"
        yield _kink_fault(trace, step, error)
        yield _gradient_fault(step, len(names), decimals)
    if falling and not (np.diff(trace.losses) < 0).all():
        yield "the loss does not fall"


def _kink_fault(trace: Trace, step: Step, error: Floats) -> str:
    """Where rounding by hand would decide a sign, or which of two cases holds."""
    loss, penalty = LOSSES[trace.example.loss], trace.example.penalty
    seams = {*loss.kinks, *loss.settings.values()}  # Huber's delta
    if any(np.abs(error - place).min() < NEAR for place in seams):
        return f"a residual is too near a kink of {loss.name}"
    if penalty is not None and PENALTY_FORMS[penalty.convention].penalty.kinks:
        weights = [step.values[f"W{i}"] for i in range(1, len(trace.example.activations) + 1)]
        if min(np.abs(W).min() for W in weights) < NEAR:
            return "a weight is too near 0, where its penalty has a kink"
    return ""


def _layer_fault(name: str, Z: Floats, A: Floats, decimals: int) -> str:
    row = ACTIVATIONS[name]
    if any(np.abs(Z - place).min() < NEAR for place in {0.0, *row.kinks}):
        return f"a pre-activation of {name} is too near {'a kink' if row.kinks else '0'}"
    if np.abs(Z).max() > FARTHEST.get(name, FARTHEST_OTHERS):
        return f"{name} is saturated, or its numbers are large"
    if name == "softmax" and (A.min() < LEAST_PROBABILITY or A.max() > MOST_PROBABILITY):
        return "a probability of softmax is extreme"
    if name in RECTIFIERS and _mostly_off(Z > 0):
        return f"too few units of {name} are on"
    if np.unique(Z.round(decimals), axis=1).shape[1] < Z.shape[1]:
        return "two units of a layer are equal"
    return ""


def _mostly_off(on: npt.NDArray[np.bool_]) -> bool:
    """At least half of the units are on for some sample, and half of the samples have one on."""
    return bool(on.any(axis=0).mean() < 0.5 or on.any(axis=1).mean() < 0.5)


def _gradient_fault(step: Step, top: int, decimals: int) -> str:
    unit = 10.0**-decimals
    keys: Sequence[str] = [f"{kind}{i}" for i in range(top, 0, -1) for kind in ("dZ", "dW", "db")]
    for key in keys:
        size = np.abs(step.values[key])
        size = size[size > 0]  # an exact zero has a reason: a unit of relu that is off
        if size.size == 0 or size.max() < FIGURES * unit or (size < unit / 2).mean() > 1 - SEEN:
            return f"a gradient of layer {key[2:]} vanishes at {decimals} decimals"
    return ""
