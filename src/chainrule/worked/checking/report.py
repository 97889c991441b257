"""The report of a check: plain data, and how it shows itself."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

import numpy as np

from chainrule.worked.checking.answers import Answer, Node
from chainrule.worked.checking.diagnosis import Mask
from chainrule.worked.checking.findings import Finding, called, fixed
from chainrule.worked.names import shown_index
from chainrule.worked.quantities import Trace
from chainrule.worked.shown import html_template

__all__ = ["Group", "Mark", "Report", "marks"]

MOST_LISTED = 8


@dataclass(frozen=True)
class Mark:
    """One number: ``verdict`` is ``right``, ``rounded`` or ``wrong``.

    ``index`` counts from 1 in the example's layout. ``typed`` is as it was written, ``ours`` the
    right number to the same decimals. A wrong number that ``follows`` is consistent with the
    person's numbers before it: the slip is earlier.
    """

    step: int
    key: str
    index: tuple[int, ...]
    name: str
    typed: str
    ours: str
    verdict: str
    follows: bool = False


@dataclass(frozen=True)
class Group:
    """A quantity's marks together; ``lines`` have what is not right, equal numbers once."""

    name: str
    verdict: str
    counts: str
    lines: tuple[str, ...]


def marks(
    trace: Trace, node: Node, answer: Answer, right: Mask, rounded: Mask, follows: Mask
) -> Iterator[Mark]:
    """A mark for each number of an answer, as the layout is read."""
    quantity = trace.steps[node[0] - 1].quantity(node[1])
    turned = quantity.kind == "matrix" and trace.layout == "column"
    for place in np.ndindex(*quantity.oriented(trace.layout).shape):
        at = place[::-1] if turned else place
        if not answer.there[at]:
            continue
        yield Mark(
            step=node[0],
            key=node[1],
            index=shown_index(at, quantity.kind, trace.layout),
            name=called(trace, node, at),
            typed=str(answer.typed[at]),
            ours=fixed(float(quantity.value[at]), float(answer.half[at])),
            verdict="right" if right[at] else "rounded" if rounded[at] else "wrong",
            follows=bool(follows[at]),
        )


@dataclass(frozen=True)
class Report:
    """What a check found. ``blanks`` counts the numbers that were left open."""

    trace: Trace
    marks: tuple[Mark, ...]
    findings: tuple[Finding, ...]
    blanks: int = 0
    remarks: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; what is rounded is right too."""
        return all(mark.verdict != "wrong" for mark in self.marks)

    @property
    def first_wrong(self) -> str | None:
        """The key of the first wrong quantity, as ``step2.dW1`` in a later step."""
        for mark in self.marks:
            if mark.verdict == "wrong":
                return mark.key if mark.step == 1 else f"step{mark.step}.{mark.key}"
        return None

    @property
    def counts(self) -> dict[str, int]:
        """How many numbers are right, rounded and wrong."""
        found = Counter(mark.verdict for mark in self.marks)
        return {verdict: found[verdict] for verdict in ("right", "rounded", "wrong")}

    @property
    def summary(self) -> str:
        """One line: the counts, and what they mean."""
        if not self.marks:
            return f"No numbers to check, {self.blanks} left open."
        parts = [f"{count} {verdict}" for verdict, count in self.counts.items() if count]
        blanks = f"; {self.blanks} left open" if self.blanks else ""
        total = f"{len(self.marks)} number{'s' * (len(self.marks) != 1)}"
        return f"{total}: {', '.join(parts)}{blanks}."

    @property
    def groups(self) -> list[Group]:
        """The marks by quantity, in the order of the calculation."""
        found: dict[Node, list[Mark]] = {}
        for mark in self.marks:
            found.setdefault((mark.step, mark.key), []).append(mark)
        return [_group(called(self.trace, node), part) for node, part in found.items()]

    def text(self, width: int = 100) -> str:
        """The report for a terminal of ``width`` columns, without colours."""
        width = max(width, 24)
        lines = wrap(self._title, width)
        lines += wrap(self.summary, width)
        for one in self.findings:
            lines += ["", *wrap(one.text, width)]
        lines += ["", *self._table(width)]
        for remark in self.remarks:
            lines += ["", *wrap(remark, width)]
        return "\n".join(line.rstrip() for line in lines) + "\n"

    @property
    def _title(self) -> str:
        example = self.trace.example
        return f"{example.name}: {example.title}" if example.name else example.title

    def _table(self, width: int) -> Iterator[str]:
        groups = self.groups
        room = min(max((len(group.name) for group in groups), default=0), width // 2)
        for group in groups:
            line = f"{group.name.ljust(room)}  {group.counts}"
            yield from wrap(line, width, subsequent_indent="    ")
            for line in group.lines:
                yield from wrap(line, width, initial_indent="    ", subsequent_indent="        ")

    def html(self) -> str:
        """The report as a piece of HTML."""
        return str(html_template("report.html.j2").render(report=self, title=self._title))

    def _repr_html_(self) -> str:
        return self.html()


def _group(name: str, part: list[Mark]) -> Group:
    counts = Counter(_kind(mark) for mark in part)
    order = ("right", "rounded", "wrong", "wrong, as it follows from the above")
    words = [
        f"{counts[kind]} {kind}" if len(counts) > 1 else kind for kind in order if counts[kind]
    ]
    verdicts = {mark.verdict for mark in part}
    verdict = next(one for one in ("wrong", "rounded", "right") if one in verdicts)
    listed: dict[tuple[str, str, str], list[Mark]] = {}
    for mark in part:
        if mark.verdict != "right":
            listed.setdefault((mark.typed, mark.ours, mark.verdict), []).append(mark)
    lines = [_line(marks) for marks in listed.values()]
    if len(lines) > MOST_LISTED:
        lines = [*lines[:MOST_LISTED], f"and {len(lines) - MOST_LISTED} more"]
    return Group(name, verdict, ", ".join(words), tuple(lines))


def _line(equal: list[Mark]) -> str:
    mark, others = equal[0], len(equal) - 1
    found = f"{mark.name} = {mark.typed}{f' (and {others} like it)' if others else ''}"
    if mark.verdict == "wrong":
        return f"{found}: wrong, {mark.ours} is right"
    return f"{found}: rounded on the way, {mark.ours} is nearer"


def _kind(mark: Mark) -> str:
    return "wrong, as it follows from the above" if mark.follows else mark.verdict
