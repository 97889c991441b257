"""What a run has done so far, kept so that it can go on where it stopped or was killed.

A run is repeated from its start, but what is in the journal is not computed again: `remember`
hands out the value that was written down, and a training goes on from its last `Snapshot`. A run
that was cut off so takes the same path as one that was not, and finds the same bits.

The folder ``checkpoint/`` holds ``done.jsonl`` (a line for each value, on the disk before it is
used), ``training.safetensors`` (the training under way, replaced as a whole), a file for each
network that was fitted, and a lock.
"""

import json
import os
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from chainrule.errors import SpecError
from chainrule.estimators.checkpoints import Snapshot
from chainrule.files.atomic import write_bytes
from chainrule.files.container import dump, read_arrays, read_layout

__all__ = ["Journal"]


class Journal:
    """One run's memory. Only one process may have it open: others get a SpecError."""

    def __init__(self, run: Path) -> None:
        self.folder = run / "checkpoint"
        self._values: dict[str, Any] = {}
        self._lock: int | None = None

    def __enter__(self) -> "Journal":
        self.folder.mkdir(exist_ok=True)
        self._lock = _locked(self.folder / "lock")
        self._values = _read(self._done)
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def knows(self, key: str) -> bool:
        """Whether there is a value of that key."""
        return key in self._values

    def remember(self, key: str, compute: Callable[[], Any]) -> Any:
        """The value of ``compute()``, plain JSON data, from now on also after a kill."""
        if key not in self._values:
            line = json.dumps({"key": key, "value": compute()})
            _append(self._done, line + "\n")
            self._values[key] = json.loads(line)["value"]  # as a later reader gets it
        return self._values[key]

    def save(self, key: str, snapshot: Snapshot) -> None:
        """Keep the state of the training ``key``, in place of any other."""
        header = json.dumps({"key": key, "facts": snapshot.facts})
        write_bytes(self._training, dump(header, snapshot.arrays))

    def saved(self, key: str) -> Snapshot | None:
        """The last state of the training ``key``; None if it has to begin at its beginning."""
        if not self._training.exists():
            return None
        data = self._training.read_bytes()
        layout = read_layout(BytesIO(data), len(data))
        header = json.loads(layout.text)
        if header["key"] != key:
            return None
        return Snapshot(header["facts"], read_arrays(BytesIO(data), layout))

    def close(self) -> None:
        """The run is complete: its results are written, and the journal can go."""
        for path in self.folder.iterdir():
            path.unlink(missing_ok=True)
        self.folder.rmdir()

    def model(self, key: str) -> Path:
        """Where the network that was fitted under this key is kept."""
        return self.folder / f"model-{sha256(key.encode()).hexdigest()[:16]}.safetensors"

    @property
    def _done(self) -> Path:
        return self.folder / "done.jsonl"

    @property
    def _training(self) -> Path:
        return self.folder / "training.safetensors"


def _read(path: Path) -> dict[str, Any]:
    """The values of all whole lines; what a kill left of a torn last one is cut away."""
    if not path.exists():
        return {}
    values, end = {}, 0
    data = path.read_bytes()
    for line in data.splitlines(keepends=True):
        try:
            entry = json.loads(line) if line.endswith(b"\n") else None
        except ValueError:
            entry = None
        if entry is None:
            break
        values[entry["key"]] = entry["value"]
        end += len(line)
    if end < len(data):
        os.truncate(path, end)
    return values


def _append(path: Path, line: str) -> None:
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


def _locked(path: Path) -> int:
    """The lock's descriptor; the system lets go of it when the process ends, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        import fcntl
    except ImportError:  # Windows: whoever starts the same run twice there is not stopped
        return descriptor
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise SpecError(
            f"Another process is running {path.parents[1]}. Wait for it, or stop it first."
        ) from None
    return descriptor
