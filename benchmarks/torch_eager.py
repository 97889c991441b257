"""The same trainings in PyTorch, as its own tutorials write them: eager, one step at a time."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import nn

__all__ = ["trainer"]


def trainer(
    X: np.ndarray,
    y: np.ndarray,
    sizes: tuple[int, ...],
    activation: str,
    dropout: float,
    optimizer: str,
    batch_size: int,
    epochs: int,
) -> Callable[[], None]:
    """A function that builds the network and trains it, at a learning rate of 0.001."""
    inputs, labels = torch.from_numpy(X), torch.from_numpy(y)

    def train() -> None:
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(sizes[:-1]):
            layers += [nn.Linear(n_in, n_out), getattr(nn, activation)()]
            layers += [nn.Dropout(dropout)] if dropout else []
        net = nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))
        loss_of, stepper = (
            nn.CrossEntropyLoss(),
            getattr(torch.optim, optimizer)(net.parameters(), lr=1e-3),
        )
        for _ in range(epochs):
            order = torch.randperm(len(inputs))
            for start in range(0, len(inputs), batch_size):
                rows = order[start : start + batch_size]
                stepper.zero_grad()
                loss_of(net(inputs[rows]), labels[rows]).backward()
                stepper.step()

    return train
