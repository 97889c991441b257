"""A range of updates of many networks in one compiled call.

The same step as in ``program.py``, over two more axes: groups, whose rows and orders of batches
differ, and the members of a group, which see the same batches. What the members of a group share
is computed once: their rows are gathered once, and the products of their first layers are one,
because the member axis of those weights lies beside that of the units, the samples being the last
axis (see ``columns.py``).

Axes, in this order where a value has them: steps, groups (G), members (C), then the value's own.
Parameters, and an optimizer's state alike, are kept as ``columns.py`` has them, all the time: XLA
compiles each turning of axes, and each constant, as a kernel of its own, at 25 ms apiece, so
what can be had ready from the host is not computed here.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from chainrule.engine import columns
from chainrule.engine.plan import Hyperparameters, Plan, traces
from chainrule.engine.program import COMPILER_OPTIONS, IN_BOUNDS, Data, at, dropout_masks, put
from chainrule.engine.step import update
from chainrule.equations.namespace import Array
from chainrule.equations.network import Layer
from chainrule.equations.optimizers import State

__all__ = [
    "Levels",
    "Masks",
    "MemberSteps",
    "Members",
    "members_outputs",
    "run_members",
]


Masks = tuple[Array, ...]
"""Of each hidden layer, ones for the units that there are and zeros for the others."""


class Members(NamedTuple):
    """All members' parameters and optimizer state."""

    layers: tuple[Layer, ...]
    state: State


class MemberSteps(NamedTuple):
    """The steps of a range, as ``program.Steps`` has them: ``order`` ``(capacity, G, batch_size)``,
    ``rate`` and ``l2`` ``(capacity, G, C)``; ``first`` ``(G,)``; ``count``. ``nothing`` are zeros
    like ``rate``, where losses and penalties are written."""

    order: Array
    rate: Array
    l2: Array
    first: Array
    count: Array
    nothing: Array


class Levels(NamedTuple):
    """How many axes stand before the rows of each part of the data: none where all members have it
    in common, one (groups) where the members of a group have, two where each has its own. Static.
    """

    X: int = 0
    Y: int = 0
    weights: int = 0


class MembersOutcome(NamedTuple):
    """The members after the range; each step's data loss and penalty, ``(capacity, G, C)``, the
    penalty None where there is none."""

    members: Members
    loss: Array
    penalty: Array | None


def hyper_axes(hyper: Hyperparameters, n_axes: int) -> Any:
    """Which axes of the members the hyperparameters have: the first of ``n_axes``, or none for one
    that all members have in common. The masks' seed and the input's scale are the groups'."""
    own = Hyperparameters(0, 1, 0, 0, 0, 0, 0, 0)  # type: ignore[arg-type]  # axes of each by itself

    def axis(leaf: Array, ndim: int) -> int | None:
        return 0 if jnp.ndim(leaf) == ndim + n_axes else None

    return Hyperparameters(
        *(
            jax.tree.map(lambda leaf, n=n: axis(leaf, n), part)
            for part, n in zip(hyper, own, strict=True)
        )
    )


def _run(
    plan: Plan,
    levels: Levels,
    members: Members,
    hyper: Hyperparameters,
    present: Masks | None,
    data: Data,
    steps: MemberSteps,
) -> MembersOutcome:
    """Run ``steps.count`` updates of every member.

    ``hyper`` has leaves ``(G, C, ...)``, or without these axes where all members have them in
    common; of ``seed`` and ``input_scale`` ``(G,)``. ``present``
    says for each hidden layer ``(G, C, width)`` which units a member has, with ones and zeros; it
    is None where all have all. The parts of ``data`` are ``(rows, ...)`` after as many axes as
    ``levels`` says.
    """
    traces[plan, levels, members.layers[0].W.shape, present is None] += 1
    dtype = jnp.dtype(plan.dtype)

    def one(members: Any, hyper: Any, present: Any, X: Any, Y: Any, w: Any, *step: Any) -> Any:
        rate, l2, number = step
        masks = _masks(plan, hyper, present, number)
        layers, state = members
        after = update(plan, layers, state, hyper, X, Y, w, rate, l2, masks, in_columns=True)
        return Members(after.layers, after.state), after.loss, after.penalty

    of_data = [0 if level == 2 else None for level in levels]
    of_present = None if present is None else 0
    inner = jax.vmap(one, (0, hyper_axes(hyper, 2), of_present, *of_data, 0, 0, None))

    def group(members: Any, hyper: Any, present: Any, data: Any, rows: Any, *step: Any) -> Any:
        X, Y, w = (
            (part.at[:, rows] if level == 2 else part.at[rows]).get(mode=IN_BOUNDS)
            for part, level in zip(data, levels, strict=True)
        )
        return inner(members, hyper, present, X.astype(dtype), Y.astype(dtype), w, *step)

    of_hyper = hyper_axes(hyper, 2)._replace(seed=0, input_scale=0)
    of_groups = Data(*(0 if level else None for level in levels))
    of_all = (0, of_hyper, of_present, of_groups)
    given = (members, hyper, present, data)
    if members.layers[0].b.shape[0] > 1:
        return _loop(plan, jax.vmap(group, (*of_all, 0, 0, 0, 0)), given, steps)
    # Without an axis of length one, XLA has less to copy.
    given = jax.tree.map(_first, of_all, given, is_leaf=lambda axis: axis is None)
    outcome = _loop(plan, group, given, MemberSteps(*map(_only, steps)))
    return MembersOutcome(
        jax.tree.map(lambda leaf: leaf[None], outcome.members),
        outcome.loss[:, None],
        None if outcome.penalty is None else outcome.penalty[:, None],
    )


