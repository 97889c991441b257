"""One image file as the bytes that a model takes.

What is done, in this order: the orientation that a camera noted (EXIF) is applied; what is
transparent is laid on white; palettes, CMYK and others become red, green and blue; 16 bits of grey
become 8; colour becomes grey, if grey is wanted, as 0.299 R + 0.587 G + 0.114 B; and the size is
made right by weighted means over the pixels that come together (Pillow's bilinear filter, which
grows with the factor, so that nothing is skipped).
"""

from contextlib import nullcontext
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import MissingExtraError
from chainrule.models.images import ImageInput

__all__ = ["FORMATS", "MOST_PIXELS", "UnreadableError", "facts_of", "pillow", "pixels_of"]

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
"""What is read, by what is in the file; Pillow would try others, some of which start programs."""

MOST_PIXELS = 89_478_485
"""An image with more, which a small file can claim to be, is refused: as bytes in colour it takes
a quarter of a gigabyte."""

LARGE = 1 << 24
"""Images with more pixels are unpacked one at a time, so that threads do not add up."""

ORIENTATION = 0x0112
"""The EXIF tag."""

_alone = Lock()


class UnreadableError(Exception):
    """Why one file could not be read; who reads many says it of all."""


@cache
def pillow() -> Any:
    """Pillow's module ``Image``, or the error that names what installs it."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError(
            "Reading images needs Pillow. Install it with: pip install pillow"
        ) from error
    return Image


def pixels_of(path: Path, image: ImageInput) -> npt.NDArray[np.uint8]:
    """The image's pixels ``(image.n_features,)``.

    Raises
    ------
    UnreadableError
        It is damaged, no image, too large, or may not be read.
    """
    with _opened(path) as opened:
        if opened.format == "JPEG":  # unpacked at a half, a quarter, ... if that is large enough
            side = 2 * max(image.height, image.width)
            opened.draft(None, (side, side))
        large = opened.width * opened.height > LARGE
        with _alone if large else nullcontext(), _said(path):
            made = _resized(_coloured(_upright(opened), image.colour), image)
            return np.asarray(made, np.uint8).reshape(-1)


def facts_of(path: Path) -> tuple[tuple[int, int], str, bool]:
    """Height and width as one sees it, Pillow's mode, and whether its mode alone makes it grey;
    only the beginning of the file is read.

    Raises
    ------
    UnreadableError
        It is damaged, no image, too large, or may not be read.
    """
    with _opened(path) as opened, _said(path):
        size = (opened.height, opened.width)
        turned = _orientation(opened) > 4
        grey = opened.mode in ("1", "L", "LA", "La", "F") or opened.mode.startswith("I")
        return (size[::-1] if turned else size), opened.mode, grey


class _opened:
    """A file opened by Pillow, its size checked before anything is unpacked."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Any:
        with _said(self.path):
            self.image = pillow().open(self.path, formats=FORMATS)
        pixels = self.image.width * self.image.height
        if not 0 < pixels <= MOST_PIXELS:
            self.image.close()
            raise UnreadableError(f"{pixels:,} pixels, of at most {MOST_PIXELS:,}")
        return self.image

    def __exit__(self, *_: Any) -> None:
        self.image.close()


class _said:
    """What Pillow says of a bad file, in a few words. Its readers fail in many ways."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        if isinstance(error, UnreadableError | MissingExtraError | MemoryError):
            return
        if not isinstance(error, Exception):
            return
        Image = pillow()
        if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
            raise UnreadableError(f"more than {MOST_PIXELS:,} pixels") from error
        from PIL import UnidentifiedImageError

        if isinstance(error, UnidentifiedImageError):
            empty = not self.path.stat().st_size
            raise UnreadableError("empty" if empty else "no image by its content") from error
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UnreadableError(" ".join(reason.split())[:100]) from error


def _orientation(image: Any) -> int:
    """How the camera was held, from 1 (upright) to 8; 1 where nothing legible says it."""
    try:
        said = image.getexif().get(ORIENTATION, 1)
    except Exception:  # a damaged note is no damaged image
        return 1
    return said if isinstance(said, int) and 1 <= said <= 8 else 1


def _upright(image: Any) -> Any:
    """The image as one sees it. The numbers' meanings are those of the EXIF standard."""
    turns = pillow().Transpose
    needed = {
        2: turns.FLIP_LEFT_RIGHT,
        3: turns.ROTATE_180,
        4: turns.FLIP_TOP_BOTTOM,
        5: turns.TRANSPOSE,
        6: turns.ROTATE_270,
        7: turns.TRANSVERSE,
        8: turns.ROTATE_90,
    }.get(_orientation(image))
    image.load()
    if needed is None:
        return image
    turned = image.transpose(needed)
    turned.info = dict(image.info)  # says what is transparent
    return turned


def _coloured(image: Any, colour: str) -> Any:
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    if image.mode == "F":
        raise UnreadableError("floating pixels, of which nothing says what black and white are")
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        image = _on_white(image)
    if image.mode == "P":  # to grey by way of its colours
        image = image.convert("RGB")
    wanted = "L" if colour == "grey" else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def _eight_bits(image: Any) -> Any:
    """Of 16 bits the nearest of 8: 65535 is 255."""
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 0xFFFF:
        raise UnreadableError("pixels of 32 bits; 8 and 16 are read")
    return pillow().fromarray(((values + 128) // 257).astype(np.uint8))


def _on_white(image: Any) -> Any:
    image = image.convert("RGBA")
    white = pillow().new("RGBA", image.size, (255, 255, 255, 255))
    white.alpha_composite(image)
    return white.convert("RGB")


def _resized(image: Any, wanted: ImageInput) -> Any:
    width, height = image.size
    box = (0.0, 0.0, float(width), float(height))
    if wanted.fit == "crop":
        across = min(width, height * wanted.width / wanted.height)
        down = min(height, width * wanted.height / wanted.width)
        left, top = (width - across) / 2, (height - down) / 2
        box = (left, top, left + across, top + down)
    bilinear = pillow().Resampling.BILINEAR
    # first by whole factors, which is quicker and is hardly seen
    return image.resize((wanted.width, wanted.height), bilinear, box=box, reducing_gap=3.0)
