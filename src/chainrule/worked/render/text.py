"""A document for the terminal: lines that fit the width, colour only where it is asked for."""

import shutil
from collections.abc import Iterator, Sequence
from textwrap import wrap

import numpy as np
import numpy.typing as npt

from chainrule.worked.render.cells import Cell
from chainrule.worked.render.document import Block, Document, Section
from chainrule.worked.render.heatmap import NEGATIVE_MARKS, POSITIVE_MARKS, marks
from chainrule.worked.render.numbers import aligned, columns_in, shown
from chainrule.worked.render.plain import PlainNotation
from chainrule.worked.render.printed import Printed
from chainrule.worked.render.summary import Summary

__all__ = ["cell_lines", "coloured", "text"]

Line = tuple[str, str]
"""A line and its style."""

NARROWEST, WIDEST = 24, 120
MARKED_ROWS = 4
MARKS = (
    f" Marks, from weak to strong: {POSITIVE_MARKS} positive, {NEGATIVE_MARKS} negative; (8 × 1) "
    "says of how many numbers each is the mean."
)
BRACKETS = {"first": ("⎡", "⎤"), "middle": ("⎢", "⎥"), "last": ("⎣", "⎦")}


def text(found: Document, width: int | None = None, colour: bool = False) -> str:
    """The document as text. ``width`` is the terminal's by default, 80 where there is none."""
    width = screen(width)
    return coloured(list(_Writer(found, width).lines()), width, colour)


def screen(width: int | None) -> int:
    """The width to write for."""
    if width is None:
        width = min(shutil.get_terminal_size((80, 24)).columns, WIDEST)
    return max(width, NARROWEST)


def coloured(lines: Sequence[Line], width: int, colour: bool) -> str:
    """The lines joined; the styles become colour codes only with ``colour``."""
    if not colour:
        return "\n".join(line.rstrip() for line, _ in lines) + "\n"
    from rich.console import Console
    from rich.text import Text

    console = Console(width=width, force_terminal=True, color_system="standard", highlight=False)
    with console.capture() as capture:
        console.print(Text("\n").join(Text(line.rstrip(), style=style) for line, style in lines))
    return capture.get()


