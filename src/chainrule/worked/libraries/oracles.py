"""What each step of a trace should be: by JAX, by PyTorch, and by what came before it.

Every step is taken by itself, from the parameters that it should have: those of the example, then
those that the step before should have given. So a wrong number is found where it is, and not in
all that follows from it. Where the trace's own agree with them to rounding, they are taken, so
that rounding does not grow over the steps.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.network import Layer
from chainrule.worked.example import Example
from chainrule.worked.expressions import evaluate
from chainrule.worked.libraries import in_jax, in_torch, torch_training
from chainrule.worked.libraries.differences import EPSILON, Tape, forward
from chainrule.worked.libraries.problem import Floats, Problem, course, problem
from chainrule.worked.quantities import Step, Trace

__all__ = ["Expected", "expectations"]

Values = Mapping[str, Floats]


@dataclass(frozen=True)
class Expected:
    """One step: what it should be given, and its quantities by JAX and by PyTorch (empty without
    it). ``tape`` is the forward pass without its nudges, ``on_a_kink`` marks where it lies on a
    kink, by layer."""

    step: Step
    problem: Problem
    tape: Tape
    on_a_kink: Mapping[int, np.ndarray]
    given: Values
    jax: Values
    torch: Values

    @property
    def blur(self) -> float:
        """How far rounding may move a pre-activation, the largest. In outputs and gradients it is
        a relative difference; it counts where an example explodes."""
        return max(float(bound.max()) for bound in _bounds(self.problem, self.tape))


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
        on_a_kink = _on_a_kink(one, tape)
        nudge = _nudge(one, tape, on_a_kink)
        jax = in_jax.quantities(one, nudge)
        torch = in_torch.quantities(one, nudge) if with_torch else {}
        if whole is not None:
            jax |= _by_formula(step, {**values, **jax})
            jax["loss_new"] = in_jax.quantities(_after(one, jax), {})["loss"]
            if with_torch:
                torch |= torch_training.updated(whole, one, number, torch, values)
                torch["loss_new"] = in_torch.quantities(_after(one, torch), {})["loss"]
        yield Expected(step, one, tape, on_a_kink, given, jax, torch)
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


# kinks


def _bounds(one: Problem, tape: Tape) -> list[Floats]:
    """How far rounding may move each pre-activation: a sum of n products, in any order."""
    inputs = (one.X, *tape.A[:-1])
    return [
        2 * (len(W) + 1) * EPSILON * (np.abs(A) @ np.abs(W) + np.abs(b))
        for A, (W, b) in zip(inputs, one.layers, strict=True)
    ]


def _on_a_kink(one: Problem, tape: Tape) -> dict[int, np.ndarray]:
    """Where a pre-activation cannot be told from a kink, by layer."""
    found, bounds = {}, _bounds(one, tape)
    for i, name in enumerate(one.activations, 1):
        kinks = ACTIVATIONS[name].kinks
        if kinks:
            near = [np.abs(tape.Z[i - 1] - kink) <= bounds[i - 1] for kink in kinks]
            found[i] = np.any(near, axis=0)
    return found


def _nudge(one: Problem, tape: Tape, on_a_kink: Mapping[int, np.ndarray]) -> dict[str, Floats]:
    """What keeps the libraries on the trace's side of a kink, however they round there, and
    whatever they take for the derivative on it."""
    found, bounds = {}, _bounds(one, tape)
    for i, there in on_a_kink.items():
        kinks = np.asarray(ACTIVATIONS[one.activations[i - 1]].kinks)
        Z = tape.Z[i - 1]
        nearest = kinks[np.abs(Z[..., None] - kinks).argmin(axis=-1)]
        side = np.where(nearest < Z, 1.0, -1.0)
        found[f"Z{i}"] = np.where(there, side * np.maximum(2 * bounds[i - 1], TINY), 0.0)
    return found


TINY = 1e-300
"""Where a pre-activation adds up zeros alone."""
