"""The runs below a folder, each in a few words."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chainrule.errors import RunError
from chainrule.experiments import reading
from chainrule.experiments.reading import Row
from chainrule.experiments.results import Results

__all__ = ["RunSummary", "runs"]


@dataclass(frozen=True)
class RunSummary:
    """One run of a list.

    ``state`` is that of a `RunRecord`, or ``"damaged"``; ``problem`` then says why. ``figures`` are
    plain: of a complete run ``model``, ``label``, ``quantity`` and ``value`` of its best model, or
    ``rows`` and ``classes`` (or ``target``) of its data; of any other the last line of
    ``metrics.jsonl`` that says how far it is.
    """

    name: str  # of the folder, below the one that was listed
    path: Path
    state: str
    recipe: str = ""
    began: datetime | None = None
    seconds: float | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    problem: str = ""

    def plain(self) -> dict[str, Any]:
        """The same as JSON has it."""
        began = self.began.isoformat() if self.began else None
        return {**vars(self), "path": str(self.path), "began": began}


def runs(folder: str | os.PathLike[str] | None = None) -> list[RunSummary]:
    """The runs below a folder, the latest last.

    Folders that are no runs are passed over. A run that cannot be read is listed with what is
    wrong. Nothing is written or changed.

    Args:
        folder: where to look, at any depth; by default ``runs``, if there is one.

    Raises:
        RunError: ``folder`` is no folder.

    Example:
        >>> [run.name for run in runs() if run.state == "stopped"]
        []
    """
    root = Path("runs" if folder is None else folder)
    if not root.is_dir():
        if folder is None:
            return []
        raise RunError(f"Required a folder to look for runs in; {root} is none. Correct the path.")
    found = [_summary(path, _name(path, root)) for path in _below(root)]
    start = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda one: (one.began or start, one.name))


def _below(root: Path) -> Iterator[Path]:
    for place, folders, _ in os.walk(root):
        if reading.is_run(Path(place)):
            yield Path(place)
            folders.clear()
        folders[:] = [name for name in folders if not name.startswith(".")]


def _name(path: Path, root: Path) -> str:
    below = path.relative_to(root).as_posix()
    return path.resolve().name if below == "." else below


def _summary(path: Path, name: str) -> RunSummary:
    try:
        state = reading.state_of(path)
        results = reading.read_results(path)
        began, seconds = reading.times(path, results)
        if results is None:
            recipe = reading.read_spec(path).name
            figures = _so_far(reading.read_metrics(path))
        else:
            recipe, figures = results.recipe, _main_figures(results)
    except RunError as error:
        return RunSummary(name, path, "damaged", problem=str(error))
    return RunSummary(name, path, state, recipe, began, seconds, figures)


def _main_figures(results: Results) -> dict[str, Any]:
    """The best model on the test part, or on the best part to judge by that there is."""
    from chainrule.reports.beside import PARTS, cell

    for part in ("test", "validation", "train"):
        scores = [(cell(results, model, part).ours, model) for model in results.models]
        known = [(score, model) for score, model in scores if score is not None]
        if known:
            best, model = max(known, key=lambda pair: pair[0])
            quantity = f"{PARTS[part][1]} {results.metric}"
            label = {"model": model.key, "label": model.label}
            return {**label, "quantity": quantity, "value": best}
    if results.models:
        return {"diverged": len(results.models)}
    rows = sum(split.size for split in results.data.splits)
    if results.data.task == "regression":
        return {"rows": rows, "target": results.data.target_name}
    return {"rows": rows, "classes": len(results.data.class_names)}


LOSSES = ("train_loss", "validation_loss", "loss")


def _so_far(metrics: list[Row]) -> dict[str, Any]:
    """The last epoch and its losses; or how many candidates or seeds the model under way has."""
    if not metrics:
        return {}
    last = metrics[-1]
    event, model = str(last.get("event")), str(last.get("model"))
    if event == "epoch" and _is_number(last.get("epoch")):
        losses = {name: last[name] for name in LOSSES if _is_number(last.get(name))}
        return {"model": model, "epoch": last["epoch"], **losses}
    same = [row for row in metrics if (row.get("event"), row.get("model")) == (event, model)]
    return {"model": model, "event": event, "count": len(same)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
