"""The kind "compare": models on one data set, side by side."""

from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from chainrule.data import load, preparation
from chainrule.experiments import printed, statistics
from chainrule.experiments.describe import describe, parts_of
from chainrule.experiments.families import family
from chainrule.experiments.findings import Evidence, findings
from chainrule.experiments.hardest import RULE, hardest
from chainrule.experiments.outcome import Outcome
from chainrule.experiments.questions import answered
from chainrule.experiments.recorder import Recorder
from chainrule.experiments.results import Comparison, ModelResult, PairedTest
from chainrule.experiments.spec import BEST, CompareSpec
from chainrule.experiments.training import Bench, Trained, train

__all__ = ["run"]


def run(spec: CompareSpec, recorder: Recorder) -> Outcome:
    """Trains every model of the spec and sets them beside each other and the printed numbers."""
    with recorder.timed("data"):
        data = load(spec.data.name, fetch=True, **spec.data.parameters)
        parts = parts_of(data, spec.data)
    bench = Bench(spec, parts, data.pixel_range, data.class_names, data.image_shape, recorder)
    trained = {}
    with threadpool_limits(spec.threads or None):
        for key in spec.members:
            trained[key] = train(key, bench)
            recorder.check()
    models = tuple(one.result for one in trained.values())
    chosen = trained[_chosen(spec, models)]
    test = parts.get("test")
    others = [one for one in trained.values() if one is not chosen and test is not None]
    tests = tuple(_paired_test(chosen, other, parts["test"].y) for other in others)
    comparisons = _comparisons(spec, models, data.class_names)
    sizes = {name: len(part.y) for name, part in parts.items()}
    evidence = Evidence(models, tests, comparisons, data.class_names, sizes)
    return Outcome(
        data=describe(data, spec.data, parts, _preparations(spec)),
        models=models,
        chosen=chosen.result.key,
        comparisons=comparisons,
        tests=tests,
        hardest=hardest([*trained.values()], test, data.class_names, spec.hardest)
        if test is not None
        else (),
        hardest_rule=RULE,
        findings=findings(evidence),
        questions=answered(spec.questions, models),
        seed=chosen.result.settings.get("random_state"),
        estimator=chosen.estimator if family(chosen.result.family).saves else None,
    )


def _chosen(spec: CompareSpec, models: Sequence[ModelResult]) -> str:
    """The key of the chosen model: the one that is named, or the best by its validation score (the
    first of equals, and the first of all where there is no validation part)."""
    if spec.chosen != BEST:
        return spec.chosen
    return max(models, key=lambda model: model.scores.validation or -1.0).key


def _paired_test(a: Trained, b: Trained, truth: np.ndarray) -> PairedTest:
    assert a.predicted is not None and b.predicted is not None  # there is a test part
    a_right, b_right = a.predicted == truth, b.predicted == truth
    only_a, only_b = int(np.sum(a_right & ~b_right)), int(np.sum(b_right & ~a_right))
    return PairedTest(
        a=a.result.key,
        b=b.result.key,
        only_a=only_a,
        only_b=only_b,
        n=len(truth),
        p_value=statistics.mcnemar(only_a, only_b),
    )


def _comparisons(
    spec: CompareSpec, models: Sequence[ModelResult], class_names: Sequence[str]
) -> tuple[Comparison, ...]:
    by_key = {model.key: model for model in models}
    return tuple(
        row
        for entry in spec.printed
        for row in printed.compare(entry, by_key[entry.model], class_names)
    )


def _preparations(spec: CompareSpec) -> tuple[str, ...]:
    return tuple(
        f"{model.label}: {' and '.join(preparation.sentences(model.prepare))}, as {model.dtype}"
        for model in spec.members.values()
    )
