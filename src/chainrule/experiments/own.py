"""The experiment that ``chainrule train`` runs: a network and the obvious baselines on a table of
one's own, as a spec that can be kept, changed and run again."""

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.data.own import decisions
from chainrule.data.record import Task
from chainrule.data.sample import MOST
from chainrule.data.splits import SCHEMES, check_split
from chainrule.experiments.kept_table import KEPT, opened
from chainrule.experiments.words import split_row
from chainrule.models.columns import ColumnKind
from chainrule.tables.deciding import Decision, TargetDecision
from chainrule.tables.preparing import most_kept
from chainrule.tables.source import open_source

__all__ = ["Plan", "plan"]

NET: dict[str, Any] = {
    "hidden_layer_sizes": [128, 64],
    "activation": "relu",
    "solver": "adamw",
    "learning_rate_init": 0.001,
    "weight_decay": 0.01,
    "dropout": 0.1,
    "batch_size": 128,
    "max_iter": 200,
    "early_stopping": True,
    "n_iter_no_change": 20,
    "random_state": 0,
}
SPACE: dict[str, Any] = {
    "learning_rate_init": {"float": [2e-4, 1e-2], "log": True},
    "weight_decay": {"float": [1e-4, 1e-1], "log": True},
    "dropout": {"float": [0.0, 0.4]},
    "hidden_layer_sizes": {"choice": [[32], [64], [128], [64, 32], [128, 64], [256, 128]]},
}


USUAL = {"min_count": 10, "max_levels": 64}
"""What `chainrule.tables.preparing.fit_table` does unless it is told otherwise."""


@dataclass(frozen=True)
class Plan:
    """A spec, and what was decided on the way to it."""

    spec: dict[str, Any]
    target: TargetDecision
    columns: tuple[Decision, ...]

    @property
    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """The decisions: of what, what it is taken for, and why."""
        what = self.target
        goal = f"{len(what.classes)} classes" if what.classes else "numbers"
        rows = "row without it is" if what.missing == 1 else "rows without it are"
        gaps = f"; {what.missing} {rows} left out" if what.missing else ""
        first = (what.name, f"target: {goal}", what.why + gaps)
        columns = (
            (each.name, each.kind or "-", each.why + self._shared(each)) for each in self.columns
        )
        return (first, *columns, split_row(self.spec, classes=bool(what.classes)))

    def check_split(self) -> None:
        """Whether the rows can be cut as the spec says, as far as that is known without them.

        Raises:
            DataError: a class has too few rows, which is named, or the table.
        """
        cut, what = self.spec["data"]["split"], self.target
        if cut["scheme"] not in SCHEMES or self.spec["data"]["table"].get("stream"):
            return  # of a streamed table, a sample is cut
        check_split(
            what.counts,
            cut["scheme"],
            held_out=cut["held_out"],
            seed=cut["seed"],
            stratify=bool(what.classes) and cut.get("stratify") is not False,
            class_names=what.classes,
        )

    def _shared(self, column: Decision) -> str:
        """Which levels of a category share a column; which of them are in the training part is
        only known when it is cut."""
        how = {**USUAL, **self.spec["data"]["table"].get("preparation", {})}
        prepares = any("table" in each.get("prepare", ()) for each in self.spec["models"].values())
        if not column.counts or not prepares:
            return ""
        rows, n = how["min_count"], most_kept(column.counts, how["min_count"], how["max_levels"])
        if n < len(column.counts):
            few = max(column.counts) < rows
            which = "the commonest" + ("" if few else f", with {rows:,} training rows or more")
            return f"; columns of their own: at most {n:,} ({which}); all others share one"
        if min(column.counts) < 2 * rows:
            return f"; those with fewer than {rows:,} training rows share a column"
        return ""


