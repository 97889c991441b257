"""Worked examples: every number of a network, and a check of one's own.

Built on the equations and NumPy; only ``verify`` and ``compare`` import more, when called.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.worked.calculate import trace as trace
    from chainrule.worked.check import check as check
    from chainrule.worked.compare import compare as compare
    from chainrule.worked.errata import errata as errata
    from chainrule.worked.example import examples as examples
    from chainrule.worked.exercise import exercise as exercise
    from chainrule.worked.render import render as render
    from chainrule.worked.verify import verify as verify

_HOME = {
    "check": "check",
    "compare": "compare",
    "errata": "errata",
    "examples": "example",
    "exercise": "exercise",
    "render": "render",
    "trace": "calculate",
    "verify": "verify",
}

__all__ = ["check", "compare", "errata", "examples", "exercise", "render", "trace", "verify"]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"chainrule.worked.{_HOME[name]}"), name)
    raise AttributeError(f"module 'chainrule.worked' has no attribute {name!r}")
