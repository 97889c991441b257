"""Publish complete runs: ``python -m benchmarks.results RUN...`` writes ``docs/results/NAME.*``.

``NAME.json`` has what was found, without pictures and curves; ``NAME.md`` what a reader wants of
it: the scores, the printed numbers beside ours, the answers, and what made the numbers.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from chainrule.experiments.estimates import Estimate
from chainrule.experiments.results import Comparison, ModelResult, Results

OUT = Path(__file__).parents[1] / "docs" / "results"
LEFT_OUT = {"hardest": True, "data": {"samples"}, "outputs": {"__all__": {"pixels"}}}
HEAVY = {"pictures", "curves", "confusion", "search"}


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
    table["models"] = [
        {key: value for key, value in model.items() if key not in HEAVY}
        for model in table["models"]
    ]
    return json.dumps(table, indent=1) + "\n"


def page(results: Results) -> Iterator[str]:
    environment, clock = results.environment, results.clock
    yield from (f"# {results.title}", "", results.question, "")
    source = results.source
    after = f". {source.title}." if source.key == "own" else f", after {source.title}."
    yield f"Recipe `{results.recipe}`{after}"
    yield ""
    yield "| model | parameters | epochs | train | validation | test (95 %) | test loss (95 %) |"
    yield "|---|---|---|---|---|---|---|"
    yield from (_row(model) for model in results.models)
    if results.comparisons:
        yield from ("", "## Printed and ours", "")
        yield "| model | quantity | printed | ours | |"
        yield "|---|---|---|---|---|"
        for row in results.comparisons:
            cells = (row.model, row.quantity, str(row.printed), _said(row.ours), _why(row))
            yield f"| {' | '.join(cells)} |"
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
    yield f"- {environment.machine}, {environment.cores} cores; Python {environment.python}."
    yield f"- {versions}."
    yield f"- {clock.started}, {clock.seconds:.0f} seconds."
    yield from ("", "```toml", results.spec.rstrip(), "```")


def _row(model: ModelResult) -> str:
    scores = model.scores
    cells = [
        model.label,
        f"{model.n_parameters:,}" if model.n_parameters is not None else "",
        "" if model.n_iter is None else str(model.n_iter),
        *(_said(score) for score in (scores.train, scores.validation)),
        _sure(model.on_test.accuracy) if model.on_test else _said(scores.test),
        _sure(model.on_test.loss) if model.on_test and model.on_test.loss else "",
    ]
    return f"| {' | '.join(cells)} |"


def _sure(found: Estimate) -> str:
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
