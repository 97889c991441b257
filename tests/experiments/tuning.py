"""A sweep and a search small enough to be run in a few seconds."""

from typing import Any

SETTINGS: dict[str, Any] = {
    "hidden_layer_sizes": [8],
    "solver": "sgd",
    "batch_size": 32,
    "tol": 0.0,
    "n_iter_no_change": 1000,
    "random_state": 0,
}
NET: dict[str, Any] = {
    "label": "64-8-10",
    "family": "mlp",
    "prepare": ["unit"],
    "dtype": "float32",
    "settings": SETTINGS,
}
SHARED: dict[str, Any] = {
    "title": "A tiny one",
    "question": "Does it run?",
    "hardest": 0,
    "threads": 1,
    "folds": 2,
    "source": {"key": "own", "title": "A test"},
    "data": {"name": "digits", "samples": 2, "split": {"scheme": "three-way", "held_out": 0.7}},
}
SWEEP: dict[str, Any] = {
    **SHARED,
    "name": "tiny-sweep",
    "kind": "sweep",
    "models": {
        "net": {
            **NET,
            "sweep": {
                "over": {"learning_rate_init": [0.1, 1e6], "batch_size": [16, 128]},
                "epochs": 4,
                "updates": 12,
                "probes": [3, 6],
                "seeds": {"count": 2, "first": 5},
                "noise": {"rows": 64, "repeats": 2},
                "range_test": True,
            },
        }
    },
    "questions": [
        {
            "question": "Which?",
            "answer": "{net|best at equal epochs}; {net|lowest loss at equal updates}; "
            "{net|diverged at equal epochs}; "
            "{net.learning_rate_init=0.1,batch_size=16|updates at equal epochs}; "
            "{net.learning_rate_init=1e+06,batch_size=16|final training loss at equal updates}; "
            "{net.learning_rate_init=0.1,batch_size=16|best epoch at equal epochs}; "
            "{net|suggested rate}",
        }
    ],
}
SEARCH: dict[str, Any] = {
    **SHARED,
    "name": "tiny-search",
    "kind": "search",
    "models": {
        "halved": {
            **NET,
            "settings": {**SETTINGS, "max_iter": 9},
            "search": {
                "strategy": "successive_halving",
                "n_candidates": 6,
                "on": "validation",
                "n_seeds": 2,
                "seed": 3,
                "settings": {"min_epochs": 1},
                "space": {
                    "learning_rate_init": {"float": [1e-3, 1e3], "log": True},
                    "l2": {"float": [1e-5, 1e-2], "log": True, "draws": 4},
                    "hidden_layer_sizes": {"width": [4, 6], "depth": 1},
                },
            },
        },
        "folded": {
            **NET,
            "prepare": ["standardize"],
            "settings": {**SETTINGS, "max_iter": 4},
            "search": {"space": {"learning_rate_init": [0.01, 0.1, 1e5], "batch_size": [16, 32]}},
        },
    },
    "printed": [
        {
            "model": "folded",
            "quantity": "search accuracy",
            "value": 0.5,
            "decimals": 3,
            "of": {"learning_rate_init": 0.1, "batch_size": 16},
        },
        {
            "model": "folded",
            "quantity": "search accuracy",
            "value": 0.5,
            "of": {"learning_rate_init": 0.2},
        },
        {"model": "halved", "quantity": "inputs of the network", "value": 64, "decimals": 0},
    ],
}
