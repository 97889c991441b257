"""Check a person's own calculation: right, rounded or wrong, and where the first slip is.

The answers are taken in the order of the calculation. Each number is compared with the trace;
with what follows from the person's own right numbers before it, within their rounding; and with
what follows from all of their numbers. What agrees with none of these is a slip.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.worked.calculate import trace
from chainrule.worked.checking.answers import Answer, Floats, Node, blanks, read_answers
from chainrule.worked.checking.diagnosis import (
    ROOMS,
    UNWRITTEN,
    Explanation,
    Mask,
    Numbers,
    agreement,
    explanations,
    slack,
)
from chainrule.worked.checking.findings import Finding, finding
from chainrule.worked.checking.report import Mark, Report, marks
from chainrule.worked.checking.world import Graph, World
from chainrule.worked.quantities import Trace

__all__ = ["Finding", "Mark", "Report", "check"]


def check(
    source: Any,
    answers: str | Path | Mapping[str, Any],
    X: Any = None,
    y: Any = None,
    **changes: Any,
) -> Report:
    """Check one's own numbers against a worked example, and find the first slip.

    Parameters
    ----------
    source, X, y, **changes
        What was calculated: as for ``trace``, or a trace.
    answers
        The path of a ``.toml``, ``.json`` or ``.csv`` file, or a mapping: numbers by quantity, as
        few or as many as there are (``answers.py`` has the format). The decimals count: a number
        with 4 decimals may be half a unit of the fourth off, and what is calculated from it may
        be off by what follows from that.

    Returns
    -------
    Report
        ``ok`` is true if nothing is wrong. ``marks`` has a verdict for each number: ``right`` (the
        number, correctly rounded), ``rounded`` (off by no more than their own rounding explains) or
        ``wrong``; wrong ones that only follow from wrong ones say so. ``first_wrong`` names the
        quantity of the first slip and ``findings`` say, of each slip, which known one gives
        exactly those numbers. ``text()`` is for a terminal; in a notebook a report shows itself.

    Raises
    ------
    ExampleError
        For an example or answers that cannot be used; the message says which.

    Examples
    --------
    >>> import chainrule
    >>> report = chainrule.check("B-Q1.1", {"Z1": "0.3000", "A1": "0.2913", "Z2": "0.1165"})
    >>> report.ok, report.first_wrong
    (False, 'Z2')
    >>> report.findings[0].slips
    ('forgot_bias',)
    >>> chainrule.check("B-Q1.1", {"Z1": "0.30", "A1": "0.29", "Z2": "0.22", "A2": "0.22"}).ok
    True
    """
    found = source if isinstance(source, Trace) and not changes else trace(source, X, y, **changes)
    given = read_answers(answers, found)
    return _Check(found, given).report(blanks(answers, found))


@dataclass
class _Check:
    """``clean`` holds the person's right numbers, ``own`` all of them."""

    trace: Trace
    answers: Mapping[Node, Answer]
    graph: Graph = field(init=False)
    clean: Numbers = field(init=False)
    own: Numbers = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.graph = Graph(self.trace)
        given = {node: answer.value for node, answer in self.answers.items()}
        half = {node: _half(answer) for node, answer in self.answers.items()}
        self.own = Numbers(World(self.graph, given, half), World(self.graph, given, half))
        self.clean = Numbers(World(self.graph), World(self.graph))

    def report(self, blank: int) -> Report:
        for node in self.graph.order:
            if node in self.answers:
                self._judge(node, self.answers[node])
            self.clean.settle(node)
            self.own.settle(node)
        return Report(
            self.trace, tuple(self.marks), tuple(self.findings), blank, self.trace.remarks
        )

    def _judge(self, node: Node, answer: Answer) -> None:
        truth = self.graph.quantity(node).value
        with np.errstate(invalid="ignore"):
            right = np.abs(answer.value - truth) <= answer.half + slack(truth)
        rounded = follows = np.zeros_like(right)
        for room in ROOMS:
            left = answer.there & ~(right | rounded | follows)
            rounded = rounded | left & self._agrees(self.clean, node, answer, left, room)
            left &= ~rounded
            follows = follows | left & self._agrees(self.own, node, answer, left, room)
        wrong = answer.there & ~(right | rounded)
        self._keep(self.clean, node, answer, right, wrong)
        self.marks += marks(self.trace, node, answer, right, rounded, follows)
        slipped = wrong & ~follows
        found = explanations(self.own, node, self.answers, slipped) if slipped.any() else []
        if slipped.any():
            self.findings.append(
                finding(self.own.kept, node, answer, slipped, found, self.findings)
            )
        self._keep(self.own, node, answer, right, np.zeros_like(wrong), found)
        if found:
            self.own.adopt(found[0].changes, node)

    def _agrees(self, numbers: Numbers, node: Node, answer: Answer, left: Mask, room: str) -> Mask:
        """Which of the numbers left follow from those before."""
        if not left.any() or (room == UNWRITTEN and not self.own.typed.unwritten(node)):
            return np.zeros_like(left)
        fits: Mask = np.asarray(agreement(numbers, node, answer, left, room)[0].any(axis=0))
        return fits

    def _keep(
        self,
        numbers: Numbers,
        node: Node,
        answer: Answer,
        right: Mask,
        dropped: Mask,
        found: Sequence[Explanation] = (),
    ) -> None:
        """Put an answer in: as typed, and with all the decimals of what it is the rounding of."""
        truth, half = self.graph.quantity(node).value, _half(answer)
        exact, known = np.where(right, truth, answer.value), np.where(right, 0.0, half)
        outcomes = [one.outcome for one in found[:1]] or [*numbers.kept.outcomes(node)]
        for outcome in outcomes[::-1]:
            with np.errstate(invalid="ignore"):
                agrees = np.abs(answer.value - outcome) <= answer.half + slack(outcome)
            exact = np.where(agrees, outcome, exact)
            known = np.where(agrees, 0.0 if numbers.kept.exact(node) else half, known)
        for world, value, room in (
            (numbers.typed, answer.value, half),
            (numbers.kept, exact, known),
        ):
            value = np.where(dropped | ~answer.there, np.nan, value)
            world.give(node, value, np.where(dropped, 0.0, room))


def _half(answer: Answer) -> Floats:
    """Half units, NaN where nothing was written."""
    return np.where(answer.there, answer.half, np.nan)
