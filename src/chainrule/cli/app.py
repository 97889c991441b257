"""The command itself: its name, its version, and what a mistake looks like."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

__all__ = ["app", "clean_errors"]

app = typer.Typer(
    name="chainrule",
    help="Multilayer perceptrons whose every number can be checked by hand.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


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


def _colour(name: str) -> str | None:
    """The colour, unless the user wants none."""
    return None if os.environ.get("NO_COLOR") else name


@contextmanager
def clean_errors() -> Iterator[None]:
    """A mistake of the user is a paragraph on stderr, and not a traceback."""
    from chainrule.errors import ChainruleError

    try:
        yield
    except ChainruleError as error:
        notes = getattr(error, "__notes__", ())
        typer.secho(" ".join([f"Error: {error}", *notes]), fg=_colour("red"), err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt as stop:
        typer.secho(str(stop) or "Stopped; nothing was written.", fg=_colour("yellow"), err=True)
        raise typer.Exit(130) from None
