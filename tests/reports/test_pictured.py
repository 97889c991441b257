"""What a record holds becomes figures in the right sections, equal to those of the arrays."""

import numpy as np
import pytest
from tests.reports import made

from chainrule.experiments import picturing
from chainrule.experiments.pictures import Layers, Pictures
from chainrule.reports import figures
from chainrule.reports.html import render
from chainrule.reports.outline import SECTIONS, outline
from chainrule.reports.pictured import DRAWN, picture_figures


def drawn(results, **pictures):
    model = results.models[-1].model_copy(update={"pictures": Pictures(**pictures)})
    return list(picture_figures(model, results.data))


def test_every_picture_has_a_section_of_its_own(results):
    found = [section for section, _ in picture_figures(results.models[-1], results.data)]
    of_regressions = {"answers", "curve"}  # see test_regression
    assert list(dict.fromkeys(found)) == [name for name in DRAWN if name not in of_regressions]
    assert set(DRAWN) <= {section.anchor for section in SECTIONS}


def test_a_record_without_pictures_draws_nothing(results):
    assert drawn(results) == []
    assert not list(picture_figures(results.models[0], results.data))


def test_weights_are_drawn_as_from_the_array(results):
    W = np.random.default_rng(0).standard_normal((64, 100))
    ((section, figure),) = drawn(results, weights=picturing.weight_images(W, (8, 8)))
    direct = figures.first_layer_weights(W, (8, 8), title="Neural network")
    assert section == "weights"
    for a, b in zip(figure.axes[0].images, direct.axes[0].images, strict=True):
        np.testing.assert_allclose(a.get_array(), b.get_array(), atol=0.05)
    assert figure.get_suptitle() == direct.get_suptitle()


def test_each_network_has_its_own_scale_of_weights_and_the_page_says_so(one_model):
    W = np.random.default_rng(0).standard_normal((64, 4))
    models = tuple(
        one_model.models[0].model_copy(
            update={
                "key": key,
                "label": key,
                "pictures": Pictures(weights=picturing.weight_images(size * W, (8, 8))),
            }
        )
        for key, size in (("small", 0.01), ("large", 1.0))
    )
    drawn = [figure for each in models for _, figure in picture_figures(each, one_model.data)]
    small, large = (figure.axes[0].images[0].norm.vmax for figure in drawn)
    assert large == pytest.approx(100 * small, rel=0.01)
    page = render(one_model.model_copy(update={"models": models, "tests": (), "chosen": "small"}))
    assert "each network has its own" in page
    assert "All are on one scale" not in page


def test_the_others_say_what_they_say_of_the_arrays(results):
    y, P = made.predictions(300)
    sure, right = P.max(axis=1), P.argmax(axis=1) == y
    values = {"layer 1": np.maximum(np.random.default_rng(0).standard_normal(500), 0)}
    found = drawn(
        results,
        reliability=picturing.reliability_bins(sure, right),
        reliability_after=picturing.reliability_bins(sure**0.5, right),
        activations=picturing.activation_histograms(values),
        spectrum=picturing.spectrum([0.7, 0.3], 1),
        layers=Layers(sizes=(3, 2), activations=("softmax",)),
    )
    label = {"title": "Neural network"}
    assert {section: figure.get_label() for section, figure in found} == {
        "spectrum": figures.pca_spectrum(
            [0.7, 0.3], chosen=1, title="Prepared by standardise"
        ).get_label(),
        "networks": figures.network_drawing((3, 2), ("softmax",), **label).get_label(),
        "layers": figures.activation_histograms(values, **label).get_label(),
        "reliability": figures.reliability_diagram(
            sure, right, after=sure**0.5, temperature=2.104, **label
        ).get_label(),
    }


def test_a_quantity_that_no_layer_has_is_not_drawn(results):
    record = picturing.layers_over_epochs(range(1, made.EPOCHS + 1), made.diagnosis())
    found = drawn(results, diagnosis=record)
    assert len(found) == 5
    assert not any("saturated" in figure.get_label() for _, figure in found)


def test_activations_without_a_finite_value_are_drawn(results):
    ((_, figure),) = drawn(results, activations=picturing.activation_histograms({"a": [np.nan]}))
    assert "no finite value" in figure.get_label()


@pytest.mark.parametrize("classes", [2, 10])
def test_regions_have_class_names_where_they_fit(results, classes):
    first, second, rows = figures.region_grid(made.points(20, classes, 0)[0], steps=8)
    P = made.softmax_over(rows, classes)
    ((_, figure),) = drawn(results, regions=picturing.decision_map(first, second, P))
    assert f"regions of {classes} classes" in figure.get_label()


def test_mistakes_without_images_have_no_section(results):
    data = results.data.model_copy(update={"image_shape": None, "samples": ()})
    without = results.model_copy(update={"data": data})
    assert "sure" not in {section.anchor for section in outline(without)}
    assert "sure" in {section.anchor for section in outline(results)}


def test_the_page_stays_light(results):
    """A network of 784-512-256-128-10 with everything drawn: under 2 MB."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 784)).astype(float)
    y, P = made.predictions(40)
    pictures = Pictures(
        layers=Layers(sizes=(784, 512, 256, 128, 10), activations=("relu",) * 3 + ("softmax",)),
        diagnosis=picturing.layers_over_epochs(range(1, 101), made.diagnosis(100, 4)),
        weights=picturing.weight_images(rng.standard_normal((784, 512)), (28, 28)),
        mistakes=picturing.confident_mistakes(images, y, P, results.data.class_names),
        reliability=picturing.reliability_bins(P.max(axis=1), P.argmax(axis=1) == y),
    )
    bare = {"over_seeds": None, "search": None, "pictures": pictures}
    model = results.models[-1].model_copy(update=bare)
    update = {"image_shape": (28, 28), "pixel_range": (0.0, 255.0), "samples": ()}
    data = results.data.model_copy(update=update)
    none = {"hardest": (), "outputs": (), "tests": ()}
    page = render(results.model_copy(update={"models": (model,), "data": data, **none}))
    assert page.count("data:image/png") >= 64
    assert len(page) < 2_000_000
