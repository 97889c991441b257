"""A run as one HTML page that needs nothing but itself."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment

from chainrule.experiments.results import PairedTest, Results, Search
from chainrule.reports import beside, numbers
from chainrule.reports.changed import notice
from chainrule.reports.charts import charts
from chainrule.reports.fits import fits
from chainrule.reports.origin import origin
from chainrule.reports.outline import outline
from chainrule.reports.tiles import tile
from chainrule.templates import environment as templates_of

__all__ = ["environment", "ranked", "render", "timings", "write_report"]

LEVEL = 0.05


def write_report(results: Results, path: str | os.PathLike[str]) -> Path:
    """Writes the report to ``path`` and returns it. Equal results give equal bytes."""
    from chainrule.files.atomic import write_bytes

    target = Path(path)
    write_bytes(target, render(results).encode("utf-8"))
    return target


def render(results: Results) -> str:
    """The report as a string of HTML: figures, images and styles are inside."""
    results = beside.distinct(results)
    labels = {model.key: model.label for model in results.models}
    template = environment().get_template("report.html.j2")
    return template.render(
        results=results,
        sections=outline(results),
        charts=charts(results),
        label=lambda key: labels.get(key, key),
        picture=partial(_picture, results),
        verdict=partial(verdict, tests=len(results.tests), word=_better(results)),
        parts=beside.parts(results),
        cell=partial(beside.cell, results),
        chosen_settings=partial(beside.chosen_settings, results),
        recalls=partial(beside.recalls, results),
        comparisons=beside.by_model(results),
        fits=fits(results),
        timings=timings(results),
        without_loss=beside.without_loss,
        seconds_of=results.clock.parts.get,
        ranked=ranked,
        things="images" if results.data.image_shape else "rows",
    )


def environment() -> Environment:
    """The templates, with the filters that they use."""
    made = templates_of("chainrule.reports", html=True)
    filters: dict[str, Callable[..., Any]] = {
        "score": numbers.score,
        "number": numbers.printed,
        "p_value": numbers.p_value,
        "duration": numbers.duration,
        "count": numbers.count,
        "setting": numbers.setting,
        "short": numbers.short,
        "temperature": numbers.temperature,
        "difference": numbers.difference,
        "loss": numbers.loss,
        "settings": numbers.settings,
        "tally": beside.tally,
    }
    made.filters.update(filters)
    headings = {part: heading for part, (heading, _) in beside.PARTS.items()}
    made.globals.update(
        marks=beside.MARKS,
        headings=headings,
        origin=origin,
        score=numbers.score,
        loss=numbers.loss,
        difference=numbers.difference,
        short=numbers.short,
        notice=notice,
    )
    return made


def _picture(results: Results, pixels: tuple[float, ...]) -> str:
    shape, black_and_white = results.data.image_shape, results.data.pixel_range
    if shape is None:
        return ""
    return tile(pixels, shape, black_and_white or (min(pixels), max(pixels)))


def _better(results: Results) -> str:
    """What a paired test finds: a regression's is of how often a model is nearer to the truth."""
    return "better" if results.data.task == "classification" else "nearer more often"


def verdict(test: PairedTest, label: Callable[[str], str], tests: int, word: str = "better") -> str:
    """What a test shows when all tests together may be wrong in 5 % of cases (Bonferroni)."""
    if test.p_value >= LEVEL / tests:
        return "no difference shown"
    return f"{label(test.a if test.only_a > test.only_b else test.b)} is {word}"


def ranked(search: Search) -> list[int]:
    """The places of the candidates, the best first; of equals, those that were not dropped."""
    rows = search.candidates
    return sorted(range(len(rows)), key=lambda at: (rows[at].rank, rows[at].ended == "dropped", at))


def timings(results: Results) -> dict[str, dict[str, float]]:
    """Seconds by model and step; what belongs to no model stands under an empty name."""
    table: dict[str, dict[str, float]] = {}
    for each in results.clock.timings:
        row = table.setdefault(each.model, {})
        row[each.step] = row.get(each.step, 0.0) + each.seconds
    return table
