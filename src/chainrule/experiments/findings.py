"""What a comparison shows, in sentences that are made from its numbers."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chainrule.estimators.apart import apart
from chainrule.estimators.sickness import too_short
from chainrule.experiments import beside_jax
from chainrule.experiments.estimates import OnTest
from chainrule.experiments.results import Comparison, ModelResult, PairedTest, Variant
from chainrule.experiments.tasks import TASKS, Task
from chainrule.experiments.tuning_findings import search_findings, standard_error, sweep_findings

__all__ = ["FINDINGS", "Evidence", "findings"]

LEVEL = 0.05

MATTERS = 0.01
"""A confidence that is nearer to the accuracy than this is called right."""

MENDS = 0.2
"""A temperature that takes less than this share of the calibration error does not mend it."""

QUICK = (
    "This is the quick version, with fewer rows, epochs or settings than the full one: its numbers "
    "are a first look. The document's numbers, and the answers that rest on ours, are left to the "
    "full version."
)

MANY = 6
"""More models than these are not gone through one by one: the tables show them all."""


@dataclass(frozen=True)
class Evidence:
    """All that the sentences may draw on."""

    models: tuple[ModelResult, ...]
    tests: tuple[PairedTest, ...]
    comparisons: tuple[Comparison, ...]
    class_names: tuple[str, ...]
    sizes: Mapping[str, int]  # rows by part
    noun: str = "image"  # what a row is
    task: Task = TASKS["classification"]
    target: str = ""  # what a regression predicts
    quick: bool = False  # whether it is a quick version

    @property
    def metric(self) -> str:
        """What a score is called."""
        return self.task.metric

    @property
    def n_validation(self) -> int | None:
        """The rows of which a validation score is a share; None where it is none."""
        return self.sizes.get("validation") if self.task.shares else None

    @property
    def many(self) -> bool:
        return len(self.models) > MANY

    def label(self, key: str) -> str:
        return next(model.label for model in self.models if model.key == key)


def findings(evidence: Evidence) -> tuple[str, ...]:
    """Every sentence that these results support, in the order of `FINDINGS`."""
    asked = FINDINGS[evidence.task.name]
    found = tuple(sentence for finding in asked for sentence in finding(evidence))
    return (QUICK, *found) if evidence.quick else found


def _ranking(evidence: Evidence) -> Iterator[str]:
    scored = [found for model in evidence.models if (found := _test_score(model))]
    of_rows = (
        f"{_capital(evidence.metric)} on the {evidence.sizes.get('test')} test {evidence.noun}s"
    )
    if scored and evidence.many:
        (best, label), (worst, last) = max(scored), min(scored)
        yield f"{of_rows}: from {worst:.4f} ({last}) to {best:.4f} ({label})."
    elif scored:
        listed = _listed(f"{label} {score:.4f}" for score, label in sorted(scored, reverse=True))
        yield f"{of_rows}: {listed}."


def _test_score(model: ModelResult) -> tuple[float, str] | None:
    """A model's test score, the mean where it was trained from several seeds."""
    spread = model.over_seeds and model.over_seeds.test
    if spread and spread.mean is not None:
        return spread.mean, f"{model.label} (mean of {len(spread.values)} seeds)"
    return None if model.scores.test is None else (model.scores.test, model.label)


def _seeds(evidence: Evidence) -> Iterator[str]:
    for model in evidence.models:
        spread = model.over_seeds and model.over_seeds.test
        if not spread or spread.mean is None or spread.low is None:
            continue
        values = [value for value in spread.values if value is not None]
        yield (
            f"{model.label}, trained from {len(values)} seeds on the same split: test "
            f"{evidence.metric} {spread.mean:.4f} on average (95 % interval of the mean "
            f"{spread.low:.4f} to {spread.high:.4f}), single runs from {min(values):.4f} to "
            f"{max(values):.4f}."
        )


