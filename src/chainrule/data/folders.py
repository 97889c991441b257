"""Where the files of a published data set are looked for: one's own folder, then the cache.

``CHAINRULE_DATA`` names a folder of files that one already has; they are looked for in ``NAME/``
below it and then in it, and nothing is ever written there. The cache holds what was fetched,
unpacked.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chainrule.data.published import Published
from chainrule.errors import DataError

__all__ = ["VARIABLE", "Found", "cache_folder", "in_cache", "lacking", "of_ones_own", "own_folder"]

VARIABLE = "CHAINRULE_DATA"
_BELOW = {"idx": ("",), "cifar": ("cifar-10-batches-bin", "")}


@dataclass(frozen=True)
class Found:
    """The files of one data set, all in one folder."""

    folder: Path
    own: bool  # in one's own folder, where other bytes than the published ones are accepted
    files: Mapping[str, Path]  # by the name of the content; empty if they are in the archive
    archive: Path | None = None


def own_folder() -> Path | None:
    """The folder that ``CHAINRULE_DATA`` names, if it names one.

    Raises:
        DataError: what it names is no folder.
    """
    setting = os.environ.get(VARIABLE, "")
    if not setting:
        return None
    folder = Path(setting).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"{VARIABLE} should name a folder with data files; {setting!r} is not one. Correct "
            "it, or unset it to use fetched files alone."
        )
    return folder


def cache_folder() -> Path:
    """The folder of fetched files: ``data`` in Chainrule's cache folder.

    That is the system's place for caches, or below the folder that ``CHAINRULE_CACHE`` names.
    """
    setting = os.environ.get("CHAINRULE_CACHE", "")
    if setting and setting.lower() != "off":
        return Path(setting).expanduser() / "chainrule" / "data"
    import pooch

    return Path(pooch.os_cache("chainrule")) / "data"


def of_ones_own(row: Published) -> Found | None:
    """The data set's files in one's own folder, if all of them are there.

    Raises:
        DataError: ``CHAINRULE_DATA`` names no folder.
    """
    for folder in _own_places(row):
        files = {name: path for name in row.contents if (path := _spelled(folder, name))}
        if len(files) == len(row.contents):
            return Found(folder, True, files)
    for folder in _own_places(row):
        for archive in row.archives:
            path = folder / archive.file
            if len(archive.holds) > 1 and path.is_file():
                return Found(folder, True, {}, path)
    return None


def in_cache(row: Published) -> Found | None:
    """The data set's files in the cache, if all of them are there; whole or not."""
    folder = cache_folder() / row.name
    files = {name: folder / name for name in row.contents}
    if all(path.is_file() for path in files.values()):
        return Found(folder, False, files)
    return None


def lacking(row: Published) -> str:
    """What was looked for in vain, in words."""
    root = own_folder()
    if root is None:
        return f"{VARIABLE} is not set."
    folders = list(_own_places(row))
    there = {name for folder in folders for name in row.contents if _spelled(folder, name)}
    missing = ", ".join(name for name in row.contents if name not in there)
    said = f"{VARIABLE} names {root}, where "
    if row.layout == "cifar" and _pickled(folders):
        return said + (
            "CIFAR-10 lies in the layout for Python. That is pickled, and opening a pickle runs "
            f"whatever code is in it, so it is never loaded: get {row.archives[0].file} instead."
        )
    if missing:
        return said + f"neither {row.name}/ nor the folder itself has: {missing}."
    return said + f"the files of {row.name} are not all in one folder."


def _own_places(row: Published) -> Iterator[Path]:
    root = own_folder()
    if root is not None:
        for folder in (root / row.name, root):
            for below in _BELOW[row.layout]:
                yield folder / below


def _spelled(folder: Path, name: str) -> Path | None:
    """The file of that name, as it is, packed, or with the dot that some unpackers put in."""
    dotted = name.replace("-idx", ".idx")
    for spelling in (name, f"{name}.gz", dotted, f"{dotted}.gz"):
        if (folder / spelling).is_file():
            return folder / spelling
    return None


def _pickled(folders: list[Path]) -> bool:
    names = ("cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1")
    return any((folder / name).exists() for folder in folders for name in names)
