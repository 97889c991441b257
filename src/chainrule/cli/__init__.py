"""The command line: parse, call one library function, print.

Everything heavy is imported inside the functions, so that ``chainrule --help`` answers at once.
"""

from chainrule.cli import data, experiments, models, worked
from chainrule.cli.app import app

__all__ = ["app", "data", "experiments", "main", "models", "worked"]


def main() -> None:
    """The entry point of the ``chainrule`` command."""
    app()
