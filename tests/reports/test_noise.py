"""The gradient noise scale along trainings."""

import math

from chainrule.reports.figures import gradient_noise

FOUND = {
    "batch 6": ([10, 100, 1000], [20.0, 300.0, None], [15.0, 200.0, 900.0], [30.0, 500.0, None]),
    "batch 64": ([10], [25.0], [20.0], [math.inf]),
}


def test_a_line_a_training_on_two_logarithmic_axes():
    figure = gradient_noise(FOUND, batch_sizes=[6, 64], title="Net")
    (axes,) = figure.axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    named = {line.get_label(): line for line in axes.lines}
    assert named["batch 6"].get_ydata().tolist() == [20.0, 300.0]
    said = [text.get_text() for text in axes.texts]
    assert said == ["batch 6", "batch 64"]
    assert figure.get_label() == (
        "Net: gradient noise scale: batch 6 from 20 rows after 10 updates to 300 after 100; "
        "batch 64 from 25 rows after 10 updates to 25 after 10. Batch sizes: 6, 64."
    )


def test_an_interval_without_upper_end_has_an_arrow():
    (axes,) = gradient_noise(FOUND).axes
    arrows = [
        line for line in axes.lines if line.get_marker() == "^" and line.get_linestyle() == "None"
    ]
    assert sum(len(line.get_xdata()) for line in arrows) == 1


def test_nothing_measured():
    assert "nothing was measured" in gradient_noise({}).get_label()
