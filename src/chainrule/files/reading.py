"""A model file as checked header and arrays; no estimator, and nothing heavy, is needed for it."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from chainrule.errors import ModelFileError
from chainrule.files import strict_json
from chainrule.files.arrays import check_shapes, check_values
from chainrule.files.container import Layout, read_arrays, read_layout
from chainrule.files.digest import digest_of
from chainrule.files.header import Header
from chainrule.files.refusal import Refused, refuse

__all__ = ["opened", "read", "read_header"]

FRESH_COPY = (
    "The file is damaged or was not written by chainrule.save; get a fresh copy, or save the "
    "model again."
)


@contextmanager
def opened(path: str | os.PathLike[str], max_bytes: int) -> Iterator[tuple[BinaryIO, int]]:
    """A model file to read, and its size; what is refused in it is a ``ModelFileError`` that
    names the file."""
    file = Path(path)
    found = file.stat()
    try:
        if not stat.S_ISREG(found.st_mode):
            folder = "a folder (a run's model is its model.safetensors)"
            came = folder if stat.S_ISDIR(found.st_mode) else "a device or pipe"
            refuse("a model file", came, "Give the path of the file.")
        if found.st_size > max_bytes:
            remedy = "If you trust its origin, give a larger max_bytes to load."
            refuse(f"a file of at most {max_bytes} bytes", f"{found.st_size} bytes", remedy)
        with file.open("rb") as stream:
            yield stream, found.st_size
    except Refused as error:
        raise ModelFileError(f"{file}: {error} {error.remedy or FRESH_COPY}") from None


def read(stream: BinaryIO, size: int) -> tuple[Header, dict[str, npt.NDArray[np.generic]]]:
    """The header and the arrays of a file of ``size`` bytes, checked."""
    raw, header, layout = read_header(stream, size)
    arrays = read_arrays(stream, layout)
    if digest_of(raw, arrays) != header.sha256:
        refuse("contents with the checksum that the header states", "another checksum")
    check_values(header.model, arrays)
    return header, arrays


def read_header(stream: BinaryIO, size: int) -> tuple[dict[str, Any], Header, Layout]:
    """The header as JSON and checked, and where the arrays lie; none of them is read yet."""
    layout = read_layout(stream, size)
    raw = strict_json.parse(layout.text.encode("utf-8"), "the model's header")
    header = Header.check(raw)
    came = {name: (place.dtype, tuple(place.shape)) for name, place in layout.places.items()}
    check_shapes(header.model, came)
    return raw, header, layout
