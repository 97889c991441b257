"""What a named data set is: arrays, names, and where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Literal

import numpy as np

from chainrule.errors import InvalidInputError
from chainrule.models.columns import Column

__all__ = ["DataSet", "PixelRange", "Task", "content_hash"]

Task = Literal["classification", "regression"]

PixelRange = tuple[float, float] | None  # black and white; None where there are no pixels


@dataclass(frozen=True, eq=False)
class DataSet:
    """A data set, read-only.

    Of a classification, ``y`` holds indices into ``class_names``; of a regression the numbers that
    are to be predicted, which ``target_name`` names, and there are no classes. Where the source has
    no test part of its own, ``X_test`` and ``y_test`` are None and a split has to make one.

    The images of files stay as they were published, one byte a value: `preparation` makes float32
    of them, and ``pixel_range`` says what black and white are. A row is an image read row by row,
    the channels of a pixel side by side, so ``row.reshape(image_shape)`` is the picture: see
    `image`.
    """

    name: str
    X_train: np.ndarray  # (rows, features); uint8 for images that come from files, else float64
    y_train: np.ndarray  # (rows,), int64; float64 for a regression
    X_test: np.ndarray | None
    y_test: np.ndarray | None
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]  # () for a regression
    image_shape: tuple[int, ...] | None  # (height, width) or (height, width, channels)
    pixel_range: PixelRange
    source: str
    licence: str
    sha256: str  # of the values, see `content_hash`
    files: Mapping[str, str] = field(default_factory=dict)  # SHA-256 of each, decompressed
    remark: str = ""  # what a reader has to know, as that the files are not the published ones
    task: Task = "classification"
    target_name: str = ""  # of a regression: what the numbers are, with their unit
    columns: tuple[Column, ...] = ()  # of a table: what the features stand for
    X_validation: np.ndarray | None = None  # where the source has such a part
    y_validation: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", MappingProxyType(dict(self.files)))
        held_out = (self.X_test, self.y_test, self.X_validation, self.y_validation)
        for array in (self.X_train, self.y_train, *held_out):
            if array is not None:
                array.setflags(write=False)

    def image(self, row: np.ndarray) -> np.ndarray:
        """A row of ``X`` as a picture, for example for matplotlib's ``imshow``.

        Args:
            row: (features,).

        Returns:
            (height, width), or (height, width, channels) with red, green and blue.

        Raises:
            InvalidInputError: the rows are no images, or the row has another length.
        """
        if self.image_shape is None:
            raise InvalidInputError(
                f"Required a data set of images; {self.name} has {len(self.feature_names)} "
                "features that are none. Plot them against each other instead."
            )
        if np.shape(row) != (len(self.feature_names),):
            raise InvalidInputError(
                f"Required one row of {len(self.feature_names)} values, came an array of shape "
                f"{np.shape(row)}. Pass X_train[i]."
            )
        return np.asarray(row).reshape(self.image_shape)


def content_hash(*arrays: np.ndarray) -> str:
    """The SHA-256 of the arrays' values, as bytes of the little-endian form of their dtype.

    It is of what is trained on, not of the file: another copy of the same data, packed otherwise,
    has the same hash.
    """
    digest = sha256()
    for array in arrays:
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(little).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