def cell_lines(found: Cell, notation: PlainNotation, width: int, indent: int = 0) -> Iterator[Line]:
    """``name = symbols``, then the numbers, then the result; on one line where all fits."""
    name = notation.write(found.name)
    parts = [notation.write(found.symbols), notation.write(found.numbers)]
    parts.append(shown(found.value, notation.voice.decimals))
    parts = [part for i, part in enumerate(parts) if i == 0 or part != parts[i - 1]]
    whole = f"{' ' * indent}{name} = {' = '.join(parts)}"
    if len(whole) <= width:
        yield whole, ""
        return
    hang = " " * min(indent + len(name), width // 3)
    start = f"{' ' * indent}{name}"
    if len(start) > len(hang):
        yield start, ""
        start = hang
    for part in parts:
        yield from _wrapped(part, width, f"{start} = ", f"{hang}   ")
        start = hang


def _wrapped(
    words: str, width: int, first: str = "", then: str = "", style: str = ""
) -> list[Line]:
    lines = wrap(words, width, initial_indent=first, subsequent_indent=then, break_on_hyphens=False)
    return [(line, style) for line in lines]


class _Writer:
    def __init__(self, found: Document, width: int):
        self.document, self.width = found, width
        self.notation = PlainNotation(found.voice)
        self.decimals = found.voice.decimals

    def lines(self) -> Iterator[Line]:
        found = self.document
        title = f"{found.name}: {found.title}" if found.name else found.title
        yield from _wrapped(title, self.width, style="bold")
        yield from _wrapped(found.source, self.width, style="dim")
        yield "", ""
        for heading, words in found.facts.items():
            yield from _wrapped(f"{heading}: {words}", self.width, then="  ")
        for remark in found.remarks:
            yield from self._note(remark, "")
        for step in found.steps:
            if step.title:
                yield "", ""
                yield from _wrapped(step.title.upper(), self.width, style="bold cyan")
            for section in step.sections:
                yield from self._section(section)
        yield from self._losses()
        for question, answer in found.questions:
            yield "", ""
            yield from _wrapped(question, self.width, style="bold")
            yield from _wrapped(answer, self.width)
        yield "", ""
        marked = any(
            block.summary for step in found.steps for part in step.sections for block in part.blocks
        )
        yield from _wrapped(f"{found.legend}{MARKS if marked else ''}", self.width, style="dim")

    def _section(self, section: Section) -> Iterator[Line]:
        yield "", ""
        yield section.title, "bold cyan"
        yield "─" * min(self.width, 60), "cyan"
        for note in section.notes:
            yield from self._note(note, "")
        for i, block in enumerate(section.blocks):
            if i:
                yield "", ""
            yield from self._block(block)

    def _block(self, block: Block) -> Iterator[Line]:
        shape = f" ({block.shape})" if block.shape else ""
        yield from _wrapped(
            f"{block.key}: {block.title}{shape}", self.width, then="  ", style="bold"
        )
        name = self.notation.write(block.name)
        for formula in (block.formula, block.also):
            if formula is not None:
                yield from _wrapped(
                    f"{name} = {self.notation.write(formula)}", self.width, "  ", "    "
                )
        if block.summary is not None:
            yield from self._summary(block, block.summary)
        elif block.shape or not block.cells:
            for number, matrix in enumerate(block.matrices, 1):
                if len(block.matrices) > 1:
                    yield f"  sample {number}", "dim"
                yield from self._matrix(matrix)
        for found in block.cells:
            yield from cell_lines(found, self.notation, self.width, 2)
        yield from self._list("Largest in magnitude:", block.largest)
        if block.printed is not None:
            yield from self._printed(block.printed, block)
        for note in block.notes:
            yield from self._note(note, "  ")

    def _matrix(self, value: npt.NDArray[np.float64]) -> Iterator[Line]:
        """In brackets; a matrix wider than the screen in parts."""
        texts = aligned(value.ravel(), self.decimals)
        rows = [texts[i : i + value.shape[1]] for i in range(0, len(texts), value.shape[1])]
        widths = [max(len(row[k]) for row in rows) for k in range(value.shape[1])]
        if value.size == 1:
            yield f"  = {texts[0]}", ""
            return
        parts = columns_in([width + 2 for width in widths], self.width - 8)
        if len(rows) == 1:
            yield from self._row(rows[0], widths, parts)
            return
        for part in parts:
            if len(part) < len(widths):
                yield f"  columns {part.start + 1} to {part.stop}", "dim"
            for i, row in enumerate(rows):
                where = "first" if i == 0 else "last" if i == len(rows) - 1 else "middle"
                left, right = BRACKETS[where]
                cells = "  ".join(row[k].rjust(widths[k]) for k in part)
                yield f"    {left} {cells} {right}", ""

    def _row(self, row: list[str], widths: list[int], parts: list[range]) -> Iterator[Line]:
        """A matrix of one row, on as many lines as it needs."""
        for part in parts:
            cells = "  ".join(row[k].rjust(widths[k]) for k in part)
            left, right = "[" if part.start == 0 else " ", "]" if part is parts[-1] else ""
            yield f"    {left} {cells} {right}", ""

    def _summary(self, block: Block, found: Summary) -> Iterator[Line]:
        """The matrix in a sentence, and as marks: in blocks where there is no room for each."""
        if block.key.endswith(("_data", "_penalty")):  # their sum is drawn
            yield from _wrapped(summary_words(found, self.decimals), self.width, "  ", "  ")
            return
        matrix = block.matrices[0]
        lines, scale = marks(matrix, MARKED_ROWS, self.width - 6)
        high, wide = matrix.shape[0] / len(lines), matrix.shape[1] / len(lines[0])
        means = "" if high == wide == 1 else f" ({round(high)} × {round(wide)})"
        words = summary_words(found, self.decimals)
        words += f"; marks{means} up to {shown(scale, self.decimals)}"
        yield from _wrapped(words, self.width, "  ", "  ")
        yield from ((f"    {line}", "") for line in lines)

    def _list(self, heading: str, cells: Sequence[Cell]) -> Iterator[Line]:
        if len(cells) > 1:
            yield f"  {heading}", "dim"
        for found in cells:
            yield from cell_lines(found, self.notation, self.width, 2)

    def _printed(self, found: Printed, block: Block) -> Iterator[Line]:
        style = "green" if found.agrees else "red"
        yield from _wrapped(
            printed_words(found, block, self.notation), self.width, "  ", "    ", style
        )

    def _note(self, words: str, indent: str) -> Iterator[Line]:
        yield from _wrapped(f"• {words}", self.width, indent, f"{indent}  ", "yellow")

    def _losses(self) -> Iterator[Line]:
        if self.document.losses:
            from chainrule.worked.render.tables import render_table

            yield "", ""
            yield "Loss after each step", "bold cyan"
            table = render_table(
                ("steps", "loss"), self.document.losses, decimals=self.decimals, width=self.width
            )
            yield from ((line, "") for line in table.splitlines())


def summary_words(found: Summary, decimals: int) -> str:
    """A large matrix in a sentence."""
    number = [shown(x, decimals) for x in (found.norm, found.least, found.greatest)]
    share = f"{100 * found.zeros:.0f} %" if found.zeros else "no"
    return f"norm {number[0]}, from {number[1]} to {number[2]}, {share} zeros"


def printed_words(found: Printed, block: Block, notation: PlainNotation) -> str:
    """What the document prints, and whether ours is the same when rounded."""
    if found.agrees:
        numbers = ", ".join(one.printed for one in found.numbers)
        return f"✓ printed: {numbers}; ours agrees"
    wrong = [one for one in found.numbers if not one.agrees]
    said = [
        f"{notation.name(block.key, notation_index(one.index, block.key, notation))} "
        f"printed {one.printed}, ours {one.ours}"
        for one in wrong
    ]
    return "✗ " + "; ".join(said)


def notation_index(index: tuple[int, ...], key: str, notation: PlainNotation) -> tuple[int, ...]:
    from chainrule.worked.names import shown_index

    return shown_index(index, notation.voice.kinds[key], notation.voice.layout)
