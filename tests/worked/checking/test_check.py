"""A person's own calculation: what is right passes, a slip is found and named."""

import doctest
import importlib

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.worked.conftest import network, networks
from tests.worked.planted import calculable, calculated, possible, typed, written

from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import ExampleError
from chainrule.worked import check, trace
from chainrule.worked.checking.answers import Node
from chainrule.worked.checking.slips import SLIPS, Scene, slipped
from chainrule.worked.checking.world import Graph
from chainrule.worked.trace import trace_example

PENALTY = {"convention": "lambda/2", "strength": 0.1}
L1 = {"convention": "l1", "strength": 0.1}
NETWORKS = [
    network(1, (3, 3, 3), ("tanh",), ("cross_entropy", "softmax"), penalty=PENALTY),
    network(2, (2, 2, 2), ("logistic",), ("binary_cross_entropy", "logistic")),
    network(3, (2, 3, 3), ("tanh",), ("mean_squared_error", "identity")),
    network(4, (2, 2, 2), ("tanh",), ("squared_error", "identity"),
            update={"rate": 0.1, "optimizer": "momentum", "steps": 2}),
    network(5, (2, 2, 1), ("tanh",), ("squared_error", "identity"),
            update={"rate": 0.1, "optimizer": "adam", "steps": 2}),
    network(6, (2, 2, 1), ("tanh",), ("absolute_error", "identity"), penalty=L1,
            update={"rate": 0.1, "optimizer": "adagrad", "steps": 2}),
]  # fmt: skip


def finite(values) -> bool:
    return all(np.isfinite(value).all() for value in values.values())


def some(data, graph: Graph):
    """All quantities, or a few of them, in the order of the calculation."""
    nodes = calculable(graph)
    if data.draw(st.booleans()):
        return nodes
    few = data.draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=6, unique=True))
    return sorted(few, key=graph.place.__getitem__)


# what is right passes


@settings(max_examples=25, deadline=None)
@given(networks(), st.integers(2, 10), st.data())
def test_every_correctly_rounded_answer_is_right(example, decimals, data):
    graph = Graph(trace_example(example))
    values = calculated(graph)
    assume(finite(values))
    report = check(graph.trace, written(graph, values, some(data, graph), decimals))
    assert report.ok and report.counts["rounded"] == 0, report.text()


@settings(max_examples=25, deadline=None)
@given(networks(), st.integers(2, 10), st.data())
def test_rounding_at_every_step_is_accepted(example, decimals, data):
    """Also where some of the steps were not written down (but not with Adam and its like, whose
    squares round to nothing)."""
    graph = Graph(trace_example(example))
    with np.errstate(all="ignore"):
        values = calculated(graph, decimals=decimals)
    assume(finite(values))
    squares = "epsilon" in OPTIMIZERS[example.update.optimizer].settings
    nodes = calculable(graph) if squares else some(data, graph)
    report = check(graph.trace, written(graph, values, nodes, decimals))
    assert report.ok, report.text()


def test_three_decimals_at_every_step_are_rounded_and_not_wrong():
    graph = Graph(trace("classic-2-2-2"))
    values = calculated(graph, decimals=3)
    report = check(graph.trace, written(graph, values, calculable(graph), 3))
    assert report.ok and report.counts["rounded"] > 0
    assert "rounded on the way" in report.text()
    last = check(graph.trace, written(graph, values, [(1, "loss_new")], 3))
    assert last.ok


# a slip is found


def located(graph: Graph, name: str, node: Node, formula, nodes, decimals: int) -> bool:
    """Whether the slip can be seen in these nodes; then the check must find and name it."""
    right = calculated(graph)
    try:
        values = calculated(graph, {node: formula})
    except ValueError:  # the shapes do not allow it
        return False
    if not finite(values):
        return False
    unit = 10.0**-decimals
    off = {one: np.abs(values[one] - right[one]) for one in nodes}
    if not any((off[n] > 100 * unit * (1 + np.abs(right[n]))).any() for n in nodes):
        return False
    report = check(graph.trace, written(graph, values, nodes, decimals))
    first = report.findings[0]
    assert not report.ok
    assert name in first.slips, report.text()
    assert (off[first.step, first.key] > 0.4 * unit).any()
    passed = [one for one in nodes if graph.place[one] < graph.place[first.step, first.key]]
    assert all((off[n] <= 100 * unit * (1 + np.abs(right[n]))).all() for n in passed)
    return True


