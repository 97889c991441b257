"""A network that PyTorch trained beside the one that JAX makes of the same spec."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import numpy as np

from chainrule.data.splits import Part, Parts
from chainrule.experiments.backends import torch_device
from chainrule.experiments.fitting import Fitted, score
from chainrule.experiments.results import InTorch, ModelResult, Scores

__all__ = ["beside_jax", "sentence"]


def beside_jax(ours: Fitted, by_jax: Fitted, backend: str, parts: Parts) -> InTorch:
    """What was trained in PyTorch beside the same training in JAX."""
    part = parts.get("test", parts["train"])
    outputs = [_outputs(each.estimator, part) for each in (ours, by_jax)]
    alike = None
    if hasattr(ours.estimator, "classes_"):
        said = [each.predict(part.X) for each in (ours, by_jax)]
        alike = float(np.mean(said[0] == said[1]))
    losses = [each.estimator.history_["train_loss"] for each in (ours, by_jax)]
    return InTorch(
        device=torch_device(backend) or "",
        version=version("torch"),
        weights=max(
            _largest(*pair)
            for name in ("coefs_", "intercepts_")
            for pair in zip(*(getattr(e.estimator, name) for e in (ours, by_jax)), strict=True)
        ),
        losses=tuple(abs(float(a) - float(b)) for a, b in zip(*losses, strict=False)),
        outputs=_largest(*outputs),
        alike=alike,
        rows=len(part.X),
        n_iter=int(by_jax.estimator.n_iter_),
        scores=Scores(**{name: score(by_jax, each) for name, each in parts.items()}),
    )


def _outputs(estimator: Any, part: Part) -> np.ndarray:
    """Probabilities where the model has them, else what it predicts."""
    say = getattr(estimator, "predict_proba", None) or estimator.predict
    return np.asarray(say(part.X), np.float64)


def _largest(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.max(np.abs(np.subtract(a, b, dtype=np.float64)), initial=0.0))


def sentence(model: ModelResult, noun: str) -> Iterator[str]:
    """What the two have to do with each other, if there are two."""
    found = model.in_torch
    if found is None or found.weights is None or found.outputs is None:
        return
    losses = [value for value in found.losses if value is not None]
    alike = ""
    if found.alike is not None:
        same = round(found.alike * found.rows)
        alike = f"; both say the same of {same} of {found.rows} {noun}s"
    yield (
        f"{model.label}: trained by PyTorch {found.version} on {found.device}, and by JAX from the "
        "same weights in the same order. The training loss of an epoch differs by at most "
        f"{max(losses, default=0.0):.1e}, a weight in the end by {found.weights:.1e}, an output by "
        f"{found.outputs:.1e}{alike}."
    )
