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

from chainrule.worked.checking.answers import Answer, Floats, Node
from chainrule.worked.checking.slips import SLIPS, Scene, Slip, slipped
from chainrule.worked.checking.world import Change, Graph, World
from chainrule.worked.expressions import Expression, Ref, mentioned

__all__ = ["ROOMS", "UNWRITTEN", "Explanation", "Numbers", "agreement", "explanations"]

Mask = npt.NDArray[np.bool_]

NOISE = 1e-12
"""What two ways to the same number may differ by in double precision, relative and absolute."""
SLACK = 1.02
"""The spread is of first order; this much is left for the rest."""
FAR = 50.0
"""The spread is surely less than so many times the sway,"""
STEEP = 3.0
"""The spread may be so many times larger at the typed numbers than at those with all decimals."""
TYPICAL = 2.0
"""and about so many times."""
CHANCE = 0.1
"""Above this, a slip may well agree by chance."""


@dataclass(frozen=True)
class Explanation:
    """A slip that gives what was typed: made at each of ``places``.

    ``whole``: it gives every number of the quantity, not only the wrong ones. ``chance`` is how
    probable it is that an unrelated number agrees too. ``loose``: it agrees only if some of
    the numbers before were rounded and others not. ``outcome`` is what it gives exactly.
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


@dataclass(frozen=True)
class Numbers:
    """A person's numbers, twice: as ``typed``, and as ``kept`` by somebody who rounds only what
    is written: there, a right number has all its decimals, and no half unit."""

    typed: World
    kept: World

    @property
    def graph(self) -> Graph:
        return self.typed.graph

    def settle(self, node: Node) -> None:
        self.typed.settle(node)
        self.kept.settle(node)

    def adopt(self, changes: Mapping[Node, Change], last: Node) -> None:
        self.typed.adopt(changes, last)
        self.kept.adopt(changes, last)


EXACT, SPREAD, UNWRITTEN = "exact", "spread", "unwritten"
ROOMS = (EXACT, SPREAD, UNWRITTEN)
"""How far a number may be off: its own half unit; what the half units before it explain; and
what they explain if the steps between that were not written down were rounded too."""


def agreement(
    numbers: Numbers,
    node: Node,
    answer: Answer,
    needed: Mask,
    room: str,
    changes: Mapping[Node, Change] | None = None,
    more: tuple[Node, ...] = (),
    together: bool = False,
) -> tuple[Mask, Floats]:
    """Which numbers agree with what comes out, for each formula of the node; and what comes out.

    Somebody may have gone on with all decimals, with the numbers as typed, or with some of each.
    Only the ``needed`` are looked at closely; ``together``: it counts only whether all agree.
    """
    kept, typed = numbers.kept, numbers.typed
    outcomes = kept.outcomes(node, changes)
    fits = _within(answer, outcomes, answer.half)
    if not typed.exact(node):
        found = typed.outcomes(node, changes)
        fits = fits | _within(answer, found, answer.half)
    if room == EXACT:
        return fits, outcomes
    hidden = float(np.nanmax(answer.half)) if room == UNWRITTEN else 0.0
    for world in (kept, typed):
        each = fits[:, needed]
        if each.all(axis=1).any() if together else each.any(axis=0).all():
            break
        found = world.outcomes(node, changes)
        sway = world.sway(node, changes, more, hidden)
        possible = needed & _within(answer, found, answer.half + FAR * sway)
        if together:
            possible &= possible[:, needed].all(axis=1).reshape(-1, *[1] * needed.ndim)
        if (possible & ~fits).any():
            spread = world.spread(node, changes, more, hidden)
            if world is typed:  # a number that was rounded to 0.00 explains nothing
                most = kept.spread(node, changes, more, hidden, like=typed)
                spread = np.minimum(spread, STEEP * most)
            fits = fits | _within(answer, found, answer.half + SLACK * spread)
    return fits, outcomes


def _within(answer: Answer, found: Floats, room: Floats) -> Mask:
    with np.errstate(invalid="ignore"):
        near: Mask = np.abs(answer.value - found) <= room + slack(found)
    return near


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

    numbers: Numbers
    target: Node
    answers: Mapping[Node, Answer]
    wrong: Mask

    @property
    def world(self) -> World:
        return self.numbers.typed

    @property
    def answer(self) -> Answer:
        return self.answers[self.target]

    @cached_property
    def right(self) -> Floats:
        """What should have come out, from the person's own numbers."""
        return self.numbers.kept.outcomes(self.target)[0]

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

    def explained(self, one: _Candidate, room: str) -> Explanation | None:
        """The candidate, if it gives every wrong number."""
        there = self.answer.there
        needed = self.wrong if one.places == (self.target,) else there
        try:
            fits, found = agreement(
                self.numbers, self.target, self.answer, needed, room, one.changes, one.more, True
            )
        except ValueError:  # the slip's shapes do not fit: it cannot have been made here
            return None
        for agrees, outcome in zip(fits, found, strict=True):
            if agrees[needed].all() and np.isfinite(outcome[needed]).all():
                chance = self._chance()
                whole = bool(agrees[there].all())
                return Explanation(
                    one.slip,
                    one.changes,
                    one.scene,
                    one.places,
                    outcome,
                    whole,
                    chance,
                    room != EXACT,
                )
        return None

    def _chance(self) -> float:
        """How probable it is that another number in this region agrees by chance; equal numbers
        count once."""
        room = self.answer.half + TYPICAL * self.numbers.kept.sway(self.target).max(axis=0)
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
        fits, _ = agreement(self.numbers, node, answer, needed, SPREAD, changes, together=True)
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
    numbers: Numbers, target: Node, answers: Mapping[Node, Answer], wrong: Mask
) -> list[Explanation]:
    """The slips that give the wrong numbers of a quantity, the simplest first, each once.

    Parameters
    ----------
    numbers
        The person's own numbers, and what follows from them.
    target
        The first wrong quantity.
    answers
        All of the person's numbers: a slip must not contradict those that depend on it.
    wrong
        Which of the target's numbers do not follow from the numbers before it.
    """
    search = _Search(numbers, target, answers, wrong)
    tried = list(search.candidates())
    found: list[Explanation] = []
    for room in ROOMS:
        if not found and (room != UNWRITTEN or numbers.typed.unwritten(target)):
            found = [one for one in (search.explained(each, room) for each in tried) if one]
    judged = [search.judged(one) for one in found]
    least = min((one.contradicted for one in judged), default=0)
    kept = [one for one in judged if one.contradicted == least]
    at_it = (target,)  # a slip there is nearer than one in a step that was not written down
    kept.sort(key=lambda one: (-one.explained, not one.whole, len(one.places), one.places != at_it))
    most = kept[0].explained if kept else 0
    once: dict[str, Explanation] = {}
    for one in kept:
        if one.explained == most:
            once.setdefault(one.slip.name, one)
    return list(once.values())
