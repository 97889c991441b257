"""JSON: every digit, strict, and the same keys whatever the example."""

import json

import numpy as np
from hypothesis import given, settings
from tests.worked.conftest import PAIRS, network, networks
from tests.worked.render.conftest import traced

from chainrule.worked.render import data, render, render_cell
from chainrule.worked.trace import trace_example

TOP = [
    "format", "name", "title", "source", "layout", "activations", "loss", "reduction", "penalty",
    "update", "remarks", "notes", "questions", "printed", "printed_last", "losses", "steps",
]  # fmt: skip
QUANTITY = ["title", "stage", "layer", "kind", "formula", "also", "value"]


def refuse(name):
    raise AssertionError(f"{name} is no JSON")


def read(trace):
    return json.loads(render(trace, "json", decimals=1), parse_constant=refuse)


@settings(max_examples=15)
@given(networks())
def test_every_number_comes_back_bit_for_bit(example):
    trace = trace_example(example)
    found = read(trace)
    assert list(found) == TOP
    for part, step in zip(found["steps"], trace.steps, strict=True):
        assert list(part["quantities"]) == list(step)
        for key, quantity in part["quantities"].items():
            assert list(quantity) == QUANTITY
            back = np.array(quantity["value"], dtype=float)
            assert back.shape == step[key].shape and back.tobytes() == step[key].tobytes()
    assert np.array(found["losses"]).tobytes() == trace.losses.tobytes()


def test_numbers_that_are_not_finite_are_strings():
    trace = trace_example(network(1, (2, 3, 1), ("relu",), PAIRS[0], update={"rate": 1e200}))
    found = read(trace)["steps"][-1]["quantities"]["loss_new"]["value"]
    assert found in ("inf", "nan") and not np.isfinite(float(found))


def test_printed_numbers_keep_their_decimals():
    found = read(traced("B-Q1.1"))
    assert found["printed"]["dZ2"] == "-0.04850"
    assert found["printed"]["loss"] == "0.376"
    assert found["update"]["rate"] == 0.1


def test_formulas_are_words_too():
    found = read(traced("E-2.3"))["steps"][0]["quantities"]
    assert found["Z1"]["formula"] == "X W1 + b1"
    assert found["dZ2"]["also"] is not None and found["X"]["formula"] is None


def test_one_number():
    found = json.loads(render_cell(traced("E-2.3"), "A2[3,1]", format="json"))
    assert found["name"] == "A2[3,1]"
    assert found["value"] == traced("E-2.3")["A2"][2, 0]
    assert found["numbers"] == "1 / (1 + exp(-(-4.1)))"


def test_every_key_is_documented():
    for key in (*TOP, *QUANTITY, "number", "rows", "quantities"):
        assert f"``{key}``" in data.__doc__
