"""The graph and its worlds: what follows from other numbers, and how far it may be off."""

import numpy as np
import pytest
from hypothesis import given, settings
from tests.worked.conftest import network, networks

from chainrule.worked.checking.world import Graph, World, batched
from chainrule.worked.expressions import evaluate
from chainrule.worked.trace import trace_example

EXAMPLE = network(2, (2, 3, 2), ("tanh",), ("squared_error", "identity"), n=2)
GRAPH = Graph(trace_example(EXAMPLE))
TRUTH = GRAPH.truth()


def settled(graph: Graph, given, half) -> World:
    world = World(graph, given, half)
    for node in graph.order:
        world.settle(node)
    return world


@settings(max_examples=20, deadline=None)
@given(networks())
def test_every_quantity_follows_from_those_before(example):
    graph = Graph(trace_example(example))
    truth = graph.truth()
    for node in graph.order:
        assert all(graph.place[one] < graph.place[node] for one in graph.before(node))
        np.testing.assert_allclose(graph.compute(node, truth), truth[node], rtol=1e-9, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(networks(updates=False))
def test_a_batch_is_its_cases_one_by_one(example):
    graph = Graph(trace_example(example))
    truth = graph.truth()
    scales = np.array([1.0, 0.9, 1.1])
    cases = {node: np.stack([value * scale for scale in scales]) for node, value in truth.items()}
    for node in graph.order:
        for formula in graph.formulas(node):
            if graph.quantity(node).kind == "jacobian":
                continue
            together = graph.evaluate(node, formula, cases)
            for i in range(len(scales)):
                alone = {one: value[i] for one, value in cases.items()}
                expected = graph.evaluate(node, formula, alone)
                np.testing.assert_allclose(
                    np.broadcast_to(together, (len(scales), *expected.shape))[i], expected
                )


def test_batched_is_evaluate_without_a_batch():
    step = GRAPH.trace.steps[0]
    for key in ("Z1", "A1", "dA1", "dW1"):
        formula = step.quantities[key].formula
        named = {name: step.values[name] for name in GRAPH.mentioned(formula)}
        np.testing.assert_allclose(
            batched(formula, named), evaluate(formula, step.values, step.kinds)
        )


def test_what_is_given_leads_to_what_follows():
    Z = TRUTH[1, "Z1"] + 1
    world = settled(GRAPH, {(1, "Z1"): Z}, {(1, "Z1"): np.full(Z.shape, 0.05)})
    np.testing.assert_allclose(world.values[1, "A1"], np.tanh(Z))
    np.testing.assert_allclose(world.values[1, "Z2"], np.tanh(Z) @ TRUTH[1, "W2"] + TRUTH[1, "b2"])
    assert (1, "Z1") in world.between((1, "A1")) and (1, "X") not in world.between((1, "A1"))


def test_a_blank_follows_from_what_is_before():
    Z = TRUTH[1, "Z1"].copy()
    Z[0, 0], Z[1, 1] = 9.0, np.nan
    world = settled(GRAPH, {(1, "Z1"): Z}, {(1, "Z1"): np.where(np.isnan(Z), np.nan, 0.05)})
    assert world.values[1, "Z1"][0, 0] == 9.0
    assert world.values[1, "Z1"][1, 1] == TRUTH[1, "Z1"][1, 1]
    assert not world.whole((1, "Z1")) and world.unwritten((1, "A1")) == [(1, "Z1")]


def test_the_spread_of_a_linear_quantity_is_exact():
    """Z2 = A1 W2 + b2: each number moves by half times the sum of the weights' magnitudes."""
    half = np.full(TRUTH[1, "A1"].shape, 0.005)
    world = settled(GRAPH, {(1, "A1"): TRUTH[1, "A1"]}, {(1, "A1"): half})
    expected = half @ np.abs(TRUTH[1, "W2"])
    np.testing.assert_allclose(world.spread((1, "Z2"))[0], expected)
    sway = world.sway((1, "Z2"))[0]
    assert (sway > 0).all() and (sway <= expected * (1 + 1e-9)).all()


def test_steps_that_are_not_written_down_spread_only_when_asked():
    world = settled(GRAPH, {}, {})
    assert world.exact((1, "Z2")) and (world.spread((1, "Z2")) == 0).all()
    assert (world.spread((1, "Z2"), unwritten=0.005) > 0).all()


def test_a_change_is_carried_on_and_can_be_adopted():
    change = {(1, "A1"): lambda values: values[1, "Z1"]}
    world = settled(GRAPH, {}, {})
    expected = TRUTH[1, "Z1"] @ TRUTH[1, "W2"] + TRUTH[1, "b2"]
    np.testing.assert_allclose(world.outcomes((1, "Z2"), change)[0], expected)
    np.testing.assert_allclose(world.outcomes((1, "Z2"))[0], TRUTH[1, "Z2"])
    world.adopt(change, (1, "Z2"))
    np.testing.assert_allclose(world.values[1, "Z2"], expected)
    np.testing.assert_allclose(world.outcomes((1, "A2"))[0], expected)


def test_what_comes_later_follows_when_it_is_needed_before():
    """The new weights, where somebody updates them before all derivatives are known."""
    dW = TRUTH[1, "dW2"] + 1
    world = World(GRAPH, {(1, "dW2"): dW}, {(1, "dW2"): np.zeros(dW.shape)})
    found = world.ahead((1, "W2_new"), world.values, GRAPH.place[1, "dA1"])
    np.testing.assert_allclose(found, TRUTH[1, "W2"] - 0.01 * dW)


def test_a_later_step_starts_from_the_new_parameters():
    update = {"rate": 0.1, "steps": 2}
    graph = Graph(trace_example(EXAMPLE.model_copy(update={})))
    assert graph.before((1, "W1")) == ()
    example = network(2, (2, 3, 2), ("tanh",), ("squared_error", "identity"), update=update)
    graph = Graph(trace_example(example))
    assert graph.before((2, "W1")) == ((1, "W1_new"),)
    new = graph.truth()[1, "W1_new"] + 1
    world = settled(graph, {(1, "W1_new"): new}, {(1, "W1_new"): np.zeros(new.shape)})
    assert np.array_equal(world.values[2, "W1"], new)
    assert world.values[1, "loss_new"] == pytest.approx(float(world.values[2, "loss"]))
