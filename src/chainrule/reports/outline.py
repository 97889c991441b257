"""The sections of a report, in order, and when each has something to say.

A section is a row here and a template of the same name in ``templates/sections``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.experiments.results import Results

__all__ = ["SECTIONS", "Section", "outline"]


@dataclass(frozen=True)
class Section:
    """A heading, its anchor (also its template's name), and when it is there."""

    anchor: str
    title: str
    wanted: Callable[[Results], object]


SECTIONS = (
    Section("models", "The models", lambda r: r.models),
    Section("tests", "Is the difference real?", lambda r: r.tests and _of_classes(r)),
    Section("nearer", "Is the difference real?", lambda r: r.tests and not _of_classes(r)),
    Section("seeds", "Seed by seed", lambda r: any(_over_seeds(r))),
    Section("data", "The data", lambda r: r.data.splits),
    Section("spectrum", "How many directions matter", lambda r: _pictured(r, "spectrum")),
    Section("setup", "Stated, inferred, ours", lambda r: r.assumptions and not _all_ours(r)),
    Section("chosen", "What was chosen, and why", lambda r: r.assumptions and _all_ours(r)),
    Section("sweep", "Value by value", lambda r: any(m.sweep for m in r.models)),
    Section("search", "How the settings were chosen", lambda r: any(m.search for m in r.models)),
    Section("networks", "The networks", lambda r: _pictured(r, "layers")),
    Section("torch", "In PyTorch and in JAX", lambda r: any(m.in_torch for m in r.models)),
    Section("curves", "How it learned", lambda r: any(m.curves for m in r.models)),
    Section("layers", "Layer by layer", lambda r: _pictured(r, "diagnosis", "activations")),
    Section("weights", "What the first layer looks for", lambda r: _pictured(r, "weights")),
    Section("regions", "Where the lines are drawn", lambda r: _pictured(r, "regions")),
    Section("curve", "The curve through the points", lambda r: _pictured(r, "curve")),
    Section("answers", "Predicted and true", lambda r: _pictured(r, "answers")),
    Section("outputs", "Logits beside probabilities", lambda r: r.outputs),
    Section("mistakes", "Who was taken for whom", lambda r: any(m.confusion for m in r.models)),
    Section("sure", "Sure, and wrong", lambda r: r.data.image_shape and _pictured(r, "mistakes")),
    Section("reliability", "As sure as right?", lambda r: _believed(r)),
    Section("recall", "Class by class", lambda r: any(m.recall for m in r.models)),
    Section("hardest", "The hardest test images", lambda r: r.hardest and r.data.image_shape),
    Section("otherwise", "The same models, fitted otherwise", lambda r: any(_other_fits(r))),
    Section("printed", "Every printed number", lambda r: r.comparisons),
    Section("questions", "What the document asks", lambda r: r.questions),
    Section("errata", "What the document prints wrongly", lambda r: r.errata),
    Section("timings", "Where the time went", lambda r: r.clock.timings),
    Section("provenance", "What made these numbers", lambda r: True),
)


def outline(results: Results) -> list[Section]:
    """The sections that this run can fill."""
    return [section for section in SECTIONS if section.wanted(results)]


def _of_classes(results: Results) -> bool:
    return results.data.task == "classification"


def _all_ours(results: Results) -> bool:
    """Whether no document stands behind the experiment's choices."""
    return all(each.status == "ours" for each in results.assumptions)


def _pictured(results: Results, *names: str) -> bool:
    return any(getattr(model.pictures, name) for model in results.models for name in names)


def _believed(results: Results) -> bool:
    tables = any(model.on_test and model.on_test.calibration for model in results.models)
    return tables or _pictured(results, "reliability")


def _over_seeds(results: Results) -> list[bool]:
    return [
        model.over_seeds is not None and model.over_seeds.test is not None
        for model in results.models
    ]


def _other_fits(results: Results) -> list[bool]:
    return [bool(model.baseline or model.variants) for model in results.models]
