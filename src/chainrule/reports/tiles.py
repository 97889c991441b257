"""Small images for a page: pixels as PNG data URIs, at their own size."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["tile"]


def tile(
    pixels: Sequence[float], shape: Sequence[int], black_and_white: tuple[float, float]
) -> str:
    """A data URI of the image. The first of ``black_and_white`` is drawn black, the second white.

    A page enlarges it without smoothing: the pixels are what a model sees, and they should be seen.
    """
    from matplotlib.image import imsave

    black, white = black_and_white
    values = np.asarray(pixels, dtype=float).reshape(tuple(shape))
    shares = (values - black) / ((white - black) or 1.0)
    grey = (np.clip(np.nan_to_num(shares), 0, 1) * 255).round().astype(np.uint8)
    if grey.ndim == 2:
        grey = np.repeat(grey[:, :, None], 3, axis=2)
    buffer = io.BytesIO()
    # Without this, matplotlib's version would be part of the bytes.
    anonymous: Any = {"Software": None}
    imsave(buffer, grey, format="png", metadata=anonymous)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
