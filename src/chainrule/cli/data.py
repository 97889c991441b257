"""``chainrule data list``, ``fetch``, ``info`` and ``path``."""

from typing import Annotated

import typer

from chainrule.cli.app import app, clean_errors

__all__ = ["commands", "fetch", "info", "list_all", "path"]

commands = typer.Typer(
    help="The named data sets: what there is, where it lies, and getting it.",
    no_args_is_help=True,
)
app.add_typer(commands, name="data")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name of chainrule data list.")]


@commands.command("list")
def list_all() -> None:
    """List the data sets, and which are here already."""
    with clean_errors():
        from chainrule.data.catalogue import entries

        known = entries()
        name, here = (max(len(getattr(e, key)) for e in known) for key in ("name", "here"))
        typer.echo(f"{'name':<{name}}  {'here':<{here}}  what")
        for entry in known:
            typer.echo(f"{entry.name:<{name}}  {entry.here:<{here}}  {entry.title}")


@commands.command()
def fetch(name: Name) -> None:
    """Fetch a data set into the cache, unless it is here and whole.

    What is fetched is checked against published hashes. Without a network, put the files into a
    folder and name that folder in CHAINRULE_DATA.
    """
    with clean_errors():
        from chainrule.data import catalogue

        typer.echo(catalogue.fetch(name))


@commands.command()
def info(name: Name) -> None:
    """Show what a data set holds, its source, licence, hashes and mirrors."""
    with clean_errors():
        from chainrule.data import catalogue

        pairs = catalogue.info(name)
        width = max(len(heading) for heading, _ in pairs)
        before = ""
        for heading, text in pairs:
            typer.echo(f"{'' if heading == before else heading:<{width}}  {text}")
            before = heading


@commands.command()
def path() -> None:
    """Print the folder that fetched files are kept in, and nothing else."""
    with clean_errors():
        from chainrule.data.folders import cache_folder

        typer.echo(cache_folder())
