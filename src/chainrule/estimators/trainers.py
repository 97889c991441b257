"""Which trainer computes the steps: the engine's compiled one, unless somebody says otherwise.

Who wants another says so around ``fit``, as with checkpoints::

    with trained_by(make):
        estimator.fit(X, y)
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from chainrule.engine.fit import Trainer

__all__ = ["current_trainer", "replaced", "trained_by"]

Make = Callable[..., Trainer]

_make: ContextVar[Make] = ContextVar("chainrule_trainer", default=Trainer)


@contextmanager
def trained_by(make: Make) -> Iterator[None]:
    """Let ``make``, called as `Trainer` is, make the trainers of what is fitted inside."""
    token = _make.set(make)
    try:
        yield
    finally:
        _make.reset(token)


def current_trainer() -> Make:
    return _make.get()


def replaced() -> bool:
    """Whether somebody said otherwise."""
    return _make.get() is not Trainer
