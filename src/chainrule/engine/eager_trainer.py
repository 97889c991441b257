"""The trainer with eager steps: the same books, each update computed by NumPy or PyTorch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.engine.batches import Resident
from chainrule.engine.eager import train
from chainrule.engine.epochs import Piece
from chainrule.engine.fit import Trainer, capacity
from chainrule.engine.program import Data, Outcome
from chainrule.equations.network import Layer

__all__ = ["EagerTrainer"]

Floats = npt.NDArray[np.float64]

SLOWER = 32
"""About so many times as long as a compiled step an eager one takes: a range has fewer of them."""

SMALL_WORK = 1e9
"""Floating-point operations of a step up to which PyTorch computes on one thread: its threads would
wait for each other, and for other programs on a shared machine, for longer than the work takes."""


class EagerTrainer(Trainer):
    """A `Trainer` whose ranges run through `eager.train`; between them its arrays are NumPy's.

    ``library`` is ``numpy`` or ``torch``, whose tensors go to ``torch_device``.
    """

    def __init__(
        self, *args: Any, library: str = "torch", torch_device: str = "cpu", **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self.library, self.torch_device = library, torch_device
        if settings.get("steps_per_range") is None:
            self.capacity = max(capacity(self.plan, self.source.row_bytes) // SLOWER, 1)

    def _execute(self, pieces: list[Piece], rate: Floats, l2: Floats) -> Outcome:
        data, batches = self._batches(pieces, len(rate))
        losses, penalties = [], []
        with self._threads(), np.errstate(over="ignore", invalid="ignore"):  # inf diverges, later
            for after in train(
                self.plan,
                self.hyper,
                self.layers,
                data.X,
                data.Y,
                batches,
                list(rate),
                weights=data.weights,
                l2=list(l2),
                state=self.state,
                first=self.step,
                library=self.library,
                device=self.torch_device,
            ):
                losses.append(after.loss)
                penalties.append(after.penalty)
        state = {name: _kept(part) for name, part in after.state.items()}
        return Outcome(_kept(after.layers), state, _numbers(losses), _numbers(penalties))

    @contextmanager
    def _threads(self) -> Iterator[None]:
        """As many of PyTorch's threads as are worth it."""
        work = 6 * self.plan.batch_size * self.plan.n_parameters
        if self.library != "torch" or self.torch_device != "cpu" or work > SMALL_WORK:
            yield
            return
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def _batches(
        self, pieces: list[Piece], count: int
    ) -> tuple[Data, list[npt.NDArray[np.integer[Any]]]]:
        """The rows, and those of each batch; what pads a ragged batch is left out."""
        table = self.timetable.table(pieces, count)
        if isinstance(self.source, Resident):
            data, numbers = self.source.host, table
        else:
            data, numbers = self.source.block(table)
        real = table != self.source.padding
        return data, [row[kept] for row, kept in zip(numbers, real, strict=True)]


def _kept(part: Any) -> Any:
    """Layers of tensors, or a number of steps, as NumPy's."""
    if isinstance(part, tuple):
        return tuple(Layer(_array(W), _array(b)) for W, b in part)
    return _array(part)


def _array(x: Any) -> Any:
    return np.asarray(x.cpu() if hasattr(x, "cpu") else x)


def _numbers(values: list[Any]) -> Floats:
    return np.array([float(value) for value in values], np.float64)
