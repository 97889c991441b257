"""What a training cannot do without: its matrix products, and the optimizer's update.

Nothing else of a step is here: no rows are fetched, no bias added, no activation or loss taken.
The products write into memory that is there already. So a training that calls the same libraries
for the same sizes takes longer than this, and the ratio of another's time to it is a bound.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch

__all__ = ["arithmetic"]


def arithmetic(
    sizes: tuple[int, ...], optimizer: str, batch: int, steps: int
) -> Callable[[], None]:
    """A function that does ``steps`` steps' products in OpenBLAS and updates in torch (fused)."""
    random = np.random.default_rng(0)

    def made(*shape: int) -> np.ndarray:
        return random.random(shape, dtype=np.float32)

    a, delta = [made(batch, n) for n in sizes], [made(batch, n) for n in sizes]
    W = [made(*shape) for shape in pairwise(sizes)]
    dW = [np.zeros_like(w) for w in W]
    parameters = [torch.nn.Parameter(torch.from_numpy(w)) for w in W]
    for parameter, gradient in zip(parameters, dW, strict=True):
        parameter.grad = torch.from_numpy(gradient)
    stepper = getattr(torch.optim, optimizer)(parameters, lr=1e-6, fused=True)
    layers = range(len(W))

    def train() -> None:
        for _ in range(steps):
            for i in layers:
                np.matmul(a[i], W[i], out=delta[i + 1])
            for i in reversed(layers):
                np.matmul(a[i].T, delta[i + 1], out=dW[i])
                if i:
                    np.matmul(delta[i + 1], W[i].T, out=delta[i])
        for _ in range(steps):  # not in turns: each library's threads wait for work for a while
            stepper.step()

    return train
