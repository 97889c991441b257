"""A trained network as a C99 header that needs nothing but the standard library."""

from chainrule.interop.c.header import HeaderReport, write_header
from chainrule.interop.c.measure import Change

__all__ = ["Change", "HeaderReport", "write_header"]
