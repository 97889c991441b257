"""Figures from plain numbers. Each function returns a matplotlib ``Figure`` and touches no global
state; the figure's label (``figure.get_label()``) is its text alternative."""

from chainrule.reports.figures.confusion import confusion_matrix
from chainrule.reports.figures.curves import learning_curves
from chainrule.reports.figures.gap import train_test_gap
from chainrule.reports.figures.recall import recall_by_class
from chainrule.reports.figures.search import search_overview
from chainrule.reports.figures.seeds import seed_distribution

__all__ = [
    "confusion_matrix",
    "learning_curves",
    "recall_by_class",
    "search_overview",
    "seed_distribution",
    "train_test_gap",
]
