"""Principal components: the directions in which the training rows differ most.

With the rows of X less their mean m, the scatter X^T X = V diag(s) V^T has the directions as
columns of V and, in s / (n - 1), the variances along them, the largest first. A row x becomes
z = (x - m) V_k with the first k columns, and z V_k^T + m is the nearest row that they can make.
"""

import numpy as np

from chainrule.data.steps import Components, Facts, Fitted, blocks, mean_of, type_after
from chainrule.errors import DataError
from chainrule.models.steps import Projection

__all__ = ["pca"]


def pca(X: np.ndarray, facts: Facts, value: float | None) -> Fitted:
    """Keeps the first components: as many as ``value``, or as make that share of the variance.

    Args:
        X: (rows, features).
        value: a number of components, an int; or a share, a float above 0 and at most 1.0, which
            is all that have a variance.

    Raises:
        DataError: more components than there can be, or rows that are all equal.
    """
    assert value is not None
    dtype = type_after(X)
    mean = mean_of(X)
    variances, V = _principal(X, mean)
    kept = _n_components(variances, value, min(X.shape))
    V = np.ascontiguousarray(V[:, :kept])

    def apply(rows: np.ndarray) -> np.ndarray:
        out = np.empty((len(rows), kept), dtype)
        for here, block in blocks(rows):
            out[here] = (block - mean) @ V
        return out

    def invert(rows: np.ndarray) -> np.ndarray:
        out = np.empty((len(rows), len(mean)), dtype)
        for here, block in blocks(rows):
            out[here] = block @ V.T + mean
        return out

    total = variances.sum()
    ratios = variances / total if total > 0 else np.zeros_like(variances)
    return Fitted(apply, invert, Components(ratios, kept), (Projection(mean, V),))


def _principal(X: np.ndarray, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The variances along the principal axes, the largest first, and the axes as columns.

    The sign of an axis is free: its entry of largest size is made positive.
    """
    rows, features = X.shape
    if rows <= features:
        _, roots, Vt = np.linalg.svd(X - mean, full_matrices=False)
        variances, V = roots**2, Vt.T
    else:
        scatter = np.zeros((features, features))
        for _, block in blocks(X):
            block -= mean
            scatter += block.T @ block
        variances, V = np.linalg.eigh(scatter)
        variances, V = np.maximum(variances[::-1], 0.0), V[:, ::-1]
    largest = np.abs(V).argmax(axis=0)
    return variances / max(rows - 1, 1), V * np.sign(V[largest, np.arange(V.shape[1])])


def _n_components(variances: np.ndarray, value: float, most: int) -> int:
    """As scikit-learn counts them: the fewest whose share of the variance is above the value."""
    if isinstance(value, int):
        if value > most:
            raise DataError(f"pca:{value:g}: required at most {most} components of these rows.")
        return value
    if not variances.sum() > 0:
        raise DataError("pca: all training rows are equal, so there is no variance to keep.")
    if value == 1:  # without those that are rounding alone
        least = variances[0] * np.finfo(np.float64).eps * len(variances)
        return min(int((variances > least).sum()), most)
    shares = np.cumsum(variances / variances.sum())
    return min(int(np.searchsorted(shares, value, side="right")) + 1, most)
