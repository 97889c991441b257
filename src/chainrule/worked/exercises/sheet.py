"""The problem sheet: what is given, what the symbols mean, and blanks. Only numbers that are given
get here: matrices of the first step's ``given`` stage, and formulas without their numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chainrule.worked.exercises.files import ANSWERS, EXAMPLE, size
from chainrule.worked.expressions import Constant, Expression, Ref, children
from chainrule.worked.quantities import STAGES, Quantity, Step, Trace

__all__ = ["Sheet", "Task", "problem_sheet"]

Floats = npt.NDArray[np.float64]

EXPLAINED = {
    "softmax": "softmax of a number is its exp over the sum of the exp of its sample's outputs.",
    "gelu": "Φ is the distribution function of the standard normal, Φ(z) = (1 + erf(z/√2)) / 2.",
    "poisson": "0 ln(0) counts as 0.",
}
VELOCITIES = "The velocities start at 0."
MOMENTS = "The moments start at 0. The exponent of β₁ and β₂ is the number of the step."
STARTS = {
    "momentum": VELOCITIES,
    "nesterov": VELOCITIES,
    "adam": MOMENTS,
    "adam_hat": MOMENTS,
    "adamw": MOMENTS,
    "rmsprop": "The second moments start at 0.",
    "adagrad": "The sums of squares start at 0.",
}


@dataclass(frozen=True)
class Task:
    """A quantity to calculate. ``blanks`` are the matrices to fill in, by rows and columns, and
    ``lines`` the room to work in."""

    number: int
    key: str
    name: Ref
    title: str
    size: str
    blanks: tuple[tuple[int, int], ...]
    lines: int


@dataclass(frozen=True)
class Part:
    title: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Definition:
    title: str
    name: Ref
    formula: Expression


@dataclass(frozen=True)
class Sheet:
    title: str
    facts: Mapping[str, str]
    definitions: tuple[Definition, ...]
    constants: tuple[Constant, ...]
    updates: bool
    remarks: tuple[str, ...]
    several: bool
    given: tuple[tuple[Ref, str, Floats], ...]
    parts: tuple[Part, ...]
    decimals: int
    example: str = EXAMPLE
    answers: str = ANSWERS

    @property
    def blank(self) -> float:
        """How wide a blank is, in em: a sign, digits, a point."""
        return 0.5 * (self.decimals + 3)


def problem_sheet(trace: Trace, asked: Sequence[str], decimals: int) -> Sheet:
    """The sheet of an exercise, that no format owns."""
    from chainrule.worked.render.facts import facts

    example, step = trace.example, trace.steps[0]
    updates = len(trace.steps) > 1  # a second step starts from the new parameters
    updates = updates or any(step.quantity(key).stage in ("update", "after") for key in asked)
    definitions = tuple(_definitions(trace, updates))
    given = [one for one in step.quantities.values() if one.stage == "given"]
    return Sheet(
        title=example.title,
        facts=facts(example),
        definitions=definitions,
        constants=tuple(_constants(definitions)),
        updates=updates,
        remarks=tuple(_remarks(trace, updates)),
        several=len(example.activations) > 1,
        given=tuple(
            (Ref(one.key), one.title, _matrices(one, trace.layout)[0])
            for one in given
            if not one.key.endswith("_before")
        ),
        parts=tuple(_parts(trace, asked)),
        decimals=decimals,
    )


def _definitions(trace: Trace, updates: bool) -> Iterator[Definition]:
    """What has to be said for the numbers to be determined: the forward pass, the loss, and the
    update of the first layer. How derivatives are calculated is the exercise."""
    from chainrule.worked.render.document import laid_out

    for one in trace.steps[0].quantities.values():
        first = updates and one.stage == "update" and one.layer == 1
        if one.stage in ("forward", "loss") or first:
            formula = laid_out(one.formula, trace)
            if formula is not None:
                title = one.title[0].lower() + one.title[1:]
                yield Definition(title, Ref(one.key), formula)


def _remarks(trace: Trace, updates: bool) -> Iterator[str]:
    for name in dict.fromkeys([*trace.example.activations, trace.example.loss]):
        if name in EXPLAINED:
            yield EXPLAINED[name]
    optimizer = trace.example.update.optimizer if trace.example.update else ""
    if updates and optimizer in STARTS:
        yield STARTS[optimizer]


def _constants(definitions: Sequence[Definition]) -> Iterator[Constant]:
    seen = set()
    for definition in definitions:
        for one in _found(definition.formula):
            if one not in seen:
                seen.add(one)
                yield one


def _found(x: Expression) -> Iterator[Constant]:
    if isinstance(x, Constant):
        yield x
    for part in children(x):
        yield from _found(part)


def _parts(trace: Trace, asked: Sequence[str]) -> Iterator[Part]:
    number = 0
    for step in trace.steps:
        for stage, title in STAGES.items():
            tasks = []
            for key in asked:
                if step.quantity(key).stage == stage:
                    number += 1
                    tasks.append(_task(number, step.quantity(key), step))
            if tasks:
                several = len(trace.steps) > 1
                yield Part(
                    f"Step {step.number}: {title.lower()}" if several else title, tuple(tasks)
                )


def _task(number: int, quantity: Quantity, step: Step) -> Task:
    return Task(
        number=number,
        key=quantity.key,
        name=Ref(quantity.key),
        title=quantity.title,
        size=size(quantity, step.layout),
        blanks=tuple((one.shape[0], one.shape[1]) for one in _matrices(quantity, step.layout)),
        lines=min(3 + quantity.value.size // 2, 10),
    )


def _matrices(quantity: Quantity, layout: str) -> tuple[Floats, ...]:
    """In two dimensions: a number a unit or a sample stands as the layout has it."""
    value = quantity.value.T if quantity.kind == "matrix" and layout == "column" else quantity.value
    if value.ndim == 3:
        return tuple(value)
    if value.ndim == 2:
        return (value,)
    upright = value.ndim == 1 and (quantity.kind == "rows") != (layout == "column")
    return (value.reshape(-1, 1) if upright else value.reshape(1, -1),)
