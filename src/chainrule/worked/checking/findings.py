"""What was found, in a student's words: the wrong quantity, the slip, the right formula."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.worked.checking.answers import Answer, Node
from chainrule.worked.checking.diagnosis import CHANCE, Explanation, Mask
from chainrule.worked.checking.world import World
from chainrule.worked.names import shown_index, text
from chainrule.worked.quantities import Trace

__all__ = ["Finding", "called", "finding", "fixed"]

MOST_NAMED = 3


@dataclass(frozen=True)
class Finding:
    """A slip: at ``key`` of ``step`` the numbers stop following from those before.

    ``slips`` are the names of the known slips (``slips.py``) that give the numbers, the simplest
    first; ``at`` is where the first of them is made: the quantity itself, or one before it that
    was not written down. ``unsure``: more decimals would tell. ``sentences`` say all of it.
    """

    step: int
    key: str
    slips: tuple[str, ...]
    at: str
    unsure: bool
    formula: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.sentences)


def fixed(value: float, half: float) -> str:
    """A number to the decimals that ``half`` a unit belongs to, no more than it holds."""
    if not np.isfinite(value):
        return str(value)
    decimals = min(max(0, round(-np.log10(2 * half))), 17) if half > 0 else 17
    found = f"{value:.{decimals}f}"
    return found.removeprefix("-") if float(found) == 0 else found


def called(trace: Trace, node: Node, index: tuple[int, ...] = ()) -> str:
    """A quantity, or one of its numbers (in the row convention), by the example's names."""
    kind = trace.steps[node[0] - 1].quantity(node[1]).kind
    name = text(node[1], trace.example.names, shown_index(index, kind, trace.layout))
    return name if node[0] == 1 else f"{name} of step {node[0]}"


def finding(
    world: World,
    node: Node,
    answer: Answer,
    wrong: Mask,
    found: Sequence[Explanation],
    before: Sequence[Finding],
) -> Finding:
    """The words for a quantity that does not follow, and for what may explain it."""
    trace = world.graph.trace
    place = found[0].places[0] if found else node
    unsure = any(one.chance > CHANCE or one.loose for one in found)
    differ = [one for one in found[1:] if not np.allclose(one.outcome, found[0].outcome, 1e-9)]
    sentences = [_where(trace, node, wrong, before), _example(world, node, answer, wrong)]
    sentences += _why(trace, node, answer, found, bool(differ))
    if unsure and not differ:
        sentences.append("Few decimals agree with much by chance: more decimals would tell.")
    formula = _formula(trace, place)
    if formula:
        sentences.append(f"The formula is {formula}.")
    return Finding(
        node[0], node[1], tuple(one.slip.name for one in found), place[1],
        unsure or bool(differ), formula, tuple(sentences),
    )  # fmt: skip


def _where(trace: Trace, node: Node, wrong: Mask, before: Sequence[Finding]) -> str:
    name = called(trace, node)
    some = f": {wrong.sum()} of its {wrong.size} numbers" if wrong.sum() < wrong.size > 1 else ""
    if not before:
        return f"{name} is the first wrong quantity{some}."
    return f"{name} does not follow from your numbers before it either{some}."


def _example(world: World, node: Node, answer: Answer, wrong: Mask) -> str:
    """The first wrong number beside the right one, and what its own predecessors give."""
    trace = world.graph.trace
    at = _first(trace, node, wrong)
    half = float(answer.half[at])
    right = fixed(float(world.graph.quantity(node).value[at]), half)
    yours = fixed(float(world.outcomes(node)[0][at]), half)
    found = f"You have {called(trace, node, at)} = {answer.typed[at]}; {right} is right"
    return f"{found}." if yours == right else f"{found} (your own numbers before it give {yours})."


def _first(trace: Trace, node: Node, wrong: Mask) -> tuple[int, ...]:
    """The first wrong number as the layout is read."""
    turned = wrong.ndim == 2 and trace.layout == "column"
    at = np.argwhere(wrong.T if turned else wrong)[0]
    return tuple(int(i) for i in (at[::-1] if turned else at))


def _why(
    trace: Trace, node: Node, answer: Answer, found: Sequence[Explanation], differ: bool
) -> list[str]:
    if not found:
        return ["No slip that we know gives your number: go through the formula once more."]
    many = "numbers come" if answer.there.sum() > 1 else "number comes"
    words = [_told(trace, node, one) for one in found[:MOST_NAMED]]
    if found[0].loose:
        start = "Within the rounding of the steps between, your"
    elif all(one.whole for one in found):
        start = "Exactly your"
    else:
        start = "Exactly your wrong"
    sentences = [f"{start} {many} out when {'; or when '.join(words)}."]
    if len(found) > MOST_NAMED:
        sentences.append(f"{len(found) - MOST_NAMED} other slips give the same.")
    if differ:
        sentences.append("To your decimals these slips agree: more decimals would tell.")
    elif len(found) > 1:
        sentences.append("These slips give the same numbers here.")
    return sentences


def _told(trace: Trace, node: Node, one: Explanation) -> str:
    """The slip's sentence, and where it is made if that is not the wrong quantity itself."""
    said = _named(trace, one.scene.step.number, one.slip.sentence(one.scene))
    if one.places == (node,):
        return said
    names = " and ".join(called(trace, place) for place in sorted(one.places))
    unwritten = "" if node in one.places else ", which you did not write down"
    return f"{said} (in {names}{unwritten})"


def _named(trace: Trace, number: int, sentence: str) -> str:
    """The keys in a sentence, by the example's names."""
    step, names = trace.steps[number - 1], trace.example.names

    def name(found: re.Match[str]) -> str:
        return text(found[0], names) if found[0] in step else found[0]

    return re.sub(r"\b[A-Za-z_]+\d+(_[a-z]+)?\b", name, sentence)


def _formula(trace: Trace, place: Node) -> str:
    """The right formula of a quantity, in the example's names and layout."""
    from chainrule.worked.render.document import laid_out, voice
    from chainrule.worked.render.plain import PlainNotation

    step = trace.steps[place[0] - 1]
    quantity = step.quantity(place[1])
    if quantity.formula is None or quantity.kind == "jacobian":
        return ""
    notation = PlainNotation(voice(trace, step, 4))
    right = laid_out(quantity.formula, trace)
    assert right is not None
    return f"{text(place[1], trace.example.names)} = {notation.write(right)}"
