"""One run, from a spec to a folder."""

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from chainrule.errors import ChainruleError, RunError, SpecError
from chainrule.experiments import toml
from chainrule.experiments.backends import torch_device
from chainrule.experiments.changes import with_changes, without_lost_places
from chainrule.experiments.check import check
from chainrule.experiments.environment import environment
from chainrule.experiments.folder import Folder
from chainrule.experiments.interrupt import Interrupt, Stopped
from chainrule.experiments.kept_table import KEPT, KeptTable, with_kept_table
from chainrule.experiments.loading import SpecLike, load, to_table
from chainrule.experiments.located import folder_of, located, path_of
from chainrule.experiments.outcome import Outcome
from chainrule.experiments.recorder import Recorder
from chainrule.experiments.results import Clock, Environment, Results
from chainrule.experiments.spec import CompareSpec, Spec
from chainrule.experiments.tracking import check_tracker, tracked
from chainrule.experiments.verifying import verified
from chainrule.search.journal import Journal

__all__ = ["resume", "run"]

# kind -> the module whose function ``run(spec, recorder)`` does it
KINDS = {
    "compare": "chainrule.experiments.compare",
    "look": "chainrule.experiments.look",
    "search": "chainrule.experiments.compare",
    "study": "chainrule.experiments.compare",
    "sweep": "chainrule.experiments.compare",
    "train": "chainrule.experiments.compare",
}


def run(
    spec: SpecLike,
    *,
    out: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    console: Console | None = None,
    force: bool = False,
    quick: bool = False,
    track: str | None = None,
    table: Any = None,
) -> Results:
    """Runs an experiment, prints what it found, and keeps it in a folder.

    Args:
        spec: a recipe's name (`recipes` lists them), the path of a ``.toml`` file, or a mapping of
            the same shape. A path in a file is relative to the folder of that file.
        out: the folder to write to; by default a new one, ``runs/NAME-TIME``.
        overrides: dotted paths and new values, such as ``{"models.ann.seeds.count": 5}``. Where
            they change what is computed, the results say so (``changed``), and the spec's printed
            numbers and the answers with numbers in them are left out, as those of a quick version.
        console: where progress and tables are printed; by default the standard output.
            ``Console(quiet=True)`` prints nothing.
        force: replace the run in a folder that is not empty.
        quick: a version that ends in under a minute, for a first look: the recipe's ``quick``
            table says what is smaller.
        track: ``"mlflow"``, ``"wandb"`` or ``"tensorboard"``: each model is a run there as well.
        table: a table of polars, pandas or Arrow, or an array, in place of the file that the spec
            names; it is kept in the run's folder, as ``table.parquet``.

    Returns:
        The content of ``results.json``; ``folder`` is where it is, ``model`` the fitted model.

    Raises:
        SpecError: the spec, or the folder, cannot be used. Nothing has been trained.
        DataError: the data cannot be read, or the models cannot take them. Nothing has been
            trained, and nothing is left of the run.
        MissingExtraError: the tracker's package is not installed.
        RunError: the run cannot be written.
        KeyboardInterrupt: Ctrl-C; the folder keeps what was computed so far.

    Example:
        >>> results = run("digits-first-look", out="runs/first-look")
        >>> results.data.n_features
        64
    """
    console = console or Console()
    check_tracker(track)
    written = load(spec)
    checked = located(_quick(written) if quick else written, folder_of(spec))
    if overrides:
        changed = located(load(checked, overrides), Path.cwd())
        checked = with_changes(checked, changed, overrides)
    left_out = ""
    if quick or overrides:
        checked, left_out = without_lost_places(written, checked)
    kept = None if table is None else KeptTable(table)
    if kept is not None:
        checked = with_kept_table(checked)
    check(checked)
    _check_not_replaced(checked, out)
    if left_out:
        console.print(left_out, style="yellow", highlight=False, markup=False)
    folder = Folder.make(out, checked.name, force=force)
    try:
        return _run(checked, folder, console, track, kept)
    except (ChainruleError, KeyboardInterrupt) as error:
        if not _can_go_on(error, folder):
            folder.discard()
        raise