def _paired(evidence: Evidence) -> Iterator[str]:
    """With m tests, each is held to LEVEL / m (Bonferroni)."""
    if evidence.many:
        told_apart = [t for t in evidence.tests if t.p_value < LEVEL / len(evidence.tests)]
        if evidence.tests:
            yield (
                f"{evidence.label(evidence.tests[0].a)} differs from {len(told_apart)} of the "
                f"{len(evidence.tests)} others by more than chance on the same "
                f"{evidence.noun}s (exact McNemar tests at the {100 * LEVEL:g} % level shared "
                "over all)."
            )
        return
    for test in evidence.tests:
        a, b = evidence.label(test.a), evidence.label(test.b)
        shown = test.p_value < LEVEL / len(evidence.tests)
        verdict = (
            f"a difference, at the {100 * LEVEL:g} % level shared over {len(evidence.tests)} tests"
            if shown
            else f"no difference that {test.n} {evidence.noun}s can show"
        )
        yield (
            f"{a} against {b}: on {_count(test.only_a, evidence.noun)} only the first is right, on "
            f"{test.only_b} only the second (exact McNemar p {_p(test.p_value)}): {verdict}."
        )


def _errors(evidence: Evidence) -> Iterator[str]:
    """Of a regression, in the target's own unit."""
    rows = [
        (model.on_test.rmse.value, model.on_test.mae.value, model.label)
        for model in evidence.models
        if model.on_test and model.on_test.rmse and model.on_test.mae
    ]
    known = [(rmse, mae, label) for rmse, mae, label in rows if rmse is not None]
    if known:
        shown = sorted(known)
        if evidence.many:
            shown = [shown[0], shown[-1]]
        listed = _listed(f"{label} {rmse:.4g} and {mae:.4g}" for rmse, mae, label in shown)
        between = "from the least to the most: " if evidence.many else ""
        yield (
            f"RMSE and mean absolute error on the same {evidence.noun}s, of {evidence.target}: "
            f"{between}{listed}."
        )


def _nearer(evidence: Evidence) -> Iterator[str]:
    """The sign tests of a regression. With m tests, each is held to LEVEL / m (Bonferroni)."""
    tests = evidence.tests
    if tests and evidence.many:
        apart = [test for test in tests if test.p_value < LEVEL / len(tests)]
        yield (
            f"{evidence.label(tests[0].a)} is nearer to the truth more often, or less often, than "
            f"{len(apart)} of the {len(tests)} others by more than chance on the same "
            f"{evidence.noun}s (exact sign tests at the {100 * LEVEL:g} % level shared over all)."
        )
        return
    for test in tests:
        shown = test.p_value < LEVEL / len(tests)
        verdict = (
            f"a difference, at the {100 * LEVEL:g} % level shared over {len(tests)} tests"
            if shown
            else f"no difference that {test.n} {evidence.noun}s can show"
        )
        yield (
            f"{evidence.label(test.a)} against {evidence.label(test.b)}: nearer to the truth on "
            f"{_count(test.only_a, evidence.noun)}, farther on {test.only_b} (exact sign test p "
            f"{_p(test.p_value)}): {verdict}.{_r2_apart(test)}"
        )


def _r2_apart(test: PairedTest) -> str:
    """How far apart the two are in R², with the interval."""
    apart = test.r2_difference
    if apart is None or apart.value is None or apart.low is None or apart.high is None:
        return ""
    return (
        f" Their R² differs by {apart.value:+.4f} (95 % interval {apart.low:+.4f} to "
        f"{apart.high:+.4f})."
    )


def _calibration(evidence: Evidence) -> Iterator[str]:
    """Where the confidence is off by MATTERS or more, and by more than the test rows can feign."""
    for model in evidence.models:
        found = model.on_test
        if evidence.many or found is None or found.calibration is None:
            continue
        off = found.overconfidence
        if off is None or off.value is None or off.low is None or off.high is None:
            continue
        if abs(off.value) >= MATTERS and (off.low > 0 or off.high < 0):
            right, error = found.score.value or 0.0, found.calibration.error or 0.0
            yield (
                f"{model.label} is {'over' if off.value > 0 else 'under'}-confident: on average "
                f"it is {right + off.value:.3f} sure of its answer, and right in {right:.3f} of "
                f"the {evidence.noun}s (calibration error {error:.3f}).{_remedy(found)}"
            )


