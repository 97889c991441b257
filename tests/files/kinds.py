"""Every kind of model file that there is, as made files: what `mutations` changes.

Beside the models of ``conftest``: without the training's state, with facts, the best of a search, a
regressor that answers in its target's own unit, and the files that earlier versions wrote.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array
from sklearn.model_selection import GridSearchCV
from tests.files.conftest import ABOUT as TOLD
from tests.files.conftest import MODELS, SGD, THREE, X, fit

from chainrule import MLPClassifier, MLPRegressor, load
from chainrule.experiments.targets import Target
from chainrule.experiments.whole import folded
from chainrule.files.model_file import _best_of, to_bytes

__all__ = ["STATELESS", "Kind", "kinds", "others", "variants"]

GOLDEN = Path(__file__).parent / "golden"
STATELESS = ("three", "multilabel", "regressor float32", "pipeline", "table")
ABOUT = {
    "task": "multiclass",
    "target": "kind",
    "source": "people ü.csv",
    "fingerprint": "0" * 64,
    "rows": 40,
    "metrics": {"test accuracy": 0.75, "test loss": {"float": "inf"}},
}


class Kind(NamedTuple):
    """A model, its file, and rows for it."""

    name: str
    est: Any
    data: bytes
    X: Any


def kinds() -> Iterator[Kind]:
    """All of them, fitted anew."""
    for name, make in MODELS.items():
        est, rows, y = make()
        fit(est, rows, y)
        yield Kind(name, est, to_bytes(est, TOLD.get(name)), rows)
        yield from variants(name, est, rows)
    yield from others()


def variants(name: str, est: Any, rows: Any) -> Iterator[Kind]:
    """Without the training's state, and with facts."""
    if name in STATELESS:
        yield Kind(f"{name}, no state", est, to_bytes(est, training_state=False), rows)
    if name == "table":
        yield Kind(f"{name}, about", est, to_bytes(est, ABOUT), rows)


def others() -> Iterator[Kind]:
    """Those that are made otherwise than by fitting an estimator and saving it."""
    yield _sparse()
    yield _best()
    yield _folded()
    yield from _golden()


def _sparse() -> Kind:
    y = csr_array((X[:, :2] > 0).astype(int))
    est = fit(MLPClassifier((4,), **SGD), X, y)
    return Kind("sparse labels", est, to_bytes(est), X)


def _best() -> Kind:
    grid = {"alpha": [1e-4, 1e-2], "hidden_layer_sizes": [(4,), (3, 2)]}
    search = GridSearchCV(MLPClassifier(**SGD), grid, cv=2)
    fit(search, X, THREE)
    est, about = _best_of(search, ABOUT)
    return Kind("best of a search", est, to_bytes(est, about), X)


def _folded() -> Kind:
    y = X[:, 0]
    est = fit(MLPRegressor(hidden_layer_sizes=(4,), **SGD), X, y)
    est = folded(est, Target("price", 1000.0, 25.0))
    return Kind("target's own unit", est, to_bytes(est), X)


def _golden() -> Iterator[Kind]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rows without names
        for path in sorted(GOLDEN.glob("*.safetensors")):
            rows = np.load(path.with_suffix(".npz"))["X"]
            yield Kind(path.stem, load(path), path.read_bytes(), rows)
