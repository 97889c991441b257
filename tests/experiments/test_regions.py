"""Points in the plane and principal components: drawn by real runs, from what the models say."""

import json

import numpy as np
import pytest
from rich.console import Console
from sklearn.decomposition import PCA
from sklearn.tree import DecisionTreeClassifier

import chainrule
from chainrule.data import load as load_data
from chainrule.data.generated import GENERATED
from chainrule.data.splits import Part, split
from chainrule.estimators.calibration import expected_calibration_error, with_temperature
from chainrule.estimators.intervals import mean_interval
from chainrule.experiments import run
from chainrule.experiments.loading import load
from chainrule.experiments.predictions import Predictions
from chainrule.experiments.regions import POINTS, STEPS, regions_of
from chainrule.experiments.results import Results
from chainrule.reports.figures import region_grid

FIGURES = True  # are looked for in the reports

QUIET = Console(quiet=True)


def small(**changes):
    """A run of a tree and a small network on points in the plane."""
    net = {"hidden_layer_sizes": [6], "max_iter": 4, "random_state": 0}
    spec = {
        "name": "plane",
        "kind": "compare",
        "title": "Points",
        "question": "Where are the lines?",
        "source": {"key": "own", "title": "a test"},
        "hardest": 0,
        "data": {
            "name": "moons",
            "parameters": {"n": 120},
            "split": {"scheme": "three-way", "held_out": 0.5},
        },
        "models": {
            "tree": {"label": "Tree", "family": "tree", "settings": {"random_state": 0}},
            "net": {
                "label": "Net",
                "family": "mlp",
                "dtype": "float32",
                "prepare": ["standardize"],
                "settings": net,
            },
        },
    }
    return spec | changes


@pytest.fixture(scope="module")
def spirals(tmp_path_factory):
    """The recipe in its quick version, and its folder."""
    out = tmp_path_factory.mktemp("runs") / "spirals"
    return run("spirals-decision-regions", out=out, quick=True, console=QUIET), out


@pytest.fixture(scope="module")
def cut():
    """The same points, cut by hand."""
    spec = load("spirals-decision-regions")
    data = load_data("spirals", n=600, noise=0.08, seed=0)
    how = spec.data.split
    parts = split("three-way", data.X_train, data.y_train, held_out=how.held_out, seed=how.seed)
    low = parts["train"].X.mean(axis=0), parts["train"].X.std(axis=0)
    return parts, lambda rows: ((rows - low[0]) / low[1]).astype(np.float32)


def test_the_recipe_draws_a_map_of_each_model(spirals):
    results, out = spirals
    assert [model.key for model in results.models] == ["line", "boxes", "net"]
    for model in results.models:
        found = model.pictures.regions
        assert np.shape(found.probabilities) == (STEPS**2, 1)
        assert found.feature_names == ("x1", "x2")
        assert (len(found.train.rows), len(found.test.rows)) == (POINTS, 180)
        assert model.pictures.reliability is not None
    page = (out / "report.html").read_text("utf-8")
    for words in ("Where the lines are drawn", "decision regions of 2 classes", "test rows"):
        assert words in page
    assert "images" not in page.split("</style>")[1].split("The specification")[0]
    assert Results.model_validate_json((out / "results.json").read_text()) == results


def test_the_recipe_is_our_own_and_says_so():
    spec = load("spirals-decision-regions")
    assert spec.source.key == "own" and spec.quick
    assert {row.status for row in spec.assumptions} == {"ours"}


def test_the_map_is_what_the_saved_network_says_of_the_plane(spirals, cut):
    results, out = spirals
    parts, _ = cut
    found = results.models[2].pictures.regions
    np.testing.assert_allclose(found.train.rows, parts["train"].X[:POINTS])
    assert list(found.test.classes) == parts["test"].y.tolist()
    net = chainrule.load(out / "model.safetensors")
    rows = np.array([(x1, x2) for x2 in found.second for x1 in found.first])
    P = net.predict_proba(rows)[:, 1:]
    np.testing.assert_allclose(found.probabilities, P, atol=6e-4)  # three decimals are kept


def test_the_tree_s_boxes_are_the_tree_s(spirals, cut):
    parts, _ = cut
    tree = DecisionTreeClassifier(random_state=0).fit(*parts["train"])
    first, second, rows = region_grid(
        np.concatenate([parts[name].X[:POINTS] for name in ("train", "validation", "test")]), STEPS
    )
    found = spirals[0].models[1].pictures.regions
    assert (found.first, found.second) == (tuple(first), tuple(second))
    assert [p for (p,) in found.probabilities] == tree.predict_proba(rows)[:, 1].tolist()


def test_the_numbers_on_the_test_part_are_those_of_the_saved_network(spirals, cut):
    """Once more by hand, from the model file."""
    results, out = spirals
    parts, _ = cut
    model, net = results.models[2], chainrule.load(out / "model.safetensors")
    (X, y), (X_val, y_val) = parts["test"], parts["validation"]
    P = net.predict_proba(X).astype(float)
    accuracy = mean_interval(P.argmax(axis=1) == y)
    assert (model.on_test.accuracy.low, model.on_test.accuracy.high) == accuracy[1:3]
    loss = mean_interval(-np.log(P[np.arange(len(y)), y]))
    found = model.on_test.loss
    np.testing.assert_allclose([found.value, found.low, found.high], loss[:3], rtol=1e-5)
    assert found.value == pytest.approx(model.curves["test_loss"][-1], rel=1e-5)
    known = model.on_test.calibration
    assert known.error == pytest.approx(expected_calibration_error(P, y, 10), abs=1e-6)
    cooled = with_temperature(P, known.temperature)
    assert known.error_after == pytest.approx(expected_calibration_error(cooled, y, 10), abs=1e-3)
    assert known.loss_after == pytest.approx(-np.log(cooled[np.arange(len(y)), y]).mean(), rel=1e-4)
    # The least loss on the validation part.
    P_val = net.predict_proba(X_val).astype(float)
    losses = [
        -np.log(with_temperature(P_val, f * known.temperature)[np.arange(len(y_val)), y_val]).mean()
        for f in (0.97, 1.0, 1.03)
    ]
    assert losses[1] < min(losses[0], losses[2])


