"""Named data sets, splits and preparation."""

from chainrule.data.record import DataSet
from chainrule.data.sources import SOURCES, load

__all__ = ["SOURCES", "DataSet", "load"]
