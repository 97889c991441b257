"""A folder of images as a data set: its sub-folders are the classes.

A folder with the sub-folders train and test, or train and val, or all three, each with a folder a
class, keeps these parts; val is the test part where there is no other.
"""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from chainrule.data.record import DataSet, content_hash
from chainrule.errors import DataError
from chainrule.models.images import ImageInput
from chainrule.tables.folder import Listing, list_images, printable, sub_folders
from chainrule.tables.images import pixel_names, read_rows, refuse

__all__ = ["Photos", "find_photos", "load_photos"]

PARTS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}
"""The names of sub-folders that are parts, in small letters."""

MOST_BYTES = 4 << 30
"""All images are held in memory, a byte a value, and once more when they are split."""

WHOLE = re.compile(r"0|-?[1-9]\d{0,17}")
LAYOUT = "photos/cat/1.jpg, photos/cat/2.jpg, photos/dog/1.jpg"


@dataclass(frozen=True, eq=False)
class Photos:
    """The image files of a folder: of each part (``train``, and what else there is) the paths,
    relative to the folder, and the classes as places in ``class_names``. ``folders`` says which
    sub-folder a part is, if any; ``remarks`` what was passed over."""

    folder: Path
    class_names: tuple[str, ...]
    names: dict[str, list[str]]
    labels: dict[str, np.ndarray]
    folders: dict[str, str]
    remarks: tuple[str, ...]

    @property
    def all_names(self) -> list[str]:
        """The paths of all parts, one part after the other."""
        return [name for names in self.names.values() for name in names]

    def counts(self, part: str) -> list[int]:
        """The images of each class in a part."""
        return [int(n) for n in np.bincount(self.labels[part], minlength=len(self.class_names))]


def find_photos(folder: str | os.PathLike[str]) -> Photos:
    """The images of a folder, by part and class; none is opened.

    Classes are in the order of their names, by number where all are whole numbers.

    Raises
    ------
    DataError
        There is no such folder, no image, no sub-folder with images, or only one class.
    """
    root = Path(folder)
    if not root.is_dir():
        what = "is no folder" if root.exists() else "does not exist"
        raise DataError(f"{printable(str(root))} {what}. Give the path of a folder of images.")
    listing = list_images(root)
    if not listing.names:
        beside = f" It holds {'; '.join(listing.passed_over)}." if listing.passed_over else ""
        raise DataError(
            f"{printable(str(root))} holds no images.{beside} Required a sub-folder for each "
            f"class, with files such as .png or .jpg: {LAYOUT}."
        )
    folders = _parts_of(listing)
    found: dict[str, dict[str, list[str]]] = {part: {} for part in folders or ("train",)}
    astray: Counter[str] = Counter()
    for name in listing.names:
        first, *rest = name.split("/")
        if folders:
            part = next((p for p, each in folders.items() if each == first), "")
            if not part or len(rest) < 2:
                astray[f"in {printable(first)}/ outside of a class" if rest else "in no class"] += 1
                continue
            found[part].setdefault(rest[0], []).append(name)
        elif rest:
            found["train"].setdefault(first, []).append(name)
        else:
            astray["in no class"] += 1
    classes = _classes(root, found["train"])
    _known_everywhere(root, found, classes, folders)
    remarks = [f"{n:,} images {where}" for where, n in astray.items()]
    return Photos(
        root,
        tuple(classes),
        {part: [n for c in classes for n in by.get(c, ())] for part, by in found.items() if by},
        {
            part: np.repeat(np.arange(len(classes)), [len(by.get(c, ())) for c in classes])
            for part, by in found.items()
            if by
        },
        {part: name for part, name in folders.items() if found[part]},
        (*remarks, *_empty(root, listing), *listing.passed_over),
    )


def _parts_of(listing: Listing) -> dict[str, str]:
    """Which sub-folder is which part; none where the sub-folders are classes."""
    deep = {name.split("/")[0] for name in listing.names if name.count("/") > 1}
    found: dict[str, str] = {}
    for name in sorted(deep):
        part = PARTS.get(name.lower())
        if part is not None:
            if part in found:
                raise DataError(
                    f"{printable(str(listing.folder))}: {found[part]}/ and {name}/ are both names "
                    f"of the {part} part. Keep one of them."
                )
            found[part] = name
    if "train" not in found or len(found) == 1:
        return {}
    if "test" not in found:  # what is held out judges
        found["test"] = found.pop("validation")
    return {part: found[part] for part in ("train", "validation", "test") if part in found}


