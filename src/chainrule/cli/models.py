"""``chainrule train``, ``predict``, ``evaluate``, ``info`` and ``export``: models of one's own."""

from pathlib import Path
from typing import Annotated, Any

import typer

from chainrule.cli.app import app, clean_errors
from chainrule.errors import InvalidInputError

__all__ = ["evaluate", "export", "info", "predict", "train"]

Model = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A model file, or the folder of a run.")
]
Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="A file: .csv, .tsv, .parquet, .arrow, .npy, .npz; or a folder of images.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")]
Memory = Annotated[str, typer.Option(help="What the process may take, as 500MB or 2GB.")]
Delimiter = Annotated[
    str | None, typer.Option(help="Between the values of a CSV file; found out by default.")
]
Encoding = Annotated[
    str | None, typer.Option(help="Of a CSV file; UTF-8 by default, latin-1 is common.")
]
Header = Annotated[
    bool, typer.Option(help="Whether the first line of a CSV file has the columns' names.")
]
Missing = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT",
        help="Of a CSV file: what stands for a value that is not there, in place of the usual "
        "texts, of which the empty one ('') is one; may be said several times.",
    ),
]
MissingOfModel = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT",
        help="Of a CSV file: what stands for a value that is not there, in place of the texts that "
        "the model was trained with, which its file has; may be said several times.",
    ),
]
Array = Annotated[
    str | None, typer.Option(metavar="NAME", help="Of an .npz file: the array with the rows.")
]
SkipDamaged = Annotated[
    bool, typer.Option("--skip-damaged", help="Leave out images that cannot be read.")
]


def file_options(
    delimiter: str | None,
    encoding: str | None,
    header: bool,
    skip_damaged: bool = False,
    missing: list[str] | None = None,
    array: str | None = None,
) -> dict[str, Any]:
    """What was said of a file, or of a folder of images."""
    given = {
        "delimiter": delimiter,
        "encoding": encoding,
        "header": None if header else False,
        "missing": missing or None,
        "array": array,
        "skip_damaged": skip_damaged or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def as_task(text: str | None) -> str | None:
    """The task that was named, if one was."""
    if text not in (None, "classification", "regression"):
        raise InvalidInputError(f"--task: required classification or regression; came {text!r}.")
    return text


@app.command()
def train(
    data: Data,
    target: Annotated[
        str | None, typer.Option(help="The column to predict; required for a table.")
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="classification or regression; found out from the target by default."),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Leave a column out.")
    ] = None,
    category: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Take a column as a category.")
    ] = None,
    number: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Take a column as a number.")
    ] = None,
    date: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Take a column as a date.")
    ] = None,
    tune: Annotated[
        int, typer.Option(min=0, help="Search so many candidates first, trained together.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of split, weights and search.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Replace a value, as models.net.settings.dropout=0."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to.", show_default="runs/NAME-TIME")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the run in a folder that is not empty.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what is decided and the spec, train nothing.")
    ] = False,
    stream: Annotated[
        bool,
        typer.Option(
            "--stream",
            help="Train the network on more rows than memory holds; the rest sees a sample.",
        ),
    ] = False,
    memory: Annotated[
        str, typer.Option(help="What the process may take with --stream, as 900MB or 2GB.")
    ] = "1GB",
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    header: Header = True,
    missing: Missing = None,
    array: Array = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="HxW", help="Of images: height and width, as 48x32, or 32; decided by default."
        ),
    ] = None,
    grey: Annotated[
        bool | None,
        typer.Option("--grey/--rgb", help="Of images: grey, or in colour; decided by default."),
    ] = None,
    crop: Annotated[
        bool, typer.Option("--crop", help="Of images: cut to shape, in place of stretching them.")
    ] = False,
    skip_damaged: SkipDamaged = False,
) -> None:
    """Train a network on a table or a folder of images of your own, beside the obvious baselines.

    Finds out what each column is, says so, splits, prepares, trains and tests; leaves a run with
    model, metrics, report, and the spec that repeats it: chainrule run RUN/spec.toml; --dry-run
    prints that spec. Of images, each sub-folder is a class.
    """
    from rich.console import Console

    with clean_errors():
        from chainrule.experiments import overrides
        from chainrule.experiments.asked import kinds_of, of_images_alone, of_tables_alone
        from chainrule.experiments.decided import print_plan, print_spec
        from chainrule.experiments.from_data import plan
        from chainrule.experiments.from_data import train as train_on

        kinds = kinds_of({"category": category or (), "number": number or (), "date": date or ()})
        if data.is_dir():
            of_tables_alone(
                {
                    "--target": target,
                    "--task": task,
                    "--drop": drop,
                    "--category, --number, --date": kinds,
                    "--delimiter": delimiter,
                    "--encoding": encoding,
                    "--no-header": not header,
                    "--missing": missing,
                    "--array": array,
                    "--stream": stream,
                }
            )
        else:
            only = {"--size": size, "--grey/--rgb": None if grey is None else str(grey)}
            of_images_alone({**only, "--crop": crop, "--skip-damaged": skip_damaged})
        console = Console()
        given: dict[str, Any] = {
            "target": target,
            "task": as_task(task),
            "drop": drop or (),
            "kinds": kinds,
            "tune": tune,
            "seed": seed,
            "overrides": dict(overrides.parse(text) for text in settings or ()),
            "stream": stream,
            "memory": memory,
            "size": size,
            "colour": None if grey is None else ("grey" if grey else "rgb"),
            "fit": "crop" if crop else "stretch",
            "skip_damaged": skip_damaged,
            **file_options(delimiter, encoding, header, missing=missing, array=array),
        }
        if dry_run:
            found = plan(data, **given)
            print_plan(found, console)
            print_spec(found, console)
            return
        train_on(data, **given, out=out, force=force, console=console)


