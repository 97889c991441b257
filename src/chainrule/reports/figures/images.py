"""Rows of numbers as images, and images side by side on one set of axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from chainrule.errors import InvalidInputError

__all__ = ["as_images", "board", "place", "shades"]

# The part of its square that an image takes.
FILL = 0.94


def as_images(values: Any, shape: Sequence[int] | None) -> np.ndarray:
    """Rows as (images, height, width) or (images, height, width, 3) numbers.

    Raises
    ------
    InvalidInputError
        The values cannot be cut into such images.
    """
    found = np.asarray(values, dtype=float)
    if shape is None:
        shape = found.shape[1:]
    shape = tuple(int(each) for each in shape)
    if len(shape) == 3 and shape[2] == 1:
        shape = shape[:2]
    if (len(shape) == 3 and shape[2] != 3) or len(shape) not in (2, 3):
        raise InvalidInputError(
            "Required images of the shape (height, width), or (height, width, 3) for red, green "
            f"and blue; came {shape}. Pass image_shape."
        )
    if found.shape[0] * int(np.prod(shape)) != found.size:
        raise InvalidInputError(
            f"Required rows of {int(np.prod(shape))} values, for images of {shape}; came an array "
            f"of shape {found.shape}. Pass the image_shape that the rows have."
        )
    return found.reshape(len(found), *shape)


def shades(images: np.ndarray, black_and_white: tuple[float, float]) -> np.ndarray:
    """Images, as `as_images` gives them, as bytes of red, green and blue; what is out of range is
    drawn black or white.

    The first of ``black_and_white`` is drawn black, the second white.
    """
    black, white = black_and_white
    shares = (images - black) / ((white - black) or 1.0)
    found = (np.clip(np.nan_to_num(shares), 0, 1) * 255).round().astype(np.uint8)
    return found if found.ndim == 4 else np.stack([found] * 3, axis=-1)


def board(axes: Axes, columns: int, rows: int, *, cell: tuple[float, float] = (1.0, 1.0)) -> None:
    """Makes the axes a board of ``columns`` times ``rows`` cells, without scales."""
    axes.set_xlim(0, columns * cell[0])
    axes.set_ylim(rows * cell[1], 0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal")


def place(axes: Axes, pixels: np.ndarray, left: float, top: float, **how: Any) -> None:
    """Puts an image into the unit square whose corner is given, in its own proportions.

    The pixels are left visible: nothing smooths them.
    """
    height, width = pixels.shape[:2]
    across, down = FILL * width / max(height, width), FILL * height / max(height, width)
    x, y = left + (1 - across) / 2, top + (1 - down) / 2
    limits = axes.get_xlim(), axes.get_ylim()
    axes.imshow(pixels, extent=(x, x + across, y + down, y), aspect="equal", **how)
    axes.set(xlim=limits[0], ylim=limits[1])
