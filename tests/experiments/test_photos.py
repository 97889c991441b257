"""From a folder of images to a spec, and from the spec to the same data."""

import warnings

import pytest
from rich.console import Console
from tests.tables.images_made import photos

from chainrule.errors import DataError, InvalidInputError, SpecError
from chainrule.experiments import photos as module
from chainrule.experiments import plan as decide
from chainrule.experiments import run
from chainrule.experiments.check import check
from chainrule.experiments.datasets import data_of, data_task
from chainrule.experiments.describe import parts_of
from chainrule.experiments.loading import load, to_table
from chainrule.experiments.photos import plan_photos
from chainrule.experiments.toml import dumps
from chainrule.files.light import load_header


def said(plan):
    return {each.what: (each.taken, each.why) for each in plan.decided}


@pytest.mark.parametrize("tune", [0, 3])
def test_the_spec_survives_being_written(tmp_path, tune):
    folder = photos(tmp_path / "my photos (2)", n=10)
    found = plan_photos(folder, tune=tune, seed=4, settings={"dropout": 0.0})
    spec = load(found.spec)
    check(spec)
    (tmp_path / "s.toml").write_text(dumps(to_table(spec)), encoding="utf-8")
    again = load(tmp_path / "s.toml")
    assert (
        again == spec and again.name == "my-photos-2" and data_task(again.data) == "classification"
    )
    assert again.data.folder.size == (8, 8) and again.data.folder.colour == "rgb"
    parts = parts_of(data_of(again.data), again.data)
    assert {name: len(part.y) for name, part in parts.items()} == {
        "train": 18,
        "validation": 6,
        "test": 6,
    }
    assert again.models["net"].settings["dropout"] == 0.0
    if tune:
        assert "dropout" not in again.models["net"].search.space


def test_what_is_asked_for_wins(tmp_path):
    folder = photos(tmp_path / "p", n=5)
    plan = plan_photos(folder, size=(4, 6), colour="grey", fit="crop")
    assert plan.image.shape == (4, 6) and plan.image.fit == "crop"
    assert said(plan)["size"] == ("4 x 6", "as asked for (--size)")
    assert data_of(load(plan.spec).data).image_shape == (4, 6)
    with pytest.raises(InvalidInputError, match="1 to 256"):
        plan_photos(folder, size=(4, 1000))
    changed = load(plan.spec, {"data.folder.size": [2, 2]})
    assert data_of(changed.data).X_train.shape == (15, 4)


def test_what_is_overruled_is_told(tmp_path):
    """Of --set as of flags; and the assumptions are true of both."""
    folder = photos(tmp_path / "p", n=6)
    over = {
        "data.folder.size": [4, 6],
        "data.folder.colour": "grey",
        "data.split.held_out": 0.5,
        "data.split.stratify": False,
    }
    found = decide(folder, overrides=over)
    rows = {row[0]: row[1:] for row in found.rows}
    assert rows["size"][0] == "4 x 6" and rows["colour"][0] == "grey"
    shares = "50 % to train on, 25 % to stop by, 25 % to test"
    assert rows["split"] == ("three parts", f"{shares}; at random")
    said = " ".join(each["value"] + each["note"] for each in found.spec["assumptions"])
    for stale in ("8 x 8", "rgb", "60 %", "256", "dropout"):
        assert stale not in said
    with pytest.raises(InvalidInputError, match="colour: required 'grey' or 'rgb'"):
        decide(folder, overrides={"data.folder.colour": "green"})
    with pytest.raises(SpecError, match="Did you mean 'colour'"):
        decide(folder, overrides={"data.folder.color": "grey"})


