"""``chainrule run`` and ``chainrule recipes``."""

from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.app import app, clean_errors

__all__ = ["recipes", "resume", "run"]


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
            "--set", metavar="KEY=VALUE", help="Replace a value, as in models.ann.seeds.count=5."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the run in a folder that is not empty.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="A smaller version that ends in under a minute.")
    ] = False,
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
        )


@app.command()
def resume(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Go on with a run that was stopped or killed, to the same bits."""
    from rich.console import Console

    with clean_errors():
        from chainrule.experiments import resume as go_on

        go_on(folder, console=Console(quiet=quiet))


@app.command()
def recipes() -> None:
    """List the experiments that come with the package."""
    with clean_errors():
        from chainrule.experiments.catalogue import recipes as known

        titles = known()
        width = max(map(len, titles))
        for name, title in titles.items():
            typer.echo(f"{name:<{width}}  {title}")
