"""Which arrays a header requires, of which types and shapes, and what may stand in them."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.equations.network import Layer
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.files.container import DTYPES
from chainrule.files.header import KEY_WORDS, MLP, Network, Pipeline
from chainrule.files.refusal import refuse, shown

__all__ = ["Wanted", "check_shapes", "check_values", "wanted"]

Shape = tuple[int | None, ...]
NUMBERS = list(DTYPES)


class Wanted(NamedTuple):
    """An array's allowed types and its shape; None is any length."""

    dtypes: list[str]
    shape: Shape


def wanted(model: MLP | Pipeline) -> dict[str, Wanted]:
    """Every array of the model, by name: no other may be in the file."""
    if isinstance(model, MLP):
        return _of_network(model)
    found = _of_network(model.network)
    for number, step in enumerate(model.steps, 1):
        for name, shape in step.wanted().items():
            found[f"step{number}.{name}"] = Wanted(["F64", "F32", "I64"], shape)
        if step.feature_names:
            found |= _text(f"step{number}.feature_names", step.n_in)
    return found


def _of_network(model: MLP) -> dict[str, Wanted]:
    found = dict(_layers(model.network))
    if model.labels and model.labels.text is None:
        found["classes"] = Wanted(NUMBERS, (model.labels.count,))
    elif model.labels:
        found |= _text("classes", model.labels.count)
    if model.feature_names:
        found |= _text("feature_names", model.network.sizes[0])
    for name in ("loss_curve", "validation_scores"):
        if getattr(model.fitted, f"{name}_") == "array":
            found[name] = Wanted(["F64"], (None,))
    for column in model.history or []:
        by_layer = column in model.history_by_layer
        shape: Shape = (None, len(model.network.activations)) if by_layer else (None,)
        found[f"history.{column}"] = Wanted(["F64", "I64"], shape)
    if model.random_state:
        found["random_state"] = Wanted(["U32"], (KEY_WORDS,))
    if model.training:
        found |= _training(model.training.optimizer, model.network)
    return found


def _layers(network: Network, prefix: str = "") -> Iterator[tuple[str, Wanted]]:
    dtype = [{"float32": "F32", "float64": "F64"}[network.dtype]]
    for number, (n_in, n_out) in enumerate(pairwise(network.sizes), 1):
        yield f"{prefix}W{number}", Wanted(dtype, (n_in, n_out))
        yield f"{prefix}b{number}", Wanted(dtype, (n_out,))


def _text(name: str, count: int) -> dict[str, Wanted]:
    return {f"{name}.text": Wanted(["U8"], (None,)), f"{name}.ends": Wanted(["I64"], (count,))}


def _training(optimizer: str, network: Network) -> dict[str, Wanted]:
    """The optimizer's state as its own ``init`` makes it, the order of rows, the stream."""
    found = {
        "state.index": Wanted(["I64"], (None,)),
        "state.random_key": Wanted(["U32"], (KEY_WORDS,)),
    }
    smallest = [Layer(np.zeros((1, 1)), np.zeros(1))]
    for name, value in OPTIMIZERS[optimizer].init(smallest).items():
        if isinstance(value, list | tuple):
            found |= dict(_layers(network, f"state.{name}."))
        else:
            found[f"state.{name}"] = Wanted(["F32", "F64"], ())
    return found


def check_shapes(model: MLP | Pipeline, came: Mapping[str, tuple[str, tuple[int, ...]]]) -> None:
    """Refuse a file whose arrays, ``{name: (dtype, shape)}``, are not those of its header."""
    required = wanted(model)
    if missing := required.keys() - came.keys():
        refuse(f"the array {shown(min(missing))}", "a file without it")
    if extra := came.keys() - required.keys():
        refuse("the arrays that the header needs and no other", shown(min(extra)))
    for name, (dtypes, shape) in required.items():
        dtype, found = came[name]
        fits = len(found) == len(shape) and all(
            want is None or want == have for want, have in zip(shape, found, strict=True)
        )
        if dtype not in dtypes or not fits:
            described = " or ".join(dtypes) if len(dtypes) < 4 else "a number's type"
            refuse(f"{name} of shape {_said(shape)} and {described}", f"{_said(found)}, {dtype}")
    network = model if isinstance(model, MLP) else model.network
    lengths = {came[f"history.{column}"][1][0] for column in network.history or []}
    if len(lengths) > 1:
        refuse("columns of the history that are equally long", shown(sorted(lengths)))


def _said(shape: Shape) -> str:
    return "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"


def check_values(model: MLP | Pipeline, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Refuse arrays that a fitted model cannot hold."""
    model = model if isinstance(model, MLP) else model.network
    finite = [name for name, _ in _layers(model.network)]
    if "classes" in arrays:
        finite.append("classes")
    for name in finite:
        if not np.isfinite(arrays[name]).all():
            refuse(f"finite numbers in {name}", "NaN or an infinity")
    for name in ("random_state", "state.random_key"):
        if name in arrays and not arrays[name][1:].any():
            # the one state that a Mersenne Twister never leaves: drawing from it may not end
            refuse(f"a random stream in {name}", "zeros")
    if model.training:
        index = arrays["state.index"]
        if not np.array_equal(np.sort(index), np.arange(len(index))):
            refuse("an order in state.index that has each row once", "another")