def test_pairs_are_compared_on_the_same_rows(spirals):
    results, _ = spirals
    scores = {model.key: model.on_test for model in results.models}
    assert results.chosen == "net"
    for test in results.tests:
        apart = test.accuracy_difference
        gap = scores["net"].accuracy.value - scores[test.b].accuracy.value
        assert apart.value == pytest.approx(gap) == pytest.approx((test.only_a - test.only_b) / 180)
        assert apart.low < apart.value < apart.high
    assert {test.b: test.loss_difference is None for test in results.tests} == {
        "line": False,
        "boxes": True,  # its loss is infinite
    }
    assert scores["boxes"].impossible > 0 and scores["boxes"].loss.value is None
    assert any("is over-confident" in sentence for sentence in results.findings)


CLASSES = sorted(name for name, shape in GENERATED.items() if shape.n_classes)


@pytest.mark.parametrize("name", CLASSES)
def test_every_set_in_the_plane_has_its_map(name, tmp_path):
    """With three classes, a column each; several parts of few points."""
    spec = small(models={"tree": small()["models"]["tree"]}, kind="train")
    spec["data"] = {**spec["data"], "name": name}
    results = run(spec, out=tmp_path, console=QUIET)
    found = results.models[0].pictures.regions
    n_classes = len(results.data.class_names)
    assert len(found.probabilities[0]) == (1 if n_classes == 2 else 3)
    assert set(found.train.classes) == set(range(n_classes))
    assert "regions of" in (tmp_path / "report.html").read_text("utf-8")


def test_of_many_models_no_maps_are_kept_and_one_is_drawn(tmp_path):
    tree = small()["models"]["tree"]
    spec = small(models={f"tree{n}": {**tree, "label": f"Tree {n}"} for n in range(5)})
    results = run(spec, out=tmp_path, console=QUIET)
    assert all(model.pictures.regions is None for model in results.models)
    assert all(model.on_test.calibration for model in results.models)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count(": reliability, ECE") // page.count("Tree 0: reliability, ECE") == 1
    assert "Drawn is the saved model" in page


def test_without_a_test_part_the_map_has_the_training_points(tmp_path):
    data = {"name": "xor", "parameters": {"n": 40}, "split": {"scheme": "all"}}
    spec = small(data=data, models={"tree": small()["models"]["tree"]})
    (model,) = run(spec, out=tmp_path, console=QUIET).models
    assert model.on_test is None and model.pictures.reliability is None
    assert model.pictures.regions.test is None
    assert len(model.pictures.regions.train.rows) == 40


def test_a_model_that_gives_no_probabilities_has_no_map():
    part = Part(np.random.default_rng(0).random((5, 2)), np.array([0, 1, 0, 1, 1]))
    labels = regions_of(lambda X: Predictions(np.zeros(len(X), int)), {"train": part}, ("a", "b"))
    assert labels is None


@pytest.fixture(scope="module")
def components(tmp_path_factory):
    """A network and a tree on the digits' components, and a tree on pixels."""
    pixels, parts = small()["models"], {"prepare": ["unit", "pca:0.8"]}
    spec = small(
        data={"name": "digits", "split": {"scheme": "three-way", "held_out": 0.8}},
        models={
            "net": {**pixels["net"], **parts},
            "tree": {**pixels["tree"], **parts},
            "raw": {**pixels["tree"], "label": "Raw", "prepare": ["unit"]},
        },
    )
    out = tmp_path_factory.mktemp("runs") / "pca"
    return run(spec, out=out, console=QUIET), out


def test_a_pca_shows_its_spectrum_and_what_is_kept(components):
    results, _ = components
    data = load_data("digits")
    X = split("three-way", data.X_train, data.y_train, held_out=0.8)["train"].X / 16
    theirs = PCA().fit(X).explained_variance_ratio_
    for model in results.models[:2]:
        found = model.pictures.spectrum
        np.testing.assert_allclose(found.ratios, theirs, rtol=1e-6, atol=1e-9)
        assert sum(found.ratios[: found.chosen]) > 0.8 >= sum(found.ratios[: found.chosen - 1])
    net, _, raw = results.models
    assert net.pictures.layers.sizes[0] == net.pictures.spectrum.chosen
    assert raw.pictures.spectrum is None


def test_one_preparation_is_drawn_once(components):
    results, out = components
    page = (out / "report.html").read_text("utf-8")
    kept = results.models[0].pictures.spectrum.chosen
    assert (
        page.count("Prepared by unit, pca:0.8: variance explained by 64 principal components") == 1
    )
    assert f"Kept: {kept}, which explain" in page
    assert json.loads((out / "results.json").read_text())["models"][1]["pictures"]["spectrum"]
