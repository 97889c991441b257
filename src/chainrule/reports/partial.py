"""The page of a run that is not complete: its spec, and what it has written so far."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chainrule.experiments import loading, toml
from chainrule.experiments.reading import RunRecord
from chainrule.experiments.tasks import of_spec
from chainrule.reports import figures
from chainrule.reports.charts import Drawing, drawn, search_drawing
from chainrule.reports.html import environment
from chainrule.reports.learning import curve_figures
from chainrule.reports.numbers import moment, setting
from chainrule.reports.progress import PARTS, Progress, progress_of

__all__ = ["render_partial"]

MANY = 12


def render_partial(record: RunRecord) -> str:
    """The page as a string of HTML."""
    models = progress_of(record)
    return (
        environment()
        .get_template("partial.html.j2")
        .render(
            record=record,
            spec=record.spec,
            name=record.name,
            began=moment(record.began),
            models=models,
            parts=[part for part in PARTS if any(_has(model, part) for model in models)],
            charts=drawn(_drawings(models, of_spec(record.spec).metric)),
            text=toml.dumps(loading.to_table(record.spec)),
        )
    )


def _has(model: Progress, part: str) -> bool:
    every = (model.result.scores, *(scores for _, scores in model.seeds))
    return any(getattr(scores, part) is not None for scores in every)


def _drawings(models: Sequence[Progress], metric: str) -> Iterator[Drawing]:
    for model in models:
        for figure in curve_figures(model.result, metric):
            yield Drawing("curves", figure, model.label)
        known = [(score, parameters) for parameters, score in model.candidates if score is not None]
        if len(known) < 2:
            continue
        parameters, scores = zip(*model.candidates, strict=True)
        if _scattered(parameters):
            yield Drawing(
                "search",
                figures.score_by_parameter(parameters, scores, title=model.label),
                model.label,
            )
        else:
            best = max(known, key=lambda pair: pair[0])[1]
            yield search_drawing(model.label, model.candidates, best, f"cross-validated {metric}")


def _scattered(parameters: Sequence[Mapping[str, Any]]) -> bool:
    """Whether some hyperparameter has more values than lines could show: it is drawn at random."""
    names = {name for each in parameters for name in each}
    values = [{setting(each.get(name)) for each in parameters} for name in names]
    return any(len(each) > MANY for each in values)
