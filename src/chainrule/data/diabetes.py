"""The 442 patients of a diabetes study that come with scikit-learn: a regression."""

import numpy as np

from chainrule.data.record import DataSet, content_hash
from chainrule.errors import DataError

__all__ = ["load_diabetes"]

_SHA256 = "d587b00a3d7eac30f3d8d8feab6c275b44df2d3dcf630375e86e5f282190f200"
_SOURCE = (
    "B. Efron, T. Hastie, I. Johnstone and R. Tibshirani (2004), Least Angle Regression, Annals of "
    "Statistics 32, 407-499, doi:10.1214/009053604000000067, as shipped with scikit-learn"
)


def load_diabetes() -> DataSet:
    """Age, sex, body-mass index, blood pressure and six blood serum measurements of each patient,
    as they were measured, and how far the disease had come a year later, a whole number from 25 to
    346."""
    from sklearn import datasets

    bunch = datasets.load_diabetes(scaled=False)
    X = np.asarray(bunch.data, dtype=np.float64)
    y = np.asarray(bunch.target, dtype=np.float64)
    found = content_hash(X, y)
    if found != _SHA256:
        raise DataError(
            f"The diabetes data of the installed scikit-learn should have the content hash "
            f"{_SHA256}, but have {found}: the copy is damaged or altered. Reinstall scikit-learn."
        )
    return DataSet(
        name="diabetes",
        X_train=X,
        y_train=y,
        X_test=None,
        y_test=None,
        feature_names=tuple(bunch.feature_names),
        class_names=(),
        image_shape=None,
        pixel_range=None,
        source=_SOURCE,
        licence="no licence stated",
        sha256=found,
        task="regression",
        target_name="disease progression after a year",
    )
