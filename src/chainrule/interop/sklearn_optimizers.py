"""scikit-learn's optimizers and our sessions: the same state, in other lists."""

from copy import deepcopy
from typing import Any

import numpy as np
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer
from sklearn.utils import check_random_state

from chainrule.equations.network import Layer
from chainrule.estimators.base import BaseMLP
from chainrule.estimators.session import Session

__all__ = ["optimizer_of", "session_of"]


def session_of(model: Any) -> Session | None:
    """What a fitted network of scikit-learn goes on with, as ours; None of L-BFGS."""
    optimizer = getattr(model, "_optimizer", None)
    if optimizer is None or model.solver not in ("adam", "sgd"):
        return None
    name, state = _adam(model) if model.solver == "adam" else _sgd(model)
    stream = getattr(model, "_random_state", None) or check_random_state(model.random_state)
    adaptive = model.solver == "sgd" and model.learning_rate == "adaptive"
    return Session(
        optimizer=name,
        state=state,
        step=int(getattr(optimizer, "t", 0)),
        epoch=len(model.loss_curve_),
        index=np.arange(0),  # of no rows: the next order begins anew
        random_state=deepcopy(stream),
        base_rate=float(optimizer.learning_rate if adaptive else model.learning_rate_init),
        mask_seed=0,
        no_improvement=model._no_improvement_count,
    )


def _adam(model: Any) -> tuple[str, dict[str, Any]]:
    optimizer, dtype = model._optimizer, model.coefs_[0].dtype
    t = np.asarray(optimizer.t, dtype)[()]
    return "adam_hat", {"m": _layers(optimizer.ms), "v": _layers(optimizer.vs), "t": t}


def _sgd(model: Any) -> tuple[str, dict[str, Any]]:
    if model.momentum == 0:
        return "sgd", {}
    name = "nesterov" if model.nesterovs_momentum else "momentum"
    return name, {"velocity": _layers(model._optimizer.velocities)}


def optimizer_of(model: BaseMLP) -> AdamOptimizer | SGDOptimizer | None:
    """What our fitted network goes on with, as scikit-learn's; None where it has no such."""
    session = getattr(model, "_session", None)
    if session is None or model.solver not in ("adam", "sgd"):
        return None
    state, params = session.state, [*model.coefs_, *model.intercepts_]
    if model.solver == "adam":
        if session.optimizer != "adam_hat":
            return None
        adam = AdamOptimizer(
            params, model.learning_rate_init, model.beta_1, model.beta_2, model.epsilon
        )
        adam.t = int(state["t"])
        adam.ms, adam.vs = _arrays(state["m"]), _arrays(state["v"])
        return adam
    sgd = SGDOptimizer(
        params,
        model.learning_rate_init,
        model.learning_rate,
        model.momentum,
        model.nesterovs_momentum,
        model.power_t,
    )
    if "velocity" in state:
        sgd.velocities = _arrays(state["velocity"])
    if model.learning_rate == "adaptive":
        sgd.learning_rate = session.base_rate
    sgd.iteration_ends(model.t_)  # inverse scaling goes by the samples seen
    return sgd


def _layers(arrays: list[Any]) -> tuple[Layer, ...]:
    """scikit-learn lists all weights, then all biases."""
    half = len(arrays) // 2
    return tuple(
        Layer(np.array(W), np.array(b)) for W, b in zip(arrays[:half], arrays[half:], strict=True)
    )


def _arrays(layers: tuple[Layer, ...]) -> list[Any]:
    return [np.array(layer.W) for layer in layers] + [np.array(layer.b) for layer in layers]
