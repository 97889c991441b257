"""A folder of images as a data set: classes, parts, what is passed over, what is refused."""

import os

import numpy as np
import pytest
from tests.tables.images_made import COLOURS, photos, picture

from chainrule.data import photos as module
from chainrule.data.photos import find_photos, load_photos
from chainrule.errors import DataError
from chainrule.models.images import ImageInput
from chainrule.tables.pixels import pixels_of

RGB = ImageInput(8, 8, "rgb")


def test_sub_folders_are_classes(tmp_path):
    folder = photos(tmp_path / "my photos", n=4)
    (folder / "red" / "deep").mkdir()
    picture((1, 0, 0)).save(folder / "red" / "deep" / "x.jpg")
    data = load_photos(folder, RGB)
    assert data.class_names == ("blue", "green", "red")
    assert data.y_train.tolist() == [0] * 4 + [1] * 4 + [2] * 5
    assert data.X_train.shape == (13, 192) and data.X_train.dtype == np.uint8
    assert data.image_shape == (8, 8, 3) and data.pixel_range == (0.0, 255.0)
    np.testing.assert_array_equal(data.X_train[5], pixels_of(folder / "green" / "001.png", RGB))
    np.testing.assert_array_equal(
        data.X_train.reshape(13, 8, 8, 3).mean((1, 2)).argmax(1), 2 - data.y_train
    )
    assert data.X_test is None and data.name == "my photos"
    grey = load_photos(folder, ImageInput(5, 7, "grey"))
    assert grey.X_train.shape == (13, 35) and grey.image_shape == (5, 7)


def test_it_is_read_once_and_again_when_a_file_changes(tmp_path):
    folder = photos(tmp_path / "p", n=2)
    first = load_photos(folder, RGB)
    assert load_photos(folder, RGB) is first
    picture((0, 0, 0), seed=9).save(folder / "red" / "000.png")
    os.utime(folder / "red" / "000.png", ns=(1, 1))
    again = load_photos(folder, RGB)
    assert again is not first and again.sha256 != first.sha256


def test_what_is_passed_over_is_told(tmp_path):
    folder = photos(tmp_path / "p", n=2)
    picture((1, 0, 0)).save(folder / "stray.png")
    (folder / "empty").mkdir()
    (folder / ".thumbs").mkdir()
    (folder / "red" / "notes.txt").touch()
    found = find_photos(folder)
    assert found.class_names == ("blue", "green", "red")
    said = "; ".join(found.remarks)
    for text in ("1 images in no class", "without images (empty)", "1 other files", "1 hidden"):
        assert text in said
    assert "stray" not in found.all_names and said.split(";")[0] in load_photos(folder, RGB).remark


def test_numbers_are_in_their_order(tmp_path):
    colours = dict.fromkeys(("10", "9", "-1"), (1, 0, 0))
    assert find_photos(photos(tmp_path / "n", 1, colours)).class_names == ("-1", "9", "10")
    colours = dict.fromkeys(("10", "09", "x"), (1, 0, 0))
    assert find_photos(photos(tmp_path / "t", 1, colours)).class_names == ("09", "10", "x")


@pytest.mark.parametrize("names", [("train", "test"), ("Train", "val"), ("training", "TESTING")])
def test_a_folder_with_a_test_part(tmp_path, names):
    for at, name in enumerate(names):
        photos(tmp_path / "p" / name, n=3 - at, first=10 * at)
    found = find_photos(tmp_path / "p")
    assert found.folders == {"train": names[0], "test": names[1]}
    assert found.counts("train") == [3, 3, 3] and found.counts("test") == [2, 2, 2]
    data = load_photos(tmp_path / "p", RGB)
    assert data.X_train.shape == (9, 192) and data.X_test.shape == (6, 192)
    assert data.y_test.tolist() == [0, 0, 1, 1, 2, 2] and data.X_validation is None
    expected = pixels_of(tmp_path / "p" / names[1] / "red" / "001.png", RGB)
    np.testing.assert_array_equal(data.X_test[-1], expected)


def test_a_folder_with_all_three_parts(tmp_path):
    for at, name in enumerate(("train", "val", "test")):
        photos(tmp_path / "p" / name, n=3 - at)
    (tmp_path / "p" / "other" / "x").mkdir(parents=True)
    picture((1, 0, 0)).save(tmp_path / "p" / "other" / "x" / "1.png")
    picture((1, 0, 0)).save(tmp_path / "p" / "test" / "no class.png")
    data = load_photos(tmp_path / "p", RGB)
    assert [len(y) for y in (data.y_train, data.y_validation, data.y_test)] == [9, 6, 3]
    said = find_photos(tmp_path / "p").remarks
    assert said[:2] == (
        "1 images in other/ outside of a class",
        "1 images in test/ outside of a class",
    )


def test_classes_that_are_called_train(tmp_path):
    """Locomotives beside buses: no folders below them, so they are classes."""
    found = find_photos(photos(tmp_path / "p", 2, {"train": (1, 0, 0), "test": (0, 1, 0)}))
    assert found.class_names == ("test", "train") and not found.folders


def spoil(path):
    path.write_text("no image")


def test_damaged_images(tmp_path):
    folder = photos(tmp_path / "p", n=3)
    spoil(folder / "red" / "001.png")
    said = r"1 of 9 images cannot be read: red/001.png \(no image by its content\)"
    with pytest.raises(DataError, match=said):
        load_photos(folder, RGB)
    data = load_photos(folder, RGB, skip_damaged=True)
    assert data.y_train.tolist() == [0, 0, 0, 1, 1, 1, 2, 2]
    np.testing.assert_array_equal(data.X_train[7], pixels_of(folder / "red" / "002.png", RGB))
    assert "1 that cannot be read were left out" in data.remark
    spoil(folder / "red" / "000.png")
    spoil(folder / "red" / "002.png")
    with pytest.raises(DataError, match="no image of the class 'red' can be read"):
        load_photos(folder, RGB, skip_damaged=True)


def no_image(folder):
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "x.txt").touch()


def no_class(folder):
    folder.mkdir()
    picture((1, 0, 0)).save(folder / "1.png")


def no_utf_8(folder):
    photos(folder, 1)
    (folder / "red").rename(folder / os.fsdecode(b"caf\xe9"))


def strange_in_test(folder):
    photos(folder / "train", 1, {k: COLOURS[k] for k in ("red", "blue")})
    photos(folder / "test", 1)


def two_names(folder):
    for name in ("train", "val", "valid"):
        photos(folder / name, 1)


BAD = {
    "nothing": (lambda folder: None, "does not exist"),
    "no folder": (lambda folder: folder.touch(), "is no folder"),
    "no image": (no_image, r"holds no images.*1 other files \(1 .txt\).*photos/cat/1.jpg"),
    "no class": (no_class, "no sub-folders with images.*photos/cat/1.jpg"),
    "one class": (lambda f: photos(f, 2, {"red": (1, 0, 0)}), "at least two classes.*'red'"),
    "no UTF-8": (no_utf_8, r"sub-folder caf\\xe9 has a name that is no UTF-8"),
    "a class in test alone": (strange_in_test, "test/ has the class 'green', which train/ has not"),
    "two validation parts": (two_names, "val/ and valid/ are both names of the validation part"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused(tmp_path, name):
    make, said = BAD[name]
    make(tmp_path / "p")
    with pytest.raises(DataError, match=said):
        find_photos(tmp_path / "p")


def test_more_than_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    with pytest.raises(DataError, match=r"9 images of 8 x 8 .* at most .*--size"):
        load_photos(photos(tmp_path / "p", n=3), RGB)
