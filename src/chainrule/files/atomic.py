"""Writing a file so that it is whole or not there, whatever happens in between.

The bytes go to a temporary file in the same folder, reach the disk (fsync), and only
then take the target's name (rename); the folder is synced last, so that the new name
outlives a power cut. A reader sees the old file or the new one, never a part.

A process killed outright can leave a ``.chainrule-*.tmp`` behind, which nobody reads.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["replacing", "sync_folder", "write_bytes"]

_UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write ``data`` as the file ``path``, all or nothing.

    A symbolic link is followed, as plain ``open`` would; permissions of a file that is
    replaced are kept. Every failure is an ``OSError`` and leaves what stood there before.
    """
    with replacing(path) as temporary:
        _write_synced(temporary, data)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A name that is free, for a file to be written and synced inside; it then becomes ``path``.

    If anything is raised inside, it is removed. All else is as `write_bytes` has it.
    """
    target = Path(os.path.realpath(path))
    mode = _mode_of_target(target)
    temporary = target.parent / f".chainrule-{secrets.token_hex(8)}.tmp"
    try:
        yield temporary
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(target)
    except BaseException as error:  # Ctrl-C as well: nothing half-written stays
        _remove(temporary)
        if isinstance(error, OSError):
            raise _explained(error, target) from error
        raise
    sync_folder(target.parent)


def _mode_of_target(target: Path) -> int | None:
    """The permission bits of the file to replace; refuse what must not be replaced."""
    try:
        found = target.stat()
    except FileNotFoundError:
        if target.parent.is_dir():
            return None
        raise FileNotFoundError(
            errno.ENOENT, "The folder to write into does not exist; create it first", target.parent
        ) from None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(
            errno.EISDIR, "A file name was required, a folder came; add a name to it", target
        )
    if not stat.S_ISREG(found.st_mode):
        raise OSError(
            errno.EINVAL, "A regular file was required, a device or pipe came", str(target)
        )
    return stat.S_IMODE(found.st_mode)


def _write_synced(temporary: Path, data: bytes) -> None:
    # O_EXCL: a file or link that somebody put there is never written through
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)  # less the umask, as for any new file
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]  # a write may take only a part
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in the folder are on the disk."""
    if os.name == "nt":  # folders cannot be opened there; the rename itself is durable
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:  # some network file systems sync no folders
            raise
    finally:
        os.close(descriptor)


def _remove(temporary: Path) -> None:
    with suppress(OSError):  # never created, or the disk fails: the first error is the one to tell
        temporary.unlink()


def _explained(error: OSError, target: Path) -> OSError:
    """The same error, about the file that was asked for and not about the temporary one."""
    reason = error.strerror or str(error)
    code = error.errno or errno.EIO
    text = f"{reason} while writing; nothing half-written was left. Check space and permissions"
    return OSError(code, text, str(target))
