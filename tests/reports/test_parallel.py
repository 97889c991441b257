"""Parallel coordinates."""

import numpy as np
import pytest

from chainrule.errors import InvalidInputError
from chainrule.reports import figures
from chainrule.reports.figures.style import LOOKS, MUTED

ROWS = [{"a": float(k), "b": "xy"[k % 2], "c": 1} for k in range(9)]
SCORES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, np.nan]


def by_colour(axes, colour):
    return [line for line in axes.get_lines() if line.get_color() == colour]


def test_every_candidate_is_a_line_through_its_values_to_its_score():
    figure = figures.parallel_coordinates(ROWS, SCORES, top=2, score="accuracy")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b", "accuracy"]
    (first,) = by_colour(axes, LOOKS[0].colour)
    np.testing.assert_allclose(first.get_ydata(), [7 / 8, 1, 1])
    (second,) = by_colour(axes, LOOKS[1].colour)
    np.testing.assert_allclose(second.get_ydata(), [6 / 8, 0, 6 / 7])
    others = by_colour(axes, MUTED)
    assert len(others) == 7
    assert sorted(round(float(line.get_ydata()[2]), 4) for line in others)[1:] == pytest.approx(
        [k / 7 for k in range(6)], abs=1e-4
    )
    assert "Candidates by accuracy: 9 candidates, 1 of which diverged." in figure.get_label()
    assert "1. 0.8 with a = 7, b = y, c = 1." in figure.get_label()


def test_the_best_are_told_apart_by_more_than_colour():
    figure = figures.parallel_coordinates(ROWS, SCORES)
    strong = [line for line in figure.axes[0].get_lines() if line.get_linewidth() == 2.2]
    assert len({line.get_marker() for line in strong}) == len(strong) == 5
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        *("1. 0.8", "2. 0.7", "3. 0.6", "4. 0.5", "5. 0.4")
    ]


def test_a_diverged_line_ends_in_a_cross_below():
    figure = figures.parallel_coordinates(ROWS, SCORES)
    (cross,) = [line for line in figure.axes[0].get_lines() if line.get_marker() == "x"]
    assert float(cross.get_ydata()[0]) < 0
    assert "× 1 diverged" in [text.get_text() for text in figure.texts]


def test_a_logarithmic_axis_says_so():
    rows = [{"rate": 10.0**-k} for k in range(5)]
    labels = figures.parallel_coordinates(rows, range(5)).axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == ["rate\n(log)", "score"]
    labels = figures.parallel_coordinates(rows, range(5), log=[]).axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == ["rate", "score"]


def test_what_some_lack_has_no_axis():
    rows = [{"a": 1.0, "b": 2.0}, {"a": 2.0, "b": 3.0}, {"a": 3.0}]
    labels = figures.parallel_coordinates(rows, [1, 2, 3]).axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == ["a", "score"]


def test_the_hopeless_end_at_the_foot():
    figure = figures.parallel_coordinates([{"a": k} for k in range(4)], [0.9, 0.91, 0.92, 0.1])
    assert "1 lower end at the foot of the scores" in [text.get_text() for text in figure.texts]
    lowest = min(float(line.get_ydata()[-1]) for line in figure.axes[0].get_lines())
    assert lowest == 0


@pytest.mark.parametrize("scores", [[None, None], [0.5, 0.5]])
def test_without_a_difference_it_is_still_drawn(scores):
    assert figures.parallel_coordinates([{"a": 1}, {"a": 2}], scores).get_label()


def test_a_score_is_required_for_each():
    with pytest.raises(InvalidInputError, match="came 9 candidates and 1 scores"):
        figures.parallel_coordinates(ROWS, [1])
