"""One image as bytes: what is in the file, whatever it is written as."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chainrule.models.images import ImageInput
from chainrule.tables.images import quiet
from chainrule.tables.pixels import ORIENTATION, UnreadableError, facts_of, pixels_of

RANDOM = np.random.RandomState(0)
RGB = RANDOM.randint(0, 256, (4, 6, 3)).astype(np.uint8)
OWN = ImageInput(4, 6, "rgb")
GREY = ImageInput(4, 6, "grey")


def read(path, image=OWN):
    return pixels_of(path, image).reshape(image.shape)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".ppm", ".webp", ".gif"])
def test_what_loses_nothing_comes_back(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    few = RGB // 128 * 255 if suffix == ".gif" else RGB  # of a palette
    Image.fromarray(few).save(path, **({"lossless": True} if suffix == ".webp" else {}))
    np.testing.assert_array_equal(read(path), few)
    assert facts_of(path)[0] == (4, 6)


@pytest.mark.parametrize("way", range(1, 9))
def test_as_the_camera_was_held(tmp_path, way):
    """The stored picture is the seen one moved as the EXIF standard says: row 0 and column 0 of it
    are those sides of the seen one."""
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }[way](RGB)
    exif = Image.Exif()
    exif[ORIENTATION] = way
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "x.png", exif=exif)
    np.testing.assert_array_equal(read(tmp_path / "x.png"), RGB)
    assert facts_of(tmp_path / "x.png")[0] == (4, 6)


def test_a_note_that_is_damaged_turns_nothing(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "x.png", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\xff")
    with quiet():
        np.testing.assert_array_equal(read(tmp_path / "x.png"), RGB)


def test_what_is_transparent_is_on_white(tmp_path):
    alpha = np.zeros((4, 6), np.uint8)
    alpha[0], alpha[1] = 255, 51
    Image.fromarray(np.dstack([RGB, alpha])).save(tmp_path / "a.png")
    found = read(tmp_path / "a.png").astype(float)
    share = alpha[..., None] / 255
    np.testing.assert_allclose(found, share * RGB + (1 - share) * 255, atol=1)
    Image.fromarray(np.dstack([RGB[..., 0], alpha])).save(tmp_path / "la.png")
    assert (read(tmp_path / "la.png", GREY)[2:] == 255).all()
    palette = Image.new("P", (6, 4))
    palette.putdata([at % 3 for at in range(24)])
    palette.putpalette([10, 20, 30, 200, 100, 0, 7, 7, 7])
    palette.save(tmp_path / "p.png", transparency=1)
    found = read(tmp_path / "p.png")
    assert found[0, :3].tolist() == [[10, 20, 30], [255, 255, 255], [7, 7, 7]]


def test_grey_is_the_weighted_mean(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "x.png")
    expected = RGB @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(read(tmp_path / "x.png", GREY), expected, atol=1)
    Image.fromarray(RGB[..., 0]).save(tmp_path / "l.png")
    found = read(tmp_path / "l.png")
    np.testing.assert_array_equal(found, np.repeat(RGB[..., :1], 3, axis=2))
    assert facts_of(tmp_path / "l.png")[1:] == ("L", True)
    assert not facts_of(tmp_path / "x.png")[2]


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_sixteen_bits_of_grey(tmp_path, suffix):
    values = np.array([[0, 128, 129, 257, 32768, 65535]] * 4, np.uint16)
    Image.fromarray(values).save(tmp_path / f"x{suffix}")
    found = read(tmp_path / f"x{suffix}", GREY)
    np.testing.assert_array_equal(found[0], np.round(values[0] / 257))


def test_cmyk_and_one_bit(tmp_path):
    Image.new("CMYK", (6, 4), (255, 0, 0, 0)).save(tmp_path / "x.tif")
    red, green, blue = read(tmp_path / "x.tif")[0, 0]
    assert red < 60 < 120 < min(green, blue)
    Image.fromarray(RGB[..., 0] > 128).save(tmp_path / "1.png")
    np.testing.assert_array_equal(read(tmp_path / "1.png", GREY), (RGB[..., 0] > 128) * 255)


def test_an_image_twice_the_size_is_averaged(tmp_path):
    """A flat picture stays flat, and a half-and-half one keeps its halves and its mean."""
    big = np.zeros((64, 96), np.uint8)
    big[:, 48:] = 200
    Image.fromarray(big).save(tmp_path / "x.png")
    found = read(tmp_path / "x.png", ImageInput(8, 12, "grey")).astype(float)
    assert (found[:, :5] == 0).all() and (found[:, 7:] == 200).all()
    assert found.mean() == pytest.approx(100, abs=1)
    lines = np.zeros((64, 64), np.uint8)
    lines[::2] = 200  # a filter that skips rows would give 0 or 200
    Image.fromarray(lines).save(tmp_path / "y.png")
    assert abs(read(tmp_path / "y.png", ImageInput(8, 8, "grey")).astype(int) - 100).max() <= 12


def test_stretched_or_cut(tmp_path):
    wide = np.zeros((8, 24), np.uint8)
    wide[:, 8:16] = 255
    Image.fromarray(wide).save(tmp_path / "x.png")
    cut = read(tmp_path / "x.png", ImageInput(8, 8, "grey", "crop"))
    assert (cut == 255).all()
    whole = read(tmp_path / "x.png", ImageInput(8, 8, "grey", "stretch"))
    assert whole[0, 0] == 0 and whole[0, 3] > 200
    Image.fromarray(wide.T).save(tmp_path / "y.png")
    assert (read(tmp_path / "y.png", ImageInput(8, 8, "grey", "crop")) == 255).all()


def test_a_large_photograph_by_its_smaller_forms(tmp_path):
    """JPEG is unpacked at an eighth: the same picture but for a few shades."""
    smooth = np.linspace(0, 255, 512)[None, :, None] * np.ones((512, 1, 3))
    smooth = smooth.astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "x.jpg", quality=95)
    Image.fromarray(smooth).save(tmp_path / "x.png")
    image = ImageInput(16, 16, "rgb")
    found, expected = (read(tmp_path / f"x{s}", image).astype(int) for s in (".jpg", ".png"))
    assert abs(found - expected).max() <= 4


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from(["grey", "rgb"]),
    st.sampled_from(["stretch", "crop"]),
    st.integers(0, 255),
)
def test_one_shade_stays_one_shade(height, width, to_height, to_width, colour, fit, shade):
    data = io.BytesIO()
    Image.new("L", (width, height), shade).save(data, "PNG")
    data.seek(0)
    found = pixels_of(data, ImageInput(to_height, to_width, colour, fit))
    assert found.dtype == np.uint8 and (found == shade).all()


def test_two_pictures_of_one_camera(tmp_path):
    """Some telephones put several into one file (MPO); the first is taken."""
    first, second = Image.new("RGB", (6, 4), (255, 0, 0)), Image.new("RGB", (6, 4), (0, 0, 255))
    first.save(tmp_path / "x.jpg", "MPO", save_all=True, append_images=[second])
    assert read(tmp_path / "x.jpg")[..., 0].min() > 200
    first.save(tmp_path / "x.gif", save_all=True, append_images=[second])
    assert read(tmp_path / "x.gif")[..., 0].min() > 200


def bomb(width, height):
    """A PNG of a few bytes that claims to be large."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def whole_png():
    data = io.BytesIO()
    Image.fromarray(RANDOM.randint(0, 256, (40, 40, 3)).astype(np.uint8)).save(data, "PNG")
    return data.getvalue()


