"""Which known slip gives exactly the number that somebody has.

Every slip of the table is tried on the person's own numbers: at the wrong quantity, and at each
quantity on the way to it that was not written down. What it gives must agree with every wrong
number to its decimals, and must not contradict the person's other numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from chainrule.worked.answers import Answer, Floats, Node
from chainrule.worked.expressions import Expression, Ref, mentioned
from chainrule.worked.slips import SLIPS, Scene, Slip, slipped
from chainrule.worked.world import Change, World

__all__ = ["Explanation", "agreement", "explanations"]

Mask = npt.NDArray[np.bool_]

NOISE = 1e-12
"""What two ways to the same number may differ by in double precision, relative and absolute."""
SLACK = 1.02
"""The spread is of first order; this much is left for the rest."""
FAR = 50.0
"""The spread is surely less than so many times the sway,"""
TYPICAL = 2.0
"""and about so many times."""
CHANCE = 0.1
"""Above this, a slip may well agree by chance."""


@dataclass(frozen=True)
class Explanation:
    """A slip that gives what was typed: made at each of ``places``.

    ``whole``: it gives every number of the quantity, not only the wrong ones. ``chance`` is how
    probable it is that an unrelated number agrees too. ``loose``: it agrees only if steps that
    were not written down were rounded. ``outcome`` is what it gives exactly.
    """

    slip: Slip
    changes: Mapping[Node, Change]
    scene: Scene
    places: tuple[Node, ...]
    outcome: Floats
    whole: bool
    chance: float
    loose: bool = False
    explained: int = 0
    contradicted: int = 0


def slack(value: Floats) -> Floats:
    return NOISE * (1 + np.abs(value))


def agreement(
    world: World,
    node: Node,
    answer: Answer,
    needed: Mask,
    changes: Mapping[Node, Change] | None = None,
    more: tuple[Node, ...] = (),
    unwritten: bool = False,
    all_or_none: bool = False,
) -> tuple[Mask, Floats]:
    """Which numbers agree with what comes out in a world, for each formula of the node; and
    what comes out. Only the ``needed`` are looked at closely; with ``all_or_none``, it counts
    only whether all of them agree.
    """
    found = world.outcomes(node, changes)
    room = np.broadcast_to(answer.half, found.shape) + slack(found)
    with np.errstate(invalid="ignore"):
        error = np.abs(answer.value - found)
        if (error <= room)[:, needed].all(axis=1).any() or not np.isfinite(found).any():
            return error <= room, found
        hidden = float(answer.half.max()) if unwritten else 0.0
        possible = needed & (error <= room + FAR * world.sway(node, changes, more, hidden))
        if all_or_none:
            possible &= possible[:, needed].all(axis=1).reshape(-1, *[1] * needed.ndim)
        if not possible.any():
            return error <= room, found
        room = room + SLACK * world.spread(node, changes, more, hidden)
    return error <= room, found


@dataclass(frozen=True)
class _Candidate:
    slip: Slip
    changes: Mapping[Node, Change]
    scene: Scene
    places: tuple[Node, ...]
    more: tuple[Node, ...]


@dataclass
class _Search:
    """The slips that may have led to the wrong numbers of one quantity."""

    world: World
    target: Node
    answers: Mapping[Node, Answer]
    wrong: Mask

    @property
    def answer(self) -> Answer:
        return self.answers[self.target]

    @cached_property
    def right(self) -> Floats:
        """What should have come out, from the person's own numbers."""
        return self.world.outcomes(self.target)[0]

    def candidates(self) -> Iterator[_Candidate]:
        places = [*self.world.unwritten(self.target), self.target]
        for slip in SLIPS:
            single = [one for place in reversed(places) for one in self._at(place, slip)]
            yield from single
            yield from _everywhere(slip, single)

    def _at(self, place: Node, slip: Slip) -> Iterator[_Candidate]:
        graph = self.world.graph
        if place[1] == "loss_new":
            yield from self._in_the_pass_after(place, slip)
            return
        if graph.quantity(place).kind == "jacobian" and place != self.target:
            return
        given = () if graph.before(place) else (Ref(place[1]),)
        for formula in (*graph.formulas(place), *given):
            scene = self._scene(place, formula)
            for other in slipped(slip, scene):
                yield _Candidate(
                    slip, {place: self._change(place, other)}, scene, (place,),
                    tuple((place[0], key) for key in mentioned(other)),
                )  # fmt: skip

    def _in_the_pass_after(self, place: Node, slip: Slip) -> Iterator[_Candidate]:
        """The loss after the update, with a slip in its own forward pass."""
        graph, number = self.world.graph, place[0]
        for key, quantity in graph.trace.steps[number - 1].quantities.items():
            if quantity.stage not in ("forward", "loss") or quantity.formula is None:
                continue
            scene = self._scene((number, key), quantity.formula)
            for other in slipped(slip, scene):
                inner = {(number, key): self._plain_change((number, key), other)}
                yield _Candidate(slip, {place: _after(self.world, number, inner)}, scene,
                                 (place,), ())  # fmt: skip

    def _scene(self, place: Node, formula: Expression) -> Scene:
        trace = self.world.graph.trace
        step = trace.steps[place[0] - 1]
        return Scene(trace.example, step, step.quantities[place[1]], formula)

    def _plain_change(self, place: Node, formula: Expression) -> Change:
        return lambda values: self.world.graph.evaluate(place, formula, values)

    def _change(self, place: Node, formula: Expression) -> Change:
        """The slipped formula; what it mentions may come later in the right order."""
        world, here = self.world, self.world.graph.place[place]

        def change(values: Mapping[Node, Floats]) -> Floats:
            nodes = [(place[0], key) for key in mentioned(formula)]
            named = {node: world.ahead(node, values, here) for node in nodes}
            return world.graph.evaluate(place, formula, named)

        return change

    def explained(self, one: _Candidate, loose: bool) -> Explanation | None:
        """The candidate, if it gives every wrong number."""
        there = self.answer.there
        needed = self.wrong if one.places == (self.target,) else there
        try:
            fits, found = agreement(
                self.world, self.target, self.answer, needed, one.changes, one.more, loose, True
            )
        except ValueError:  # the slip's shapes do not fit: it cannot have been made here
            return None
        for agrees, outcome in zip(fits, found, strict=True):
            if agrees[needed].all() and np.isfinite(outcome[needed]).all():
                chance = self._chance()
                whole = bool(agrees[there].all())
                return Explanation(
                    one.slip, one.changes, one.scene, one.places, outcome, whole, chance, loose
                )
        return None

    def _chance(self) -> float:
        """How probable it is that another number in this region agrees by chance; equal numbers
        count once."""
        room = self.answer.half + TYPICAL * self.world.sway(self.target).max(axis=0)
        off = np.abs(self.answer.value - self.right)[self.wrong]
        share = np.minimum(1.0, room[self.wrong] / np.maximum(off, 1e-300))
        _, first = np.unique(self.answer.value[self.wrong], return_index=True)
        return float(np.prod(share[first]))

    def judged(self, one: Explanation) -> Explanation:
        """With how many of the person's other quantities it explains, and contradicts."""
        explained = contradicted = 0
        for node, answer in self.answers.items():
            between = self.world.between(node)
            if node == self.target or not any(place in between for place in one.places):
                continue
            try:
                agrees = self._agrees(node, answer, one.changes)
            except ValueError:
                continue
            contradicted += not agrees
            explained += agrees and not self._agrees(node, answer, {})
        return replace(one, explained=explained, contradicted=contradicted)

    def _agrees(self, node: Node, answer: Answer, changes: Mapping[Node, Change]) -> bool:
        needed = answer.there
        fits, _ = agreement(self.world, node, answer, needed, changes, all_or_none=True)
        return bool(fits[:, needed].all(axis=1).any())


