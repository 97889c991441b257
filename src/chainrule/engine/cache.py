"""Compiled programs kept on disk, so that a second process need not compile.

jax's persistent cache is turned on only while one of our programs compiles, and put
back as it was: the user's process is left alone, and where the user has a cache of
their own, theirs is used. Ours lies in ``chainrule/programs`` within the user's cache
folder (``CHAINRULE_CACHE`` names another, or is ``off``), readable by its owner alone
because it holds executable code. jax writes entries in place; one that was torn would
warn for ever, so an error while our cache is on empties it and compiles afresh.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import jax
from jax.experimental.compilation_cache import compilation_cache

__all__ = ["cache_folder", "compiling"]

T = TypeVar("T")

_lock = threading.Lock()
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


def compiling(call: Callable[[], T]) -> T:
    """``call()``, with the programs that it compiles taken from the cache or added to it."""
    with _lock:  # held while asking, too: another thread's setting would look like the user's
        folder = cache_folder()
        for _ in range(2):
            if folder is None or not _make_private(folder):
                break
            try:
                with _cache_at(folder):
                    return call()
            except Exception:
                # A torn or unwritable entry, or the program's own fault, which shows again below.
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


@contextmanager
def _cache_at(folder: Path) -> Iterator[None]:
    before = {name: _setting(name) for name in _OURS}
    try:
        for name, value in _OURS.items():
            _set(name, value)
        _set("jax_compilation_cache_dir", str(folder))
        yield
    finally:
        _set("jax_compilation_cache_dir", None)
        for name, value in before.items():
            _set(name, value)
        compilation_cache.reset_cache()  # else a folder that the user names later is ignored
