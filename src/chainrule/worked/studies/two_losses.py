"""What squared error and cross-entropy make of a wrong prediction."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.equations.losses import LOSSES
from chainrule.errors import ExampleError
from chainrule.worked.example import Example
from chainrule.worked.studies.tables import THRESHOLD, Cell, Table, labels, opened
from chainrule.worked.trace import trace_example

__all__ = ["misclassified", "sensitivity"]

SHORT = {"mean_squared_error": "MSE", "binary_cross_entropy": "BCE"}


def misclassified(example: Example | str | Path = "E-2.2") -> Table:
    """The losses of right and of wrong samples, for each variant of an example with one output.

    Columns: the mean loss of the samples whose label is predicted right, that of the others,
    their ratio; and the sample that costs most, with its loss and the size of dL/dA there. The
    example's loss and the size of its slope are those of a sample by itself.

    Raises
    ------
    ExampleError
        If the example has no variants, or more than one output.

    Examples
    --------
    >>> found = misclassified("E-2.2")
    >>> [round(x, 3) for x in found.column("its loss")]
    [0.968, 4.116, 0.604, 1.502]
    """
    example = opened(example)
    if not example.variants or example.targets().shape[1] != 1:
        raise ExampleError(
            "Right and wrong are told apart for examples with variants and a single output; "
            f"{example.name or example.title!r} has {len(example.variants)} variants and "
            f"{example.targets().shape[1]} outputs."
        )
    rows = [(row.name, *_costs(example.variant(row.name))) for row in example.variants]
    heads = ("variant", "right: mean loss", "wrong: mean loss", "ratio", "worst", "its loss",
             "its slope")  # fmt: skip
    worst = {
        (tuple(changed.activations), SHORT.get(changed.loss, changed.loss)): row[4:]
        for row, changed in ((row, example.variant(str(row[0]))) for row in rows)
    }
    return Table(
        "Which loss penalises misclassified samples more", heads, tuple(rows), _compared(worst)
    )


def _costs(example: Example) -> tuple[Cell, ...]:
    """One variant's cells, after its name."""
    step = trace_example(example).steps[0]
    A, Y, L = step.values[f"A{len(example.given)}"], step.values["Y"], step.values["L"]
    right = np.array(labels(A)) == Y[:, 0]
    among = right if right.all() else ~right
    i = int(np.where(among, L, -np.inf).argmax())
    slope = float(abs(LOSSES[example.loss].gradient(A, Y)[i, 0]))
    of_right, of_wrong = (
        float(L[which].mean()) if which.any() else None for which in (right, ~right)
    )
    ratio = of_wrong / of_right if of_right and of_wrong else None
    return of_right, of_wrong, ratio, f"x{i + 1}", float(L[i]), slope


def _compared(worst: Mapping[tuple[tuple[str, ...], str], Sequence[Any]]) -> tuple[str, ...]:
    """Where a network is there with both losses: what they make of the same sample."""
    said = []
    for (network, name), (sample, loss, slope) in worst.items():
        other = worst.get((network, "MSE"))
        if name == "BCE" and other and other[0] == sample:
            said.append(
                f"{', '.join(network)}: {sample} costs most in both losses, {other[1]:.3f} in MSE "
                f"and {loss:.3f} in BCE, with slopes of {other[2]:.3f} and {slope:.3f} in size."
            )
    return tuple(said)


def sensitivity(outputs: tuple[float, ...] = (0.49, 0.51)) -> Table:
    """Both losses and their slopes dL/dA at outputs on either side of the threshold.

    The losses are smooth there, ``(a - y)^2`` and ``-y log a - (1 - y) log(1 - a)``; the label
    jumps.

    Examples
    --------
    >>> [round(x, 3) for x in sensitivity().column("BCE")]
    [0.713, 0.673, 0.673, 0.713]
    """
    A = np.array(outputs, float).reshape(-1, 1)
    rows: list[tuple[Cell, ...]] = []
    for y in (1.0, 0.0):
        Y = np.full_like(A, y)
        found = [(loss.value(A, Y), loss.gradient(A, Y)[:, 0]) for loss in map(LOSSES.get, SHORT)]  # type: ignore[union-attr]
        for i, a in enumerate(A[:, 0]):
            numbers = [float(part[i]) for pair in found for part in pair]
            rows.append((int(y), float(a), int(a > THRESHOLD), *numbers))
    heads = ("y", "output", "label", "MSE", "dMSE", "BCE", "dBCE")
    first, last = rows[0], rows[len(A) - 1]
    says = (
        f"For label 1, from {first[1]} to {last[1]}: the predicted label goes from {first[2]} to "
        f"{last[2]}, MSE from {first[3]:.4f} to {last[3]:.4f}, BCE from {first[5]:.4f} to "
        f"{last[5]:.4f}.",
        "Accuracy jumps at the threshold and is flat everywhere else; the losses have a slope at "
        f"every output, BCE's being {first[6] / first[4]:.1f} times that of MSE here.",  # type: ignore[operator]
    )
    return Table("On either side of the threshold", heads, tuple(rows), says)
