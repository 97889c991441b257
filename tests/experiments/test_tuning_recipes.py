"""The recipes that sweep and search run, in their quick versions, on made files."""

import pytest
from rich.console import Console
from tests.data.conftest import cifar_files, mnist_files, write

from chainrule.experiments.loading import load
from chainrule.experiments.runner import run

QUIET = Console(quiet=True)
ROWS = {"data.split.held_out": 60, "data.split.train": 120}
SMALL = {
    "mnist-batch-size": {
        **ROWS,
        "models.net.settings.hidden_layer_sizes": [12],
        "models.net.sweep.epochs": 2,
        "models.net.sweep.updates": 4,
        "models.net.sweep.probes": [2],
        "models.net.sweep.noise.rows": 16,
        "models.net.sweep.noise.repeats": 2,
    },
    "mnist-learning-rate": {
        **ROWS,
        "models.net.settings.hidden_layer_sizes": [12],
        "models.net.sweep.epochs": 2,
    },
    "mnist-two-layer-search": {
        **ROWS,
        "models.budget.settings.batch_size": 30,
        "models.budget.search.space.max_steps": [5, 10],
        "models.budget.search.space.hidden_layer_sizes": [[5], [7]],
        "models.tenfold.settings.batch_size": 30,
        "models.tenfold.settings.max_steps": 20,
        "models.tenfold.search.space.hidden_layer_sizes": [[5], [7]],
    },
    "cifar10-pca-random-search": {
        **ROWS,
        **{
            f"models.{model}.{key}": value
            for model in ("whole", "halving")
            for key, value in {
                "prepare": ["unit", "pca:10"],
                "settings.batch_size": 40,
                "search.n_candidates": 4,
                "search.space.max_iter.int": [6, 9],
                "search.space.hidden_layer_sizes.int": [4, 8],
            }.items()
        },
        "models.halving.settings.max_iter": 18,
        "models.halving.search.settings.min_epochs": 2,
    },
}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """MNIST and CIFAR-10 of some hundred random images."""
    folder = tmp_path_factory.mktemp("data")
    for name, files in (
        ("mnist", mnist_files(rows=420, test_rows=40)),
        ("cifar10", cifar_files(rows=60)),
    ):
        (folder / name).mkdir()
        write(folder / name, files)
    return folder


@pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger")
@pytest.mark.parametrize("name", SMALL)
def test_the_quick_version_runs(name, images, monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_DATA", str(images))
    results = run(name, out=tmp_path, quick=True, overrides=SMALL[name], console=QUIET)
    for model in results.models:
        assert model.search or model.sweep
        assert model.scores.test is not None
    assert results.findings and all(each.answer for each in results.questions)
    assert not any("{" in each.answer for each in results.questions)
    assert (tmp_path / "report.html").exists()
    again = type(results).model_validate_json((tmp_path / "results.json").read_text())
    assert again == results  # every number is plain JSON


@pytest.mark.parametrize("name", SMALL)
def test_the_recipe_names_what_is_stated_and_what_is_not(name):
    spec = load(name)
    assert {row.status for row in spec.assumptions} >= {"stated", "ours"}
    assert spec.quick and spec.source.key in "ABCDE" and spec.questions


def test_the_quick_version_replaces_what_is_there():
    for name in SMALL:
        spec = load(name)
        assert load(spec, spec.quick) != spec


def test_the_hundred_are_the_same_for_both_ways_of_searching():
    models = load("cifar10-pca-random-search").models
    whole, halving = (models[key].search for key in ("whole", "halving"))
    assert whole.space == halving.space and whole.seed == halving.seed
    assert whole.n_candidates == halving.n_candidates == 100


def test_the_printed_settings_are_candidates():
    spec = load("mnist-two-layer-search")
    space = spec.models["budget"].search.space
    printed = [row.of for row in spec.printed if row.of]
    assert len(printed) == 3
    for row in printed:
        for name, value in row.items():
            assert value in space[name]
