"""The 1,797 handwritten digits that come with scikit-learn."""

import numpy as np

from chainrule.data.record import DataSet, content_hash
from chainrule.errors import DataError

__all__ = ["load_digits"]

_SHA256 = "52956cbc049bec2aab6fb2a6562683028956816b903dedac891f94d173de8220"
_SOURCE = (
    "E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine "
    "Learning Repository, doi:10.24432/C50P49: its test part, as shipped with scikit-learn"
)


def load_digits() -> DataSet:
    """Images of 8 x 8 pixels, each a count from 0 to 16 of dark points in a 4 x 4 block."""
    from sklearn import datasets

    bunch = datasets.load_digits()
    X = np.asarray(bunch.data, dtype=np.float64)
    y = np.asarray(bunch.target, dtype=np.int64)
    found = content_hash(X.astype(np.uint8), y.astype(np.uint8))
    if found != _SHA256:
        raise DataError(
            f"The digits of the installed scikit-learn should have the content hash {_SHA256}, "
            f"but have {found}: the copy is damaged or altered. Reinstall scikit-learn."
        )
    return DataSet(
        name="digits",
        X_train=X,
        y_train=y,
        X_test=None,
        y_test=None,
        feature_names=tuple(bunch.feature_names),
        class_names=tuple(str(name) for name in bunch.target_names),
        image_shape=(8, 8),
        pixel_range=(0.0, 16.0),
        source=_SOURCE,
        licence="CC BY 4.0",
        sha256=found,
    )
