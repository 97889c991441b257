"""A regression small enough to be run in a second or two, for several tests."""

import copy
from typing import Any

SPEC: dict[str, Any] = {
    "name": "numbers",
    "kind": "compare",
    "title": "A tiny regression",
    "question": "Does it run?",
    "chosen": "net",
    "folds": 2,
    "threads": 1,
    "source": {"key": "own", "title": "A test"},
    "data": {
        "name": "diabetes",
        "split": {"scheme": "three-way", "held_out": 0.5},
        "target": {"standardize": True},
    },
    "models": {
        "ridge": {
            "label": "Ridge",
            "family": "ridge",
            "prepare": ["standardize"],
            "baseline": {},
            "grid": {"alpha": [1.0, 100.0]},
            "also_prepare": [[]],
        },
        "net": {
            "label": "Network",
            "family": "mlp-regressor",
            "prepare": ["standardize"],
            "dtype": "float32",
            "settings": {"hidden_layer_sizes": [8], "max_iter": 15, "random_state": 0},
            "grid": {"learning_rate_init": [0.001, 0.03]},
            "seeds": {"count": 3},
        },
    },
    "printed": [
        {"model": "net", "quantity": "test R²", "value": 0.3, "decimals": 1},
        {"model": "ridge", "quantity": "test RMSE", "value": 1000, "decimals": 0},
    ],
    "questions": [
        {
            "question": "How far off?",
            "answer": "{net|mean test R² over seeds}, {net|test MAE}, {ridge|train R²}.",
        }
    ],
}


def numbers(**changes: Any) -> dict[str, Any]:
    """The spec, a part of it replaced."""
    return {**copy.deepcopy(SPEC), **changes}


def sine(**changes: Any) -> dict[str, Any]:
    """Of one feature, with a line and a tree."""
    models = {
        "line": {"label": "Line", "family": "linear-regression"},
        "tree": {
            "label": "Tree",
            "family": "tree-regressor",
            "settings": {"max_leaf_nodes": 8, "random_state": 0},
        },
    }
    data = {
        "name": "sine",
        "parameters": {"n": 120},
        "split": {"scheme": "two-way", "held_out": 0.5},
    }
    spec = numbers(data=data, models=models, chosen="tree", printed=[], questions=[])
    return {**spec, **changes}
