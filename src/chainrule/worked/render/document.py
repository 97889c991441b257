"""A trace as a document that no format owns: sections, blocks, and numbers written out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import InvalidInputError
from chainrule.worked.example import Note
from chainrule.worked.expressions import Expression, Ref, in_columns
from chainrule.worked.quantities import STAGES, Quantity, Step, Trace
from chainrule.worked.render.cells import Cell, cell, multiplies, shortened
from chainrule.worked.render.facts import facts, legend
from chainrule.worked.render.notation import Voice
from chainrule.worked.render.printed import Printed, printed
from chainrule.worked.render.summary import LARGEST, Summary, indices, is_large, largest, summary

__all__ = [
    "Block",
    "Document",
    "Section",
    "StepPart",
    "check_decimals",
    "document",
    "laid_out",
    "voice",
]

Floats = npt.NDArray[np.float64]

MOST_CELLS = 16
"""So many numbers of an entrywise formula are written out, of more only the largest."""
LONG_SUMS, BRIEF_SUMS = (13, 5), (5, 3)
"""Of a sum of more terms than the first number, the second says how many are shown."""
MOST_LOSSES = 30
MOST_DECIMALS = 17


@dataclass(frozen=True)
class Block:
    """One quantity: ``matrices`` as they are printed (one, or one a sample), each in two
    dimensions; with ``summary``, they are too large to print. ``cells`` are all its numbers
    written out; where that says too little for its length, ``largest`` has a few of them."""

    key: str
    title: str
    name: Ref
    shape: str
    matrices: tuple[Floats, ...]
    formula: Expression | None = None
    also: Expression | None = None
    cells: tuple[Cell, ...] = ()
    largest: tuple[Cell, ...] = ()
    summary: Summary | None = None
    notes: tuple[str, ...] = ()
    printed: Printed | None = None


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepPart:
    number: int
    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Document:
    title: str
    name: str
    source: str
    facts: Mapping[str, str]
    remarks: tuple[str, ...]
    steps: tuple[StepPart, ...]
    losses: tuple[tuple[int, float], ...]
    questions: tuple[tuple[str, str], ...]
    legend: str
    voice: Voice
    trace: Trace


def document(trace: Trace, decimals: int = 4, steps: str = "ends") -> Document:
    """The trace, arranged. ``steps="all"`` shows every step in full and every loss, ``"ends"`` the
    first step and the last, and the losses of at most ``MOST_LOSSES`` steps."""
    check_decimals(decimals)
    if steps not in ("ends", "all"):
        raise InvalidInputError(f"steps must be 'ends' or 'all', got {steps!r}.")
    example = trace.example
    first, last = trace.steps[0], trace.steps[-1]
    chosen = trace.steps if steps == "all" else (first, last) if last is not first else (first,)
    several = len(trace.steps) > 1
    return Document(
        title=example.title,
        name=example.name,
        source=example.source,
        facts=facts(example),
        remarks=(*trace.remarks, *_batches(trace), *_general_notes(trace)),
        steps=tuple(_step(trace, step, several) for step in chosen),
        losses=_losses(trace, len(trace.losses) if steps == "all" else MOST_LOSSES),
        questions=tuple((one.question, one.answer) for one in example.questions),
        legend=legend(decimals, any(is_large(value) for value in first.values.values())),
        voice=voice(trace, first, decimals),
        trace=trace,
    )


def check_decimals(decimals: int) -> None:
    if not isinstance(decimals, int) or not 0 <= decimals <= MOST_DECIMALS:
        raise InvalidInputError(
            f"decimals must be a whole number from 0 to {MOST_DECIMALS}, got {decimals!r}."
        )


def voice(trace: Trace, step: Step, decimals: int) -> Voice:
    return Voice(trace.example.names, trace.layout, step.kinds, decimals)


def laid_out(x: Expression | None, trace: Trace) -> Expression | None:
    """A formula in the trace's layout."""
    return in_columns(x) if x is not None and trace.layout == "column" else x


def _losses(trace: Trace, most: int) -> tuple[tuple[int, float], ...]:
    """The loss after so many steps: of all of them, or of ``most``, the first ones close by."""
    if len(trace.steps) == 1:
        return ()
    found = list(enumerate(trace.losses.tolist()))
    if len(found) <= most:
        return tuple(found)
    places = np.unique(np.geomspace(1, len(found) - 1, most - 1).round().astype(int))
    return (found[0], *(found[place] for place in places))


