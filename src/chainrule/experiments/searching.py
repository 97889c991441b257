"""A search of a network's settings: all candidates, folds and seeds trained together."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from chainrule.errors import InvalidInputError, SpecError
from chainrule.experiments.bench import Bench, Inputs
from chainrule.experiments.candidate_lines import CandidateLines
from chainrule.experiments.candidates import record_of
from chainrule.experiments.datasets import prepared_by
from chainrule.experiments.families import family, to_python
from chainrule.experiments.prepared import PreparationStep
from chainrule.experiments.results import Search
from chainrule.experiments.spaces import logarithmic, space_of
from chainrule.experiments.spec import ModelSpec
from chainrule.experiments.tuning_spec import SearchSpec
from chainrule.search.population import PopulationSearchCV
from chainrule.search.progress import watched_by

__all__ = ["as_search", "search"]

NETWORK = "network"
"""The network's step in a Pipeline."""

ALIKE = {"unit", "flatten"}
"""Steps that learn nothing of the rows: each fold would be prepared alike."""


@dataclass(frozen=True, eq=False)
class Rows:
    """What is searched on: an unfitted estimator, the rows, the splits, and what ``fit`` is given
    beside them. ``prefix`` stands before the names of the network's parameters."""

    estimator: Any
    X: np.ndarray
    y: np.ndarray
    splits: list[tuple[np.ndarray, np.ndarray]]
    given: Mapping[str, Any]
    prefix: str = ""


def as_search(model: ModelSpec) -> SearchSpec | None:
    """The search that a model asks for, by its table or by its grid; None if it is none, or of a
    family whose candidates are not trained together."""
    if model.search is not None or model.grid is None or not family(model.family).together:
        return model.search
    return SearchSpec(strategy="grid", space=dict(model.grid))


def search(key: str, spec: SearchSpec, inputs: Inputs, bench: Bench) -> Search:
    """Tries the candidates of a model's search on folds of the training part, or on the validation
    part; ``inputs`` are the parts as the model gets them.

    Raises:
        SpecError: a candidate is refused, or the rows cannot be cut into folds.
    """
    recorder = bench.recorder
    folder = recorder.journal.folder / f"search-{sha256(key.encode()).hexdigest()[:16]}"
    name = f"{key}: search"
    known = recorder.journal.knows(name)

    def compute() -> dict[str, Any]:
        if not (folder / "search.json").exists():  # what a kill left of its first moments
            shutil.rmtree(folder, ignore_errors=True)
        rows = _rows(key, spec, inputs, bench)
        lines = CandidateLines(key, recorder, len(rows.splits), spec.n_seeds)
        searched = _searched(key, spec, rows, bench, folder, lines)
        log, n_test = logarithmic(spec.space), len(rows.splits[0][1])
        shares = n_test if bench.task.shares else None
        found = record_of(searched, spec, rows.prefix, len(rows.splits), shares, log)
        results, count = searched.cv_results_, len(rows.splits) * spec.n_seeds
        return {
            "search": found.model_dump(mode="json"),
            "seconds": (results["mean_fit_time"] * count).tolist(),
            "lines": lines.said,
        }

    facts = recorder.remember(name, compute)
    shutil.rmtree(folder, ignore_errors=True)
    for line in facts["lines"] if known else ():
        recorder.write(**line)
    recorder.parts[key] = tuple(facts["seconds"])
    return Search.model_validate(facts["search"])


def _searched(
    key: str,
    spec: SearchSpec,
    rows: Rows,
    bench: Bench,
    folder: Any,
    lines: CandidateLines,
) -> PopulationSearchCV:
    space = space_of(spec.space, spec.seed, f"models.{key}.search.space")
    prefixed = [
        {f"{rows.prefix}{name}": dimension for name, dimension in part.items()}
        for part in space.parts
    ]
    searched = PopulationSearchCV(
        rows.estimator,
        prefixed,
        strategy=spec.strategy,
        n_candidates=spec.n_candidates,
        cv=rows.splits,
        n_seeds=spec.n_seeds,
        refit=False,
        random_state=spec.seed,
        run_dir=folder,
        settings={name: to_python(value) for name, value in spec.settings.items()},
        verbose=int(not bench.recorder.console.quiet),
    )
    try:
        with watched_by(lines):
            return searched.fit(rows.X, rows.y, **rows.given)
    except InvalidInputError as error:
        raise SpecError(f"models.{key}.search: {error}") from error


def _rows(key: str, spec: SearchSpec, inputs: Inputs, bench: Bench) -> Rows:
    model = bench.spec.members[key]
    if spec.on == "validation":
        return _on_validation(key, model, inputs, bench)
    train, row = bench.parts["train"], family(model.family)
    splits = bench.task.folds(bench.spec.folds, train.y)
    if bench.spec.prepare_on == "training part" or set(model.prepare) <= ALIKE:
        estimator = row.build({**model.settings, **inputs.known})
        return Rows(estimator, inputs.parts["train"].X, train.y, splits, {})
    prepare = PreparationStep(
        model.prepare, bench.pixel_range, model.dtype, bench.columns, prepared_by(bench.spec.data)
    )
    steps = [("prepare", prepare), (NETWORK, row.build(model.settings))]
    return Rows(Pipeline(steps), train.X, train.y, splits, {}, f"{NETWORK}__")


def _on_validation(key: str, model: ModelSpec, inputs: Inputs, bench: Bench) -> Rows:
    """One split: the training and the validation part, one behind the other."""
    parts, known = inputs.parts, inputs.known
    if "validation" not in parts:
        raise SpecError(
            f'models.{key}.search.on: "validation" needs a validation part, and the split '
            f'{bench.spec.data.split and bench.spec.data.split.scheme!r} has none. Use "folds".'
        )
    train, held = parts["train"], parts["validation"]
    n = len(train.y)
    splits = [(np.arange(n), np.arange(n, n + len(held.y)))]
    X, y = np.concatenate([train.X, held.X]), np.concatenate([train.y, held.y])
    estimator = family(model.family).build({**model.settings, **known})
    return Rows(estimator, X, y, splits, {"X_val": held.X, "y_val": held.y})
