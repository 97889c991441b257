"""Random networks as worked examples, for properties and for tables of shapes."""

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st

from chainrule.equations.activations import HIDDEN_ACTIVATIONS
from chainrule.equations.losses import LOSSES
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.worked.example import Example, parse_example

PAIRS = [(loss.name, output) for loss in LOSSES.values() for output in loss.outputs]


def targets(kind: str, rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    """Targets of the kind that a loss takes."""
    if kind == "distribution":
        return np.eye(k)[rng.integers(k, size=n)]
    if kind == "label":
        return rng.integers(0, 2, (n, k)).astype(float)
    if kind == "count":
        return rng.integers(0, 4, (n, k)).astype(float)
    return rng.normal(size=(n, k)).round(2)


def network(
    seed: int,
    sizes: tuple[int, ...],
    hidden: tuple[str, ...],
    pair: tuple[str, str],
    n: int = 3,
    layout: str = "row",
    **more: Any,
) -> Example:
    """A network of moderate numbers, so that nothing saturates."""
    rng = np.random.default_rng(seed)
    layers = []
    for n_in, n_out in pairwise(sizes):
        W = (rng.normal(size=(n_in, n_out)) / np.sqrt(n_in)).round(3)
        W = W.T if layout == "column" else W
        layers.append({"W": W.tolist(), "b": (0.3 * rng.normal(size=n_out)).round(3).tolist()})
    loss, output = pair
    table = {
        "title": "a network",
        "layout": layout,
        "activations": [*hidden, output],
        "loss": loss,
        "X": rng.normal(size=(n, sizes[0])).round(2).tolist(),
        "Y": targets(LOSSES[loss].targets, rng, n, sizes[-1]).tolist(),
        "layers": layers,
        "update": {"rate": 0.01},
    }
    return parse_example({**table, **more})


@st.composite
def networks(draw: Any, updates: bool = True) -> Example:
    """Networks of up to five layers with every activation, loss, penalty and optimizer."""
    depth = draw(st.integers(1, 5))
    sizes = tuple(draw(st.lists(st.integers(1, 4), min_size=depth + 1, max_size=depth + 1)))
    hidden = tuple(draw(st.sampled_from(HIDDEN_ACTIVATIONS)) for _ in range(depth - 1))
    n = draw(st.integers(1, 4))
    more: dict[str, Any] = {"reduction": draw(st.sampled_from(["mean", "sum"]))}
    if draw(st.booleans()):
        convention = draw(st.sampled_from(["lambda/2", "lambda", "alpha", "l1"]))
        more["penalty"] = {"convention": convention, "strength": 0.1}
    if draw(st.booleans()):
        more["weights"] = [1.0, 2.0, 0.5, 3.0][:n]
    if updates:
        optimizer = draw(st.sampled_from(sorted(OPTIMIZERS)))
        more["update"] = {"rate": 0.01, "optimizer": optimizer, "steps": draw(st.integers(1, 3))}
    layout = draw(st.sampled_from(["row", "column"]))
    seed = draw(st.integers(0, 10_000))
    return network(seed, sizes, hidden, draw(st.sampled_from(PAIRS)), n, layout, **more)
