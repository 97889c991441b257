"""Scores by hyperparameter."""

import numpy as np
import pytest

from chainrule.errors import InvalidInputError
from chainrule.reports import figures

ROWS = [
    {"rate": 1e-4, "act": "relu", "n": 3},
    {"rate": 1e-3, "act": "tanh", "n": 3},
    {"rate": 1e-2, "act": "relu", "n": 3},
    {"rate": 1e0, "act": "tanh", "n": 3, "only": 1},
]
SCORES = [0.5, 0.9, 0.8, None]


def drawn(axes):
    return {line.get_marker() + str(line.get_markersize()): line for line in axes.get_lines()}


def test_a_panel_for_each_that_varies_with_every_candidate():
    figure = figures.score_by_parameter(ROWS, SCORES, score="accuracy", title="digits")
    rate, act = figure.axes
    assert (rate.get_xlabel(), act.get_xlabel()) == ("rate", "act")
    lines = drawn(rate)
    np.testing.assert_allclose(lines["o5.0"].get_xdata(), [0, 0.25, 0.5, 1])
    np.testing.assert_array_equal(lines["o5.0"].get_ydata(), [0.5, 0.9, 0.8, np.nan])
    np.testing.assert_allclose(lines["x5.5"].get_xdata(), [1])
    assert [float(value) for value in lines["o12.0"].get_xdata()] == [0.25]
    assert [label.get_text() for label in act.get_xticklabels()] == ["relu", "tanh"]
    assert rate.get_ylim() == act.get_ylim()
    assert "× 1 diverged" in [text.get_text() for text in figure.texts]
    assert figure.get_label() == (
        "digits: accuracy of 4 candidates by hyperparameter, from 0.5 to 0.9; 1 diverged. "
        "Best: rate = 0.001, act = tanh, n = 3."
    )


def test_dots_of_one_value_lie_beside_each_other():
    rows = [{"kind": kind} for kind in ("a", "b") for _ in range(20)]
    figure = figures.score_by_parameter(rows, np.full(40, 0.5))
    places = drawn(figure.axes[0])["o5.0"].get_xdata()
    assert len(set(np.round(places, 4))) == 40
    assert places[:20].max() < 0.1 and places[20:].min() > 0.9


def test_the_chosen_one_need_not_have_the_highest_score():
    figure = figures.score_by_parameter(ROWS, SCORES, best=2)
    ring = drawn(figure.axes[0])["o12.0"]
    assert (float(ring.get_xdata()[0]), float(ring.get_ydata()[0])) == (0.5, 0.8)
    assert "Best: rate = 0.01" in figure.get_label()


def test_the_scale_can_be_said():
    even = figures.score_by_parameter(ROWS, SCORES, log=())
    places = drawn(even.axes[0])["o5.0"].get_xdata()
    np.testing.assert_allclose(places, [0, 0.0009, 0.0099, 1], atol=1e-4)


def test_hopeless_candidates_are_cut_off_and_counted():
    scores = [0.1, 0.90, 0.91, 0.92, 0.915]
    figure = figures.score_by_parameter([{"C": n} for n in range(5)], scores)
    assert figure.axes[0].get_ylim()[0] > 0.5
    assert "1 lower score below the axis" in [text.get_text() for text in figure.texts]


def test_a_search_in_which_all_diverged_or_nothing_varies_is_still_drawn():
    figure = figures.score_by_parameter([{"C": 1}, {"C": 2}], [None, np.nan])
    assert figure.get_label() == "Score of 2 candidates by hyperparameter; 2 diverged."
    figure = figures.score_by_parameter([{"C": 1}], [0.5])
    assert figure.get_supxlabel() == "no hyperparameter varies"


def test_a_score_is_required_for_each():
    with pytest.raises(InvalidInputError, match="came 4 candidates and 2 scores"):
        figures.score_by_parameter(ROWS, [1, 2])
