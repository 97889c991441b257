"""What a run found, for people to read: a table in the terminal and a page in the browser.

Importing this package is cheap: matplotlib, jinja2 and rich are loaded when something is drawn.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from chainrule.experiments.listing import RunSummary
    from chainrule.experiments.results import Results

__all__ = ["print_results", "print_runs", "report", "write_report"]


def report(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str] | None = None,
    *,
    force: bool = False,
) -> Path:
    """Writes a report on one run, or on several side by side, and returns where it lies.

    A run that is not complete is reported as far as it is. The folders may be copies, or runs at
    work: they are only read, and nothing is written into any run.

    Args:
        paths: the folder of a run, or several folders of runs of one data set.
        out: the page to write, or a folder for it; by default ``NAME-report.html`` after the run's
            folder, or ``comparison-report.html``, in the current folder.
        force: replace a page that is there already.

    Raises:
        RunError: a folder is no run or is damaged, the runs cannot be compared, or the page cannot
            be written there.
    """
    from chainrule.reports.reporting import report

    return report(paths, out, force=force)


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


def print_runs(runs: Sequence[RunSummary], console: Console | None = None) -> None:
    """Prints a list of runs: a table, or plain lines in columns where it goes into a pipe."""
    from chainrule.reports.listing import print_runs

    print_runs(runs, console)
