"""From a training's history to what trackers keep: named numbers."""

from collections.abc import Mapping
from math import isnan
from typing import Any

import numpy as np

__all__ = ["results", "row"]

History = Mapping[str, Any]


def row(history: History, index: int) -> dict[str, float]:
    """The numbers of an epoch that are there; a column with a number a layer is ``NAME/LAYER``."""
    found: dict[str, float] = {}
    for name, column in history.items():
        if name != "epoch":
            found |= named(name, column[index])
    return found


def named(name: str, value: Any) -> dict[str, float]:
    """``{name: value}``, or a name for each layer; without what is not a number."""
    if value is None:
        return {}
    if np.ndim(value):
        pairs = {f"{name}/{layer}": float(each) for layer, each in enumerate(value, 1)}
    else:
        pairs = {name: float(value)}
    return {name: number for name, number in pairs.items() if not isnan(number)}


def results(est: Any) -> dict[str, float]:
    """What came of a training: its length, and the numbers of its best epoch."""
    history = est.history_
    found = {
        "n_iter": float(est.n_iter_),
        "n_parameters": float(sum(a.size for a in (*est.coefs_, *est.intercepts_))),
        "diverged": float(est.diverged_),
        **named("final_loss", getattr(est, "loss_", None)),
        **named("overfit_epoch", est.overfit_epoch_),
        **named("total_seconds", np.nansum(history["seconds"])),
    }
    if est.best_epoch_:
        best = row(history, int(est.best_epoch_) - 1)
        found |= {"best_epoch": float(est.best_epoch_)}
        found |= {f"best_{name}": best[name] for name in best if name.endswith(("loss", "score"))}
    return found
