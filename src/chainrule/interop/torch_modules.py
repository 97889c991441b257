"""Networks and their preparation as PyTorch modules: what `chainrule.interop.torch` is made of.

The only file of the package that imports torch at its top; it is imported when a module is asked
for, never before.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from chainrule.equations.network import Layer
from chainrule.errors import InvalidInputError
from chainrule.models import Affine, Bounds, Fill, FrozenModel, Projection, Step

__all__ = [
    "ACTIVATIONS",
    "AffineStep",
    "BoundsStep",
    "Exp",
    "FillStep",
    "InputScale",
    "ProjectionStep",
    "sequential",
]

Array = npt.NDArray[Any]

SOFTPLUS_THRESHOLD = 40.0
"""Above it PyTorch's softplus gives z. Its own default, 20, costs float64 digits (2e-9); beyond 88
float32 overflows."""


class Exp(nn.Module):
    """e^z, which PyTorch has no module for: the output of a Poisson regression."""

    def forward(self, Z: Tensor) -> Tensor:
        return Z.exp()


@dataclass(frozen=True)
class _Row:
    """An activation of the equations as a module: how it is made, and which modules are it.

    ``wanted`` says what a module of this kind must be set to; ``fits`` tells whether it is.
    """

    kind: type[nn.Module]
    make: Callable[[], nn.Module]
    wanted: str = ""
    fits: Callable[[Any], bool] = lambda module: True


ACTIVATIONS: Mapping[str, _Row] = {
    "identity": _Row(nn.Identity, nn.Identity),
    "logistic": _Row(nn.Sigmoid, nn.Sigmoid),
    "tanh": _Row(nn.Tanh, nn.Tanh),
    "relu": _Row(nn.ReLU, nn.ReLU),
    "leaky_relu": _Row(
        nn.LeakyReLU,
        partial(nn.LeakyReLU, 0.01),
        "negative_slope=0.01",
        lambda module: module.negative_slope == 0.01,
    ),
    "elu": _Row(nn.ELU, nn.ELU, "alpha=1", lambda module: module.alpha == 1),
    "selu": _Row(nn.SELU, nn.SELU),
    "gelu": _Row(
        nn.GELU, nn.GELU, "approximate='none'", lambda module: module.approximate == "none"
    ),
    "silu": _Row(nn.SiLU, nn.SiLU),
    "softplus": _Row(
        nn.Softplus,
        partial(nn.Softplus, threshold=SOFTPLUS_THRESHOLD),
        "beta=1 and a threshold of 20 or more",
        lambda module: module.beta == 1 and module.threshold >= 20,
    ),
    "mish": _Row(nn.Mish, nn.Mish),
    "exp": _Row(Exp, Exp),
    "softmax": _Row(
        nn.Softmax, partial(nn.Softmax, dim=1), "dim=1", lambda module: module.dim in (1, -1)
    ),
}


# preparation: buffers, so that they are saved and moved with the weights and never trained


class AffineStep(nn.Module):
    """(x - shift) / scale, column by column."""

    shift: Tensor
    scale: Tensor

    def __init__(self, step: Affine) -> None:
        super().__init__()
        self.register_buffer("shift", _tensor(step.shift))
        self.register_buffer("scale", _tensor(step.scale))

    def forward(self, X: Tensor) -> Tensor:
        return (X.to(self.shift.dtype) - self.shift) / self.scale


class FillStep(nn.Module):
    """NaN becomes the column's value."""

    values: Tensor

    def __init__(self, step: Fill) -> None:
        super().__init__()
        self.register_buffer("values", _tensor(step.values))

    def forward(self, X: Tensor) -> Tensor:
        X = X.to(self.values.dtype)
        return torch.where(torch.isnan(X), self.values, X)


class BoundsStep(nn.Module):
    """Each number is moved into ``low`` to ``high``."""

    low: Tensor
    high: Tensor

    def __init__(self, step: Bounds) -> None:
        super().__init__()
        self.register_buffer("low", torch.tensor(step.low, dtype=torch.float64))
        self.register_buffer("high", torch.tensor(step.high, dtype=torch.float64))

    def forward(self, X: Tensor) -> Tensor:
        return X.to(self.low.dtype).clamp(self.low, self.high)


class ProjectionStep(nn.Module):
    """(x - mean) V."""

    mean: Tensor
    V: Tensor

    def __init__(self, step: Projection) -> None:
        super().__init__()
        self.register_buffer("mean", _tensor(step.mean))
        self.register_buffer("V", _tensor(step.V))

    def forward(self, X: Tensor) -> Tensor:
        return (X.to(self.mean.dtype) - self.mean) @ self.V


class InputScale(nn.Module):
    """x / scale in the type of the network: so bytes of images can be given as they are."""

    scale: Tensor

    def __init__(self, scale: float, dtype: np.dtype[Any]) -> None:
        super().__init__()
        self.register_buffer("scale", _tensor(np.asarray(scale, dtype)))

    def forward(self, X: Tensor) -> Tensor:
        return X.to(self.scale.dtype) / self.scale


STEPS: Mapping[type, Callable[[Any], nn.Module]] = {
    Affine: AffineStep,
    Bounds: BoundsStep,
    Fill: FillStep,
    Projection: ProjectionStep,
}


def sequential(model: FrozenModel, rates: tuple[float, ...], with_output: bool) -> nn.Sequential:
    """The model as named modules in a row; ``rates`` are the dropout's, one a hidden layer (or
    none at all), ``with_output`` says whether the output activation is there."""
    found: dict[str, nn.Module] = {}
    dtype = model.layers[0].W.dtype
    if model.steps or model.input_scale is not None:
        steps = {f"step{number}": _step(step) for number, step in enumerate(model.steps, 1)}
        scale = InputScale(1.0 if model.input_scale is None else model.input_scale, dtype)
        found["prepare"] = nn.Sequential(OrderedDict({**steps, "scale": scale}))
    last = len(model.layers)
    for number, (layer, name) in enumerate(zip(model.layers, model.activations, strict=True), 1):
        found[f"linear{number}"] = _linear(layer)
        if number < last:
            found[f"activation{number}"] = ACTIVATIONS[name].make()
            if rates and rates[number - 1]:
                found[f"dropout{number}"] = nn.Dropout(rates[number - 1])
        elif with_output and name != "identity":
            found["output"] = ACTIVATIONS[name].make()
    return nn.Sequential(OrderedDict(found))


def _step(step: Step) -> nn.Module:
    if type(step) not in STEPS:
        known = ", ".join(kind.__name__ for kind in STEPS)
        raise InvalidInputError(
            f"The preparation step {type(step).__name__} has no PyTorch module; required one of "
            f"{known}. Apply it to the rows beforehand, and give the rest of the model."
        )
    return STEPS[type(step)](step)


def _linear(layer: Layer) -> nn.Linear:
    # skip_init: the initial weights that it would draw would move the user's random stream
    dtype = _tensor(layer.W).dtype
    found = nn.utils.skip_init(nn.Linear, *layer.W.shape, dtype=dtype)
    with torch.no_grad():
        found.weight.copy_(_tensor(layer.W.T))
        found.bias.copy_(_tensor(layer.b))
    return found


def _tensor(array: Array) -> Tensor:
    """A copy that torch owns: the estimator's own arrays are never changed by training."""
    return torch.tensor(np.ascontiguousarray(array))
