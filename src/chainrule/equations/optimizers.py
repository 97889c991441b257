r"""Optimizers: a table of pure ``(init, step)`` pairs over the layers' parameters.

``init(layers)`` gives the state: a mapping of names to layers of zeros, and a
number of steps where one is needed. ``step(layers, gradients, state, lr,
settings)`` gives the new layers and the new state; nothing is changed in place.
With p a parameter, g its gradient, eta the learning rate:

========  =====================================================================
sgd       p <- p - eta g
momentum  v <- mu v - eta g;  p <- p + v
nesterov  v <- mu v - eta g;  p <- p + mu v - eta g
adam      m <- b1 m + (1-b1) g;  v <- b2 v + (1-b2) g^2
          p <- p - eta (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps)
adam_hat  the same m and v;  p <- p - eta sqrt(1-b2^t) / (1-b1^t) m / (sqrt(v) + eps)
adamw     W <- W - eta decay W (weights only), then as adam
rmsprop   v <- rho v + (1-rho) g^2;  p <- p - eta g / (sqrt(v) + eps)
adagrad   s <- s + g^2;  p <- p - eta g / (sqrt(s) + eps)
========  =====================================================================

Conventions. The velocity carries the learning rate (Sutskever et al. 2013,
scikit-learn); PyTorch's carries the bare gradient, which is the same while eta
does not change. ``adam`` has epsilon outside the root and after the bias
correction, as algorithm 1 of Kingma and Ba 2015, PyTorch and optax have it;
``adam_hat`` has their section 2's epsilon-hat, as scikit-learn has it: it equals
``adam`` with eps / sqrt(1-b2^t). ``rmsprop`` and ``adagrad`` have epsilon outside the
root, as PyTorch has it; ``rmsprop`` is neither centred nor has it momentum, and its rho,
which PyTorch calls alpha, is 0.9 by default as in the lecture that it comes from
(PyTorch: 0.99); ``adagrad`` begins with s = 0.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from chainrule.equations.namespace import Array, namespace
from chainrule.equations.network import Layer

__all__ = ["OPTIMIZERS", "Optimizer", "clip_by_global_norm", "global_norm", "limit_norms"]

Layers = Sequence[Layer]
State = Mapping[str, Any]
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Optimizer:
    """One row. ``settings`` holds the default of each setting that ``step`` reads."""

    name: str
    init: Callable[[Layers], State]
    step: Callable[[Layers, Layers, State, Any, Settings], tuple[tuple[Layer, ...], State]]
    settings: Mapping[str, float]
    source: str


def _each(function: Callable[..., Array], *groups: Layers) -> tuple[Layer, ...]:
    """``function`` of the matching arrays of several lists of layers."""
    return tuple(
        Layer(function(*(part.W for part in parts)), function(*(part.b for part in parts)))
        for parts in zip(*groups, strict=True)
    )


def _zeros(layers: Layers) -> tuple[Layer, ...]:
    return _each(lambda p: namespace(p).zeros_like(p), layers)


# sgd


def sgd_init(layers: Layers) -> State:
    return {}


def sgd_step(
    layers: Layers, gradients: Layers, state: State, lr: Any, settings: Settings
) -> tuple[tuple[Layer, ...], State]:
    return _each(lambda p, g: p - lr * g, layers, gradients), state


# momentum, Nesterov's form included


def momentum_init(layers: Layers) -> State:
    return {"velocity": _zeros(layers)}


def momentum_step(
    layers: Layers,
    gradients: Layers,
    state: State,
    lr: Any,
    settings: Settings,
    nesterov: bool = False,
) -> tuple[tuple[Layer, ...], State]:
    mu = settings["momentum"]
    velocity = _each(lambda v, g: mu * v - lr * g, state["velocity"], gradients)
    if nesterov:
        layers = _each(lambda p, v, g: p + (mu * v - lr * g), layers, velocity, gradients)
    else:
        layers = _each(lambda p, v: p + v, layers, velocity)
    return tuple(layers), {"velocity": velocity}


# adam, in both conventions of epsilon, and with decoupled weight decay


def adam_init(layers: Layers) -> State:
    b = layers[0].b
    return {"m": _zeros(layers), "v": _zeros(layers), "t": namespace(b).zeros_like(b[0])}


def adam_step(
    layers: Layers,
    gradients: Layers,
    state: State,
    lr: Any,
    settings: Settings,
    epsilon_hat: bool = False,
    decoupled: bool = False,
) -> tuple[tuple[Layer, ...], State]:
    b1, b2, eps = settings["beta_1"], settings["beta_2"], settings["epsilon"]
    t = state["t"] + 1
    m = _each(lambda m, g: b1 * m + (1 - b1) * g, state["m"], gradients)
    v = _each(lambda v, g: b2 * v + (1 - b2) * (g * g), state["v"], gradients)
    root = namespace(t).sqrt(1 - b2**t)
    rate = lr * root / (1 - b1**t)
    if not epsilon_hat:
        eps = eps * root  # sqrt(v / c) + eps = (sqrt(v) + eps sqrt(c)) / sqrt(c), c = 1 - b2^t
    if decoupled:
        shrink = 1 - lr * settings["weight_decay"]
        layers = [Layer(layer.W * shrink, layer.b) for layer in layers]
    new = _each(lambda p, m, v: p - rate * m / (namespace(v).sqrt(v) + eps), layers, m, v)
    return new, {"m": m, "v": v, "t": t}


# rmsprop and adagrad: a rate for each parameter, by its gradients' squares


def rmsprop_init(layers: Layers) -> State:
    return {"v": _zeros(layers)}


def rmsprop_step(
    layers: Layers, gradients: Layers, state: State, lr: Any, settings: Settings
) -> tuple[tuple[Layer, ...], State]:
    rho, eps = settings["rho"], settings["epsilon"]
    v = _each(lambda v, g: rho * v + (1 - rho) * (g * g), state["v"], gradients)
    new = _each(lambda p, g, v: p - lr * g / (namespace(v).sqrt(v) + eps), layers, gradients, v)
    return new, {"v": v}


def adagrad_init(layers: Layers) -> State:
    return {"s": _zeros(layers)}


def adagrad_step(
    layers: Layers, gradients: Layers, state: State, lr: Any, settings: Settings
) -> tuple[tuple[Layer, ...], State]:
    eps = settings["epsilon"]
    s = _each(lambda s, g: s + g * g, state["s"], gradients)
    new = _each(lambda p, g, s: p - lr * g / (namespace(s).sqrt(s) + eps), layers, gradients, s)
    return new, {"s": s}


_MOMENTUM = MappingProxyType({"momentum": 0.9})
_ADAM = MappingProxyType({"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8})
_KINGMA = "Kingma and Ba 2015"

_ROWS = (
    Optimizer("sgd", sgd_init, sgd_step, MappingProxyType({}), "Robbins and Monro 1951"),
    Optimizer("momentum", momentum_init, momentum_step, _MOMENTUM, "Polyak 1964"),
    Optimizer(
        "nesterov",
        momentum_init,
        partial(momentum_step, nesterov=True),
        _MOMENTUM,
        "Sutskever et al. 2013",
    ),
    Optimizer("adam", adam_init, adam_step, _ADAM, f"{_KINGMA}, algorithm 1"),
    Optimizer(
        "adam_hat", adam_init, partial(adam_step, epsilon_hat=True), _ADAM, f"{_KINGMA}, section 2"
    ),
    Optimizer(
        "adamw",
        adam_init,
        partial(adam_step, decoupled=True),
        MappingProxyType({**_ADAM, "weight_decay": 0.01}),
        "Loshchilov and Hutter 2019",
    ),
    Optimizer(
        "rmsprop",
        rmsprop_init,
        rmsprop_step,
        MappingProxyType({"rho": 0.9, "epsilon": 1e-8}),
        "Tieleman and Hinton 2012",
    ),
    Optimizer(
        "adagrad",
        adagrad_init,
        adagrad_step,
        MappingProxyType({"epsilon": 1e-10}),
        "Duchi, Hazan and Singer 2011",
    ),
)

OPTIMIZERS: Mapping[str, Optimizer] = MappingProxyType({row.name: row for row in _ROWS})


def global_norm(gradients: Layers) -> Array:
    """The Euclidean norm of all gradients taken as one vector."""
    xp = namespace(gradients[0].W)
    squares = [xp.sum(part * part) for gradient in gradients for part in gradient]
    total = squares[0]
    for square in squares[1:]:
        total = total + square
    return xp.sqrt(total)


def clip_by_global_norm(gradients: Layers, limit: Any) -> tuple[Layer, ...]:
    """The gradients, scaled down together where their global norm exceeds ``limit``.

    g <- g min(1, limit / ||g||). Source: Pascanu, Mikolov and Bengio 2013.
    """
    norm = global_norm(gradients)
    xp = namespace(norm)
    scale = xp.where(norm > limit, limit / xp.where(norm == 0, xp.ones_like(norm), norm), 1.0)
    return _each(lambda g: g * scale, gradients)


def limit_norms(layers: Layers, limit: Any) -> tuple[Layer, ...]:
    """The layers, each unit's incoming weights (a column of W) scaled down where their norm
    exceeds ``limit``; biases are left alone.

    w <- w min(1, limit / ||w||). Source: Srebro, Rennie and Jaakkola 2005; for networks
    Srivastava et al. 2014.
    """

    def limited(W: Array) -> Array:
        xp = namespace(W)
        norm = xp.sqrt(xp.sum(W * W, axis=0))
        nonzero = xp.where(norm == 0, xp.ones_like(norm), norm)
        return W * xp.where(norm > limit, limit / nonzero, xp.ones_like(norm))

    return tuple(Layer(limited(layer.W), layer.b) for layer in layers)
