"""What the images of a folder are brought to, and why."""

import numpy as np
import pytest
from PIL import Image
from tests.tables.images_made import photos, picture

from chainrule.errors import DataError, InvalidInputError
from chainrule.tables import image_survey
from chainrule.tables.folder import list_images
from chainrule.tables.image_survey import decide_colour, decide_size, parse_size, survey_images


def seen(folder):
    return survey_images(folder, list_images(folder).names)


def test_small_images_of_one_size_keep_it(tmp_path):
    found = seen(photos(tmp_path / "p", n=3, size=(8, 12)))
    assert decide_size(found)[0] == (8, 12)
    assert "all 9 images" in decide_size(found)[1]


@pytest.mark.parametrize("sizes", [[(40, 40), (40, 40)], [(8, 8), (9, 8)]])
def test_others_have_32_a_side(tmp_path, sizes):
    for at, size in enumerate(sizes):
        picture((1, 0, 0), size).save(tmp_path / f"{at}.png")
    size, why = decide_size(seen(tmp_path))
    assert size == (32, 32)
    assert ("are 40 x 40" if sizes[0][0] == 40 else "2 sizes, from 8 x 8 to 9 x 8") in why


def test_grey_by_mode_or_by_content(tmp_path):
    assert decide_colour(seen(photos(tmp_path / "grey", n=3, grey=True)))[0] == "grey"
    folder = photos(tmp_path / "colour", n=3)
    assert decide_colour(seen(folder))[0] == "rgb"
    pixels = np.random.RandomState(0).randint(0, 256, (8, 8)).astype(np.uint8)
    (tmp_path / "both").mkdir()
    for at in range(4):  # written in colour, and grey all the same
        Image.fromarray(pixels).convert("RGB").save(tmp_path / "both" / f"{at}.png")
    colour, why = decide_colour(seen(tmp_path / "both"))
    assert colour == "grey" and "(4 RGB)" in why
    picture((1, 0, 0)).save(tmp_path / "both" / "9.png")
    colour, why = decide_colour(seen(tmp_path / "both"))
    assert colour == "rgb" and "as 9.png" in why


def test_of_many_a_sample_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(image_survey, "SAMPLE", 5)
    found = seen(photos(tmp_path / "p", n=10))
    assert (found.looked_at, found.total) == (5, 30)
    assert "5 of 30 images" in decide_size(found)[1]


def test_what_cannot_be_opened(tmp_path):
    folder = photos(tmp_path / "p", n=2)
    (folder / "red" / "000.png").write_text("no image")
    found = seen(folder)
    assert found.damaged == {"red/000.png": "no image by its content"}
    for path in folder.rglob("*.png"):
        path.write_text("no image")
    with pytest.raises(DataError, match=r"6 of 6 images cannot be read: blue/000.png"):
        seen(folder)


@pytest.mark.parametrize(
    ("text", "size"), [("32", (32, 32)), ("48x32", (48, 32)), (" 7 X 9 ", (7, 9)), ("1", (1, 1))]
)
def test_a_size_that_is_said(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "big", "32x", "x32", "3.5", "-3", "1x2x3", "32 32"])
def test_what_is_no_size(text):
    with pytest.raises(InvalidInputError, match=r"as 32, or 48x32 \(height x width\); came"):
        parse_size(text)


@pytest.mark.parametrize("text", ["0", "0x5", "257", "5x100000"])
def test_sizes_that_cannot_be(text):
    with pytest.raises(InvalidInputError, match="sides of 1 to 256 pixels"):
        parse_size(text)
