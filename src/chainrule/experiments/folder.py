"""A run's folder: what is in it, and how it gets there."""

import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel

from chainrule.errors import SpecError
from chainrule.experiments.kept_table import KEPT, KeptTable, keeps_table
from chainrule.files import lock
from chainrule.files.atomic import write_bytes

__all__ = ["Folder"]

OURS = (
    "spec.toml",
    "environment.json",
    "metrics.jsonl",
    "results.json",
    "model.safetensors",
    "report.html",
)
INNER = ("checkpoint", "stream", "tensorboard")  # the last where it was tracked there


class Folder:
    """A folder that can be copied and opened elsewhere.

    ``spec.toml`` as resolved, ``environment.json``, ``metrics.jsonl`` (a line for each number, as
    it is computed), ``results.json``, ``model.safetensors`` and ``report.html``; and
    ``table.parquet`` where the run is on a table that was in memory. Every file but the growing
    ``metrics.jsonl`` is written whole or not at all.
    """

    def __init__(self, path: Path, made: tuple[Path, ...] = ()) -> None:
        self.path = path
        self._made = made  # folders that were not there before, the innermost first
        self._kept = False
        self.begun = False  # whether a run of this process has begun in it
        self.metrics = path / "metrics.jsonl"
        self.model = path / "model.safetensors"
        self.report = path / "report.html"

    @classmethod
    def make(cls, out: str | Path | None, name: str, *, force: bool) -> "Folder":
        """The folder ``out``, or a new one under ``runs/`` named after the recipe and the time.

        Args:
            force: use a folder that has files in it; those that a run writes are removed first.

        Raises:
            SpecError: it cannot be made, has files in it and ``force`` is false, or is the folder
                of a run that a process is at.
        """
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        path = Path(out) if out is not None else _unused(Path("runs") / f"{name}-{stamp}")
        try:
            made = tuple(each for each in (path, *path.parents) if not each.exists())
            path.mkdir(parents=True, exist_ok=True)
            occupied = any(path.iterdir())
        except OSError as error:
            raise SpecError(
                f"Required a folder to write the run to; {path} cannot be one ({error}). "
                "Choose another with --out."
            ) from error
        if occupied and not force:
            raise SpecError(
                f"The folder {path} has files in it, and a run would mix with them. Choose another "
                "with --out, or add --force to replace the run that is there."
            )
        if lock.held(path / "checkpoint" / "lock"):
            raise SpecError(
                f"Another process is running {path}. Stop it first, or choose another folder with "
                "--out."
            )
        folder = cls(path, made)
        try:
            folder._clear()
        except OSError as error:
            raise SpecError(
                f"The run in {path} cannot be replaced ({error}). Make the folder writable, or "
                "choose another with --out."
            ) from error
        return folder

    @classmethod
    def open(cls, path: str | Path) -> "Folder":
        """The folder of a run that was begun.

        Raises:
            SpecError: it is none.
        """
        path = Path(path)
        if not (path / "spec.toml").is_file():
            raise SpecError(
                f"Required the folder of a run; {path} has no spec.toml. `chainrule runs` lists "
                "those that there are."
            )
        return cls(path)

    def keep(self, table: KeptTable) -> None:
        """Write the table that the run is on into the folder."""
        table.write(self.path)
        self._kept = True

    def discard(self) -> None:
        """Remove the run that this process began, and the folders that were made for it."""
        if not self.begun:  # another process has it
            return
        with suppress(OSError):
            self._clear()
            for folder in self._made:
                folder.rmdir()

    def _clear(self) -> None:
        """Remove all that is a run's; a table only where it is the run's own."""
        own = [KEPT] if self._kept or keeps_table(self.path) else []
        for file in (*own, *OURS):
            (self.path / file).unlink(missing_ok=True)
        for inner in INNER:
            shutil.rmtree(self.path / inner, ignore_errors=True)

    @property
    def computed(self) -> bool:
        """Whether anything is in it that the run found out."""
        checkpoint = self.path / "checkpoint"
        kept = {each.name for each in checkpoint.iterdir()} if checkpoint.is_dir() else set()
        done = checkpoint / "done.jsonl"
        values = len(done.read_bytes().splitlines()) if done.exists() else 0
        found = (self.path / name for name in ("metrics.jsonl", "results.json"))
        # a run that has just begun remembers when it did
        return any(map(Path.exists, found)) or values > 1 or bool(kept - {"lock", "done.jsonl"})

    @property
    def complete(self) -> bool:
        """Whether the run came to its end: its results are there, and its journal is closed."""
        begun = (self.path / "checkpoint" / "done.jsonl").exists()
        return (self.path / "results.json").exists() and not begun

    def write(self, name: str, text: str) -> None:
        write_bytes(self.path / name, text.encode("utf-8"))

    def write_json(self, name: str, record: BaseModel) -> None:
        self.write(name, record.model_dump_json(indent=1) + "\n")

    def kept(self) -> list[str]:
        """The names of the run's files that are there, and of the folder of its states."""
        return [name for name in (*OURS, KEPT, "checkpoint") if (self.path / name).exists()]


def _unused(path: Path) -> Path:
    candidate, number = path, 2
    while candidate.exists():
        candidate, number = path.with_name(f"{path.name}-{number}"), number + 1
    return candidate
