"""Searching for hyperparameters: spaces, strategies, results, statistics.

A space says what may be tried, a strategy asks for candidates round by round and is sent their
scores, the results have scikit-learn's shape; ``PopulationSearchCV`` trains.

The names below are loaded when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.search.choice import Choice as Choice
    from chainrule.search.importance import importances as importances
    from chainrule.search.population import PopulationSearchCV as PopulationSearchCV
    from chainrule.search.ranges import Float as Float
    from chainrule.search.ranges import Int as Int
    from chainrule.search.results import best_index as best_index
    from chainrule.search.results import cv_results as cv_results
    from chainrule.search.sizes import Sizes as Sizes
    from chainrule.search.space import Space as Space
    from chainrule.search.statistics import corrected_t_test as corrected_t_test
    from chainrule.search.statistics import one_standard_error as one_standard_error
    from chainrule.search.strategies import strategy as strategy

# A name -> the module below this one that it lives in.
_HOME = {
    "Choice": "choice",
    "Float": "ranges",
    "Int": "ranges",
    "PopulationSearchCV": "population",
    "Sizes": "sizes",
    "Space": "space",
    "best_index": "results",
    "corrected_t_test": "statistics",
    "cv_results": "results",
    "importances": "importance",
    "one_standard_error": "statistics",
    "strategy": "strategies",
}

__all__ = [
    "Choice",
    "Float",
    "Int",
    "PopulationSearchCV",
    "Sizes",
    "Space",
    "best_index",
    "corrected_t_test",
    "cv_results",
    "importances",
    "one_standard_error",
    "strategy",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
