"""Experiments: a TOML file says what is asked, a run answers it in a folder."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.experiments.catalogue import recipes as recipes
    from chainrule.experiments.from_data import plan as plan
    from chainrule.experiments.from_data import train as train
    from chainrule.experiments.listing import RunSummary as RunSummary
    from chainrule.experiments.listing import runs as runs
    from chainrule.experiments.reading import RunRecord as RunRecord
    from chainrule.experiments.reading import read as read
    from chainrule.experiments.results import Results as Results
    from chainrule.experiments.runner import resume as resume
    from chainrule.experiments.runner import run as run

__all__ = [
    "Results",
    "RunRecord",
    "RunSummary",
    "plan",
    "read",
    "recipes",
    "resume",
    "run",
    "runs",
    "train",
]

# Loaded when first used: listing the recipes needs no scientific package.
_HOME = {
    "Results": "results",
    "RunRecord": "reading",
    "RunSummary": "listing",
    "plan": "from_data",
    "read": "reading",
    "recipes": "catalogue",
    "resume": "runner",
    "run": "runner",
    "runs": "listing",
    "train": "from_data",
}


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
