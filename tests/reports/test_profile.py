"""One hyperparameter against what came of its values."""

import numpy as np
import pytest

from chainrule.errors import InvalidInputError
from chainrule.reports.figures import sweep_profile

MEANS = {"equal epochs": [0.9, 0.8, None], "equal updates": [0.5, 0.6, 0.7]}


def drawn(**more):
    return sweep_profile([6, 64, 6400], MEANS, name="batch size", quantity="accuracy", **more)


def test_a_line_a_way_and_a_mark_a_value():
    (axes,) = drawn().axes
    lines = {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
    assert set(lines) == set(MEANS)
    assert lines["equal updates"].get_ydata().tolist() == [0.5, 0.6, 0.7]
    assert np.isnan(lines["equal epochs"].get_ydata()[2])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["6", "64", "6400"]
    assert axes.get_xlabel() == "batch size" and axes.get_yscale() == "linear"


def test_intervals_are_bars_where_both_ends_are_known():
    ends = {"equal updates": [(0.4, 0.6), (None, None), (0.6, 0.8)]}
    (axes,) = drawn(intervals=ends).axes
    bars = [each for each in axes.collections if len(each.get_segments())]
    spans = sorted(tuple(np.round(s[:, 1], 6)) for bar in bars for s in bar.get_segments())
    assert spans == [(0.4, 0.6), (0.6, 0.8)]


def test_what_diverged_has_a_cross_and_is_told():
    figure = drawn(diverged={"equal epochs": [0, 0, 1], "equal updates": [0, 0.5, 0]})
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert sum(len(line.get_xdata()) for line in crosses) == 2
    assert "6400 diverged" in figure.get_label() and "64 0.6 (50 % diverged)" in figure.get_label()


def test_far_apart_means_have_a_logarithmic_axis():
    (axes,) = sweep_profile([1, 2], {"": [0.01, 1.0]}).axes
    assert axes.get_yscale() == "log"


def test_nothing_to_show():
    assert "nothing" in sweep_profile([1], {"": [None]}).get_label()


@pytest.mark.parametrize(
    "more",
    [{"diverged": {"equal epochs": [0]}}, {"intervals": {"equal epochs": [(0.1, 0.2)]}}],
)
def test_another_number_of_values_is_refused(more):
    with pytest.raises(InvalidInputError, match="for each of 3 values is required, came 1"):
        drawn(**more)
