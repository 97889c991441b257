"""What a document asks of an example beyond its trace, as plain data and figures.

- ``table``: the example's variants side by side (E-1.3, E-2.1, E-2.2);
- ``misclassified`` and ``sensitivity``: what two losses make of a wrong prediction (E-2.2);
- ``curves``: the loss over many epochs, and a sentence that rests on it; ``first_order``: what a
  gradient promises and what a step gives (E-2.4); a figure of each.

All results have ``title``, ``headers()``, ``rows()`` and ``says``, sentences that rest on the
numbers. ``studies`` gives all that an example asks for.
"""

from pathlib import Path
from typing import Protocol

from chainrule.errors import ExampleError
from chainrule.worked.example import Example
from chainrule.worked.studies.curves import DOUBLE, Curve, Curves, curves
from chainrule.worked.studies.figures import curves_figure, first_order_figure
from chainrule.worked.studies.first_order import FirstOrder, first_order
from chainrule.worked.studies.tables import Cell, Table, opened, table
from chainrule.worked.studies.two_losses import misclassified, sensitivity

__all__ = [
    "DOUBLE",
    "Curve",
    "Curves",
    "FirstOrder",
    "Study",
    "Table",
    "curves",
    "curves_figure",
    "first_order",
    "first_order_figure",
    "misclassified",
    "sensitivity",
    "studies",
    "table",
]

ROUND_RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Study(Protocol):
    """A table, and what can be said from it."""

    @property
    def title(self) -> str: ...
    @property
    def says(self) -> tuple[str, ...]: ...
    def headers(self) -> list[str]: ...
    def rows(self) -> list[list[Cell]]: ...


def studies(example: Example | str | Path) -> list[Study]:
    """All studies that an example asks for, in the order in which they are read.

    Raises
    ------
    ExampleError
        If it asks for none.

    Examples
    --------
    >>> [study.title for study in studies("E-1.3")]
    ['Nine pairs of activations']
    """
    example = opened(example)
    found: list[Study] = []
    if example.table:
        found.append(table(example))
    if {"label", "L"} <= set(example.table):
        found += [misclassified(example), sensitivity()]
    if example.curves:
        found += [curves(example), first_order(example, ROUND_RATES)]
    if not found:
        raise ExampleError(
            f"{example.name or example.title} has nothing to compare: its file needs variants, and "
            "table = [...] with the quantities to set side by side, or curves = true."
        )
    return found
