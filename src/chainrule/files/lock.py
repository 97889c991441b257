"""Who is at a run: one process at a time writes to its folder, and a viewer can ask.

The lock belongs to the open file, so that the system lets go of it however the process ends. A
copy of a folder copies the file and not the lock. Windows has no such lock: there, whoever starts
one run twice is not stopped, and no run is known to be running.
"""

import os
import time
from pathlib import Path

from chainrule.errors import SpecError

__all__ = ["held", "take"]

PATIENCE = 0.5
"""Seconds to try for: a viewer's test holds the lock for some microseconds."""


def take(path: Path) -> int:
    """The descriptor of the file, locked for this process until it is closed.

    Raises:
        SpecError: another process has it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        import fcntl
    except ImportError:
        return descriptor
    end = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError:
            if time.monotonic() < end:
                time.sleep(0.02)
                continue
            os.close(descriptor)
            raise SpecError(_busy(path)) from None
    if not _is_still(descriptor, path):  # whoever had it before has ended the run, file and all
        os.close(descriptor)
        raise SpecError(_busy(path))
    return descriptor


def held(path: Path) -> bool:
    """Whether a process has the lock. Nothing is created or changed, nor waited for."""
    try:
        import fcntl

        descriptor = os.open(path, os.O_RDONLY)
    except (ImportError, OSError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)
    return False


def _is_still(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _busy(path: Path) -> str:
    return f"Another process is running {path.parents[1]}. Wait for it, or stop it first."
