r"""Initial weights: a table of distributions and their scale.

``scale(fan_in, fan_out)`` is the bound a of a uniform distribution on [-a, a], the
standard deviation of a normal one, or the value of a constant. With V the wanted
variance, a uniform distribution has a = sqrt(3 V):

=====================  ==========================
glorot                 V = 2 / (fan_in + fan_out)
he                     V = 2 / fan_in
lecun                  V = 1 / fan_in
=====================  ==========================

``uniform``, ``normal`` and ``constant`` take their ``scale`` as a setting.
``orthogonal`` makes orthonormal columns (rows, where the layer widens) of normal draws
and multiplies them with its ``gain`` (Saxe, McClelland and Ganguli 2014). Biases
start at zero, with two exceptions: ``constant`` is for the biases as well, and so
is ``sklearn``, which draws weights and biases from [-a, a] with
a = sqrt(6 / (fan_in + fan_out)), or sqrt(2 / ...) where the hidden activation is
logistic, as scikit-learn does.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from chainrule.equations.namespace import Array, namespace

__all__ = ["INITIALIZERS", "Initializer", "initial"]


@dataclass(frozen=True)
class Initializer:
    """One row. ``distribution`` is ``uniform``, ``normal`` or ``constant``; ``arrange``, where
    there is one, is what becomes of the draws before they are scaled."""

    name: str
    distribution: str
    scale: Callable[..., float]
    source: str
    settings: Mapping[str, float] = field(default_factory=dict)
    biases: bool = False
    arrange: Callable[[Array], Array] | None = None


def _bound(variance: Callable[[int, int], float]) -> Callable[..., float]:
    return lambda fan_in, fan_out: math.sqrt(3 * variance(fan_in, fan_out))


def _deviation(variance: Callable[[int, int], float]) -> Callable[..., float]:
    return lambda fan_in, fan_out: math.sqrt(variance(fan_in, fan_out))


def glorot(fan_in: int, fan_out: int) -> float:
    return 2 / (fan_in + fan_out)


def he(fan_in: int, fan_out: int) -> float:
    return 2 / fan_in


def lecun(fan_in: int, fan_out: int) -> float:
    return 1 / fan_in


def sklearn_bound(fan_in: int, fan_out: int, factor: float) -> float:
    return math.sqrt(factor / (fan_in + fan_out))


def stated(fan_in: int, fan_out: int, scale: float) -> float:
    return scale


def gained(fan_in: int, fan_out: int, gain: float) -> float:
    return gain


def orthonormal(draws: Array) -> Array:
    """Q of the factors Q R of ``draws``: its columns, or where it is wider than high its rows,
    have length 1 and are at right angles to each other.

    R's diagonal is made positive, so that the factors are unique, and normal draws give every
    such matrix with equal chance (Mezzadri 2007).
    """
    xp = namespace(draws)
    wide = draws.shape[0] < draws.shape[1]
    Q, R = xp.linalg.qr(draws.T if wide else draws)
    diagonal = xp.diag(R)
    Q = Q * xp.where(diagonal < 0, -xp.ones_like(diagonal), xp.ones_like(diagonal))
    return Q.T if wide else Q


_GLOROT, _HE, _LECUN = "Glorot and Bengio 2010", "He et al. 2015", "LeCun et al. 1998"
_SCALE = MappingProxyType({"scale": 0.1})

_ROWS = (
    Initializer("glorot_uniform", "uniform", _bound(glorot), _GLOROT),
    Initializer("glorot_normal", "normal", _deviation(glorot), _GLOROT),
    Initializer("he_uniform", "uniform", _bound(he), _HE),
    Initializer("he_normal", "normal", _deviation(he), _HE),
    Initializer("lecun_uniform", "uniform", _bound(lecun), _LECUN),
    Initializer("lecun_normal", "normal", _deviation(lecun), _LECUN),
    Initializer("uniform", "uniform", stated, "stated scale", _SCALE),
    Initializer("normal", "normal", stated, "stated scale", _SCALE),
    Initializer(
        "orthogonal",
        "normal",
        gained,
        "Saxe et al. 2014",
        MappingProxyType({"gain": 1.0}),
        arrange=orthonormal,
    ),
    Initializer("constant", "constant", stated, "stated value", _SCALE, biases=True),
    Initializer(
        "sklearn",
        "uniform",
        sklearn_bound,
        "scikit-learn, after Glorot and Bengio 2010",
        MappingProxyType({"factor": 6.0}),
        biases=True,
    ),
)

INITIALIZERS: Mapping[str, Initializer] = MappingProxyType({row.name: row for row in _ROWS})


def initial(row: Initializer, draws: Array, fan_in: int, fan_out: int, **settings: float) -> Array:
    """Initial values from standard draws: uniform on [-1, 1], or standard normal.

    Settings that are not given have the row's defaults. ``constant`` uses the draws for
    their shape alone.
    """
    scale = row.scale(fan_in, fan_out, **{**row.settings, **settings})
    if row.distribution == "constant":
        return scale * namespace(draws).ones_like(draws)
    return scale * (row.arrange(draws) if row.arrange else draws)
