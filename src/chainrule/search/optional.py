"""Optuna, which not everybody has."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chainrule.errors import MissingExtraError

__all__ = ["optuna_for", "quiet"]


def optuna_for(what: str) -> Any:
    """The package; where it is missing, an error that says what it is needed for."""
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError(
            f"{what} needs Optuna. Install it with: pip install 'chainrule[optuna]'"
        ) from error
    return optuna


@contextmanager
def quiet(optuna: Any) -> Iterator[None]:
    """Without Optuna's messages on every study that is made; warnings stay."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(before, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
