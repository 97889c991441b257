"""How much memory a stream may take, and how many rows at a time that is."""

import re

import numpy as np

from chainrule.errors import InvalidInputError
from chainrule.models.frozen import FrozenModel

__all__ = ["block_rows", "bytes_of", "held_rows", "reading_room", "window_rows"]

UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
BASE = 250 * 10**6
"""Bytes that Python and the libraries take before any row."""

COPIES = 6
"""How often a row is held: two blocks read ahead, as the file's values and as a matrix, and the
one that is computed."""

MOST = 1 << 16

READING = 1 / 3
"""The share of the memory, without `BASE`, that a file's open columns may take."""

TRAINING = 600 * 10**6
"""Bytes that Python, JAX and a compiled training take before any row."""

HELD = 0.1
"""The share of the memory that rows may take which are held in it throughout."""


def bytes_of(memory: str | int | float) -> int:
    """The bytes of ``"1GB"``, ``"500 MB"``, ``"2GiB"`` or a number.

    Raises
    ------
    InvalidInputError
        Something else, or less than the program itself takes.
    """
    found = re.fullmatch(r"\s*([\d.]+)\s*([a-z]*)\s*", str(memory), re.IGNORECASE)
    try:
        assert found
        size = int(float(found[1]) * UNITS[found[2].upper()])
    except (AssertionError, KeyError, ValueError):
        raise InvalidInputError(
            f"Required an amount of memory such as '1GB' or '500MB'; came {memory!r}."
        ) from None
    if size < 1.2 * BASE:
        raise InvalidInputError(
            f"Required at least {1.2 * BASE / 10**6:.0f} MB of memory, most of it for Python and "
            f"libraries; came {memory!r}."
        )
    return size


def reading_room(memory: str | int | float) -> int:
    """Bytes that the open columns of a file may take, beside the blocks: `READING` of what Python
    leaves. Blocks leave that, as they count each value with 8 bytes and each row twice over."""
    return int(READING * (bytes_of(memory) - BASE))


def block_rows(model: FrozenModel, memory: str | int | float) -> int:
    """Rows of a block: a multiple of the model's chunk, so that each chunk is computed on the same
    rows however large the blocks are, and the answers are the same to the last bit."""
    widest = max(model.n_in, *model.sizes)
    room = (bytes_of(memory) - BASE) / (COPIES * 8 * (model.n_in + widest))
    chunks = int(np.clip(room / model.chunk_rows, 1, max(MOST // model.chunk_rows, 1)))
    return chunks * model.chunk_rows


def window_rows(memory: str | int | float, row_bytes: int) -> int:
    """Rows of a window of a training, of which two are in memory: of rows that take ``row_bytes``
    with their target, and 32 more for what is kept of each beside it.

    Raises
    ------
    InvalidInputError
        The memory is not enough for anything but the program.
    """
    size = bytes_of(memory)
    room = (1 - HELD) * size - TRAINING
    if room < 0.05 * TRAINING:
        raise InvalidInputError(
            f"Required at least {1.05 * TRAINING / (1 - HELD) / 10**6:.0f} MB of memory to train "
            f"in, most of it for Python and libraries; came {memory!r}."
        )
    return max(int(room // (2 * (row_bytes + 32))), 1)


def held_rows(memory: str | int | float, row_bytes: int) -> int:
    """Rows that take no more than `HELD` of the memory."""
    return int(HELD * bytes_of(memory) // row_bytes)
