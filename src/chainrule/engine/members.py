"""A range of updates of many networks in one compiled call.

The same step as in ``program.py``, over two more axes: groups, whose rows and orders of batches
differ, and the members of a group, which see the same batches. What the members of a group share
is computed once: their rows are gathered once, and the products of their first layers are one,
because the member axis of those weights lies beside that of the units. Inside the loop the samples
are the last axis (see ``columns.py``).

Axes, in this order where a value has them: steps, groups (G), members (C), then the value's own.
The weights of the first layer are ``(G, n_in, C, n_out)``, all other parameters
``(G, C, ...)``, and an optimizer's state is laid out as the parameters are.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from chainrule.engine import columns
from chainrule.engine.plan import Hyperparameters, Plan, traces
from chainrule.engine.program import COMPILER_OPTIONS, Data
from chainrule.engine.step import update
from chainrule.equations.dropout import dropout_mask
from chainrule.equations.namespace import Array
from chainrule.equations.network import Layer, forward
from chainrule.equations.optimizers import State

__all__ = [
    "Levels",
    "MemberSteps",
    "Members",
    "member_axes",
    "members_outputs",
    "run_members",
]


class Members(NamedTuple):
    """All members' parameters and optimizer state."""

    layers: tuple[Layer, ...]
    state: State


class MemberSteps(NamedTuple):
    """The steps of a range, as ``program.Steps`` has them: ``order`` ``(capacity, G, batch_size)``,
    ``rate`` and ``l2`` ``(capacity, G, C)``; ``first`` ``(G,)``; ``count``."""

    order: Array
    rate: Array
    l2: Array
    first: Array
    count: Array


class Levels(NamedTuple):
    """How many axes stand before the rows of each part of the data: none where all members have it
    in common, one (groups) where the members of a group have, two where each has its own. Static.
    """

    X: int = 0
    Y: int = 0
    weights: int = 0


class MembersOutcome(NamedTuple):
    """The members after the range; each step's data loss and penalty, ``(capacity, G, C)``."""

    members: Members
    loss: Array
    penalty: Array


