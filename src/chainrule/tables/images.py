"""Image files as rows: read by several threads, in their order, some at a time."""

import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError
from chainrule.models.images import ImageInput
from chainrule.tables.block import ArrayBlock
from chainrule.tables.folder import list_images, printable
from chainrule.tables.pixels import UnreadableError, pillow, pixels_of

__all__ = ["ImageSource", "damaged", "pixel_names", "quiet", "read_rows", "refuse", "threads"]

SHOWN = 5
"""So many damaged files are named."""

AT_ONCE = 1024
"""Files that are given to the threads at a time."""

Bytes = npt.NDArray[np.uint8]


def read_rows(
    folder: Path, names: Sequence[str], image: ImageInput
) -> tuple[Bytes, dict[int, str]]:
    """The pixels of the files, ``(n, image.n_features)``, and of those that cannot be read, whose
    rows are 0, their places and why."""
    rows = np.zeros((len(names), image.n_features), np.uint8)
    bad: dict[int, str] = {}

    def read(at: int) -> None:
        try:
            rows[at] = pixels_of(folder / names[at], image)
        except UnreadableError as error:
            bad[at] = str(error)

    pillow()  # the error of its absence, before there are threads
    with quiet(), ThreadPoolExecutor(threads()) as pool:
        for first in range(0, len(names), AT_ONCE):
            for _ in pool.map(read, range(first, min(first + AT_ONCE, len(names)))):
                pass
    return rows, dict(sorted(bad.items()))


def threads() -> int:
    """Threads that unpack images."""
    return min(4, os.cpu_count() or 1)


@contextmanager
def quiet() -> Iterator[None]:
    """Pillow warns of what an image's notes lack; what matters is an error of ours."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def refuse(folder: Path, names: Sequence[str], bad: dict[int, str]) -> DataError:
    """The error that names the first of the files that cannot be read."""
    first = [f"{printable(names[at])} ({why})" for at, why in list(bad.items())[:SHOWN]]
    more = f", and {len(bad) - SHOWN:,} more" if len(bad) > SHOWN else ""
    return DataError(
        f"{printable(str(folder))}: {len(bad):,} of {len(names):,} images cannot be read: "
        f"{', '.join(first)}{more}. Mend them, take them out, or leave them out "
        "(--skip-damaged)."
    )


def damaged(folder: Path, names: Sequence[str], image: ImageInput) -> dict[int, str]:
    """The places of the files that cannot be read, and why; nothing else is kept."""
    bad: dict[int, str] = {}
    for first in range(0, len(names), AT_ONCE):
        _, found = read_rows(folder, names[first : first + AT_ONCE], image)
        bad |= {first + at: why for at, why in found.items()}
    return bad


def pixel_names(image: ImageInput) -> tuple[str, ...]:
    """A name for each number of a row, by its place and colour."""
    last = ("",) if image.colour == "grey" else ("_red", "_green", "_blue")
    return tuple(
        f"pixel_{i}_{j}{c}" for i in range(image.height) for j in range(image.width) for c in last
    )


class ImageSource:
    """The images below a folder, at any depth, or a single one: a row each.

    With ``skip_damaged`` all are read once beforehand, and those that cannot be are left out;
    without, the first of them end the reading.
    """

    def __init__(self, path: Path, image: ImageInput, *, skip_damaged: bool = False) -> None:
        self.name, self.image = str(path), image
        self.names = pixel_names(image)
        self.skipped: tuple[str, ...] = ()
        if path.is_dir():
            self.folder = path
            listing = list_images(path)
            self.files = listing.names
            if not self.files:
                raise DataError(
                    f"{printable(str(path))} holds no images"
                    f"{''.join(f', only {each}' for each in listing.passed_over[:1])}. Required "
                    "files such as .png or .jpg, in it or in folders below it."
                )
        else:
            self.folder, self.files = path.parent, [path.name]
        if skip_damaged:
            bad = damaged(self.folder, self.files, image)
            if len(bad) == len(self.files):
                raise refuse(self.folder, self.files, bad)
            self.skipped = tuple(printable(self.files[at]) for at in bad)
            self.files = [name for at, name in enumerate(self.files) if at not in bad]
        self.n_rows: int | None = len(self.files)

    def keep(self, files: Sequence[str]) -> None:
        """Only these files, in this order."""
        self.files, self.n_rows = list(files), len(files)

    def rows(self, rows: int, start: int = 0) -> Iterator[tuple[int, Bytes]]:
        """Blocks of at most ``rows`` rows, and the number of the first row of each.

        Raises
        ------
        DataError
            Images of the block cannot be read.
        """
        for first in range(start, len(self.files), rows):
            names = self.files[first : first + rows]
            found, bad = read_rows(self.folder, names, self.image)
            if bad:
                raise refuse(self.folder, names, bad)
            yield first, found

    def blocks(
        self, rows: int, *, start: int = 0, columns: Sequence[str] | None = None
    ) -> Iterator[ArrayBlock]:
        """The rows as a table whose columns are pixels; ``columns`` has no meaning here."""
        for first, found in self.rows(rows, start):
            yield ArrayBlock(found, self.names, first)

    @property
    def shown(self) -> list[str]:
        """The files' paths relative to the folder, as UTF-8 can hold them."""
        return [printable(name) for name in self.files]

    @property
    def stamp(self) -> list[tuple[str, int, int]]:
        """Name, size and time of each file: what tells whether they are still the same."""
        found = []
        for name in self.files:
            facts = (self.folder / name).stat()
            found.append((printable(name), facts.st_size, facts.st_mtime_ns))
        return found
