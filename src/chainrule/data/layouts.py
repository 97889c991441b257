"""From files to arrays: a table of layouts. Each file is read once, and hashed as it is read."""

import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from chainrule.data.cifar import RECORD, read_batches
from chainrule.data.folders import Found
from chainrule.data.idx import read_idx, read_labels
from chainrule.data.published import Published
from chainrule.data.stream import DEFLATE_AT_MOST, BrokenFileError, Stream, guarded, open_file

__all__ = ["LAYOUTS", "Arrays", "archived"]


class Arrays(NamedTuple):
    """What the files hold, and their hashes by name."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    hashes: dict[str, str]


def _read_idx(row: Published, found: Found) -> Arrays:
    hashes: dict[str, str] = {}

    def one(name: str) -> np.ndarray:
        with open_file(found.files[name]) as stream:
            if "images" in name:
                values = read_idx(stream, row.image_shape)
                values = values.reshape(len(values), -1)
            else:
                values = read_labels(stream, len(row.class_names))
            hashes[name] = stream.finish()
        return values

    X_train, y_train, X_test, y_test = (one(name) for name in row.contents)
    for what, X, y in (("training", X_train, y_train), ("test", X_test, y_test)):
        if len(X) != len(y):
            raise BrokenFileError(
                f"The files of {row.name} in {found.folder} do not belong together: there are "
                f"{len(X):,} {what} images and {len(y):,} labels."
            )
    return Arrays(X_train, y_train, X_test, y_test, hashes)


def _read_cifar(row: Published, found: Found) -> Arrays:
    _check_class_names(row, found)
    sizes = _sizes(row, found)
    *training, _ = names = list(row.contents)
    hashes: dict[str, str] = {}

    def streams() -> Iterator[tuple[str, Stream]]:
        for name, stream in _streams(found, names):
            yield name, stream
            hashes[name] = stream.finish()

    places = {name: str(path) for name, path in found.files.items()}
    if found.archive is not None:
        places = {name: f"{name} in {found.archive}" for name in names}
    X, y = read_batches(streams(), sizes, names, len(row.class_names), places)
    cut = sum(sizes[name] for name in training) // RECORD
    return Arrays(X[:cut], y[:cut], X[cut:], y[cut:], hashes)


def _sizes(row: Published, found: Found) -> dict[str, int]:
    if found.archive is None:
        with guarded(str(found.folder)):
            return {name: path.stat().st_size for name, path in found.files.items()}
    with archived(found) as members:
        sizes = {name: stream.left for name, stream in members if name in row.contents}
    path = found.archive
    if sum(sizes.values()) > DEFLATE_AT_MOST * path.stat().st_size:
        raise BrokenFileError(f"{path} is damaged: it cannot hold as much as it promises.")
    if missing := row.contents.keys() - sizes.keys():
        raise BrokenFileError(
            f"{path} is damaged or not what it should be: it lacks {', '.join(sorted(missing))}."
        )
    return sizes


def _streams(found: Found, names: list[str]) -> Iterator[tuple[str, Stream]]:
    if found.archive is None:
        for name in names:
            with open_file(found.files[name]) as stream:
                yield name, stream
    else:
        with archived(found) as members:
            yield from ((name, stream) for name, stream in members if name in names)


@contextmanager
def archived(found: Found) -> Iterator[Iterator[tuple[str, Stream]]]:
    """The files of a tar archive in one pass: nothing is unpacked to the disk, no path obeyed."""
    assert found.archive is not None
    path = str(found.archive)
    with guarded(path), tarfile.open(path, "r|*") as tar:
        yield _members(tar, path)


def _members(tar: tarfile.TarFile, path: str) -> Iterator[tuple[str, Stream]]:
    seen = set()
    for member in tar:
        name = PurePosixPath(member.name).name
        raw = tar.extractfile(member) if member.isreg() and name not in seen else None
        if raw is not None:
            seen.add(name)
            assert isinstance(raw, BufferedIOBase)  # tarfile's readers are, its types say less
            yield name, Stream(f"{path}: {member.name}", raw, member.size)


def _check_class_names(row: Published, found: Found) -> None:
    path = found.folder / "batches.meta.txt"
    if not path.is_file():
        return
    with open_file(path) as stream:
        text = stream.take(min(stream.left, 4096), "the class names").decode("utf-8", "replace")
        names = tuple(text.split())
        if names != row.class_names:
            raise stream.broken(
                f"it should list {', '.join(row.class_names)}, but lists {', '.join(names)}"
            )


LAYOUTS: dict[str, Callable[[Published, Found], Arrays]] = {
    "idx": _read_idx,
    "cifar": _read_cifar,
}
