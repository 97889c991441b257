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
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

from chainrule.errors import RunError
from chainrule.estimators.checkpoints import Snapshot
from chainrule.files import lines, lock
from chainrule.files.atomic import sync_folder
from chainrule.search.sealed import read_sealed, write_sealed

__all__ = ["Journal"]


class Journal:
    """One run's memory, and its clock. Only one process may have it open: others get a SpecError.

    The clock counts the seconds of the work that is in the run. It stands still while nothing is
    done, and work that a kill undid is not counted.
    """

    def __init__(self, run: Path) -> None:
        self.run, self.folder = run, run / "checkpoint"
        self._entries: dict[str, dict[str, Any]] = {}
        self._lock: int | None = None
        self._zero = perf_counter()

    def __enter__(self) -> "Journal":
        self.folder.mkdir(exist_ok=True)
        self._lock = lock.take(self.folder / "lock")
        for folder in (self.run, self.folder):
            _tidy(folder)
        try:
            self._entries = _read(self._done)
        except RunError:
            self.__exit__()
            raise
        self._zero = perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def clock(self) -> float:
        """Seconds of work since the run began."""
        return perf_counter() - self._zero

    def knows(self, key: str) -> bool:
        """Whether there is a value of that key."""
        return key in self._entries

    def remember(self, key: str, compute: Callable[[], Any]) -> Any:
        """The value of ``compute()``, plain JSON data, from now on also after a kill."""
        if key in self._entries:
            self._set_clock(self._entries[key])
        else:
            value = compute()
            entry = {"key": key, "value": value, "clock": self.clock()}
            line = json.dumps(entry | {"digest": _digest(entry)})
            lines.append(self._done, line + "\n")
            self._entries[key] = json.loads(line)  # as a later reader gets it
        return self._entries[key]["value"]

    def values(self, prefix: str) -> dict[str, Any]:
        """All values whose key begins so, by the rest of the key."""
        return {
            key.removeprefix(prefix): entry["value"]
            for key, entry in self._entries.items()
            if key.startswith(prefix)
        }

    def save(self, key: str, snapshot: Snapshot) -> None:
        """Keep the state of the training ``key``, in place of any other."""
        header = {"key": key, "facts": snapshot.facts, "clock": self.clock()}
        write_sealed(self._training, header, snapshot.arrays)

    def saved(self, key: str) -> Snapshot | None:
        """The last state of the training ``key``; None if it has to begin at its beginning.

        Raises
        ------
        RunError
            The file is damaged.
        """
        if not self._training.exists():
            return None
        header, arrays = read_sealed(self._training)
        if header["key"] != key:
            return None
        self._set_clock(header)
        return Snapshot(header["facts"], arrays)

    def close(self) -> None:
        """The run is complete: its results are written, and the journal can go.

        The values go first: without them the run counts as complete, and a kill among the rest
        leaves nothing to be done again. The lock goes last.
        """
        self._done.unlink(missing_ok=True)
        sync_folder(self.folder)
        rest = [path for path in self.folder.iterdir() if path.name != "lock"]
        for path in (*rest, self.folder / "lock"):
            if path.is_dir():  # of a search, that could not be removed when it ended
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        self.folder.rmdir()

    def model(self, key: str) -> Path:
        """Where the network that was fitted under this key is kept."""
        return self.folder / f"model-{sha256(key.encode()).hexdigest()[:16]}.safetensors"

    def _set_clock(self, entry: dict[str, Any]) -> None:
        """What is not computed again took its time before; the clock never goes back."""
        self._zero = min(self._zero, perf_counter() - entry.get("clock", 0.0))

    @property
    def _done(self) -> Path:
        return self.folder / "done.jsonl"

    @property
    def _training(self) -> Path:
        return self.folder / "training.safetensors"


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The entries of all whole lines; what a kill left of a torn last one is cut away.

    Raises
    ------
    RunError
        A line is not what was written there (one of an older version has no digest).
    """
    if not path.exists():
        return {}
    data = path.read_bytes()
    entries, end = lines.whole(data)
    if end < len(data):
        os.truncate(path, end)
    for number, entry in enumerate(entries, 1):
        said = entry.pop("digest", None)
        if said is not None and said != _digest(entry):
            raise RunError(
                f"{path} is damaged: line {number} is not what was written. Remove that line: what "
                "it holds is computed again, and all else of the run is kept."
            )
    return {entry["key"]: entry for entry in entries}


def _digest(entry: dict[str, Any]) -> str:
    """Of what a reader gets of the line."""
    return sha256(json.dumps(entry).encode()).hexdigest()


def _tidy(folder: Path) -> None:
    """Remove what a kill left of a file that was being written."""
    for path in folder.glob(".chainrule-*.tmp"):
        path.unlink(missing_ok=True)
