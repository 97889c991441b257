"""The same network trained by ``torch.optim``, and the conventions in which it differs."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.equations.losses import HUBER_DELTA
from chainrule.equations.network import Layer
from chainrule.worked.libraries.in_torch import (
    activations,
    from_logits,
    losses,
    one_thread,
    penalties,
)
from chainrule.worked.libraries.problem import Course, Floats, Problem

__all__ = ["conventions", "train", "updated"]


def train(course: Course, translated: bool) -> Iterator[tuple[float, tuple[Layer, ...]]]:
    """The loss before, and the parameters after each step.

    ``translated`` says whether PyTorch's conventions are translated into the example's, or
    taken as they come: its own loss, and the penalty's strength as its ``weight_decay``.
    """
    with one_thread():
        yield from _trained(course, translated)


def _trained(course: Course, translated: bool) -> Iterator[tuple[float, tuple[Layer, ...]]]:
    import torch

    linear = [_linear(layer) for layer in course.layers]
    weights, biases = [layer.weight for layer in linear], [layer.bias for layer in linear]
    optimizer = _optimizer(weights, biases, course, translated)
    functions = [activations()[name] for name in course.activations]
    for number, problem in enumerate(course.batches):
        A = torch.tensor(problem.X)
        for layer, function in zip(linear, functions, strict=True):
            Z = layer(A)
            A = function(Z)
        if translated:
            loss = _our_loss(problem, linear, Z, A)
            _translate(optimizer, course, number)
        else:
            loss = _own_loss(course, Z, A, torch.tensor(problem.Y))
        for group in optimizer.param_groups:
            group["lr"] = course.rate(number)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield float(loss.detach()), tuple(map(_layer, linear))


def updated(
    course: Course,
    problem: Problem,
    number: int,
    gradients: Mapping[str, Floats],
    before: Mapping[str, Floats],
) -> dict[str, Floats]:
    """The parameters and the optimizer's state after step ``number`` (from 0), by the trace's
    keys: one step of ``torch.optim`` from the state ``before``, translated."""
    import torch

    parameters: dict[str, Any] = {}
    for i, (W, b) in enumerate(problem.layers, 1):
        parameters |= {f"W{i}": torch.tensor(W), f"b{i}": torch.tensor(b)}
    weights, biases = (
        [parameter for key, parameter in parameters.items() if key[0] == letter] for letter in "Wb"
    )
    optimizer, rate = _optimizer(weights, biases, course, True), course.rate(number)
    for key, parameter in parameters.items():
        parameter.grad = torch.tensor(gradients[f"d{key}"])
        if number > 0 and course.settings:
            optimizer.state[parameter] = _state(key, before, number, course.rate(number - 1))
    _translate(optimizer, course, number)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    found = {}
    for key, parameter in parameters.items():
        state = optimizer.state[parameter]
        found[f"{key}_new"] = parameter
        if "exp_avg" in state:
            found |= {f"m_{key}": state["exp_avg"], f"v_{key}": state["exp_avg_sq"]}
        elif "square_avg" in state:
            found[f"v_{key}"] = state["square_avg"]
        elif "sum" in state:
            found[f"s_{key}"] = state["sum"]
        elif state.get("momentum_buffer") is not None:
            found[f"velocity_{key}"] = -rate * state["momentum_buffer"]
    return {key: x.numpy() for key, x in found.items()}


def _state(key: str, before: Mapping[str, Floats], number: int, rate: float) -> dict[str, Any]:
    """What ``torch.optim`` keeps of a parameter after ``number`` steps."""
    import torch

    if f"velocity_{key}_before" in before:
        return {"momentum_buffer": torch.tensor(-before[f"velocity_{key}_before"] / rate)}
    found = {"step": torch.tensor(float(number))}
    names = {"m": "exp_avg", "v": "exp_avg_sq", "s": "sum"}
    if f"m_{key}_before" not in before:
        names["v"] = "square_avg"  # of rmsprop
    for ours, theirs in names.items():
        if f"{ours}_{key}_before" in before:
            found[theirs] = torch.tensor(before[f"{ours}_{key}_before"])
    return found


def _linear(layer: Layer) -> Any:
    import torch

    # skip_init: the initial weights that it would draw would move the user's random stream
    found = torch.nn.utils.skip_init(torch.nn.Linear, *layer.W.shape, dtype=torch.float64)
    with torch.no_grad():
        found.weight.copy_(torch.tensor(layer.W.T.copy()))
        found.bias.copy_(torch.tensor(layer.b))
    return found


def _layer(linear: Any) -> Layer:
    return Layer(linear.weight.detach().numpy().T.copy(), linear.bias.detach().numpy().copy())


def _our_loss(problem: Problem, linear: list[Any], Z: Any, A: Any) -> Any:
    import torch

    Y, pair = torch.tensor(problem.Y), (problem.activations[-1], problem.loss)
    logits = from_logits().get(pair)
    each = losses()[problem.loss](A, Y) if logits is None else logits(Z, Y)
    term = penalties()[problem.penalty or "l2"]
    whole = sum(term(layer.weight).sum() for layer in linear)
    return (torch.tensor(problem.share) * each).sum() + problem.coefficient * whole


def _own_loss(course: Course, Z: Any, A: Any, Y: Any) -> Any:
    """The loss of ``torch.nn`` that goes by this name, reduced as it reduces."""
    from torch.nn import functional as F

    log_input = course.activations[-1] == "exp"
    table: dict[str, tuple[Any, Any, dict[str, Any]]] = {
        "cross_entropy": (F.cross_entropy, Z, {}),
        "binary_cross_entropy": (F.binary_cross_entropy_with_logits, Z, {}),
        "logit_cross_entropy": (F.cross_entropy, A, {}),
        "absolute_error": (F.l1_loss, A, {}),
        "huber": (F.huber_loss, A, {"delta": HUBER_DELTA}),
        "poisson": (F.poisson_nll_loss, Z if log_input else A, {"log_input": log_input}),
    }
    loss, given, settings = table.get(course.loss, (F.mse_loss, A, {}))
    return loss(given, Y, reduction=course.reduction, **settings)


def _optimizer(weights: list[Any], biases: list[Any], course: Course, translated: bool) -> Any:
    import torch

    rate, settings, name = course.update.rate, course.settings, course.update.optimizer
    decay = 0.0 if translated else course.weight_decay
    decay = settings.get("weight_decay", decay)  # of adamw
    groups = [
        {"params": weights, "weight_decay": decay},
        {"params": biases, "weight_decay": 0.0 if translated else decay},
    ]
    if "beta_1" in settings:
        made = torch.optim.AdamW if name == "adamw" else torch.optim.Adam
        betas = (settings["beta_1"], settings["beta_2"])
        return made(groups, lr=rate, betas=betas, eps=settings["epsilon"])
    if name == "rmsprop":
        alpha, eps = settings["rho"], settings["epsilon"]
        return torch.optim.RMSprop(groups, lr=rate, alpha=alpha, eps=eps)
    if name == "adagrad":
        return torch.optim.Adagrad(groups, lr=rate, eps=settings["epsilon"])
    momentum = settings.get("momentum", 0.0)
    nesterov = name == "nesterov" and momentum > 0
    return torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=nesterov)


def _translate(optimizer: Any, course: Course, number: int) -> None:
    """Before step ``number`` (from 0): the rate inside the velocity, and the place of epsilon."""
    for state in optimizer.state.values():
        if state.get("momentum_buffer") is not None:
            state["momentum_buffer"] *= course.rate(number - 1) / course.rate(number)
    if course.update.optimizer == "adam_hat":
        settings = course.settings
        for group in optimizer.param_groups:
            group["eps"] = settings["epsilon"] / np.sqrt(1 - settings["beta_2"] ** (number + 1))


# conventions


def conventions(course: Course) -> tuple[str, ...]:
    """What makes PyTorch, as it comes, differ from the example; empty where nothing does."""
    found = (rule(course) for rule in (_scale, _constants, _sample_weights, _decay, _steps))
    return tuple(text for text in found if text)


_SQUARES = {"mean": "MSELoss is the mean over samples and outputs, without a half",
            "sum": "MSELoss is the sum over samples and outputs, without a half"}  # fmt: skip
_OUTPUTS = "takes its mean over the outputs too"


def _scale(course: Course) -> str:
    """The factor between PyTorch's loss and ours."""
    k, loss = course.outputs, course.loss
    factors: dict[str, dict[str, float]] = {
        "mean": {"squared_error": 2 / k, "half_mean_squared_error": 2,
                 "binary_cross_entropy": 1 / k, "poisson": 1 / k,
                 "absolute_error": 1 / k, "huber": 1 / k},
        "sum": {"squared_error": 2, "half_mean_squared_error": 2 * k, "mean_squared_error": k},
    }  # fmt: skip
    factor = factors[course.reduction].get(loss, 1)
    if factor == 1:
        return ""
    named = {"binary_cross_entropy": f"BCEWithLogitsLoss {_OUTPUTS}",
             "poisson": f"PoissonNLLLoss {_OUTPUTS}",
             "absolute_error": f"L1Loss {_OUTPUTS}", "huber": f"HuberLoss {_OUTPUTS}"}  # fmt: skip
    words = named.get(loss, _SQUARES[course.reduction])
    return f"{words}: {factor:.4g} times our {loss} for {k} output{'s' if k > 1 else ''}."


