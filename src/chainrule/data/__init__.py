"""Named data sets, splits and preparation."""

from chainrule.data.record import DataSet
from chainrule.data.sources import SOURCES, load, task_of
from chainrule.data.splits import parts

__all__ = ["SOURCES", "DataSet", "load", "parts", "task_of"]