@app.command()
def predict(
    model: Model,
    data: Data,
    out: Annotated[
        Path,
        typer.Option("-o", "--out", help="The file to write: .csv, .parquet, .arrow or .npy."),
    ],
    probabilities: Annotated[
        bool, typer.Option(help="Write the probability of each class as well.")
    ] = True,
    memory: Memory = "1GB",
    force: Force = False,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    header: Header = True,
    missing: MissingOfModel = None,
    array: Array = None,
    skip_damaged: SkipDamaged = False,
) -> None:
    """Predict each row of a table, of any length, in bounded memory; or each image of a folder.

    Columns are found by name: their order and further columns do not matter. Images are brought to
    the size that the model was trained on. What was stopped is gone on with by the same command.
    """
    with clean_errors():
        from chainrule.streams.writing import predict_to

        rows = predict_to(
            model,
            data,
            out,
            probabilities=probabilities,
            memory=memory,
            force=force,
            **file_options(delimiter, encoding, header, skip_damaged, missing, array),
        )
        typer.echo(f"{rows:,} predictions: {out}")


@app.command()
def evaluate(
    model: Model,
    data: Data,
    target: Annotated[
        str | None,
        typer.Option(help="The column with the truth.", show_default="the one it was trained for"),
    ] = None,
    memory: Memory = "1GB",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object, for programs; null for no number.")
    ] = False,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    header: Header = True,
    missing: MissingOfModel = None,
    array: Array = None,
    skip_damaged: SkipDamaged = False,
) -> None:
    """Measure a model on the rows of a table that has the truth, or on images in the folders of
    their classes."""
    with clean_errors():
        from chainrule.streams.evaluate import evaluate as measure

        options = file_options(delimiter, encoding, header, skip_damaged, missing, array)
        found = measure(model, data, target=target, memory=memory, **options)
        if as_json:
            import json
            from math import isfinite

            # JSON has no NaN and no infinity
            known = {name: value if isfinite(value) else None for name, value in found.items()}
            typer.echo(json.dumps(known, indent=1, allow_nan=False))
            return
        width = max(map(len, found))
        for name, value in found.items():
            shown = f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
            typer.echo(f"{name:<{width}}  {shown}")


@app.command()
def info(model: Model) -> None:
    """Show what a model file holds: network, classes, preparation, origin, metrics, versions."""
    with clean_errors():
        from chainrule.streams.info import described

        pairs = described(model)
        width = max(len(name) for name, _ in pairs)
        for name, text in pairs:
            typer.echo(f"{name:<{width}}  {text}")


@app.command()
def export(
    model: Model,
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="What to write: .onnx, .h (a C99 header), or .py (a script for PyTorch).",
        ),
    ],
    int8: Annotated[
        Path | None,
        typer.Option(
            metavar="DATA",
            help="Of a C header: weights in 8 bits, with these rows to measure what that costs.",
        ),
    ] = None,
    force: Force = False,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    header: Header = True,
    missing: MissingOfModel = None,
    array: Array = None,
    skip_damaged: SkipDamaged = False,
) -> None:
    """Write a model for those who have no Chainrule.

    Options of a CSV file, of an .npz file and of images are for the rows of --int8. Where these
    have the column that the model was trained for, accuracy or RMSE is measured before and after.
    """
    with clean_errors():
        from chainrule.interop.export import export as write

        options = file_options(delimiter, encoding, header, skip_damaged, missing, array)
        for line in write(model, out, int8=int8, force=force, **options):
            typer.echo(line)
