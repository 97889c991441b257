"""What is to be learnt: rows, encoded targets, weights, and data to validate on."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import _check_sample_weight
from threadpoolctl import ThreadpoolController

from chainrule.engine.predict import losses
from chainrule.equations.network import Layer
from chainrule.errors import InvalidInputError

__all__ = ["Problem", "Rows", "check_weights", "refuse_useless", "split_off", "validate"]

SMALL_WORK = 1e8
"""Multiply-adds up to which a validation computes on one thread: BLAS's own threads and those
of the training would wait for each other, for longer than the work takes."""

_lock = threading.Lock()


@dataclass(frozen=True)
class Rows:
    """``X`` dense or sparse, ``Y`` encoded ``(n, k)``, ``weights`` ``(n,)`` or None."""

    X: Any
    Y: npt.NDArray[Any]
    weights: npt.NDArray[Any] | None

    def __len__(self) -> int:
        return int(self.X.shape[0])


@dataclass(frozen=True)
class Problem:
    """Rows to train on, rows to validate on (or None), and how outputs are scored.

    ``score(A, Y, weights)`` compares the network's outputs with encoded targets.
    """

    train: Rows
    validation: Rows | None
    score: Callable[[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any] | None], float]


def check_weights(weights: Any, X: Any, name: str = "sample_weight") -> npt.NDArray[Any] | None:
    """Sample weights as an array: finite, not negative, and not all zero."""
    if weights is None:
        return None
    checked: npt.NDArray[Any] = _check_sample_weight(weights, X)
    refuse_useless(checked, name)
    return checked


def refuse_useless(weights: npt.NDArray[Any], name: str) -> None:
    if weights.min() < 0 or weights.sum() == 0:
        raise InvalidInputError(
            f"{name} must not be negative and not all zero; got values from {weights.min():g} to "
            f"{weights.max():g}. Leave out rows that should not count."
        )


def split_off(
    rows: Rows, share: float, random_state: np.random.RandomState, stratify: bool
) -> tuple[Rows, Rows]:
    """Training and validation rows, drawn as scikit-learn's early stopping draws them."""
    arrays = [rows.X, rows.Y] + ([] if rows.weights is None else [rows.weights])
    parts = train_test_split(
        *arrays,
        random_state=random_state,
        test_size=share,
        stratify=rows.Y if stratify else None,
    )
    train, held = Rows(*_with_none(parts[0::2])), Rows(*_with_none(parts[1::2]))
    if len(held) < 2:
        raise InvalidInputError(
            "The validation set is too small. Increase 'validation_fraction' "
            f"or the size of your dataset: {len(held)} row(s) of {len(rows)} were split off."
        )
    return train, held


def _with_none(parts: list[Any]) -> tuple[Any, Any, Any]:
    return (parts[0], parts[1], parts[2] if len(parts) == 3 else None)


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def _one_thread() -> Iterator[None]:
    """NumPy's products on one thread; one user at a time, for the setting is the process's."""
    with _lock, _blas().limit(limits=1, user_api="blas"):
        yield


def validate(
    problem: Problem,
    layers: tuple[Layer, ...],
    activations: tuple[str, ...],
    loss: str,
    device: Any,
    settings: Mapping[str, float] | None = None,
) -> tuple[float, float]:
    """The data loss (weighted mean over the samples) and the score on the validation rows;
    ``settings`` are the loss's."""
    rows = problem.validation
    assert rows is not None
    work = len(rows) * sum(layer.W.size for layer in layers)
    with _one_thread() if work < SMALL_WORK else nullcontext():
        A, values = losses(layers, activations, loss, rows.X, rows.Y, device, settings)
    with np.errstate(over="ignore", invalid="ignore"):
        loss_value = float(np.average(values.astype(np.float64), weights=rows.weights))
    return loss_value, problem.score(A, rows.Y, rows.weights)
