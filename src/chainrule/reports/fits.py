"""The same model fitted in several ways: tuned, untuned, and on data prepared otherwise."""

from dataclasses import dataclass

from chainrule.experiments.results import ModelResult, Results, Scores

__all__ = ["Fit", "fits"]


@dataclass(frozen=True)
class Fit:
    """How a model was fitted, on data prepared how, and what it scored."""

    label: str
    preparation: tuple[str, ...]
    scores: Scores
    shown: bool  # the fit that the rest of the report is about


def fits(results: Results) -> dict[str, list[Fit]]:
    """The fits of each model that has more than one, under its label."""
    return {model.label: _of(model) for model in results.models if model.baseline or model.variants}


def _of(model: ModelResult) -> list[Fit]:
    shown = Fit("tuned" if model.search else "shown", model.preparation, model.scores, True)
    others = [
        Fit(each.label, each.preparation, each.scores, False)
        for each in (*((model.baseline,) if model.baseline else ()), *model.variants)
    ]
    # The baseline first: it is what the tuning started from.
    return [others[0], shown, *others[1:]] if model.baseline else [shown, *others]
