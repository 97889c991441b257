"""A realistic run to report on: real digits, quick models, every part of the schema filled."""

import json
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier
from tests.reports import made

from chainrule.experiments.results import Results

NAMES = {"nb": "Naive Bayes", "dt": "Decision tree", "knn": "k-nearest neighbours"}
MAKERS = {
    "nb": GaussianNB(var_smoothing=0.01),
    "dt": DecisionTreeClassifier(max_depth=8, random_state=42),
    "knn": KNeighborsClassifier(4, weights="distance"),
}
PRINTED = {"nb": 0.9139, "dt": 0.8111, "knn": 0.9722, "ann": 0.9778}
GRIDS: dict[str, dict[str, list[Any]]] = {
    "nb": {"var_smoothing": [1e-9, 1e-6, 1e-4, 0.001, 0.01, 0.1]},
    "dt": {"max_depth": [3, 5, 8, 10, None], "min_samples_split": [2, 5, 10]},
    "knn": {"n_neighbors": [1, 2, 3, 4, 5, 8], "weights": ["uniform", "distance"]},
    "ann": {
        "hidden_layer_sizes": [[32, 32], [48, 48], [64, 64], [96, 96], [128, 128], [192, 192]],
        "batch_size": [16, 32, 48],
        "max_iter": [30, 40, 50],
    },
}


@pytest.fixture(scope="session")
def results() -> Results:
    """The whole of a run of four models."""
    return Results.model_validate(four_models())


@pytest.fixture(scope="session")
def one_model(results: Results) -> Results:
    """A run of one model, whose page is drawn quickly."""
    bare = {"search": None, "over_seeds": None, "recall": (), "confusion": ()}
    model = results.models[0].model_copy(update=bare)
    return results.model_copy(update={"models": (model,)})


@pytest.fixture(scope="session")
def first_look(results: Results) -> Results:
    """A run that only looks at data: no models, and nothing that comes from them."""
    return results.model_copy(
        update={
            "recipe": "digits-first-look",
            "title": "A first look at the digits",
            "models": (),
            "chosen": None,
            "comparisons": (),
            "tests": (),
            "hardest": (),
            "outputs": (),
            "errata": (),
            "questions": (),
            "assumptions": (),
            "clock": results.clock.model_copy(update={"timings": ()}),
        }
    )


