"""IDX, the format of the MNIST files: a magic number, the dimensions, the values.

::

    byte 0-1   zero
    byte 2     8, the values are unsigned bytes
    byte 3     how many dimensions
    then       one big-endian 32-bit integer a dimension, the rows first
    then       the values, the last dimension changing fastest
"""

import struct

import numpy as np

from chainrule.data.stream import Stream

__all__ = ["MOST_ROWS", "read_idx", "read_labels"]

MOST_ROWS = 1_000_000  # no file of ours has a tenth of them
_UNSIGNED_BYTES = 8


def read_idx(stream: Stream, shape: tuple[int, ...]) -> np.ndarray:
    """All rows of an IDX file of unsigned bytes.

    Args:
        shape: of one row; ``()`` for labels, (height, width) for images.

    Returns:
        (rows, *shape), uint8.

    Raises:
        BrokenFileError: another magic number, other dimensions, too few or too many bytes.
    """
    _check_magic(stream, 1 + len(shape))
    raw = stream.take(4 * (1 + len(shape)), "the dimensions")
    rows, *found = struct.unpack(f">{1 + len(shape)}I", raw)
    if tuple(found) != shape:
        raise stream.broken(f"its rows should have the shape {shape}, but have {tuple(found)}")
    if not 1 <= rows <= MOST_ROWS:
        raise stream.broken(f"it should have 1 to {MOST_ROWS:,} rows, but says {rows:,}")
    stream.room_for(rows * int(np.prod(shape, dtype=np.int64)), f"its {rows:,} rows")
    values = np.empty((rows, *shape), dtype=np.uint8)
    stream.fill(values, f"its {rows:,} rows")
    return values


def read_labels(stream: Stream, n_classes: int) -> np.ndarray:
    """The labels of an IDX file, (rows,), int64, each below ``n_classes``.

    Raises:
        BrokenFileError: as `read_idx`, or a label out of range.
    """
    labels = read_idx(stream, ())
    if labels.max() >= n_classes:
        row = int(np.argmax(labels >= n_classes))
        raise stream.broken(
            f"the label of row {row} should be from 0 to {n_classes - 1}, but is {labels[row]}"
        )
    return labels.astype(np.int64)


def _check_magic(stream: Stream, dimensions: int) -> None:
    expected = bytes([0, 0, _UNSIGNED_BYTES, dimensions])
    found = stream.take(4, "the magic number")
    if found != expected:
        raise stream.broken(
            f"it should begin with the magic number 0x{expected.hex()} (unsigned bytes, "
            f"{dimensions} dimension{'s' * (dimensions > 1)}), but begins with 0x{found.hex()}"
        )
