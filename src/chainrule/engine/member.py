"""One network of a population, and with which others it can be trained together."""

from collections.abc import Hashable, Iterable
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chainrule.engine.batches import Resident, Shuffler
from chainrule.engine.epochs import EpochRecord, Place, Timetable
from chainrule.engine.fit import Trainer
from chainrule.engine.plan import Plan
from chainrule.equations.network import Layer
from chainrule.equations.optimizers import State

if TYPE_CHECKING:
    from chainrule.engine.population import Block

__all__ = ["Member", "common_plan", "group_key", "program_key", "resident"]

FLAGS = ("penalised", "dropout", "clipped", "l1", "max_norm", "scaled")


def program_key(trainer: Trainer) -> Hashable:
    """Trainings with equal keys can be members of one block."""
    none: dict[str, Any] = dict.fromkeys(FLAGS, False)
    plan = replace(trainer.plan, sizes=_open_sizes(trainer.plan), **none)
    source = resident(trainer)
    kinds = tuple((part.shape[1:], str(part.dtype)) for part in source.host)
    return plan, source.rows, kinds, trainer.device


def group_key(trainer: Trainer) -> Hashable:
    """Trainings with equal keys see the same batches: of the same rows, in the same order, with
    the same dropout masks' seed and the same scale of the input."""
    shuffler = trainer.shuffler
    state = shuffler.random_state.get_state(legacy=False)
    words = state["state"]
    return (
        id(resident(trainer).host.X),
        (words["key"].tobytes(), words["pos"], state["has_gauss"], state["gauss"]),
        shuffler.index.tobytes(),
        shuffler.shuffle,
        shuffler.replacement,
        int(trainer.hyper.seed),
        float(trainer.hyper.input_scale),
        trainer.plan.batch_size,
        trainer.step,
        trainer.epoch,
        # of which batches weigh nothing, and are left out:
        weights.tobytes() if (weights := resident(trainer).host.weights).min() == 0 else None,
    )


def common_plan(plans: Iterable[Plan]) -> Plan:
    """The plan of a block of networks: as wide as the widest, with all that any of them needs."""
    plans = list(plans)
    sizes = tuple(map(max, zip(*(plan.sizes for plan in plans), strict=True)))
    needed: dict[str, Any] = {name: any(getattr(plan, name) for plan in plans) for name in FLAGS}
    return replace(plans[0], sizes=sizes, **needed)


def _open_sizes(plan: Plan) -> tuple[int, ...]:
    """The sizes with the hidden widths left open."""
    return (plan.sizes[0], *(0 for _ in plan.sizes[1:-1]), plan.sizes[-1])


def resident(trainer: Trainer) -> Resident:
    """The rows that the training learns from, which members of a block have on the device."""
    if not isinstance(trainer.source, Resident):
        raise TypeError("Only networks whose rows stay on the device can be members of a block.")
    return trainer.source


class Member:
    """One network of a population: what whoever trains it needs of a ``Trainer``.

    In a block, parameters, state and timetable are the block's. ``leave`` and ``rewind`` take it
    out of the block; from then on its trainer goes on by itself.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.block: Block | None = None
        self.place = (0, 0)
        self.plan, self.hyper = trainer.plan, trainer.hyper

    @property
    def timetable(self) -> Timetable:
        if self.block is None:
            return self.trainer.timetable
        return self.block.timetables[self.place[0]]

    @property
    def shuffler(self) -> Shuffler:
        return self.timetable.shuffler

    @property
    def epoch(self) -> int:
        return self.timetable.epoch

    @property
    def between_epochs(self) -> bool:
        return self.timetable.open is None

    @property
    def step(self) -> int:
        return self.trainer.step

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self.trainer.layers if self.block is None else self.block.layers_of(self)

    @property
    def state(self) -> State:
        return self.trainer.state if self.block is None else self.block.state_of(self)

    @property
    def base_rate(self) -> float:
        return self.trainer.base_rate

    @base_rate.setter
    def base_rate(self, rate: float) -> None:
        self.trainer.base_rate = rate

    @property
    def finite(self) -> bool:
        """Whether all parameters are finite."""
        return self.trainer.finite if self.block is None else self.block.is_finite(self)

    def run(self, epochs: int = 1, steps: int | None = None) -> list[EpochRecord]:
        """Go on alone, out of any block."""
        self.leave()
        return self.trainer.run(epochs, steps)

    def close(self) -> EpochRecord | None:
        """The record of an epoch that a budget of steps cut short, if there is one."""
        return self.trainer.partial_record(self.timetable.open)

    def apart(self) -> "Member":
        """Another member that stands where this one does, out of any block; between two epochs."""
        trainer = copy(self.trainer)
        trainer.timetable = self.timetable.copy()
        trainer.shuffler = trainer.timetable.shuffler
        trainer.layers, trainer.state = self.layers, self.state
        trainer.mark()
        return Member(trainer)

    def stand_beside(self, other: "Member") -> None:
        """Go to the epoch and the order of the other, with the parameters as they are."""
        self.trainer.timetable.restore(other.timetable.snapshot())
        self.trainer.step = other.step

    def leave(self) -> None:
        """Take what the block has of this network, and leave it."""
        if self.block is not None:
            layers, state, place = self.layers, self.state, self.timetable.snapshot()
            self.block = None
            self._settle(layers, state, self.step, place)

    def rewind(self) -> None:
        """Go back to the beginning of the last range that began with an epoch, out of the block."""
        if self.block is None:
            self.trainer.rewind()
        else:
            before = self.block.before
            layers = self.block.layers_of(self, before.arrays)
            state = self.block.state_of(self, before.arrays)
            group = self.place[0]
            self.block = None
            self._settle(layers, state, before.steps[group], before.places[group])

    def _settle(self, layers: Any, state: Any, step: int, place: Place) -> None:
        self.trainer.layers, self.trainer.state, self.trainer.step = layers, state, step
        self.trainer.timetable.restore(place)
        self.trainer.mark()
