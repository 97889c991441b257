"""Many networks' parameters, states, settings and data as arrays with more axes.

The axes are those of ``members.py``: groups, members, and the value's own; parameters are laid out
as ``columns.py`` has them.
"""

from itertools import pairwise
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from chainrule.engine import columns
from chainrule.engine.batches import bucket, pad
from chainrule.engine.device import precision
from chainrule.engine.fit import Trainer
from chainrule.engine.member import resident
from chainrule.engine.members import Levels, Masks, Members
from chainrule.engine.plan import Hyperparameters, Plan
from chainrule.engine.program import Data
from chainrule.equations.network import Layer
from chainrule.equations.optimizers import State

__all__ = ["Pool", "all_finite", "cut", "cut_state", "data", "hyperparameters", "present", "stack"]

Trainers = list[list[Trainer]]
"""The trainers of every group, equally many."""


class Pool:
    """Padded rows on the device, once for all blocks that learn from them."""

    def __init__(self, device: jax.Device | None = None) -> None:
        self.device = device
        self._kept: dict[int, tuple[Any, Any]] = {}

    def get(self, rows: npt.NDArray[Any]) -> Any:
        """The rows as ``Resident`` pads them; the same array for the same rows."""
        if id(rows) not in self._kept:
            padded = pad(rows, bucket(len(rows)))
            with precision("float64", self.device):  # in which rows of any type stay as they are
                self._kept[id(rows)] = rows, jax.device_put(padded)
        return self._kept[id(rows)][1]


def present(rows: Trainers, plan: Plan) -> Masks | None:
    """Which units of each hidden layer each member has, ``(groups, size, width)``; None where all
    have as many as the plan."""
    widths = np.array([[one.plan.sizes[1:-1] for one in row] for row in rows])
    if np.all(widths == np.array(plan.sizes[1:-1])):
        return None
    return tuple(
        (np.arange(width) < widths[..., number, None]).astype(plan.dtype)
        for number, width in enumerate(plan.sizes[1:-1])
    )


def hyperparameters(rows: Trainers) -> Hyperparameters:
    """All members' settings, ``(groups, size, ...)``; a setting that all have in common once, and
    those that the members of a group share ``(groups,)``."""
    every = [one.hyper for row in rows for one in row]

    def stacked(*leaves: Any) -> Any:
        if all(np.array_equal(leaf, leaves[0]) for leaf in leaves):
            return leaves[0]
        return np.stack(leaves).reshape(len(rows), len(rows[0]), *np.shape(leaves[0]))

    found: Hyperparameters = jax.tree.map(stacked, *every)
    return found._replace(
        seed=np.stack([row[0].hyper.seed for row in rows]),
        input_scale=np.stack([row[0].hyper.input_scale for row in rows]),
    )


def data(rows: Trainers, pool: Pool) -> tuple[Data, Levels]:
    """The data on the device, each part once where members have it in common."""
    sources = [[resident(one) for one in row] for row in rows]
    parts, levels = [], []
    for name in Data._fields:
        values = [[getattr(source.host, name) for source in row] for row in sources]
        level = _level(values)
        firsts = [row[0] for row in values]
        if level == 0:
            parts.append(pool.get(firsts[0]))
        elif level == 1:
            parts.append(np.stack([pad(part, bucket(len(part))) for part in firsts]))
        else:
            parts.append(
                np.stack(
                    [np.stack([pad(part, bucket(len(part))) for part in row]) for row in values]
                )
            )
        levels.append(level)
    return Data(*parts), Levels(*levels)


def _level(values: list[list[Any]]) -> int:
    """How many axes are needed before that of the rows: see ``Levels``."""
    if not all(_equal(one, row[0]) for row in values for one in row):
        return 2
    return 0 if all(_equal(row[0], values[0][0]) for row in values) else 1


def _equal(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return a is b or (a.shape == b.shape and a.dtype == b.dtype and bool(np.array_equal(a, b)))


def stack(trainers: Trainers, plan: Plan) -> Members:
    """Parameters and states of all, with zeros where a network has no units."""
    return Members(
        _stack([[one.layers for one in row] for row in trainers], plan),
        _stack_state([[one.state for one in row] for row in trainers], plan),
    )


def cut(
    layers: tuple[Layer, ...], place: tuple[int, int], plan: Plan, sizes: tuple[int, ...]
) -> tuple[Layer, ...]:
    """The parameters of the member at ``place``, of so many units, as arrays of its own."""
    own = tuple(Layer(np.asarray(W)[place], np.asarray(b)[place]) for W, b in layers)
    return tuple(
        Layer(np.array(W[:n_in, :n_out]), np.array(b[:n_out]))
        for (W, b), (n_in, n_out) in zip(
            columns.shaped(own, plan.sizes), pairwise(sizes), strict=True
        )
    )


def cut_state(state: State, place: tuple[int, int], plan: Plan, sizes: tuple[int, ...]) -> State:
    """The optimizer state of the member at ``place``, as arrays of its own."""
    return {
        name: cut(part, place, plan, sizes)
        if isinstance(part, tuple)
        else np.array(np.asarray(part)[place])[()]
        for name, part in state.items()
    }


def _stack(rows: list[list[tuple[Layer, ...]]], plan: Plan) -> tuple[Layer, ...]:
    """Members' parameters in one array a kind, ``(groups, size, ...)``, zeros where a member has
    no units."""
    every = [columns.kept(_widened(layers, plan)) for row in rows for layers in row]

    def stacked(*parts: Any) -> Any:
        return np.stack(parts).reshape(len(rows), len(rows[0]), -1)

    found: tuple[Layer, ...] = jax.tree.map(stacked, *every)
    return found


def _widened(layers: tuple[Layer, ...], plan: Plan) -> list[Layer]:
    """A member's layers, filled up with zeros."""
    found = []
    for (W, b), (n_in, n_out) in zip(layers, pairwise(plan.sizes), strict=True):
        wide = Layer(np.zeros((n_in, n_out), plan.dtype), np.zeros(n_out, plan.dtype))
        wide.W[: np.shape(W)[0], : np.shape(W)[1]], wide.b[: len(b)] = W, b
        found.append(wide)
    return found


def _stack_state(rows: list[list[State]], plan: Plan) -> State:
    """Members' optimizer states, laid out as the parameters are."""
    return {
        name: _stack([[state[name] for state in row] for row in rows], plan)
        if isinstance(part, tuple)
        else np.array([[np.asarray(state[name]) for state in row] for row in rows])
        for name, part in rows[0][0].items()
    }


def all_finite(layers: tuple[Layer, ...]) -> npt.NDArray[np.bool_]:
    """Which members' parameters are all finite, ``(groups, size)``."""
    parts = [np.asarray(part) for layer in layers for part in layer]
    good: npt.NDArray[np.bool_] = np.all([np.isfinite(part).all(axis=2) for part in parts], axis=0)
    return good
