"""Every figure shows exactly the numbers that it was given."""

import warnings

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex

from chainrule.reports import figures
from chainrule.reports.figures.overlaid import overlaid_curves
from chainrule.reports.figures.style import LOOKS
from chainrule.reports.svg import inline_svg


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_curves_are_the_input_and_the_best_epoch_is_marked():
    train, validation = [2.0, 0.5, 0.01], [2.1, 0.4, 0.6]
    figure = figures.learning_curves({"training": train, "validation": validation}, best_epoch=2)
    axes = figure.axes[0]
    drawn = lines(axes)
    np.testing.assert_array_equal(drawn["training"].get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(drawn["training"].get_ydata(), train)
    np.testing.assert_array_equal(drawn["validation"].get_ydata(), validation)
    assert "lowest loss in epoch 2" in texts(axes)
    assert [2, 2] in [list(line.get_xdata()) for line in axes.get_lines()]
    assert "validation from 2.1 to 0.6" in figure.get_label()
    assert "Lowest loss in epoch 2" in figure.get_label()


def test_curves_are_logarithmic_only_where_it_helps():
    assert figures.learning_curves({"a": [1.0, 0.01]}).axes[0].get_yscale() == "log"
    assert figures.learning_curves({"a": [1.0, 0.5]}).axes[0].get_yscale() == "linear"
    assert figures.learning_curves({"a": [1.0, 0.0]}).axes[0].get_yscale() == "linear"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("top", [1e290, 1e300, 1.7e308])
@pytest.mark.parametrize("bottom", [1.0, 1e-300, -1.0, -1.7e308])
def test_a_loss_near_the_end_of_the_numbers_is_drawn(top, bottom):
    values = [bottom, 5.0, top, np.nan]
    figure = figures.learning_curves({"training": values})
    assert inline_svg(figure, "a").count("<path")
    drawn = lines(figure.axes[0])["training"].get_ydata()
    assert drawn[1] == 5.0 and 1e100 < drawn[2] < top and np.isnan(drawn[3])
    assert f"{bottom:.4g} to {top:.4g}" in figure.get_label(), "the words say what it is"
    runs = {"a": ([1, 2, 3, 4], values), "b": ([1, 2], [2.0, np.inf])}
    both = overlaid_curves(runs)
    assert inline_svg(both, "b") and np.isinf(lines(both.axes[0])["b"].get_ydata()[1])
    layers = {"gradient_norm": np.array([[1.0, abs(bottom)], [top, top]])}
    assert inline_svg(figures.layer_diagnosis(layers), "c")


def test_the_scale_can_be_said():
    curves = {"a": [1.0, 0.01]}
    assert figures.learning_curves(curves, logarithmic=False).axes[0].get_yscale() == "linear"


def test_the_legend_hides_no_curve():
    curves = {"training": np.full(12, 0.5), "validation": np.linspace(0.6, 0.55, 12)}
    figure = figures.learning_curves(curves | {"test": np.full(12, 0.62)})
    (legend,) = figure.legends
    axes = figure.axes[0]
    assert axes.get_legend() is None
    assert [text.get_text() for text in legend.get_texts()] == [*curves, "test"]
    assert not legend.get_window_extent().overlaps(axes.get_tightbbox())


def test_over_fitting_and_divergence_are_marked():
    curves = {"training": [1.0, 2.0, np.nan, np.nan], "validation": [1.0, 3.0, np.inf, np.nan]}
    figure = figures.learning_curves(curves, best_epoch=1, overfit_epoch=2)
    axes = figure.axes[0]
    assert texts(axes) == [
        "lowest loss in epoch 1",
        "over-fits from epoch 2",
        "diverged in epoch 3",
    ]
    across = [line.get_xdata()[0] for line in axes.get_lines()[2:]]
    assert across == [1, 2, 3]
    heights = [text.xyann[1] for text in axes.texts]
    assert len(set(heights)) == 3  # no label lies on another
    assert "Over-fits from epoch 2. Diverged in epoch 3." in figure.get_label()


@pytest.mark.parametrize(
    ("values", "diverged", "says"),
    [
        ([1.0, None], None, []),  # a gap is no divergence
        ([1.0, None], True, ["diverged in epoch 2"]),
        ([1.0, np.nan], False, []),
        ([1.0, 1e30], True, ["diverged in epoch 2"]),
        ([np.nan], None, ["diverged in epoch 1"]),
        ([], True, []),
    ],
)
def test_divergence_is_found_or_told(values, diverged, says):
    figure = figures.learning_curves({"training": values}, diverged=diverged)
    assert texts(figure.axes[0]) == says


def test_one_epoch_is_a_mark():
    figure = figures.learning_curves({"training": [1.0]}, best_epoch=1)
    (line, _) = figure.axes[0].get_lines()
    assert line.get_marker() == LOOKS[0].marker
    assert figure.get_label().startswith("Loss over 1 epoch: training from 1 to 1.")


def test_a_part_of_the_data_looks_the_same_beside_others_and_alone():
    def markers(*names):
        axes = figures.learning_curves({name: [1, 2] for name in names}).axes[0]
        return {line.get_label(): line.get_marker() for line in axes.get_lines()}

    every = markers("training", "validation", "test", "shifted")
    assert len(set(every.values())) == 4
    assert markers("test") == {"test": every["test"]}
    assert len(set(markers("shifted", "training").values())) == 2


def test_a_missing_value_leaves_a_gap():
    figure = figures.learning_curves({"a": [1.0, None, 0.5]}, epochs=[10, 20, 30])
    (line,) = figure.axes[0].get_lines()
    np.testing.assert_array_equal(line.get_xdata(), [10, 20, 30])
    np.testing.assert_array_equal(line.get_ydata(), [1.0, np.nan, 0.5])


def test_series_differ_in_more_than_colour():
    figure = figures.learning_curves({"a": [1, 2], "b": [2, 3]})
    first, second = figure.axes[0].get_lines()
    assert first.get_marker() != second.get_marker()
    assert first.get_linestyle() != second.get_linestyle()
    assert len({each.colour for each in LOOKS}) == len({each.marker for each in LOOKS}) == 6


def test_confusion_shows_every_count_in_its_cell_and_no_zero():
    figure = figures.confusion_matrix([[5, 0], [2, 3]], ["cat", "dog"], title="Tree")
    axes = figure.axes[0]
    cells = [(*text.get_position(), text.get_text()) for text in axes.texts]
    counts = {(x, round(y)): said for x, y, said in cells if "%" not in said}
    shares = {(x, round(y)): said for x, y, said in cells if "%" in said}
    assert counts == {(0, 0): "5", (0, 1): "2", (1, 1): "3"}
    assert shares == {(0, 0): "100 %", (0, 1): "40 %", (1, 1): "60 %"}
    assert figure.get_label() == (
        "Confusion matrix, Tree: 8 of 10 right. The most frequent mistake: dog taken for cat, "
        "2 times."
    )


def test_confusion_without_a_mistake():
    figure = figures.confusion_matrix([[5, 0], [0, 3]], ["a", "b"])
    assert figure.get_label() == "Confusion matrix: 8 of 8 right. No mistake."


def test_a_small_share_is_left_out():
    figure = figures.confusion_matrix([[995, 4], [0, 10]], ["a", "b"])
    assert texts(figure.axes[0]) == ["995", "100 %", "4", "10", "100 %"]


def test_many_classes_have_counts_without_shares():
    matrix = np.eye(15, dtype=int) * 7
    assert texts(figures.confusion_matrix(matrix, list(map(str, range(15)))).axes[0]) == ["7"] * 15


def test_a_hundred_classes_are_an_image_with_the_worst_mistakes_in_words():
    matrix = np.eye(100, dtype=int) * 9
    matrix[3, 8] = 5
    figure = figures.confusion_matrix(matrix, [f"class {n}" for n in range(100)])
    axes = figure.axes[0]
    (image,) = axes.images
    strength = np.asarray(image.get_array())[:, :, 3]
    np.testing.assert_array_equal(strength > 0, matrix > 0)
    assert texts(axes) == [] and 10 <= len(axes.get_xticks()) <= 25
    assert figure.get_supxlabel() == "most often: class 3 taken for class 8, 5 times"
    assert figure.get_label().endswith("class 3 taken for class 8, 5 times.")


def test_one_class():
    figure = figures.confusion_matrix([[4]], ["only"])
    assert figure.get_label() == "Confusion matrix: 4 of 4 right. No mistake."


def test_recall_has_a_mark_for_each_class_and_model():
    table = {"Tree": [0.5, None, 1.0], "Net": [0.75, 1.0, 1.0]}
    figure = figures.recall_by_class(table, ["a", "b", "c"])
    drawn = lines(figure.axes[0])
    np.testing.assert_array_equal(drawn["Tree"].get_xdata(), [0.5, np.nan, 1.0])
    np.testing.assert_array_equal(drawn["Net"].get_xdata(), table["Net"])
    assert not np.any(drawn["Tree"].get_ydata() == drawn["Net"].get_ydata())
    np.testing.assert_array_equal(drawn["Net"].get_ydata().round(), [0, 1, 2])
    assert "Tree 0.5000 on a; Net 0.7500 on a" in figure.get_label()


def test_the_gap_is_written_between_its_two_marks():
    figure = figures.train_test_gap({"Tree": (1.0, 0.8), "Net": (0.9, 0.95)})
    axes = figure.axes[0]
    drawn = lines(axes)
    assert list(drawn["train"].get_xdata()) == [1.0, 0.9]
    assert list(drawn["test"].get_xdata()) == [0.8, 0.95]
    assert texts(axes) == ["+0.2000", "-0.0500"]
    assert "widest gap is that of Tree: 1.0000 on train, 0.8000 on test" in figure.get_label()


def test_seeds_are_stacked_and_stand_beside_interval_and_print():
    figure = figures.seed_distribution(
        [0.97, 0.96, 0.97, None],
        mean_interval=(0.95, 0.98),
        next_interval=(0.93, 0.99),
        printed=[0.9778],
    )
    drawn = lines(figure.axes[0])
    assert list(drawn["one seed"].get_xdata()) == [0.96, 0.97, 0.97]
    assert list(drawn["one seed"].get_ydata()) == [1, 1, 2]
    assert list(drawn["the mean, 95 %"].get_xdata()) == [0.95, 0.98]
    assert list(drawn["one further run, 95 %"].get_xdata()) == [0.93, 0.99]
    assert "printed 0.9778" in drawn
    assert [0.9778, 0.9778] in [list(line.get_xdata()) for line in figure.axes[0].get_lines()]
    assert "over 3 seeds: mean 0.9667, 95 % interval 0.9500 to 0.9800" in figure.get_label()


def grid_of_two():
    scores = {(1, "x"): 0.90, (2, "x"): 0.95, (3, "x"): 0.93, (1, "y"): 0.91, (3, "y"): None}
    return [({"depth": a, "kind": b}, score) for (a, b), score in scores.items()]


def test_a_search_is_drawn_along_its_longest_parameter():
    best = {"depth": 2, "kind": "x"}
    figure = figures.search_overview(grid_of_two(), best, title="Tree")
    (axes,) = figure.axes
    drawn = lines(axes)
    np.testing.assert_array_equal(drawn["x"].get_ydata(), [0.90, 0.95, 0.93])
    np.testing.assert_array_equal(drawn["y"].get_ydata(), [0.91, np.nan, np.nan])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "3"]
    ring = next(line for line in axes.get_lines() if line.get_markerfacecolor() == "none")
    assert (list(ring.get_xdata()), list(ring.get_ydata())) == ([1], [0.95])
    assert "5 candidates, from 0.9000 to 0.9500. Best: depth = 2, kind = x" in figure.get_label()


