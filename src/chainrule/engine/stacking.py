"""Many networks' parameters, states, settings and data as arrays with more axes.

The axes are those of ``members.py``: groups, members, and the value's own; for the weights of the
first layer, the members come after the inputs.
"""

from itertools import pairwise
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from chainrule.engine.batches import bucket, pad
from chainrule.engine.device import precision
from chainrule.engine.fit import Trainer
from chainrule.engine.member import resident
from chainrule.engine.members import Levels, Members
from chainrule.engine.plan import Hyperparameters, Plan
from chainrule.engine.program import Data
from chainrule.equations.network import Layer
from chainrule.equations.optimizers import State

__all__ = ["Pool", "all_finite", "cut", "cut_state", "data", "hyperparameters", "stack", "widths"]

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


def widths(rows: Trainers, plan: Plan) -> npt.NDArray[np.int32] | None:
    """The hidden units of each member, ``(groups, size, hidden layers)``; None where all have as
    many as the plan."""
    widths = np.array([[one.plan.sizes[1:-1] for one in row] for row in rows], np.int32)
    return None if np.all(widths == np.array(plan.sizes[1:-1])) else widths


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
    layers: tuple[Layer, ...], place: tuple[int, int], sizes: tuple[int, ...]
) -> tuple[Layer, ...]:
    """The parameters of the member at ``place``, of so many units, as arrays of its own."""
    g, c = place
    found = []
    for number, (n_in, n_out) in enumerate(pairwise(sizes)):
        W, b = (np.asarray(part)[g] for part in layers[number])
        W = W[:, c] if number == 0 else W[c]
        found.append(Layer(np.array(W[:n_in, :n_out]), np.array(b[c, :n_out])))
    return tuple(found)


def cut_state(state: State, place: tuple[int, int], sizes: tuple[int, ...]) -> State:
    """The optimizer state of the member at ``place``, as arrays of its own."""
    return {
        name: cut(part, place, sizes)
        if isinstance(part, tuple)
        else np.array(np.asarray(part)[place])[()]
        for name, part in state.items()
    }


def _stack(rows: list[list[tuple[Layer, ...]]], plan: Plan) -> tuple[Layer, ...]:
    """Members' parameters in one array a kind, ``(groups, size, ...)``, zeros where a member has
    no units; the first layer's weights with the member axis after that of the inputs."""
    stacked = []
    for number, (n_in, n_out) in enumerate(pairwise(plan.sizes)):
        shape = (len(rows), len(rows[0]))
        W = np.zeros((*shape, n_in, n_out), plan.dtype)
        b = np.zeros((*shape, n_out), plan.dtype)
        for g, row in enumerate(rows):
            for c, layers in enumerate(row):
                layer = layers[number]
                a, z = np.shape(layer.W)
                W[g, c, :a, :z], b[g, c, :z] = layer.W, layer.b
        stacked.append(Layer(np.ascontiguousarray(W.swapaxes(1, 2)) if number == 0 else W, b))
    return tuple(stacked)


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
    good = np.ones(np.shape(layers[0].b)[:2], bool)
    for number, layer in enumerate(layers):
        W = np.isfinite(np.asarray(layer.W))
        good &= W.all(axis=(1, 3) if number == 0 else (2, 3))
        good &= np.isfinite(np.asarray(layer.b)).all(axis=2)
    return good
