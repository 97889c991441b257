"""Loading a published data set: find its files, read them, hold them against their hashes."""

import logging
from functools import lru_cache

from chainrule.data.fetching import fetch as fetch_files
from chainrule.data.folders import VARIABLE, Found, in_cache, lacking, of_ones_own
from chainrule.data.layouts import LAYOUTS, Arrays
from chainrule.data.published import PUBLISHED, Published
from chainrule.data.record import DataSet, content_hash
from chainrule.data.stream import BrokenFileError
from chainrule.errors import DataError

__all__ = ["load_files", "read"]

_log = logging.getLogger("chainrule.data")


def load_files(row: Published, *, fetch: bool = True) -> DataSet:
    """A published data set from one's own folder, else the cache, else fetched into it.

    Raises:
        DataError: it is not here and was not to be fetched, or could not be; or a file in one's
            own folder is damaged.
    """
    if found := of_ones_own(row):
        return read(row, found)
    if found := in_cache(row):
        try:
            return read(row, found)
        except BrokenFileError:
            if not fetch:
                raise  # fetching names what is damaged
    elif not fetch:
        raise DataError(
            f"The files of {row.name} are not here, and were not to be fetched. {lacking(row)} "
            f"`chainrule data fetch {row.name}` gets them."
        )
    fetch_files(row)
    found = in_cache(row)
    assert found is not None
    return read(row, found)


def read(row: Published, found: Found) -> DataSet:
    """The data set that those files are.

    Raises:
        BrokenFileError: a file is damaged, or in the cache and not the published one.
        DataError: the files are those of another data set.
    """
    arrays = LAYOUTS[row.layout](row, found)
    names = [name for name, one in row.contents.items() if arrays.hashes[name] != one.sha256]
    remark = ""
    if names:
        _refuse(row, found, names, arrays)
        remark = _remark(row, names, arrays)
        _notice(str(found.folder), remark)
    pixels = arrays.X_train.shape[1]
    return DataSet(
        name=row.name,
        X_train=arrays.X_train,
        y_train=arrays.y_train,
        X_test=arrays.X_test,
        y_test=arrays.y_test,
        feature_names=_pixel_names(row.image_shape)[:pixels],
        class_names=row.class_names,
        image_shape=row.image_shape,
        pixel_range=(0.0, 255.0),
        source=row.source,
        licence=row.licence,
        sha256=content_hash(arrays.X_train, arrays.y_train, arrays.X_test, arrays.y_test),
        files=arrays.hashes,
        remark=remark,
    )


def _refuse(row: Published, found: Found, names: list[str], arrays: Arrays) -> None:
    name = names[0]
    if not found.own:
        raise BrokenFileError(
            f"{found.files[name]} is damaged: its contents should have the SHA-256 "
            f"{row.contents[name].sha256}, but have {arrays.hashes[name]}."
        )
    for other in PUBLISHED.values():
        if other is not row and arrays.hashes[name] in {c.sha256 for c in other.contents.values()}:
            raise DataError(
                f"{name} in {found.folder} is a file of {other.name}, not of {row.name}: they "
                f"have the same names. Put the files of each data set into a folder of its name "
                f"below the one that {VARIABLE} names."
            )


def _remark(row: Published, names: list[str], arrays: Arrays) -> str:
    return (
        f"{len(names)} of the {len(row.contents)} files of {row.name} are not the published ones, "
        f"by their SHA-256. They are used as they are: {len(arrays.y_train):,} training and "
        f"{len(arrays.y_test):,} test images."
    )


@lru_cache(maxsize=64)  # once, and not at every load
def _notice(folder: str, remark: str) -> None:
    _log.warning("%s: %s", folder, remark)


def _pixel_names(shape: tuple[int, ...]) -> tuple[str, ...]:
    height, width, *channels = shape
    last = ("_red", "_green", "_blue") if channels else ("",)
    return tuple(f"pixel_{i}_{j}{c}" for i in range(height) for j in range(width) for c in last)
