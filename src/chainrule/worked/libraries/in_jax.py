"""The same network in JAX: differentiated by ``jax.grad``, and trained by the compiled equations.

The functions that are differentiated are JAX's own, not those of ``chainrule.equations``.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from typing import Any

import numpy as np

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import LOSSES, output_gradient, per_sample
from chainrule.equations.network import Layer, backward, forward
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.equations.penalties import PENALTIES, penalised, total
from chainrule.worked.libraries.problem import Course, Floats, Problem

__all__ = ["quantities", "slope", "train"]

Function = Callable[..., Any]

FAST = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}
"""To compile takes far longer than to run such small networks: with these a quarter as long."""


def quantities(problem: Problem, nudge: Mapping[str, Floats]) -> dict[str, Floats]:
    """A step's quantities up to its gradients, by the trace's keys, in float64.

    The derivatives are those of ``jax.grad``; a penalised ``dW1`` is the sum of two, of the
    data's loss and of the penalty. ``nudge`` keeps the oracle on our side of a kink, as
    ``kinks.nudged`` says.
    """
    import jax

    nudge = dict(nudge)
    targets = (problem.Y, nudge.pop("Y", None))
    with jax.enable_x64(True):
        found = _differentiated(problem.activations, problem.loss, problem.penalty or "l2")(
            {**problem.arrays, **nudge}, targets, problem.share, problem.coefficient
        )
        return {key: np.array(x) for key, x in found.items()}


def slope(name: str, z: float) -> float:
    """What JAX takes the derivative to be at ``z``: of an activation, of the absolute error by its
    residual, or of L1 by a weight."""
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):
        sizes = {"absolute_error": jnp.abs, "l1": jnp.abs}
        return float(jax.grad({**_activations(), **sizes}[name])(z))


def _size(x: Any) -> Any:
    """abs(x), with 0 for its derivative at 0: of two that are equal, JAX takes the mean. That of
    ``jnp.abs`` is 1 there."""
    import jax.numpy as jnp

    return jnp.maximum(x, -x)


def _activations() -> dict[str, Function]:
    import jax
    import jax.numpy as jnp

    return {
        "identity": lambda z: z,
        "logistic": jax.nn.sigmoid,
        "tanh": jnp.tanh,
        "relu": jax.nn.relu,
        "leaky_relu": partial(jax.nn.leaky_relu, negative_slope=0.01),
        "elu": jax.nn.elu,
        "selu": jax.nn.selu,
        "gelu": partial(jax.nn.gelu, approximate=False),
        "silu": jax.nn.silu,
        "softplus": jax.nn.softplus,
        "mish": jax.nn.mish,
        "exp": jnp.exp,
        "softmax": jax.nn.softmax,
    }


def _penalties() -> dict[str, Function]:
    """What each adds up over the weights."""
    import jax.numpy as jnp

    return {"l2": jnp.square, "l1": _size}


def _losses() -> dict[str, Function]:
    """The loss of each sample from the outputs ``a``."""
    import jax
    import jax.numpy as jnp
    from jax.scipy.special import xlogy

    def huber(a: Any, y: Any) -> Any:
        size = jnp.abs(a - y)
        return jnp.sum(jnp.where(size < 1, 0.5 * jnp.square(a - y), size - 0.5), axis=1)

    return {
        "squared_error": lambda a, y: 0.5 * jnp.sum(jnp.square(a - y), axis=1),
        "mean_squared_error": lambda a, y: jnp.mean(jnp.square(a - y), axis=1),
        "half_mean_squared_error": lambda a, y: 0.5 * jnp.mean(jnp.square(a - y), axis=1),
        "cross_entropy": lambda a, y: -jnp.sum(xlogy(y, a), axis=1),
        "binary_cross_entropy": lambda a, y: -jnp.sum(xlogy(y, a) + xlogy(1 - y, 1 - a), axis=1),
        "logit_cross_entropy": lambda a, y: -jnp.sum(y * jax.nn.log_softmax(a), axis=1),
        "absolute_error": lambda a, y: jnp.sum(_size(a - y), axis=1),
        "huber": huber,
        "poisson": lambda a, y: jnp.sum(a - xlogy(y, a) + xlogy(y, y) - y, axis=1),
    }


def _from_logits() -> dict[tuple[str, str], Function]:
    """The same from the last pre-activations, by output and loss, where that keeps more digits."""
    import jax
    import jax.numpy as jnp
    from jax.scipy.special import xlogy

    def binary(z: Any, y: Any) -> Any:
        return -jnp.sum(y * jax.nn.log_sigmoid(z) + (1 - y) * jax.nn.log_sigmoid(-z), axis=1)

    return {
        ("softmax", "cross_entropy"): lambda z, y: -jnp.sum(y * jax.nn.log_softmax(z), axis=1),
        ("logistic", "binary_cross_entropy"): binary,
        ("exp", "poisson"): lambda z, y: jnp.sum(jnp.exp(z) - y * z + xlogy(y, y) - y, axis=1),
    }


@cache
def _differentiated(names: tuple[str, ...], loss: str, penalised: str) -> Function:
    """All quantities as one compiled function."""
    import jax
    import jax.numpy as jnp

    functions, top = [_activations()[name] for name in names], len(names)
    plain, logits = _losses()[loss], _from_logits().get((names[-1], loss))
    term = _penalties()[penalised]

    def beside(targets: Any, A: Any) -> Any:
        """The targets, some of them so far from the outputs as it is said."""
        Y, off = targets
        return Y if off is None else jnp.where(jnp.isnan(off), Y, jax.lax.stop_gradient(A) - off)

    def data(at: Any, targets: Any, share: Any) -> Any:
        A: Any = at["X"]
        tape: dict[str, Any] = {}
        for i, function in enumerate(functions, 1):
            Z = A @ at[f"W{i}"] + at[f"b{i}"] + at[f"Z{i}"]
            A = function(Z) + at[f"A{i}"]
            tape |= {f"Z{i}": Z, f"A{i}": A}
        Y = beside(targets, A)
        tape["L"] = plain(A, Y) if logits is None else logits(Z, Y)
        return jnp.sum(share * tape["L"]), tape

    def penalty(weights: Any, coefficient: Any) -> Any:
        return coefficient * sum(jnp.sum(term(W)) for W in weights.values())

    def everything(at: Any, targets: Any, share: Any, coefficient: Any) -> Any:
        (value, found), slopes = jax.value_and_grad(data, has_aux=True)(at, targets, share)
        A = found[f"A{top}"]
        Y = beside(targets, A)
        slopes[f"A{top}"] = jax.grad(lambda a: jnp.sum(share * plain(a, Y)))(A)
        weights = {key: x for key, x in at.items() if key.startswith("W")}
        part, pulls = jax.value_and_grad(penalty)(weights, coefficient)
        found |= {"data_loss": value, "penalty": part, "loss": value + part}
        for i, name in enumerate(names, 1):
            found[f"S{i}"] = _local(name, functions[i - 1], found[f"Z{i}"])
        for key, slope in slopes.items():
            found[f"d{key}"] = slope + pulls.get(key, 0)
        for key, pull in pulls.items():
            found |= {f"d{key}_data": slopes[key], f"d{key}_penalty": pull}
        return found

    return jax.jit(everything, compiler_options=_options())


def _local(name: str, function: Function, Z: Any) -> Any:
    """dA/dZ: element by element, or the Jacobian of each sample."""
    import jax

    if ACTIVATIONS[name].elementwise:
        return jax.grad(lambda z: function(z).sum())(Z)
    return jax.vmap(jax.jacobian(function))(Z)


@cache
def _options() -> dict[str, Any]:
    """``FAST``, where this version of JAX knows it: such options come and go."""
    import jax

    try:
        jax.jit(lambda x: x + 1, compiler_options=FAST)(0.0)
    except jax.errors.JaxRuntimeError:
        return {}
    return FAST


def train(course: Course) -> Iterator[tuple[float, tuple[Layer, ...]]]:
    """The loss before, and the parameters after each step: the equations, compiled, in float64."""
    import jax

    optimizer = course.update.optimizer
    penalty = course.batches[0].penalty or "l2"
    step = _compiled(course.activations, course.loss, optimizer, penalty)
    factor = {"l2": 2.0, "l1": 1.0}[penalty]  # the equations' lambda in terms of the coefficient
    layers: Any = course.layers
    state: Any = OPTIMIZERS[optimizer].init(layers)
    for number, one in enumerate(course.batches):
        batch = (one.X, one.Y, one.share, factor * one.coefficient)
        with jax.enable_x64(True):
            loss, layers, state = step(layers, state, batch, course.rate(number), course.settings)
        yield float(loss), tuple(Layer(np.array(W), np.array(b)) for W, b in layers)


@cache
def _compiled(
    names: tuple[str, ...], loss_name: str, optimizer: str, penalty_name: str
) -> Function:
    import jax
    import jax.numpy as jnp

    loss, output, penalty = LOSSES[loss_name], ACTIVATIONS[names[-1]], PENALTIES[penalty_name]

    def step(layers: Any, state: Any, batch: Any, rate: Any, settings: Any) -> Any:
        X, Y, share, strength = batch
        tape = forward(layers, names, X)
        Z, A = tape.Z[-1], tape.A[-1]
        value = jnp.sum(share * per_sample(loss, output, Z, A, Y))
        value = value + total(penalty, layers, strength)
        dZ = output_gradient(loss, output, Z, A, Y) * share[:, None]
        found = penalised(penalty, layers, backward(layers, names, tape, dZ).layers, strength)
        new, state = OPTIMIZERS[optimizer].step(layers, found, state, rate, settings)
        return value, new, state

    return jax.jit(step, compiler_options=_options())
