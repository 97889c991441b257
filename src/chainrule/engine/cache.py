"""Compiled programs kept on disk, so that a second process need not compile.

jax's persistent cache is turned on only while one of our programs compiles, and put
back as it was: the user's process is left alone, and where the user has a cache of
their own, theirs is used. Ours lies in ``chainrule/programs`` within the user's cache
folder (``CHAINRULE_CACHE`` names another, or is ``off``), readable by its owner alone
because it holds executable code. jax writes entries in place; one that was torn would
warn for ever, so an error while our cache is on empties it and compiles afresh.

A program in memory takes some hundred memory maps, of which Linux allows a process about 65,000:
beyond them it is aborted. Before it comes to that, programs are forgotten, and read again from the
disk where they are still wanted.
"""

import os
import shutil
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import jax
from jax.experimental.compilation_cache import compilation_cache

__all__ = ["cache_folder", "compiled", "compiling"]

T = TypeVar("T")

_lock = threading.Lock()
_known: set[Hashable] = set()
"""The programs that are in memory."""

LOOK_EVERY = 16
SHARE = 0.5
"""After so many new programs it is looked whether they take this share of the maps allowed."""

_OURS = {
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
    "jax_raise_persistent_cache_errors": True,
}


def cache_folder() -> Path | None:
    """The folder of compiled programs, or None where the cache is off or the user has their own."""
    setting = os.environ.get("CHAINRULE_CACHE", "")
    if setting.lower() == "off" or _setting("jax_compilation_cache_dir"):
        return None
    base = setting or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "chainrule" / "programs"


def compiled(key: Hashable, call: Callable[[], T]) -> T:
    """``call()``, which runs the program of that ``key``: where it is not in memory yet, it is
    taken from the cache or compiled."""
    if key in _known:
        return call()
    found = compiling(call)
    _known.add(key)
    if len(_known) % LOOK_EVERY == 0:
        _make_room()
    return found


def _make_room() -> None:
    """Forget all programs if they take too many memory maps, unless a thread is compiling. Those
    that run end as they would."""
    if _maps() <= SHARE * _maps_allowed():
        return
    with _lock:
        if not _Use.threads:
            _known.clear()
            jax.clear_caches()  # type: ignore[no-untyped-call]  # jax leaves it so


def _maps() -> int:
    """The memory maps that this process has; 0 where the system does not tell."""
    try:
        return Path("/proc/self/maps").read_bytes().count(b"\n")
    except OSError:
        return 0


def _maps_allowed() -> float:
    try:
        return float(Path("/proc/sys/vm/max_map_count").read_text())
    except (OSError, ValueError):
        return float("inf")


def compiling(call: Callable[[], T]) -> T:
    """``call()``, with the programs that it compiles taken from the cache or added to it.

    Several threads may compile at a time: the first turns the cache on, and the last off.
    """
    for _ in range(2):
        try:
            with _cache() as folder:
                if folder is None:
                    break
                return call()
        except Exception:
            # A torn or unwritable entry, or the program's own fault, which shows again below.
            if folder is None:
                raise
            shutil.rmtree(folder, ignore_errors=True)
    return call()


def _setting(name: str) -> Any:
    return getattr(jax.config, name)


def _set(name: str, value: Any) -> None:
    jax.config.update(name, value)  # type: ignore[no-untyped-call]  # jax leaves it so


def _make_private(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


class _Use:
    """How many threads are compiling with the cache on, where it lies, and what was set before."""

    threads = 0
    folder: Path | None = None
    before: dict[str, Any]


@contextmanager
def _cache() -> Iterator[Path | None]:
    """The cache turned on, and its folder; None where there is none to use."""
    with _lock:
        if not _Use.threads:  # else what is set is ours, and would look like the user's
            _Use.folder = cache_folder()
            if _Use.folder is not None and not _make_private(_Use.folder):
                _Use.folder = None
            if _Use.folder is not None:
                _turn_on(_Use.folder)
        folder = _Use.folder
        if folder is not None:
            _Use.threads += 1
    try:
        yield folder
    finally:
        if folder is not None:
            with _lock:
                _Use.threads -= 1
                if not _Use.threads:
                    _turn_off()


def _turn_on(folder: Path) -> None:
    _Use.before = {name: _setting(name) for name in _OURS}
    for name, value in _OURS.items():
        _set(name, value)
    _set("jax_compilation_cache_dir", str(folder))


def _turn_off() -> None:
    _set("jax_compilation_cache_dir", None)
    for name, value in _Use.before.items():
        _set(name, value)
    compilation_cache.reset_cache()  # else a folder that the user names later is ignored
