"""What the tests of the equations share: the three array libraries, and small problems.

A ``Backend`` is one library with one dtype. A ``Problem`` is a network of two hidden
layers with a batch, a loss and everything else that a gradient depends on; its
``value`` is composed from the equations and runs in any library, so that automatic
differentiation and finite differences can judge ``gradient``, the backward pass.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import LOSSES, output_gradient, per_sample, reduce_weights
from chainrule.equations.namespace import namespace
from chainrule.equations.network import Layer, backward, forward
from chainrule.equations.penalties import PENALTIES, penalised, total

# Array libraries


@dataclass(frozen=True)
class Backend:
    """One array library with one dtype."""

    library: str
    precision: str

    @property
    def dtype(self) -> Any:
        modules = {"numpy": np, "jax": jnp, "torch": torch}
        return getattr(modules[self.library], self.precision)

    @property
    def tolerance(self) -> float:
        """How far from float64's result a few operations may end, relative to the largest."""
        return 1e-5 if self.precision == "float32" else 1e-13

    def array(self, values: Any) -> Any:
        if self.library == "torch":
            return torch.tensor(np.array(values), dtype=self.dtype)
        if self.library == "jax":
            return jnp.asarray(np.asarray(values), dtype=self.dtype)
        return np.asarray(values, dtype=self.dtype)

    def layers(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        return tuple(Layer(self.array(layer.W), self.array(layer.b)) for layer in layers)

    def check(self, actual: Any, expected: np.ndarray, tolerance: float | None = None) -> None:
        """``actual`` stayed in this library and dtype, and is what float64 NumPy gives."""
        owner = {"numpy": (np.ndarray, np.generic), "jax": jax.Array, "torch": torch.Tensor}
        assert isinstance(actual, owner[self.library]), type(actual)
        assert actual.dtype == self.dtype
        assert tuple(actual.shape) == np.shape(expected)
        scale = max(np.max(np.abs(expected), initial=0.0), 1e-300)
        error = np.max(np.abs(np.asarray(actual, dtype=float) - expected), initial=0.0) / scale
        assert error <= (tolerance or self.tolerance)


@pytest.fixture(
    params=[(lib, p) for lib in ("numpy", "jax", "torch") for p in ("float32", "float64")],
    ids=lambda pair: "-".join(pair),
)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each library in each dtype. JAX refuses any mix of dtypes while the test runs."""
    backend = Backend(*request.param)
    with ExitStack() as stack:
        if backend.library == "jax":
            stack.enter_context(jax.numpy_dtype_promotion("strict"))
            stack.enter_context(jax.enable_x64(backend.precision == "float64"))
        yield backend


@pytest.fixture
def x64() -> Iterator[None]:
    """JAX in float64, in this test alone."""
    with jax.enable_x64(True):
        yield


# Finite differences

_STENCIL = ((1, 4 / 5), (2, -1 / 5), (3, 4 / 105), (4, -1 / 280))


def _slope(function: Callable[[float], Any], h: float) -> Any:
    """f'(0) by the central difference of order 8, from f(-4h) to f(4h)."""
    return sum(c * (function(i * h) - function(-i * h)) for i, c in _STENCIL) / h


@pytest.fixture(scope="session")
def slope() -> Callable[[Callable[[float], Any], float], Any]:
    return _slope


# Problems

SEAMS = {"absolute_error": (0.0,), "huber": (-1.0, 1.0)}
"""Residuals where a loss or one of its derivatives jumps: differences across them are wrong."""


def _flatten(layers: Sequence[Layer], X: Any) -> np.ndarray:
    """Input and parameters, or their derivatives, as one vector."""
    parts = (X, *(array for layer in layers for array in layer))
    return np.concatenate([np.asarray(part, dtype=float).ravel() for part in parts])


@dataclass(frozen=True)
class Problem:
    """A network of two hidden layers, a batch, and everything its loss depends on."""

    loss: str
    activations: tuple[str, ...]
    layers: tuple[Layer, ...]
    X: Any
    Y: Any
    weights: Any
    reduction: str = "mean"
    masks: tuple[Any, ...] | None = None
    l2: float = 0.0

    def value(self, layers: Sequence[Layer] | None = None, X: Any = None) -> Any:
        """The loss that is reported: the data's and the penalty's."""
        layers, X = self.layers if layers is None else layers, self.X if X is None else X
        tape = forward(layers, self.activations, X, self.masks)
        output = ACTIVATIONS[self.activations[-1]]
        losses = per_sample(LOSSES[self.loss], output, tape.Z[-1], tape.A[-1], self.Y)
        share = reduce_weights(self.weights, self.reduction)
        return namespace(X).sum(share * losses) + total(PENALTIES["l2"], layers, self.l2)

    def gradient(self) -> tuple[tuple[Layer, ...], Any]:
        """The derivatives of ``value`` with respect to the layers and to ``X``."""
        tape = forward(self.layers, self.activations, self.X, self.masks)
        output = ACTIVATIONS[self.activations[-1]]
        dZ = output_gradient(LOSSES[self.loss], output, tape.Z[-1], tape.A[-1], self.Y)
        dZ = dZ * reduce_weights(self.weights, self.reduction)[:, None]
        found = backward(self.layers, self.activations, tape, dZ, self.masks)
        return penalised(PENALTIES["l2"], self.layers, found.layers, self.l2), found.dX

    def but(self, **changes: Any) -> "Problem":
        """The same problem with other arrays or another reduction."""
        return replace(self, **changes)

    def to(self, array: Callable[[Any], Any]) -> "Problem":
        """The same problem in another library: every array goes through ``array``."""
        masks = None if self.masks is None else tuple(map(array, self.masks))
        layers = tuple(Layer(array(layer.W), array(layer.b)) for layer in self.layers)
        X, Y, weights = map(array, (self.X, self.Y, self.weights))
        return replace(self, layers=layers, X=X, Y=Y, weights=weights, masks=masks)

    def flat(self) -> np.ndarray:
        """Input and parameters as one vector."""
        return _flatten(self.layers, self.X)

    def at(self, theta: np.ndarray) -> "Problem":
        """The problem with other input and parameters, from one vector."""
        parts, start = [], 0
        for part in (self.X, *(array for layer in self.layers for array in layer)):
            parts.append(theta[start : start + part.size].reshape(part.shape))
            start += part.size
        layers = tuple(Layer(*pair) for pair in zip(parts[1::2], parts[2::2], strict=True))
        return replace(self, layers=layers, X=parts[0])

    def signs(self) -> np.ndarray:
        """On which side of zero, where kinks are, each pre-activation lies; and on which side of
        the loss's seams each residual."""
        tape = forward(self.layers, self.activations, self.X, self.masks)
        sides = [np.sign(Z).ravel() for Z in tape.Z]
        return np.concatenate([*sides, np.sign(self.from_seams(tape)).ravel()])

    def from_seams(self, tape: Any) -> np.ndarray:
        """How far each residual is from each place where the loss is not smooth."""
        residuals = (tape.A[-1] - self.Y)[..., None]
        return residuals - np.array(SEAMS.get(self.loss, ()))


def _targets(kind: str, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Targets of the kind that a loss's row names, the values at the edges included."""
    if kind == "real":
        return rng.normal(size=shape)
    if kind == "count":
        return rng.poisson(1.5, shape).astype(float)
    if kind == "label":
        return (rng.random(shape) < 0.5).astype(float)
    if kind == "distribution":
        certain = np.eye(shape[1])[rng.integers(shape[1], size=shape[0])]
        spread = rng.dirichlet(np.ones(shape[1]), shape[0])
        spread = spread / spread.sum(1, keepdims=True)
        return np.where(np.arange(shape[0])[:, None] % 2, certain, spread)
    raise ValueError(f"No targets of kind {kind!r}: add them here.")


def _draw(
    loss: str, activations: Sequence[str], sizes: Sequence[int], n: int, variant: str, seed: int
) -> Problem:
    rng = np.random.default_rng(seed)
    pairs = list(pairwise(sizes))
    layers = tuple(
        Layer(rng.normal(0, 0.6, (i, o)), 0.4 * rng.choice([-1, 1], o) + rng.normal(0, 0.1, o))
        for i, o in pairs
    )
    X = rng.normal(size=(n, sizes[0]))
    Y = _targets(LOSSES[loss].targets, (n, sizes[-1]), rng)
    weights = rng.choice([0.0, 0.5, 1.3, 2.0], n) if "weighted" in variant else np.ones(n)
    masks = None
    if variant == "dropout":
        masks = tuple((rng.random((n, o)) < 0.7) / 0.7 for _, o in pairs[:-1])
    reduction = "sum" if "sum" in variant else "mean"
    l2 = 0.3 if variant == "l2" else 0.0
    problem = Problem(loss, tuple(activations), layers, X, Y, weights, reduction, masks, l2)
    return problem.to(_read_only)


def _read_only(array: np.ndarray) -> np.ndarray:
    """An equation that changed its arguments would raise."""
    array.setflags(write=False)
    return array


def _make_problem(
    loss: str,
    activations: Sequence[str],
    sizes: Sequence[int],
    variant: str = "mean",
    n: int = 4,
    first_seed: int = 0,
) -> Problem:
    """A problem whose gradient is not zero and whose pre-activations are not at a kink."""
    for seed in range(first_seed, first_seed + 500):
        problem = _draw(loss, activations, sizes, n, variant, seed)
        tape = forward(problem.layers, problem.activations, problem.X, problem.masks)
        distances = [*tape.Z, problem.from_seams(tape)]
        clear = all(np.min(np.abs(each), initial=np.inf) > 0.03 for each in distances)
        if clear and np.linalg.norm(_flatten(*problem.gradient())) > 1e-2:
            return problem
    raise AssertionError(f"No seed gives {loss}, {activations} a gradient to look at.")


@pytest.fixture(scope="session")
def make_problem() -> Callable[..., Problem]:
    return _make_problem


# Judges of a gradient: each gives the relative error of ``problem.gradient()``


def _relative(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.linalg.norm(found - true) / np.linalg.norm(true))


def _against_jax(problem: Problem) -> float:
    with jax.enable_x64(True):
        there = problem.to(jnp.asarray)
        true = jax.grad(there.value, argnums=(0, 1))(there.layers, there.X)
        return _relative(_flatten(*problem.gradient()), _flatten(*true))


def _against_torch(problem: Problem) -> float:
    there = problem.to(lambda array: torch.tensor(np.array(array)))
    leaves = [there.X, *(array for layer in there.layers for array in layer)]
    for leaf in leaves:
        leaf.requires_grad_(True)
    there.value().backward()
    true = np.concatenate([leaf.grad.numpy().ravel() for leaf in leaves])
    return _relative(_flatten(*problem.gradient()), true)


def _against_differences(problem: Problem) -> float:
    """One direction, one dot product; the direction leans on the gradient's own, so that
    the derivative along it is not small, and is random otherwise."""
    gradient, theta = _flatten(*problem.gradient()), problem.flat()
    for h, seed in product((0.005, 0.0025, 0.001), range(60)):
        random = np.random.default_rng(seed).normal(size=theta.size)
        along = gradient / np.linalg.norm(gradient) + random / np.linalg.norm(random)
        along = along / np.linalg.norm(along)
        ends = [problem.at(theta + i * h * along).signs() for i in range(-4, 5)]
        if all(np.array_equal(end, ends[0]) for end in ends):  # else a kink lies between
            true = _slope(lambda s, d=along: problem.at(theta + s * d).value(), h)
            return float(abs(gradient @ along - true) / abs(true))
    raise AssertionError("Every direction crosses a kink.")


JUDGES = {"jax": _against_jax, "torch": _against_torch, "differences": _against_differences}


@pytest.fixture(scope="session", params=list(JUDGES))
def judge(request: pytest.FixtureRequest) -> Callable[[Problem], float]:
    """An independent opinion of a gradient: its relative error."""
    return JUDGES[request.param]


@pytest.fixture(scope="session")
def against_differences() -> Callable[[Problem], float]:
    return _against_differences


@pytest.fixture(scope="session")
def flatten() -> Callable[[Sequence[Layer], Any], np.ndarray]:
    return _flatten


@pytest.fixture(scope="session")
def seams() -> dict[str, tuple[float, ...]]:
    return SEAMS


@pytest.fixture(scope="session")
def targets() -> Callable[[str, tuple[int, int], np.random.Generator], np.ndarray]:
    return _targets
