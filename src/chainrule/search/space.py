"""A search space: the hyperparameters' names and what each may be."""

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import ParameterGrid, ParameterSampler

from chainrule.errors import InvalidInputError, unknown_name
from chainrule.search.choice import Choice
from chainrule.search.described import described
from chainrule.search.dimension import Dimension, plain
from chainrule.search.distribution import Distribution
from chainrule.search.ranges import Float, Int
from chainrule.search.sizes import Sizes

__all__ = ["Space"]

# Which of several mappings a candidate is from, as a parameter of an Optuna study.
PART = "(part)"


class Space:
    """Names of hyperparameters, each with its values.

    Parameters
    ----------
    given : mapping, or sequence of mappings
        A name (``step__name`` inside a Pipeline) with a list of values, a `Float`, `Int`,
        `Choice` or `Sizes`, or a distribution of SciPy's with its arguments fixed (anything that
        has ``rvs``). Of several mappings each is a space of its own, as in scikit-learn: a grid
        runs through one after the other; a draw first takes one of them at random. An empty mapping
        among others stands for the estimator as it is.

    Attributes
    ----------
    names : tuple of str
        All names, sorted.
    log : frozenset of str
        The names whose ratios count rather than their differences.
    parts : tuple of dict
        The mappings, each name with its dimension.

    Raises
    ------
    InvalidInputError
        The space is empty, or values are not of these kinds.
    """

    def __init__(self, given: Any) -> None:
        mappings = [given] if isinstance(given, Mapping) else given
        if isinstance(mappings, str) or not isinstance(mappings, Sequence):
            raise InvalidInputError(
                "A search space is a mapping of parameter names to values, or a list of such "
                f"mappings; came {type(given).__name__}."
            )
        self.parts = tuple(_part(each) for each in mappings)
        if not any(self.parts):
            raise InvalidInputError(
                "The search space is empty. Give at least one parameter with its values, such as "
                "{'learning_rate_init': Float(1e-4, 1e-1, log=True)}."
            )
        self.names = tuple(sorted({name for part in self.parts for name in part}))
        self.log = frozenset(
            name for part in self.parts for name, dimension in part.items() if dimension.log
        )

    def check_names(self, known: Iterable[str]) -> None:
        """Refuse names that are not among ``known``, the parameters of an estimator."""
        known = set(known)
        for name in self.names:
            if name not in known:
                raise InvalidInputError(unknown_name("parameter in the search space", name, known))

    @property
    def size(self) -> int | None:
        """How many points the grid has; None where it has none."""
        try:
            return len(self._grid())
        except InvalidInputError:
            return None

    @property
    def listed(self) -> bool:
        """Whether every parameter has a list of values (or a `Choice`)."""
        return all(isinstance(each, Choice) for part in self.parts for each in part.values())

    def grid(self) -> list[dict[str, Any]]:
        """Every combination, in the order of scikit-learn's ``ParameterGrid``: names sorted, the
        last one moving fastest.

        Raises
        ------
        InvalidInputError
            A parameter's values cannot be listed: it is continuous, or on a logarithmic scale.
        """
        return list(self._grid())

    def sample(self, n: int, random_state: Any = None) -> list[dict[str, Any]]:
        """``n`` random combinations: those of scikit-learn's ``ParameterSampler``, draw by draw.

        Where every parameter has a list (or a `Choice`), no combination comes twice, and there are
        no more than the grid has (a warning says so); otherwise the draws are independent.

        Parameters
        ----------
        n : int
            How many; at least 1.
        random_state : int, RandomState or None
            Where the draws come from. Equal seeds give equal combinations.
        """
        check_count("n_candidates", n)
        if self.listed and n > len(self._grid()):
            warnings.warn(
                f"The space has {len(self._grid())} combinations and {n} were asked for: all of "
                "them are tried, in random order.",
                UserWarning,
                stacklevel=2,
            )
            n = len(self._grid())
        drawn = ParameterSampler(
            [_sampled(part) for part in self.parts], n, random_state=random_state
        )
        return [{name: plain(value) for name, value in each.items()} for each in drawn]

    def unit(self, name: str, value: Any) -> float:
        """Where a parameter's value lies between 0 and 1, on its own scale; not a number if it is
        no value of it. Of several mappings the first that has the value counts."""
        for part in self.parts:
            if name in part and not math.isnan(place := part[name].unit(value)):
                return place
        return math.nan

    def suggest(self, trial: Any) -> dict[str, Any]:
        """The combination that an Optuna trial has, or is given now.

        The study's parameters have the space's names, those of `Sizes` an ending; of several
        mappings, ``(part)`` says which, and its number stands before the names.
        """
        if len(self.parts) == 1:
            return _suggested(self.parts[0], trial, "")
        number = trial.suggest_categorical(PART, list(range(len(self.parts))))
        return _suggested(self.parts[number], trial, f"{number}.")

    def summary(self) -> list[dict[str, str]]:
        """The space in words, the same in every process: to tell it from another one."""
        return [{name: described(part[name]) for name in sorted(part)} for part in self.parts]

    def _grid(self) -> ParameterGrid:
        return ParameterGrid(
            [{name: _listed(name, part[name]) for name in part} for part in self.parts]
        )


def check_count(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least ``least``, or an error that names it."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InvalidInputError(
            f"{name} must be a whole number of at least {least}, came {value!r}."
        )
    return int(value)


def _part(given: Any) -> dict[str, Dimension]:
    if not isinstance(given, Mapping):
        raise InvalidInputError(
            "Each part of a search space is a mapping of parameter names to values, came "
            f"{type(given).__name__}: {given!r}."
        )
    for name in given:
        if not isinstance(name, str):
            raise InvalidInputError(f"Parameter names are text, came {name!r}.")
    return {name: _dimension(name, value) for name, value in given.items()}


def _dimension(name: str, given: Any) -> Dimension:
    if isinstance(given, Float | Int | Choice | Sizes):
        return given
    if hasattr(given, "rvs"):
        return Distribution(given)
    if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
        raise InvalidInputError(
            f"{name}: a list of values, a Float, Int, Choice or Sizes, or a distribution with rvs "
            f"is required, came {given!r}. A single value is a list of one: [{given!r}]."
        )
    if isinstance(given, np.ndarray) and given.ndim != 1:
        raise InvalidInputError(
            f"{name}: a list or a one-dimensional array is required, came one of shape "
            f"{given.shape}."
        )
    if not len(given):
        raise InvalidInputError(
            f"{name}: the list of values is empty. Give at least one, or leave the parameter out."
        )
    return Choice(given)


def _listed(name: str, dimension: Dimension) -> list[Any]:
    values = dimension.grid()
    if values is None:
        raise InvalidInputError(
            f"{name}: {dimension} has no list of values for a grid. List the values to try, or use "
            "another strategy (random, successive_halving, hyperband, tpe)."
        )
    return values


def _sampled(part: Mapping[str, Dimension]) -> dict[str, Any]:
    """As scikit-learn's sampler takes it: a list, or something with ``rvs``."""
    return {
        name: list(dimension.values) if isinstance(dimension, Choice) else dimension
        for name, dimension in part.items()
    }


def _suggested(part: Mapping[str, Dimension], trial: Any, prefix: str) -> dict[str, Any]:
    return {name: part[name].suggest(trial, prefix + name) for name in sorted(part)}
