"""Chainrule: multilayer perceptrons whose every number can be checked by hand.

The names below are the public page. They and the packages (``chainrule.data``, ...) are loaded
when first used, so that ``import chainrule`` itself costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.errors import ChainruleError as ChainruleError
    from chainrule.estimators import MLPClassifier as MLPClassifier
    from chainrule.estimators import MLPRegressor as MLPRegressor
    from chainrule.experiments import recipes as recipes
    from chainrule.experiments import run as run
    from chainrule.experiments import train as train
    from chainrule.files import load as load
    from chainrule.files import save as save
    from chainrule.search import PopulationSearchCV as PopulationSearchCV
    from chainrule.streams.predict import predict_batches as predict_batches
    from chainrule.streams.training import stream as stream
    from chainrule.worked import check as check
    from chainrule.worked import trace as trace

__version__ = "0.1.0"

_HOME = {
    "ChainruleError": "chainrule.errors",
    "check": "chainrule.worked",
    "MLPClassifier": "chainrule.estimators",
    "MLPRegressor": "chainrule.estimators",
    "PopulationSearchCV": "chainrule.search",
    "load": "chainrule.files",
    "predict_batches": "chainrule.streams.predict",
    "recipes": "chainrule.experiments",
    "run": "chainrule.experiments",
    "save": "chainrule.files",
    "stream": "chainrule.streams.training",
    "trace": "chainrule.worked",
    "train": "chainrule.experiments",
}

_PACKAGES = (
    "data",
    "equations",
    "estimators",
    "experiments",
    "files",
    "interop",
    "reports",
    "search",
    "worked",
)

__all__ = [
    "ChainruleError",
    "MLPClassifier",
    "MLPRegressor",
    "PopulationSearchCV",
    "__version__",
    "check",
    "load",
    "predict_batches",
    "recipes",
    "run",
    "save",
    "stream",
    "trace",
    "train",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _PACKAGES:
        return import_module(f"chainrule.{name}")
    raise AttributeError(f"module 'chainrule' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted((*__all__, *_PACKAGES))