def test_a_third_parameter_becomes_panels_and_a_fourth_shows_its_best():
    rows = [
        ({"a": a, "b": b, "c": c, "d": d}, 0.5 + a / 10 + b / 100 + d / 1000)
        for a in (1, 2, 3, 4)
        for b in (1, 2, 3)
        for c in ("u", "v")
        for d in (0, 1)
    ]
    figure = figures.search_overview(rows, rows[-1][0])
    assert [axes.get_title() for axes in figure.axes] == ["c u", "c v"]
    np.testing.assert_allclose(lines(figure.axes[0])["3"].get_ydata(), [0.631, 0.731, 0.831, 0.931])


def test_hopeless_candidates_are_cut_off_and_counted():
    scores = [0.1, 0.90, 0.91, 0.92, 0.915]
    figure = figures.search_overview([({"C": n}, s) for n, s in enumerate(scores)], {"C": 3})
    assert figure.axes[0].get_ylim()[0] > 0.5
    assert "1 lower score below the axis" in [text.get_text() for text in figure.texts]
    assert "from 0.1000" in figure.get_label()


def test_a_search_in_which_all_diverged_is_still_drawn():
    rows = [({"C": 1}, None), ({"C": 2}, None)]
    figure = figures.search_overview(rows, {"C": 3})
    assert figure.get_label() == "Cross-validated accuracy of 2 candidates. Best: C = 3."


@pytest.mark.parametrize("label", ["$x", "$\\frac", "漢字", "<b>&"])
def test_labels_are_never_taken_for_anything_else(label):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = figures.confusion_matrix([[1]], [label], title=label)
    assert figure.axes[0].get_xticklabels()[0].get_text() == label


def test_the_users_settings_neither_change_nor_count():
    before = to_hex(figures.train_test_gap({"a": (1, 0.9)}).axes[0].xaxis.label.get_color())
    with mpl.rc_context({"axes.labelcolor": "red", "font.size": 30}):
        figure = figures.train_test_gap({"a": (1, 0.9)})
        assert mpl.rcParams["axes.labelcolor"] == "red"
    assert to_hex(figure.axes[0].xaxis.label.get_color()) == before