def four_models() -> dict[str, Any]:
    """The content of a ``results.json``."""
    digits = load_digits()
    X, X_test, y, y_test = train_test_split(
        digits.data, digits.target, test_size=0.2, random_state=42, stratify=digits.target
    )
    predicted = {key: model.fit(X, y).predict(X_test) for key, model in MAKERS.items()}
    # The network's part is played by the neighbours with two changes: no training in a fixture.
    predicted["ann"] = predicted["knn"].copy()
    predicted["ann"][:2] = (y_test[:2] + 1) % 10
    models = [model(key, predicted[key], y_test) for key in predicted]
    models[-1]["pictures"] = made.pictures(X_test, [str(each) for each in range(10)])
    wrong = np.sum([labels != y_test for labels in predicted.values()], axis=0)
    return {
        "recipe": "digits-four-models",
        "kind": "comparison",
        "title": "Four models on handwritten digits",
        "question": "Which of four classifiers reads handwritten digits best, and is the network "
        "worth its cost?",
        "source": {"key": "A", "title": "MLP Training & Digits Classification"},
        "assumptions": assumptions(),
        "data": data(digits, y, y_test),
        "models": models,
        "chosen": "ann",
        "comparisons": comparisons(predicted, y_test),
        "tests": [paired("ann", key, predicted, y_test) for key in MAKERS],
        "hardest": [
            hard(int(row), X_test[row], y_test, predicted)
            for row in np.argsort(-wrong, kind="stable")[:10]
        ],
        "outputs": [
            {"index": row, "label": str(y_test[row]), "pixels": X_test[row].tolist(),
             "logits": [2.5, -1.25, *[0.0] * 8], "probabilities": [0.6, 0.02, *[0.0475] * 8],
             "softmax_again": [0.1635, 0.0915, *[0.0931] * 8]}
            for row in range(2)
        ],
        "hardest_rule": "Most models wrong first; then by the network's probability of the truth.",
        "findings": [
            "The network reads 97.7 % of the test images, over 20 seeds.",
            "On these 360 images it cannot be told from k-nearest neighbours (p = 0.50).",
            "The decision tree is worst, and the only one that does without scaling.",
        ],
        "questions": [
            {"question": "Which models need scaled pixels?", "answer": "All but the tree: 0.8 < 1."}
        ],
        "errata": [
            {"number": 9, "text": "The over-fitting table pairs the baseline's training score with "
             "the tuned model's test score."},
            {"number": 12, "text": "The tree is fitted on raw pixels, not on standardised ones."},
        ],
        "spec": 'name = "digits-four-models"\nseed = 42\n\n[data]\nname = "digits"\n',
        "environment": {
            "python": "3.11.7", "platform": "Linux", "machine": "x86_64", "cores": 2,
            "versions": {"numpy": "2.4.0", "jax": "0.10.2", "scikit-learn": "1.9.1"},
            "seed": 42, "commit": "1ee7364", "modified": False,
        },
        "clock": {
            "started": "2026-01-02T03:04:05Z", "seconds": 61.4,
            "timings": [
                {"step": step, "model": key, "seconds": seconds}
                for key, step, seconds in [
                    ("nb", "search", 6.1), ("nb", "fit", 0.04), ("dt", "search", 7.9),
                    ("knn", "search", 1.2), ("ann", "search", 31.5), ("ann", "seeds", 9.7),
                ]
            ],
        },
    }  # fmt: skip


def assumptions() -> list[dict[str, str]]:
    return [
        {"what": "Split", "value": "60/20/20, stratified, random_state 42", "status": "stated"},
        {"what": "Learning rate", "value": "0.001", "status": "inferred",
         "note": "The default of the library that it uses."},
        {"what": "Seeds", "value": "0 to 19", "status": "ours",
         "note": "The document's run is unseeded."},
    ]  # fmt: skip


def data(digits: Any, y: Any, y_test: Any) -> dict[str, Any]:
    parts = {"train": y, "test": y_test}
    return {
        "name": "digits", "source": "scikit-learn", "licence": "CC BY 4.0", "sha256": "ab" * 32,
        "n_features": 64, "class_names": [str(each) for each in range(10)],
        "splits": [
            {"name": name, "size": len(labels), "class_counts": np.bincount(labels).tolist()}
            for name, labels in parts.items()
        ],
        "image_shape": (8, 8), "pixel_range": (16.0, 0.0),
        "preparation": ["Split in two, stratified.", "Standardised with the training part's mean."],
        "samples": [
            {"label": str(label), "pixels": pixels.tolist()}
            for label, pixels in zip(digits.target[:10], digits.data[:10], strict=True)
        ],
    }  # fmt: skip


