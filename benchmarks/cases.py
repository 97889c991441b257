"""The cases: what is trained, against whom, and how much faster it is meant to be.

A contender is a function that sets the work up and gives a function that does it. Libraries
are imported in there, so that each contender's process has only its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks import searches

__all__ = ["CASES", "ROWS", "Case"]

Work = Callable[[], object]

NEVER_STOP = {"tol": 0.0, "n_iter_no_change": 10**6}
DEEP = (784, 512, 256, 128, 10)
ROWS = 60_000


@dataclass(frozen=True)
class Case:
    """``asked`` is the least ratio of the other's time to ours, None where there is nothing to
    beat; ``gflop`` the arithmetic done."""

    work: str
    contenders: Mapping[str, Callable[[], Work]]
    asked: Mapping[str, float | None]
    gflop: float = 0.0


@dataclass(frozen=True)
class ProcessCase:
    """A whole process of Python, by contender: the code that it runs. ``filled`` says whether
    our compile cache holds the programs."""

    work: str
    code: Mapping[str, str]
    asked: Mapping[str, float]
    filled: bool


def digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return (X[:1437] / 16).astype(np.float32), y[:1437]


def digits_as_they_are() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


def images() -> tuple[np.ndarray, np.ndarray]:
    """Made data of MNIST's size: the arithmetic does not depend on what the numbers are."""
    random = np.random.default_rng(0)
    return random.random((ROWS, 784), dtype=np.float32), random.integers(0, 10, ROWS)


def ours(data: Callable[[], Any], **settings: Any) -> Callable[[], Work]:
    def set_up() -> Work:
        from chainrule import MLPClassifier

        X, y = data()

        def fit() -> object:
            return MLPClassifier(random_state=0, **settings).fit(X, y)

        fit()  # compiles
        return fit

    return set_up


def sklearns(data: Callable[[], Any], **settings: Any) -> Callable[[], Work]:
    def set_up() -> Work:
        from sklearn.neural_network import MLPClassifier

        X, y = data()
        return lambda: MLPClassifier(random_state=0, **settings).fit(X, y)

    return set_up


def torchs(data: Callable[[], Any], *network: Any) -> Callable[[], Work]:
    def set_up() -> Work:
        from benchmarks.torch_eager import trainer

        return trainer(*data(), *network)

    return set_up


