"""Worked examples: every number of a network, and a check of one's own.

Built on the equations and NumPy; only ``verify`` and ``compare`` import more, when called.
"""

from chainrule.worked.calculate import trace
from chainrule.worked.example import examples

__all__ = ["examples", "trace"]
