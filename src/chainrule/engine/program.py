"""A range of updates in one compiled call.

The backward pass is explicit, so nothing here needs automatic differentiation: the
loop has a trip count that is known only when it runs, and one program serves every
budget.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from chainrule.engine.plan import Hyperparameters, Plan, traces
from chainrule.engine.step import update
from chainrule.equations.dropout import dropout_mask
from chainrule.equations.namespace import Array
from chainrule.equations.network import Layer
from chainrule.equations.optimizers import State

__all__ = ["IN_BOUNDS", "Data", "Outcome", "Steps", "at", "dropout_masks", "put", "run_range"]


COMPILER_OPTIONS = {"xla_cpu_prefer_vector_width": 512}
"""XLA vectorises in 256 bits even where the processor has 512; the optimizers' square roots and
divisions gain a tenth of a step from it. A processor with less takes what it has."""


IN_BOUNDS = "promise_in_bounds"
"""Row numbers come from the host, which knows that there are such rows. XLA would compile a check
as a kernel of its own, and run it in each step."""


class Data(NamedTuple):
    """Rows to learn from, padded: ``X`` ``(rows, n_in)``, ``Y`` ``(rows, n_out)``, in any dtype
    that converts exactly, and ``weights`` ``(rows,)``, zero for padding."""

    X: Array
    Y: Array
    weights: Array


class Steps(NamedTuple):
    """The steps of a range, padded to the program's capacity: ``order`` ``(capacity,
    batch_size)`` row numbers, ``rate`` and ``l2`` ``(capacity,)``; ``first`` is the number of
    the range's first step in the whole training, ``count`` how many steps to run."""

    order: Array
    rate: Array
    l2: Array
    first: Array
    count: Array


class Outcome(NamedTuple):
    """Parameters and optimizer state after the range; each step's data loss and penalty."""

    layers: tuple[Layer, ...]
    state: State
    loss: Array
    penalty: Array


@partial(jax.jit, static_argnames="plan", compiler_options=COMPILER_OPTIONS)
def run_range(
    plan: Plan,
    layers: tuple[Layer, ...],
    state: State,
    hyper: Hyperparameters,
    data: Data,
    steps: Steps,
) -> Outcome:
    """Run ``steps.count`` updates."""
    traces[plan] += 1
    dtype = jnp.dtype(plan.dtype)

    def body(i: Array, before: Outcome) -> Outcome:
        rows = at(steps.order, i)
        masks = (
            dropout_masks(plan, hyper, steps.first + i.astype(jnp.uint32)) if plan.dropout else None
        )
        after = update(
            plan,
            before.layers,
            before.state,
            hyper,
            data.X.at[rows].get(mode=IN_BOUNDS).astype(dtype),
            data.Y.at[rows].get(mode=IN_BOUNDS).astype(dtype),
            data.weights.at[rows].get(mode=IN_BOUNDS),
            at(steps.rate, i),
            at(steps.l2, i),
            masks,
        )
        penalty = before.penalty
        if plan.penalised or plan.l1:
            penalty = put(penalty, after.penalty, i)
        return Outcome(after.layers, after.state, put(before.loss, after.loss, i), penalty)

    nothing = jnp.zeros(steps.order.shape[0], dtype)
    start = Outcome(layers, state, nothing, nothing)
    outcome: Outcome = jax.lax.fori_loop(0, steps.count, body, start)
    return outcome


def at(steps: Array, i: Array) -> Array:
    """What belongs to step ``i``, counted from 0."""
    return jax.lax.dynamic_index_in_dim(steps, i, 0, False, allow_negative_indices=False)


def put(steps: Array, value: Array, i: Array) -> Array:
    """The array with ``value`` at step ``i``, counted from 0."""
    return jax.lax.dynamic_update_index_in_dim(steps, value, i, 0, allow_negative_indices=False)


def dropout_masks(plan: Plan, hyper: Hyperparameters, step: Array) -> list[Array]:
    """The masks of a step's hidden layers, ``(batch_size, width)`` each."""
    return [
        dropout_mask(
            jnp,
            hyper.seed,
            step,
            number,
            (plan.batch_size, width),
            hyper.rates[number],
            jnp.dtype(plan.dtype),
        )
        for number, width in enumerate(plan.sizes[1:-1])
    ]