def arithmetics(sizes: tuple[int, ...], optimizer: str, batch: int, epochs: int) -> Any:
    """The least that these libraries can do it in: see ``arithmetic.py``."""

    def set_up() -> Work:
        from benchmarks.arithmetic import arithmetic

        return arithmetic(sizes, optimizer, batch, epochs * -(-ROWS // batch))

    return set_up


def predicting(module: str) -> Callable[[], Work]:
    def set_up() -> Work:
        from importlib import import_module

        X, y = images()
        net = import_module(module).MLPClassifier(DEEP[1:-1], max_iter=1, random_state=0)
        net.fit(X[:2000], y[:2000])
        net.predict_proba(X)
        return lambda: net.predict_proba(X)

    return set_up


def _epoch_gflop(sizes: tuple[int, ...], rows: int) -> float:
    """Forward and backward of one epoch, the gradient of the input left out, in 10^9."""
    products = [a * b for a, b in pairwise(sizes)]
    return rows * (6.0 * sum(products) - 2.0 * products[0]) / 1e9


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
DEEP_SETTINGS = {
    "hidden_layer_sizes": DEEP[1:-1],
    "batch_size": 64,
    "max_iter": 5,
    "alpha": 0,
    **NEVER_STOP,
}
WIDE = {
    "hidden_layer_sizes": (300,),
    "solver": "sgd",
    "momentum": 0,
    "batch_size": 200,
    "max_iter": 10,
    "alpha": 0,
    **NEVER_STOP,
}
ONLINE_CODE = f"""
from sklearn.datasets import load_digits
from MODULE import MLPClassifier
X, y = load_digits(return_X_y=True)
X = (X[:1437] / 16).astype("float32"); y = y[:1437]
MLPClassifier(random_state=0, **{ONLINE}).fit(X, y)
"""
DEFAULTS_CODE = """
from sklearn.datasets import load_digits
from MODULE import MLPClassifier
MLPClassifier(random_state=0).fit(*load_digits(return_X_y=True))
"""
_DEEP_WORK = f"784-512-256-128-10, Adam, batch 64, {ROWS:,} rows, 5 epochs"


def _by_module(code: str) -> dict[str, str]:
    return {
        "chainrule": code.replace("MODULE", "chainrule"),
        "scikit-learn": code.replace("MODULE", "sklearn.neural_network"),
    }


CASES: Mapping[str, Any] = {
    "online": Case(
        "digits 64-50-10 tanh, SGD, batch 1, 100 epochs",
        {
            "chainrule": ours(digits, **ONLINE),
            "scikit-learn": sklearns(digits, **ONLINE),
            "torch": torchs(digits, (64, 50, 10), "Tanh", 0.0, "SGD", 1, 100),
        },
        {"scikit-learn": 40.0, "torch": 40.0},
        100 * _epoch_gflop((64, 50, 10), 1437),
    ),
    "online-process": ProcessCase(
        "the same as a whole process, empty compile cache",
        _by_module(ONLINE_CODE),
        {"scikit-learn": 5.0},
        filled=False,
    ),
    "deep": Case(
        f"{_DEEP_WORK}, dropout 0.2",
        {
            "chainrule": ours(images, dropout=0.2, **DEEP_SETTINGS),
            "torch": torchs(images, DEEP, "ReLU", 0.2, "Adam", 64, 5),
        },
        {"torch": 3.5},
        5 * _epoch_gflop(DEEP, ROWS),
    ),
    "deep-plain": Case(
        f"{_DEEP_WORK}, no dropout",
        {
            "chainrule": ours(images, **DEEP_SETTINGS),
            "scikit-learn": sklearns(images, **DEEP_SETTINGS),
            "arithmetic": arithmetics(DEEP, "Adam", 64, 5),
        },
        {"scikit-learn": 5.0, "arithmetic": None},
        5 * _epoch_gflop(DEEP, ROWS),
    ),
    "wide": Case(
        f"784-300-10, SGD, batch 200, {ROWS:,} rows, 10 epochs",
        {
            "chainrule": ours(images, **WIDE),
            "scikit-learn": sklearns(images, **WIDE),
            "torch": torchs(images, (784, 300, 10), "ReLU", 0.0, "SGD", 200, 10),
            "arithmetic": arithmetics((784, 300, 10), "SGD", 200, 10),
        },
        {"scikit-learn": 1.8, "torch": 1.8, "arithmetic": None},
        10 * _epoch_gflop((784, 300, 10), ROWS),
    ),
    "defaults": Case(
        "MLPClassifier().fit(digits), defaults, float64",
        {"chainrule": ours(digits_as_they_are), "scikit-learn": sklearns(digits_as_they_are)},
        {"scikit-learn": 1.8},
    ),
    "defaults-process": ProcessCase(
        "the same as a whole process, filled compile cache (at most 1.4x its time)",
        _by_module(DEFAULTS_CODE),
        {"scikit-learn": 1 / 1.4},
        filled=True,
    ),
    "prediction": Case(
        f"predict_proba, {ROWS:,} x 784 through 784-512-256-128-10, float32",
        {
            "chainrule": predicting("chainrule"),
            "scikit-learn": predicting("sklearn.neural_network"),
        },
        {"scikit-learn": 1.5},
        2 * ROWS * sum(a * b for a, b in pairwise(DEEP)) / 1e9,
    ),
    "grid": Case(
        "54 candidates x 3 folds and the refit: 64-H-H-10, batch sizes, epochs (cache filled)",
        {
            "chainrule": searches.grid_of_a_notebook("chainrule"),
            "scikit-learn": searches.grid_of_a_notebook("scikit-learn"),
        },
        {"scikit-learn": 8.0},
    ),
    "grid-process": ProcessCase(
        "the same as a whole process, empty compile cache",
        {
            name: f"from benchmarks.searches import whole_grid; whole_grid({name!r})"
            for name in ("chainrule", "scikit-learn")
        },
        {"scikit-learn": 3.0},
        filled=False,
    ),
    "population": Case(
        "64 candidates (learning rate, penalty) x 5 folds of 64-50-10, batch 32, 50 epochs",
        {
            "chainrule": searches.rates_and_penalties("chainrule"),
            "scikit-learn": searches.rates_and_penalties("scikit-learn"),
        },
        {"scikit-learn": 15.0},
    ),
    "images-slice": Case(
        "10 of 100 candidates of 197-H-10, batch 200, 49,000 rows, 2 epochs",
        {
            "chainrule": searches.slice_of_images("chainrule"),
            "scikit-learn": searches.slice_of_images("scikit-learn"),
        },
        {"scikit-learn": 2.2},
    ),
    "halving": Case(
        "successive halving of 27 candidates, 243 epochs, against all epochs for all",
        {"chainrule": searches.halving("successive_halving"), "whole": searches.halving("random")},
        {"whole": 10 / 2.2},
    ),
    "seeds": Case(
        "20 seeds of 784-300-10, batch 200, 60,000 rows, 2 epochs, against 20 fits",
        {"chainrule": searches.seeds(together=True), "one by one": searches.seeds(together=False)},
        {"one by one": 1.0},
    ),
}
