"""Several trainings in one figure."""

import numpy as np
import pytest

from chainrule.reports.figures.overlaid import overlaid_curves
from chainrule.reports.figures.style import SURFACE, look


def axes_of(curves, **options):
    figure = overlaid_curves(curves, **options)
    return figure, figure.axes[0]


def test_each_curve_has_epochs_of_its_own():
    curves = {"a": ([1, 2, 3], [0.5, None, 0.4]), "b": ([1, 2], [0.6, 0.3])}
    figure, axes = axes_of(curves, quantity="validation loss")
    assert [line.get_label() for line in axes.lines] == ["a", "b"]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [0.5, np.nan, 0.4])
    assert figure.get_label() == (
        "Validation loss: a from 0.5 to 0.4 in 3 epochs; b from 0.6 to 0.3 in 2 epochs."
    )


@pytest.mark.parametrize(("low", "scale"), [(0.5, "linear"), (0.001, "log"), (0.0, "linear")])
def test_the_axis_is_logarithmic_when_values_span_far(low, scale):
    _, axes = axes_of({"a": ([1, 2], [1.0, low])})
    assert axes.get_yscale() == scale


@pytest.mark.parametrize(("length", "scale"), [(10, "linear"), (100, "log")])
def test_so_are_the_epochs_when_one_training_is_much_longer(length, scale):
    _, axes = axes_of({"a": ([1, 2], [1, 2]), "b": (range(1, length + 1), [1.0] * length)})
    assert axes.get_xscale() == scale


def test_curves_look_different():
    _, axes = axes_of({str(n): ([1, 2], [n, n]) for n in range(6)})
    assert len({(line.get_color(), line.get_marker()) for line in axes.lines}) == 6


def test_24_curves_are_told_apart_by_their_lines_and_by_their_marks():
    """Alone by each: a mark may be hidden under another, and a line be too short to tell."""
    _, axes = axes_of({str(n): ([1, 2], [n, n]) for n in range(24)})
    looks = [look(n) for n in range(24)]
    assert len({(each.colour, each.line) for each in looks}) == 24
    drawn = [(one.get_color(), one.get_marker(), one.get_markerfacecolor()) for one in axes.lines]
    assert drawn == [(each.colour, each.marker, each.face) for each in looks]
    assert len(set(drawn)) == 24
    assert len({look(n) for n in range(72)}) == 72
    hollow = [line.get_markerfacecolor() == SURFACE for line in axes.lines]
    assert hollow == ([False] * 6 + [True] * 6) * 2
