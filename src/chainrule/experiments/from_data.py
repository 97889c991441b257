"""From data of one's own to a run: what they are is found out and said, and a network is trained on
them beside the obvious baselines."""

import os
import shlex
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from chainrule.experiments.asked import (
    Size,
    column_of,
    mapping_of,
    of_images_alone,
    of_tables_alone,
    one_of,
    sides_of,
)
from chainrule.experiments.kept_table import KEPT, opened
from chainrule.experiments.loading import load, to_table
from chainrule.experiments.overruled import folder_asked, table_asked
from chainrule.experiments.own import Plan
from chainrule.experiments.own import plan as plan_table
from chainrule.experiments.photos import PhotoPlan, plan_photos
from chainrule.models.columns import ColumnKind
from chainrule.models.images import COLOURS, FITS, Colour, Fit

if TYPE_CHECKING:
    from rich.console import Console

    from chainrule.experiments.results import Results

__all__ = ["plan", "train"]

Task = Literal["classification", "regression"]
NETWORK = "models.net.settings."


def train(
    data: Any,
    target: str | None = None,
    *,
    task: Task | None = None,
    drop: str | Collection[str] = (),
    kinds: Mapping[str, ColumnKind] | None = None,
    tune: int = 0,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    out: str | os.PathLike[str] | None = None,
    force: bool = False,
    stream: bool = False,
    memory: str | int | float = "1GB",
    size: Size | None = None,
    colour: Colour | None = None,
    fit: Fit = "stretch",
    skip_damaged: bool = False,
    console: "Console | None" = None,
    **options: Any,
) -> "Results":
    """Train a network on a table or a folder of images of your own, beside the obvious baselines.

    Finds out what each column is and says so; cuts 60 % of the rows to train on, 20 % to decide
    when to stop and 20 % to test; prepares, trains and tests; and leaves a run's folder with model,
    metrics, report and the spec that repeats it. It is what the command ``chainrule train`` does.

    A table in memory is first written to the run's folder, as ``table.parquet``: the run can be
    resumed, repeated and copied without it.

    Args:
        data: the path of a table (.csv, .tsv, .parquet, .arrow, .feather, .npy, .npz) or of a
            folder of images, a sub-folder a class; or a table of polars (a lazy one is collected),
            pandas (its index is left out) or Arrow (anything with its C interface; a reader is
            read), or a NumPy array, whose columns are called x1, x2, ...
        target: the column to predict. Required for a table; a folder of images has none.
        task: "classification" or "regression"; found out from the target by default.
        drop: columns to leave out.
        kinds: what columns are to be taken for, in place of what is found out: a mapping from names
            to "number", "category" or "date".
        tune: so many candidates are searched first, trained together.
        seed: of split, weights and search.
        settings: of the network, in place of its defaults, such as ``{"dropout": 0.0}``; these are
            not searched.
        overrides: any values of the spec, by dotted paths, such as
            ``{"models.trees.settings.max_iter": 50}``.
        out: the folder to write to; by default a new one, ``runs/NAME-TIME``.
        force: replace the run in a folder that is not empty.
        stream: train the network on more rows than memory holds; all else sees a sample.
        memory: what the process may take with ``stream``, such as "2GB"; or bytes.
        size: of images: height and width, as ``(48, 32)``, or both as one number.
        colour: of images: "grey" or "rgb". Size and colour are decided by default.
        fit: of images: "stretch", or "crop" to cut them to shape.
        skip_damaged: leave out images that cannot be read, which are an error otherwise.
        console: where decisions, progress and tables are printed; by default the standard output.
            ``rich.console.Console(quiet=True)`` prints nothing.
        options: what the file takes: ``delimiter``, ``encoding``, ``header`` and ``missing`` (the
            texts that stand for a value that is not there) of CSV, ``array`` of .npz.

    Returns:
        What the run found, as `chainrule.run` has it. ``folder`` is where it lies, ``model`` the
        fitted network with its preparation, which takes tables like this one (of images, rows of
        pixels); ``models`` have the figures of the network and of each baseline.

    Raises:
        DataError: the data cannot be read, lack a column, or cannot be learnt from.
        InvalidInputError: an argument that cannot be, or is for other data.
        SpecError: the settings, or the folder, cannot be used.
        RunError: the disk does not take the table or the run.
        MissingExtraError: the table needs pyarrow, and it is not installed.
        KeyboardInterrupt: Ctrl-C; what was computed is kept, and `chainrule.experiments.resume`
            goes on with it.

    Where nothing was computed, nothing is left behind.

    Example:
        >>> import polars as pl
        >>> ages = [18 + 0.5 * i for i in range(60)]
        >>> shop = pl.DataFrame({"age": ages, "bought": [age > 30 for age in ages]})
        >>> results = train(shop, "bought", settings={"max_iter": 3}, out="runs/shop")
        >>> results.model.predict(shop).shape
        (60,)
        >>> [model.label for model in results.models]
        ['Network', 'Always the commonest class', 'Logistic regression', 'Boosted trees']
    """
    from rich.console import Console

    # by name when it is called: they import what trains
    from chainrule.experiments import run
    from chainrule.experiments.datasets import data_of
    from chainrule.experiments.decided import print_plan

    console = console or Console()
    in_memory = not isinstance(data, str | os.PathLike)
    if in_memory:
        _say_what_is_left_out(data, console)
        data = opened(data, **options)  # once: a reader can be read once
        options = {}
    found = plan(
        data,
        target,
        task=task,
        drop=drop,
        kinds=kinds,
        tune=tune,
        seed=seed,
        settings=settings,
        overrides=overrides,
        stream=stream,
        memory=memory,
        size=size,
        colour=colour,
        fit=fit,
        skip_damaged=skip_damaged,
        **options,
    )
    print_plan(found, console)
    if isinstance(found, PhotoPlan):
        with console.status("Reading the images"):  # what cannot be read is said before a run
            data_of(load(found.spec).data)
    elif not in_memory and not found.spec["data"]["table"]["stream"]:
        table = found.spec["data"]["table"]
        _say_if_larger(Path(table["file"]), table["memory"], console)
    kept = data if in_memory else None
    folder = None if out is None else Path(out)
    results = run(found.spec, out=folder, console=console, force=force, table=kept)
    _say_how_to_repeat(results.folder / "spec.toml", console)
    return results


