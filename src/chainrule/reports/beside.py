"""Our numbers with the document's beside them: what tables in a terminal and on a page share."""

from collections.abc import Iterable
from dataclasses import dataclass

from chainrule.experiments.estimates import OnTest
from chainrule.experiments.results import Comparison, Distribution, ModelResult, Results

__all__ = [
    "MARKS",
    "PARTS",
    "Cell",
    "by_model",
    "cell",
    "chosen_settings",
    "distinct",
    "parts",
    "recalls",
    "tally",
    "without_loss",
]

# Agreement must be readable without colour.
MARKS = {"exact": "=", "within interval": "≈", "differs": "≠"}

# A part of the data -> its heading, and what a comparison calls a score on it.
PARTS = {
    "cv": ("CV", "cross-validation"),
    "train": ("Train", "train"),
    "validation": ("Validation", "validation"),
    "test": ("Test", "test"),
}


@dataclass(frozen=True)
class Cell:
    """One score of one model: ours, over how many seeds, and what the document prints for it."""

    ours: float | None
    spread: Distribution | None = None
    printed: tuple[Comparison, ...] = ()


def cell(results: Results, model: ModelResult, part: str) -> Cell:
    """The score of a model on a part of the data, a key of `PARTS`.

    A model that was trained from several seeds is represented by their mean: any single one of
    these runs would be luck.
    """
    name = f"{PARTS[part][1]} {results.metric}"
    printed = tuple(each for each in _of(results, model) if each.quantity == name)
    if part == "cv":
        folded = model.search is not None and model.search.folds > 1
        return Cell(model.search.mean if model.search and folded else None, None, printed)
    spread = getattr(model.over_seeds, part) if model.over_seeds else None
    if spread is not None and len(spread.values) > 1:
        return Cell(spread.mean, spread, printed)
    return Cell(getattr(model.scores, part), None, printed)


def without_loss(results: Results) -> list[str]:
    """Why classifiers have no test loss, of those that have none beside others that do."""
    judged = [(model, model.on_test) for model in results.models if model.on_test]
    if not any(found.loss for _, found in judged):
        return []
    return [
        f"{model.label} has no test loss: {_why_none(found)}."
        for model, found in judged
        if found.loss is None
    ]


def _why_none(found: OnTest) -> str:
    if found.sum_least is None or found.sum_most is None:
        return "it gives no probabilities, or none that are a distribution over the classes"
    return (
        "its outputs are no distribution over the classes (those of a row sum to "
        f"{found.sum_least:.3g} at least and {found.sum_most:.3g} at most)"
    )


def parts(results: Results) -> list[str]:
    """The parts of the data for which any model has a score."""
    return [
        part
        for part in PARTS
        if any(cell(results, model, part).ours is not None for model in results.models)
    ]


def chosen_settings(results: Results, model: ModelResult) -> list[Comparison]:
    """The settings that the document found best, beside the one that we did."""
    return [each for each in _of(results, model) if each.quantity == "best parameters"]


def recalls(results: Results, model: ModelResult) -> list[Comparison]:
    """The printed recalls of one model, class by class."""
    return [each for each in _of(results, model) if each.quantity.startswith("recall of ")]


def by_model(results: Results) -> list[tuple[str, list[Comparison]]]:
    """All comparisons under the label of their model, in the order of the models."""
    groups = [(model.label, _of(results, model)) for model in results.models]
    keys = {model.key for model in results.models}
    rest = [each for each in results.comparisons if each.model not in keys]
    return [(label, group) for label, group in [*groups, ("The whole experiment", rest)] if group]


def distinct(results: Results) -> Results:
    """The same results, with labels by which one can tell the models apart."""
    labels = [model.label for model in results.models]
    models = tuple(
        model.model_copy(update={"label": f"{model.label} ({model.key})"})
        if labels.count(model.label) > 1
        else model
        for model in results.models
    )
    return results.model_copy(update={"models": models})


def tally(comparisons: Iterable[Comparison]) -> str:
    """``10 exact, 1 within interval, 2 differ``: the counts that are not zero."""
    agreements = [str(each.agreement) for each in comparisons]
    words = {"exact": "exact", "within interval": "within interval", "differs": "differ"}
    counts = [(agreements.count(key), word) for key, word in words.items()]
    return ", ".join(f"{number} {word}" for number, word in counts if number)


def _of(results: Results, model: ModelResult) -> list[Comparison]:
    return [each for each in results.comparisons if each.model == model.key]