BAD = {
    "text": (b"no image, but text\n" * 9, "no image by its content"),
    "nothing": (b"", "empty"),
    "cut off": (whole_png()[:900], "truncated|broken|Unexpected"),
    "a bomb": (bomb(60_000, 60_000), "pixels"),
    "a smaller bomb": (bomb(10_000, 10_000), "100,000,000 pixels, of at most 89,478,485|more than"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no image by its content"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_image_says_why(tmp_path, name):
    data, why = BAD[name]
    (tmp_path / "x.png").write_bytes(data)
    with quiet(), pytest.raises(UnreadableError, match=why):
        pixels_of(tmp_path / "x.png", OWN)


def test_pixels_without_black_and_white(tmp_path):
    Image.fromarray(np.ones((4, 6), np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(UnreadableError, match="floating pixels"):
        pixels_of(tmp_path / "f.tif", OWN)
    Image.fromarray(np.full((4, 6), 70_000, np.int32)).save(tmp_path / "i.tif")
    with pytest.raises(UnreadableError, match="32 bits"):
        pixels_of(tmp_path / "i.tif", OWN)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    Image.fromarray(RGB).save(tmp_path / "x.png")

    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Image, "open", forbidden)
    for read_it in (lambda path: pixels_of(path, OWN), facts_of):
        with pytest.raises(UnreadableError, match=r"^Permission denied$"):
            read_it(tmp_path / "x.png")
    monkeypatch.undo()
    with pytest.raises(UnreadableError, match="No such file"):
        facts_of(tmp_path / "none.png")


def test_changed_bytes_are_refused_or_an_image(tmp_path):
    """Whatever Pillow's readers stumble over has one name."""
    random, path = np.random.RandomState(1), tmp_path / "x.png"
    kinds = {}
    for kind in ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"):
        data = io.BytesIO()
        Image.fromarray(RGB).save(data, kind)
        kinds[kind] = data.getvalue()
    refused = 0
    for seed in range(300):
        raw = bytearray(kinds[list(kinds)[seed % len(kinds)]])
        for _ in range(random.randint(1, 6)):
            raw[random.randint(len(raw))] = random.randint(256)
        path.write_bytes(raw[: random.randint(1, len(raw) + 1)] if seed % 3 == 0 else raw)
        try:
            with quiet():
                assert pixels_of(path, OWN).shape == (72,)
        except UnreadableError as error:
            refused += 1
            assert str(error)
    assert 50 < refused < 300
