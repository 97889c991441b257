"""The kind "compare": models on one data set, side by side."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from threadpoolctl import threadpool_limits

from chainrule.data import preparation
from chainrule.experiments import printed
from chainrule.experiments.bench import Bench
from chainrule.experiments.datasets import data_of, prepared_by, streams
from chainrule.experiments.describe import describe, parts_of
from chainrule.experiments.examining import examiner_of
from chainrule.experiments.families import family
from chainrule.experiments.findings import Evidence, findings
from chainrule.experiments.hardest import RULE, hardest
from chainrule.experiments.outcome import Outcome
from chainrule.experiments.outputs import output_rows
from chainrule.experiments.questions import answered
from chainrule.experiments.record import Number
from chainrule.experiments.recorder import Recorder
from chainrule.experiments.results import Comparison, ModelResult, PairedTest
from chainrule.experiments.spec import BEST, CompareSpec, ModelSpec, TargetSpec
from chainrule.experiments.streaming import sample_of, streamed_table
from chainrule.experiments.targets import prepared_targets
from chainrule.experiments.tasks import of_spec
from chainrule.experiments.training import Trained, train
from chainrule.experiments.whole import about, whole

__all__ = ["run"]


def run(spec: CompareSpec, recorder: Recorder) -> Outcome:
    """Trains every model of the spec and sets them beside each other and the printed numbers."""
    with recorder.timed("data"):
        sample = sample_of(spec.data) if streams(spec.data) else None
        data = data_of(spec.data) if sample is None else sample.data
        parts = parts_of(data, spec.data)
        parts, target, retargeted = prepared_targets(
            parts, spec.data.target or TargetSpec(), data.target_name
        )
    streamed = None
    if sample is not None:
        streamed = streamed_table(spec.data, sample, target, recorder.journal.run)
    task = of_spec(spec)
    bench = Bench(
        spec=spec,
        parts=parts,
        pixel_range=data.pixel_range,
        columns=data.columns,
        feature_names=data.feature_names,
        class_names=data.class_names,
        image_shape=data.image_shape,
        task=task,
        target=target,
        recorder=recorder,
        streamed=streamed,
    )
    trained: dict[str, Trained] = {}
    with threadpool_limits(spec.threads or None):
        for key in spec.members:
            trained[key] = train(key, bench)
            recorder.check()
    if streamed is not None:
        streamed.remove()
    test = parts.get("test")
    chosen_key = _chosen(spec, [one.result for one in trained.values()])
    trained, tests = _judged(chosen_key, trained, bench)
    models, chosen = tuple(one.result for one in trained.values()), trained[chosen_key]
    sizes = {name: len(part.y) for name, part in parts.items()}
    comparisons = _comparisons(spec, models, data.class_names, sizes) if spec.as_written else ()
    noun = "image" if data.image_shape else "row"
    evidence = Evidence(
        models,
        tests,
        comparisons,
        data.class_names,
        sizes,
        noun,
        task,
        data.target_name,
        quick=spec.quick_version,
    )
    return Outcome(
        data=describe(data, spec.data, parts, (*retargeted, *_preparations(spec)), target),
        metric=task.metric,
        models=models,
        chosen=chosen.result.key,
        comparisons=comparisons,
        tests=tests,
        hardest=hardest([*trained.values()], test, data.class_names, spec.hardest)
        if test is not None and data.class_names
        else (),
        hardest_rule=RULE if data.class_names else "",
        outputs=output_rows(chosen.estimator, chosen.rows, test, data.class_names, spec.outputs)
        if test is not None and spec.outputs and not chosen.result.diverged
        else (),
        findings=findings(evidence),
        questions=answered(spec.questions, models, as_written=spec.as_written),
        seed=chosen.result.settings.get("random_state"),
        estimator=whole(chosen.estimator, chosen.preparation, bench)
        if family(chosen.result.family).saves
        else None,
        rows=chosen.raw_rows,
        about=about(chosen.result, data, bench),
    )


def _chosen(spec: CompareSpec, models: Sequence[ModelResult]) -> str:
    """The key of the chosen model: the one that is named, or the best by its validation score (the
    first of equals, and the first of all where there is no validation part)."""
    if spec.chosen != BEST:
        return spec.chosen
    return max(models, key=lambda model: _or_least(model.scores.validation)).key


def _or_least(score: Number) -> float:
    return -math.inf if score is None else score


def _judged(
    chosen: str, trained: dict[str, Trained], bench: Bench
) -> tuple[dict[str, Trained], tuple[PairedTest, ...]]:
    """The models with what they do on the test part, and the chosen one against each other; what
    diverged has no scores."""
    if "test" not in bench.parts:
        return trained, ()
    test, examiner = bench.parts["test"], examiner_of(bench.task)
    examined = {key: one.examined for key, one in trained.items()}
    healthy = {key: examined[key] for key in examined if not trained[key].result.diverged}
    with bench.recorder.timed("intervals"):
        found = examiner.on_test(healthy, test, bench)
        tests = examiner.paired_tests(chosen, examined, test, healthy, bench)
    judged = dict(trained)
    for key, each in found.items():
        result = trained[key].result.model_copy(update={"on_test": each})
        judged[key] = replace(trained[key], result=result)
    return judged, tests


def _comparisons(
    spec: CompareSpec,
    models: Sequence[ModelResult],
    class_names: Sequence[str],
    sizes: Mapping[str, int],
) -> tuple[Comparison, ...]:
    by_key = {model.key: model for model in models}
    return tuple(
        row
        for entry in spec.printed
        for row in printed.compare(entry, by_key[entry.model], class_names, sizes)
    )


def _preparations(spec: CompareSpec) -> tuple[str, ...]:
    how = prepared_by(spec.data)

    def said(model: ModelSpec) -> str:
        words = " and ".join(preparation.sentences(model.prepare, how))
        return f"{model.label}: {words}, as {model.dtype}"

    return tuple(map(said, spec.members.values()))
