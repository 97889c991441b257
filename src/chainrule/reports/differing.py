"""The settings in which models, or whole runs, differ."""

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.experiments import loading
from chainrule.experiments.reading import RunRecord
from chainrule.reports import numbers
from chainrule.reports.entries import Entry

__all__ = ["differing", "model_settings", "run_settings"]

# What a spec says in words, or of single models: no setting of the run as a whole.
WORDS = {
    "assumptions",
    "changed",
    "chosen",
    "errata",
    "models",
    "name",
    "printed",
    "question",
    "questions",
    "source",
    "title",
}


def model_settings(entry: Entry) -> dict[str, Any]:
    """Family, preparation, and what the estimator was given."""
    model = entry.model
    return {"family": model.family, "preparation": model.preparation, **model.settings}


def run_settings(record: RunRecord) -> dict[str, Any]:
    """The spec without its words and its models, and what the run is made with."""
    table = loading.to_table(record.spec)
    shared = {name: value for name, value in table.items() if name not in WORDS}
    made = record.environment.model_dump(mode="json") if record.environment else {}
    made.pop("seed", None)
    return {**_flat(shared), **_flat({"environment": made})}


def _flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value
    return found


def differing(columns: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """The settings that are not the same in all columns, as they are written in a report."""
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [
        (name, [numbers.setting(c[name]) if name in c else numbers.ABSENT for c in columns])
        for name in names
    ]
    return [(name, values) for name, values in rows if len(set(values)) > 1]