@settings(max_examples=30, deadline=None)
@given(networks(), st.integers(4, 10), st.data())
def test_each_slip_is_located_and_named(example, decimals, data):
    """Its consequences are carried forward; all of the numbers are written down, or some."""
    graph = Graph(trace_example(example))
    slips = possible(graph.trace)
    name = data.draw(st.sampled_from(sorted({name for name, _, _ in slips})))
    _, node, formula = data.draw(st.sampled_from([one for one in slips if one[0] == name]))
    located(graph, name, node, formula, some(data, graph), decimals)


@pytest.mark.parametrize("name", [slip.name for slip in SLIPS])
def test_every_row_of_the_table_is_found(name):
    """In one of a few networks, at its first quantity where it shows; all is written down."""
    for example in NETWORKS:
        graph = Graph(trace_example(example))
        for found, node, formula in possible(graph.trace):
            if found == name and located(graph, name, node, formula, calculable(graph), 7):
                return
    pytest.fail(f"{name} shows in none of the networks")


@settings(max_examples=20, deadline=None)
@given(networks(), st.data())
def test_a_number_that_is_far_off_is_never_rounded(example, data):
    graph = Graph(trace_example(example))
    values = calculated(graph)
    assume(finite(values))
    nodes = calculable(graph)
    node = data.draw(st.sampled_from(nodes))
    at = tuple(data.draw(st.integers(0, size - 1)) for size in values[node].shape)
    values[node] = values[node].copy()
    values[node][at] += 1e-3 * (1 + abs(values[node][at]))
    report = check(graph.trace, written(graph, values, nodes, 8))
    assert not report.ok
    assert report.findings[0].key == node[1] and report.findings[0].step == node[0]
    assert sum(mark.verdict == "wrong" for mark in report.marks) == 1


# a student and B-Q1.1


def student(slips: dict[tuple[int, str], str], decimals: int = 4, keys=None, **changes):
    """B-Q1.1 with planted slips, as a report."""
    graph = Graph(trace("B-Q1.1", **changes))
    planted = {}
    for node, name in slips.items():
        step, quantity = graph.trace.steps[node[0] - 1], graph.quantity(node)
        slip = next(one for one in SLIPS if one.name == name)
        scene = Scene(graph.trace.example, step, quantity, quantity.formula)
        planted[node] = slipped(slip, scene)[0]
    values = calculated(graph, planted)
    nodes = [one for one in calculable(graph) if keys is None or one[1] in keys]
    return check(graph.trace, written(graph, values, nodes, decimals))


@pytest.mark.parametrize(
    ("node", "name", "words"),
    [
        ((1, "dA2"), "updated_first", "W^[3] was updated before all derivatives were known"),
        ((1, "S2"), "derivative_at_a", "the derivative of tanh is taken at h^[2] and not at z^[2]"),
        ((1, "Z2"), "forgot_bias", "the bias b^[2] is left out"),
        ((2, "Z3"), "transposed_weights", "W^[3] is taken transposed"),
        ((1, "S2"), "z_for_a", "z^[2] stands for h^[2] in the derivative of tanh"),
        ((1, "loss"), "missing_half", "the 1/2 of the loss is missing"),
    ],
)
def test_a_planted_slip_is_named(node, name, words):
    changes = {"update": {"rate": 0.1, "steps": 2}} if node[0] == 2 else {}
    report = student({node: name}, **changes)
    assert not report.ok
    assert report.first_wrong == (node[1] if node[0] == 1 else f"step2.{node[1]}")
    assert report.findings[0].slips[0] == name
    assert report.findings[0].at == node[1]
    assert words in report.findings[0].text
    assert len(report.findings) == 1
    wrong = [mark for mark in report.marks if mark.verdict == "wrong"]
    assert all(mark.follows for mark in wrong if (mark.step, mark.key) != node)


def test_a_slip_in_a_step_that_is_not_written_down_is_named():
    report = student({(1, "dA2"): "updated_first"}, keys=("Z1", "loss", "dW1"))
    found = report.findings[0]
    assert (report.first_wrong, found.at, found.slips) == ("dW1", "dA2", ("updated_first",))
    assert "(in ∂L/∂h^[2], which you did not write down)" in found.text