def plan(
    data: Any,
    target: str,
    *,
    task: Task | None = None,
    drop: Collection[str] = (),
    kinds: Mapping[str, ColumnKind] | None = None,
    tune: int = 0,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    stream: bool = False,
    memory: str = "1GB",
    **options: Any,
) -> Plan:
    """The experiment on a table's rows.

    60 % of the rows are trained on, 20 % decide when to stop (and which candidate is best), 20 %
    test. The preparation is fitted on the first part.

    Args:
        data: the path of a file, or a table in memory (an opened one too), for which the spec names
            the file that `chainrule.experiments.run` will keep it in.
        tune: so many candidates are searched first.
        settings: of the network, in place of its defaults.
        stream: the network trains on rows that need not fit into ``memory``; the split is then of
            a sample, and the network has all rows but those that validate and test.
        target, task, drop, kinds, options: as `chainrule.data.own.load_table` has them.

    Raises:
        DataError: the data cannot be read, or what is asked for is not in them.
    """
    on_disk = isinstance(data, str | os.PathLike)
    source = open_source(data, **options) if on_disk else opened(data, **options)
    what, decided = decisions(source, target, task=task, drop=drop, kinds=kinds)
    path = Path(data if on_disk else KEPT)
    regression = what.task == "regression"
    table: dict[str, Any] = {
        "name": re.sub(r"[^A-Za-z0-9_.-]+", "-", path.stem).strip("-.") or "table",
        "table": {
            "file": str(path.resolve()) if on_disk else KEPT,
            "target": target,
            "task": what.task,
            "drop": [each.name for each in decided if not each.kind],
            "kinds": {each.name: each.kind for each in decided if each.kind},
            "options": options,
            **({"stream": True, "memory": memory} if stream else {}),
        },
        "split": {"scheme": "three-way", "held_out": 0.4, "seed": seed},
        "samples": 0,
    }
    if regression:
        table["target"] = {"standardize": True}
    spec = {
        "name": table["name"],
        "kind": "compare",
        "title": f"{path.name}: {target}",
        "question": f"How well can {target!r} be predicted from the other columns, and is a "
        "perceptron worth it?",
        "chosen": "net",
        "hardest": 0,
        "source": {"key": "own", "title": path.name},
        "data": table,
        "models": _models(regression, decided, {**NET, "random_state": seed, **(settings or {})}),
        "assumptions": [*_assumptions(), *([_streamed()] if stream else [])],
    }
    if tune:
        spec["models"]["net"]["search"] = {
            "strategy": "random",
            "n_candidates": tune,
            "on": "validation",
            "seed": seed,
            "space": {name: each for name, each in SPACE.items() if name not in (settings or {})},
        }
    return Plan(spec, what, decided)


def _models(
    regression: bool, decided: Collection[Decision], settings: Mapping[str, Any]
) -> dict[str, Any]:
    network = {"label": "Network", "prepare": ["table"], "dtype": "float32", "settings": settings}
    kept = [each for each in decided if each.kind]
    # beyond 255 levels the trees take a category's number as it is
    few = [at for at, each in enumerate(kept) if each.kind == "category" and len(each.levels) < 255]
    trees = {"random_state": 0, "categorical_features": few} if few else {"random_state": 0}
    if regression:
        return {
            "net": {**network, "family": "mlp-regressor"},
            "mean": {"label": "Always the mean", "family": "mean", "prepare": ["table"]},
            "ridge": {"label": "Ridge regression", "family": "ridge", "prepare": ["table"]},
            "trees": {
                "label": "Boosted trees",
                "family": "boosted-trees-regressor",
                "settings": trees,
            },
        }
    return {
        "net": {**network, "family": "mlp"},
        "majority": {
            "label": "Always the commonest class",
            "family": "majority",
            "prepare": ["table"],
        },
        "logistic": {
            "label": "Logistic regression",
            "family": "logistic-regression",
            "prepare": ["table"],
            "settings": {"max_iter": 1000},
        },
        "trees": {"label": "Boosted trees", "family": "boosted-trees", "settings": trees},
    }


NETWORK = {
    "what": "network",
    "value": "its settings, as they are told with the model, are our defaults where nothing else "
    "was set or searched",
    "status": "ours",
    "note": "--set and --tune change them.",
}
"""Said of what any override leaves true, as all assumptions are."""


def _assumptions() -> list[dict[str, str]]:
    return [
        {
            "what": "split",
            "value": "rows are drawn at random",
            "status": "ours",
            "note": "How many each part has is told with the data. Rows that belong together, as "
            "of one person, may be in several parts; the test is then too kind.",
        },
        NETWORK,
    ]


def _streamed() -> dict[str, str]:
    return {
        "what": "stream",
        "value": "the network trains on all rows but those that validate and test, within the "
        "memory that it is given; the baselines on the training part of a random sample of at most "
        f"{MOST:,} rows",
        "status": "ours",
        "note": "The split is of the sample, and so is every figure. The sizes are told with the "
        "data. A baseline might gain from more rows, as the network did.",
    }
