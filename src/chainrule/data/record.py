"""What a named data set is: arrays, names, and where it comes from."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np

__all__ = ["DataSet", "PixelRange", "content_hash"]

PixelRange = tuple[float, float] | None  # black and white; None where there are no pixels


@dataclass(frozen=True, eq=False)
class DataSet:
    """A data set, read-only.

    ``y`` holds indices into ``class_names``. Where the source has no test part of its own,
    ``X_test`` and ``y_test`` are None and a split has to make one.
    """

    name: str
    X_train: np.ndarray  # (rows, features), float
    y_train: np.ndarray  # (rows,), integer
    X_test: np.ndarray | None
    y_test: np.ndarray | None
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    image_shape: tuple[int, ...] | None  # (height, width) or (height, width, channels)
    pixel_range: PixelRange
    source: str
    licence: str
    sha256: str  # of the values, see `content_hash`

    def __post_init__(self) -> None:
        for array in (self.X_train, self.y_train, self.X_test, self.y_test):
            if array is not None:
                array.setflags(write=False)


def content_hash(*arrays: np.ndarray) -> str:
    """The SHA-256 of the arrays' values, as bytes of the little-endian form of their dtype.

    It is of what is trained on, not of the file: another copy of the same data, packed otherwise,
    has the same hash.
    """
    digest = sha256()
    for array in arrays:
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(little).tobytes())
    return digest.hexdigest()
