"""Tests leave no trace, and find none: compiled programs go to a folder of this session's own.

It is named in the environment before jax is imported, so that the processes which tests
start share it, pytest's own workers too; a cache that the user has set up for jax is neither read
nor written.
"""

import atexit
import gc
import os
import shutil
import tempfile
from pathlib import Path

if "PYTEST_XDIST_WORKER" not in os.environ:  # a worker has the folder of who started it
    _FOLDER = tempfile.mkdtemp(prefix="chainrule-tests-")
    atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
    os.environ["CHAINRULE_CACHE"] = _FOLDER
os.environ.pop("JAX_COMPILATION_CACHE_DIR", None)

import pytest
from hypothesis import settings  # after the environment is set

# A clock judges no test: on a shared machine one example may take any time. The examples are the
# same in every run, so that a failure can be seen again.
settings.register_profile("chainrule", deadline=None, derandomize=True)
settings.load_profile("chainrule")


def pytest_collection_finish() -> None:
    """What the modules hold stays until the end: no collection of garbage need look at it again."""
    gc.freeze()


@pytest.fixture(scope="session")
def everything():
    """``everything(folder)``: all that could change in a folder, the times of access aside."""

    def look(folder: Path) -> dict[str, tuple[object, ...]]:
        facts = {}
        for path in [folder, *sorted(folder.rglob("*"))]:
            found = path.stat()
            content = path.read_bytes() if path.is_file() else b""
            times = (found.st_mtime_ns, found.st_ctime_ns)
            facts[str(path.relative_to(folder))] = (found.st_ino, found.st_mode, times, content)
        return facts

    return look


@pytest.fixture(scope="module")
def no_figures():
    """Reports without their figures, which take longer to draw than all else that is done, and are
    tested in tests/reports."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chainrule.reports.html.charts", lambda results: {})
        yield
