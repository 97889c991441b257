"""Publish complete runs: ``python -m benchmarks.results RUN...`` writes ``docs/results/NAME.*``.

``NAME.json`` has what was found, without pictures and curves; ``NAME.md`` what a reader wants of
it: the scores, the printed numbers beside ours, the answers, and what made the numbers.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chainrule.experiments.estimates import Estimate
from chainrule.experiments.results import Comparison, ModelResult, Results
from chainrule.reports.beside import without_loss
from chainrule.reports.changed import notice
from chainrule.reports.numbers import settings

OUT = Path(__file__).parents[1] / "docs" / "results"
LEFT_OUT = {"hardest": True, "data": {"samples"}, "outputs": {"__all__": {"pixels"}}}
SHOWN = 10
"""Candidates of a search on a page."""

HEAVY = {"pictures", "curves", "confusion", "search", "sweep"}


def main(folders: list[str]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        results = Results.model_validate_json((Path(folder) / "results.json").read_text("utf-8"))
        for suffix, text in ((".json", small(results)), (".md", "\n".join(page(results)) + "\n")):
            path = OUT / f"{results.recipe}{suffix}"
            path.write_text(text, encoding="utf-8")
            print(f"Wrote {path.relative_to(OUT.parents[1])}.")


def small(results: Results) -> str:
    table = results.model_dump(mode="json", exclude=LEFT_OUT)
    table["models"] = [_light(model) for model in table["models"]]
    return json.dumps(table, indent=1) + "\n"


def _light(model: dict[str, Any]) -> dict[str, Any]:
    """A model's record without pictures and curves; of a search of networks the candidates."""
    kept = {key: value for key, value in model.items() if key not in HEAVY}
    search, sweep = model["search"], model["sweep"]
    if search and search["seeds"]:
        rows = [{**row, "curve": None} for row in search["candidates"]]
        kept["search"] = {**search, "candidates": rows}
    if sweep:
        budgets = [
            {**budget, "cells": [{**cell, "curves": {}} for cell in budget["cells"]]}
            for budget in sweep["budgets"]
        ]
        kept["sweep"] = {**sweep, "budgets": budgets, "range_test": None}
    return kept


def page(results: Results) -> Iterator[str]:
    environment, clock = results.environment, results.clock
    yield from (f"# {results.title}", "", results.question, "")
    source = results.source
    after = f". {source.title}." if source.key == "own" else f", after {source.title}."
    version = ", quick version" if results.quick else ""
    yield f"Recipe `{results.recipe}`{version}{after}"
    yield ""
    if results.changed:
        yield from (notice(results.changed, quote="`"), "")
    metric, regression = results.metric, any(m.on_test and m.on_test.r2 for m in results.models)
    last = "RMSE (95 %) | MAE (95 %)" if regression else "test loss (95 %)"
    yield f"{metric}:" if metric[0].isupper() else f"{metric.capitalize()}:"
    yield ""
    yield f"| model | parameters | epochs | train | validation | test (95 %) | {last} |"
    yield "|---|---|---|---|---|---|---|" + "---|" * regression
    yield from (_row(model) for model in results.models)
    if notes := without_loss(results):
        yield from ("", *notes)
    for model in results.models:
        yield from _searched(model, metric)
        yield from _swept(model, metric)
    if results.comparisons:
        yield from ("", "## Printed and ours", "")
        yield "| model | quantity | printed | ours | |"
        yield "|---|---|---|---|---|"
        for row in results.comparisons:
            cells = (row.model, row.quantity, str(row.printed), _said(row.ours), _why(row))
            yield f"| {' | '.join(cells)} |"
    yield from _outputs(results)
    yield from ("", "## What happened", "")
    yield from (f"- {sentence}" for sentence in results.findings)
    for each in results.questions:
        yield from ("", f"**{each.question}** {each.answer}")
    yield from ("", "## Stated, inferred, ours", "", "| | | |", "|---|---|---|")
    for each in results.assumptions:
        note = f" {each.note}" if each.note else ""
        yield f"| {each.what} | {each.value}.{note} | {each.status} |"
    yield from ("", "## What made these numbers", "")
    yield from (f"- {sentence}" for sentence in results.data.preparation)
    versions = ", ".join(f"{name} {number}" for name, number in environment.versions.items())
    changed = " (with changes that were not committed)" if environment.modified else ""
    yield f"- Seed {environment.seed}; commit {environment.commit}{changed}."
    memory = f", {environment.memory / 2**30:.1f} GiB of memory" if environment.memory else ""
    processor = f" ({environment.processor})" if environment.processor else ""
    machine = f"{environment.machine}{processor}, {environment.cores} cores{memory}"
    yield f"- {machine}; Python {environment.python}."
    yield f"- {versions}."
    yield f"- {clock.started}, {clock.seconds:.0f} seconds."
    long = [one for one in clock.timings if one.seconds >= 1]
    if long:
        steps = (f"{one.step} {one.model}".strip() + f" {one.seconds:.0f}" for one in long)
        yield f"- Of these: {', '.join(steps)}."
    yield from ("", "```toml", results.spec.rstrip(), "```")


