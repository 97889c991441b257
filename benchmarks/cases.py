"""The cases: what is trained, against whom, and how much faster it is meant to be."""

import tempfile
import warnings
from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier as SklearnMLP

from benchmarks.timing import Row, flop_per_epoch, process_seconds, side_by_side
from benchmarks.torch_eager import trainer
from chainrule import MLPClassifier

__all__ = ["CASES"]

NEVER_STOP = {"tol": 0.0, "n_iter_no_change": 10**6}
DEEP = (784, 512, 256, 128, 10)
ROWS = 60_000


def _digits() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_digits(return_X_y=True)
    return (X[:1437] / 16).astype(np.float32), y[:1437]


def _images() -> tuple[np.ndarray, np.ndarray]:
    """Made data of MNIST's size: the arithmetic does not depend on what the numbers are."""
    random = np.random.default_rng(0)
    return random.random((ROWS, 784), dtype=np.float32), random.integers(0, 10, ROWS)


def _fits(X: np.ndarray, y: np.ndarray, **settings: object) -> Mapping[str, Callable[[], object]]:
    """The same fit by us and by scikit-learn; ``ours`` has what only ours takes."""
    ours = settings.pop("ours", {})

    def fit(make: type, extra: Mapping[str, object]) -> Callable[[], object]:
        def run() -> object:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return make(random_state=0, **settings, **extra).fit(X, y)

        return run

    return {"chainrule": fit(MLPClassifier, ours), "scikit-learn": fit(SklearnMLP, {})}


ONLINE = {
    "hidden_layer_sizes": (50,),
    "activation": "tanh",
    "solver": "sgd",
    "momentum": 0,
    "alpha": 0,
    "batch_size": 1,
    "max_iter": 100,
    **NEVER_STOP,
}


def online(repeats: int) -> list[Row]:
    X, y = _digits()
    contenders = dict(_fits(X, y, **ONLINE))
    contenders["torch"] = trainer(
        (64, 50, 10), torch.nn.Tanh, 0.0, torch.optim.SGD, 1e-3, 1, 100, X, y
    )
    seconds = side_by_side(contenders, repeats)
    asked = {"scikit-learn": 40.0, "torch": 40.0}
    flop = 100 * flop_per_epoch((64, 50, 10), len(X))
    return [Row("digits 64-50-10 tanh, SGD, batch 1, 100 epochs", seconds, asked, flop / 1e9)]


PROCESS = """
from sklearn.datasets import load_digits
from {module} import MLPClassifier
X, y = load_digits(return_X_y=True)
X = (X[:1437] / 16).astype("float32"); y = y[:1437]
MLPClassifier(random_state=0, **{settings}).fit(X, y)
"""


def online_process(repeats: int) -> list[Row]:
    def seconds(module: str) -> float:
        with tempfile.TemporaryDirectory() as empty:
            return process_seconds(PROCESS.format(module=module, settings=ONLINE), 1, empty)

    times = {
        "chainrule": float(np.median([seconds("chainrule") for _ in range(repeats)])),
        "scikit-learn": seconds("sklearn.neural_network"),
    }
    work = "the same as a whole process, empty compile cache"
    return [Row(work, times, {"scikit-learn": 5.0})]


def deep(repeats: int) -> list[Row]:
    X, y = _images()
    epochs = 2
    settings = {
        "hidden_layer_sizes": DEEP[1:-1],
        "batch_size": 64,
        "max_iter": epochs,
        "alpha": 0,
        **NEVER_STOP,
    }
    contenders = dict(_fits(X, y, **settings, ours={"dropout": 0.2}))
    contenders["torch"] = trainer(
        DEEP, torch.nn.ReLU, 0.2, torch.optim.Adam, 1e-3, 64, epochs, X, y
    )
    seconds = side_by_side(contenders, repeats)
    asked = {"torch": 3.5, "scikit-learn": 5.0}
    flop = epochs * flop_per_epoch(DEEP, ROWS)
    note = "scikit-learn without dropout"
    return [
        Row(
            f"{'-'.join(map(str, DEEP))}, Adam, dropout 0.2, batch 64, {ROWS:,} rows, "
            f"{epochs} epochs",
            seconds,
            asked,
            flop / 1e9,
            note,
        )
    ]


def wide(repeats: int) -> list[Row]:
    X, y = _images()
    epochs = 3
    settings = {
        "hidden_layer_sizes": (300,),
        "solver": "sgd",
        "momentum": 0,
        "batch_size": 200,
        "max_iter": epochs,
        "alpha": 0,
        **NEVER_STOP,
    }
    contenders = dict(_fits(X, y, **settings))
    sizes = (784, 300, 10)
    contenders["torch"] = trainer(
        sizes, torch.nn.ReLU, 0.0, torch.optim.SGD, 1e-3, 200, epochs, X, y
    )
    seconds = side_by_side(contenders, repeats)
    asked = {"scikit-learn": 1.8, "torch": 1.8}
    flop = epochs * flop_per_epoch(sizes, ROWS)
    work = f"784-300-10, SGD, batch 200, {ROWS:,} rows, {epochs} epochs"
    return [Row(work, seconds, asked, flop / 1e9)]


DEFAULTS_PROCESS = """
from sklearn.datasets import load_digits
from {module} import MLPClassifier
MLPClassifier(random_state=0).fit(*load_digits(return_X_y=True))
"""


def defaults(repeats: int) -> list[Row]:
    X, y = load_digits(return_X_y=True)
    seconds = side_by_side(_fits(X, y), repeats)
    rows = [Row("MLPClassifier().fit(digits), defaults, float64", seconds, {"scikit-learn": 1.8})]
    with tempfile.TemporaryDirectory() as cache:
        ours = DEFAULTS_PROCESS.format(module="chainrule")
        theirs = DEFAULTS_PROCESS.format(module="sklearn.neural_network")
        process_seconds(ours, 1, cache)
        times: dict[str, list[float]] = {"chainrule": [], "scikit-learn": []}
        for _ in range(repeats):
            times["chainrule"].append(process_seconds(ours, 1, cache))
            times["scikit-learn"].append(process_seconds(theirs, 1, cache))
    medians = {name: float(np.median(values)) for name, values in times.items()}
    work = "the same as a whole process, filled compile cache"
    return [*rows, Row(work, medians, {"scikit-learn": 1 / 1.4}, note="at most 1.4x its time")]


def prediction(repeats: int) -> list[Row]:
    X, y = _images()
    settings = {"hidden_layer_sizes": DEEP[1:-1], "max_iter": 1}
    fits = _fits(X[:2000], y[:2000], **settings)
    ours, theirs = fits["chainrule"](), fits["scikit-learn"]()
    contenders = {
        "chainrule": lambda: ours.predict_proba(X),
        "scikit-learn": lambda: theirs.predict_proba(X),
    }
    seconds = side_by_side(contenders, repeats)
    flop = 2 * ROWS * sum(a * b for a, b in pairwise(DEEP)) / 1e9
    work = f"predict_proba, {ROWS:,} x 784 through {'-'.join(map(str, DEEP))}"
    return [Row(work, seconds, {"scikit-learn": 1.5}, flop)]


CASES: Mapping[str, Callable[[int], list[Row]]] = {
    "online": online,
    "online-process": online_process,
    "deep": deep,
    "wide": wide,
    "defaults": defaults,
    "prediction": prediction,
}