def member_axes(n_layers: int) -> tuple[Layer, ...]:
    """Where the member axis of each parameter is, in a group."""
    return tuple(Layer(int(number == 0), 0) for number in range(n_layers))


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
    widths: Array | None,
    data: Data,
    steps: MemberSteps,
) -> MembersOutcome:
    """Run ``steps.count`` updates of every member.

    ``hyper`` has leaves ``(G, C, ...)``, or without these axes where all members have them in
    common; of ``seed`` and ``input_scale`` ``(G,)``. ``widths``
    ``(G, C, hidden layers)`` are the units that each member has, None where all have all. The
    parts of ``data`` are ``(rows, ...)`` after as many axes as ``levels`` says.
    """
    traces[plan, levels, members.layers[0].W.shape, widths is None] += 1
    n_layers, dtype = len(plan.sizes) - 1, jnp.dtype(plan.dtype)

    def one(
        layers: Any, state: Any, hyper: Any, widths: Any, X: Any, Y: Any, w: Any, *step: Any
    ) -> Any:
        rate, l2, number = step
        masks = _masks(plan, hyper, widths, number)
        after = update(plan, layers, state, hyper, X, Y, w, rate, l2, masks, in_columns=True)
        return Members(after.layers, after.state), after.loss, after.penalty

    axes = (Layer(0, 0),) * n_layers
    of_state = {
        name: axes if isinstance(part, tuple) else 0 for name, part in members.state.items()
    }
    of_data = [0 if level == 2 else None for level in levels]
    of_widths = None if widths is None else 0
    inner = jax.vmap(
        one,
        in_axes=(axes, of_state, hyper_axes(hyper, 2), of_widths, *of_data, 0, 0, None),
        out_axes=(Members(axes, of_state), 0, 0),
    )

    def group(members: Any, hyper: Any, widths: Any, data: Any, rows: Any, *step: Any) -> Any:
        X, Y, w = (
            part[:, rows] if level == 2 else part[rows]
            for part, level in zip(data, levels, strict=True)
        )
        X, Y = X.astype(dtype), Y.astype(dtype)
        return inner(members.layers, members.state, hyper, widths, X, Y, w, *step)

    of_hyper = hyper_axes(hyper, 2)._replace(seed=0, input_scale=0)
    of_groups = Data(*(0 if level else None for level in levels))
    of_all = (0, of_hyper, of_widths, of_groups)
    given = (members, hyper, widths, data)
    if members.layers[0].b.shape[0] > 1:
        return _loop(plan, jax.vmap(group, (*of_all, 0, 0, 0, 0)), given, steps)
    # Without an axis of length one, XLA has less to copy.
    given = jax.tree.map(_first, of_all, given, is_leaf=lambda axis: axis is None)
    outcome = _loop(plan, group, given, MemberSteps(*map(_only, steps)))
    return MembersOutcome(
        jax.tree.map(lambda leaf: leaf[None], outcome.members),
        outcome.loss[:, None],
        outcome.penalty[:, None],
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
        after, loss, penalty = advance(
            before.members, *others, steps.order[i], steps.rate[i], steps.l2[i], number
        )
        penalties = before.penalty
        if plan.penalised or plan.l1:
            penalties = penalties.at[i].set(penalty)
        return MembersOutcome(after, before.loss.at[i].set(loss), penalties)

    nothing = jnp.zeros(steps.rate.shape, plan.dtype)
    start = MembersOutcome(_changed(members, columns.kept), nothing, nothing)
    outcome: MembersOutcome = jax.lax.fori_loop(0, steps.count, body, start)
    back = partial(columns.shaped, sizes=plan.sizes)
    return outcome._replace(members=_changed(outcome.members, back, False))


def _changed(members: Members, change: Any, into: bool = True) -> Members:
    """The members with ``change`` made of the layers of each, their state's among them.

    ``into``: from the arrays that a block has to those of the loop; otherwise back.
    """
    n_layers = len(members.layers)
    # a block has the members of the first layer's weights after the inputs
    there, here = (Layer(0, 0),) * n_layers, member_axes(n_layers)
    axes = (here, there) if into else (there, here)
    each = jax.vmap(change, axes[:1], axes[1])
    if members.layers[0].b.ndim == 3:
        each = jax.vmap(each)
    state = {
        name: each(part) if isinstance(part, tuple) else part
        for name, part in members.state.items()
    }
    return Members(each(members.layers), state)


def _masks(
    plan: Plan, hyper: Hyperparameters, widths: Array | None, step: Array
) -> list[Array] | None:
    """The hidden layers' masks: dropout's, and zero for the units that a member does not have.

    A unit that is masked is inert: its activation and its gradients are 0, so that its weights,
    which are 0, and what an optimizer remembers of them stay 0.
    """
    if not plan.dropout and widths is None:
        return None
    dtype, masks = jnp.dtype(plan.dtype), []
    for number, width in enumerate(plan.sizes[1:-1]):
        mask = jnp.ones((1, 1), dtype)
        if plan.dropout:
            shape, rate = (plan.batch_size, width), hyper.rates[number]
            mask = dropout_mask(jnp, hyper.seed, step, number, shape, rate, dtype)
        if widths is not None:
            mask = mask * (jnp.arange(width) < widths[number]).astype(dtype)
        masks.append(mask)
    return masks


OPTIONS = {
    **COMPILER_OPTIONS,
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_CONVOLUTION",
}
"""For many small products XLA's older ways are quicker than YNNPACK (which is left the
convolutions, of which there are none)."""

_jit = partial(jax.jit, static_argnames=("plan", "levels"))
run_members = {
    True: _jit(_run, compiler_options=OPTIONS),
    False: _jit(_run, compiler_options={**OPTIONS, "xla_cpu_multi_thread_eigen": False}),
}
"""The program, by whether it may use all cores."""


@partial(jax.jit, static_argnames="activations")
def members_outputs(
    activations: tuple[str, ...],
    layers: tuple[Layer, ...],
    widths: Array | None,
    input_scale: Array,
    X: Array,
) -> tuple[Array, Array]:
    """Pre-activations and activations of the output layer for ``X`` ``(n, n_in)``: each
    ``(G, C, n, n_out)``."""
    traces["members_outputs", activations] += 1
    dtype = layers[0].W.dtype
    X = X.astype(dtype)

    def one(layers: Any, widths: Any, scale: Any) -> Any:
        masks = None
        if widths is not None:
            sizes = [layer.b.shape[0] for layer in layers[:-1]]
            masks = [
                (jnp.arange(size) < width).astype(dtype)
                for size, width in zip(sizes, widths, strict=True)
            ]
        tape = forward(layers, activations, X / scale, masks)
        return tape.Z[-1], tape.A[-1]

    of_widths = None if widths is None else 0
    inner = jax.vmap(one, in_axes=(member_axes(len(layers)), of_widths, None))
    found: tuple[Array, Array] = jax.vmap(inner, in_axes=(0, of_widths, 0))(
        layers, widths, input_scale
    )
    return found
