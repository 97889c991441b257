"""Small images for a page: pixels as PNG data URIs, at their own size."""

import base64
import io
from collections.abc import Sequence
from typing import Any

from chainrule.reports.figures.images import as_images, shades

__all__ = ["tile"]


def tile(
    pixels: Sequence[float], shape: Sequence[int], black_and_white: tuple[float, float]
) -> str:
    """A data URI of the image. The first of ``black_and_white`` is drawn black, the second white.

    A page enlarges it without smoothing: the pixels are what a model sees, and they should be seen.
    """
    from matplotlib.image import imsave

    (picture,) = shades(as_images([pixels], shape), black_and_white)
    buffer = io.BytesIO()
    # Without this, matplotlib's version would be part of the bytes.
    anonymous: Any = {"Software": None}
    imsave(buffer, picture, format="png", metadata=anonymous)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
