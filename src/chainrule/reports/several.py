"""Several runs of one data set on one page: their models side by side."""

from collections.abc import Iterator, Mapping, Sequence

from chainrule.experiments.reading import RunRecord
from chainrule.reports.beside import PARTS
from chainrule.reports.changed import notice
from chainrule.reports.charts import Drawing, drawn
from chainrule.reports.differing import differing, model_settings, run_settings
from chainrule.reports.entries import Entry, distinct_names, entries_of, one_data_set
from chainrule.reports.figures.overlaid import overlaid_curves
from chainrule.reports.html import environment
from chainrule.reports.numbers import moment

__all__ = ["findings", "render_several"]

NAMED = 4
"""Rivals that are named; the table has all."""

# The rows of a training history that are compared -> what a figure calls them.
CURVES = {
    "validation_loss": "validation loss",
    "train_loss": "training loss",
    "validation_score": "validation {metric}",
}

Differences = tuple[str, str, list[str], list[tuple[str, list[str]]]]


def render_several(records: Sequence[RunRecord]) -> str:
    """The page as a string of HTML.

    Raises:
        RunError: the runs are of different data, or train no models.
    """
    names = distinct_names(records)
    named = dict(zip(names, records, strict=True))
    data, entries = one_data_set(named), entries_of(named)
    return (
        environment()
        .get_template("several.html.j2")
        .render(
            title=f"{len(records)} runs side by side",
            data=data,
            names=names,
            metric=entries[0].metric,
            shares=entries[0].task.shares,
            entries=entries,
            parts=[part for part in PARTS if any(e.cells[part].ours is not None for e in entries)],
            part_judged=entries[0].part,
            findings=list(findings(entries)),
            charts=drawn(_drawings(entries)),
            differences=list(_differences(entries, named)),
            runs=[(name, one, moment(one.began)) for name, one in named.items()],
        )
    )


def findings(entries: Sequence[Entry]) -> Iterator[str]:
    """Which is best, with what interval, and which others cannot be told from it."""
    best = entries[0]
    part = PARTS[best.part][1]
    if best.score is None:
        yield "No model of these runs has a score yet."
    else:
        sentence = f"Best: {best.label}, with a {part} {best.metric} of {best.score:.4f}"
        if best.interval:
            of = f"the mean of {best.n_seeds} seeds" if best.n_seeds else "a single training"
            low, high = best.interval
            sentence += f" (95 % interval {low:.4f} to {high:.4f}, of {of})"
        yield f"{sentence}."
        yield from _rivals(best, entries[1:])
    open_ = {entry.run: entry.record.state for entry in entries if not entry.complete}
    for run, state in open_.items():
        yield f"{run} is not complete ({state}): what it has written so far is shown."
    for run, said in {entry.run: notice(entry.record.spec.changed) for entry in entries}.items():
        if said:
            yield f"{run}: {said}"
    splits = {entry.record.spec.data.split for entry in entries}
    if len(splits) > 1:
        yield "The runs cut the data differently: their scores are of different rows."


def _rivals(best: Entry, others: Sequence[Entry]) -> Iterator[str]:
    if best.interval is None:
        return
    known = [entry for entry in others if entry.interval]
    near = [
        entry.label for entry in known if entry.interval and entry.interval[1] >= best.interval[0]
    ]
    if near:
        yield (
            f"Its interval overlaps that of {'; '.join(near)}: intervals alone do not tell them "
            "apart. A paired test on the same rows, as within one run, may."
        )
    elif known:
        yield "No other model's interval reaches its own."


def _drawings(entries: Sequence[Entry]) -> Iterator[Drawing]:
    metric = entries[0].metric
    for key, quantity in CURVES.items():
        curves = {}
        for entry in entries:
            history = entry.model.curves or {}
            if any(value is not None for value in history.get(key, ())):
                epochs = history.get("epoch") or range(1, len(history[key]) + 1)
                curves[entry.label] = (epochs, history[key])
        if curves:
            yield Drawing(
                "curves", overlaid_curves(curves, quantity=quantity.format(metric=metric))
            )


def _differences(
    entries: Sequence[Entry], records: Mapping[str, RunRecord]
) -> Iterator[Differences]:
    """A heading, what it is about, the columns and the rows of each table."""
    models = differing([model_settings(entry) for entry in entries])
    labels = [entry.label for entry in entries]
    yield "Settings in which the models differ", "model", labels, models
    runs = differing([run_settings(record) for record in records.values()])
    yield "Settings in which the runs differ", "run", list(records), runs