def _remedy(found: OnTest) -> str:
    """What a temperature does about it, if there is one."""
    known = found.calibration
    if known is None or known.temperature is None:
        return ""
    T, before, after = known.temperature, known.error or 0.0, known.error_after or 0.0
    if after > (1 - MENDS) * before:
        return f" A temperature ({_rounded(T, 2)}) does not mend that: it leaves {after:.3f}."
    of_loss = ""
    if found.loss and found.loss.value is not None and known.loss_after is not None:
        before_it, after_it = _rounded(found.loss.value, 3), _rounded(known.loss_after, 3)
        of_loss = f" and the test loss from {before_it} to {after_it}"
    return (
        f" A temperature of {_rounded(T, 2)}, fitted on the validation part, brings that to "
        f"{after:.3f}{of_loss}."
    )


def _rounded(value: float, decimals: int) -> str:
    """To so many decimals; a large number to as many digits, and a small one to two."""
    if 10 ** (1 - decimals) <= value < 1000 or value == 0:
        return f"{value:.{decimals}f}"
    return f"{value:.{decimals if value >= 1000 else 2}g}"


def _gaps(evidence: Evidence) -> Iterator[str]:
    gaps = [
        (m.scores.train - m.scores.test, m)
        for m in evidence.models
        if m.scores.train is not None and m.scores.test is not None
    ]
    if gaps and not evidence.many:
        gaps.sort(key=lambda pair: -pair[0])
        listed = _listed(f"{m.label} {gap:.3f} ({m.scores.train:.4f})" for gap, m in gaps)
        metric = evidence.metric
        yield f"Training less test {metric} (and the training {metric}): {listed}."


def _near_ties(evidence: Evidence) -> Iterator[str]:
    for model in evidence.models:
        search = model.search
        if search is None or search.mean is None or search.std is None:
            continue
        if search.seeds:
            error = standard_error(search, evidence.n_validation)
        else:
            error = search.std / math.sqrt(search.folds)
        if error is None:
            continue
        near = [
            row
            for row in search.candidates
            if row.mean is not None and row.mean >= search.mean - error and row.ended != "dropped"
        ]
        if len(near) > 1:
            yield (
                f"{model.label}: {len(near)} of the {len(search.candidates)} settings lie within "
                f"one standard error ({error:.4f}) of the best: this search cannot tell "
                "them apart."
            )


def _preparation(evidence: Evidence) -> Iterator[str]:
    part = "validation" if "validation" in evidence.sizes else "test"
    changes = [
        f"{model.label} {_change(model, variant, part, evidence)}"
        for model in evidence.models
        for variant in model.variants
    ]
    if changes:
        yield (
            f"The same settings on data prepared otherwise ({part} {evidence.metric}): "
            f"{_listed(changes)}."
        )


def _change(model: ModelResult, variant: Variant, part: str, evidence: Evidence) -> str:
    before, after = getattr(model.scores, part), getattr(variant.scores, part)
    if before is None or after is None:
        return f"{variant.label}: training diverged"
    if not evidence.task.shares:
        return f"{before:.4f}, {variant.label} {after:.4f} ({after - before:+.4f})"
    size, noun = evidence.sizes[part], evidence.noun
    moved = round((after - before) * size)
    change = f"{moved:+d} of {size} {noun}s" if moved else f"no {noun} changes"
    return f"{before:.4f}, {variant.label} {after:.4f} ({change})"


def _weakest(evidence: Evidence) -> Iterator[str]:
    rows = []
    for model in evidence.models:
        known = [(value, n) for n, value in enumerate(model.recall) if value is not None]
        if known:
            value, number = min(known)
            rows.append(f"{model.label} {evidence.class_names[number]!r} ({value:.3f})")
    if rows and not evidence.many:
        yield f"The class that each model recognises least (recall): {_listed(rows)}."


def _printed(evidence: Evidence) -> Iterator[str]:
    if not evidence.comparisons:
        return
    counts = Counter(row.agreement for row in evidence.comparisons)
    total, interval = len(evidence.comparisons), _interval(evidence)
    if total == 1:
        words = {
            "exact": "comes out exactly",
            "within interval": f"lies within {interval}",
            "differs": "differs from ours",
        }
        yield f"The one printed number {words[evidence.comparisons[0].agreement]}."
        return
    found = [_of_them(counts["exact"], "come", " out exactly")]
    if interval:
        found.append(_of_them(counts["within interval"], "lie", f" within {interval}"))
    yield (
        f"Of {total} printed numbers, {', '.join(found)}, and "
        f"{_of_them(counts['differs'], 'differ')}."
    )


