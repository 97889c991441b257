"""The table of slips: each can happen somewhere, gives another number, and is said in words."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from tests.worked.conftest import network, networks
from tests.worked.planted import calculated, possible

from chainrule.worked.checking.slips import SLIPS, Scene, slipped
from chainrule.worked.checking.world import Graph
from chainrule.worked.trace import trace_example


def test_names_are_unique():
    assert len({slip.name for slip in SLIPS}) == len(SLIPS)


@settings(max_examples=20, deadline=None)
@given(networks())
def test_a_slip_has_words_and_only_quantities_that_are_there(example):
    trace = trace_example(example)
    for step in trace.steps[:1]:
        for quantity in step.quantities.values():
            if quantity.formula is None:
                continue
            scene = Scene(example, step, quantity, quantity.formula)
            for slip in SLIPS:
                for formula in slipped(slip, scene):
                    assert formula != quantity.formula
                    said = slip.sentence(scene)
                    keys = re.findall(r"\b(?:[ZAWb]\d+)\b", said)
                    assert "{" not in said and all(key in step for key in keys)


def number(name: str, key: str, **more) -> np.ndarray:
    """What a slip makes of a quantity of a small network."""
    pair = more.pop("pair", ("squared_error", "identity"))
    graph = Graph(trace_example(network(3, (2, 2, 2), ("logistic",), pair, n=2, **more)))
    formula = next(f for n, at, f in possible(graph.trace) if (n, at) == (name, (1, key)))
    return calculated(graph, {(1, key): formula})[1, key]


def values(**more):
    pair = more.pop("pair", ("squared_error", "identity"))
    return trace_example(network(3, (2, 2, 2), ("logistic",), pair, n=2, **more)).steps[0].values


LAMBDA = {"convention": "lambda/2", "strength": 0.1}
L1 = {"convention": "l1", "strength": 0.1}
RMSPROP, ADAGRAD, ADAM, ADAM_HAT = (
    {"update": {"rate": 0.1, "optimizer": name, "settings": {"epsilon": 0}}}
    for name in ("rmsprop", "adagrad", "adam", "adam_hat")
)
BCE = {"pair": ("binary_cross_entropy", "logistic")}
SOFTMAX = {"pair": ("cross_entropy", "softmax")}


def sigma(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize(
    ("name", "key", "more", "by_hand"),
    [
        ("transposed_weights", "Z1", {}, lambda v: v["X"] @ v["W1"].T + v["b1"]),
        ("transposed_weights", "dA1", {}, lambda v: v["dZ2"] @ v["W2"]),
        ("forgot_bias", "Z2", {}, lambda v: v["A1"] @ v["W2"]),
        ("forgot_activation", "Z2", {}, lambda v: v["Z1"] @ v["W2"] + v["b2"]),
        ("sum_for_mean", "loss", {}, lambda v: v["L"].sum()),
        ("mean_for_sum", "dW2", {}, lambda v: v["dW2"] / 2),
        ("missing_half", "L", {}, lambda v: ((v["A2"] - v["Y"]) ** 2).sum(axis=1)),
        ("swapped_difference", "dA2", {}, lambda v: (v["Y"] - v["A2"]) / 2),
        ("derivative_at_a", "S1", {},
         lambda v: sigma(v["A1"]) * (1 - sigma(v["A1"]))),
        ("z_for_a", "S1", {}, lambda v: v["Z1"] * (1 - v["Z1"])),
        ("forgot_derivative", "dZ1", {}, lambda v: v["dA1"]),
        ("updated_first", "dA1", {}, lambda v: v["dZ2"] @ v["W2_new"].T),
        ("lambda_doubled", "penalty", {"penalty": LAMBDA},
         lambda v: 0.1 * ((v["W1"] ** 2).sum() + (v["W2"] ** 2).sum())),
        ("lambda_doubled", "dW1_penalty", {"penalty": LAMBDA}, lambda v: 0.2 * v["W1"]),
        ("forgot_penalty", "dW1", {"penalty": LAMBDA}, lambda v: v["X"].T @ v["dZ1"]),
        ("penalty_on_biases", "db1", {"penalty": LAMBDA},
         lambda v: v["dZ1"].sum(axis=0) + 0.1 * v["b1"]),
        ("sign_of_bce", "L", BCE,
         lambda v: (v["Y"] * np.log(v["A2"])
                    + (1 - v["Y"]) * np.log(1 - v["A2"])).sum(axis=1)),
        ("softmax_twice", "A2", SOFTMAX,
         lambda v: np.exp(v["A2"]) / np.exp(v["A2"]).sum(axis=1, keepdims=True)),
        ("forgot_rate", "W1_new", {}, lambda v: v["W1"] - v["dW1"]),
        ("ascent", "W1_new", {}, lambda v: v["W1"] + 0.01 * v["dW1"]),
        ("squares_for_sizes", "penalty", {"penalty": L1},
         lambda v: 0.1 * ((v["W1"] ** 2).sum() + (v["W2"] ** 2).sum())),
        ("squares_for_sizes", "dW1_penalty", {"penalty": L1}, lambda v: 0.1 * v["W1"]),
        ("penalty_on_biases", "db1", {"penalty": L1},
         lambda v: v["dZ1"].sum(axis=0) + 0.1 * np.sign(v["b1"])),
        ("forgot_root", "W1_new", RMSPROP, lambda v: v["W1"] - 0.1 * v["dW1"] / v["v_W1"]),
        ("forgot_root", "b1_new", ADAM, lambda v: v["b1"] - 0.1 * v["db1"] / v["db1"] ** 2),
        ("forgot_root", "b1_new", ADAM_HAT, lambda v: v["b1"] - 0.1 * np.sqrt(0.001)
         * v["db1"] / (0.001 * v["db1"] ** 2)),
        ("forgot_square", "v_W1", RMSPROP, lambda v: 0.1 * v["dW1"]),
        ("forgot_square", "s_W1", ADAGRAD, lambda v: v["dW1"]),
        ("shares_swapped", "v_W1", RMSPROP, lambda v: 0.9 * v["dW1"] ** 2),
        ("shares_swapped", "m_W1", ADAM, lambda v: 0.9 * v["dW1"]),
    ],
)  # fmt: skip
def test_a_slip_s_number_by_hand(name, key, more, by_hand):
    np.testing.assert_allclose(number(name, key, **more), by_hand(values(**more)), rtol=1e-12)


def test_what_was_before_is_left_out():
    """Of a second step: before the first there is nothing."""
    for optimizer, key in (("rmsprop", "v_W1"), ("adagrad", "s_W1"), ("momentum", "velocity_b1")):
        update = {"rate": 0.1, "optimizer": optimizer, "steps": 2}
        graph = Graph(
            trace_example(
                network(3, (2, 2, 2), ("logistic",), ("squared_error", "identity"), update=update)
            )
        )
        node = (2, key)
        (formula,) = (f for n, at, f in possible(graph.trace) if (n, at) == ("forgot_before", node))
        v = graph.trace.steps[1].values
        by_hand = {
            "v_W1": 0.1 * v["dW1"] ** 2, "s_W1": v["dW1"] ** 2, "velocity_b1": -0.1 * v["db1"]
        }  # fmt: skip
        np.testing.assert_allclose(calculated(graph, {node: formula})[node], by_hand[key])
