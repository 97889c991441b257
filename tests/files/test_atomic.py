"""Atomic writing: whole or not there, for every system call that can fail."""

import errno
import os
import stat
import subprocess
import sys
import threading

import pytest

from chainrule.files import atomic
from chainrule.files.atomic import write_bytes


def listing(folder):
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 10_000])
def test_writes_exactly_these_bytes(tmp_path, data):
    write_bytes(tmp_path / "a.bin", data)
    assert (tmp_path / "a.bin").read_bytes() == data
    assert listing(tmp_path) == ["a.bin"]


def test_accepts_a_string_and_a_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_bytes("a.bin", b"here")
    assert (tmp_path / "a.bin").read_bytes() == b"here"


def test_replaces_and_keeps_the_permissions(tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    target.chmod(0o600)
    write_bytes(target, b"new")
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_new_file_honours_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a.bin", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == 0o640


def test_follows_a_symbolic_link(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.bin"
    link.symlink_to(tmp_path / "real" / "a.bin")
    write_bytes(link, b"through")
    assert link.is_symlink()
    assert (tmp_path / "real" / "a.bin").read_bytes() == b"through"


def test_a_name_of_the_greatest_length(tmp_path):
    name = "n" * 255
    write_bytes(tmp_path / name, b"x")
    assert listing(tmp_path) == [name]


CALLS = ["stat", "open", "write", "fsync", "close", "chmod", "replace"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", CALLS)
def test_each_system_call_that_fails_leaves_the_old_file(tmp_path, monkeypatch, call, code):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    real = getattr(os, call)

    def fail(*args, **kwargs):
        if call == "close":
            real(*args)  # the descriptor is gone even where close reports an error
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, call, fail)
        with pytest.raises(OSError, match=os.strerror(code)) as caught:
            write_bytes(target, b"new and longer")
    assert caught.value.errno == code
    assert target.read_bytes() == b"old"
    assert listing(tmp_path) == ["a.bin"]


def test_the_error_names_the_file_that_was_asked_for(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "write", fail)
        with pytest.raises(OSError, match="nothing half-written was left") as caught:
            write_bytes(tmp_path / "a.bin", b"new")
    assert caught.value.filename == str(tmp_path / "a.bin")
    assert listing(tmp_path) == []


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_bytes(tmp_path / "a.bin", b"new")
    assert listing(tmp_path) == []


def test_a_failure_to_clean_up_does_not_hide_the_cause(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, "disk gone")

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "replace", fail)
        patch.setattr(atomic.os, "unlink", fail)
        with pytest.raises(OSError, match="disk gone while writing"):
            write_bytes(tmp_path / "a.bin", b"new")


def test_short_writes_are_continued(tmp_path, monkeypatch):
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "write", lambda fd, rest: real(fd, rest[:3]))
        write_bytes(tmp_path / "a.bin", b"0123456789")
    assert (tmp_path / "a.bin").read_bytes() == b"0123456789"


def test_the_order_is_write_sync_rename_sync_of_the_folder(tmp_path, monkeypatch):
    seen = []

    def watched(name):
        real = getattr(os, name)

        def call(*args, **kwargs):
            if name == "fsync":
                seen.append("folder" if stat.S_ISDIR(os.fstat(args[0]).st_mode) else "file")
            else:
                seen.append(name)
            return real(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        for name in ("write", "fsync", "replace"):
            patch.setattr(atomic.os, name, watched(name))
        write_bytes(tmp_path / "a.bin", b"x")
    assert seen == ["write", "file", "replace", "folder"]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EIO])
def test_a_folder_that_cannot_be_synced(tmp_path, monkeypatch, code):
    real = os.fsync

    def fail_on_folders(fd):
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(code, os.strerror(code))
        real(fd)

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "fsync", fail_on_folders)
        if code == errno.EINVAL:  # the file system does not offer it
            write_bytes(tmp_path / "a.bin", b"x")
        else:
            with pytest.raises(OSError, match=os.strerror(code)):
                write_bytes(tmp_path / "a.bin", b"x")
    assert (tmp_path / "a.bin").read_bytes() == b"x"


def test_refuses_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="create it first"):
        write_bytes(tmp_path / "missing" / "a.bin", b"x")
    with pytest.raises(IsADirectoryError, match="add a name"):
        write_bytes(tmp_path, b"x")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="regular file was required"):
        write_bytes(tmp_path / "pipe", b"x")
    (tmp_path / "plain").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        write_bytes(tmp_path / "plain" / "a.bin", b"x")


def test_a_real_limit_on_the_file_size(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"old")
    script = (
        "import resource, sys\n"
        "from chainrule.files.atomic import write_bytes\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    write_bytes(sys.argv[1], bytes(10_000))\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "a.bin")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "nothing half-written was left" in done.stdout
    assert (tmp_path / "a.bin").read_bytes() == b"old"
    assert listing(tmp_path) == ["a.bin"]


def test_readers_see_only_whole_files(tmp_path):
    target = tmp_path / "a.bin"
    versions = [bytes([k]) * 50_000 for k in range(40)]
    write_bytes(target, versions[0])
    seen = set()
    done = threading.Event()

    def read():
        while not done.is_set():
            seen.add(target.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for version in versions:
        write_bytes(target, version)
    done.set()
    reader.join()
    assert seen <= set(versions)
