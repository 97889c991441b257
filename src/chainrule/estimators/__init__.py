"""The scikit-learn interface: NumPy in, NumPy out.

``MLPClassifier`` and ``MLPRegressor`` take the place of scikit-learn's, number for
number, and have what scikit-learn's lack.
"""

from chainrule.estimators.classifier import MLPClassifier
from chainrule.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
