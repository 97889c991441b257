"""What images a model takes: their size, their colour, and how an image comes to that size."""

from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["COLOURS", "FITS", "MOST_SIDE", "Colour", "Fit", "ImageInput"]

Colour = Literal["grey", "rgb"]
Fit = Literal["stretch", "crop"]
COLOURS: tuple[str, ...] = get_args(Colour)
FITS: tuple[str, ...] = get_args(Fit)

MOST_SIDE = 256
"""Pixels of a side: every one is an input of each unit of the first layer."""


@dataclass(frozen=True)
class ImageInput:
    """Images of ``height`` times ``width`` pixels, as rows of bytes from 0 to 255.

    A row is an image read row by row, the channels of a pixel side by side: red, green and blue, or
    one of grey. An image of another size is resized: ``"stretch"`` takes the whole of it, whatever
    its sides are to each other; ``"crop"`` the largest part of its middle that has the right sides.
    """

    height: int
    width: int
    colour: Colour
    fit: Fit = "stretch"

    @property
    def shape(self) -> tuple[int, ...]:
        """``(height, width)``, or ``(height, width, 3)`` in colour."""
        sides = (self.height, self.width)
        return sides if self.colour == "grey" else (*sides, 3)

    @property
    def n_features(self) -> int:
        """The numbers of a row."""
        return self.height * self.width * (1 if self.colour == "grey" else 3)

    def __str__(self) -> str:
        how = ", the middle of each image" if self.fit == "crop" else ""
        return f"{self.height} x {self.width} pixels (height x width), {self.colour}{how}"