def _check_not_replaced(spec: Spec, out: str | Path | None) -> None:
    """A run's table is not removed by a run that needs it."""
    path = path_of(spec)
    if out is None or path is None or not path.is_absolute():  # kept in the folder that is made
        return
    own = Path(out) / KEPT
    if path.exists() and own.exists() and path.samefile(own):
        raise SpecError(
            f"The run in {out} would be replaced, and its table {KEPT} with it, which this run "
            "needs. Choose another folder with --out."
        )


def _can_go_on(error: BaseException, folder: Folder) -> bool:
    """Whether what is there after an error is worth keeping: a run that can be resumed where it was
    stopped or the disk was full, and else what was computed."""
    full = isinstance(error, RunError) and isinstance(error.__cause__, OSError)
    if full or isinstance(error, KeyboardInterrupt):
        return (folder.path / "spec.toml").exists()
    return folder.computed


def resume(
    path: str | Path, *, console: Console | None = None, track: str | None = None
) -> Results:
    """Goes on with a run that was stopped or killed, and ends it as if it never had been.

    On one machine, with the same versions and cores, metrics, model and results are bit for bit
    those of an unbroken run, but for the wall times.

    Args:
        path: the run's folder.
        console, track: as for `run`; what is tracked is the whole run, from its beginning.

    Raises:
        SpecError: there is no such run, it is complete, or another process is at it.
    """
    console = console or Console()
    check_tracker(track)
    folder = Folder.open(path)
    if folder.complete and not (folder.path / "checkpoint").exists():
        raise _is_complete(folder)
    checked = load(folder.path / "spec.toml")
    check(checked)
    return _run(checked, folder, console, track)


def _run(
    checked: Spec,
    folder: Folder,
    console: Console,
    track: str | None,
    kept: KeptTable | None = None,
) -> Results:
    try:
        return _begin_or_go_on(checked, folder, console, track, kept)
    except OSError as error:
        raise RunError(
            f"The run in {folder.path} cannot be written: {error}. What was computed until then "
            f"is kept. Make room, or make the folder writable; then go on with: "
            f"{_resume_command(folder)}"
        ) from error


def _begin_or_go_on(
    checked: Spec, folder: Folder, console: Console, track: str | None, kept: KeptTable | None
) -> Results:
    with Journal(folder.path) as journal:
        if folder.complete:  # since a moment ago, or a kill came while its journal was put away
            journal.close()
            raise _is_complete(folder)
        folder.begun = True
        if kept is not None:
            folder.keep(kept)
        title, version = escape(checked.title), _version(checked)
        console.print(f"[bold]{title}[/bold]{version}\n{escape(checked.question)}\n")
        try:
            results = _train(checked, folder, console, journal, track)
            _show(folder, results, console)
            journal.close()
        except KeyboardInterrupt:
            raise Stopped(
                f"{_what_is_kept('Stopped by Ctrl-C.', folder)} Go on with: "
                f"{_resume_command(folder)}"
            ) from None
        except OSError:
            raise
        except Exception as error:
            if isinstance(error, RunError) and isinstance(error.__cause__, OSError):
                raise error.__cause__ from error  # of a search within: said as of the run's files
            if folder.computed or not isinstance(error, ChainruleError):
                error.add_note(_what_is_kept("The run failed.", folder))
            raise
    return results.kept_in(folder.path)


def _version(spec: Spec) -> str:
    """Which version of a recipe it is; empty where it is the recipe itself."""
    named = {"quick version": spec.quick_version, "changed": bool(spec.changed)}
    said = ", ".join(name for name, true in named.items() if true)
    return f" ({said})" if said else ""


def _quick(spec: Spec) -> Spec:
    """The quick version, which says that it is one; of some recipes it is the full one."""
    if not spec.quick:
        raise SpecError(
            f"{spec.name} has no quick version: its spec needs a table [quick] with dotted paths "
            'and smaller values, such as "data.split.train" = 2000.'
        )
    quick = load(spec, spec.quick)
    return quick if quick == spec else load(quick, {"quick_version": True})


def _is_complete(folder: Folder) -> SpecError:
    return SpecError(
        f"The run in {folder.path} is complete. `chainrule report {folder.path}` shows it."
    )


