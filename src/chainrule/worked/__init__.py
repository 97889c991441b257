"""Worked examples: every number of a network, and a check of one's own.

Built on the equations and NumPy; only ``verify`` and ``compare`` import more, when called.
"""

from chainrule.worked.calculate import trace
from chainrule.worked.check import check
from chainrule.worked.compare import compare
from chainrule.worked.errata import errata
from chainrule.worked.example import examples
from chainrule.worked.exercise import exercise
from chainrule.worked.render import render
from chainrule.worked.verify import verify

__all__ = ["check", "compare", "errata", "examples", "exercise", "render", "trace", "verify"]
