"""Which quantities an exercise asks for: the usual ones, or those that are named."""

import re
from collections.abc import Iterable, Iterator

from chainrule.equations.losses import FUSED
from chainrule.errors import InvalidInputError, unknown_name
from chainrule.worked.quantities import Quantity, Trace

__all__ = ["MOST_ENTRIES", "asked_quantities"]

MOST_ENTRIES = 64
"""Of one matrix: a solution shows the numbers of no larger one."""
MOST_NUMBERS = 500


def asked_quantities(trace: Trace, named: str | Iterable[str] | None = None) -> tuple[str, ...]:
    """Keys of the first step, in the order of the calculation.

    A name is a key (``dW2``), a kind of all layers (``dW``), or a stage (``backward``). Without
    names: everything calculated but what can be skipped by hand: the local derivatives and
    ``dX``, the samples' losses where there is one sample, and ``dA`` of a layer where it is equal
    to ``dZ`` (identity) or where ``dZ`` is known without it (softmax and cross-entropy). More
    than fits on a sheet is an error.
    """
    step = trace.steps[0]
    keys = _keys(trace, named)
    for key in keys:
        size = step.quantity(key).value.size
        if size > MOST_ENTRIES:
            raise InvalidInputError(
                f"{key} has {size} numbers, and what fits on a sheet at most {MOST_ENTRIES}. "
                "Name the quantities to ask for without it."
            )
    count = len(trace.steps) * sum(step.quantity(key).value.size for key in keys)
    if count > MOST_NUMBERS:
        raise InvalidInputError(
            f"The sheet would ask for {count} numbers, more than {MOST_NUMBERS}. Name fewer "
            "quantities, as in quantities=('forward', 'dW'), or ask for fewer units or steps."
        )
    return keys


def _keys(trace: Trace, named: str | Iterable[str] | None) -> tuple[str, ...]:
    step = trace.steps[0]
    calculated = [one for one in step.quantities.values() if one.stage != "given"]
    if named is None:
        return tuple(one.key for one in calculated if not _skipped(one, trace))
    names = [named] if isinstance(named, str) else list(named)
    if not names:
        raise InvalidInputError("quantities must name at least one, as in ('Z', 'dW', 'loss').")
    known = {name for one in calculated for name in _called(one)}
    for name in names:
        if name not in known:
            raise InvalidInputError(unknown_name("quantity", name, known))
    return tuple(one.key for one in calculated if any(name in names for name in _called(one)))


def _called(one: Quantity) -> Iterator[str]:
    yield from (one.key, re.sub(r"\d+", "", one.key))
    if one.stage != "loss":  # "loss" is the quantity
        yield one.stage


def _skipped(one: Quantity, trace: Trace) -> bool:
    if one.key.startswith("S") or one.key == "dX":
        return True
    if one.key == "L":
        return len(one.value) == 1
    if not one.key.startswith("dA"):
        return False
    names, top = trace.example.activations, len(trace.example.activations)
    fused = one.layer == top and (names[-1], trace.example.loss) in FUSED
    return fused or names[one.layer - 1] == "identity"
