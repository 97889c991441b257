"""Which figures a run deserves, where each belongs, and what is said under it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from chainrule.experiments.results import ModelResult, Results, Search
from chainrule.reports import figures
from chainrule.reports.beside import cell
from chainrule.reports.figures.axes import HALF
from chainrule.reports.learning import curve_figures
from chainrule.reports.numbers import capital, count
from chainrule.reports.pictured import picture_figures
from chainrule.reports.svg import inline_svg
from chainrule.reports.tuned import as_lines, judged_by, search_figures, sweep_figures

__all__ = ["Chart", "Drawing", "charts", "drawn", "search_drawing"]


FEW = 4
"""More models than these do not have their answers drawn each."""


@dataclass(frozen=True)
class Drawing:
    """A figure, the section that it belongs to, the model that it is about ("": all of them)."""

    section: str
    figure: Figure
    about: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Chart:
    """A figure on a page: the drawing, the sentence under it, and whether it fills the width."""

    svg: Markup
    about: str
    caption: str
    wide: bool


def charts(results: Results) -> dict[str, list[Chart]]:
    """The figures of a run by the section that they belong to; sections without are left out."""
    return drawn(_all(results))


def drawn(drawings: Iterable[Drawing]) -> dict[str, list[Chart]]:
    """The figures of a page, by section."""
    found: dict[str, list[Chart]] = {}
    for number, drawing in enumerate(drawings, 1):
        # Markup: the drawing is ours, and ElementTree has escaped every text in it.
        svg = Markup(inline_svg(drawing.figure, f"figure-{number}"))
        wide = drawing.figure.get_size_inches()[0] > HALF
        chart = Chart(svg, drawing.about, drawing.caption, wide)
        found.setdefault(drawing.section, []).append(chart)
    return found


def _all(results: Results) -> Iterator[Drawing]:
    labels = results.data.class_names
    for model in results.models:
        for figure, caption in sweep_figures(results, model):
            yield Drawing("sweep", figure, model.label, caption)
        if model.search and len(model.search.candidates) > 1:
            yield from _search(model.label, model.search, results.metric)
        for figure in curve_figures(model, results.metric):
            yield Drawing("curves", figure, model.label)
        for section, figure in picture_figures(_to_draw(model, results), results.data):
            yield Drawing(section, figure, model.label)
        if model.confusion:
            figure = figures.confusion_matrix(model.confusion, labels, title=model.label)
            yield Drawing("mistakes", figure, model.label)
        yield from _seeds(results, model)
    recalls = {model.label: model.recall for model in results.models if model.recall}
    if recalls:
        yield Drawing("recall", figures.recall_by_class(recalls, labels, title="Recall by class"))
    yield from _gap(results)


def _to_draw(model: ModelResult, results: Results) -> ModelResult:
    """The model without a spectrum that an earlier one of the same preparation has too; of many
    models, only the chosen one's answers are drawn, and the tables have all."""
    leave: dict[str, None] = {}
    same = [each for each in results.models if each.preparation == model.preparation]
    if same[0] is not model and same[0].pictures.spectrum == model.pictures.spectrum:
        leave["spectrum"] = None
    if len(results.models) > FEW and model.key != results.chosen:
        leave |= {"reliability": None, "answers": None}
    return model.model_copy(update={"pictures": model.pictures.model_copy(update=leave)})


def _search(label: str, search: Search, metric: str) -> Iterator[Drawing]:
    if as_lines(search):
        rows = [(each.parameters, each.mean) for each in search.candidates]
        yield search_drawing(label, rows, search.best, judged_by(search, metric))
    for figure, caption in search_figures(label, search, metric):
        yield Drawing("search", figure, label, caption)


def search_drawing(
    label: str,
    rows: Sequence[tuple[dict[str, Any], float | None]],
    best: dict[str, Any],
    score: str = "cross-validated accuracy",
) -> Drawing:
    """The candidates of one model, each with its score."""
    figure = figures.search_overview(rows, best, title=label, score=score)
    caption = f"{count(len(rows))} candidates, the best ringed."
    if len({name for parameters, _ in rows for name in parameters}) > 3:
        caption += " Where lines hide further parameters, the best value of these is drawn."
    return Drawing("search", figure, label, caption)


def _gap(results: Results) -> Iterator[Drawing]:
    pairs = {model.label: (model.scores.train, model.scores.test) for model in results.models}
    known = {
        label: (train, test)
        for label, (train, test) in pairs.items()
        if train is not None and test is not None
    }
    if known:
        title = f"{capital(results.metric)} seen and new"
        figure = figures.train_test_gap(known, quantity=results.metric, title=title)
        caption = "The number is the training score less the test score."
        yield Drawing("otherwise", figure, caption=caption)


def _seeds(results: Results, model: ModelResult) -> Iterator[Drawing]:
    tests = model.over_seeds.test if model.over_seeds else None
    if tests is None or sum(value is not None for value in tests.values) < 2:
        return
    printed = [
        float(each.printed)
        for each in cell(results, model, "test").printed
        if not isinstance(each.printed, str)
    ]
    figure = figures.seed_distribution(
        tests.values,
        mean_interval=_pair(tests.low, tests.high),
        next_interval=_pair(tests.next_low, tests.next_high),
        printed=printed,
        quantity=f"test {results.metric}",
        title=model.label,
    )
    yield Drawing("seeds", figure, model.label)


def _pair(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)
