"""Figures of a regressor's answers show exactly the numbers that they were given."""

import numpy as np
import pytest

from chainrule.errors import InvalidInputError
from chainrule.reports import figures
from chainrule.reports.svg import inline_svg

TRUTH = np.linspace(10, 50, 60)
SAID = TRUTH + 5 * np.sin(TRUTH)


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def test_predicted_stands_over_true_beside_the_line_of_equals():
    figure = figures.predicted_against_true(TRUTH, SAID, target="weight", title="Net", n_rows=90)
    axes = figure.axes[0]
    drawn = lines(axes)
    np.testing.assert_array_equal(drawn["a row"].get_xdata(), TRUTH)
    np.testing.assert_array_equal(drawn["a row"].get_ydata(), SAID)
    np.testing.assert_array_equal(drawn["as it is"].get_xdata(), drawn["as it is"].get_ydata())
    assert axes.get_xlim() == axes.get_ylim()
    assert axes.get_xlabel() == "true weight" and axes.get_ylabel() == "predicted weight"
    r = np.corrcoef(TRUTH, SAID)[0, 1]
    text = figure.get_label()
    assert "60 of 90 rows" in text and f"Correlation {r:.3f}" in text
    assert figure.get_suptitle() == "Net: predicted against true"
    assert inline_svg(figure, "a").count("<path")


def test_residuals_are_true_less_predicted_with_the_middles_of_tenths():
    figure = figures.residuals(TRUTH, SAID, title="Net")
    axes = figure.axes[0]
    drawn = lines(axes)
    np.testing.assert_array_equal(drawn["a row"].get_xdata(), SAID)
    np.testing.assert_array_equal(drawn["a row"].get_ydata(), TRUTH - SAID)
    order = np.argsort(SAID)
    first = order[:6]
    middles = drawn["middle of a tenth"].get_xydata()
    assert len(middles) == 10
    np.testing.assert_allclose(
        middles[0], [np.median(SAID[first]), np.median((TRUTH - SAID)[first])]
    )
    rmse = np.sqrt(np.mean((TRUTH - SAID) ** 2))
    heights = {
        float(line.get_ydata()[0]) for line in axes.get_lines() if len(line.get_ydata()) == 2
    }
    assert {0.0, rmse, -rmse} <= heights
    assert f"RMSE {rmse:.4g}" in figure.get_label()
    told = figures.residuals(TRUTH, SAID, rmse=7.0)
    assert "RMSE 7." in told.get_label()


def test_of_few_rows_no_trend_is_drawn():
    assert "middle of a tenth" not in lines(figures.residuals(TRUTH[:20], SAID[:20]).axes[0])


@pytest.mark.parametrize("draw", [figures.predicted_against_true, figures.residuals])
def test_answers_that_are_no_numbers_are_left_out(draw):
    said = [1.0, None, np.inf, 4.0]
    figure = draw([1.0, 2.0, 3.0, 4.0], said)
    assert len(lines(figure.axes[0])["a row"].get_xdata()) == 2
    assert "no answers" in draw([1.0], [np.nan]).get_label()
    assert draw([2.0, 2.0], [2.0, 2.0]).get_label()
    assert (
        "2 answers are no numbers"
        in figures.predicted_against_true([1.0, 2.0, 3.0, 4.0], said).get_label()
    )
    with pytest.raises(InvalidInputError, match="came 1 answers and 2 true values"):
        draw([1.0, 2.0], [1.0])


def test_a_curve_goes_through_its_points():
    x = np.linspace(0, 6, 50)
    points = np.column_stack([x[::5], np.sin(x[::5])])
    figure = figures.prediction_curve(
        x, np.sin(x), train=points, test=points[:3], feature_name="time", target="height"
    )
    axes = figure.axes[0]
    drawn = lines(axes)
    np.testing.assert_array_equal(drawn["predicted"].get_ydata(), np.sin(x))
    np.testing.assert_array_equal(drawn["train"].get_xydata(), points)
    assert len(drawn["test"].get_xdata()) == 3
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time", "height")
    assert "10 train and 3 test points" in figure.get_label()


def test_a_curve_that_runs_away_does_not_press_the_points_flat():
    x = np.linspace(0, 1, 20)
    figure = figures.prediction_curve(x, 1e6 * x, train=np.column_stack([x, x]))
    low, high = figure.axes[0].get_ylim()
    assert low > -2 and high == pytest.approx(2, abs=0.1)
    gone = figures.prediction_curve(x, np.full(20, np.nan))
    assert gone.get_label().endswith("no answers.")
