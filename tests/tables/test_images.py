"""Many images as rows: in their order, whatever the threads do, some at a time."""

import warnings

import numpy as np
import pytest
from PIL import Image
from tests.tables.images_made import photos, picture

from chainrule.errors import DataError
from chainrule.models.images import ImageInput
from chainrule.tables import images
from chainrule.tables.images import ImageSource, pixel_names, read_rows
from chainrule.tables.pixels import pixels_of
from chainrule.tables.source import open_source

IMAGE = ImageInput(8, 8, "rgb")


@pytest.fixture
def folder(tmp_path):
    return photos(tmp_path / "photos", n=7)


def spoil(path):
    path.write_bytes(path.read_bytes()[:60])


def test_rows_are_in_the_order_of_the_paths(folder, monkeypatch):
    monkeypatch.setattr(images, "AT_ONCE", 4)
    source = ImageSource(folder, IMAGE)
    assert source.n_rows == 21 and source.files[7] == "green/000.png"
    expected = np.stack([pixels_of(folder / name, IMAGE) for name in source.files])
    for size in (1, 5, 21, 100):
        starts, blocks = zip(*source.rows(size), strict=True)
        assert starts == tuple(range(0, 21, size))
        np.testing.assert_array_equal(np.concatenate(blocks), expected)
    at, rows = next(source.rows(5, start=10))
    assert at == 10 and rows.dtype == np.uint8
    np.testing.assert_array_equal(rows, expected[10:15])
    (block,) = source.blocks(100)
    np.testing.assert_array_equal(block.array, expected)


def test_a_pixel_has_a_name():
    assert pixel_names(ImageInput(1, 2, "grey")) == ("pixel_0_0", "pixel_0_1")
    names = pixel_names(ImageInput(2, 1, "rgb"))
    assert names == tuple(f"pixel_{i}_0_{c}" for i in (0, 1) for c in ("red", "green", "blue"))


def test_damaged_ones_are_named_or_left_out(folder):
    for name in ("blue/003.png", "red/000.png"):
        spoil(folder / name)
    source = ImageSource(folder, IMAGE)
    said = r"2 of 21 images cannot be read: blue/003\.png \(.+\), red/000\.png \(.+skip-damaged"
    with pytest.raises(DataError, match=said):
        list(source.rows(100))
    next(source.rows(3))  # before them all is well
    source = ImageSource(folder, IMAGE, skip_damaged=True)
    assert source.n_rows == 19 and source.skipped == ("blue/003.png", "red/000.png")
    assert sum(len(rows) for _, rows in source.rows(4)) == 19
    for path in folder.rglob("*.png"):
        spoil(path)
    for skip in (False, True):
        with pytest.raises(DataError, match=r"21 of 21 .*blue/004.png \(.*, and 16 more"):
            list(ImageSource(folder, IMAGE, skip_damaged=skip).rows(100))


def test_what_pillow_warns_of_is_not_ours_to_show(folder):
    picture((1, 0, 0)).save(folder / "red" / "e.png", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, bad = read_rows(folder, ["red/e.png"], IMAGE)
    assert not bad


def test_a_single_image_and_what_is_none(folder, tmp_path):
    source = open_source(folder / "red" / "000.png", image=IMAGE)
    assert source.files == ["000.png"] and source.n_rows == 1
    with pytest.raises(
        DataError, match=r"trained on a folder of them.*required a file with a tabl"
    ):
        open_source(folder / "red" / "000.png")
    with pytest.raises(
        DataError, match=r"is a folder\. Images are for a model that was trained on"
    ):
        open_source(folder)
    with pytest.raises(DataError, match=r"no option 'delimiter' of images \(skip_damaged\)"):
        open_source(folder, image=IMAGE, delimiter=";")
    with pytest.raises(DataError, match="does not exist"):
        open_source(tmp_path / "none.png", image=IMAGE)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").touch()
    with pytest.raises(DataError, match=r"holds no images, only 1 other files \(1 .txt\)"):
        open_source(tmp_path / "texts", image=IMAGE)


def test_large_images_are_unpacked_one_at_a_time(folder, monkeypatch):
    monkeypatch.setattr("chainrule.tables.pixels.LARGE", 10)
    rows, bad = read_rows(folder, ImageSource(folder, IMAGE).files, IMAGE)
    assert not bad and rows.any(axis=1).all()
    Image.new("RGB", (8, 8)).save(folder / "red" / "black.png")
    assert not read_rows(folder, ["red/black.png"], IMAGE)[0].any()
