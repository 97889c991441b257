"""What a trace is made of: quantities with their formulas, steps, and the whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from chainrule.errors import ExampleError, unknown_name
from chainrule.worked.example import Example, Layout
from chainrule.worked.expressions import Expression, Index, entry

__all__ = ["STAGES", "Quantity", "Step", "Trace"]

Floats = npt.NDArray[np.float64]

STAGES = {
    "given": "Given",
    "forward": "Forward",
    "loss": "Loss",
    "backward": "Backward",
    "update": "Update",
    "after": "After the update",
}


@dataclass(frozen=True)
class Quantity:
    """One quantity: its value in the row convention, and the formula that gave it.

    ``kind`` is as in ``expressions.py``. ``also`` is a second formula for the same value where
    there is one (the fused pairs: a - y beside dA * S). ``layer`` is 0 where there is none.
    """

    key: str
    stage: str
    layer: int
    kind: str
    value: Floats
    title: str
    formula: Expression | None = None
    also: Expression | None = None

    def oriented(self, layout: Layout) -> Floats:
        """The value as the layout has it: in columns, matrices are transposed."""
        turned = layout == "column" and self.kind == "matrix"
        return self.value.T if turned else self.value


@dataclass(frozen=True)
class Step(Mapping[str, Floats]):
    """The quantities of one update: ``step["dW2"]`` is an array, in the trace's layout."""

    number: int
    rows: tuple[int, ...]
    layout: Layout
    quantities: Mapping[str, Quantity]

    def __getitem__(self, key: str) -> Floats:
        return self.quantity(key).oriented(self.layout)

    def __contains__(self, key: object) -> bool:
        return key in self.quantities  # the inherited one waits for a KeyError

    def __iter__(self) -> Iterator[str]:
        return iter(self.quantities)

    def __len__(self) -> int:
        return len(self.quantities)

    def quantity(self, key: str) -> Quantity:
        """The quantity with its formula."""
        if key not in self.quantities:
            raise ExampleError(unknown_name("quantity", key, self.quantities))
        return self.quantities[key]

    @cached_property
    def values(self) -> Mapping[str, Floats]:  # type: ignore[override]  # by key, not a view
        """All values in the row convention, by key."""
        return {key: quantity.value for key, quantity in self.quantities.items()}

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        return {key: quantity.kind for key, quantity in self.quantities.items()}

    def cell(self, key: str, at: Index) -> Expression | None:
        """The formula of one number of a quantity, ``at`` = (row, column) in the row convention,
        with None for an axis that it does not have."""
        formula = self.quantity(key).formula
        if formula is None or self.quantity(key).kind == "jacobian":
            return None
        return entry(formula, at, self.values, self.kinds)


@dataclass(frozen=True)
class Trace:
    """A worked example, calculated. ``trace["dW2"]`` is of the first step; ``steps`` has all."""

    example: Example
    steps: tuple[Step, ...]
    remarks: tuple[str, ...] = ()

    @property
    def layout(self) -> Layout:
        return self.example.layout

    def __getitem__(self, key: str) -> Floats:
        return self.steps[0][key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.steps[0])

    def keys(self) -> list[str]:
        """The quantities of the first step, in the order of the calculation."""
        return list(self.steps[0])

    @property
    def losses(self) -> Floats:
        """The loss before each step, and after the last where there was an update."""
        found = [float(step["loss"]) for step in self.steps]
        last = self.steps[-1].quantities.get("loss_new")
        return np.array([*found, float(last.value)] if last else found)

    def __repr__(self) -> str:
        known = self.example.name or self.example.title
        many = f"{len(self.steps)} step{'s' if len(self.steps) > 1 else ''}"
        return f"<Trace of {known!r}: {many}, {len(self.steps[0])} quantities>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from chainrule.worked.render import render

        return render(self, "html", page=False)