def _step(trace: Trace, step: Step, several: bool) -> StepPart:
    sections = []
    for stage, title in STAGES.items():
        chosen = [one for one in step.quantities.values() if one.stage == stage]
        if chosen:
            blocks = tuple(_block(trace, step, one) for one in chosen)
            notes = () if stage in step.quantities else _notes(trace, step, stage)
            sections.append(Section(stage, title, blocks, notes))
    title = f"Step {step.number} of {len(trace.steps)}" if several else ""
    return StepPart(step.number, title, tuple(sections))


def _block(trace: Trace, step: Step, quantity: Quantity) -> Block:
    large = is_large(quantity.value)
    size = quantity.value.size
    # beside matrices that are only summarised, a few numbers of each quantity say enough
    brief = any(is_large(one) for one in step.values.values())
    most = 1 if brief else MOST_CELLS
    written = size <= most or (_is_product(quantity) and not brief)
    known = _printed(trace, step).get(quantity.key)
    return Block(
        key=quantity.key,
        title=quantity.title,
        name=Ref(quantity.key),
        shape=_shape(quantity, trace),
        matrices=_matrices(quantity, trace),
        formula=laid_out(quantity.formula, trace),
        also=laid_out(quantity.also, trace),
        cells=tuple(_cells(step, quantity, brief)) if written else (),
        largest=() if written else tuple(_largest(step, quantity, brief)),
        summary=summary(quantity.oriented(trace.layout)) if large else None,
        notes=_notes(trace, step, quantity.key),
        printed=None if known is None else printed(known, quantity, trace.layout),
    )


def _printed(trace: Trace, step: Step) -> Mapping[str, Any]:
    """The document's numbers of a step."""
    first = trace.example.printed if step is trace.steps[0] else {}
    last = trace.example.printed_last if step is trace.steps[-1] else {}
    return {**first, **last}


def _matrices(quantity: Quantity, trace: Trace) -> tuple[Floats, ...]:
    """In two dimensions: a number a sample or a unit is a row or a column, as the layout has it."""
    value, column = quantity.oriented(trace.layout), trace.layout == "column"
    if quantity.kind == "jacobian":
        return tuple(value)
    if quantity.kind == "scalar":
        return (value.reshape(1, 1),)
    if quantity.kind == "matrix":
        return (value,)
    upright = (quantity.kind == "rows") != column
    return (value.reshape(-1, 1) if upright else value.reshape(1, -1),)


def _shape(quantity: Quantity, trace: Trace) -> str:
    if quantity.kind == "scalar":
        return ""
    return " × ".join(map(str, quantity.oriented(trace.layout).shape))


def _is_product(quantity: Quantity) -> bool:
    return quantity.formula is not None and multiplies(quantity.formula)


def _cells(step: Step, quantity: Quantity, brief: bool) -> Iterator[Cell]:
    """Every number written out, in the layout's reading order; long sums are cut."""
    if quantity.formula is None:
        return
    turned = step.layout == "column" and quantity.kind == "matrix"
    for index in indices(quantity.oriented(step.layout).shape):
        found = cell(step, quantity.key, index[::-1] if turned else index)
        if found is None:
            return
        yield _short(found, step, brief)


def _largest(step: Step, quantity: Quantity, brief: bool) -> Iterator[Cell]:
    if quantity.formula is None:
        return
    count = (2 if _is_product(quantity) else 1) if brief else LARGEST
    for index in largest(quantity.value, count):
        found = cell(step, quantity.key, index)
        if found is not None:
            yield _short(found, step, brief)


def _short(found: Cell, step: Step, brief: bool) -> Cell:
    return shortened(found, *(BRIEF_SUMS if brief else LONG_SUMS), step)


def _notes(trace: Trace, step: Step, at: str) -> tuple[str, ...]:
    notes: Sequence[Note] = trace.example.notes if step is trace.steps[0] else ()
    return tuple(_note(note) for note in notes if note.at == at)


def _batches(trace: Trace) -> Iterator[str]:
    """What to know of the losses where the steps do not share their samples."""
    if len({step.rows for step in trace.steps}) > 1:
        yield (
            "Each step has its own samples: the loss after a step is that of the next step's "
            "samples (after the last one, of its own), so that it need not fall."
        )


def _general_notes(trace: Trace) -> Iterator[str]:
    """Notes at nothing that the first step has: they stand at the top."""
    for note in trace.example.notes:
        if note.at not in trace.steps[0] and note.at not in STAGES:
            yield _note(note)


def _note(note: Note) -> str:
    if note.erratum is None:
        return note.text
    from chainrule.worked.errata import erratum

    found = erratum(note.erratum)
    said = f"Erratum {found.number}. Printed: {found.printed} Right: {found.right}"
    return f"{said} {note.text}".strip()
