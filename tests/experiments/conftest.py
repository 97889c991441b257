"""A comparison small enough to be run in a second."""

import copy

import pytest

SPEC = {
    "name": "tiny",
    "kind": "compare",
    "title": "A tiny comparison",
    "question": "Does it run?",
    "chosen": "ann",
    "folds": 2,
    "threads": 1,
    "hardest": 3,
    "source": {"key": "own", "title": "A test"},
    "data": {"name": "digits", "samples": 2, "split": {"scheme": "three-way", "held_out": 0.8}},
    "models": {
        "tree": {
            "label": "Tree",
            "family": "tree",
            "settings": {"random_state": 0},
            "baseline": {},
            "grid": {"max_depth": [2, "none"]},
            "also_prepare": [["standardize"]],
        },
        "ann": {
            "label": "Network",
            "family": "mlp",
            "prepare": ["standardize"],
            "dtype": "float32",
            "settings": {"hidden_layer_sizes": [8], "max_iter": 6, "random_state": 0},
            "grid": {"learning_rate_init": [0.001, 0.01]},
            "seeds": {"count": 3},
        },
    },
    "printed": [
        {"model": "tree", "quantity": "test accuracy", "value": 0.5, "decimals": 1},
        {"model": "ann", "quantity": "test accuracy", "value": 0.5, "decimals": 4},
    ],
}


@pytest.fixture(autouse=True, scope="module")
def figures_if_asked_for(request):
    """Reports have their figures only in a module whose ``FIGURES`` is true."""
    if not getattr(request.module, "FIGURES", False):
        request.getfixturevalue("no_figures")


@pytest.fixture
def tiny():
    """A spec that a test may change."""
    return copy.deepcopy(SPEC)


@pytest.fixture(scope="session")
def done(tmp_path_factory):
    """What one run of it returned, and its folder."""
    from rich.console import Console

    from chainrule.experiments import run

    out = tmp_path_factory.mktemp("runs") / "tiny"
    return run(SPEC, out=out, console=Console(quiet=True)), out