def _classes(root: Path, by_class: dict[str, list[str]]) -> list[str]:
    if not by_class:
        raise DataError(
            f"{printable(str(root))} holds images, but no sub-folders with images. Required a "
            f"sub-folder for each class, whose name is the class: {LAYOUT}."
        )
    for name in by_class:
        if printable(name) != name:
            raise DataError(
                f"{printable(str(root))}: the sub-folder {printable(name)} has a name that is no "
                "UTF-8, and cannot be a class. Rename it."
            )
    if len(by_class) == 1:
        raise DataError(
            f"{printable(str(root))}: required at least two classes, came images in one sub-folder "
            f"only, {next(iter(by_class))!r}. Required a sub-folder for each class: {LAYOUT}."
        )
    if all(WHOLE.fullmatch(name) for name in by_class):
        return sorted(by_class, key=int)
    return sorted(by_class)


def _known_everywhere(
    root: Path,
    found: dict[str, dict[str, list[str]]],
    classes: Sequence[str],
    folders: dict[str, str],
) -> None:
    for part, by_class in found.items():
        strange = sorted(by_class.keys() - set(classes))
        if strange:
            raise DataError(
                f"{printable(str(root))}: {folders[part]}/ has the class "
                f"{printable(strange[0])!r}, which {folders['train']}/ has not. Required the same "
                "classes in both."
            )


def _empty(root: Path, listing: Listing) -> list[str]:
    """The sub-folders without images."""
    seen = {name.split("/")[0] for name in listing.names}
    empty = [printable(name) for name in sub_folders(root) if name not in seen]
    if not empty:
        return []
    more = ", ..." if len(empty) > 5 else ""
    return [f"{len(empty):,} sub-folders without images ({', '.join(empty[:5])}{more})"]


def load_photos(
    folder: str | os.PathLike[str], image: ImageInput, *, skip_damaged: bool = False
) -> DataSet:
    """The images as rows of bytes, in the order of their paths; classes by their sub-folders.

    Parameters
    ----------
    folder
        As `find_photos` has it.
    image
        What size and colour they are brought to; see `chainrule.tables.pixels`.
    skip_damaged
        Leave out what cannot be read; the ``remark`` says how many.

    Raises
    ------
    DataError
        As `find_photos`; or images that cannot be read, the first of which are named; or more than
        fit into 4 GiB.
    """
    photos = find_photos(folder)
    digest = sha256()
    for name in photos.all_names:
        facts = (photos.folder / name).stat()
        digest.update(repr((name, facts.st_size, facts.st_mtime_ns)).encode())
    return _once(str(photos.folder.resolve()), image, skip_damaged, digest.hexdigest())


@lru_cache(maxsize=1)
def _once(folder: str, image: ImageInput, skip_damaged: bool, stamp: str) -> DataSet:
    """Read again when files have changed: ``stamp`` is an argument for that alone."""
    photos = find_photos(folder)
    needed = len(photos.all_names) * image.n_features
    if needed > MOST_BYTES:
        raise DataError(
            f"{photos.folder.name}: {len(photos.all_names):,} images of {image} take "
            f"{needed / 2**30:.1f} GiB, of at most {MOST_BYTES / 2**30:.0f}. Take smaller ones "
            "(--size), or grey ones (--grey)."
        )
    names = photos.all_names
    X, bad = read_rows(photos.folder, names, image)
    if bad and (not skip_damaged or len(bad) == len(names)):
        raise refuse(photos.folder, names, bad)
    y = np.concatenate(list(photos.labels.values()))
    ends = np.cumsum([len(each) for each in photos.names.values()])
    part = np.searchsorted(ends, np.arange(len(names)), side="right")
    if bad:
        good = np.setdiff1d(np.arange(len(names)), list(bad))
        X, y, part = X[good], y[good], part[good]
    rows = {p: (X[part == at], y[part == at]) for at, p in enumerate(photos.names)}
    if len(rows) == 1:  # no copy
        rows = {"train": (X, y)}
    _nothing_lost(photos, rows["train"][1])
    remarks = [f"brought to {image}", *(f"{each}: passed over" for each in photos.remarks)]
    if bad:
        remarks.append(f"{len(bad):,} that cannot be read were left out")
    nothing = (None, None)
    return DataSet(
        name=photos.folder.name,
        X_train=rows["train"][0],
        y_train=rows["train"][1],
        X_test=rows.get("test", nothing)[0],
        y_test=rows.get("test", nothing)[1],
        X_validation=rows.get("validation", nothing)[0],
        y_validation=rows.get("validation", nothing)[1],
        feature_names=pixel_names(image),
        class_names=photos.class_names,
        image_shape=image.shape,
        pixel_range=(0.0, 255.0),
        source=f"{photos.folder.name}/",
        licence="one's own",
        sha256=content_hash(*(array for pair in rows.values() for array in pair)),
        remark="; ".join(remarks),
    )


def _nothing_lost(photos: Photos, y: np.ndarray) -> None:
    counts = np.bincount(y, minlength=len(photos.class_names))
    if not counts.all():
        lost = photos.class_names[int(counts.argmin())]
        raise DataError(
            f"{photos.folder.name}: no image of the class {lost!r} can be read. Mend its images, "
            "or take the sub-folder out."
        )
