"""The checksum that tells a damaged file from a whole one."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.files import strict_json

__all__ = ["digest_of"]


def digest_of(header: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """SHA-256 of the header, but for the digest itself, and of each array by name.

    Without it a flipped bit in a weight would load, and predict something else. It is no
    signature: who changes a file on purpose can change the digest as well, which is why every
    other check is there. It does not depend on where in the file the arrays lie.
    """
    rest = {key: value for key, value in header.items() if key != "sha256"}
    digest = hashlib.sha256(strict_json.dump(rest).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\n{name} {array.dtype.name} {array.shape}\n".encode())
        stored = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        digest.update(stored.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