def _resume_command(folder: Folder) -> str:
    return f"chainrule resume {shlex.quote(str(folder.path))}"


def _made_with(spec: Spec, folder: Folder, console: Console) -> Environment:
    """What the run was begun with, and what is different now that it goes on."""
    path, now = folder.path / "environment.json", environment(_packages(spec))
    if not path.exists():
        return now
    before = Environment.model_validate_json(path.read_text("utf-8"))
    news = tuple(_differences(before, now))
    for line in news:
        said = f"{line}: bits may differ."
        console.print(said, style="yellow", highlight=False, markup=False)
    return before.model_copy(update={"changed": tuple(dict.fromkeys((*before.changed, *news)))})


def _packages(spec: Spec) -> Iterator[str]:
    """What is used beside the packages that every run uses."""
    models = spec.models.values() if isinstance(spec, CompareSpec) else ()
    if any(torch_device(model.backend) is not None for model in models):
        yield "torch"


def _differences(before: Environment, now: Environment) -> Iterator[str]:
    pairs = {
        name: (getattr(before, name), getattr(now, name))
        for name in ("python", "cores", "machine", "commit")
    }
    if before.processor:  # older runs do not know it
        pairs["processor"] = (before.processor, now.processor)
    for name in {**before.versions, **now.versions}:
        pairs[name] = (before.versions.get(name), now.versions.get(name))
    for name, (was, is_) in pairs.items():
        if was != is_:
            yield f"{name} was {was} when the run began and {is_} when it went on"


def _train(
    spec: Spec, folder: Folder, console: Console, journal: Journal, track: str | None
) -> Results:
    resolved = toml.dumps(to_table(spec))
    folder.write("spec.toml", resolved)
    made_with = _made_with(spec, folder, console)
    folder.write_json("environment.json", made_with)
    began = journal.remember("began", lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    with tracked(track, spec.name, folder.path, console) as listener, Interrupt() as interrupt:
        recorder = Recorder(folder.metrics, console, interrupt, journal, listener)
        outcome = _run_kind(located(spec, folder.path), recorder)
        interrupt.check()
    clock = Clock(
        started=began,
        seconds=journal.clock(),
        timings=tuple(recorder.timings),
        parts=recorder.parts,
    )
    made_with = made_with.model_copy(update={"seed": outcome.seed})
    results = _results(spec, resolved, outcome, made_with, clock)
    return _keep(folder, results, outcome)


def _run_kind(spec: Spec, recorder: Recorder) -> Outcome:
    function: Callable[[Spec, Recorder], Outcome] = import_module(KINDS[spec.kind]).run
    return function(spec, recorder)


def _results(
    spec: Spec, resolved: str, outcome: Outcome, made_with: Environment, clock: Clock
) -> Results:
    shared = {field.name for field in fields(outcome)} & set(Results.model_fields)
    return Results(
        recipe=spec.name,
        kind=spec.kind,
        title=spec.title,
        question=spec.question,
        quick=spec.quick_version,
        changed=spec.changed,
        source=spec.source,
        assumptions=spec.assumptions,
        errata=spec.errata,
        spec=resolved,
        environment=made_with,
        clock=clock,
        **{name: getattr(outcome, name) for name in shared},
    )


def _keep(folder: Folder, results: Results, outcome: Outcome) -> Results:
    """The numbers first, so that whatever fails later, they are there; then the model, and once
    more the numbers, with what its file was found to hold."""
    folder.write_json("results.json", results)
    folder.write_json("environment.json", results.environment)
    if outcome.estimator is None:
        return results
    import_module("chainrule").save(outcome.estimator, folder.model, about=outcome.about)
    found = verified(outcome.estimator, folder.model, outcome.rows)
    results = results.model_copy(update={"saved": found})
    folder.write_json("results.json", results)
    return results


def _show(folder: Folder, results: Results, console: Console) -> None:
    from chainrule import reports

    reports.print_results(results, console)
    reports.write_report(results, folder.report)
    console.print(f"Report: {folder.report}", highlight=False, markup=False, soft_wrap=True)


def _what_is_kept(what: str, folder: Folder) -> str:
    kept = ", ".join(folder.kept()) or "nothing"
    return f"{what} Kept in {folder.path}: {kept}."
