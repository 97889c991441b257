"""The preparation of a spec as a step of a scikit-learn Pipeline, fitted on each fold's rows."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from chainrule.data import preparation
from chainrule.data.record import PixelRange
from chainrule.models.columns import Column

__all__ = ["PreparationStep"]


class PreparationStep(TransformerMixin, BaseEstimator):
    """The steps of `chainrule.data.preparation`, in this order and to this type."""

    def __init__(
        self,
        steps: Sequence[str] = (),
        pixel_range: PixelRange = None,
        dtype: str = "float64",
        columns: tuple[Column, ...] = (),
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.steps = steps
        self.pixel_range = pixel_range
        self.dtype = dtype
        self.columns = columns
        self.settings = settings

    def fit(self, X: np.ndarray, y: Any = None) -> Self:
        self.fitted_ = preparation.fit(
            self.steps, X, self.pixel_range, self.columns, self.settings or {}
        )
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        return self.fitted_(X).astype(self.dtype, copy=False)
