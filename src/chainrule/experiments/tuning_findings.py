"""What a sweep or a search shows, in sentences that are made from its numbers."""

import math
from collections.abc import Iterator, Sequence

from scipy import stats

from chainrule.experiments.cells import worth
from chainrule.experiments.places import last_losses, lost_in_words, named, settings_in_words
from chainrule.experiments.record import Distribution
from chainrule.experiments.results import Candidate, ModelResult, Search
from chainrule.experiments.tuned import Budget, Cell, Sweep

__all__ = ["search_findings", "standard_error", "sweep_findings"]

MANY = 6
"""More combinations than these are not gone through one by one."""

LEVEL = 0.05


def sweep_findings(model: ModelResult, metric: str = "accuracy") -> Iterator[str]:
    """Budget by budget: the best, what chance may have in it, and what diverged; then why."""
    sweep = model.sweep
    if sweep is None:
        return
    for budget in sweep.budgets:
        yield from _best(budget, sweep, metric)
        yield from _diverged(budget)
    yield from _noise(sweep)
    yield from _range_test(sweep)


def _diverged(budget: Budget) -> Iterator[str]:
    lost = [cell for cell in budget.cells if cell.lost]
    if not lost:
        return
    told = len(lost) <= MANY // 2
    listed = [f"{named(cell)} ({_how_lost(cell)})" if told else named(cell) for cell in lost]
    yield f"Diverged at {budget.name}: {'; '.join(listed)}."


def _best(budget: Budget, sweep: Sweep, metric: str) -> Iterator[str]:
    order = sorted(budget.cells, key=worth, reverse=True)
    judged = [cell for cell in order if _judged(cell, sweep) is not None]
    if not judged:
        return
    size = f"{budget.epochs} epochs" if budget.epochs else f"{budget.updates:,} updates"
    what = f"validation {metric}" if sweep.judged_by == "validation_score" else "training loss"
    shown = judged if len(judged) <= MANY else [judged[0], judged[-1]]
    listed = [
        f"{named(cell)} {_mean(_judged(cell, sweep))}{_updates(cell, budget)}" for cell in shown
    ]
    joined = "; ".join(listed) if shown is judged else " down to ".join(listed)
    yield f"At {budget.name} ({size}), {what}, mean of {len(sweep.seeds)} seeds: {joined}."
    if len(judged) > 1 and not judged[0].lost and not judged[1].lost and len(sweep.seeds) > 1:
        yield _told_apart(judged[0], judged[1], budget, sweep)


def _told_apart(best: Cell, second: Cell, budget: Budget, sweep: Sweep) -> str:
    """Whether the best is better than the next by more than the seeds' chance: a paired t-test."""
    a, b = (_values(_judged(cell, sweep)) for cell in (best, second))
    difference = math.fsum(a) / len(a) - math.fsum(b) / len(b)
    if a == b:
        p = 1.0
    elif len({round(x - y, 12) for x, y in zip(a, b, strict=True)}) == 1:
        p = 0.0  # the same difference from every seed
    else:
        p = float(stats.ttest_rel(a, b).pvalue)
    verdict = (
        "more than the seeds' chance" if p < LEVEL else "no difference that these seeds can show"
    )
    return (
        f"At {budget.name} {named(best)} leads {named(second)}, the next best, by "
        f"{abs(difference):.4f} (t-test paired over {len(a)} seeds, p = {p:.2g}): {verdict}."
    )


def _updates(cell: Cell, budget: Budget) -> str:
    return f" in {cell.updates:,} updates" if budget.epochs else ""


def _how_lost(cell: Cell) -> str:
    finite = last_losses(cell)
    return f"{lost_in_words(cell)}{f'; last finite loss {finite}' if finite else ''}"


