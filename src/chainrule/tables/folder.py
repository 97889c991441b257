"""The image files of a folder: which they are, in an order that is always the same."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chainrule.errors import DataError

__all__ = ["SUFFIXES", "Listing", "is_image", "list_images", "printable", "sub_folders"]

SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".bmp",
    ".gif",
    ".webp",
    ".tif",
    ".tiff",
    ".ppm",
    ".pgm",
)
"""How the names of image files end, in small or capital letters."""


@dataclass
class Listing:
    """The images below ``folder``, by their paths relative to it, in ascending order; and what is
    there besides: files by the ending of their names, hidden files and folders, and links to
    folders that lead back to where they are."""

    folder: Path
    names: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    loops: list[str] = field(default_factory=list)

    @property
    def passed_over(self) -> list[str]:
        """What was passed over and why, in words."""
        found = []
        if self.others:
            kinds = [f"{n} {ending or 'without an ending'}" for ending, n in sorted_counts(self)]
            found.append(f"{sum(self.others.values()):,} other files ({', '.join(kinds)})")
        if self.hidden:
            found.append(f"{self.hidden:,} hidden")
        if self.loops:
            found.append(f"{len(self.loops):,} links that lead in a circle ({self.loops[0]})")
        return found


def sorted_counts(listing: Listing) -> list[tuple[str, int]]:
    """The five commonest endings of other files."""
    return [(printable(ending), n) for ending, n in listing.others.most_common(5)]


def is_image(path: Path) -> bool:
    """Whether the name is one of an image file."""
    return path.suffix.lower() in SUFFIXES


def printable(name: str) -> str:
    """A name as UTF-8 can hold it: bytes that are none are written as ``\\xe9``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def list_images(folder: Path) -> Listing:
    """All images below a folder, at any depth.

    Hidden files and folders are passed over. Links are followed, but not to a folder that they are
    in, or that the whole is in.

    Raises
    ------
    DataError
        The folder, or one below it, cannot be read.
    """
    found = Listing(folder)
    above = [_identity(folder), *map(_identity, folder.resolve().parents)]
    _walk(folder, "", above, found)
    # by parts, so that a folder's files stay together whatever its name ends with
    found.names.sort(key=lambda name: name.split("/"))
    return found


def sub_folders(folder: Path) -> list[str]:
    """The names of the folders in a folder that are not hidden, in ascending order.

    Raises
    ------
    DataError
        The folder cannot be read.
    """
    return [each.name for each in _entries(folder) if _is_folder(each) and not _hidden(each)]


def _walk(folder: Path, before: str, above: Sequence[tuple[int, int]], found: Listing) -> None:
    for entry in _entries(folder):
        name = before + entry.name
        if _hidden(entry):
            found.hidden += 1
        elif _is_folder(entry):
            path = Path(entry.path)
            identity = _identity(path)
            if identity in above:
                found.loops.append(printable(name))
            else:
                _walk(path, f"{name}/", (*above, identity), found)
        elif is_image(Path(entry.name)) and _is_file(entry):
            found.names.append(name)
        else:
            found.others[Path(entry.name).suffix.lower()] += 1


def _hidden(entry: "os.DirEntry[str]") -> bool:
    return entry.name.startswith(".")


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _identity(folder: Path) -> tuple[int, int]:
    """What tells a folder from all others, by whatever path it is reached."""
    try:
        found = folder.stat()
    except OSError as error:
        raise _unreadable(folder, error) from error
    return found.st_dev, found.st_ino


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise _unreadable(folder, error) from error
    return iter(found)


def _unreadable(folder: Path, error: OSError) -> DataError:
    reason = error.strerror or str(error)
    return DataError(
        f"The folder {printable(str(folder))} cannot be read: {reason}. Make it readable, or take "
        "it out."
    )
