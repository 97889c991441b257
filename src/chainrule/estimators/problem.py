"""What is to be learnt: rows, encoded targets, weights, and data to validate on."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import _check_sample_weight
from threadpoolctl import ThreadpoolController

from chainrule.engine.predict import losses
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import LOSSES, per_sample
from chainrule.equations.network import Layer
from chainrule.errors import InvalidInputError
from chainrule.estimators.history import Row

if TYPE_CHECKING:
    from chainrule.estimators.diagnosis import Examination
    from chainrule.estimators.streamed import Streamed

__all__ = [
    "Judge",
    "Problem",
    "Rows",
    "Split",
    "check_weights",
    "one_thread",
    "refuse_useless",
    "split_off",
]

SMALL_WORK = 1e8
"""Multiply-adds up to which a validation computes on one thread: BLAS's own threads and those
of the training would wait for each other, for longer than the work takes."""

_lock = threading.RLock()


@dataclass(frozen=True)
class Rows:
    """``X`` dense or sparse, ``Y`` encoded ``(n, k)``, ``weights`` ``(n,)`` or None."""

    X: Any
    Y: npt.NDArray[Any]
    weights: npt.NDArray[Any] | None

    def __len__(self) -> int:
        return int(self.X.shape[0])


@dataclass(frozen=True)
class Judge:
    """How well a network does on some rows.

    ``loss`` is a row of the losses' table with its ``settings``; ``score(A, Y, weights)`` compares
    the network's outputs with encoded targets; inputs are divided by ``input_scale``.
    """

    activations: tuple[str, ...]
    loss: str
    settings: Mapping[str, float]
    score: Callable[[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any] | None], float]
    input_scale: float | None
    device: Any

    def __call__(self, layers: tuple[Layer, ...], rows: Rows) -> tuple[float, float]:
        """The data loss (weighted mean over the samples), and the score."""
        work = len(rows) * sum(layer.W.size for layer in layers)
        with one_thread() if work < SMALL_WORK else nullcontext():
            A, values = losses(
                layers, self.activations, self.loss, rows.X, rows.Y, self.device, self.settings,
                self.input_scale,
            )  # fmt: skip
        return self.of_losses(values, A, rows)

    def of_outputs(
        self, Z: npt.NDArray[Any], A: npt.NDArray[Any], rows: Rows
    ) -> tuple[float, float]:
        """The same, from the output layer's pre-activations and activations for the rows."""
        loss, output = LOSSES[self.loss], ACTIVATIONS[self.activations[-1]]
        settings = {**loss.settings, **self.settings}
        with np.errstate(over="ignore", invalid="ignore"):
            values = per_sample(loss, output, Z, A, rows.Y.astype(Z.dtype), settings)
        return self.of_losses(values, A, rows)

    def of_losses(
        self, values: npt.NDArray[Any], A: npt.NDArray[Any], rows: Rows
    ) -> tuple[float, float]:
        with np.errstate(over="ignore", invalid="ignore"):
            value = float(np.average(values.astype(np.float64), weights=rows.weights))
        return value, self.score(A, rows.Y, rows.weights)


@dataclass(frozen=True)
class Problem:
    """Rows to train on, rows to validate on (or None), and others that are only watched.

    ``examination`` diagnoses the training after each epoch, if that is wanted. Where the rows to
    train on are ``streamed``, ``train`` is a sample of them.
    """

    train: Rows
    validation: Rows | None
    judge: Judge
    watched: Mapping[str, Rows] = field(default_factory=dict)
    examination: "Examination | None" = None
    streamed: "Streamed | None" = None

    @property
    def measures(self) -> bool:
        """Whether there is something to measure after each epoch."""
        return self.validation is not None or bool(self.watched) or self.examination is not None

    @property
    def measured(self) -> dict[str, Rows]:
        """The rows that are measured after each epoch, by name."""
        own = {} if self.validation is None else {"validation": self.validation}
        return {**own, **self.watched}

    @property
    def unmeasured(self) -> Row:
        """The diagnosis of an epoch that has none, since it diverged or was cut short."""
        return {} if self.examination is None else self.examination.nothing

    def measure(self, before: tuple[Layer, ...], layers: tuple[Layer, ...], steps: int) -> Row:
        """What is known at the end of an epoch of so many steps that began with the parameters
        ``before``, as columns of the history: loss and score of all rows but those trained on,
        and the diagnosis."""
        found: Row = {}
        for name, rows in self.measured.items():
            found[f"{name}_loss"], found[f"{name}_score"] = self.judge(layers, rows)
        if self.examination is not None:
            found |= self.examination(before, layers, steps)
        return found


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


Split = Callable[[Rows, float, np.random.RandomState, bool], tuple[Rows, Rows]]


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
def one_thread() -> Iterator[None]:
    """NumPy's products on one thread; one user at a time, for the setting is the process's."""
    with _lock, _blas().limit(limits=1, user_api="blas"):
        yield