def _row(model: ModelResult) -> str:
    scores = model.scores
    cells = [
        model.label,
        f"{model.n_parameters:,}" if model.n_parameters is not None else "",
        "" if model.n_iter is None else str(model.n_iter),
        *(_said(score) for score in (scores.train, scores.validation)),
        _sure(model.on_test.score) if model.on_test else _said(scores.test),
    ]
    found = model.on_test
    if found and found.r2:
        cells += [_sure(each) for each in (found.rmse, found.mae)]
    else:
        cells.append(_sure(found.loss) if found else "")
    return f"| {' | '.join(cells)} |"


def _outputs(results: Results) -> Iterator[str]:
    """Logits beside probabilities of some test rows, a table each."""
    if results.outputs:
        yield from ("", "## What the chosen network computes for some test rows", "")
        yield "| row | is | | " + " | ".join(results.data.class_names) + " | sum |"
        yield "|---|---|---|" + "---|" * (len(results.data.class_names) + 1)
    for row in results.outputs:
        kinds = {
            "logit": row.logits,
            "probability": row.probabilities,
            "softmax of the probabilities": row.softmax_again,
        }
        for name, values in kinds.items():
            if values:
                known = [value for value in values if value is not None]
                cells = ["" if value is None else f"{value:.3g}" for value in values]
                total = f"{sum(known):.3g}"
                yield f"| {row.index} | {row.label} | {name} | {' | '.join(cells)} | {total} |"


def _searched(model: ModelResult, metric: str) -> Iterator[str]:
    """The best candidates of a search of networks."""
    search = model.search
    if search is None or not search.seeds:
        return
    where = f"{search.folds} folds" if search.folds > 1 else "the validation part"
    rows = sorted(search.candidates, key=lambda row: row.rank)
    yield from ("", f"## {model.label}: the best of {len(rows)} candidates ({search.strategy})", "")
    yield f"| rank | setting | {metric} on {where} | epochs |"
    yield "|---|---|---|---|"
    for row in rows[:SHOWN]:
        epochs = "" if row.epochs is None else f"{row.epochs:,.0f}"
        yield f"| {row.rank} | {settings(row.parameters, 4)} | {_said(row.mean)} | {epochs} |"
    if lost := sum(row.diverged for row in rows):
        yield from ("", f"{lost} diverged.")


def _swept(model: ModelResult, metric: str) -> Iterator[str]:
    """Means over seeds at the end of each budget."""
    for budget in model.sweep.budgets if model.sweep else ():
        yield from ("", f"## {model.label}, at {budget.name}", "")
        scores = f"validation {metric} | test {metric}"
        yield f"| setting | updates | training loss | {scores} | diverged |"
        yield "|---|---|---|---|---|---|"
        for cell in budget.cells:
            spreads = (cell.train_loss, cell.validation_score, cell.test_score)
            means = [_said(each.mean) if each else "" for each in spreads]
            of = f"{len(cell.lost)} of {len(model.sweep.seeds)}" if cell.lost else ""
            yield f"| {cell.name} | {cell.updates:,} | {' | '.join(means)} | {of} |"


def _sure(found: Estimate | None) -> str:
    if found is None:
        return ""
    if found.value is None:
        return "infinite"
    ends = "" if found.low is None else f" ({found.low:.4f} to {found.high:.4f})"
    return f"{found.value:.4f}{ends}"


def _said(value: object) -> str:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def _why(row: Comparison) -> str:
    return f"{row.agreement}: {row.remark}" if row.remark else row.agreement


if __name__ == "__main__":
    main(sys.argv[1:])
