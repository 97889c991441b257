"""Which learning curves a model's training history holds."""

from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure

from chainrule.experiments.results import ModelResult, Number
from chainrule.reports import figures

__all__ = ["curve_figures"]

# What is drawn together -> the rows of a training history, and their names in the legend.
CURVES = {
    "loss": {
        "train_loss": "training",
        "validation_loss": "validation",
        "loss_curve": "training, with the penalty",
    },
    "score": {"validation_score": "validation"},
}


def curve_figures(model: ModelResult, metric: str) -> Iterator[Figure]:
    """The loss and the score by epoch, where the history has them, on every part of the data."""
    history = model.curves or {}
    epochs = [float(each or 0) for each in history.get("epoch", ())] or None
    for quantity, rows in CURVES.items():
        named = {
            words: history[key]
            for key, words in {**rows, **watched(history, quantity)}.items()
            if any(value is not None for value in history.get(key, ()))
        }
        if named:
            yield figures.learning_curves(
                named,
                epochs=epochs,
                best_epoch=best_epoch(named.get("validation", ()), epochs, quantity),
                overfit_epoch=model.overfit_epoch,
                diverged=model.diverged,
                # Scores lie between 0 and 1: how far they are from 1 is what counts.
                logarithmic=False if quantity == "score" else None,
                quantity=metric if quantity == "score" else quantity,
                title=model.label,
            )


def watched(history: dict[str, tuple[Number, ...]], quantity: str) -> dict[str, str]:
    """The rows of data that were only watched: ``test_loss`` is the loss on ``test``."""
    ending = f"_{quantity}"
    return {
        key: key.removesuffix(ending)
        for key in history
        if key.endswith(ending) and key not in CURVES[quantity]
    }


def best_epoch(
    validation: Sequence[float | None], epochs: Sequence[float] | None, quantity: str
) -> float | None:
    """The first epoch of the lowest validation loss, or of the highest validation score."""
    sign = 1 if quantity == "loss" else -1
    known = [(sign * each, at) for at, each in enumerate(validation) if each is not None]
    if not known:
        return None
    at = min(known)[1]
    return epochs[at] if epochs else at + 1.0
