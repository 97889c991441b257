"""What a header's arithmetic changes in the answers of a model, measured on rows."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chainrule.errors import InvalidInputError
from chainrule.models import FrozenModel

__all__ = ["Change", "change", "told"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Change:
    """The header's outputs beside those of the model in its own arithmetic.

    ``largest_difference`` and ``rms_difference`` are of the outputs: probabilities, or the values
    of a regression. ``equal_labels`` is the share of rows with the same answer, None for a
    regression. ``measure`` with its values ``before`` and ``after`` is the accuracy (for several
    labels, of rows whose labels are all right) or the root mean square error; None where no targets
    were given.
    """

    rows: int
    largest_difference: float
    rms_difference: float
    equal_labels: float | None = None
    measure: Literal["accuracy", "rmse"] | None = None
    before: float | None = None
    after: float | None = None


def change(model: FrozenModel, before: Array, after: Array, y: Any = None) -> Change:
    """Outputs ``(n, n_out)`` of the model and of the header, for the same rows with targets
    ``y``."""
    differences = np.abs(after.astype(np.float64) - before)
    regression = model.task == "regression"
    answers = model.decided(before), model.decided(after)
    same = None if regression else float(_equal(*answers).mean())
    found = Change(
        len(before), float(differences.max()), float(np.sqrt(np.mean(differences**2))), same
    )
    if y is None:
        return found
    truth = np.asarray(y)
    if truth.ndim == 2 and truth.shape[1] == 1:
        truth = truth.ravel()
    if truth.shape != answers[0].shape:
        raise InvalidInputError(
            f"Required a target for each of the {len(before)} rows, of shape "
            f"{answers[0].shape}; came an array of shape {np.shape(y)}."
        )
    score = _rmse if regression else _accuracy
    return Change(
        found.rows,
        found.largest_difference,
        found.rms_difference,
        same,
        "rmse" if regression else "accuracy",
        score(truth, answers[0]),
        score(truth, answers[1]),
    )


def told(found: Change, own: str) -> str:
    """A sentence on what was measured; ``own`` is the type that the model itself computes in."""
    said = f"largest difference {found.largest_difference:.4g}"
    if found.equal_labels is not None:
        said += f", the same label in {100 * found.equal_labels:.2f} % of the rows"
    if found.measure == "accuracy":
        said += f", accuracy {found.before:.4f} before and {found.after:.4f} after"
    elif found.measure == "rmse":
        said += f", RMSE {found.before:.5g} before and {found.after:.5g} after"
    return f"Against {own}, on {found.rows:,} rows: {said}."


def _equal(a: Array, b: Array) -> Array:
    """For each row, whether all of it is equal."""
    same = np.asarray(a == b)
    return same if same.ndim == 1 else np.all(same, axis=1)


def _accuracy(truth: Array, answers: Array) -> float:
    return float(_equal(truth, answers).mean())


def _rmse(truth: Array, answers: Array) -> float:
    return float(np.sqrt(np.mean((answers.astype(np.float64) - truth) ** 2)))
