"""How a fitted network shows itself in a notebook, beside scikit-learn's diagram."""

from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any

from chainrule.templates import environment

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["RepresentationMixin"]

WIDTH, HEIGHT = 320, 120
MARGIN = 4


class RepresentationMixin:
    """Adds architecture, parameter count and learning curves to the HTML representation."""

    def _html_repr(self) -> str:
        diagram: str = super()._html_repr()  # type: ignore[misc]  # scikit-learn's BaseEstimator
        return diagram + _template().render(_facts(self)) if hasattr(self, "coefs_") else diagram


@cache
def _template() -> Any:
    return environment("chainrule.estimators", html=True).get_template("network.html.j2")


def _facts(est: Any) -> dict[str, Any]:
    activations = est._activations()
    layers = [
        {
            "number": number,
            "n_in": W.shape[0],
            "n_out": W.shape[1],
            "activation": activation,
            "parameters": W.size + b.size,
        }
        for number, (W, b, activation) in enumerate(
            zip(est.coefs_, est.intercepts_, activations, strict=True), 1
        )
    ]
    return {
        "layers": layers,
        "total": sum(layer["parameters"] for layer in layers),
        "dtype": est.coefs_[0].dtype.name,
        "epochs": est.n_iter_,
        "best_epoch": est.best_epoch_,
        "diverged": est.diverged_,
        "curves": _curves(est.history_),
        "width": WIDTH,
        "height": HEIGHT,
    }


def _curves(history: "dict[str, npt.NDArray[np.float64]]") -> list[dict[str, Any]]:
    """The losses as polylines on common axes; those without a finite value are left out."""
    named = {
        "training loss": history["train_loss"],
        "validation loss": history["validation_loss"],
    }
    finite = {name: [v for v in values if isfinite(v)] for name, values in named.items()}
    everything = [value for values in finite.values() for value in values]
    if len(everything) < 2:
        return []
    low, high = min(everything), max(everything)
    return [
        {"name": name, "last": finite[name][-1], "points": _points(values, low, high)}
        for name, values in named.items()
        if finite[name]
    ]


def _points(values: "npt.NDArray[np.float64]", low: float, high: float) -> str:
    x_step = (WIDTH - 2 * MARGIN) / max(len(values) - 1, 1)
    y_scale = (HEIGHT - 2 * MARGIN) / ((high - low) or 1)
    return " ".join(
        f"{MARGIN + x_step * i:.1f},{HEIGHT - MARGIN - y_scale * (value - low):.1f}"
        for i, value in enumerate(values)
        if isfinite(value)
    )
