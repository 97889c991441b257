"""States on disk, with a digest: what was damaged since is not gone on with."""

import json
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import RunError
from chainrule.files.atomic import write_bytes
from chainrule.files.container import dump, read_arrays, read_layout
from chainrule.files.refusal import Refused

__all__ = ["read_sealed", "write_sealed"]

Arrays = Mapping[str, np.ndarray]


def write_sealed(path: Path, header: Mapping[str, Any], arrays: Arrays) -> None:
    """Write plain JSON data and arrays, all or nothing."""
    sealed = {**header, "digest": _digest(header, arrays)}
    write_bytes(path, dump(json.dumps(sealed), arrays))


def read_sealed(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What was written there.

    Raises
    ------
    RunError
        It is not what was written.
    """
    data = path.read_bytes()
    try:
        layout = read_layout(BytesIO(data), len(data))
        header: dict[str, Any] = json.loads(layout.text)
        arrays = read_arrays(BytesIO(data), layout)
        if header.pop("digest") != _digest(header, arrays):
            raise ValueError("it is not what was written")
    except (Refused, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"{path} is damaged ({error}). Remove it: the trainings whose states it has begin "
            "anew, and all else of the run is kept."
        ) from error
    return header, arrays


def _digest(header: Mapping[str, Any], arrays: Arrays) -> str:
    found = sha256(json.dumps(header).encode())
    for name in sorted(arrays):
        array = arrays[name]
        found.update(f"{name} {array.dtype} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
