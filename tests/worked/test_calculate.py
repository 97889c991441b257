"""The entrance: sources, changes, and what cannot be traced."""

from pathlib import Path

import numpy as np
import pytest
from tests.worked.conftest import network

import chainrule
from chainrule.errors import ExampleError
from chainrule.worked.calculate import find_example, trace
from chainrule.worked.example import load_example

FILE = """
title = "By hand"
activations = ["linear"]
loss = "mse"
X = [[1, 2]]
Y = [[1, 0]]

[[layers]]
W = [[0.5, 1], [0.25, -1]]
"""


def small(**more):
    return network(1, (2, 3, 2), ("tanh",), ("squared_error", "identity"), **more)


def test_by_name_file_mapping_and_example(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(FILE, encoding="utf-8")
    found = trace(path)
    assert found.example.name == "mine" and trace(str(path))["loss"] == found["loss"]
    np.testing.assert_allclose(found["A1"], [[1, -1]])
    assert float(found["loss"]) == 0.5
    assert float(chainrule.trace("b-q1.1")["loss"]) == pytest.approx(0.376, abs=5e-4)
    example = small()
    assert find_example(example) is example
    assert trace(example.model_dump(by_alias=True))["loss"] == trace(example)["loss"]


def test_changes_take_the_place_of_the_example_s_own():
    example = small()
    assert trace(example, reduction="sum")["loss"] == pytest.approx(3 * trace(example)["loss"])
    changed = trace(example, activations=["relu", "identity"], update=None)
    assert changed.example.activations[0] == "relu" and "W1_new" not in changed
    assert len(trace(example, steps=4).steps) == 4
    sped = trace(example, steps=2, update={"rate": 0.5})
    assert len(sped.steps) == 2 and sped.example.update.rate == 0.5


@pytest.mark.parametrize("layout", ["row", "column"])
def test_another_layout_turns_the_weights(layout):
    here = small(layout=layout)
    there = trace(here, layout="column" if layout == "row" else "row")
    for key in ("W1", "dW2", "X", "W1_new", "dZ1"):
        assert np.array_equal(there[key], trace(here)[key].T)
    assert there["loss"] == trace(here)["loss"]


def test_a_variant_with_changes():
    found = trace("E-2.4", variant="sigmoid-sigmoid-10", steps=2)
    assert found.example.activations == ["logistic", "logistic"]
    assert found.example.update.rate == 10 and len(found.steps) == 2


@pytest.mark.parametrize(
    ("source", "changes", "message"),
    [
        ("B-Q1.7", {}, r"Unknown example 'B-Q1.7'. Did you mean 'B-Q1.\d'\?.*ending .toml"),
        ("none.toml", {}, "There is no file none.toml"),
        (3, {}, "needs an example's name, a path, a mapping or a fitted estimator, got int"),
        ("B-Q1.1", {"lost": "cross_entropy"}, "Unknown key 'lost'. Did you mean 'loss'?"),
        ("B-Q1.1", {"variant": "relu"}, "B-Q1.1 has no variants, got 'relu'"),
        ("E-1.3", {"variant": "relu"}, "Unknown variant 'relu'"),
        ("B-Q1.1", {"layers": [{"W": [[1, 2]]}]}, "W1 is 1 by 2 in the column layout.*4 columns"),
        ("E-1.1", {"steps": 2}, r"no \[update\], so there are no steps"),
    ],
)
def test_what_cannot_be_traced(source, changes, message):
    with pytest.raises(ExampleError, match=message):
        trace(source, **changes)


def test_an_example_has_its_own_batch():
    with pytest.raises(ExampleError, match="X and y go with a fitted estimator"):
        trace("B-Q1.1", [[1, 0, 1, 0]], [[0, 1, 0]])


def test_a_mapping_may_hold_arrays():
    table = load_example("E-1.1").model_dump(by_alias=True)
    table["X"] = np.array(table["X"], float)
    table["layers"] = [{"W": np.array(one["W"], float), "b": one["b"]} for one in table["layers"]]
    assert np.array_equal(trace(table)["A2"], trace("E-1.1")["A2"])
