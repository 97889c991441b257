"""The figures of sweeps and searches, each with the section that it belongs to."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.figure import Figure

from chainrule.experiments.cells import worth
from chainrule.experiments.results import ModelResult, Results, Search
from chainrule.experiments.tuned import Budget, Cell, Sweep
from chainrule.reports import figures
from chainrule.reports.figures.noise import Scales
from chainrule.reports.figures.overlaid import overlaid_curves
from chainrule.reports.numbers import setting

__all__ = ["as_lines", "cell_name", "judged_by", "search_figures", "sweep_figures"]

LOOKS = 6
"""So many lines can be told apart."""

FEW = 3
"""With so few hyperparameters a grid is shown as lines."""

Captioned = tuple[Figure, str]

QUANTITIES = {
    "train_loss": "final training loss",
    "validation_loss": "final validation loss",
    "validation_score": "final validation {metric}",
}
"""What is drawn of each cell of a map or profile."""


def cell_name(cell: Cell) -> str:
    """A combination as a legend writes it."""
    pairs = cell.parameters.items()
    if len(pairs) == 1:
        ((name, value),) = pairs
        return f"{name.replace('_', ' ')} {setting(value)}"
    return ", ".join(setting(value) for value in cell.parameters.values())


def sweep_figures(results: Results, model: ModelResult) -> Iterator[Captioned]:
    """Maps or profiles of the final values and of the time; curves; the noise; the range test."""
    sweep = model.sweep
    if sweep is None:
        return
    yield from _maps(results, model, sweep) if len(sweep.names) == 2 else _profiles(results, sweep)
    for budget in sweep.budgets:
        yield from _curves(results, sweep, budget)
    yield from _noise(sweep)
    if sweep.range_test is not None:
        test = sweep.range_test
        figure = figures.learning_rate_range(
            test.rates,
            test.losses,
            test.smoothed,
            suggested=test.suggested,
            lowest=test.lowest,
            diverged=test.diverged,
        )
        yield figure, "A short training whose rate grows at every update; it is kept apart."


def _profiles(results: Results, sweep: Sweep) -> Iterator[Captioned]:
    values, name = sweep.values[0], sweep.names[0].replace("_", " ")
    for field, quantity in QUANTITIES.items():
        spreads = {b.name: [getattr(cell, field) for cell in b.cells] for b in sweep.budgets}
        if not any(any(row) for row in spreads.values()):
            continue
        figure = figures.sweep_profile(
            values,
            {called: [each and each.mean for each in row] for called, row in spreads.items()},
            intervals={
                called: [(each.low, each.high) if each else (None, None) for each in row]
                for called, row in spreads.items()
            },
            diverged={b.name: [_lost(cell) for cell in b.cells] for b in sweep.budgets},
            name=name,
            quantity=quantity.format(metric=results.metric),
        )
        yield figure, f"Means of {len(sweep.seeds)} seeds, with 95 % intervals of the mean."


def _maps(results: Results, model: ModelResult, sweep: Sweep) -> Iterator[Captioned]:
    names: Any = tuple(name.replace("_", " ") for name in sweep.names)
    first, second = sweep.values
    for budget in sweep.budgets:
        settings: Any = {"names": names, "title": budget.name.capitalize()}
        lost = _table(sweep, [_lost(cell) for cell in budget.cells])
        for field, quantity in QUANTITIES.items():
            spreads = [getattr(cell, field) for cell in budget.cells]
            if any(spreads):
                means = [each.mean if each else None for each in spreads]
                figure = figures.sweep_map(
                    first,
                    second,
                    _table(sweep, means),
                    diverged=lost,
                    quantity=quantity.format(metric=results.metric),
                    larger_is_better=field.endswith("_score"),
                    **settings,
                )
                yield figure, f"Means of {len(sweep.seeds)} seeds."
        seconds = results.clock.parts.get(f"{model.key}: {budget.name}")
        if seconds:
            whole = [
                None if cell.lost else time
                for cell, time in zip(budget.cells, seconds, strict=True)
            ]
            figure = figures.sweep_map(
                first,
                second,
                _table(sweep, whole),
                diverged=lost,
                quantity="seconds of training",
                **settings,
            )
            yield (
                figure,
                "Each cell's share of the time in which all were trained, compiling included.",
            )


def _table(sweep: Sweep, row: Sequence[float | None]) -> list[list[float]]:
    """A row of cells, of which the first hyperparameter moves slowest, as a map has them."""
    across, down = (len(values) for values in sweep.values)
    known = [math.nan if value is None else value for value in row]
    return [[known[a * down + b] for a in range(across)] for b in range(down)]


def _lost(cell: Cell) -> float:
    kept = len(cell.train_loss.values) if cell.train_loss else 0
    return len(cell.lost) / max(len(cell.lost) + kept, 1)


CURVES = "Means over the seeds that did not diverge."

FIELDS = {
    "train_loss": "training loss",
    "validation_loss": "validation loss",
    "validation_score": "validation {metric}",
}


def _curves(results: Results, sweep: Sweep, budget: Budget) -> Iterator[Captioned]:
    """By epoch at equal epochs, and by updates where these differ; of many combinations one
    quantity."""
    known = [field for field in FIELDS if any(field in cell.curves for cell in budget.cells)]
    if known and len(budget.cells) > LOOKS:
        field = "validation_loss" if "validation_loss" in known else known[0]
        yield _many(sweep, budget, field, FIELDS[field]), CURVES
        return
    ways = ["epoch", "updates"] if budget.epochs and "batch_size" in sweep.names else ["epoch"]
    for field in known:
        for way in ["updates"] if budget.updates else ways:
            figure = overlaid_curves(
                {
                    cell_name(cell): (cell.curves[way], cell.curves[field])
                    for cell in budget.cells
                    if field in cell.curves and not _out_of_bounds(cell)
                },
                along=way,
                quantity=FIELDS[field].format(metric=results.metric),
                title=budget.name.capitalize(),
                logarithmic=way == "updates",
            )
            left = [cell_name(cell) for cell in budget.cells if _out_of_bounds(cell)]
            yield (
                figure,
                CURVES + (f" Left out, since all diverged: {', '.join(left)}." if left else ""),
            )


def _out_of_bounds(cell: Cell) -> bool:
    """Whether all its trainings diverged: their losses would press the others flat."""
    return cell.train_loss is None


def _many(sweep: Sweep, budget: Budget, field: str, quantity: str) -> Figure:
    shown = [cell for cell in budget.cells if field in cell.curves]
    way = "updates" if budget.updates else "epoch"
    best = max(range(len(shown)), key=lambda at: worth(shown[at]))
    return figures.candidate_curves(
        [cell.curves[field] for cell in shown],
        ["diverged" if _out_of_bounds(cell) else "finished" for cell in shown],
        epochs=[[value or 0.0 for value in cell.curves[way]] for cell in shown],
        best=best,
        along=way,
        quantity=quantity,
        title=budget.name.capitalize(),
    )


def _noise(sweep: Sweep) -> Iterator[Captioned]:
    """Of each combination, the noise scale wherever it was measured along its trainings."""
    found: dict[str, list[Any]] = {}
    for budget in sweep.budgets:
        for cell in budget.cells:
            found.setdefault(cell_name(cell), []).extend(cell.noise)
    trainings = {
        name: Scales(
            [each.updates for each in ordered],
            [each.scale for each in ordered],
            [each.low for each in ordered],
            [each.high for each in ordered],
        )
        for name, each_cell in found.items()
        if (ordered := sorted(each_cell, key=lambda each: each.updates))
    }
    sizes: Sequence[Any] = ()
    if "batch_size" in sweep.names:
        sizes = sweep.values[sweep.names.index("batch_size")]
    names = list(trainings)
    for at in range(0, len(names), LOOKS):  # no more in a figure than can be told apart
        part = {name: trainings[name] for name in names[at : at + LOOKS]}
        yield (
            figures.gradient_noise(part, batch_sizes=sizes),
            "The batch size at which noise and gradient are equally long, for the first seed's "
            "networks, with 95 % intervals. Rows beyond it are worth little.",
        )


def search_figures(label: str, search: Search, metric: str) -> Iterator[Captioned]:
    """The candidates of a search whose candidates were trained together."""
    parameters = [each.parameters for each in search.candidates]
    scores = [each.mean for each in search.candidates]
    known = [score for score in scores if score is not None]
    if len(known) < 2 or not search.seeds:
        return
    log = _log(search)
    score = judged_by(search, metric)
    best = parameters.index(search.best)
    if not as_lines(search):
        yield (
            figures.score_by_parameter(
                parameters, scores, log=log, best=best, score=score, title=label
            ),
            "A dot is a candidate, the ring the chosen one.",
        )
        yield (
            figures.parallel_coordinates(parameters, scores, log=log, score=score, title=label),
            "",
        )
    curves = [each.curve for each in search.candidates]
    if any(curves):
        yield (
            figures.candidate_curves(
                [curve.values if curve else () for curve in curves],
                [each.ended or "finished" for each in search.candidates],
                epochs=[curve.epochs if curve else () for curve in curves],
                best=best,
                quantity=search.curve_of,
                title=label,
            ),
            "Each line ends where its training ended.",
        )
    if search.importance:
        yield (
            figures.parameter_importance(search.importance, title=label),
            "What each hyperparameter explains by itself.",
        )


def as_lines(search: Search) -> bool:
    """Whether a search is small and regular enough to be shown as lines in panels."""
    parameters = [each.parameters for each in search.candidates]
    varying = {name for row in parameters for name in row if len(_values(parameters, name)) > 1}
    return not search.seeds or (search.strategy == "grid" and len(varying) <= FEW)


def judged_by(search: Search, metric: str) -> str:
    """What the candidates' scores are."""
    return f"{'validation' if search.folds == 1 else 'cross-validated'} {metric}"


def _log(search: Search) -> set[str] | None:
    """The names that the spec says are logarithmic; what it does not say is told by the values."""
    return set(search.log) or None


def _values(parameters: Sequence[dict[str, Any]], name: str) -> set[str]:
    return {setting(row.get(name)) for row in parameters}
