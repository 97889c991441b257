"""What a run found, for people to read: a table in the terminal and a page in the browser.

Importing this package is cheap: matplotlib, jinja2 and rich are loaded when something is drawn.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from chainrule.experiments.results import Results

__all__ = ["print_results", "write_report"]


def write_report(results: Results, path: str | os.PathLike[str]) -> Path:
    """Writes the run as one self-contained HTML page, and returns where it lies.

    The page needs no network and no other file. Equal results give equal bytes.
    """
    from chainrule.reports.html import write_report

    return write_report(results, path)


def print_results(results: Results, console: Console | None = None) -> None:
    """Prints the models' scores beside the document's numbers, and the findings."""
    from chainrule.reports.tables import print_results

    print_results(results, console)
