"""Getting the published files from their mirrors into the cache.

A file gets its name in the cache only once its unpacked contents have the published SHA-256; until
then it has a temporary one that nobody reads. A mirror that answers with an error, a torn file or
other contents is left for the next one.
"""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from chainrule.data.folders import VARIABLE, Found, cache_folder, lacking
from chainrule.data.layouts import archived
from chainrule.data.published import Archive, Content, Published
from chainrule.data.stream import PIECE, BrokenFileError, Stream, open_file
from chainrule.errors import DataError

__all__ = ["fetch", "is_whole"]

_ROUNDS = 2  # of all mirrors that failed in a way that may pass
_PAUSE = 1.0  # seconds between them
_TIMEOUT = 30  # seconds without an answer
_A_DAY = 86_400  # seconds
_TEMPORARY = ".fetching-"

_log = logging.getLogger("chainrule.data")


def fetch(row: Published, *, pause: float = _PAUSE) -> Path:
    """Fetches what the cache lacks or holds damaged; what is whole is left alone.

    Args:
        row: the data set.
        pause: seconds before the mirrors are tried again.

    Returns:
        The folder of its files.

    Raises:
        DataError: no mirror gave the published contents, or the cache cannot be written.
    """
    folder = cache_folder() / row.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(folder)
        for archive in row.archives:
            wrong = [
                name for name, one in archive.holds.items() if not is_whole(folder / name, one)
            ]
            for name in wrong:
                if (folder / name).is_file():
                    _log.warning("%s is damaged. It is fetched again.", folder / name)
            if wrong:
                _fetch_archive(row, archive, folder, pause)
    except OSError as error:
        raise DataError(
            f"{row.name} cannot be kept in the cache folder {folder}: {error.strerror or error}. "
            "Make room or give permission there, or name another folder in CHAINRULE_CACHE."
        ) from error
    return folder


def is_whole(path: Path, content: Content) -> bool:
    """Whether the cached file has the published contents; every byte is looked at."""
    try:
        if path.stat().st_size != content.size:
            return False
        with open_file(path) as stream:
            return _drain(stream, content.size) == content.sha256
    except (OSError, BrokenFileError):
        return False


def _clear_leftovers(folder: Path) -> None:
    """Removes what a killed fetch has left behind; a younger one may be under way elsewhere."""
    for path in folder.glob(f"{_TEMPORARY}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _A_DAY:
                shutil.rmtree(path)


def _fetch_archive(row: Published, archive: Archive, folder: Path, pause: float) -> None:
    mirrors, said = list(archive.mirrors), []
    for attempt in range(_ROUNDS):
        if attempt and mirrors:
            time.sleep(pause)
        for mirror in list(mirrors):
            url = mirror + archive.file
            try:
                _from_mirror(url, archive, folder)
                return
            except _MirrorError as error:
                _log.info("%s", error)
                said.append(str(error))
                if error.final:
                    mirrors.remove(mirror)
    reasons = "\n".join(f"  - {text}" for text in dict.fromkeys(said))
    raise DataError(
        f"{archive.file} of {row.name} could not be fetched. Mirrors tried:\n{reasons}\n"
        f"Try again later, or put the file into a folder of your own and name that folder in "
        f"{VARIABLE}. ({lacking(row)})"
    )


class _MirrorError(Exception):
    """A mirror that failed; ``final`` if asking it again is of no use."""

    def __init__(self, url: str, reason: str, final: bool) -> None:
        super().__init__(f"{url}: {reason}")
        self.final = final


def _from_mirror(url: str, archive: Archive, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder, prefix=_TEMPORARY) as name:
        temporary = Path(name)
        packed = temporary / "packed"
        _download(url, packed)
        try:
            unpacked = _unpack(packed, archive, temporary)
        except BrokenFileError as error:
            reason = str(error).replace(str(packed), "the file")
            raise _MirrorError(url, reason, final=True) from error
        for content, path in unpacked.items():
            path.replace(folder / content)


def _download(url: str, to: Path) -> None:
    import pooch
    import requests

    try:
        with _progress(url) as bar:
            get = pooch.HTTPDownloader(progressbar=bar, chunk_size=PIECE, timeout=_TIMEOUT)
            get(url, str(to), None)
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        raise _MirrorError(url, f"answers {status}", final=400 <= status < 500) from error
    except requests.RequestException as error:
        raise _MirrorError(url, _reason(error), final=False) from error


def _reason(error: Exception) -> str:
    import requests

    for kind, words in (
        (requests.exceptions.ChunkedEncodingError, "the connection broke before the end"),
        (requests.Timeout, f"no answer within {_TIMEOUT} seconds"),
        (requests.exceptions.SSLError, "its certificate cannot be verified"),
        (requests.ConnectionError, "cannot be reached"),
    ):
        if isinstance(error, kind):
            return words
    return str(error)


def _unpack(packed: Path, archive: Archive, folder: Path) -> dict[str, Path]:
    """The contents as files of the folder, each with its published hash, or BrokenFileError."""
    unpacked: dict[str, Path] = {}
    for name, stream in _contents(packed, archive):
        content = archive.holds[name]
        path = folder / name
        with path.open("wb") as out:
            found = _drain(stream, content.size, out.write)
            out.flush()
            os.fsync(out.fileno())
        if found != content.sha256:
            raise BrokenFileError(
                f"{name} should have the SHA-256 {content.sha256}, but has {found}"
            )
        unpacked[name] = path
    if missing := archive.holds.keys() - unpacked.keys():
        raise BrokenFileError(f"the archive lacks {', '.join(sorted(missing))}")
    return unpacked


def _contents(packed: Path, archive: Archive) -> Iterator[tuple[str, Stream]]:
    if len(archive.holds) == 1:
        with open_file(packed) as stream:
            yield next(iter(archive.holds)), stream
    else:
        with archived(Found(packed.parent, False, {}, packed)) as members:
            yield from ((name, stream) for name, stream in members if name in archive.holds)


def _drain(stream: Stream, size: int, write: Callable[[bytes], Any] | None = None) -> str:
    """Reads ``size`` bytes, which must be all there are, and returns their SHA-256."""
    for first in range(0, size, PIECE):
        piece = stream.take(min(PIECE, size - first), f"{size:,} bytes of contents")
        if write is not None:
            write(piece)
    return stream.finish()


class _Bar:
    """What pooch wants of a progress bar, on one of rich."""

    def __init__(self, progress: Any, task: Any) -> None:
        self._progress, self._task = progress, task

    @property
    def total(self) -> int:
        return 0

    @total.setter
    def total(self, total: int) -> None:
        self._progress.update(self._task, total=total or None)

    def update(self, count: int) -> None:
        self._progress.advance(self._task, count)

    def reset(self) -> None:
        self._progress.update(self._task, completed=0)

    def close(self) -> None:
        """Nothing to do: the bar goes with its context."""


@contextmanager
def _progress(url: str) -> Iterator[Any]:
    """A bar on a terminal; one line elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        _log.warning("Fetching %s", url)
        yield False
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), console=console, transient=True) as progress:
        yield _Bar(progress, progress.add_task(url, total=None))