def plan(
    data: Any,
    target: str | None = None,
    *,
    task: Task | None = None,
    drop: str | Collection[str] = (),
    kinds: Mapping[str, ColumnKind] | None = None,
    tune: int = 0,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    stream: bool = False,
    memory: str | int | float = "1GB",
    size: Size | None = None,
    colour: Colour | None = None,
    fit: Fit = "stretch",
    skip_damaged: bool = False,
    **options: Any,
) -> Plan | PhotoPlan:
    """What `train` would do, with the same arguments; nothing is trained or written.

    Returns:
        ``rows`` are the decisions, each of what, what it is taken for, and why; ``spec`` is the
        experiment, for `chainrule.run`. Of a table in memory, `run` is given that as well:
        ``run(found.spec, table=shop)``.

    Raises:
        DataError, InvalidInputError, SpecError, MissingExtraError: as `train` does.

    Example:
        >>> import numpy as np
        >>> found = plan(np.random.default_rng(0).normal(size=(60, 3)), "x3")
        >>> found.rows[0]
        ('x3', 'target: numbers', 'numbers')
    """
    from chainrule.streams.memory import bytes_of

    overrides = mapping_of("overrides", overrides, "{'data.split.held_out': 0.3}")
    settings = mapping_of("settings", settings, "{'dropout': 0.0}")
    for path, value in overrides.items():  # what is said of the network is not searched
        name = path.removeprefix(NETWORK)
        if path.startswith(NETWORK) and "." not in name:
            settings[name] = value
    searched: dict[str, Any] = {"tune": tune, "seed": seed, "settings": settings}
    found: Plan | PhotoPlan
    if isinstance(data, str | os.PathLike) and Path(data).is_dir():
        given = {"target": target, "task": task, "drop": drop, "kinds": kinds, "stream": stream}
        of_tables_alone({**given, **dict.fromkeys(options, True)})
        pictured = {
            "path": os.fspath(data),
            "size": None if size is None else list(sides_of(size)),
            "colour": colour,
            "fit": fit,
            "skip_damaged": skip_damaged,
        }
        one_of("fit", fit, FITS)
        asked, overrides = folder_asked(pictured, overrides)
        one_of("colour", asked["colour"], (None, *COLOURS))
        found = plan_photos(
            asked["path"],
            size=None if asked["size"] is None else sides_of(asked["size"]),
            colour=asked["colour"],
            fit=asked["fit"],
            skip_damaged=asked["skip_damaged"],
            stratify=overrides.get("data.split.stratify") is not False,
            **searched,
        )
    else:
        crop = None if fit == "stretch" else fit
        images = {"size": size, "colour": colour, "fit": crop, "skip_damaged": skip_damaged}
        of_images_alone(images)
        one_of("task", task, (None, *get_args(Task)))
        bytes_of(memory)
        on_disk = isinstance(data, str | os.PathLike)
        tabled = {
            "file": os.fspath(data) if on_disk else KEPT,
            "target": column_of(data, target),
            "task": task,
            "drop": [drop] if isinstance(drop, str) else list(drop),
            "kinds": mapping_of("kinds", kinds, "{'zip': 'category'}"),
            "options": options,
            "stream": stream,
            "memory": str(memory),
        }
        asked, overrides = table_asked(tabled, overrides)
        one_of("data.table.task", asked["task"], (None, *get_args(Task)))
        more = asked.pop("options")
        file = asked.pop("file")
        found = plan_table(file if on_disk else data, **asked, **searched, **more)
    found = replace(found, spec=to_table(load(found.spec, overrides)))
    if isinstance(found, Plan):
        found.check_split()
    return found


def _say_what_is_left_out(table: Any, console: "Console") -> None:
    """The index of a pandas table, if it has a name."""
    index = getattr(table, "index", None)
    names = [name for name in getattr(index, "names", ()) if name is not None]
    if names:
        console.print(
            f"The index of the table ({', '.join(map(repr, names))}) is left out; reset_index() "
            "makes a column of it.",
            style="yellow",
            highlight=False,
            markup=False,
        )


def _say_how_to_repeat(spec: Path, console: "Console") -> None:
    console.print(
        f"Spec: {spec}, which repeats the run: chainrule run {shlex.quote(str(spec))}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _say_if_larger(path: Path, memory: str | int | float, console: "Console") -> None:
    from chainrule.streams.memory import bytes_of

    if path.is_file() and path.stat().st_size > bytes_of(memory):
        console.print(
            f"The file is larger than {memory}, and all of it comes into memory: add --stream "
            "(or raise --memory).",
            style="yellow",
        )
