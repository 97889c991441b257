"""Titles stay on the figure, however long a model's label is."""

import numpy as np
import pytest

from chainrule.reports import figures
from chainrule.reports.figures.axes import FULL, HALF
from chainrule.reports.figures.wrapping import wrapped

LABEL = "Softmax once: cross-entropy on logits"
FONT = {"size": 11, "weight": "bold"}

DRAWN = {
    "weights": lambda title: figures.first_layer_weights(
        np.random.default_rng(0).standard_normal((16, 128)), (4, 4), title=title
    ),
    "confusion": lambda title: figures.confusion_matrix(
        9000 * np.eye(2, dtype=int) + 1, ("0", "1"), title=title
    ),
    "mistakes": lambda title: figures.confident_mistakes(
        np.ones((1, 2, 2)), [0], [1], [0.9], title=title
    ),
    "drawing": lambda title: figures.network_drawing((784, 128, 10), title=title),
    "curves": lambda title: figures.learning_curves({"training": [2.0, 1.0]}, title=title),
    "layers": lambda title: figures.layer_diagnosis({"update_ratio": np.ones((4, 2))}, title=title),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
@pytest.mark.parametrize("title", [LABEL, 3 * LABEL, 90 * "x", "A"])
def test_a_long_title_ends_on_the_figure_and_above_the_axes(draw, title):
    figure = draw(title)
    heading = figure.texts[0].get_window_extent()
    assert heading.x0 >= 0
    assert heading.x1 <= figure.bbox.x1
    assert heading.y1 <= figure.bbox.y1
    assert all(axes.get_window_extent().y1 <= heading.y0 for axes in figure.axes)
    said = "".join(figure.get_suptitle().split())
    assert said.startswith("".join(title.split()))


def test_a_further_line_takes_nothing_from_the_picture():
    short, long = (figures.network_drawing((784, 128, 10), title=t) for t in ("A", 3 * LABEL))
    heights = [figure.axes[0].get_window_extent().height for figure in (short, long)]
    assert heights[1] == pytest.approx(heights[0], rel=0.06)


def test_lines_break_between_words_and_lose_none():
    text = f"{LABEL}: the 64 strongest of 128 first-layer units"
    lines = wrapped(text, HALF, **FONT)
    assert len(lines) == 2
    assert " ".join(lines) == text
    assert wrapped(text, FULL, **FONT) == [text]
    assert wrapped("", HALF, **FONT) == []
    assert "".join(wrapped(200 * "x", HALF, **FONT)) == 200 * "x"


LABELS = (LABEL, "Softmax twice: its output taken for logits", "A sigmoid for each class")


@pytest.mark.parametrize("labels", [LABELS, ("A", "B", "C")])
@pytest.mark.parametrize("draw", [figures.recall_by_class, figures.learning_curves])
def test_a_legend_of_long_labels_ends_on_the_figure(draw, labels):
    table = {label: [0.9, 0.8] for label in labels}
    figure = draw(table, ("a", "b")) if draw is figures.recall_by_class else draw(table)
    (legend,) = figure.legends
    extent = legend.get_window_extent()
    assert extent.x0 >= 0
    assert extent.x1 <= figure.bbox.x1
    assert [text.get_text() for text in legend.get_texts()] == list(labels)
