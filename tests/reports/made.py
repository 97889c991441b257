"""Made data to draw: small, seeded, and with every picture of a model's record filled."""

from typing import Any

import numpy as np

from chainrule.experiments import picturing
from chainrule.experiments.pictures import Layers, Pictures
from chainrule.reports.figures import region_grid

SIZES, ACTIVATIONS = (64, 32, 16, 10), ("relu", "relu", "softmax")
EPOCHS = 30


def diagnosis(epochs: int = EPOCHS, layers: int = 3) -> dict[str, np.ndarray]:
    """Gradients that vanish towards the input, and a first layer that dies."""
    rng = np.random.default_rng(1)
    noise = np.exp(0.1 * rng.standard_normal((epochs, layers)))
    depth = np.arange(layers)[::-1]
    dead = np.full((epochs, layers), np.nan)
    dead[:, 0] = np.linspace(0, 0.6, epochs)
    return {
        "gradient_norm": noise * 10.0 ** -(2.0 * depth / max(1, layers - 1)),
        "update_ratio": 1e-3 * noise,
        "dead_share": dead,
        "saturated_share": np.full((epochs, layers), np.nan),
        "activation_mean": 0.1 * noise,
        "activation_std": noise,
    }


def points(n: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    angle = 2 * np.pi * y / classes
    X = np.column_stack([np.cos(angle), np.sin(angle)]) + 0.2 * rng.standard_normal((n, 2))
    return X, y


def softmax_over(rows: np.ndarray, classes: int) -> np.ndarray:
    """Classes around a circle."""
    angle = 2 * np.pi * np.arange(classes) / classes
    scores = np.exp(4 * rows @ np.array([np.cos(angle), np.sin(angle)]))
    return scores / scores.sum(axis=1, keepdims=True)


def predictions(n: int, classes: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Truth, and probabilities that are often right."""
    rng = np.random.default_rng(5)
    y = rng.integers(0, classes, n)
    scores = 2.0 * rng.standard_normal((n, classes))
    scores[np.arange(n), y] += 4
    P = np.exp(scores)
    return y, P / P.sum(axis=1, keepdims=True)


def pictures(images: np.ndarray, class_names: list[str]) -> dict[str, Any]:
    """All of a record's pictures, as in a ``results.json``."""
    rng = np.random.default_rng(2)
    classes = len(class_names)
    y, P = predictions(len(images), classes)
    train, test = points(60, classes, 3), points(30, classes, 4)
    first, second, rows = region_grid(train[0], steps=30)
    ratios = 0.5 ** np.arange(1, 31)
    made = Pictures(
        layers=Layers(sizes=SIZES, activations=ACTIVATIONS),
        spectrum=picturing.spectrum(ratios, chosen=5),
        diagnosis=picturing.layers_over_epochs(range(1, EPOCHS + 1), diagnosis()),
        activations=picturing.activation_histograms(
            {
                "layer 1, relu": np.maximum(rng.standard_normal((50, 32)), 0),
                "layer 2, relu": np.maximum(rng.standard_normal((50, 16)) - 1, 0),
                "output, softmax": P[:50],
            }
        ),
        weights=picturing.weight_images(rng.standard_normal((64, 32)), (8, 8)),
        regions=picturing.decision_map(
            first, second, softmax_over(rows, classes), train=train, test=test
        ),
        mistakes=picturing.confident_mistakes(images, y, P, class_names, limit=8),
        n_mistakes=int((P.argmax(axis=1) != y).sum()),
        reliability=picturing.reliability_bins(P.max(axis=1), P.argmax(axis=1) == y),
        reliability_after=picturing.reliability_bins(P.max(axis=1) ** 0.5, P.argmax(axis=1) == y),
    )
    return made.model_dump(mode="json")
