"""A run's folder as a viewer reads it: complete, stopped, at work, or copied from elsewhere.

Nothing here writes, creates or waits. Files are read once, each as it is at that moment; a torn
last line of ``metrics.jsonl`` is passed over.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from chainrule.errors import RunError, SpecError
from chainrule.experiments import loading
from chainrule.experiments.folder import Folder
from chainrule.experiments.results import SCHEMA_VERSION, Environment, Results
from chainrule.experiments.spec import Spec
from chainrule.files import lines, lock

__all__ = ["Row", "RunRecord", "State", "is_run", "read", "read_results", "state_of", "times"]

State = Literal["complete", "running", "stopped"]
Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class RunRecord:
    """All that a run's folder says.

    ``state`` is ``"complete"``, ``"running"`` (a process holds the lock of its journal) or
    ``"stopped"``; on Windows, and on a copy, a run at work looks stopped. ``metrics`` are the lines
    written so far. ``began`` and ``seconds`` (of work, without pauses) are None where unknown.
    """

    path: Path
    state: State
    spec: Spec
    results: Results | None  # None until the run has them
    metrics: tuple[Row, ...]
    environment: Environment | None
    began: datetime | None
    seconds: float | None

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name


def read(path: str | Path) -> RunRecord:
    """The run in the folder ``path``.

    Raises:
        RunError: there is none, a file of it is damaged, or another version wrote it.
    """
    path = Path(path)
    if not is_run(path):
        raise RunError(
            f"Required the folder of a run; {path} is none. `chainrule runs` lists those below a "
            "folder."
        )
    state = state_of(path)  # first: what is complete by now has all its files
    results = read_results(path)
    began, seconds = times(path, results)
    return RunRecord(
        path=path,
        state=state,
        spec=read_spec(path),
        results=results,
        metrics=tuple(read_metrics(path)),
        environment=_environment(path),
        began=began,
        seconds=seconds,
    )


def is_run(path: Path) -> bool:
    """Whether the folder is one that a run wrote to: any file of it alone may be anybody's."""
    others = ("environment.json", "metrics.jsonl", "results.json", "checkpoint")
    signs = {name for name in others if (path / name).exists()}
    if (path / "spec.toml").exists():
        return bool(signs)
    return {"environment.json", "results.json"} <= signs


def state_of(path: Path) -> State:
    """Whether the run came to its end, is at work, or neither."""
    at_work = lock.held(path / "checkpoint" / "lock")
    if Folder(path).complete:  # asked second: a run may end in between
        return "complete"
    return "running" if at_work else "stopped"


def read_spec(path: Path) -> Spec:
    """The spec as resolved."""
    try:
        return loading.load(path / "spec.toml")
    except SpecError as error:
        raise RunError(f"The run in {path} is damaged, or of another version: {error}") from error


def read_results(path: Path) -> Results | None:
    """What the run found; None if it has not come so far."""
    text = _text(path / "results.json")
    if text is None:
        return None
    try:
        return Results.model_validate_json(text).kept_in(path)
    except ValidationError as error:
        raise RunError(_unreadable(path / "results.json", text, error)) from error


def read_metrics(path: Path) -> list[Row]:
    """The whole lines that there are, up to the first that is damaged."""
    try:
        data = (path / "metrics.jsonl").read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _no_access(path / "metrics.jsonl", error) from error
    return lines.whole(data)[0]


def times(path: Path, results: Results | None) -> tuple[datetime | None, float | None]:
    """When the run began, and how many seconds of work are in it."""
    if results is not None:
        return _moment(results.clock.started), results.clock.seconds
    entries = _journal(path / "checkpoint")
    began = next((each.get("value") for each in entries if each.get("key") == "began"), None)
    clocks = [each["clock"] for each in entries if "clock" in each]
    return _moment(began), max(clocks, default=None)


def _environment(path: Path) -> Environment | None:
    text = _text(path / "environment.json")
    try:
        return None if text is None else Environment.model_validate_json(text)
    except ValidationError as error:
        raise RunError(_damaged(path / "environment.json", error)) from error


def _journal(folder: Path) -> list[Row]:
    """What the journal says of itself: its lines, and the header of the training under way."""
    from chainrule.files.container import read_layout
    from chainrule.files.refusal import Refused

    found: list[Row] = []
    try:
        found += lines.whole((folder / "done.jsonl").read_bytes())[0]
        with (folder / "training.safetensors").open("rb") as file:
            size = (folder / "training.safetensors").stat().st_size
            found.append(json.loads(read_layout(file, size).text))
    except (OSError, ValueError, Refused):  # not there, or put away in this moment
        pass
    return found


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise RunError(f"{path} is damaged: {error}. {REMEDY}") from error
    except OSError as error:
        raise _no_access(path, error) from error


REMEDY = "Copy it once more from where it was whole, or run the experiment again."


def _no_access(path: Path, error: OSError) -> RunError:
    return RunError(f"Required a readable file; {path} cannot be read ({error.strerror}).")


def _unreadable(path: Path, text: str, error: ValidationError) -> str:
    """The versions, if these are why; else the first thing that is wrong."""
    try:
        found = json.loads(text)
        version = found["schema_version"]
    except (ValueError, TypeError, KeyError):
        return _damaged(path, error)
    if version == SCHEMA_VERSION:
        return _damaged(path, error)
    from chainrule import __version__

    newer = not isinstance(version, int) or version > SCHEMA_VERSION
    remedy = "Update Chainrule" if newer else "Use that version, or run the experiment again"
    return (
        f"{path} has schema version {version}, written by {''.join(_writer(found))}; this is "
        f"Chainrule {__version__}, which reads schema version {SCHEMA_VERSION}. {remedy}."
    )


def _writer(found: Any) -> Iterator[str]:
    yield "Chainrule"
    try:
        yield f" {found['environment']['versions']['chainrule']}"
    except (TypeError, KeyError):
        yield " of an unknown version"


def _damaged(path: Path, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{path} is damaged: {f'{where}: ' if where else ''}{first['msg']}. {REMEDY}"
