"""One fit of one model, and what can be read from it."""

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data.splits import Part
from chainrule.errors import ModelFileError, RunError, SpecError
from chainrule.experiments.backends import computed_by
from chainrule.experiments.families import family
from chainrule.experiments.results import Number

__all__ = ["Fitted", "curves", "description", "fit", "n_parameters", "refusals", "score"]

# Training for a stated number of epochs ends at that number: not news.
_EXPECTED = "Maximum iterations"


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted estimator, whether it diverged, and the warnings it gave."""

    estimator: Any
    diverged: bool
    notes: tuple[str, ...]
    what: str  # the family and the settings, for messages

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The class index or the number of each row; after divergence, by the last good weights."""
        with refusals(self.what):
            return np.asarray(self.estimator.predict(X))


def fit(
    family_name: str,
    settings: Mapping[str, Any],
    train: Part,
    validation: Part | None = None,
    test: Part | None = None,
    *,
    backend: str = "jax",
) -> Fitted:
    """Fits a model of the family on ``train``.

    ``validation`` and ``test``, where there is one and the family can use it, are measured after
    every epoch. The validation part decides what the settings leave to it (the best epoch, when to
    stop); the test part decides nothing. ``backend`` is as in a spec.

    Raises:
        SpecError: the estimator refuses the settings for these data.
    """
    row = family(family_name)
    estimator, what = row.build(settings), description(family_name, settings)
    extra: dict[str, Any] = {}
    if validation is not None and row.takes_validation:
        extra |= {"X_val": validation.X, "y_val": validation.y}
    if test is not None and row.takes_validation:
        extra["watch"] = {"test": (test.X, test.y)}
    computing = computed_by(backend)
    with warnings.catch_warnings(record=True) as said, refusals(what), computing:
        warnings.simplefilter("always")
        estimator.fit(train.X, train.y, **extra)
    notes = dict.fromkeys(str(item.message).strip().splitlines()[0] for item in said)
    return Fitted(
        estimator,
        diverged=bool(getattr(estimator, "diverged_", False)),
        notes=tuple(note for note in notes if _EXPECTED not in note),
        what=what,
    )


def description(family_name: str, settings: Mapping[str, Any]) -> str:
    """The family and the settings, for messages."""
    return f"{family(family_name).label} with {dict(settings)}"


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """An estimator's ValueError is about what the spec asks of it; that a file of the run or of a
    model is damaged is no fault of the training, and said as it is."""
    try:
        yield
    except (RunError, ModelFileError):
        raise
    except ValueError as error:
        raise SpecError(f"This cannot be trained ({what}): {error}") from error


def score(fitted: Fitted, part: Part) -> float:
    """The share of rows whose class is predicted, or R², as the estimator has it; not a number
    after divergence."""
    if fitted.diverged:
        return math.nan
    with refusals(fitted.what):
        return float(fitted.estimator.score(part.X, part.y))


def n_parameters(estimator: Any) -> int | None:
    """The number of trained weights and biases; None for a model that has none."""
    if hasattr(estimator, "coefs_"):
        return sum(int(array.size) for array in (*estimator.coefs_, *estimator.intercepts_))
    if hasattr(estimator, "coef_"):
        return int(estimator.coef_.size + estimator.intercept_.size)
    return None


def curves(estimator: Any) -> dict[str, tuple[Number, ...]] | None:
    """The rows of the training history, without the wall times and what has a number a layer."""
    history = getattr(estimator, "history_", None)
    if history is not None:
        rows = {
            name: _floats(row)
            for name, row in history.items()
            if name != "seconds" and row.ndim == 1
        }
        return {name: row for name, row in rows.items() if any(map(_is_finite, row))}
    losses = getattr(estimator, "loss_curve_", None)
    if losses is None:
        return None
    return {"epoch": _floats(range(1, len(losses) + 1)), "loss_curve": _floats(losses)}


def _is_finite(value: Number) -> bool:
    return value is not None and math.isfinite(value)


def _floats(row: Any) -> tuple[Number, ...]:
    return tuple(float(value) for value in row)
