"""The kind "compare": models on one data set, side by side."""

from collections.abc import Sequence
from dataclasses import replace

from threadpoolctl import threadpool_limits

from chainrule.data import load, preparation
from chainrule.data.splits import Part
from chainrule.experiments import judging, printed
from chainrule.experiments.bench import Bench
from chainrule.experiments.describe import describe, parts_of
from chainrule.experiments.families import family
from chainrule.experiments.findings import Evidence, findings
from chainrule.experiments.hardest import RULE, hardest
from chainrule.experiments.outcome import Outcome
from chainrule.experiments.outputs import output_rows
from chainrule.experiments.questions import answered
from chainrule.experiments.recorder import Recorder
from chainrule.experiments.results import Comparison, ModelResult, PairedTest
from chainrule.experiments.spec import BEST, CompareSpec
from chainrule.experiments.training import Trained, train

__all__ = ["run"]


def run(spec: CompareSpec, recorder: Recorder) -> Outcome:
    """Trains every model of the spec and sets them beside each other and the printed numbers."""
    with recorder.timed("data"):
        data = load(spec.data.name, fetch=True, **spec.data.parameters)
        parts = parts_of(data, spec.data)
    bench = Bench(
        spec=spec,
        parts=parts,
        pixel_range=data.pixel_range,
        feature_names=data.feature_names,
        class_names=data.class_names,
        image_shape=data.image_shape,
        recorder=recorder,
    )
    trained: dict[str, Trained] = {}
    with threadpool_limits(spec.threads or None):
        for key in spec.members:
            trained[key] = train(key, bench)
            recorder.check()
    test = parts.get("test")
    chosen_key = _chosen(spec, [one.result for one in trained.values()])
    trained, tests = _judged(chosen_key, trained, test, recorder)
    models, chosen = tuple(one.result for one in trained.values()), trained[chosen_key]
    comparisons = _comparisons(spec, models, data.class_names)
    sizes = {name: len(part.y) for name, part in parts.items()}
    noun = "image" if data.image_shape else "row"
    evidence = Evidence(models, tests, comparisons, data.class_names, sizes, noun)
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
        outputs=output_rows(chosen.estimator, chosen.rows, test, data.class_names, spec.outputs)
        if test is not None and spec.outputs and not chosen.result.diverged
        else (),
        findings=findings(evidence),
        questions=answered(spec.questions, models),
        seed=chosen.result.settings.get("random_state"),
        estimator=chosen.estimator if family(chosen.result.family).saves else None,
        rows=chosen.rows,
    )


def _chosen(spec: CompareSpec, models: Sequence[ModelResult]) -> str:
    """The key of the chosen model: the one that is named, or the best by its validation score (the
    first of equals, and the first of all where there is no validation part)."""
    if spec.chosen != BEST:
        return spec.chosen
    return max(models, key=lambda model: model.scores.validation or -1.0).key


def _judged(
    chosen: str, trained: dict[str, Trained], test: Part | None, recorder: Recorder
) -> tuple[dict[str, Trained], tuple[PairedTest, ...]]:
    """The models with what they do on the test part, and the chosen one against each other; what
    diverged has no scores."""
    if test is None:
        return trained, ()
    said = {key: one.said for key, one in trained.items() if one.said}
    healthy = {key: said[key] for key in said if not trained[key].result.diverged}
    calibrations = {key: trained[key].calibration for key in healthy}
    with recorder.timed("intervals"):
        found = judging.on_test(healthy, calibrations, test.y)
        tests = judging.paired_tests(chosen, said, test.y, healthy)
    judged = dict(trained)
    for key, each in found.items():
        result = trained[key].result.model_copy(update={"on_test": each})
        judged[key] = replace(trained[key], result=result)
    return judged, tests


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