def _everywhere(slip: Slip, single: list[_Candidate]) -> Iterator[_Candidate]:
    """The same slip in each layer."""
    first: dict[Node, _Candidate] = {}
    for one in single:
        first.setdefault(one.places[0], one)
    if len(first) > 1:
        nearest = next(iter(first.values()))
        changes = {node: one.changes[node] for node, one in first.items()}
        more = tuple(node for one in first.values() for node in one.more)
        yield _Candidate(slip, changes, nearest.scene, tuple(first), more)


def _after(world: World, number: int, inner: Mapping[Node, Change]) -> Change:
    return lambda values: world.graph.loss_after(number, values, inner)


def explanations(
    world: World, target: Node, answers: Mapping[Node, Answer], wrong: Mask
) -> list[Explanation]:
    """The slips that give the wrong numbers of a quantity, the simplest first, each once.

    Parameters
    ----------
    world
        The person's own numbers, and what follows from them.
    target
        The first wrong quantity.
    answers
        All of the person's numbers: a slip must not contradict those that depend on it.
    wrong
        Which of the target's numbers do not follow from the numbers before it.
    """
    search = _Search(world, target, answers, wrong)
    tried = list(search.candidates())
    found = [one for one in (search.explained(each, False) for each in tried) if one]
    if not found and world.unwritten(target):
        found = [one for one in (search.explained(each, True) for each in tried) if one]
    judged = [search.judged(one) for one in found]
    least = min((one.contradicted for one in judged), default=0)
    kept = [one for one in judged if one.contradicted == least]
    kept.sort(key=lambda one: (-one.explained, not one.whole, len(one.places)))
    most = kept[0].explained if kept else 0
    once: dict[str, Explanation] = {}
    for one in kept:
        if one.explained == most:
            once.setdefault(one.slip.name, one)
    return list(once.values())
