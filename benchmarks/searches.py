"""The searches that are timed: the same space, folds and settings for each contender."""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = [
    "CANDIDATES",
    "accuracies",
    "grid_of_a_notebook",
    "halving",
    "rates_and_penalties",
    "seeds",
    "slice_of_images",
]

Work = Callable[[], object]

NEVER_STOP = {"tol": 0.0, "n_iter_no_change": 10**6}
CANDIDATES = 64


def search(module: str, settings: dict[str, Any], space: dict[str, Any], cv: int) -> Any:
    """Ours, or scikit-learn's over its own network on both cores."""
    if module == "chainrule":
        from chainrule import MLPClassifier, PopulationSearchCV

        return PopulationSearchCV(MLPClassifier(random_state=0, **settings), space, cv=cv)
    from sklearn.model_selection import GridSearchCV
    from sklearn.neural_network import MLPClassifier as Theirs

    return GridSearchCV(Theirs(random_state=0, **settings), space, cv=cv, n_jobs=2)


def digits(rows: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return (X[:rows] / 16).astype(np.float32), y[:rows]


def grid_of_a_notebook(module: str) -> Callable[[], Work]:
    """54 candidates x 3 folds and the refit: two equal layers, batch sizes, epochs, with Adam."""

    def set_up() -> Work:
        if module == "chainrule":
            whole_grid(module)  # compiles
        return lambda: whole_grid(module)

    return set_up


def whole_grid(module: str) -> Any:
    settings = {"alpha": 0.0, **NEVER_STOP}
    space = {
        "hidden_layer_sizes": [(n, n) for n in (32, 48, 64, 96, 128, 192)],
        "batch_size": [16, 32, 48],
        "max_iter": [30, 40, 50],
    }
    return search(module, settings, space, 3).fit(*digits(1078))


def rates_and_penalties(module: str) -> Callable[[], Work]:
    """64 candidates (learning rate, l2) x 5 folds of 64-50-10, batch 32, 50 epochs."""

    def set_up() -> Work:
        X, y = digits(1437)
        settings = {
            "hidden_layer_sizes": (50,),
            "batch_size": 32,
            "max_iter": 50,
            **NEVER_STOP,
        }
        space = {
            "learning_rate_init": np.geomspace(1e-4, 1e-2, 8).tolist(),
            "alpha": np.geomspace(1e-6, 1e-1, 8).tolist(),
        }
        work = search(module, settings, space, 5).set_params(refit=False)
        if module == "chainrule":
            work.fit(X, y)
        return lambda: work.fit(X, y)

    return set_up


def slice_of_images(module: str) -> Callable[[], Work]:
    """A slice of a random search on 197 components of 50,000 images: 10 candidates, 2 epochs.

    The work of an epoch does not depend on which it is, so whole budgets take as many times as
    long as they have epochs.
    """

    def set_up() -> Work:
        random = np.random.default_rng(0)
        X = random.standard_normal((50_000, 197), dtype=np.float32)
        y = random.integers(0, 10, 50_000)
        parts = [(np.arange(49_000), np.arange(49_000, 50_000))]
        widths = np.linspace(32, 400, 10).astype(int)
        settings = {
            "solver": "sgd",
            "momentum": 0.0,
            "batch_size": 200,
            "max_iter": 2,
            "learning_rate_init": 0.01,
            **NEVER_STOP,
        }
        space = {"hidden_layer_sizes": [(int(width),) for width in widths]}
        work = search(module, settings, space, 2).set_params(cv=parts, refit=False)
        if module == "chainrule":
            work.fit(X, y)
        else:
            work.set_params(n_jobs=1)  # one after the other, on both cores
        return lambda: work.fit(X, y)

    return set_up


def random_search(strategy: str) -> Any:
    """27 candidates on one validation part of the digits, 243 epochs for whom has them all."""
    from chainrule import MLPClassifier, PopulationSearchCV
    from chainrule.search import Float, Int, Sizes

    X, y = digits(1797)
    network = MLPClassifier(random_state=0, batch_size=32, max_iter=243, **NEVER_STOP)
    space = {
        "hidden_layer_sizes": Sizes(depth=1, width=Int(128, 512, log=True)),
        "learning_rate_init": Float(1e-5, 1e-1, log=True),
        "l2": Float(1e-6, 1e-1, log=True),
    }
    parts = [(np.arange(1437), np.arange(1437, 1797))]
    given = {"cv": parts, "refit": False, "random_state": 0, "n_candidates": 27}
    return PopulationSearchCV(network, space, strategy=strategy, **given).fit(X, y)


def halving(strategy: str) -> Callable[[], Work]:
    """A slice of a random search: whole budgets, or a third of the candidates a rung."""

    def set_up() -> Work:
        random_search(strategy)  # compiles
        return lambda: random_search(strategy)

    return set_up


def accuracies() -> str:
    """What halving finds beside whole budgets, and the standard error of the difference."""
    found = {name: random_search(name).best_score_ for name in ("random", "successive_halving")}
    whole, halved = found.values()
    error = (sum(each * (1 - each) for each in found.values()) / 360) ** 0.5
    return (
        f"best of 27 candidates on 360 validation rows: whole budgets {whole:.4f}, halving "
        f"{halved:.4f} (a standard error of the difference: {error:.4f}): "
        + ("ok" if halved >= whole - error else "SHORT")
    )


def seeds(together: bool) -> Callable[[], Work]:
    """20 seeds of 784-300-10, batch 200, on MNIST-sized data: 2 epochs each."""

    def set_up() -> Work:
        from benchmarks.cases import WIDE, images
        from chainrule import MLPClassifier
        from chainrule.estimators.jobs import Job
        from chainrule.estimators.together import fit_together

        X, y = images()
        settings = {**WIDE, "max_iter": 2}

        def fit() -> object:
            nets = [MLPClassifier(random_state=seed, **settings) for seed in range(20)]
            if together:
                fit_together([Job(net, X, y) for net in nets])
            else:
                for net in nets:
                    net.fit(X, y)
            return nets

        fit()
        return fit

    return set_up
