"""CIFAR-10's binary layout: records of one label byte and 3072 pixel bytes, nothing between them.

The published pixels are three planes of 32 x 32: red, green, blue. Here a row holds the image pixel
by pixel, red, green and blue side by side, so that ``row.reshape(32, 32, 3)`` is a picture. To a
multilayer perceptron any fixed order of the features is as good as another.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from chainrule.data.stream import BrokenFileError, Stream

__all__ = ["IMAGE_SHAPE", "RECORD", "read_batches"]

IMAGE_SHAPE = (32, 32, 3)
RECORD = 1 + 3 * 32 * 32  # bytes
MOST_ROWS = 1_000_000
_AT_A_TIME = 500  # records: the only memory beside the arrays that are returned


def read_batches(
    streams: Iterable[tuple[str, Stream]],
    sizes: Mapping[str, int],
    order: Iterable[str],
    n_classes: int,
    places: Mapping[str, str] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Batches one after the other, whatever order their streams come in.

    Args:
        streams: (name, stream) of each batch; may come in any order.
        sizes: bytes of each batch by name.
        order: the names in the order of the rows that are returned.
        places: where each batch is, for messages; its name unless told.

    Returns:
        X, (rows, 3072), uint8; y, (rows,), int64.

    Raises:
        BrokenFileError: a size that is no whole number of records, a label out of range, a
            batch that is cut short.
    """
    starts, rows = {}, 0
    for name in order:
        starts[name] = rows
        rows += _rows((places or {}).get(name, name), sizes[name])
    if rows > MOST_ROWS:
        raise BrokenFileError(f"At most {MOST_ROWS:,} images are read; these are {rows:,}.")
    X = np.empty((rows, RECORD - 1), dtype=np.uint8)
    y = np.empty(rows, dtype=np.int64)
    for name, stream in streams:
        at = starts[name]
        for records in _records(stream, sizes[name] // RECORD, n_classes):
            here = slice(at, at := at + len(records))
            pixels = X[here].reshape(len(records), -1, 3)
            for channel, plane in enumerate(np.split(records[:, 1:], 3, axis=1)):
                pixels[:, :, channel] = plane
            y[here] = records[:, 0]
    return X, y


def _rows(name: str, size: int) -> int:
    if size == 0 or size % RECORD:
        raise BrokenFileError(
            f"{name} is damaged or not what it should be: its size should be a whole number of "
            f"records of {RECORD} bytes, but is {size:,} bytes."
        )
    return size // RECORD


def _records(stream: Stream, rows: int, n_classes: int) -> Iterator[np.ndarray]:
    stream.room_for(rows * RECORD, f"its {rows:,} records")
    for first in range(0, rows, _AT_A_TIME):
        records = np.empty((min(_AT_A_TIME, rows - first), RECORD), dtype=np.uint8)
        stream.fill(records, f"the records from {first:,} on")
        labels = records[:, 0]
        if labels.max() >= n_classes:
            row = int(np.argmax(labels >= n_classes))
            raise stream.broken(
                f"the label of record {first + row} should be from 0 to {n_classes - 1}, "
                f"but is {labels[row]}"
            )
        yield records