@pytest.mark.parametrize(
    ("parts", "scheme", "sizes"),
    [
        (("train", "test"), "own test", (24, 6, 12)),
        (("train", "val"), "own test", (24, 6, 12)),
        (("train", "val", "test"), "own parts", (30, 12, 6)),
    ],
)
def test_parts_that_the_folder_has(tmp_path, parts, scheme, sizes):
    counts = {"train": 10, "val": 4, "test": 4 if len(parts) == 2 else 2}
    for name in parts:
        photos(tmp_path / "p" / name, n=counts[name])
    plan = plan_photos(tmp_path / "p")
    spec = load(plan.spec)
    assert spec.data.split.scheme == scheme
    found = parts_of(data_of(spec.data), spec.data)
    assert tuple(len(found[name].y) for name in ("train", "validation", "test")) == sizes
    assert said(plan)["red"][0].startswith("class: 10 train, ")
    assert "the sub-folders are parts" in said(plan)["split"][1]


def test_classes_that_are_too_small(tmp_path):
    folder = photos(tmp_path / "p", n=5)
    plan_photos(folder)
    (folder / "red" / "000.png").unlink()
    said = r"the class 'red' has 4 images.*at least 5.*stratify=false"
    with pytest.raises(DataError, match=said):
        plan_photos(folder)
    spec = load(plan_photos(folder, stratify=False).spec, {"data.split.stratify": False})
    assert sum(len(part.y) for part in parts_of(data_of(spec.data), spec.data).values()) == 14


def test_damaged_ones_are_told_of(tmp_path):
    folder = photos(tmp_path / "p", n=6)
    (folder / "red" / "000.png").write_text("no image")
    taken, why = said(plan_photos(folder))["unreadable"]
    assert taken == "1, an error; --skip-damaged leaves them out"
    assert why == "red/000.png: no image by its content"
    assert said(plan_photos(folder, skip_damaged=True))["unreadable"][0] == "1, left out"


def test_baselines_that_would_take_long(tmp_path, monkeypatch):
    folder = photos(tmp_path / "p", n=6)
    assert list(plan_photos(folder).spec["models"]) == ["net", "majority", "logistic", "trees"]
    monkeypatch.setattr(module, "TREES", 1)
    assert list(plan_photos(folder).spec["models"])[3:] == ["neighbours"]
    monkeypatch.setattr(module, "NEIGHBOURS", 1)
    monkeypatch.setattr(module, "LOGISTIC", 10 * 9 * 3)
    plan = plan_photos(folder)
    assert plan.spec["models"]["logistic"]["prepare"] == ["unit", "pca:9"]
    monkeypatch.setattr(module, "LOGISTIC", 1)
    plan = plan_photos(folder)
    assert list(plan.spec["models"]) == ["net", "majority"]
    check(load(plan.spec))
    left_out = plan.spec["assumptions"][-1]["value"]
    assert "logistic" in left_out and "neighbours" in left_out and "trees" in left_out


def test_a_spec_that_cannot_be(tmp_path):
    spec = plan_photos(photos(tmp_path / "p", n=5)).spec
    for change, match in (
        ({"data.folder.size": [0, 8]}, "size"),
        ({"data.folder.colour": "blue"}, "colour"),
        ({"data.folder.mood": 1}, "mood"),
        ({"data.table": {"file": "x.csv", "target": "y", "task": "regression"}}, "came both"),
        ({"data.split": {"scheme": "three-way"}}, "needs held_out"),
    ):
        with pytest.raises(SpecError, match=match):
            load(spec, change)
    spec = load(spec, {"data.split": {"scheme": "own parts"}})
    with pytest.raises(SpecError, match="validation and a test part of its own"):
        parts_of(data_of(spec.data), spec.data)


def test_a_search_on_bytes(tmp_path):
    """Each candidate divides the bytes itself, and the best is kept with the images' size."""
    settings = {"hidden_layer_sizes": [4], "max_iter": 2, "dropout": 0.0, "weight_decay": 0.0}
    folder = photos(tmp_path / "p", n=10, size=(4, 4))
    spec = plan_photos(folder, tune=2, settings=settings).spec
    spec["models"] = {"net": spec["models"]["net"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = run(spec, out=tmp_path / "run", console=Console(quiet=True))
    (net,) = results.models
    assert len(net.search.candidates) == 2 and net.settings["input_scale"] == 255.0
    assert load_header(tmp_path / "run" / "model.safetensors").about.image.height == 4
