"""Small files in the published formats, a mirror on this machine, and folders of the test's own."""

import gzip
import hashlib
import io
import os
import struct
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from chainrule.data.published import PUBLISHED, Archive, Content, Published

REAL = os.environ.get("CHAINRULE_DATA")  # the user's own, before a test hides it
IDX_NAMES = list(PUBLISHED["mnist"].contents)
BATCHES = list(PUBLISHED["cifar10"].contents)


def idx(values: np.ndarray) -> bytes:
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return header + values.astype(np.uint8).tobytes()


def mnist_files(seed: int = 0, rows: int = 30, test_rows: int = 10) -> dict[str, bytes]:
    draws = np.random.default_rng(seed)
    files = []
    for count in (rows, test_rows):
        files.append(idx(draws.integers(0, 256, (count, 28, 28))))
        files.append(idx(np.arange(count) % 10))
    return dict(zip(IDX_NAMES, files, strict=True))


def cifar_files(seed: int = 0, rows: int = 20) -> dict[str, bytes]:
    """Batches of unequal sizes."""
    draws = np.random.default_rng(seed)
    files = {}
    for number, name in enumerate(BATCHES):
        records = draws.integers(0, 256, (rows + number, 3073), dtype=np.uint8)
        records[:, 0] %= 10
        files[name] = records.tobytes()
    return files


def tar(files: dict[str, bytes], folder: str = "cifar-10-batches-bin") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def write(folder: Path, files: dict[str, bytes], packed: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(data, 1) if packed else data)
    return folder


def published(name: str, files: dict[str, bytes], mirrors: tuple[str, ...]) -> Published:
    """The row of that name, as if these small files were what is published."""
    row = PUBLISHED[name]
    held = {one: Content(hashlib.sha256(b).hexdigest(), len(b)) for one, b in files.items()}
    archives = tuple(
        Archive(archive.file, mirrors, {one: held[one] for one in archive.holds})
        for archive in row.archives
    )
    return replace(row, archives=archives)


@pytest.fixture
def make() -> SimpleNamespace:
    """What is above, for tests to call."""
    return SimpleNamespace(
        idx=idx, mnist=mnist_files, cifar=cifar_files, tar=tar, write=write, published=published
    )


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that ``CHAINRULE_DATA`` names."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setenv("CHAINRULE_DATA", str(folder))
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of this test alone; the user's own folder is out of sight."""
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "chainrule" / "data"


@pytest.fixture(scope="session")
def real() -> Path:
    """The user's own folder, for tests of real files."""
    if not REAL:
        pytest.skip("CHAINRULE_DATA names no folder with the real files")
    return Path(REAL)


@dataclass
class Mirror:
    """A server on this machine: what it answers, and what it was asked."""

    url: str
    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def has(self, path: str, data: bytes, cut: int | None = None) -> None:
        """Serves the bytes; after ``cut`` of them the connection breaks."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data[:cut])

        self.answers[path] = answer


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Mirror("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            if self.path in made.answers:
                made.answers[self.path](self)
            else:
                self.send_error(404)

        def log_message(self, *args: object) -> None:
            """Not into the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()
    thread.join()
