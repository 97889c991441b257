"""A report on folders of runs: of one, as far as it is, or of several side by side."""

import os
from collections.abc import Sequence
from pathlib import Path

from chainrule.errors import RunError
from chainrule.experiments.reading import RunRecord, is_run, read

__all__ = ["report"]

PathLike = str | os.PathLike[str]


def report(
    paths: PathLike | Sequence[PathLike], out: PathLike | None = None, *, force: bool = False
) -> Path:
    """Writes the report; `chainrule.reports.report` says how."""
    from chainrule.files.atomic import write_bytes

    records = [read(path) for path in _distinct(paths)]
    target = _target(records, out)
    if target.exists() and not force:
        raise RunError(
            f"{target} is there already. Choose another with --out, or add --force to replace it."
        )
    page = _render(records)
    try:
        write_bytes(target, page.encode("utf-8"))
    except OSError as error:
        raise RunError(f"The report cannot be written to {target}: {error.strerror}.") from error
    return target


def _distinct(paths: PathLike | Sequence[PathLike]) -> list[Path]:
    """Each folder once, in the order in which they came."""
    given = [paths] if isinstance(paths, str | os.PathLike) else paths
    found = list({Path(path).resolve(): Path(path) for path in given}.values())
    if not found:
        raise RunError("Required at least one folder of a run; came none. Name one.")
    return found


def _target(records: Sequence[RunRecord], out: PathLike | None) -> Path:
    """Where the page goes: never into a run."""
    name = f"{records[0].name if len(records) == 1 else 'comparison'}-report.html"
    target = Path(name if out is None else out)
    if target.is_dir():
        target = target / name
    inside = target.resolve().parents
    runs = {record.path.resolve() for record in records}
    for folder in inside:
        if folder in runs or is_run(folder):
            raise RunError(
                f"Required a place outside of runs, whose folders are only read; {target} is in "
                f"{folder}. Choose another with --out."
            )
    return target


def _render(records: Sequence[RunRecord]) -> str:
    if len(records) > 1:
        from chainrule.reports.several import render_several

        return render_several(records)
    (record,) = records
    if record.results is None:
        from chainrule.reports.partial import render_partial

        return render_partial(record)
    from chainrule.reports.html import render

    return render(record.results)
