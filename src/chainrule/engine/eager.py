"""The training loop one readable step at a time, in NumPy or PyTorch.

It runs the same ``update`` as the compiled program. Ragged batches need no padding
here, nor weights of zero; that both agree is a test of the masks as well.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.engine.plan import Hyperparameters, Plan
from chainrule.engine.step import Updated, update
from chainrule.equations.dropout import dropout_mask
from chainrule.equations.network import Layer
from chainrule.equations.optimizers import OPTIMIZERS, State
from chainrule.errors import InvalidInputError, MissingExtraError

__all__ = ["train"]


def train(
    plan: Plan,
    hyper: Hyperparameters,
    layers: Sequence[Layer],
    X: npt.NDArray[Any],
    Y: npt.NDArray[Any],
    batches: Sequence[npt.NDArray[np.integer[Any]]],
    rates: Sequence[float],
    *,
    weights: npt.NDArray[Any] | None = None,
    l2: Sequence[float] | float = 0.0,
    state: State | None = None,
    first: int = 0,
    library: str = "numpy",
    device: str = "cpu",
) -> Iterator[Updated]:
    """Train on ``batches`` (the row numbers of each), and give what each step leaves.

    ``rates`` has one learning rate a batch, ``l2`` one strength a batch or one for all. A
    batch that weighs nothing is no step, here as in the trainer: it is passed over.
    ``state`` and ``first`` go on with an earlier training: its optimizer's state, and how many
    steps it has done. ``library`` is ``numpy`` or ``torch`` (whose tensors go to ``device``).

    Raises
    ------
    MissingExtraError
        PyTorch is asked for and not installed.
    """
    convert = _converter(library, plan.dtype, device)
    current = tuple(Layer(convert(layer.W), convert(layer.b)) for layer in layers)
    carried: State = OPTIMIZERS[plan.optimizer].init(current)
    if state is not None:
        carried = {name: _converted(part, convert) for name, part in state.items()}
    inside = hyper._replace(
        settings={name: convert(value) for name, value in hyper.settings.items()},
        clip=convert(hyper.clip),
        loss={name: convert(value) for name, value in hyper.loss.items()},
        l1=convert(hyper.l1),
        max_norm=convert(hyper.max_norm),
        input_scale=convert(hyper.input_scale),
    )
    strengths = np.broadcast_to(np.asarray(l2, np.float64), (len(batches),))
    step = first
    for rows, rate, strength in zip(batches, rates, strengths, strict=True):
        sample_weights = np.ones(len(rows)) if weights is None else weights[rows]
        if sample_weights.sum() == 0:
            continue
        masks = [convert(mask) for mask in _masks(plan, hyper, step, len(rows))]
        after = update(
            plan,
            current,
            carried,
            inside,
            convert(X[rows]),
            convert(Y[rows]),
            convert(sample_weights),
            convert(np.asarray(rate)),
            convert(strength),
            masks or None,
        )
        current, carried, step = after.layers, after.state, step + 1
        yield after


def _converted(part: Any, convert: Any) -> Any:
    """A part of an optimizer's state: layers, or a count of steps."""
    if isinstance(part, tuple):
        return tuple(Layer(convert(W), convert(b)) for W, b in part)
    return convert(part)


def _masks(plan: Plan, hyper: Hyperparameters, step: int, n_rows: int) -> list[npt.NDArray[Any]]:
    if not plan.dropout:
        return []
    return [
        dropout_mask(
            np,
            hyper.seed,
            np.asarray(step % 2**32, np.uint32),
            number,
            (n_rows, width),
            hyper.rates[number],
            np.dtype(plan.dtype),
        )
        for number, width in enumerate(plan.sizes[1:-1])
    ]


def _converter(library: str, dtype: str, device: str) -> Any:
    if library == "numpy":
        return lambda x: np.asarray(x, dtype)
    if library != "torch":
        raise InvalidInputError(f"library must be 'numpy' or 'torch', got {library!r}.")
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(
            "library='torch' needs PyTorch. Install it with: pip install 'chainrule[torch]'"
        ) from error
    return lambda x: torch.as_tensor(np.array(x, dtype), device=device)
