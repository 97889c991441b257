"""The command line: parse, call one library function, print.

Everything heavy is imported inside the functions, so that ``chainrule --help`` answers at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app", "main"]

app = typer.Typer(
    name="chainrule",
    help="Multilayer perceptrons whose every number can be checked by hand.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """The entry point of the ``chainrule`` command."""
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        from chainrule import __version__

        typer.echo(f"chainrule {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Options before any command."""


@app.command()
def run(
    recipe: Annotated[
        str, typer.Argument(help="A recipe's name, or the path of a .toml file.", metavar="NAME")
    ],
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to.  [default: runs/NAME-TIME]")
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
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Run an experiment; print its tables and write a report."""
    from rich.console import Console

    with _clean_errors():
        from chainrule.experiments import overrides
        from chainrule.experiments import run as run_experiment

        run_experiment(
            recipe,
            out=out,
            overrides=dict(overrides.parse(text) for text in settings or ()),
            console=Console(quiet=quiet),
            force=force,
        )


@app.command()
def recipes() -> None:
    """List the experiments that come with the package."""
    with _clean_errors():
        from chainrule.experiments.catalogue import recipes as known

        titles = known()
        width = max(map(len, titles))
        for name, title in titles.items():
            typer.echo(f"{name:<{width}}  {title}")


@contextmanager
def _clean_errors() -> Iterator[None]:
    """A mistake of the user is a paragraph on stderr, and not a traceback."""
    from chainrule.errors import ChainruleError

    try:
        yield
    except ChainruleError as error:
        notes = getattr(error, "__notes__", ())
        typer.secho(" ".join([f"Error: {error}", *notes]), fg="red", err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt as stop:
        typer.secho(str(stop) or "Stopped; nothing was written.", fg="yellow", err=True)
        raise typer.Exit(130) from None
