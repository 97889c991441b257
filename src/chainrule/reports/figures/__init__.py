"""Figures from plain numbers. Each function returns a matplotlib ``Figure`` and touches no global
state; the figure's label (``figure.get_label()``) is its text alternative, a sentence or two with
the figure's numbers. ``figure.savefig("name.pdf")`` writes it; a notebook shows it.

The names below are loaded when first used, so that importing this page does not load matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.reports.figures.activations import activation_histograms as activation_histograms
    from chainrule.reports.figures.answers import predicted_against_true as predicted_against_true
    from chainrule.reports.figures.answers import residuals as residuals
    from chainrule.reports.figures.by_parameter import score_by_parameter as score_by_parameter
    from chainrule.reports.figures.candidates import candidate_curves as candidate_curves
    from chainrule.reports.figures.confident import confident_mistakes as confident_mistakes
    from chainrule.reports.figures.confusion import confusion_matrix as confusion_matrix
    from chainrule.reports.figures.curves import learning_curves as learning_curves
    from chainrule.reports.figures.diagnosis import layer_diagnosis as layer_diagnosis
    from chainrule.reports.figures.drawing import network_drawing as network_drawing
    from chainrule.reports.figures.gap import train_test_gap as train_test_gap
    from chainrule.reports.figures.importance import parameter_importance as parameter_importance
    from chainrule.reports.figures.noise import gradient_noise as gradient_noise
    from chainrule.reports.figures.parallel import parallel_coordinates as parallel_coordinates
    from chainrule.reports.figures.predicted import prediction_curve as prediction_curve
    from chainrule.reports.figures.profile import sweep_profile as sweep_profile
    from chainrule.reports.figures.rates import learning_rate_range as learning_rate_range
    from chainrule.reports.figures.recall import recall_by_class as recall_by_class
    from chainrule.reports.figures.regions import decision_regions as decision_regions
    from chainrule.reports.figures.regions import region_grid as region_grid
    from chainrule.reports.figures.reliability import reliability_diagram as reliability_diagram
    from chainrule.reports.figures.search import search_overview as search_overview
    from chainrule.reports.figures.seeds import seed_distribution as seed_distribution
    from chainrule.reports.figures.spectrum import pca_spectrum as pca_spectrum
    from chainrule.reports.figures.sweep import sweep_map as sweep_map
    from chainrule.reports.figures.weights import first_layer_weights as first_layer_weights

# A name -> the module beside this one that it lives in.
_HOME = {
    "activation_histograms": "activations",
    "candidate_curves": "candidates",
    "confident_mistakes": "confident",
    "confusion_matrix": "confusion",
    "decision_regions": "regions",
    "first_layer_weights": "weights",
    "gradient_noise": "noise",
    "layer_diagnosis": "diagnosis",
    "learning_curves": "curves",
    "learning_rate_range": "rates",
    "network_drawing": "drawing",
    "parallel_coordinates": "parallel",
    "parameter_importance": "importance",
    "pca_spectrum": "spectrum",
    "predicted_against_true": "answers",
    "prediction_curve": "predicted",
    "recall_by_class": "recall",
    "region_grid": "regions",
    "reliability_diagram": "reliability",
    "residuals": "answers",
    "score_by_parameter": "by_parameter",
    "search_overview": "search",
    "seed_distribution": "seeds",
    "sweep_map": "sweep",
    "sweep_profile": "profile",
    "train_test_gap": "gap",
}

__all__ = [
    "activation_histograms",
    "candidate_curves",
    "confident_mistakes",
    "confusion_matrix",
    "decision_regions",
    "first_layer_weights",
    "gradient_noise",
    "layer_diagnosis",
    "learning_curves",
    "learning_rate_range",
    "network_drawing",
    "parallel_coordinates",
    "parameter_importance",
    "pca_spectrum",
    "predicted_against_true",
    "prediction_curve",
    "recall_by_class",
    "region_grid",
    "reliability_diagram",
    "residuals",
    "score_by_parameter",
    "search_overview",
    "seed_distribution",
    "sweep_map",
    "sweep_profile",
    "train_test_gap",
]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
