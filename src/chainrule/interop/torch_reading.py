"""A PyTorch module as the network that it is: layers, activations, dropout and input scale."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import nn

from chainrule.equations.activations import HIDDEN_ACTIVATIONS
from chainrule.equations.network import Layer
from chainrule.errors import InvalidInputError
from chainrule.interop.torch_modules import ACTIVATIONS, InputScale

__all__ = ["Parsed", "parse"]

SEQUENCE = (
    "Required an nn.Sequential of nn.Linear layers with an activation (and an nn.Dropout) between "
    "each two"
)
HINTS = {
    "BatchNorm1d": " Fold it into its Linear first: torch.nn.utils.fusion.fuse_linear_bn_eval.",
    "PReLU": " Its learnt slopes have no place in a multilayer perceptron of ours.",
}


@dataclass
class Parsed:
    """``activations`` and ``rates`` hold one entry a layer, None where nothing was given; the
    names are the equations'."""

    layers: list[Layer] = field(default_factory=list)
    activations: list[str | None] = field(default_factory=list)
    rates: list[float | None] = field(default_factory=list)
    input_scale: float | None = None


def parse(module: nn.Module) -> Parsed:
    """The network that a ``Sequential`` is.

    Raises
    ------
    InvalidInputError
        A layer that a multilayer perceptron has not, layers in another order, or other types of
        numbers than float32 and float64.
    """
    found = Parsed()
    for place, part in _parts(module):
        _check_hooks(place, part)
        if type(part) is nn.Linear:
            _add_linear(found, place, part)
        elif not found.layers:
            _add_before(found, place, part)
        elif type(part) is nn.Dropout:
            _add_dropout(found, place, part)
        else:
            _add_activation(found, place, part)
    if not found.layers:
        raise InvalidInputError(f"{SEQUENCE}; came one without any nn.Linear.")
    if found.rates[-1]:
        raise InvalidInputError(
            f"{SEQUENCE}; came one with Dropout after the last layer, whose outputs are the "
            "answer. Take it out."
        )
    return found


def _parts(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The modules in the order in which they are applied, with their names."""
    if type(module) is nn.Linear:
        yield prefix, module
    elif type(module) is not nn.Sequential:
        raise InvalidInputError(
            f"{SEQUENCE}; came {type(module).__name__}, whose forward may do anything between its "
            "layers. Put the layers into an nn.Sequential."
        )
    else:
        _check_hooks(prefix or "the module", module)
        for name, child in module.named_children():
            if type(child) is nn.Sequential:
                yield from _parts(child, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", child


def _check_hooks(place: str, part: nn.Module) -> None:
    if part._forward_hooks or part._forward_pre_hooks:
        raise InvalidInputError(
            f"The module {place!r} has hooks, which may change its numbers (weight and spectral "
            "norms are such). Remove them first."
        )


def _refuse(place: str, part: nn.Module, why: str) -> InvalidInputError:
    hint = HINTS.get(type(part).__name__, "")
    return InvalidInputError(f"{SEQUENCE}; the module {place!r} is {part}: {why}{hint}")


def _add_linear(found: Parsed, place: str, part: nn.Linear) -> None:
    W = part.weight.detach().cpu()
    if str(W.dtype) not in ("torch.float32", "torch.float64"):
        raise _refuse(place, part, f"its weights are {W.dtype}. Use module.float() first.")
    weights = np.array(W.numpy().T, order="C")
    if found.layers and found.layers[-1].W.shape[1] != weights.shape[0]:
        n_out = found.layers[-1].W.shape[1]
        raise _refuse(place, part, f"the layer before gives {n_out} values.")
    if found.layers and found.layers[-1].W.dtype != weights.dtype:
        raise _refuse(place, part, "its type of numbers is not that of the layer before.")
    missing = part.bias is None
    bias = np.zeros(weights.shape[1]) if missing else part.bias.detach().cpu().numpy()
    found.layers.append(Layer(weights, np.array(bias, weights.dtype)))
    found.activations.append(None)
    found.rates.append(None)


def _add_before(found: Parsed, place: str, part: nn.Module) -> None:
    """What may stand before the first layer: the division of the rows, and what does nothing to
    rows of numbers."""
    if type(part) is InputScale and found.input_scale is None:
        found.input_scale = float(part.scale)
    elif type(part) is not nn.Identity and not (type(part) is nn.Flatten and part.start_dim == 1):
        raise _refuse(
            place,
            part,
            "before the first Linear may stand nn.Flatten, and of what to_module makes the "
            "input's scale. Prepare the rows beforehand, and give the rest of the module.",
        )


def _add_dropout(found: Parsed, place: str, part: nn.Dropout) -> None:
    if found.rates[-1] is not None:
        raise _refuse(place, part, "there is one already.")
    if not 0 <= part.p < 1:
        raise _refuse(place, part, "its rate must be in [0, 1).")
    found.rates[-1] = float(part.p)


def _add_activation(found: Parsed, place: str, part: nn.Module) -> None:
    name = _name(place, part)
    if found.activations[-1] is not None or found.rates[-1] is not None:
        raise _refuse(place, part, "the layer has its activation, or Dropout, already.")
    found.activations[-1] = name


def _name(place: str, part: nn.Module) -> str:
    """The equations' name of an activation."""
    if type(part) is nn.LogSoftmax and part.dim in (1, -1):
        return "log_softmax"
    for name, row in ACTIVATIONS.items():
        if type(part) is row.kind:
            if not row.fits(part):
                raise _refuse(place, part, f"ours has {row.wanted}.")
            return name
    known = ", ".join(row.kind.__name__ for row in ACTIVATIONS.values())
    raise _refuse(place, part, f"it is no such layer, and no activation of ours ({known}).")


def hidden(found: Parsed) -> list[str]:
    """The hidden layers' activations; a layer without one is linear.

    Raises
    ------
    InvalidInputError
        One that may only be the output's.
    """
    names = [name or "identity" for name in found.activations[:-1]]
    for name in names:
        if name not in HIDDEN_ACTIVATIONS:
            raise InvalidInputError(
                f"{SEQUENCE}; came one with {name} between two layers, where it cannot stand: it "
                "is for the output."
            )
    return names


def rates(found: Parsed) -> list[float]:
    """The hidden layers' dropout rates."""
    return [rate or 0.0 for rate in found.rates[:-1]]


def one_or_all(values: list[Any], default: Any) -> Any:
    """A parameter that is one value for all hidden layers, or a tuple of one each."""
    if not values:
        return default
    return values[0] if len(set(values)) == 1 else tuple(values)
