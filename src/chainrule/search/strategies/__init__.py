"""Ways to search, by name; each is a generator of rounds that is sent the rounds' scores."""

from dataclasses import MISSING, fields
from typing import Any

from chainrule.errors import InvalidInputError, unknown_name
from chainrule.search.strategies.grid import Grid
from chainrule.search.strategies.halving import SuccessiveHalving
from chainrule.search.strategies.hyperband import Hyperband
from chainrule.search.strategies.random import Random
from chainrule.search.strategies.rounds import Candidate, Round, Rounds, Strategy
from chainrule.search.strategies.tpe import TPE

__all__ = [
    "STRATEGIES",
    "TPE",
    "Candidate",
    "Grid",
    "Hyperband",
    "Random",
    "Round",
    "Rounds",
    "Strategy",
    "SuccessiveHalving",
    "strategy",
]

STRATEGIES: dict[str, Any] = {
    "grid": Grid,
    "hyperband": Hyperband,
    "random": Random,
    "successive_halving": SuccessiveHalving,
    "tpe": TPE,
}


def strategy(name: Any, **settings: Any) -> Strategy:
    """The strategy of this name with these settings.

    Parameters
    ----------
    name : str or Strategy
        A name from ``STRATEGIES``; something with ``rounds`` is handed back as it is.
    **settings
        The strategy's own, such as ``n_candidates`` or ``max_epochs``.

    Raises
    ------
    InvalidInputError
        There is no such strategy, it has no such setting, or lacks one that it needs.
    """
    if hasattr(name, "rounds"):
        if settings:
            raise InvalidInputError(
                f"{name} has its settings; came {', '.join(settings)} besides. Set them there."
            )
        return name
    if not isinstance(name, str) or name not in STRATEGIES:
        raise InvalidInputError(unknown_name("strategy", name, STRATEGIES))
    kind = STRATEGIES[name]
    declared = {field.name: field.default is MISSING for field in fields(kind)}
    for given in settings:
        if given not in declared:
            raise InvalidInputError(
                f"The strategy {name!r} has no setting {given!r}. "
                f"It has: {', '.join(declared) or 'none'}."
            )
    missing = [each for each, needed in declared.items() if needed and each not in settings]
    if missing:
        raise InvalidInputError(f"The strategy {name!r} needs {', '.join(missing)}.")
    return kind(**settings)
