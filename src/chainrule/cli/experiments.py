"""``chainrule run``, ``resume``, ``runs``, ``report`` and ``recipes``."""

from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.app import app, clean_errors

__all__ = ["recipes", "report", "resume", "run", "runs"]

Track = Annotated[
    str | None,
    typer.Option(metavar="TRACKER", help="Track the models with mlflow, wandb or tensorboard too."),
]


@app.command()
def run(
    recipe: Annotated[
        str, typer.Argument(help="A recipe's name, or the path of a .toml file.", metavar="NAME")
    ],
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to.", show_default="runs/NAME-TIME")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Replace a value, as in models.ann.seeds.count=5; the run says so.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the run in a folder that is not empty.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="A smaller version that ends in under a minute.")
    ] = False,
    track: Track = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Run an experiment; print its tables and write a report."""
    from rich.console import Console

    with clean_errors():
        from chainrule.experiments import overrides
        from chainrule.experiments import run as run_experiment

        run_experiment(
            recipe,
            out=out,
            overrides=dict(overrides.parse(text) for text in settings or ()),
            console=Console(quiet=quiet),
            force=force,
            quick=quick,
            track=track,
        )


@app.command()
def resume(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    track: Track = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Go on with a run that was stopped or killed, to the same bits."""
    from rich.console import Console

    with clean_errors():
        from chainrule.experiments import resume as go_on

        go_on(folder, console=Console(quiet=quiet), track=track)


@app.command()
def runs(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to look, at any depth.", show_default="runs")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON list, for programs.")
    ] = False,
) -> None:
    """List the runs below a folder: state, times and main figures.

    A run is complete, running (a process is at it), stopped (chainrule resume goes on with it), or
    damaged. Nothing in a run's folder is changed.
    """
    with clean_errors():
        from chainrule.experiments import runs as list_runs
        from chainrule.reports import print_runs

        found = list_runs(folder)
        if as_json:
            import json

            typer.echo(json.dumps([one.plain() for one in found], indent=1))
        elif found:
            print_runs(found)
        else:
            where = "runs" if folder is None else folder
            typer.echo(f"{where} has no runs below it; `chainrule run NAME` makes one.")


@app.command()
def report(
    paths: Annotated[list[Path], typer.Argument(metavar="RUN...", help="The folders of runs.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The page to write.", show_default="NAME-report.html, in this folder"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a page that is there already.")
    ] = False,
) -> None:
    """Report one run, or several side by side, as one HTML page.

    A run that is not complete is reported as far as it is. The runs may be copies, or at work:
    nothing in their folders is changed.
    """
    with clean_errors():
        from chainrule.reports import report as write

        typer.echo(f"Report: {write(paths, out, force=force)}")


@app.command()
def recipes() -> None:
    """List the experiments that come with the package."""
    with clean_errors():
        from chainrule.experiments.catalogue import recipes as known

        titles = known()
        width = max(map(len, titles))
        for name, title in titles.items():
            typer.echo(f"{name:<{width}}  {title}")
