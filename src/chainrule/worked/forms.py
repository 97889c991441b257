"""The equations as formulas that can be shown: one row for each row of the equations' tables.

The numbers of a trace come from ``chainrule.equations``; these trees say what was computed,
and the tests evaluate every one of them against the numbers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chainrule.equations.activations import LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE
from chainrule.equations.losses import HUBER_DELTA
from chainrule.equations.penalties import PENALTIES, Penalty
from chainrule.worked.expressions import (
    Add,
    Call,
    Cases,
    Constant,
    Expression,
    Fraction,
    Hadamard,
    Negative,
    Number,
    Power,
    Product,
    Ref,
    Total,
    minus,
    one_minus,
)

__all__ = [
    "ACTIVATION_FORMS",
    "FUSED_FORMS",
    "LOSS_FORMS",
    "OPTIMIZER_FORMS",
    "PENALTY_FORMS",
    "ActivationForm",
    "LossForm",
    "PenaltyForm",
]

E = Expression
Settings = Mapping[str, float]


@dataclass(frozen=True)
class ActivationForm:
    """``function(z)`` and ``derivative(z, a)``, written out."""

    function: Callable[[E], E]
    derivative: Callable[[E, E], E]


def _exp(x: E) -> E:
    return Call("exp", (x,))


def _log(x: E) -> E:
    return Call("log", (x,))


def _logistic(z: E) -> E:
    return Fraction(Number(1), Add((Number(1), _exp(Negative(z)))))


def _softplus(z: E) -> E:
    return _log(Add((Number(1), _exp(z))))


def _silu_derivative(z: E, a: E) -> E:
    s = Call("logistic", (z,))
    return Hadamard(s, Add((Number(1), Hadamard(z, one_minus(s)))))


_ABOVE, _BELOW = Number(SELU_SCALE), Number(SELU_SCALE * SELU_ALPHA)
"""selu's two factors. As numbers: a penalty's strength is called lambda or alpha already."""


def _selu(z: E) -> E:
    return Cases(z, Product((_ABOVE, z)), Product((_BELOW, minus(_exp(z), Number(1)))))


def _selu_derivative(z: E, a: E) -> E:
    return Cases(z, _ABOVE, Product((_BELOW, _exp(z))))


def _mish_gate(z: E) -> E:
    return Call("tanh", (_softplus(z),))


def _mish_derivative(z: E, a: E) -> E:
    t = _mish_gate(z)
    return Add((t, Hadamard(z, Hadamard(one_minus(Power(t, 2)), _logistic(z)))))


ACTIVATION_FORMS: Mapping[str, ActivationForm] = {
    "identity": ActivationForm(lambda z: z, lambda z, a: Number(1)),
    "logistic": ActivationForm(_logistic, lambda z, a: Hadamard(a, one_minus(a))),
    "tanh": ActivationForm(lambda z: Call("tanh", (z,)), lambda z, a: one_minus(Power(a, 2))),
    "relu": ActivationForm(
        lambda z: Call("max", (Number(0), z)), lambda z, a: Cases(z, Number(1), Number(0))
    ),
    "leaky_relu": ActivationForm(
        lambda z: Cases(z, z, Product((Number(LEAKY_SLOPE), z))),
        lambda z, a: Cases(z, Number(1), Number(LEAKY_SLOPE)),
    ),
    "elu": ActivationForm(
        lambda z: Cases(z, z, minus(_exp(z), Number(1))),
        lambda z, a: Cases(z, Number(1), _exp(z)),
    ),
    "selu": ActivationForm(_selu, _selu_derivative),
    "gelu": ActivationForm(
        lambda z: Hadamard(z, Call("Phi", (z,))),
        lambda z, a: Add((Call("Phi", (z,)), Hadamard(z, Call("phi", (z,))))),
    ),
    "silu": ActivationForm(lambda z: Hadamard(z, _logistic(z)), _silu_derivative),
    "softplus": ActivationForm(_softplus, lambda z, a: _logistic(z)),
    "mish": ActivationForm(lambda z: Hadamard(z, _mish_gate(z)), _mish_derivative),
    "exp": ActivationForm(_exp, lambda z, a: a),
    "softmax": ActivationForm(
        lambda z: Call("softmax", (z,)),
        lambda z, a: minus(Call("diag", (a,)), Call("outer", (a, a))),
    ),
}


@dataclass(frozen=True)
class LossForm:
    """``value(a, y, k)`` of one sample and ``gradient(a, y, k)``; ``k`` outputs."""

    value: Callable[[E, E, int], E]
    gradient: Callable[[E, E, int], E]


def _squares(a: E, y: E) -> E:
    return Total(Power(minus(a, y), 2), "outputs")


def _outputs(k: int) -> E:
    return Constant("k", k)


def _bce(a: E, y: E, k: int) -> E:
    right = Hadamard(one_minus(y), _log(one_minus(a)))
    return Negative(Total(Add((Hadamard(y, _log(a)), right)), "outputs"))


def _poisson(a: E, y: E, k: int) -> E:
    return Total(
        Add((a, Negative(y), Hadamard(y, _log(y)), Negative(Hadamard(y, _log(a))))), "outputs"
    )


_DELTA = Number(HUBER_DELTA)
"""The one by default: an example has no other. As a number: delta may be the name of dZ."""


def _size(a: E, y: E) -> E:
    return Call("abs", (minus(a, y),))


def _huber(a: E, y: E, k: int) -> E:
    near = Product((Fraction(Number(1), Number(2)), Power(minus(a, y), 2)))
    far = Product((_DELTA, minus(_size(a, y), Fraction(_DELTA, Number(2)))))
    return Total(Cases(minus(_DELTA, _size(a, y)), near, far), "outputs")


def _huber_gradient(a: E, y: E, k: int) -> E:
    far = Product((_DELTA, Call("sign", (minus(a, y),))))
    return Cases(minus(_DELTA, _size(a, y)), minus(a, y), far)


LOSS_FORMS: Mapping[str, LossForm] = {
    "squared_error": LossForm(
        lambda a, y, k: Product((Fraction(Number(1), Number(2)), _squares(a, y))),
        lambda a, y, k: minus(a, y),
    ),
    "mean_squared_error": LossForm(
        lambda a, y, k: Fraction(_squares(a, y), _outputs(k)),
        lambda a, y, k: Fraction(Product((Number(2), minus(a, y))), _outputs(k)),
    ),
    "half_mean_squared_error": LossForm(
        lambda a, y, k: Fraction(_squares(a, y), Product((Number(2), _outputs(k)))),
        lambda a, y, k: Fraction(minus(a, y), _outputs(k)),
    ),
    "cross_entropy": LossForm(
        lambda a, y, k: Negative(Total(Hadamard(y, _log(a)), "outputs")),
        lambda a, y, k: Negative(Fraction(y, a)),
    ),
    "binary_cross_entropy": LossForm(
        _bce, lambda a, y, k: Fraction(minus(a, y), Hadamard(a, one_minus(a)))
    ),
    "logit_cross_entropy": LossForm(
        lambda a, y, k: Negative(Total(Hadamard(y, _log(Call("softmax", (a,)))), "outputs")),
        lambda a, y, k: minus(Call("softmax", (a,)), y),
    ),
    "absolute_error": LossForm(
        lambda a, y, k: Total(_size(a, y), "outputs"),
        lambda a, y, k: Call("sign", (minus(a, y),)),
    ),
    "huber": LossForm(_huber, _huber_gradient),
    "poisson": LossForm(_poisson, lambda a, y, k: one_minus(Fraction(y, a))),
}

FUSED_FORMS: Mapping[tuple[str, str], Callable[[E, E, E], E]] = {
    ("softmax", "cross_entropy"): lambda s, a, y: minus(a, y),
    ("logistic", "binary_cross_entropy"): lambda s, a, y: minus(a, y),
    ("exp", "poisson"): lambda s, a, y: minus(a, y),
    ("softplus", "poisson"): lambda s, a, y: minus(s, Hadamard(y, Fraction(s, a))),
}
"""dL/dZ of a fused pair, from the local derivative s, the output a and the target y."""


@dataclass(frozen=True)
class PenaltyForm:
    """A convention of a row of the equations' penalties.

    The penalty is ``value(c, N)`` times the sum of ``term(W)``, its gradient ``slope(c, N)`` times
    ``pull(W)``, from the strength c and the number N of samples. ``factor(N)`` is the equations'
    lambda in terms of the strength.
    """

    penalty: Penalty
    symbol: str
    value: Callable[[E, E], E]
    slope: Callable[[E, E], E]
    factor: Callable[[int], float]
    term: Callable[[E], E] = lambda W: Power(W, 2)
    pull: Callable[[E], E] = lambda W: W


_L2 = PENALTIES["l2"]

PENALTY_FORMS: Mapping[str, PenaltyForm] = {
    "lambda/2": PenaltyForm(
        _L2, "lambda", lambda c, N: Fraction(c, Number(2)), lambda c, N: c, lambda n: 1.0
    ),
    "lambda": PenaltyForm(
        _L2, "lambda", lambda c, N: c, lambda c, N: Product((Number(2), c)), lambda n: 2.0
    ),
    "alpha": PenaltyForm(
        _L2,
        "alpha",
        lambda c, N: Fraction(c, Product((Number(2), N))),
        lambda c, N: Fraction(c, N),
        lambda n: 1.0 / n,
    ),
    "l1": PenaltyForm(
        PENALTIES["l1"],
        "lambda",
        lambda c, N: c,
        lambda c, N: c,
        lambda n: 1.0,
        lambda W: Call("abs", (W,)),
        lambda W: Call("sign", (W,)),
    ),
}


# optimizers: what one parameter's state and new value are


def _scaled(c: E, x: E) -> E:
    return Product((c, x))


def _constants(settings: Settings) -> dict[str, Constant]:
    return {name: Constant(name, value) for name, value in settings.items()}


def _sgd(p: str, rate: E, settings: Settings, t: int) -> dict[str, E]:
    return {f"{p}_new": minus(Ref(p), _scaled(rate, Ref(f"d{p}")))}


def _momentum(p: str, rate: E, settings: Settings, t: int) -> dict[str, E]:
    mu = _constants(settings)["momentum"]
    pull = _scaled(rate, Ref(f"d{p}"))
    return {
        f"velocity_{p}": minus(_scaled(mu, Ref(f"velocity_{p}_before")), pull),
        f"{p}_new": Add((Ref(p), Ref(f"velocity_{p}"))),
    }


def _nesterov(p: str, rate: E, settings: Settings, t: int) -> dict[str, E]:
    found = _momentum(p, rate, settings, t)
    ahead = _scaled(_constants(settings)["momentum"], Ref(f"velocity_{p}"))
    found[f"{p}_new"] = Add((Ref(p), ahead, Negative(_scaled(rate, Ref(f"d{p}")))))
    return found


def _adam(
    p: str, rate: E, settings: Settings, t: int, hat: bool = False, decay: bool = False
) -> dict[str, E]:
    given = _constants(settings)
    b1, b2, epsilon = given["beta_1"], given["beta_2"], given["epsilon"]
    g, m, v = Ref(f"d{p}"), Ref(f"m_{p}"), Ref(f"v_{p}")
    c1, c2 = one_minus(Power(b1, t)), one_minus(Power(b2, t))
    root = Call("sqrt", (v if hat else Fraction(v, c2),))
    mean = Product((Call("sqrt", (c2,)), Fraction(m, c1))) if hat else Fraction(m, c1)
    start: E = Ref(p)
    if decay and p.startswith("W"):
        start = _scaled(one_minus(_scaled(rate, given["weight_decay"])), Ref(p))
    return {
        f"m_{p}": Add((_scaled(b1, Ref(f"m_{p}_before")), _scaled(one_minus(b1), g))),
        f"v_{p}": Add((_scaled(b2, Ref(f"v_{p}_before")), _scaled(one_minus(b2), Power(g, 2)))),
        f"{p}_new": minus(start, _scaled(rate, Fraction(mean, Add((root, epsilon))))),
    }


def _adam_hat(p: str, rate: E, settings: Settings, t: int) -> dict[str, E]:
    return _adam(p, rate, settings, t, hat=True)


def _adamw(p: str, rate: E, settings: Settings, t: int) -> dict[str, E]:
    return _adam(p, rate, settings, t, decay=True)


def _rmsprop(p: str, rate: E, settings: Settings, t: int) -> dict[str, E]:
    given = _constants(settings)
    rho, g = given["rho"], Ref(f"d{p}")
    step = Fraction(g, Add((Call("sqrt", (Ref(f"v_{p}"),)), given["epsilon"])))
    return {
        f"v_{p}": Add((_scaled(rho, Ref(f"v_{p}_before")), _scaled(one_minus(rho), Power(g, 2)))),
        f"{p}_new": minus(Ref(p), _scaled(rate, step)),
    }


def _adagrad(p: str, rate: E, settings: Settings, t: int) -> dict[str, E]:
    g, epsilon = Ref(f"d{p}"), _constants(settings)["epsilon"]
    step = Fraction(g, Add((Call("sqrt", (Ref(f"s_{p}"),)), epsilon)))
    return {
        f"s_{p}": Add((Ref(f"s_{p}_before"), Power(g, 2))),
        f"{p}_new": minus(Ref(p), _scaled(rate, step)),
    }


OPTIMIZER_FORMS: Mapping[str, Callable[[str, E, Settings, int], dict[str, E]]] = {
    "sgd": _sgd,
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adam": _adam,
    "adam_hat": _adam_hat,
    "adamw": _adamw,
    "rmsprop": _rmsprop,
    "adagrad": _adagrad,
}
"""For the parameter named ``p`` (``W1``), learning rate, settings and step number t: the formulas
of its new state and value, in order."""
