"""Trainings as runs of TensorBoard: a folder of event files, written without TensorFlow."""

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from chainrule.estimators.base import BaseMLP
from chainrule.interop.trackers.callback import TrackerCallback
from chainrule.interop.trackers.sink import Point, Sink, missing, plain

__all__ = ["TensorBoardCallback", "TensorBoardSink", "package", "sinks"]

FOLDER = "tensorboard"


class TensorBoardCallback(TrackerCallback):
    """Tracks each fit as a run of TensorBoard, a folder of its own below ``log_dir``.

    The columns of ``history_`` become scalars with the epoch as their step; the network's
    parameters and what came of the training (``best_validation_loss``, ``n_iter`` and the like) a
    line of the tab "HParams". ``tensorboard --logdir LOG_DIR`` shows them.

    Parameters
    ----------
    log_dir : path, default="tensorboard"
        Where the runs' folders are.
    run_name : str, optional
        The one folder of all fits, for ``partial_fit``; by default each fit has a new one, such as
        ``MLPClassifier-3``.
    log_model : bool, default=False
        Keep the model's file (``chainrule.save``) in the run's folder.

    Raises
    ------
    MissingExtraError
        The package tensorboardX is not installed.

    Examples
    --------
    >>> net = MLPClassifier().set_callbacks(TensorBoardCallback("runs"))
    >>> net.fit(X, y)
    """

    tracker = "TensorBoard"

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "tensorboard",
        *,
        run_name: str | None = None,
        log_model: bool = False,
    ) -> None:
        super().__init__(log_model)
        package()
        self.log_dir, self.run_name = Path(log_dir), run_name

    def open(self, est: BaseMLP) -> Sink:
        if self.run_name is not None:
            return TensorBoardSink(self.log_dir / self.run_name)
        return TensorBoardSink(_new_folder(self.log_dir, type(est).__name__))


class TensorBoardSink:
    """One run's folder.

    The events are written at once. (The package's own writer has a thread for that, which a full
    disk ends, and then waits for it for ever.)
    """

    def __init__(self, folder: Path) -> None:
        self._package = package()
        self.folder = folder
        self.known: dict[str, Any] = {}
        folder.mkdir(parents=True, exist_ok=True)
        unique = f".{time.time_ns()}"  # its names have whole seconds, and it overwrites
        self._writer = self._package.files.EventsWriter(str(folder / "events"), unique)

    def parameters(self, values: Mapping[str, Any]) -> None:
        self.known |= {name: plain(value) for name, value in values.items()}
        lines = ["| parameter | value |", "|---|---|"]
        lines += [f"| {name} | {value} |" for name, value in self.known.items()]
        self._write(self._package.summary.text("parameters", "\n".join(lines)), 0)
        self._writer.flush()

    def points(self, points: Sequence[Point]) -> None:
        for point in points:
            self._scalars(point.values, point.epoch, point.time / 1000)
        self._writer.flush()

    def results(self, values: Mapping[str, float], epoch: int) -> None:
        for summary in self._package.summary.hparams(self.known, dict(values)):
            self._write(summary, 0)
        self._scalars(values, epoch, time.time())
        self._writer.flush()

    def _scalars(self, values: Mapping[str, float], step: int, when: float) -> None:
        for name, value in values.items():
            self._write(self._package.summary.scalar(name, value), step, when)

    def _write(self, summary: Any, step: int, when: float | None = None) -> None:
        event = self._package.events.Event(summary=summary, step=step)
        event.wall_time = time.time() if when is None else when
        self._writer.write_event(event)

    def file(self, path: Path) -> None:
        shutil.copyfile(path, self.folder / path.name)

    def close(self, failed: bool) -> None:
        self._writer.close()


def sinks(name: str, folder: Path) -> Callable[[str], Sink]:
    """For the models of a run: a folder each, below ``tensorboard/`` in the run's own. What an
    earlier sitting of the run left there is replaced, for it is all said once more."""
    package()
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    return lambda key: TensorBoardSink(folder / FOLDER / key)


def _new_folder(parent: Path, name: str) -> Path:
    """The first of NAME-1, NAME-2, ... that is not there; made, so that nobody else takes it."""
    parent.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        folder = parent / f"{name}-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("unreachable")


class _Package(NamedTuple):
    """The modules of tensorboardX that are used."""

    files: Any
    summary: Any
    events: Any


def package() -> _Package:
    """The package's modules, or an error that says how to install it."""
    try:
        return _Package(
            import_module("tensorboardX.event_file_writer"),
            import_module("tensorboardX.summary"),
            import_module("tensorboardX.proto.event_pb2"),
        )
    except ImportError as error:
        raise missing("TensorBoard", "tensorboard") from error
