"""The recipes on images run, in their quick versions, on made files in the published formats."""

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyarrow.parquet import ParquetFile
from rich.console import Console
from tests.data.conftest import BATCHES, cifar_files, mnist_files, write

from chainrule.data.folders import of_ones_own
from chainrule.data.published import PUBLISHED
from chainrule.experiments.loading import load
from chainrule.experiments.questions import answered
from chainrule.experiments.results import ModelResult, Scores
from chainrule.experiments.runner import run
from chainrule.experiments.spec import QuestionSpec
from chainrule.worked.errata import errata

QUIET = Console(quiet=True)
MNIST = ("mnist-baseline", "mnist-small", "mnist-softmax-output", "mnist-two-layer-first")
CIFAR = ("cifar10-depth", "cifar10-two-layer-first", "cifar10-two-layer-torch")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """MNIST and CIFAR-10 of some hundred random images."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "mnist").mkdir()
    (folder / "cifar10").mkdir()
    write(folder / "mnist", mnist_files(rows=420, test_rows=40))
    write(folder / "cifar10", cifar_files(rows=60))
    return folder


def smaller(name):
    """The quick version with as few rows and steps as will do."""
    spec = load(name)
    changes = {"data.split.held_out": 100, "data.split.train": 150, "hardest": 2}
    for key, model in spec.models.items():
        if "max_steps" not in model.over:
            budget = "max_steps" if "max_steps" in model.settings else "max_iter"
            changes[f"models.{key}.settings.{budget}"] = 2
        changes[f"models.{key}.settings.batch_size"] = 50
    return changes


@pytest.mark.parametrize("name", MNIST + CIFAR)
def test_the_quick_version_runs(name, images, monkeypatch, tmp_path):
    monkeypatch.setenv("CHAINRULE_DATA", str(images))
    results = run(name, out=tmp_path, quick=True, overrides=smaller(name), console=QUIET)
    assert {split.name: split.size for split in results.data.splits} == {
        "train": 150,
        "validation": 100,
        "test": 40 if name in MNIST else 65,
    }
    assert all(model.scores.test is not None for model in results.models)
    assert results.assumptions and (tmp_path / "report.html").exists()
    assert any("not the published" in sentence for sentence in results.data.preparation)


def test_a_slice_of_the_real_mnist_is_learnt(tmp_path):
    folder = os.environ.get("CHAINRULE_DATA")
    if not folder or of_ones_own(PUBLISHED["mnist"]) is None:
        pytest.skip("no MNIST in CHAINRULE_DATA")
    changes = {"data.split.train": 2000, "models.net.settings.max_iter": 4, "hardest": 0}
    results = run("mnist-baseline", out=tmp_path, quick=True, overrides=changes, console=QUIET)
    (model,) = results.models
    assert model.scores.test > 0.88
    assert not any("not the published" in sentence for sentence in results.data.preparation)


def real_cifar(folder, rows=2500, test_rows=500):
    """Files in the published layout with some of the real images: of copies as JPEG, in Parquet
    files ``cifar10/cifar10-train.parquet`` and ``-test``, with the columns label and image."""
    files = {}
    for part, count, names in (("train", rows, BATCHES[:-1]), ("test", test_rows, BATCHES[-1:])):
        source = ParquetFile(folder / "cifar10" / f"cifar10-{part}.parquet")
        table = next(source.iter_batches(count)).to_pydict()
        records = np.empty((count, 3073), np.uint8)
        for row, label, image in zip(records, table["label"], table["image"], strict=True):
            row[0] = label
            row[1:] = (
                np.asarray(Image.open(BytesIO(image)).convert("RGB")).transpose(2, 0, 1).ravel()
            )
        for name, some in zip(names, np.array_split(records, len(names)), strict=True):
            files[name] = some.tobytes()
    return files


def test_a_slice_of_the_real_cifar10_is_learnt(tmp_path, monkeypatch):
    folder = Path(os.environ.get("CHAINRULE_DATA", "nowhere"))
    if of_ones_own(PUBLISHED["cifar10"]) is None:
        if not (folder / "cifar10" / "cifar10-train.parquet").exists():
            pytest.skip("no CIFAR-10 in CHAINRULE_DATA")
        monkeypatch.setenv("CHAINRULE_DATA", str(write(tmp_path / "data", real_cifar(folder))))
    changes = {
        "data.split.train": 2000,
        "data.split.held_out": 300,
        "models.net.settings.max_iter": 6,
        "models.net.settings.batch_size": 50,
        "hardest": 0,
    }
    results = run("cifar10-two-layer-torch", out=tmp_path / "run", overrides=changes, console=QUIET)
    assert results.models[0].scores.test > 0.25  # of ten classes


@pytest.mark.parametrize("name", MNIST + CIFAR)
def test_the_recipe_names_what_is_stated_and_what_is_not(name):
    spec = load(name)
    assert {row.status for row in spec.assumptions} >= {"stated", "ours"}
    assert spec.quick and spec.source.key in "ABCDE"


def test_the_parameters_are_counted_as_the_document_counts_them():
    models = load("mnist-small").members
    sizes = {key: model.settings["hidden_layer_sizes"] for key, model in models.items()}
    counts = {
        key: sum((a + 1) * b for a, b in zip([784, *hidden], [*hidden, 10], strict=True))
        for key, hidden in sizes.items()
    }
    assert counts["baseline"] == 567_434 and counts["small.dropout=0"] == 12_730


def test_depth_has_both_columns_of_the_document_for_all_eight_networks():
    printed = load("cifar10-depth").printed
    assert len(printed) == 16 == len({(row.model, row.quantity) for row in printed})
    by_place = {(row.model, row.quantity): row.value for row in printed}
    last = "small.hidden_layer_sizes=200-150-100-80,l2=0.001"
    assert by_place[last, "validation accuracy"] == 0.078
    assert by_place[last, "test accuracy"] == 0.09


@pytest.mark.parametrize("one", [one for one in errata() if one.recipe], ids=lambda one: one.number)
def test_an_erratum_about_a_recipe_stands_in_its_report(one):
    assert one.number in {erratum.number for erratum in load(one.recipe).errata}


def test_epochs_in_answers_are_whole_numbers():
    model = ModelResult(
        key="net",
        label="net",
        family="mlp",
        settings={},
        scores=Scores(),
        n_iter=100,
        best_epoch=98,
    )
    question = QuestionSpec(
        question="When?",
        answer="{net|best epoch} of {net|epochs}, over-fitting from {net|over-fitting epoch}",
    )
    (answer,) = answered([question], [model])
    assert answer.answer == "98 of 100, over-fitting from (no number)"
