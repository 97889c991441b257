"""A trained network at work: what it does to rows, with NumPy alone."""

from chainrule.models.frozen import FrozenModel, freeze
from chainrule.models.steps import Affine, Bounds, Fill, Projection, Step

__all__ = ["Affine", "Bounds", "Fill", "FrozenModel", "Projection", "Step", "freeze"]