def _run_in_turn(
    plan: Plan,
    levels: Levels,
    members: Members,
    hyper: Hyperparameters,
    present: Masks | None,
    data: Data,
    steps: MemberSteps,
) -> MembersOutcome:
    """The same, the members of a group one after the other: each has all steps of the range before
    the next begins, in a loop within the program. Nothing is shared, and one network's parameters
    at a time are in the core's cache."""

    def of(number: Array, part: Any, axis: int = 1) -> Any:
        return jax.tree.map(lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, number, 1, axis), part)

    def one(number: Array) -> MembersOutcome:
        own = jax.tree.map(
            lambda axis, leaf: leaf if axis is None else of(number, leaf),
            hyper_axes(hyper, 2),
            hyper,
            is_leaf=lambda axis: axis is None,
        )
        parts = (
            of(number, part) if level == 2 else part
            for part, level in zip(data, levels, strict=True)
        )
        rate, l2, nothing = (of(number, part, 2) for part in (steps.rate, steps.l2, steps.nothing))
        return _run(
            plan,
            levels,
            of(number, members),
            own,
            of(number, present),
            Data(*parts),
            steps._replace(rate=rate, l2=l2, nothing=nothing),
        )

    def together(axis: int, part: Any) -> Any:
        """Results of one member each, as those of all: the first axis is theirs."""
        return jax.tree.map(lambda leaf: jnp.moveaxis(leaf.squeeze(axis + 1), 0, axis), part)

    found = jax.lax.map(one, jnp.arange(members.layers[0].b.shape[1]))
    return MembersOutcome(
        together(1, found.members), together(2, found.loss), together(2, found.penalty)
    )


def _first(axis: int | None, part: Any) -> Any:
    return part if axis is None else jax.tree.map(lambda leaf: leaf[0], part)


def _only(part: Array) -> Array:
    """Of an array over steps and groups, or over groups, that of the only group."""
    return part if part.ndim == 0 else part[0] if part.ndim == 1 else part[:, 0]


def _loop(plan: Plan, advance: Any, given: tuple[Any, ...], steps: MemberSteps) -> MembersOutcome:
    """Run ``steps.count`` times ``advance(*given, rows, rate, l2, number)``."""
    members, *others = given

    def body(i: Array, before: MembersOutcome) -> MembersOutcome:
        number = steps.first + i.astype(jnp.uint32)
        rows, rate, l2 = (at(part, i) for part in (steps.order, steps.rate, steps.l2))
        after, loss, penalty = advance(before.members, *others, rows, rate, l2, number)
        penalties = before.penalty
        if penalties is not None:
            penalties = put(penalties, penalty, i)
        return MembersOutcome(after, put(before.loss, loss, i), penalties)

    is_penalised = plan.penalised or plan.l1
    start = MembersOutcome(members, steps.nothing, steps.nothing if is_penalised else None)
    outcome: MembersOutcome = jax.lax.fori_loop(0, steps.count, body, start)
    return outcome


def _masks(
    plan: Plan, hyper: Hyperparameters, present: Masks | None, step: Array
) -> list[Array] | None:
    """The hidden layers' masks: dropout's, and zero for the units that a member does not have.

    A unit that is masked is inert: its activation and its gradients are 0, so that its weights,
    which are 0, and what an optimizer remembers of them stay 0.
    """
    if not plan.dropout:
        return None if present is None else [units[None] for units in present]
    masks = dropout_masks(plan, hyper, step)
    if present is None:
        return masks
    return [mask * units for mask, units in zip(masks, present, strict=True)]


OPTIONS = {
    **COMPILER_OPTIONS,
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_CONVOLUTION",
}
"""For many small products XLA's older ways are quicker than YNNPACK (which is left the
convolutions, of which there are none)."""

run_members = {
    (all_cores, in_turn): jax.jit(
        _run_in_turn if in_turn else _run,
        static_argnames=("plan", "levels"),
        compiler_options={**OPTIONS, "xla_cpu_multi_thread_eigen": all_cores},
    )
    for all_cores in (False, True)
    for in_turn in (False, True)
}
"""The program, by whether it may use all cores, and whether members come one after the other."""


@partial(jax.jit, static_argnames=("activations", "sizes"))
def members_outputs(
    activations: tuple[str, ...],
    sizes: tuple[int, ...],
    layers: tuple[Layer, ...],
    present: Masks | None,
    input_scale: Array,
    X: Array,
) -> tuple[Array, Array]:
    """Pre-activations and activations of the output layer for ``X`` ``(n, n_in)``: each
    ``(G, C, n, n_out)``."""
    traces["members_outputs", activations] += 1
    X = X.astype(layers[0].W.dtype)

    def one(layers: Any, present: Any, scale: Any) -> Any:
        masks = None if present is None else [units[None] for units in present]
        return columns.output(activations, sizes, layers, X / scale, masks)

    of_present = None if present is None else 0
    inner = jax.vmap(one, (0, of_present, None))
    found: tuple[Array, Array] = jax.vmap(inner, (0, of_present, 0))(layers, present, input_scale)
    return found
