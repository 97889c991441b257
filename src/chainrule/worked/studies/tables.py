"""An example's variants side by side, in one table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chainrule.errors import ExampleError
from chainrule.worked.example import Example, load_example
from chainrule.worked.quantities import Step
from chainrule.worked.trace import trace_example

__all__ = ["THRESHOLD", "Cell", "Table", "labels", "opened", "table"]

Cell = str | int | float | None
Row = dict[str, Cell]

THRESHOLD = 0.5
"""Above it a single output predicts label 1."""


@dataclass(frozen=True)
class Table:
    """A title, the names of the columns, and the cells row by row; None is an empty cell.

    ``says`` holds sentences that rest on the numbers.
    """

    title: str
    heads: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    says: tuple[str, ...] = ()

    def headers(self) -> list[str]:
        return list(self.heads)

    def rows(self) -> list[list[Cell]]:
        return [list(row) for row in self.cells]

    def column(self, head: str) -> list[Cell]:
        """One column's cells, from top to bottom."""
        return [row[self.heads.index(head)] for row in self.cells]


def opened(example: Example | str | Path) -> Example:
    """The example itself, or the one with this name or path."""
    return example if isinstance(example, Example) else load_example(example)


def table(example: Example | str | Path) -> Table:
    """The quantities that the example's ``table`` names, for each variant and each sample.

    Parameters
    ----------
    example
        An example with ``variants`` and ``table``, or the name or path of one.

    Returns
    -------
    Table
        A row for each sample; what belongs to the whole batch stands in a row ``all``. A
        quantity of several units has a column for each, counted from 1: ``A1[2]``. Numbers
        that the document prints stand in a column beside ours, as strings.

    Raises
    ------
    ExampleError
        If the example has no variants or names no quantities, or one that has no column.

    Examples
    --------
    >>> found = table("E-1.3")
    >>> found.headers()
    ['variant', 'sample', 'A1[1]', 'A1[2]', 'A2', 'A2 printed']
    >>> found.rows()[2]
    ['identity-identity', 'x3', 4.0, 2.5, -4.1, '-4.10']
    """
    example = opened(example)
    if not example.variants or not example.table:
        raise ExampleError(
            "A table needs an example with variants and table = [quantities]; "
            f"{example.name or example.title!r} has not both. Add them to its file."
        )
    found: list[Row] = []
    for row in example.variants:
        found += _rows(row.name, example.variant(row.name), example.table)
    heads = tuple(dict.fromkeys(head for row in found for head in row))
    cells = tuple(tuple(row.get(head) for head in heads) for row in found)
    return Table(example.title, heads, cells)


def labels(outputs: npt.NDArray[np.float64]) -> list[int]:
    """The predicted labels: a single output above one half, or the largest of several.

    Examples
    --------
    >>> import numpy as np
    >>> labels(np.array([[0.49], [0.51]]))
    [0, 1]
    """
    if outputs.shape[1] == 1:
        return [int(a > THRESHOLD) for a in outputs[:, 0]]
    return [int(k) for k in outputs.argmax(axis=1)]


def _rows(name: str, example: Example, keys: Sequence[str]) -> list[Row]:
    """The rows of one variant: its samples, and the whole batch."""
    step = trace_example(example).steps[0]
    samples: list[Row] = [
        {"variant": name, "sample": f"x{i}"} for i in range(1, len(example.X) + 1)
    ]
    batch: Row = {"variant": name, "sample": "all"}
    for key in keys:
        if key == "label":
            _fill(samples, "label", labels(step.values[f"A{len(example.given)}"]))
        elif _of_samples(step, key):
            for head, column in _columns(key, step.values[key]):
                _fill(samples, head, column.tolist())
            for head, column in _columns(key, _printed(example, step, key)):
                if any(cell != "" for cell in column):
                    _fill(samples, f"{head} printed", column.tolist())
        else:
            batch |= {h: column[0].item() for h, column in _columns(key, step.values[key])}
    return [row for row in (*samples, batch) if len(row) > 2]


def _fill(rows: Sequence[Row], head: str, column: Sequence[Cell]) -> None:
    for row, cell in zip(rows, column, strict=True):
        row[head] = None if cell == "" else cell


def _of_samples(step: Step, key: str) -> bool:
    """Whether a quantity has a row for each sample, and not one for the batch."""
    kind = step.quantity(key).kind
    if kind == "jacobian" or (kind == "matrix" and key.lstrip("d")[0] not in "XYZAS"):
        raise ExampleError(
            f"A table shows quantities of samples or of the batch, such as A1, L, loss or db1; "
            f"{key} is a {kind} of another kind. Leave it out of table."
        )
    return kind in ("matrix", "rows")


def _columns(key: str, value: npt.NDArray) -> Iterator[tuple[str, npt.NDArray]]:
    """A quantity's columns with their names; a single one needs no number."""
    matrix = value.reshape(-1, 1) if value.ndim < 2 else value
    if key.startswith(("b", "db")):
        matrix = value.reshape(1, -1)
    for j in range(matrix.shape[1]):
        yield (key if matrix.shape[1] == 1 else f"{key}[{j + 1}]"), matrix[:, j]


def _printed(example: Example, step: Step, key: str) -> npt.NDArray:
    """The document's numbers as it writes them, samples as rows; "" where it has none."""
    found = np.array(example.printed.get(key, ""), dtype=object)
    found = np.vectorize(str, otypes=[object])(found)
    turned = found.T if example.layout == "column" else found
    return np.broadcast_to(turned, step.values[key].shape)
