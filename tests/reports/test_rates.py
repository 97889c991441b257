"""The figure of a learning-rate range test."""

import numpy as np

from chainrule.reports.figures import learning_rate_range

RATES = np.geomspace(1e-4, 1, 50)
SMOOTH = 2 - 1.5 * np.minimum(RATES / 0.1, 1) + np.where(RATES > 0.3, 100, 0)


def test_losses_marks_and_what_is_shown():
    figure = learning_rate_range(
        RATES, SMOOTH + 0.01, SMOOTH, suggested=0.01, lowest=0.1, diverged=0.5, title="Net"
    )
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    low, high = axes.get_ylim()
    assert low < 0.5 and 2 < high < 5  # what came before the lowest point, not the explosion
    assert [text.get_text() for text in axes.texts] == [
        "suggested 0.01", "lowest 0.1", "diverged 0.5",
    ]  # fmt: skip
    assert figure.get_label() == (
        "Net: learning-rate range test, from 0.0001 to 1 in 50 steps. The smoothed loss is lowest "
        "at 0.1; suggested: 0.01. It diverged at 0.5."
    )


def test_a_loss_that_never_fell():
    rising = np.linspace(1, 2, 50)
    figure = learning_rate_range(RATES, rising, rising)
    assert figure.get_label().endswith("The loss never fell.")
    assert not list(figure.axes[0].texts)


def test_losses_that_are_not_finite_leave_gaps():
    figure = learning_rate_range([0.1, 1.0], [1.0, None], [1.0, None], diverged=1.0)
    assert "It diverged at 1" in figure.get_label()
    assert "no step was made" in learning_rate_range([], [], []).get_label()