def test_the_same_slip_in_each_layer_is_named_once():
    slips = {(1, "S1"): "derivative_at_a", (1, "S2"): "derivative_at_a"}
    report = student(slips, 6, keys=("loss", "dW1"))
    assert [one.slips for one in report.findings] == [("derivative_at_a",)]
    assert "S^[1] and S^[2]" in report.findings[0].text


def test_of_two_slips_that_give_the_same_the_one_at_the_quantity_comes_first():
    """The logistic of A2 twice has the derivative at A2, but here dZ2 is of the right A2."""
    answers = {
        "S2": [["0.225"], ["0.222"], ["0.250"], ["0.227"]],
        "dZ2": [["-0.086"], ["0.186"], ["-3.906"], ["0.150"]],  # each step with 3 decimals
    }
    report = check("E-2.3", answers)
    assert [one.at for one in report.findings] == ["S2"]
    assert report.findings[0].slips[0] == "derivative_at_a"


def test_two_slips_are_two_findings():
    report = student({(1, "Z2"): "forgot_bias", (1, "S1"): "derivative_at_a"})
    assert [(one.key, one.slips) for one in report.findings] == [
        ("Z2", ("forgot_bias",)),
        ("S1", ("derivative_at_a",)),
    ]


def test_one_decimal_is_too_few_to_be_sure():
    report = check("B-Q1.1", {"Z2": "0.1"})
    assert report.findings[0].unsure
    assert "more decimals would tell" in report.findings[0].text
    assert not check("B-Q1.1", {"Z2": "0.1165"}).findings[0].unsure


def test_a_number_from_nowhere_has_no_slip():
    report = check("B-Q1.1", {"Z1": "7.1234"})
    assert report.findings[0].slips == ()
    assert "No slip that we know" in report.findings[0].text
    assert "z^[1] = W^[1] " in report.findings[0].formula


def test_a_slip_in_some_numbers_only():
    report = check("B-Q1.1", {"Z2": ["0.2165", "0.1165", "0.2165"]})
    assert report.findings[0].slips == ("forgot_bias",)
    assert "1 of its 3 numbers" in report.findings[0].text
    assert [mark.verdict for mark in report.marks] == ["right", "wrong", "right"]
    assert report.marks[1].index == (2, 1)  # the example writes samples as columns


# the report


def test_a_report_is_plain_data():
    report = check("B-Q1.1", {"Z1": ["0.30", "?", "0.31", ""], "loss": None})
    assert report.blanks == 3
    assert [(mark.typed, mark.ours, mark.verdict) for mark in report.marks] == [
        ("0.30", "0.30", "right"),
        ("0.31", "0.30", "wrong"),
    ]
    assert report.counts == {"right": 1, "rounded": 0, "wrong": 1}
    assert report.summary == "2 numbers: 1 right, 1 wrong; 3 left open."


def test_nothing_answered_is_not_an_error():
    report = check("B-Q1.1", {"Z1": "?"})
    assert report.ok and report.first_wrong is None and report.blanks == 4
    assert "No numbers to check, 4 left open." in report.text()


@pytest.mark.parametrize("width", [40, 72, 100])
def test_the_text_fits_the_width(width):
    report = student({(1, "Z2"): "forgot_bias"})
    assert max(map(len, report.text(width).splitlines())) <= width
    assert "\x1b" not in report.text(width)


def test_the_html_escapes_and_shows_itself():
    report = check(trace("B-Q1.1").example.model_copy(update={"title": "a < b"}), {"Z1": "0.31"})
    assert report._repr_html_() == report.html()
    assert "a &lt; b" in report.html() and "z^[1][1,1] = 0.31" in report.html()


def test_sources():
    found = trace("B-Q1.1")
    values = {"loss": typed(found["loss"], 3)}
    assert check(found, values).ok and check("b-q1.1", values).ok
    assert not check("B-Q1.1", values, reduction="sum", loss="mean_squared_error").ok
    with pytest.raises(ExampleError, match="Unknown quantity 'lss'"):
        check(found, {"lss": 1})


def test_the_docstring_runs():
    module = importlib.import_module("chainrule.worked.checking.check")
    assert doctest.testmod(module).attempted > 3
    assert doctest.testmod(module).failed == 0