def _noise(sweep: Sweep) -> Iterator[str]:
    """How the noise scale grows, and what a step on each batch size is worth at the end."""
    cells = [cell for cell in sweep.budgets[0].cells if cell.noise and cell.noise[-1].scale]
    if not cells:
        return
    best = max(cells, key=worth)
    points = [
        each
        for budget in sweep.budgets
        for cell in budget.cells
        if cell.name == best.name
        for each in cell.noise
        if each.scale
    ]
    points.sort(key=lambda each: each.updates)
    first, last = points[0], points[-1]
    yield (
        "The gradient noise scale, the batch size at which noise and gradient are equally long, "
        f"is {_rows(first.scale)} rows after {first.updates:,} updates with {named(best)}, and "
        f"{_rows(last.scale)} after {last.updates:,}."
    )
    if "batch_size" not in sweep.names or len(cells) > MANY:
        return
    worths = []
    for cell in cells:
        size, scale = cell.parameters["batch_size"], cell.noise[-1].scale
        if isinstance(size, int) and scale:
            worths.append(
                f"{size:,} rows {_percent(1 / (1 + scale / size))} ({cell.updates:,} steps)"
            )
    yield (
        f"What a step gains at the end of {sweep.budgets[0].name}, of what one along the gradient "
        f"of all rows would, by each network's own noise scale: {'; '.join(worths)}."
    )


def _range_test(sweep: Sweep) -> Iterator[str]:
    found = sweep.range_test
    if found is None:
        return
    if found.lowest is None:
        yield "In the learning-rate range test the loss never fell."
        return
    end = "did not diverge" if found.diverged is None else f"diverged at {found.diverged:.2g}"
    yield (
        f"In the learning-rate range test the loss was lowest at {found.lowest:.2g} and {end}: it "
        f"suggests {found.suggested:.2g}, a tenth of the former."
    )


def search_findings(model: ModelResult, n_validation: int | None) -> Iterator[str]:
    """The work, who was dropped, the simplest that is as good, and what matters."""
    search = model.search
    if search is None or not search.seeds:
        return
    rows = search.candidates
    spent = math.fsum(each.epochs or 0.0 for each in rows)
    ends = [
        f"{count} {word}"
        for word in ("dropped", "stopped")
        if (count := sum(each.ended == word for each in rows))
    ]
    ended = f"; {', '.join(ends)}" if ends else ""
    times = search.folds * len(search.seeds)
    of_each = f", {times} times each" if times > 1 else ""
    yield (
        f"{model.label}: {len(rows)} candidates ({search.strategy.replace('_', ' ')}) were trained "
        f"for {spent:,.0f} epochs in all{of_each}{ended}."
    )
    yield from _simplest(model, search, n_validation)
    if search.importance:
        name, share = max(search.importance.items(), key=lambda pair: pair[1])
        yield (
            f"{model.label}: the scores depend most on {name}, which explains "
            f"{_percent(share)} of their variance (fANOVA)."
        )


def _simplest(model: ModelResult, search: Search, n_validation: int | None) -> Iterator[str]:
    best = next(each for each in search.candidates if each.parameters == search.best)
    if search.simplest is None or search.simplest == search.best or best.mean is None:
        return
    chosen = next(each for each in search.candidates if each.parameters == search.simplest)
    if (chosen.n_parameters or 0) >= (best.n_parameters or 0):
        return
    error = standard_error(search, n_validation)
    if error is None:
        return
    yield (
        f"{model.label}: the simplest candidate within one standard error ({error:.4f}) of the "
        f"best has {chosen.n_parameters or 0:,} parameters against {best.n_parameters or 0:,}, and "
        f"{chosen.mean or 0:.4f} against {best.mean:.4f}: {settings_in_words(search.simplest)}."
    )


def standard_error(search: Search, n_validation: int | None) -> float | None:
    """Of the best candidate's mean: over folds; of a single one over seeds, or of a share of the
    rows that judge it. None where it is not known: without ``n_validation``, as of scores that are
    no shares."""
    best: Candidate = next(c for c in search.candidates if c.parameters == search.best)
    if search.folds > 1:
        return (best.std_over_folds or 0.0) / math.sqrt(search.folds)
    if len(search.seeds) > 1:
        return (best.std_over_seeds or 0.0) / math.sqrt(len(search.seeds))
    mean = best.mean or 0.0
    return math.sqrt(mean * (1 - mean) / n_validation) if n_validation else None


def _judged(cell: Cell, sweep: Sweep) -> Distribution | None:
    found: Distribution | None = getattr(cell, sweep.judged_by)
    return found


def _values(spread: Distribution | None) -> Sequence[float]:
    return [value for value in (spread.values if spread else ()) if value is not None]


def _mean(spread: Distribution | None) -> str:
    return "" if spread is None or spread.mean is None else f"{spread.mean:.4f}"


def _rows(scale: float | None) -> str:
    return f"{float(f'{scale or 0:.2g}'):,.0f}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"
