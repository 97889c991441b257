"""What an exercise is asked to be: the arguments looked at, and the usual ones filled in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from numbers import Integral, Real
from typing import Any

from pydantic import ValidationError

from chainrule.equations.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS
from chainrule.equations.losses import LOSSES
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import InvalidInputError, unknown_name
from chainrule.worked.example import ALIASES, OUTPUT_LOSSES, Layout, Penalty
from chainrule.worked.exercises.asked import MOST_ENTRIES

__all__ = ["Wanted", "wanted"]

MOST_LAYERS, MOST_UNITS, MOST_SAMPLES, MOST_STEPS = 6, 12, 6, 5
FEWEST_DECIMALS, MOST_DECIMALS = 2, 10
LOSS_OF = {"softmax": "cross_entropy", "logistic": "binary_cross_entropy", "exp": "poisson"}
"""What an output is usually trained with; all others with ``squared_error``."""
OUTPUT_OF = {loss: output for output, loss in LOSS_OF.items()}
RATE, ADAPTIVE_RATE = 0.1, 0.01


@dataclass(frozen=True)
class Wanted:
    """What an exercise is asked to be; ``falling``: the loss has to fall at every step."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    seed: int
    samples: int
    layout: Layout
    decimals: int
    update: Mapping[str, Any]
    penalty: Mapping[str, Any] | None
    falling: bool


def wanted(
    layers: Any,
    activation: Any,
    output: str | None,
    loss: str | None,
    seed: Any,
    samples: Any,
    optimizer: str,
    rate: Any,
    steps: Any,
    layout: Layout,
    decimals: Any,
    penalty: Any,
) -> Wanted:
    """The arguments of ``exercise``, each as it must be; one that cannot be used is an error."""
    samples = _whole("samples", samples, 1, MOST_SAMPLES)
    sizes = _sizes(layers, samples)
    names, loss = _functions(sizes, activation, output, loss)
    _known("layout", layout, ("row", "column"))
    _known("optimizer", optimizer, OPTIMIZERS)
    return Wanted(
        sizes=sizes,
        activations=names,
        loss=loss,
        seed=_whole("seed", seed, 0, None),
        samples=samples,
        layout=layout,
        decimals=_whole("decimals", decimals, FEWEST_DECIMALS, MOST_DECIMALS),
        update={
            "rate": _rate(rate, optimizer),
            "optimizer": optimizer,
            "steps": _whole("steps", steps, 1, MOST_STEPS),
        },
        penalty=_penalty(penalty),
        falling=rate is None,
    )


def _whole(name: str, value: Any, least: int, most: int | None) -> int:
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        to = "on" if most is None else f"to {most}"
        raise InvalidInputError(f"{name} must be a whole number from {least} {to}, got {value!r}.")
    return int(value)


def _sizes(layers: Any, samples: int) -> tuple[int, ...]:
    if isinstance(layers, str) or not isinstance(layers, Iterable):
        raise InvalidInputError(
            f"layers must be numbers of units such as [2, 3, 2], got {layers!r}."
        )
    found = list(layers)
    if not 2 <= len(found) <= MOST_LAYERS:
        raise InvalidInputError(
            f"layers must have 2 to {MOST_LAYERS} numbers, the inputs and the outputs included, "
            f"got {len(found)}: more does not fit on a sheet."
        )
    sizes = tuple(_whole("Each of the layers", one, 1, MOST_UNITS) for one in found)
    largest = max(*(n * k for n, k in pairwise(sizes)), samples * max(sizes))
    if largest > MOST_ENTRIES:
        raise InvalidInputError(
            f"layers {list(sizes)} with {samples} samples have a matrix of {largest} numbers, and "
            f"one that fits on a sheet has at most {MOST_ENTRIES}. Ask for fewer units or samples."
        )
    return sizes


def _functions(
    sizes: tuple[int, ...], activation: Any, output: str | None, loss: str | None
) -> tuple[tuple[str, ...], str]:
    """The activations of all layers, and the loss."""
    hidden = len(sizes) - 2
    names = [activation] * hidden if isinstance(activation, str) else list(activation)
    if len(names) != hidden:
        raise InvalidInputError(
            f"activation must be one name, or one for each of the {hidden} hidden layers, "
            f"got {len(names)}."
        )
    for name in names or [activation] * isinstance(activation, str):
        _known("activation of a hidden layer", ALIASES.get(name, name), HIDDEN_ACTIVATIONS)
    loss = None if loss is None else OUTPUT_LOSSES.get(loss, ALIASES.get(loss, loss))
    if loss is not None:
        _known("loss", loss, LOSSES)
    if output is None:
        output = OUTPUT_OF.get(loss or "", "identity")
    output = ALIASES.get(output, output)
    _known("output activation", output, ACTIVATIONS)
    loss = loss or LOSS_OF.get(output, "squared_error")
    if output not in LOSSES[loss].outputs:
        needed = " or ".join(LOSSES[loss].outputs)
        raise InvalidInputError(f"The loss {loss} needs the output {needed}, got {output}.")
    if output == "softmax" and sizes[-1] == 1:
        raise InvalidInputError(
            "softmax of one output is always 1: it needs at least 2 outputs, or logistic."
        )
    return (*(ALIASES.get(name, name) for name in names), output), loss


def _known(kind: str, name: Any, table: Iterable[str]) -> None:
    if name not in list(table):
        raise InvalidInputError(unknown_name(kind, name, table))


def _positive(name: str, value: Any) -> float:
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not real or not isfinite(value) or value <= 0:
        raise InvalidInputError(f"{name} must be a finite number above 0, got {value!r}.")
    return float(value)


def _rate(rate: Any, optimizer: str) -> float:
    if rate is None:
        return ADAPTIVE_RATE if "epsilon" in OPTIMIZERS[optimizer].settings else RATE
    return _positive("rate", rate)


def _penalty(penalty: Any) -> Mapping[str, Any] | None:
    if penalty is None:
        return None
    if isinstance(penalty, Mapping):
        try:
            penalty = Penalty.model_validate(penalty)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise InvalidInputError(f"penalty: {where}: {first['msg']}.") from None
    if not isinstance(penalty, Penalty):
        penalty = Penalty(strength=_positive("penalty", penalty))
    return {
        "convention": penalty.convention,
        "strength": _positive("penalty's strength", penalty.strength),
    }
