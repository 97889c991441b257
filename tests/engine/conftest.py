"""What the tests of the engine share: small trainings, and ways to compare what they leave.

A ``Case`` is a plan with everything that a training of it needs. Shapes are few and fixed,
because every new one is compiled. Networks have two hidden layers; 27 rows in batches of 8
leave a ragged last batch of 3.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import jax
import numpy as np
import pytest
import scipy.sparse
import torch

from chainrule.engine.batches import GatheredRows, Resident, Shuffler
from chainrule.engine.eager import train
from chainrule.engine.epochs import EpochRecord
from chainrule.engine.fit import Trainer
from chainrule.engine.plan import Hyperparameters, Plan
from chainrule.engine.program import Outcome, run_range
from chainrule.engine.step import Updated
from chainrule.equations.losses import LOSSES
from chainrule.equations.network import Layer
from chainrule.equations.schedules import SCHEDULES

SIZES = (5, 7, 6, 3)
RATE = 0.05

torch.set_num_threads(1)  # its threads would wait for each other longer than these products take


def _targets(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    if kind == "real":
        return rng.normal(size=shape)
    if kind == "count":
        return rng.poisson(1.5, shape).astype(float)
    if kind == "label":
        return (rng.random(shape) < 0.5).astype(float)
    if kind == "distribution":
        return np.eye(shape[1])[rng.integers(shape[1], size=shape[0])]
    raise ValueError(f"No targets of kind {kind!r}: add them here.")


@dataclass(frozen=True)
class Case:
    """A plan, initial parameters, data and settings."""

    plan: Plan
    hyper: Hyperparameters
    layers: tuple[Layer, ...]
    X: Any
    Y: np.ndarray
    weights: np.ndarray | None = None
    l2: float = 0.0
    alpha: float = 0.0
    order_seed: int = 0
    gathered: bool = False

    def but(self, **changes: Any) -> "Case":
        """The same case with other data or settings."""
        return replace(self, **changes)

    def source(self) -> Resident | GatheredRows:
        kind = GatheredRows if self.gathered or scipy.sparse.issparse(self.X) else Resident
        return kind(self.X, self.Y, self.weights, self.plan.dtype)

    def shuffler(self) -> Shuffler:
        return Shuffler(np.random.RandomState(self.order_seed), self.X.shape[0])

    def trainer(self, steps_per_range: int | None = 64, **settings: Any) -> Trainer:
        """A compiled training that is about to begin."""
        return Trainer(
            self.plan,
            self.hyper,
            self.source(),
            settings.pop("shuffler", None) or self.shuffler(),
            settings.pop("layers", self.layers),
            settings.pop("rate", SCHEDULES["constant"].rate),
            settings.pop("base_rate", RATE),
            l2=self.l2,
            alpha=self.alpha,
            steps_per_range=steps_per_range,
            **settings,
        )

    def batches(self, count: int) -> list[np.ndarray]:
        """The rows of the first ``count`` batches, as the trainer draws them."""
        shuffler, size = self.shuffler(), self.plan.batch_size
        found: list[np.ndarray] = []
        while len(found) < count:
            order = shuffler.next()
            found += [order[start : start + size] for start in range(0, len(order), size)]
        return found[:count]

    def eager(self, count: int, library: str = "numpy", **settings: Any) -> list[Updated]:
        """What each of ``count`` batches leaves in the eager loop."""
        batches = self.batches(count)
        weights = np.ones(self.X.shape[0]) if self.weights is None else self.weights
        sums = np.array([weights[rows].sum() for rows in batches])
        strengths = self.l2 + self.alpha / np.where(sums == 0, 1.0, sums)
        steps = train(
            self.plan,
            self.hyper,
            self.layers,
            self.X,
            self.Y,
            batches,
            [RATE] * count,
            weights=self.weights,
            l2=strengths,
            library=library,
            **settings,
        )
        return list(steps)


def _make_case(
    optimizer: str = "adam",
    hidden: Sequence[str] = ("tanh", "relu"),
    loss: str = "cross_entropy",
    output: str = "softmax",
    *,
    n: int = 27,
    batch_size: int = 8,
    sizes: tuple[int, ...] = SIZES,
    dtype: str = "float64",
    settings: dict[str, float] | None = None,
    dropout: tuple[float, ...] = (),
    clip: float | None = None,
    l2: float = 0.0,
    alpha: float = 0.0,
    l1: float = 0.0,
    max_norm: float | None = None,
    loss_settings: dict[str, float] | None = None,
    weighted: bool = False,
    seed: int = 0,
) -> Case:
    rng = np.random.default_rng(seed)
    plan = Plan(
        sizes,
        (*hidden, output),
        loss,
        optimizer,
        batch_size,
        dtype,
        penalised=bool(l2 or alpha),
        dropout=bool(dropout),
        clipped=clip is not None,
        l1=bool(l1),
        max_norm=max_norm is not None,
    )
    layers = tuple(
        Layer(rng.normal(0, 0.5, (i, o)).astype(dtype), rng.normal(0, 0.3, o).astype(dtype))
        for i, o in pairwise(sizes)
    )
    X = rng.normal(size=(n, sizes[0])).astype(dtype)
    Y = _targets(LOSSES[loss].targets, (n, sizes[-1]), rng).astype(dtype)
    weights = rng.choice([0.5, 1.0, 2.0], n) if weighted else None
    if weighted:
        weights[:2] = 0.0  # two samples that weigh nothing, and no batch that does
    clip, limit = (np.inf if bound is None else bound for bound in (clip, max_norm))
    hyper = Hyperparameters.make(
        plan, settings, dropout, clip, seed, loss=loss_settings, l1=l1, max_norm=limit
    )
    return Case(plan, hyper, layers, X, Y, weights, l2, alpha)


@pytest.fixture(scope="session")
def make_case() -> Callable[..., Case]:
    return _make_case


# Comparing


def _arrays(tree: Any) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]


def _same_bits(one: Any, other: Any) -> bool:
    """Whether two trees of arrays are equal in type and value, element by element."""
    pairs = list(zip(_arrays(one), _arrays(other), strict=True))
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)


def _distance(one: Any, other: Any) -> float:
    """The largest absolute difference between two trees of arrays of the same shapes."""
    pairs = list(zip(_arrays(one), _arrays(other), strict=True))
    assert [a.shape for a, _ in pairs] == [b.shape for _, b in pairs]
    return max(float(np.max(np.abs(a - b), initial=0.0)) for a, b in pairs)


def _without_clock(records: Sequence[EpochRecord]) -> list[EpochRecord]:
    return [replace(record, seconds=0.0) for record in records]


@pytest.fixture(scope="session")
def same_bits() -> Callable[[Any, Any], bool]:
    return _same_bits


@pytest.fixture(scope="session")
def distance() -> Callable[[Any, Any], float]:
    return _distance


@pytest.fixture(scope="session")
def without_clock() -> Callable[[Sequence[EpochRecord]], list[EpochRecord]]:
    """Records without what depends on the clock."""
    return _without_clock


# Looking on


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """What each compiled range of the test's trainers gave, step by step."""
    seen: list[Outcome] = []

    def run_and_note(*arguments: Any) -> Outcome:
        seen.append(run_range(*arguments))
        return seen[-1]

    monkeypatch.setattr("chainrule.engine.fit.run_range", run_and_note)
    return seen


@contextmanager
def _listening() -> Iterator[list[str]]:
    heard: list[str] = []

    def listen(event: str, *rest: Any, **more: Any) -> None:
        heard.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    jax.monitoring.register_event_listener(listen)
    try:
        yield heard
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
        jax.monitoring.unregister_event_listener(listen)


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """The names of the events that jax reports during the test: compilations, cache hits."""
    with _listening() as events:
        yield events
