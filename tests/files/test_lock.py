"""The lock of a run: one process has it, and whoever asks changes nothing."""

import os
import subprocess
import sys
import threading

import pytest

from chainrule.errors import SpecError
from chainrule.files import lock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such lock there")

HOLD = """
import sys
from pathlib import Path
from chainrule.files import lock
kept = lock.take(Path(sys.argv[1]))
print("taken", flush=True)
sys.stdin.read()
"""


def test_asking_creates_nothing(tmp_path):
    assert not lock.held(tmp_path / "checkpoint" / "lock")
    assert list(tmp_path.iterdir()) == []


def test_another_process_has_it_until_it_ends(tmp_path):
    path = tmp_path / "lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "taken\n"
    before = path.stat()
    assert lock.held(path)
    assert path.stat() == before
    with pytest.raises(SpecError, match="Another process is running"):
        lock.take(path)
    process.kill()
    process.communicate()
    assert not lock.held(path)
    os.close(lock.take(path))


def test_whoever_asks_stops_no_run(tmp_path):
    """The lock can be taken while others ask all the time whether it is."""
    path = tmp_path / "lock"
    path.touch()
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            lock.held(path)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(50):
            os.close(lock.take(path))
    finally:
        stop.set()
        for asker in askers:
            asker.join()


def test_the_file_of_a_run_that_ended_is_no_lock(tmp_path, monkeypatch):
    """It was opened, and then removed by the process that had it."""
    path = tmp_path / "lock"
    original = lock._is_still

    def removed(descriptor, path):
        path.unlink()
        return original(descriptor, path)

    monkeypatch.setattr(lock, "_is_still", removed)
    with pytest.raises(SpecError, match="Another process is running"):
        lock.take(path)
