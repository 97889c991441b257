"""A training between two ranges of steps, written down so that it goes on as if it had never
stopped.

Who wants to keep trainings says so around ``fit``::

    with kept_by(keeper):
        estimator.fit(X, y)

The keeper is asked for a state to go on from, hears of every epoch, and is given the state when it
wants it. What goes on from a state ends with the same bits as what was never stopped: parameters,
optimizer, order and stream, patience, schedule, best weights and history are all in it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from chainrule.engine.epochs import Books
from chainrule.engine.fit import Trainer, UnderWay
from chainrule.engine.member import Member
from chainrule.equations.network import Layer
from chainrule.estimators.session import Session, as_numpy, owned, state_arrays, state_of

if TYPE_CHECKING:
    from chainrule.estimators.stopping import Patience
    from chainrule.estimators.training import Loop

__all__ = ["Keeper", "Snapshot", "current_keeper", "kept_by", "take", "take_up"]

BOOKS = ("rows", "objectives", "samples", "best_row", "converged", "diverged")


class Snapshot(NamedTuple):
    """A training's state: plain facts (numbers may be infinite), and arrays of one or two
    dimensions."""

    facts: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]


class Keeper(Protocol):
    """Keeps the state of one training."""

    def begin(self) -> Snapshot | None:
        """The state to go on from, or None to begin at the beginning."""

    def epoch(self, row: Mapping[str, Any]) -> None:
        """A row of the history (``history.Row``), in order; those of the state gone on from come
        first."""

    def stopping(self) -> bool:
        """Whether the training shall stop after this range: its state is kept, and
        KeyboardInterrupt raised."""

    def due(self) -> bool:
        """Whether the state is wanted now."""

    def keep(self, snapshot: Snapshot) -> None:
        """Take the state."""


_keeper: ContextVar[Keeper | None] = ContextVar("chainrule_keeper", default=None)


@contextmanager
def kept_by(keeper: Keeper | None) -> Iterator[None]:
    """Let the keeper keep the mini-batch training that is done inside."""
    token = _keeper.set(keeper)
    try:
        yield
    finally:
        _keeper.reset(token)


def current_keeper() -> Keeper | None:
    return _keeper.get()


def take(loop: "Loop") -> Snapshot:
    """The state of a training loop that stands between two ranges; a member of a block between two
    epochs.

    Within an epoch it is the state in which that began, and beside it what its steps have made of
    it so far.
    """
    trainer, result = loop.trainer, loop.result
    plateau = loop.slowing.plateau if loop.slowing else None
    session, layers = Session.of(trainer, loop.patience.count, plateau), trainer.layers
    within: dict[str, Any] = {}
    if isinstance(trainer, Trainer) and not trainer.between_epochs:
        begun = trainer.under_way()
        within = _within(trainer, begun)
        session, layers = _as_begun(session, begun), begun.layers
    facts, arrays = session.export()
    if within:
        facts["within"], held = within["facts"], within["arrays"]
        arrays |= {f"{WITHIN}{name}": array for name, array in held.items()}
    arrays |= _named("layer", layers) | _named("best", result.best_layers)
    books = {name: getattr(result, name) for name in BOOKS}
    counts = {name: [it.best, it.count] for name, it in _counters(loop).items()}
    facts |= {"books": books, "counts": counts, "epochs": loop.epochs, "steps": loop.steps}
    return Snapshot(facts, arrays)


def take_up(loop: "Loop", snapshot: Snapshot) -> None:
    """Put a fresh loop of the same training into the state."""
    facts, arrays = snapshot
    within = {
        name.removeprefix(WITHIN): array
        for name, array in arrays.items()
        if name.startswith(WITHIN)
    }
    arrays = {name: array for name, array in arrays.items() if not name.startswith(WITHIN)}
    own = {name: array for name, array in arrays.items() if name.split(".")[0] not in PARTS}
    session = Session.restore(facts, own)
    trainer, result = loop.trainer, loop.result
    if isinstance(trainer, Member):
        trainer = trainer.trainer
    trainer.layers, trainer.state = _layers("layer", arrays), session.state
    trainer.step, trainer.timetable.epoch = session.step, session.epoch
    trainer.base_rate = session.base_rate
    trainer.shuffler.restore((session.random_state.get_state(legacy=False), session.index))
    if loop.slowing and session.plateau:
        loop.slowing.plateau = session.plateau
    for name, value in facts["books"].items():
        setattr(result, name, value)
    result.best_layers = _layers("best", arrays)
    for name, counter in _counters(loop).items():
        counter.best, counter.count = facts["counts"][name]
    loop.epochs, loop.steps = facts["epochs"], facts["steps"]
    if within:
        loop.before = trainer.layers
        _go_on(trainer, session, facts["within"], within)


PARTS = ("layer", "best")
WITHIN = "within/"


def _within(trainer: Trainer, begun: UnderWay) -> dict[str, Any]:
    """What an epoch under way has come to, as facts and arrays."""
    books = begun.books
    facts = {
        "step": trainer.step,
        "done": begun.done,
        "rate": books.rate,
        "seconds": books.seconds,
    }
    arrays = state_arrays(as_numpy(trainer.state)) | _named("layer", trainer.layers)
    arrays |= {
        "losses": np.concatenate(books.losses),
        "penalties": np.concatenate(books.penalties),
        "weight_sums": begun.weight_sums,
    }
    return {"facts": facts, "arrays": arrays}


def _as_begun(session: Session, begun: UnderWay) -> Session:
    """The session of the moment when the epoch began."""
    state, index = begun.order
    stream = np.random.RandomState()
    stream.set_state(state)
    return replace(
        session, state=as_numpy(begun.state), step=begun.step, index=index, random_state=stream
    )


def _go_on(
    trainer: Trainer, session: Session, facts: Mapping[str, Any], arrays: dict[str, Any]
) -> None:
    books = Books(facts["rate"], facts["seconds"], [arrays["losses"]], [arrays["penalties"]])
    order = (session.random_state.get_state(legacy=False), session.index)
    begun = UnderWay(
        trainer.layers, session.state, session.step, order,
        facts["done"], books, arrays["weight_sums"],
    )  # fmt: skip
    state = state_of({k: v for k, v in arrays.items() if k.split(".")[0] != "layer"})
    trainer.go_on(_layers("layer", arrays), state, facts["step"], begun)


def _counters(loop: "Loop") -> "dict[str, Patience]":
    return {"patience": loop.patience, "best": loop.best}


def _named(part: str, layers: Any) -> dict[str, npt.NDArray[Any]]:
    found = {}
    for number, layer in enumerate(owned(layers), 1):
        found[f"{part}.W{number}"], found[f"{part}.b{number}"] = layer.W, layer.b
    return found


def _layers(part: str, arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[Layer, ...]:
    count = sum(name.startswith(f"{part}.W") for name in arrays)
    return tuple(
        Layer(np.asarray(arrays[f"{part}.W{n}"]), np.asarray(arrays[f"{part}.b{n}"]))
        for n in range(1, count + 1)
    )
