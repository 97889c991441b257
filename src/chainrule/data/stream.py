"""Reading a file once, from first byte to last, hashed on the way.

Nothing is trusted before it is there: a size that a header promises is held against what the file
can hold, before memory is taken for it.
"""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BufferedIOBase
from pathlib import Path
from tarfile import TarError

import numpy as np

from chainrule.errors import DataError

__all__ = ["DEFLATE_AT_MOST", "PIECE", "BrokenFileError", "Stream", "guarded", "open_file"]

PIECE = 1 << 20  # bytes that are read and hashed at a time

_GZIP = b"\x1f\x8b"
DEFLATE_AT_MOST = 1032  # bytes that one compressed byte can become


class BrokenFileError(DataError):
    """A file that is truncated, damaged, or not what its name says."""


class Stream:
    """Bytes of known origin, to be taken in order."""

    def __init__(self, name: str, raw: BufferedIOBase, limit: int) -> None:
        self.name = name  # for a person: where the bytes come from
        self.left = limit  # how many bytes there are, or can be at most
        self._raw = raw
        self._digest = sha256()

    def take(self, count: int, what: str) -> bytes:
        """Exactly ``count`` bytes."""
        array = np.empty(self.room_for(count, what), dtype=np.uint8)
        self.fill(array, what)
        return array.tobytes()

    def room_for(self, count: int, what: str) -> int:
        """``count`` itself, if the file can hold so many more bytes; ask before taking memory."""
        if count > self.left:
            raise self.broken(
                f"{what} should take {count:,} bytes, but at most {self.left:,} are left"
            )
        return count

    def fill(self, array: np.ndarray, what: str) -> None:
        """Fills a contiguous uint8 array with the next bytes, without a second copy of them."""
        view = array.reshape(-1).data.cast("B")
        done = 0
        with guarded(self.name):
            while done < len(view):
                count = self._raw.readinto(view[done : done + PIECE])
                if not count:
                    raise self.broken(
                        f"{what} should take {len(view):,} bytes, but the file ends after {done:,}"
                    )
                self._digest.update(view[done : done + count])
                done += count
        self.left -= done

    def finish(self) -> str:
        """The SHA-256 of all the bytes, of which none may be left."""
        with guarded(self.name):
            rest = self._raw.read(1)  # also makes gzip check its own checksum
        if rest:
            raise self.broken("there are more bytes than its header promises")
        return self._digest.hexdigest()

    def broken(self, reason: str) -> BrokenFileError:
        """The error that names this file."""
        return BrokenFileError(f"{self.name} is damaged or not what it should be: {reason}.")


@contextmanager
def open_file(path: Path) -> Iterator[Stream]:
    """A file's contents, decompressed if it is a gzip file, whatever its name says."""
    with guarded(str(path)), path.open("rb") as raw:
        size = path.stat().st_size
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        if packed:
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield Stream(str(path), unpacked, DEFLATE_AT_MOST * size)
        else:
            yield Stream(str(path), raw, size)


@contextmanager
def guarded(name: str) -> Iterator[None]:
    """What the system and the decompressors say of a bad file, as the error that names it."""
    try:
        yield
    except DataError:
        raise
    except (EOFError, zlib.error, gzip.BadGzipFile, TarError) as error:
        raise BrokenFileError(f"{name} is damaged: it cannot be unpacked ({error}).") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise BrokenFileError(f"{name} cannot be read: {reason}.") from error