def model(key: str, labels: Any, truth: Any) -> dict[str, Any]:
    table = confusion_matrix(truth, labels)
    test = float(np.mean(labels == truth))
    best = {name: values[len(values) // 2] for name, values in GRIDS[key].items()}
    record: dict[str, Any] = {
        "key": key, "label": NAMES.get(key, "Neural network"),
        "family": "mlp" if key == "ann" else key,
        "preparation": [] if key == "dt" else ["standardise"],
        "settings": best, "search": search(key, best),
        "scores": {"train": min(1.0, test + 0.02), "validation": test - 0.005, "test": test},
        "on_test": on_test(key, labels == truth),
        "recall": (np.diag(table) / table.sum(axis=1)).tolist(), "confusion": table.tolist(),
        "baseline": {"label": "untuned", "settings": {}, "scores": {"train": 1.0, "test": 0.96}},
        "variants": [{"label": "on raw pixels", "settings": best, "scores": {"test": test - 0.01}}],
    }  # fmt: skip
    return record | network(test) if key == "ann" else record


def on_test(key: str, right: Any) -> dict[str, Any]:
    """The tree gives no chance to what it has wrong; a temperature was fitted for the network."""
    low, high = float(right.mean() - 0.02), float(min(1.0, right.mean() + 0.02))
    accuracy = {"value": float(right.mean()), "low": low, "high": high, "method": "bootstrap"}
    off = {"value": -0.0123, "low": -0.02, "high": 0.0004, "method": "bootstrap"}
    cooled = {"temperature": 2.104, "error_after": 0.0101, "loss_after": 0.0987}
    loss = {"value": 0.1234, "low": 0.0901, "high": 0.1702, "method": "bootstrap"}
    infinite = {"loss": {"value": None}, "impossible": int((~right).sum())}
    return {
        "accuracy": accuracy,
        "overconfidence": off,
        "calibration": {"bins": 10, "error": 0.0456} | (cooled if key == "ann" else {}),
    } | (infinite if key == "dt" else {"loss": loss})


def search(key: str, best: dict[str, Any]) -> dict[str, Any]:
    rng = np.random.default_rng(len(key) + 7)
    grid = [dict(zip(GRIDS[key], values, strict=True)) for values in product(*GRIDS[key].values())]
    means = 0.94 + 0.03 * rng.random(len(grid))
    means[grid.index(best)] = 0.975
    ranks = (-means).argsort().argsort() + 1
    rows = [
        {"parameters": each, "mean": float(mean), "std": 0.008, "rank": int(rank)}
        for each, mean, rank in zip(grid, means, ranks, strict=True)
    ]
    return {"strategy": "grid", "folds": 5, "best": best, "mean": 0.975, "candidates": rows}


def network(test: float) -> dict[str, Any]:
    epochs = np.arange(1, 51)
    loss = 2.2 * np.exp(-epochs / 4) + 0.002
    values = (test + np.random.default_rng(3).integers(-3, 4, 20) / 360).tolist()
    mean, half = float(np.mean(values)), 2.093 * float(np.std(values, ddof=1)) / 20**0.5
    spread = half * 21**0.5
    tests = {
        "values": values, "mean": mean, "std": float(np.std(values, ddof=1)),
        "low": mean - half, "high": mean + half,
        "next_low": mean - spread, "next_high": mean + spread,
    }  # fmt: skip
    return {
        "n_parameters": 51466,
        "n_iter": 50,
        "overfit_epoch": 31,
        "curves": {
            "epoch": epochs.tolist(),
            "train_loss": loss.tolist(),
            "validation_loss": (0.09 + loss + 0.0004 * epochs).tolist(),
            "validation_score": (0.97 - loss / 4).tolist(),
            "test_loss": (0.1 + loss).tolist(),
            "test_score": (0.96 - loss / 4).tolist(),
        },
        "over_seeds": {
            "seeds": list(range(20)),
            "train": {"values": [1.0] * 20, "mean": 1.0},
            "test": tests,
        },
    }


def comparisons(predicted: dict[str, Any], truth: Any) -> list[dict[str, Any]]:
    rows = []
    for key, labels in predicted.items():
        ours = float(np.mean(labels == truth))
        agreement = "within interval" if key == "ann" else "exact"
        row = {"model": key, "quantity": "test accuracy", "printed": PRINTED[key], "ours": ours}
        rows.append(row | {"decimals": 4, "agreement": agreement})
        rows.append(row | {"quantity": "recall of class 3", "agreement": "differs", "decimals": 6})
    settings = {"quantity": "best parameters", "printed": "max_depth 8", "ours": "max_depth 8"}
    return [*rows, {"model": "dt", "agreement": "exact", **settings}]


def paired(a: str, b: str, predicted: dict[str, Any], truth: Any) -> dict[str, Any]:
    right_a, right_b = predicted[a] == truth, predicted[b] == truth
    only_a, only_b = int(np.sum(right_a & ~right_b)), int(np.sum(right_b & ~right_a))
    return {
        "a": a, "b": b, "only_a": only_a, "only_b": only_b, "n": len(truth), "p_value": 0.0312,
        "accuracy_difference": {"value": (only_a - only_b) / len(truth)} | (
            {"low": 0.0123, "high": 0.2, "method": "bootstrap"} if only_a > 9 else {}
        ),
        "loss_difference": None if b == "dt" else {"value": -0.0456, "low": -0.06, "high": 0.01},
    }  # fmt: skip


def hard(row: int, pixels: Any, truth: Any, predicted: dict[str, Any]) -> dict[str, Any]:
    said = [{"model": key, "label": str(labels[row])} for key, labels in predicted.items()]
    said[-1] |= {"probability": 0.71, "probability_of_truth": 0.2}  # type: ignore[dict-item]
    return {
        "index": row, "label": str(truth[row]), "pixels": pixels.tolist(), "predictions": said
    }  # fmt: skip


SPEC = """
name = "digits-four-models"
kind = "compare"
title = "Four models on handwritten digits"
question = "Which is best?"
source = { key = "own", title = "A test" }
chosen = "ann"
folds = 2

[data]
name = "digits"
split = { scheme = "two-way", held_out = 0.2 }

[models.tree]
label = "Tree"
family = "tree"
grid = { max_depth = [2, 4, 8] }

[models.ann]
label = "Network <b>"
family = "mlp"
settings = { max_iter = 50 }
seeds = { count = 3 }
"""

METRICS: list[dict[str, Any]] = [
    {"event": "candidate", "model": "tree", "parameters": {"max_depth": 2}, "folds": [0.3, 0.4]},
    {"event": "candidate", "model": "tree", "parameters": {"max_depth": 4}, "folds": [0.5, 0.7]},
    {"event": "candidate", "model": "tree", "parameters": {"max_depth": 8}, "folds": [None, 0.8]},
    {"event": "model", "model": "tree", "settings": {"max_depth": 4}, "train": 0.9, "test": 0.8125},
    *(
        {"event": "epoch", "model": "ann", "epoch": float(n), "steps": 9.0, "train_loss": 1 / n,
         "validation_loss": 1 / n + 0.1, "seconds": 0.1}
        for n in (1, 2, 3)
    ),
    {"event": "seed", "model": "ann", "seed": 0, "train": 0.95, "test": 0.875},
]  # fmt: skip


@pytest.fixture
def stopped(results: Results, tmp_path: Path) -> Path:
    """The folder of a run that was killed."""
    path = tmp_path / "runs" / "stopped"
    path.mkdir(parents=True)
    (path / "spec.toml").write_text(SPEC)
    (path / "environment.json").write_text(results.environment.model_dump_json())
    text = "".join(json.dumps(row) + "\n" for row in METRICS)
    (path / "metrics.jsonl").write_text(text + '{"event": "mod')
    return path


@pytest.fixture
def complete(one_model: Results, tmp_path: Path) -> Path:
    """The folder of a run that came to its end."""
    path = tmp_path / "runs" / "complete"
    path.mkdir(parents=True)
    (path / "spec.toml").write_text(SPEC)
    (path / "environment.json").write_text(one_model.environment.model_dump_json())
    (path / "results.json").write_text(one_model.model_dump_json())
    return path


VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """Reads a page strictly: every tag closed in order; collects what the tests ask about."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.words, self.ids, self.links, self.images = [], [], [], [], []
        self.tags = set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in known:
            self.ids.append(known["id"])
        self.links += [known[key] for key in ("href", "src") if key in known]
        if tag == "img":
            self.images.append(known)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="session")
def page_of() -> type[Page]:
    """``page_of(html)`` reads a page."""
    return Page
