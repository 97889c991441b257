"""The learning curves of a whole search."""

import numpy as np
import pytest

from chainrule.errors import InvalidInputError
from chainrule.reports import figures
from chainrule.reports.figures.candidates import ENDS

CURVES = [[2.0, 1.0, 0.5, 0.4], [2.1, 1.5], [2.2, None, 0.9], [2.3, 50.0, np.nan]]
ENDED = ["finished", "dropped", "stopped", "diverged"]


def test_each_line_ends_where_its_training_ended():
    figure = figures.candidate_curves(CURVES, ENDED, best=0, title="digits")
    (axes,) = figure.axes
    lines = axes.get_lines()
    thin, best = lines[:3], lines[3]
    np.testing.assert_array_equal(best.get_ydata(), CURVES[0])
    np.testing.assert_array_equal(thin[0].get_xdata(), [1, 2])
    np.testing.assert_array_equal(thin[1].get_ydata(), [2.2, np.nan, 0.9])
    ends = {line.get_label(): line for line in lines[4:]}
    assert list(ends) == ["stopped by themselves (1)", "dropped by the search (1)", "diverged (1)"]
    stopped = ends["stopped by themselves (1)"]
    assert (list(stopped.get_xdata()), list(stopped.get_ydata())) == ([3], [0.9])
    dropped = ends["dropped by the search (1)"]
    assert (list(dropped.get_xdata()), list(dropped.get_ydata())) == ([2], [1.5])
    assert figure.get_label() == (
        "digits: validation loss of 4 candidates: 1 had their whole budget, 1 stopped by "
        "themselves, 1 dropped by the search, 1 diverged. "
        "The best goes from 2 to 0.4 in 4 epochs."
    )


def test_a_diverging_line_does_not_press_the_others_flat():
    axes = figures.candidate_curves(CURVES, ENDED).axes[0]
    assert axes.get_ylim()[1] < 2.6
    (mark,) = [line for line in axes.get_lines() if line.get_label() == "diverged (1)"]
    assert (list(mark.get_xdata()), list(mark.get_ydata())) == ([2], [axes.get_ylim()[1]])


def test_ends_are_told_apart_by_more_than_colour():
    assert len({marker for marker, _, _ in ENDS.values()}) == len(ENDS)


@pytest.mark.parametrize(("low", "scale"), [(0.5, "linear"), (0.01, "log")])
def test_the_axis_is_logarithmic_where_it_helps(low, scale):
    curves = [[1.0, low], [1.0, 1e9]]
    ended = ["finished", "diverged"]
    assert figures.candidate_curves(curves, ended).axes[0].get_yscale() == scale
    even = figures.candidate_curves(curves, ended, logarithmic=False)
    assert even.axes[0].get_yscale() == "linear"


def test_epochs_of_one_s_own():
    figure = figures.candidate_curves([[1.0, 0.5]], ["dropped"], epochs=[[10, 20]])
    np.testing.assert_array_equal(figure.axes[0].get_lines()[0].get_xdata(), [10, 20])


@pytest.mark.parametrize(
    ("curves", "ended"), [([], []), ([[]], ["diverged"]), ([[np.nan]], ["diverged"])]
)
def test_without_a_value_it_is_still_drawn(curves, ended):
    assert figures.candidate_curves(curves, ended).get_label()


def test_what_does_not_fit_is_refused():
    with pytest.raises(InvalidInputError, match="came 4 curves, 1 ends and 4 epochs"):
        figures.candidate_curves(CURVES, ["finished"])
    with pytest.raises(InvalidInputError, match=r"Unknown end of a training 'divergd'\. Did you"):
        figures.candidate_curves([[1.0]], ["divergd"])
