"""The pictures of a network show exactly what they were given, and say it in words."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex
from tests.reports import made

from chainrule.errors import InvalidInputError
from chainrule.reports import figures
from chainrule.reports.figures.activations import LAYERS, histogram
from chainrule.reports.figures.reliability import binned
from chainrule.reports.figures.style import LOOKS, SURFACE
from chainrule.reports.figures.weights import DIVERGING


def texts(axes):
    return [text.get_text() for text in axes.texts]


def title(figure):
    return figure.get_suptitle()


# First-layer weights


def test_a_unit_is_an_image_of_its_weights_the_strongest_first():
    W = np.array([[1.0, -4.0, 2.0], [0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [0.0, 1.0, 2.0]])
    figure = figures.first_layer_weights(W, (2, 2), title="Net")
    images = figure.axes[0].images
    assert len(images) == 3
    for image, unit in zip(images, (1, 2, 0), strict=True):
        np.testing.assert_array_equal(image.get_array(), W[:, unit].reshape(2, 2))
        assert image.norm.vmin == -image.norm.vmax  # symmetric, and one scale for all
        assert image.norm.vmax == images[0].norm.vmax
    assert title(figure) == "Net: 3 first-layer units"
    assert "The largest weights are those of unit 2, of norm 4.36." in figure.get_label()


def test_at_most_64_units_are_drawn():
    W = np.random.default_rng(0).standard_normal((16, 300))
    figure = figures.first_layer_weights(W, (4, 4))
    assert len(figure.axes[0].images) == 64
    assert title(figure) == "The 64 strongest of 300 first-layer units"
    norms = [np.linalg.norm(image.get_array()) for image in figure.axes[0].images]
    assert norms == sorted(norms, reverse=True)
    assert norms[-1] >= np.sort(np.linalg.norm(W, axis=0))[-64] - 1e-12


def test_weights_of_colour_images_are_colours_around_grey():
    W = np.zeros((12, 2))
    W[0, 1], W[1, 1] = 1.0, -1.0
    first, second = figures.first_layer_weights(W, (2, 2, 3)).axes[0].images
    np.testing.assert_allclose(first.get_array()[0, 0], [1.0, 0.0, 0.5])
    np.testing.assert_allclose(second.get_array(), 0.5)


def test_the_scale_of_weights_tells_signs_apart_in_grey():
    lightness = DIVERGING(np.linspace(0, 1, 50))[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()


@pytest.mark.parametrize("fill", [0.0, np.nan])
def test_weights_without_a_value_are_drawn_too(fill):
    figure = figures.first_layer_weights(np.full((4, 2), fill), (2, 2))
    assert "from -1 to 1" in figure.get_label()


def test_weights_must_fit_the_images():
    with pytest.raises(InvalidInputError, match=r"Required rows of 6 values.*came an array"):
        figures.first_layer_weights(np.ones((4, 3)), (2, 3))
    with pytest.raises(InvalidInputError, match=r"came \(2, 2, 2\)"):
        figures.first_layer_weights(np.ones((8, 3)), (2, 2, 2))


# Confident mistakes


def four_images():
    images = np.arange(16.0).reshape(4, 2, 2)
    return images, [0, 1, 1, 0], [0, 0, 0, 1], [0.99, 0.6, 0.8, 0.7]


def test_mistakes_are_drawn_the_surest_first_and_what_is_right_is_not():
    images, truth, said, sure = four_images()
    figure = figures.confident_mistakes(
        images, truth, said, sure, truth_probability=[0.99, 0.4, 0.0005, 0.3],
        class_names=["cat", "dog"],
    )  # fmt: skip
    axes = figure.axes[0]
    drawn = [np.asarray(image.get_array())[:, :, 0] for image in axes.images]
    for pixels, row in zip(drawn, (2, 3, 1), strict=True):
        np.testing.assert_array_equal(pixels, (images[row] / 15 * 255).round())
    assert texts(axes) == [
        "cat (80.0 %)", "is dog (<0.1 %)",
        "dog (70.0 %)", "is cat (30.0 %)",
        "cat (60.0 %)", "is dog (40.0 %)",
    ]  # fmt: skip
    assert figure.get_label() == (
        "Sure, and wrong: 3 of 3 mistakes. The first, row 2, is dog (0.0005) and was taken for cat "
        "with probability 0.8000."
    )


def test_colour_images_keep_their_colours_and_names_may_be_strings():
    pixels = np.zeros((1, 2, 2, 3))
    pixels[0, 0, 0] = [1, 0.5, 0]
    figure = figures.confident_mistakes(
        pixels, ["ship"], ["frog"], [0.9996], black_and_white=(0, 1), rows=[77], n_mistakes=12
    )
    (image,) = figure.axes[0].images
    np.testing.assert_array_equal(image.get_array()[0, 0], [255, 128, 0])
    assert texts(figure.axes[0]) == ["frog (>99.9 %)", "is ship"]
    assert "1 of 12 mistakes. The first, row 77, is ship" in figure.get_label()


def test_no_more_mistakes_than_asked_for():
    images, truth, said, sure = four_images()
    rows = images.reshape(4, 4)
    figure = figures.confident_mistakes(rows, truth, said, sure, image_shape=(2, 2), limit=2)
    assert len(figure.axes[0].images) == 2


def test_without_a_mistake_it_says_so():
    images, truth, _, sure = four_images()
    figure = figures.confident_mistakes(images, truth, truth, sure)
    assert figure.get_label() == "Sure, and wrong: there is no mistake."
    assert texts(figure.axes[0]) == ["no mistake"]


def test_a_mistake_without_a_probability_comes_last():
    images, truth, said, _ = four_images()
    figure = figures.confident_mistakes(images, truth, said, [None, None, 0.4, None])
    assert texts(figure.axes[0])[:4] == ["0 (40.0 %)", "is 1", "0", "is 1"]


def test_mistakes_need_equally_long_sequences():
    images, truth, said, sure = four_images()
    with pytest.raises(InvalidInputError, match="came 4 images with 4, 4 and 3"):
        figures.confident_mistakes(images, truth, said, sure[:3])


# Activations


def test_a_histogram_has_numpy_s_mean_and_spread_and_does_not_overflow():
    values = np.random.default_rng(0).normal(size=1000)
    found, vast = histogram(values), histogram(1e250 * values)
    assert (found.mean, found.std) == (values.mean(), values.std())
    assert (vast.mean, vast.std) == pytest.approx((1e250 * found.mean, 1e250 * found.std))


def test_histograms_count_every_value_once_and_zeros_apart():
    found = histogram([0.0, 0.0, 1.0, 2.0, 3.0, np.nan, np.inf], bins=4)
    assert (found.total, found.zeros, found.not_finite) == (5, 2, 2)
    assert found.mean == 1.2
    assert found.counts == (1, 0, 1, 1)
    assert len(found.edges) == 5


def test_a_few_extreme_values_do_not_set_the_scale():
    found = histogram([*np.linspace(-1, 1, 10_000), 1e9])
    assert found.edges[-1] <= 1 and sum(found.counts) >= 0.998 * found.total


def test_bars_are_shares_of_all_values():
    values = np.linspace(-1, 1, 2001)
    figure = figures.activation_histograms({"tanh": values, "relu": np.maximum(values, 0)}, bins=10)
    first, second = figure.axes
    heights = [patch.get_height() for patch in first.patches]
    assert len(heights) == 10 and sum(heights) == pytest.approx(1, abs=0.01)
    assert sum(patch.get_height() for patch in second.patches) == pytest.approx(0.5, abs=0.01)
    assert texts(second) == ["mean 0.25, SD 0.323; 50 % are 0"]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["tanh", "relu"]
    assert "Tanh: mean" in figure.get_label() and "50 % are 0" in figure.get_label()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([np.nan, np.inf], "no finite value"),
        ([0.0, 0.0], "mean 0, SD 0; 100 % are 0"),
        ([3.0, 3.0], "mean 3, SD 0"),
        ([1.0, np.nan], "mean 1, SD 0; 1 not finite"),
    ],
)
def test_strange_activations(values, says):
    assert texts(figures.activation_histograms([values]).axes[0]) == [says]


def test_of_many_layers_twelve_are_drawn_the_first_and_last_among_them():
    figure = figures.activation_histograms([np.arange(5.0)] * 30)
    names = [axes.get_title(loc="left") for axes in figure.axes]
    assert (len(names), names[0], names[-1]) == (LAYERS, "layer 1", "layer 30")
    assert title(figure) == "Activations (12 of 30 layers)"


# Decision regions


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_regions_show_winner_strength_and_points(classes):
    train, test = made.points(40, classes, 1), made.points(20, classes, 2)
    first, second, rows = figures.region_grid(train[0], steps=20)
    P = made.softmax_over(rows, classes)
    figure = figures.decision_regions(first, second, P, train=train, test=test)
    axes = figure.axes[0]
    (image,) = axes.images
    tint = np.asarray(image.get_array()).reshape(-1, 4)
    for k in range(min(classes, 6)):
        assert {to_hex(each) for each in tint[P.argmax(axis=1) == k, :3]} == {LOOKS[k].colour}
    assert np.corrcoef(tint[:, 3], P.max(axis=1))[0, 1] > 0.9999  # the surer, the stronger
    drawn = {line.get_label(): line for line in axes.get_lines()}
    for k in range(classes):
        for part, (X, y) in {"train": train, "test": test}.items():
            line = drawn[f"{k}, {part}"]
            np.testing.assert_array_equal(line.get_xydata(), X[y == k])
            assert (line.get_markerfacecolor() == SURFACE) == (part == "test")
    assert "On top: 40 training and 20 test points." in figure.get_label()
    share = 100 * np.mean(P.argmax(axis=1) == 0)
    assert f"0 {share:.0f} %" in figure.get_label()


def test_the_grid_covers_the_points_and_runs_along_the_first_feature():
    first, second, rows = figures.region_grid([[0.0, 5.0], [1.0, 5.0]], steps=3, margin=0.5)
    np.testing.assert_allclose(first, [-0.5, 0.5, 1.5])
    np.testing.assert_allclose(second, [4.5, 5.0, 5.5])
    np.testing.assert_allclose(rows[:4], [[-0.5, 4.5], [0.5, 4.5], [1.5, 4.5], [-0.5, 5.0]])


def test_one_column_is_the_second_of_two_classes():
    first, second, rows = figures.region_grid(made.points(20, 2, 1)[0], steps=10)
    P = made.softmax_over(rows, 2)
    one = figures.decision_regions(first, second, P[:, 1])
    two = figures.decision_regions(first, second, P)
    np.testing.assert_allclose(one.axes[0].images[0].get_array(), two.axes[0].images[0].get_array())
    assert one.get_label() == two.get_label()


def test_probabilities_that_are_not_known_or_always_of_one_class():
    first, second, rows = figures.region_grid(made.points(20, 2, 1)[0], steps=5)
    figure = figures.decision_regions(first, second, np.full((len(rows), 2), np.nan))
    assert not np.asarray(figure.axes[0].images[0].get_array())[:, :, 3].any()
    figure = figures.decision_regions(first, second, np.tile([0.9, 0.1], (len(rows), 1)))
    assert "0 100 %, 1 0 %" in figure.get_label()
    assert not figure.axes[0].collections  # no line where nothing changes


def test_probabilities_must_fit_the_grid():
    with pytest.raises(
        InvalidInputError, match=r"and 4 \* 5 rows; came an array of shape \(7, 2\)"
    ):
        figures.decision_regions(np.arange(4), np.arange(5), np.ones((7, 2)))


# Spectrum


def test_the_spectrum_is_each_share_and_their_sum_with_the_kept_ones_marked():
    ratios = [0.6, 0.3, 0.08, 0.02]
    figure = figures.pca_spectrum(ratios, chosen=2, title="MNIST")
    upper, lower = figure.axes
    np.testing.assert_allclose(upper.get_lines()[0].get_ydata(), np.cumsum(ratios))
    np.testing.assert_array_equal(lower.get_lines()[0].get_ydata(), ratios)
    assert all(list(axes.get_lines()[1].get_xdata()) == [2, 2] for axes in figure.axes)
    assert texts(upper) == ["2 kept: 90.0 %"]
    assert lower.get_yscale() == "log"
    assert figure.get_label() == (
        "MNIST: variance explained by 4 principal components: the first explains 60.0 %; 90 % take "
        "2; 95 % take 3; 99 % take 4. Kept: 2, which explain 90.0 %."
    )


def test_a_spectrum_without_choice_with_empty_components_or_of_one():
    figure = figures.pca_spectrum([0.5, 0.5, 0.0])
    assert figure.axes[1].get_yscale() == "linear"
    assert len(figure.axes[0].get_lines()) == 1
    assert "the first explains 100.0 %" in figures.pca_spectrum([1.0]).get_label()


# The network


@pytest.mark.parametrize(
    ("sizes", "drawn"),
    [((2, 3, 1), [2, 3, 1]), ((784, 12, 13, 10), [10, 12, 10, 10]), ((5, 1), [5, 1])],
)
def test_a_layer_is_a_column_of_at_most_twelve_units(sizes, drawn):
    figure = figures.network_drawing(sizes)
    units = [len(each.get_offsets()) for each in figure.axes[0].collections]
    assert units == drawn
    said = texts(figure.axes[0])
    for size in sizes:
        assert str(size) in said
    parameters = [(a + 1) * b for a, b in pairwise(sizes)]
    for each in parameters:
        assert f"{each:,}" in said
    assert title(figure) == f"{sum(parameters):,} parameters"
    assert f"{sum(parameters):,} parameters" in figure.get_label()


def test_a_line_leads_from_every_drawn_unit_to_every_next_one():
    figure = figures.network_drawing((3, 4, 2))
    assert [len(each.get_path()) for each in figure.axes[0].patches] == [2 * 12, 2 * 8]


def test_activations_stand_under_their_layer():
    figure = figures.network_drawing((4, 3, 2), ("tanh", "softmax"), title="Net")
    where = {text.get_text(): text.get_position()[0] for text in figure.axes[0].texts}
    assert (where["tanh"], where["softmax"]) == (1, 2)
    assert figure.get_label() == (
        "Net: 4 inputs, a hidden layer of 3 (tanh) units, 2 (softmax) outputs; 23 parameters, by "
        "layer 15, 8."
    )
    assert figures.network_drawing((1, 1, 1)).get_label() == (
        "A network: 1 input, a hidden layer of 1 unit, 1 output; 4 parameters, by layer 2×2."
    )


def test_of_a_deep_network_the_ends_are_drawn():
    figure = figures.network_drawing([64, *[100] * 28, 10])
    assert len(figure.axes[0].collections) == 10
    assert "20 more\nlayers" in texts(figure.axes[0])
    assert "28×100 units" in figure.get_label()


@pytest.mark.parametrize(
    ("sizes", "activations", "says"),
    [
        ((4,), None, r"came \[4\]"),
        ((4, 0), None, r"came \[4, 0\]"),
        ((4, 3, 2), ("relu",), "Required one activation a layer, 2 for the sizes"),
    ],
)
def test_a_network_that_cannot_be_drawn(sizes, activations, says):
    with pytest.raises(InvalidInputError, match=says):
        figures.network_drawing(sizes, activations)


# Reliability


def test_bins_hold_each_prediction_once():
    found = binned([0.05, 0.1, 0.11, 0.95, 1.0, 0.0], [0, 1, 1, 1, 0, 0])
    assert found.counts == (3, 1, 0, 0, 0, 0, 0, 0, 0, 2)
    assert found.accuracy[0] == pytest.approx(1 / 3) and found.accuracy[5] is None
    assert found.confidence[9] == pytest.approx(0.975)
    gaps = 3 * abs(1 / 3 - 0.05) + 1 * abs(1 - 0.11) + 2 * abs(0.5 - 0.975)
    assert found.ece == pytest.approx(gaps / 6)


def test_the_diagram_shows_the_bins_their_counts_and_the_error():
    y, P = made.predictions(400)
    sure, right = P.max(axis=1), P.argmax(axis=1) == y
    found = binned(sure, right)
    figure = figures.reliability_diagram(sure, right, title="Net")
    upper, lower = figure.axes
    filled = [k for k, n in enumerate(found.counts) if n]
    heights = [patch.get_height() for patch in upper.patches]
    np.testing.assert_allclose(heights, [found.accuracy[k] for k in filled])
    assert [patch.get_height() for patch in lower.patches] == list(found.counts)
    assert texts(lower) == [str(n) for n in found.counts if n]
    assert title(figure) == f"Net: reliability, ECE {found.ece:.4f}"
    assert f"Mean confidence {sure.mean():.4f}, accuracy {right.mean():.4f}" in figure.get_label()


def test_the_diagram_shows_a_temperature_beside_it():
    y, P = made.predictions(400)
    sure, right = P.max(axis=1), P.argmax(axis=1) == y
    after = binned(sure**0.5, right)
    figure = figures.reliability_diagram(sure, right, after=sure**0.5, temperature=2.104)
    hollow = figure.axes[0].lines[-1]
    filled = [k for k, n in enumerate(after.counts) if n]
    np.testing.assert_allclose(hollow.get_xdata(), [after.confidence[k] for k in filled])
    np.testing.assert_allclose(hollow.get_ydata(), [after.accuracy[k] for k in filled])
    assert hollow.get_label() == f"at temperature 2.10: ECE {after.ece:.4f}"
    small = figures.reliability_diagram(sure, right, after=sure**0.5, temperature=0.00312)
    assert "At temperature 0.0031: ECE" in small.get_label()
    assert figure.get_label().endswith(f" At temperature 2.10: ECE {after.ece:.4f}.")
    assert title(figure) == f"Reliability, ECE {binned(sure, right).ece:.4f}"
    unnamed = figures.reliability_diagram([np.nan], [True], after=[np.nan])
    assert title(unnamed) == "Reliability, no prediction"


def test_a_model_that_is_always_sure_and_right_and_one_that_says_nothing():
    assert title(figures.reliability_diagram([1.0, 1.0], [True, True])) == "Reliability, ECE 0.0000"
    figure = figures.reliability_diagram([np.nan], [True])
    assert title(figure) == "Reliability, no prediction"


def test_a_confidence_is_a_probability():
    with pytest.raises(InvalidInputError, match="Required a confidence between 0 and 1"):
        figures.reliability_diagram([1.5], [True])
    with pytest.raises(InvalidInputError, match=r"came arrays of shapes \(2,\) and \(1,\)"):
        figures.reliability_diagram([0.5, 0.5], [True])


# Layer by layer


def test_a_layer_is_a_line_with_its_number():
    rows = made.diagnosis()
    figure = figures.layer_diagnosis(rows, title="Net")
    headings = [axes.get_title(loc="left") for axes in figure.axes]
    assert headings == [
        "gradient norm", "update-to-weight ratio", "dead units", "activation mean",
        "activation spread (SD)",
    ]  # saturated units were not measured  # fmt: skip
    gradients, dead = figure.axes[0], figure.axes[2]
    lines = {line.get_label(): line for line in gradients.get_lines()}
    for k in range(3):
        line = lines[f"layer {k + 1}"]
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, made.EPOCHS + 1))
        np.testing.assert_array_equal(line.get_ydata(), rows["gradient_norm"][:, k])
    assert (gradients.get_yscale(), dead.get_yscale()) == ("log", "linear")
    # A line, its discs and its numbers for each layer; only the first has dead units.
    assert (len(gradients.get_lines()), len(dead.get_lines())) == (9, 3)
    last = rows["gradient_norm"][-1, 0]
    assert f"gradient norm: layer 1 from {rows['gradient_norm'][0, 0]:.3g} to {last:.3g}" in (
        figure.get_label()
    )


def test_layers_differ_without_colour():
    axes = figures.layer_diagnosis({"gradient_norm": np.ones((5, 12))}).axes[0]
    numbers = axes.get_lines()[2::3]
    shapes = {line.get_marker().vertices.tobytes() for line in numbers}
    assert len(shapes) == 12


def test_one_quantity_fills_half_a_page_and_names_its_layers():
    figure = figures.layer_diagnosis(
        {"gradient_norm": [[0.1, 0.2]]}, epochs=[7], layers=["first", "second"]
    )
    (axes,) = figure.axes
    assert figure.get_size_inches()[0] == 5
    assert [line.get_label() for line in axes.get_lines()[::3]] == ["first", "second"]
    assert figure.get_label().startswith("Gradient norm over 1 epoch.")


def test_gaps_and_divergence_are_no_obstacle():
    rows = {"gradient_norm": [[1.0, None], [np.inf, None], [np.nan, None]], "own_rate": [[1, 2]]}
    first, second = figures.layer_diagnosis(rows).axes
    np.testing.assert_array_equal(first.get_lines()[0].get_ydata(), [1, np.nan, np.nan])
    assert len(first.get_lines()) == 3 and second.get_title(loc="left") == "own rate"


def test_many_layers_have_numbers_and_no_legend():
    figure = figures.layer_diagnosis({"gradient_norm": np.ones((3, 40))})
    assert not figure.legends
    assert "layer 1 from 1 to 1, ... and layer 40 from 1 to 1." in figure.get_label()
    assert figure.get_supxlabel() == "the numbers are those of the layers"


def test_nothing_measured_is_drawn_empty():
    figure = figures.layer_diagnosis({"dead_share": np.full((3, 2), np.nan)})
    assert not figure.axes
    assert figure.get_label() == "Layer by layer: nothing was measured."


def test_a_table_has_a_row_an_epoch():
    with pytest.raises(InvalidInputError, match=r"shape \(epochs, layers\) for 'gradient_norm'"):
        figures.layer_diagnosis({"gradient_norm": [1.0, 2.0]})
