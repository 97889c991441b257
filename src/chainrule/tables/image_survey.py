"""What the images of a folder are like, by a sample of them, and what is made of it."""

import re
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from chainrule.errors import InvalidInputError
from chainrule.models.images import MOST_SIDE, Colour, ImageInput
from chainrule.tables.folder import printable
from chainrule.tables.images import quiet, read_rows, refuse, threads
from chainrule.tables.pixels import UnreadableError, facts_of, pillow

__all__ = ["Seen", "decide_colour", "decide_size", "parse_size", "survey_images"]

SAMPLE = 2000
"""So many files are opened, evenly spaced among all."""

COLOURED = 200
"""Of those that could hold colour, so many are looked at for it."""

GREY = 4
"""Red, green and blue that differ by no more, of 255, are grey."""

SMALL = 32
"""Images that are all of one size keep it, up to so many pixels a side; others get this size."""


@dataclass
class Seen:
    """Of ``looked_at`` images among ``total``: how many have each size (height, width) and each of
    Pillow's modes; which cannot be opened, and why; whether all are grey."""

    total: int
    looked_at: int = 0
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    damaged: dict[str, str] = field(default_factory=dict)
    grey: bool = True
    coloured: str = ""

    @property
    def whose(self) -> str:
        """Of how many it is known."""
        if self.looked_at == self.total:
            return f"all {self.total:,} images"
        return f"{self.looked_at:,} of {self.total:,} images, evenly spaced"


def survey_images(folder: Path, names: Sequence[str]) -> Seen:
    """Sizes and modes of a sample, and whether it is grey.

    Raises
    ------
    DataError
        None of the sample can be opened.
    """
    places = np.unique(np.linspace(0, len(names) - 1, min(len(names), SAMPLE)).round().astype(int))
    sample = [names[at] for at in places]
    seen = Seen(len(names), len(sample))
    colour = []
    pillow()
    with quiet(), ThreadPoolExecutor(threads()) as pool:
        for name, facts in zip(sample, pool.map(lambda n: _facts(folder / n), sample), strict=True):
            if isinstance(facts, str):
                seen.damaged[name] = facts
                continue
            size, mode, grey = facts
            seen.sizes[size] += 1
            seen.modes[mode] += 1
            if not grey:
                colour.append(name)
    if not seen.sizes:
        raise refuse(folder, sample, dict(enumerate(seen.damaged.values())))
    seen.coloured = _coloured(folder, colour)
    seen.grey = not seen.coloured
    return seen


def _facts(path: Path) -> tuple[tuple[int, int], str, bool] | str:
    try:
        return facts_of(path)
    except UnreadableError as error:
        return str(error)


def _coloured(folder: Path, names: Sequence[str]) -> str:
    """One of the files that has a colour; none if all that are looked at are grey."""
    places = np.unique(np.linspace(0, len(names) - 1, min(len(names), COLOURED)).round())
    chosen = [names[int(at)] for at in places] if len(names) else []
    image = ImageInput(SMALL, SMALL, "rgb")
    rows, _ = read_rows(folder, chosen, image)
    for name, row in zip(chosen, rows, strict=True):
        pixels = row.reshape(-1, 3).astype(int)
        if np.ptp(pixels, axis=1).max() > GREY:
            return name
    return ""


def parse_size(text: str) -> tuple[int, int]:
    """Height and width of ``"48x32"`` or ``"32"``.

    Raises
    ------
    InvalidInputError
        Something else, or sides that are not from 1 to 256.
    """
    found = re.fullmatch(r"\s*(\d{1,9})\s*(?:[x×*]\s*(\d{1,9})\s*)?", text, re.IGNORECASE)
    if not found:
        raise InvalidInputError(
            f"Required a size in pixels, as 32, or 48x32 (height x width); came {text!r}."
        )
    height, width = int(found[1]), int(found[2] or found[1])
    check_size(height, width)
    return height, width


def check_size(height: int, width: int) -> None:
    """Whether a network can take images of this size.

    Raises
    ------
    InvalidInputError
        A side is not from 1 to 256.
    """
    if not (1 <= height <= MOST_SIDE and 1 <= width <= MOST_SIDE):
        raise InvalidInputError(
            f"Required sides of 1 to {MOST_SIDE} pixels, since each pixel is an input of each "
            f"unit of the first layer; came {height} x {width}."
        )


def decide_size(seen: Seen) -> tuple[tuple[int, int], str]:
    """Height and width, and why."""
    height, width = seen.sizes.most_common(1)[0][0]
    if len(seen.sizes) == 1:
        if max(height, width) <= SMALL:
            return (height, width), f"the size of {seen.whose}, at most {SMALL} a side"
        return (SMALL, SMALL), f"{seen.whose} are {height} x {width}; brought down (--size)"
    smallest, largest = min(seen.sizes, key=_area), max(seen.sizes, key=_area)
    return (SMALL, SMALL), (
        f"{len(seen.sizes):,} sizes, from {smallest[0]} x {smallest[1]} to {largest[0]} x "
        f"{largest[1]} (--size)"
    )


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def decide_colour(seen: Seen) -> tuple[Colour, str]:
    """Grey or colour, and why."""
    modes = ", ".join(f"{n:,} {mode}" for mode, n in seen.modes.most_common(5))
    if seen.grey:
        return "grey", f"{seen.whose} are grey ({modes})"
    return "rgb", f"some have colour, as {printable(seen.coloured)} ({modes})"
