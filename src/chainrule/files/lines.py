"""Files of one JSON object a line, which only grow and which a kill may tear."""

import json
import os
from pathlib import Path
from typing import Any

__all__ = ["append", "whole"]


def whole(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """The objects of the lines up to the first that is torn or damaged, and where that begins."""
    found, end = [], 0
    for line in data.splitlines(keepends=True):
        entry = _parsed(line)
        if entry is None:
            break
        found.append(entry)
        end += len(line)
    return found, end


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def append(path: Path, line: str) -> None:
    """Add a line, and wait until it is on the disk; a failure leaves no part of it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        before = os.fstat(descriptor).st_size
        try:
            rest = memoryview(line.encode("utf-8"))
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)
