"""A run in the terminal: every score beside the printed one, in words and not only in colour."""

from collections.abc import Callable, Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chainrule.experiments.estimates import Estimate
from chainrule.experiments.results import Comparison, ModelResult, Results
from chainrule.reports.beside import MARKS, PARTS, cell, chosen_settings, parts, recalls, tally
from chainrule.reports.changed import notice
from chainrule.reports.numbers import count, loss, printed, score, settings, short

__all__ = ["print_results"]

COLOURS = {"exact": "green", "within interval": "yellow", "differs": "red"}


def print_results(results: Results, console: Console | None = None) -> None:
    """The title, the tables, and the findings. Fits 60 columns, and a file."""
    console = console or Console()
    console.print(Text(results.title, style="bold"))
    if results.changed:
        console.print(Text(notice(results.changed), style="yellow"))
    if results.models:
        console.print(_table(results, header=True))
    else:
        console.print(data_table(results))
    for model in results.models:
        console.print(Text(model.label, style="bold"))
        console.print(Padding(_parameters(model), (0, 0, 0, 2)))
        console.print(scores_table(results, model))
    for finding in results.findings:
        console.print(Text(f"• {finding}"))
    if results.saved:
        console.print(f"Saved model: read back, the same bits ({count(results.saved.rows)} rows)")


def _table(results: Results, *, header: bool) -> Table:
    """Fixed widths: the tables of all models stand in line, and the whole is 60 columns wide."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=header)
    table.add_column(Text(results.metric), width=22)
    table.add_column("ours", justify="right", width=7)
    table.add_column("printed" if results.comparisons else "", justify="right", width=8)
    table.add_column("agreement" if results.comparisons else "", width=17)
    return table


def _parameters(model: ModelResult) -> Text:
    return Text(settings(model.search.best if model.search else model.settings), style="dim")


def scores_table(results: Results, model: ModelResult) -> Table:
    """The scores of one model, each beside what the document prints."""
    table = _table(results, header=False)
    for part in parts(results):
        entry = cell(results, model, part)
        if entry.ours is None:
            continue
        seeds = f", {len(entry.spread.values)} seeds" if entry.spread else ""
        for row in _beside(f"  {PARTS[part][0]}{seeds}", score(entry.ours), entry.printed):
            table.add_row(*row)
        if entry.spread and entry.spread.low is not None and entry.spread.low != entry.spread.high:
            table.add_row(f"    {score(entry.spread.low)} to {score(entry.spread.high)}")
        if part == "test":
            for line in _on_test(model, over_seeds=entry.spread is not None):
                table.add_row(*line)
    for row in _summaries(results, model):
        table.add_row(*row)
    return table


def _on_test(model: ModelResult, *, over_seeds: bool) -> Iterator[tuple[str, ...]]:
    """The interval of the shown fit's test score, and its test loss or errors with theirs."""
    found = model.on_test
    if found is None:
        return
    if over_seeds:
        yield "  Test, shown fit", score(found.score.value)
    yield from _ends(found.score, score)
    for name, error in (("RMSE", found.rmse), ("MAE", found.mae)):
        if error is not None:
            yield f"  Test {name}", short(error.value)
            yield from _ends(error, short)
    if found.impossible:
        yield "  Test loss", "∞"
    elif found.loss is not None:
        yield "  Test loss", loss(found.loss.value)
        yield from _ends(found.loss, loss)


def _ends(found: Estimate, form: Callable[[float | None], str]) -> Iterator[tuple[str, ...]]:
    if found.low is not None:
        yield (f"    {form(found.low)} to {form(found.high)}",)


def _beside(heading: str, ours: str, rows: tuple[Comparison, ...]) -> Iterator[tuple[Text, ...]]:
    """One row a printed number; our number stands in the first."""
    if not rows:
        yield (Text(heading), Text(ours))
    for number, each in enumerate(rows):
        first = (Text(heading), Text(ours)) if number == 0 else (Text(""), Text(""))
        yield (*first, Text(printed(each.printed, each.decimals)), _agreement(each))


def _agreement(comparison: Comparison) -> Text:
    word = comparison.agreement
    return Text(f"{MARKS[word]} {word}", style=COLOURS[word])


def _summaries(results: Results, model: ModelResult) -> Iterator[tuple[Text, ...]]:
    """The chosen setting in one row, and all recalls together in another."""
    for setting in chosen_settings(results, model):
        yield (Text("  best parameters"), Text(""), Text(""), _agreement(setting))
    rows = recalls(results, model)
    if rows:
        yield (Text(f"  {len(rows)} recalls"), Text(""), Text(""), Text(tally(rows)))


def data_table(results: Results) -> Table:
    """Rows by class and part, or the targets, for a run that trains nothing."""
    if results.data.task == "regression":
        return _targets_table(results)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("class")
    for split in results.data.splits:
        table.add_column(Text(split.name), justify="right")
    for number, name in enumerate(results.data.class_names):
        counts = [split.class_counts for split in results.data.splits]
        table.add_row(Text(name), *(count(each[number]) if each else "" for each in counts))
    sizes = (Text(count(split.size), style="bold") for split in results.data.splits)
    table.add_row(Text("all", style="bold"), *sizes)
    return table


def _targets_table(results: Results) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(Text(results.data.target_name))
    for split in results.data.splits:
        table.add_column(Text(split.name), justify="right")
    table.add_row(Text("rows"), *(count(split.size) for split in results.data.splits))
    for name, field in (("mean", "mean"), ("SD", "std"), ("from", "lowest"), ("to", "highest")):
        known = [split.targets for split in results.data.splits]
        table.add_row(Text(name), *(short(getattr(each, field)) if each else "" for each in known))
    return table
