"""Arrays of strings as arrays of numbers: their UTF-8 one after another, and where each ends."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.files.limits import MAX_TEXT_BYTES
from chainrule.files.refusal import refuse, shown

__all__ = ["is_text", "pack", "unpack", "width"]

Array = npt.NDArray[Any]


def is_text(array: Array) -> bool:
    """Whether this is an array of strings, of NumPy's own type or Python's."""
    strings = array.dtype.kind == "O" and all(isinstance(item, str) for item in array)
    return array.dtype.kind == "U" or strings


def width(array: Array) -> int:
    """Characters in NumPy's type, 0 for an array of Python's strings."""
    return array.dtype.itemsize // 4 if array.dtype.kind == "U" else 0


def pack(array: Array, name: str) -> dict[str, Array]:
    """The two arrays ``name.text`` and ``name.ends`` that hold the strings."""
    try:
        pieces = [str(item).encode("utf-8") for item in array]
    except UnicodeEncodeError as error:
        refuse(f"{name} of whole characters", shown(error.object))
    return {
        f"{name}.text": np.frombuffer(b"".join(pieces), np.uint8),
        f"{name}.ends": np.cumsum([len(piece) for piece in pieces], dtype=np.int64),
    }


def unpack(arrays: dict[str, Array], name: str, width: int) -> Array:
    """The array of strings that ``pack`` took apart; ``width`` is that of its type."""
    raw, ends = arrays[f"{name}.text"].tobytes(), arrays[f"{name}.ends"].tolist()
    starts_and_ends = list(pairwise([0, *ends]))
    if any(start > end for start, end in starts_and_ends) or [0, *ends][-1] != len(raw):
        refuse(f"strings in {name} that follow each other", "ends that do not")
    if 4 * width * len(ends) > MAX_TEXT_BYTES:
        refuse(f"at most {MAX_TEXT_BYTES} bytes of {name}", f"{len(ends)} x {width} characters")
    try:
        texts = [raw[start:end].decode("utf-8") for start, end in starts_and_ends]
    except UnicodeDecodeError:
        refuse(f"strings in UTF-8 in {name}", "bytes that are not")
    if not width:
        return np.array([*texts, None], object)[:-1]  # None: no guess at a nested shape
    if max(map(len, texts), default=0) > width or any(text.endswith("\0") for text in texts):
        refuse(f"strings of at most {width} characters in {name}", "longer ones, or a final NUL")
    return np.array(texts, f"<U{width}")