INTERVALS = {
    "seeds": "of one run over seeds",
    "rows": "of ours for as many other rows (Wilson's, of models that ran once)",
}


def _interval(evidence: Evidence) -> str:
    """In which interval a number may lie; nothing where there is none."""
    known = {row.interval for row in evidence.comparisons}
    words = [words for kind, words in INTERVALS.items() if kind in known]
    return f"the 95 % interval {', or '.join(words)}" if words else ""


def _of_them(number: int, verb: str, rest: str = "") -> str:
    return f"{number} {verb}{'s' if number == 1 else ''}{rest}"


def _sicknesses(evidence: Evidence) -> Iterator[str]:
    for model in evidence.models:
        for sentence in model.sicknesses:
            yield f"{model.label}: {sentence}"
        if not model.sicknesses and not model.diverged and not evidence.many:
            yield from _healthy(model)


def _best(model: ModelResult) -> str:
    """By what an estimator tells its best epoch, with its defaults."""
    by = model.settings.get("monitor", "validation_score")
    if not any(value is not None for value in (model.curves or {}).get("validation_loss", ())):
        return "Its lowest training loss"
    return "Its lowest validation loss" if by == "validation_loss" else "Its best validation score"


def _healthy(model: ModelResult) -> Iterator[str]:
    """What a training did of which no rule says anything, where its losses are known by epoch;
    and what a training so short cannot tell."""
    curves = model.curves or {}
    losses = [loss for loss in curves.get("train_loss", ()) if loss is not None]
    if not losses:
        return
    untold = too_short(curves)
    verdict = f"is too short to tell {_either(untold)}" if untold else "shows no sickness"
    best = f" {_best(model)} is in epoch {model.best_epoch}." if model.best_epoch else ""
    yield (
        f"{model.label}: in {_count(len(losses), 'epoch')} the training loss {_came(losses)}; its "
        f"history {verdict}.{best}"
    )


def _came(losses: Sequence[float]) -> str:
    first, last = apart(losses[0], losses[-1])
    return f"came from {first} to {last}" if first != last else f"was {last} at the end"


def _either(items: Sequence[str]) -> str:
    return ", ".join((*items[:-1], f"or {items[-1]}")) if len(items) > 1 else items[0]


def _diverged(evidence: Evidence) -> Iterator[str]:
    for model in evidence.models:
        candidates = model.search.candidates if model.search else ()
        count = sum(row.diverged for row in candidates)
        if count:
            yield f"{model.label}: {count} of {len(candidates)} settings of the search diverged."
        if model.diverged:
            yield f"{model.label}: the training that is shown diverged; its scores are left out."
        if model.over_seeds and model.over_seeds.diverged:
            seeds = _listed(map(str, model.over_seeds.diverged))
            yield f"{model.label}: training diverged from seed {seeds}."


def _in_torch(evidence: Evidence) -> Iterator[str]:
    for model in evidence.models:
        yield from beside_jax.sentence(model, evidence.noun)


def _swept(evidence: Evidence) -> Iterator[str]:
    for model in evidence.models:
        yield from sweep_findings(model, evidence.metric)


def _searched(evidence: Evidence) -> Iterator[str]:
    for model in evidence.models:
        yield from search_findings(model, evidence.n_validation)


Finding = Callable[[Evidence], Iterator[str]]

OF_MODELS: tuple[Finding, ...] = (_gaps, _near_ties, _searched, _preparation)
OF_RUNS: tuple[Finding, ...] = (_printed, _in_torch, _diverged, _sicknesses)

# By task.
FINDINGS: dict[str, tuple[Finding, ...]] = {
    "classification": (
        *(_swept, _ranking, _seeds, _paired, _calibration),
        *OF_MODELS,
        _weakest,
        *OF_RUNS,
    ),
    "regression": (_swept, _ranking, _errors, _seeds, _nearer, *OF_MODELS, *OF_RUNS),
}


def _capital(text: str) -> str:
    """With a capital, and the rest as it is."""
    return text[:1].upper() + text[1:]


def _listed(items: Iterable[str]) -> str:
    return "; ".join(items)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _p(value: float) -> str:
    if value < 1e-300:
        return "< 1e-300"
    return f"= {value:.3f}" if value >= 0.001 else f"= {value:.1e}"
