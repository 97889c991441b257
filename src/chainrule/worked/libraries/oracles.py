"""What each step of a trace should be: by JAX, by PyTorch, and by what came before it.

Every step is taken by itself, from the parameters that it should have: those of the example, then
those that the step before should have given. So a wrong number is found where it is, and not in
all that follows from it. Where the trace's own agree with them to rounding, they are taken, so
that rounding does not grow over the steps.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from chainrule.equations.network import Layer
from chainrule.worked.example import Example
from chainrule.worked.expressions import evaluate
from chainrule.worked.libraries import in_jax, in_torch, torch_training
from chainrule.worked.libraries.differences import forward
from chainrule.worked.libraries.kinks import Tape, bounds, nudged, on_a_kink
from chainrule.worked.libraries.problem import Floats, Problem, course, problem
from chainrule.worked.quantities import Step, Trace

__all__ = ["Expected", "expectations"]

Values = Mapping[str, Floats]


@dataclass(frozen=True)
class Expected:
    """One step: what it should be given, and its quantities by JAX and by PyTorch (empty without
    it). ``tape`` is the forward pass without its nudges, ``on_a_kink`` marks where it lies on a
    kink, by the key of what lies there."""

    step: Step
    problem: Problem
    tape: Tape
    on_a_kink: Mapping[str, np.ndarray]
    given: Values
    jax: Values
    torch: Values

    @property
    def blur(self) -> float:
        """How far rounding may move a pre-activation, the largest. In outputs and gradients it is
        a relative difference; it counts where an example explodes."""
        return max(float(bound.max()) for bound in bounds(self.problem, self.tape))


def expectations(found: Trace) -> Iterator[Expected]:
    """Each step of a trace as it should be."""
    example = found.example
    whole = None if example.update is None else course(found, example.update)
    with_torch = in_torch.installed()
    parameters: Values = _start(example, found.steps[0])
    for number, step in enumerate(found.steps):
        given = {**_batch(example, step), **parameters}
        values = {key: _taken(step.values[key], given[key]) for key in given}
        one = problem(example, values)
        tape = forward(one, one.arrays)
        there = on_a_kink(one, tape)
        nudge = nudged(one, tape, there)
        jax = in_jax.quantities(one, nudge)
        torch = in_torch.quantities(one, nudge) if with_torch else {}
        if whole is not None:
            jax |= _by_formula(step, {**values, **jax})
            jax["loss_new"] = in_jax.quantities(_after(one, jax), {})["loss"]
            if with_torch:
                torch |= torch_training.updated(whole, one, number, torch, values)
                torch["loss_new"] = in_torch.quantities(_after(one, torch), {})["loss"]
        yield Expected(step, one, tape, there, given, jax, torch)
        parameters = _next(parameters, jax)


def _batch(example: Example, step: Step) -> Values:
    rows, weights = list(step.rows), example.sample_weights()
    found = {"X": example.inputs()[rows], "Y": example.targets()[rows]}
    return found if weights is None else {**found, "w": weights[rows]}


def _start(example: Example, step: Step) -> Values:
    """The example's parameters, and an optimizer's state of zeros."""
    found = {key: np.zeros_like(x) for key, x in step.values.items() if key.endswith("_before")}
    for i, layer in enumerate(example.layers(), 1):
        found |= {f"W{i}": layer.W, f"b{i}": layer.b}
    return found


def _next(parameters: Values, new: Values) -> Values:
    """What the next step should be given, from what this one should have made of it."""
    return {
        key: new[key.removesuffix("_before")] if key.endswith("_before") else new[f"{key}_new"]
        for key in parameters
        if f"{key}_new" in new or key.removesuffix("_before") in new
    }


def _taken(value: Floats, given: Floats) -> Floats:
    """The trace's own, where it is what it should be but for rounding."""
    if value.shape != given.shape:
        return given
    near = np.abs(value - given).max() <= 1e-9 * max(np.abs(given).max(), 1e-3)
    return value if near else given


def _by_formula(step: Step, values: Values) -> dict[str, Floats]:
    """The update by the trace's formulas, on other gradients."""
    values, found = dict(values), {}
    for key, quantity in step.quantities.items():
        if quantity.stage == "update" and quantity.formula is not None:
            number = evaluate(quantity.formula, values, step.kinds)
            values[key] = found[key] = number.reshape(quantity.value.shape)
    return found


def _after(one: Problem, new: Values) -> Problem:
    count = len(one.layers)
    return replace(
        one, layers=tuple(Layer(new[f"W{i}_new"], new[f"b{i}_new"]) for i in range(1, count + 1))
    )