def _constants(course: Course) -> str:
    if course.loss != "poisson":
        return ""
    return "PoissonNLLLoss leaves out y log y - y, which has no gradient."


def _sample_weights(course: Course) -> str:
    if not course.weighted:
        return ""
    return "PyTorch's losses take no weights of samples: as they come, each sample counts the same."


def _decay(course: Course) -> str:
    penalty = course.penalty
    if penalty is None:
        return ""
    if penalty.convention == "l1":
        return "torch.optim has no L1: the penalty on the loss has to be added by hand."
    if course.update.optimizer == "adamw":
        return "AdamW's weight_decay is its own: the penalty on the loss has to be added by hand."
    factor = {"lambda/2": "lambda / 2", "lambda": "lambda", "alpha": "alpha / (2 N)"}
    return (
        "weight_decay adds weight_decay * W to the gradient, does the same with the biases, and "
        f"is not in the loss; the example's penalty is {factor[penalty.convention]} times the sum "
        "of squares of the weights alone."
    )


def _steps(course: Course) -> str:
    update = course.update
    changing = update.decay != 1 and len(course.batches) > 1
    if update.optimizer in ("momentum", "nesterov") and changing:
        return (
            "PyTorch's velocity holds bare gradients, and the rate of today multiplies all of "
            "them; ours holds each gradient with the rate of its own step."
        )
    return {
        "adam_hat": "PyTorch adds epsilon after the bias correction; adam_hat adds it before.",
        "adamw": "" if course.penalty else "AdamW decays the biases as well.",
    }.get(update.optimizer, "")
