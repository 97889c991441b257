"""The importance of hyperparameters."""

from chainrule.reports import figures


def test_the_largest_share_is_on_top_and_every_share_is_written():
    figure = figures.parameter_importance({"l2": 0.004, "rate": 0.896, "width": 0.1}, title="mnist")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["rate", "width", "l2"]
    assert axes.yaxis_inverted()
    assert [bar.get_width() for bar in axes.patches] == [0.896, 0.1, 0.004]
    assert [text.get_text() for text in axes.texts] == ["90 %", "10 %", "< 1 %"]
    assert figure.get_label() == "mnist: importance: rate 90 %, width 10 %, l2 < 1 %."


def test_nothing_measured_is_still_drawn():
    figure = figures.parameter_importance({})
    assert figure.get_label() == "Importance of hyperparameters: nothing was measured."
    assert figures.parameter_importance({"a": 0.0}).axes[0].texts[0].get_text() == "0 %"
