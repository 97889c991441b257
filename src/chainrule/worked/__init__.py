"""Worked examples: every number of a network, and a check of one's own.

Built on the equations and NumPy; only ``verify`` and ``compare`` import more, when called.
"""

from chainrule.worked.calculate import trace
from chainrule.worked.checking.check import check
from chainrule.worked.errata import errata
from chainrule.worked.example import examples
from chainrule.worked.exercises.exercise import exercise
from chainrule.worked.libraries.compare import compare
from chainrule.worked.libraries.verify import verify
from chainrule.worked.render import render

__all__ = ["check", "compare", "errata", "examples", "exercise", "render", "trace", "verify"]
