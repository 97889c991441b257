"""From an estimator's parameters to the engine's terms: the plan and the initial weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

import numpy as np

from chainrule.engine.plan import Hyperparameters, Plan
from chainrule.equations.dropout import quantised_rate
from chainrule.equations.initializers import INITIALIZERS, Initializer, initial
from chainrule.equations.network import Layer
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import InvalidInputError
from chainrule.estimators.parameters import Parameters, named_settings

__all__ = [
    "Architecture",
    "activations",
    "architecture",
    "dropout_rates",
    "hyperparameters",
    "initial_layers",
    "plan",
]


@dataclass(frozen=True)
class Architecture:
    """Sizes of all layers, one activation a layer, the equations' name of the loss and its
    settings.

    ``loss_scale`` is what the reported loss is multiplied with (see the regressor's
    ``sklearn_squared_error``); the training does not see it.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    loss_scale: float = 1.0
    loss_settings: Mapping[str, float] = field(default_factory=dict)


def architecture(
    params: Parameters,
    n_in: int,
    n_out: int,
    output: str,
    loss: str,
    loss_scale: float = 1.0,
    loss_settings: Mapping[str, float] | None = None,
) -> Architecture:
    """Check the hidden layers' parameters against each other and put them together."""
    hidden = _hidden_sizes(params.hidden_layer_sizes)
    names = activations(params, len(hidden), output)
    return Architecture((n_in, *hidden, n_out), names, loss, loss_scale, loss_settings or {})


def activations(params: Parameters, n_hidden: int, output: str) -> tuple[str, ...]:
    """One activation a layer, the output's last."""
    return (*map(str, _one_each(params.activation, n_hidden, "activation")), output)


def _hidden_sizes(given: Any) -> tuple[int, ...]:
    sizes = list(given) if hasattr(given, "__iter__") else [given]
    if any(not isinstance(size, Integral) or size <= 0 for size in sizes):
        raise InvalidInputError(f"hidden_layer_sizes must be > 0 and whole, got {sizes}.")
    return tuple(int(size) for size in sizes)


def _one_each(given: Any, n_hidden: int, name: str) -> tuple[Any, ...]:
    """One value a hidden layer, from one for all or from a list."""
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        return (given,) * n_hidden
    values = tuple(given)
    if len(values) != n_hidden:
        raise InvalidInputError(
            f"{name} must be one value, or one for each of the {n_hidden} hidden layers; "
            f"got {len(values)}: {list(values)}."
        )
    return values


def dropout_rates(params: Parameters, n_hidden: int) -> tuple[float, ...]:
    rates = _one_each(params.dropout, n_hidden, "dropout")
    if any(not isinstance(rate, Real) or not 0 <= float(rate) < 1 for rate in rates):
        raise InvalidInputError(f"dropout rates must be numbers in [0, 1), got {list(rates)}.")
    return tuple(quantised_rate(float(rate)) for rate in rates)


def _optimizer(params: Parameters) -> str:
    """The row of the optimizers' table that the solver means, in scikit-learn's conventions."""
    if params.solver == "sgd":
        kind = "nesterov" if params.nesterovs_momentum else "momentum"
        return kind if params.momentum > 0 else "sgd"
    return {"adam": "adam_hat", "lbfgs": "sgd"}.get(params.solver, params.solver)


def plan(params: Parameters, net: Architecture, batch_size: int, dtype: str) -> Plan:
    return Plan(
        net.sizes,
        net.activations,
        net.loss,
        _optimizer(params),
        batch_size,
        dtype,
        penalised=bool(params.alpha if params.l2 is None else params.l2),
        dropout=any(dropout_rates(params, len(net.sizes) - 2)),
        clipped=params.clip_global_norm is not None,
        scaled=params.input_scale is not None,
        l1=bool(params.l1),
        max_norm=params.max_norm is not None,
    )


def hyperparameters(
    params: Parameters, net: Architecture, plan: Plan, seed: int
) -> Hyperparameters:
    known = OPTIMIZERS[plan.optimizer].settings
    clip = np.inf if params.clip_global_norm is None else params.clip_global_norm
    return Hyperparameters.make(
        plan,
        {name: getattr(params, name) for name in known},
        dropout_rates(params, len(plan.sizes) - 2),
        clip,
        seed,
        loss=net.loss_settings,
        l1=params.l1,
        max_norm=np.inf if params.max_norm is None else params.max_norm,
        input_scale=1.0 if params.input_scale is None else params.input_scale,
    )


def initial_layers(
    params: Parameters, net: Architecture, dtype: str, random_state: np.random.RandomState
) -> tuple[Layer, ...]:
    """Initial weights and biases, layer by layer from one stream, as scikit-learn draws them."""
    if params.init is None:
        row = INITIALIZERS["sklearn"]
        logistic = params.activation == "logistic"
        settings = {"factor": 2.0 if logistic else 6.0}
    else:
        row, settings = named_settings("init", params.init, INITIALIZERS)
    layers = []
    for n_in, n_out in pairwise(net.sizes):
        W = initial(row, _draw(random_state, row, (n_in, n_out)), n_in, n_out, **settings)
        b = np.zeros(n_out)
        if row.biases:
            b = initial(row, _draw(random_state, row, (n_out,)), n_in, n_out, **settings)
        layers.append(Layer(W.astype(dtype), b.astype(dtype)))
    return tuple(layers)


def _draw(
    random_state: np.random.RandomState, row: Initializer, shape: tuple[int, ...]
) -> np.ndarray[Any, Any]:
    if row.distribution == "normal":
        return random_state.standard_normal(shape)
    if row.distribution == "uniform":
        return random_state.uniform(-1, 1, shape)
    return np.zeros(shape)
