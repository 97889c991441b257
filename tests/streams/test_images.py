"""A model of images, and folders of them: predicted, measured, gone on with, refused."""

import csv
import os
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from tests.tables.images_made import photos, picture

import chainrule
from chainrule import MLPClassifier, predict_batches
from chainrule.data.photos import load_photos
from chainrule.errors import DataError, InvalidInputError
from chainrule.models.images import ImageInput
from chainrule.streams import writing
from chainrule.streams.evaluate import evaluate
from chainrule.streams.info import described
from chainrule.streams.writing import predict_to
from chainrule.tables.source import open_source

IMAGE = ImageInput(8, 8, "rgb")
ABOUT = {"height": 8, "width": 8, "colour": "rgb", "fit": "stretch"}
CLASSES = np.array(["blue", "green", "red"])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The estimator, its file, and new photographs."""
    folder = tmp_path_factory.mktemp("images")
    data = load_photos(photos(folder / "old", n=20), IMAGE)
    net = MLPClassifier((8,), input_scale=255.0, solver="lbfgs", random_state=0, dtype="float32")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net.fit(data.X_train, CLASSES[data.y_train])
    chainrule.save(net, folder / "m", about={"image": ABOUT})
    return net, folder / "m", photos(folder / "new", n=30, size=(20, 30), suffix=".jpg", first=50)


def test_a_folder_of_any_depth(made, tmp_path):
    net, path, new = made
    (batch,) = predict_batches(path, new)
    X = load_photos(new, IMAGE).X_train
    np.testing.assert_array_equal(batch.predictions, net.predict(X))
    np.testing.assert_allclose(batch.probabilities, net.predict_proba(X), rtol=1e-5, atol=1e-7)
    picture((1, 0, 0), seed=99).save(new.parent / "one.bmp")
    (one,) = predict_batches(path, new.parent / "one.bmp")
    assert one.predictions.tolist() == ["red"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npy"])
def test_files_have_their_names(made, tmp_path, suffix):
    _, path, new = made
    out = tmp_path / f"o{suffix}"
    assert predict_to(path, new, out) == 90
    if suffix == ".npy":
        assert np.load(out).shape == (90, 3)
        return
    found = pd.read_csv(out) if suffix == ".csv" else pd.read_parquet(out)
    assert found.columns.tolist() == [
        "file",
        "prediction",
        *(f"probability_{c}" for c in CLASSES),
    ]
    assert found["file"][0] == "blue/000.jpg" and found["file"][89] == "red/029.jpg"
    right = found["file"].str.split("/").str[0] == found["prediction"]
    assert right.mean() == evaluate(path, new)["accuracy"] > 0.9


def test_it_goes_on_where_it_was(made, tmp_path, monkeypatch):
    """A chunk is 2048 rows here; so that there are several, it is made smaller."""
    monkeypatch.setattr("chainrule.models.frozen.CHUNK_BYTES", 1)  # 64 rows
    monkeypatch.setattr("chainrule.streams.memory.MOST", 64)
    monkeypatch.setattr(writing, "PART_BLOCKS", 1)
    _, path, new = made
    predict_to(path, new, tmp_path / "whole.csv")
    at = []

    def stop(rows):
        at.append(rows)
        if rows > 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_to(path, new, tmp_path / "o.csv", on_rows=stop)
    assert at == [64, 90] and not (tmp_path / "o.csv").exists()
    assert predict_to(path, new, tmp_path / "o.csv", on_rows=at.append) == 90
    assert at == [64, 90, 90]
    assert (tmp_path / "o.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_other_photographs_are_another_prediction(made, tmp_path, monkeypatch):
    _, path, _ = made
    folder = photos(tmp_path / "p", n=2)

    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:  # when all is computed, and nothing written yet
        patch.setitem(writing.WRITERS, ".csv", stopped)
        with pytest.raises(KeyboardInterrupt, match="6 rows are done, and kept in"):
            predict_to(path, folder, tmp_path / "o.csv")
    os.utime(folder / "red" / "000.png", ns=(1, 1))
    with pytest.raises(DataError, match="parts of another prediction"):
        predict_to(path, folder, tmp_path / "o.csv")
    assert predict_to(path, folder, tmp_path / "o.csv", force=True) == 6


def test_the_truth_is_the_sub_folder(made, tmp_path):
    net, path, _ = made
    folder = photos(tmp_path / "p", n=5)
    picture((1, 0, 0)).save(folder / "astray.png")
    found = evaluate(path, folder)
    X, y = load_photos(folder, IMAGE).X_train, np.repeat(CLASSES, 5)
    assert found["rows"] == 15 and found["left_out"] == 1
    assert found["accuracy"] == net.score(X, y)
    P = net.predict_proba(X)[np.arange(15), np.repeat(np.arange(3), 5)]
    assert found["log_loss"] == pytest.approx(-np.log(P).mean(), rel=1e-4)
    (folder / "red").rename(folder / "rde")
    with pytest.raises(DataError, match="the model knows, 'blue', 'green', 'red'; came 'rde'"):
        evaluate(path, folder)
    with pytest.raises(InvalidInputError, match=r"sub-folders .* the truth; came the column"):
        evaluate(path, folder, target="y")
    with pytest.raises(DataError, match="came images outside of any"):
        evaluate(path, folder / "rde")


def test_classes_that_are_numbers(tmp_path):
    colours = {"9": (0, 0, 1), "10": (1, 0, 0)}
    folder = photos(tmp_path / "p", 10, colours)
    data = load_photos(folder, IMAGE)
    net = MLPClassifier((4,), input_scale=255.0, solver="lbfgs", random_state=0)
    net.fit(data.X_train, np.array([9, 10])[data.y_train])
    chainrule.save(net, tmp_path / "m", about={"image": ABOUT})
    assert evaluate(tmp_path / "m", folder)["accuracy"] == 1


def test_damaged_ones(made, tmp_path):
    _, path, _ = made
    folder = photos(tmp_path / "p", n=3)
    (folder / "red" / "001.png").write_text("no image")
    out = tmp_path / "o.csv"
    with pytest.raises(DataError, match=r"1 of 9 images cannot be read: red/001.png"):
        predict_to(path, folder, out)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["p"]
    assert predict_to(path, folder, out, skip_damaged=True) == 8
    assert "red/001.png" not in out.read_text()
    assert evaluate(path, folder, skip_damaged=True)["left_out"] == 1


def test_odd_names(made, tmp_path):
    _, path, _ = made
    folder = tmp_path / "p"
    folder.mkdir()
    for name in ('a, "b"\n.png', os.fsdecode(b"caf\xe9.png"), "größe ☂.png", "=1+1.png"):
        picture((1, 0, 0)).save(folder / name)
    predict_to(path, folder, tmp_path / "o.csv")
    predict_to(path, folder, tmp_path / "o.parquet")
    with (tmp_path / "o.csv").open(encoding="utf-8", newline="") as file:
        found = [row["file"] for row in csv.DictReader(file)]
    assert sorted(found) == sorted(['a, "b"\n.png', "caf\\xe9.png", "größe ☂.png", "=1+1.png"])
    assert pd.read_parquet(tmp_path / "o.parquet")["file"].tolist() == found


def test_a_table_of_pixels_works_as_before(made, tmp_path):
    net, path, new = made
    X = load_photos(new, IMAGE).X_train
    pd.DataFrame(X).add_prefix("pixel ").to_csv(tmp_path / "x.csv", index=False)
    for source in (tmp_path / "x.csv", X):
        (batch,) = predict_batches(path, source)
        np.testing.assert_array_equal(batch.predictions, net.predict(X))


def test_a_model_that_knows_of_no_images(made, tmp_path):
    net, path, new = made
    chainrule.save(net, tmp_path / "m")
    for model in (net, tmp_path / "m"):
        with pytest.raises(
            DataError, match=r"is a folder\. Images are for a model that was trained"
        ):
            list(predict_batches(model, new))
    with pytest.raises(InvalidInputError, match=r"4 x 4 pixels \(height x width\), rgb"):
        list(predict_batches(path, open_source(new, image=ImageInput(4, 4, "rgb"))))


def test_info_tells_of_images(made):
    assert ("image", "8 x 8 pixels (height x width), rgb") in described(made[1])


def test_nothing_heavy_is_imported(made, tmp_path):
    code = """
import sys
from chainrule.streams.writing import predict_to
from chainrule.streams.evaluate import evaluate
predict_to(sys.argv[1], sys.argv[2], sys.argv[3])
evaluate(sys.argv[1], sys.argv[2])
heavy = {"jax", "sklearn", "scipy", "matplotlib", "torch", "pyarrow"} & set(sys.modules)
assert not heavy, heavy
"""
    _, path, new = made
    subprocess.run(
        [sys.executable, "-W", "error", "-c", code, path, new, tmp_path / "o.csv"], check=True
    )
