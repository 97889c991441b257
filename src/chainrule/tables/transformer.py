"""Fitted steps as a transformer of scikit-learn, so that a Pipeline can begin with them."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from chainrule.errors import DataError
from chainrule.models.columns import Column
from chainrule.models.steps import Step
from chainrule.tables.deciding import decide
from chainrule.tables.encoding import check_columns, encoded
from chainrule.tables.preparing import fit_table
from chainrule.tables.sampled import TargetedRows, Whole, sampled, whole
from chainrule.tables.settings import check_settings
from chainrule.tables.source import ArraySource, open_source
from chainrule.tables.survey import survey

__all__ = ["TablePreparation"]

ROWS = 50_000


class TablePreparation(TransformerMixin, BaseEstimator):
    """From a table to what a network takes: gaps filled, numbers scaled, categories one-hot.

    What is done is described in `chainrule.models.table`; which column is what is found out as
    ``chainrule train`` does it (`chainrule.tables.deciding`).

    Of rows that are streamed (`chainrule.stream`), what the columns are, which have gaps and how
    often each level occurs is found out from all rows, in one pass; medians, quartiles, means and
    deviations are those of a seeded sample of about 100,000 rows, taken in a second one; rows
    without a target are among both. What `transform` gives of them is rows to be streamed again,
    of which nothing is computed before they are trained on.

    Parameters
    ----------
    drop : names of columns to leave out
    kinds : mapping of names to "number", "category" or "date", which overrule what was found out
    scaling : "robust" (default), "standard" or "none"
    min_count : rows that a level needs to have a column of its own, 10
    max_levels : how many levels of a column have one at most, 64
    bound : how far out a scaled number may be; None (default) is 3 of "robust", none of the others
    dtype : of what comes out, "float32"

    Attributes
    ----------
    columns_ : tuple of Column
        The columns that are used; () where the steps are of plain features.
    steps_ : tuple of steps
        What is done to the rows, one after the other.

    Examples
    --------
    >>> import pandas as pd
    >>> from chainrule.tables.transformer import TablePreparation
    >>> people = pd.DataFrame({"age": [20.0, None, 40.0], "town": ["Bonn", "Rome", "Rome"]})
    >>> TablePreparation(min_count=1).fit(people).get_feature_names_out().tolist()
    ['age', 'age: missing', 'town=Rome']
    """

    def __init__(
        self,
        *,
        drop: Sequence[str] = (),
        kinds: Any = None,
        scaling: str = "robust",
        min_count: int = 10,
        max_levels: int = 64,
        bound: float | None = None,
        dtype: str = "float32",
    ) -> None:
        self.drop = drop
        self.kinds = kinds
        self.scaling = scaling
        self.min_count = min_count
        self.max_levels = max_levels
        self.bound = bound
        self.dtype = dtype

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find out what the columns of the table ``X`` are, and what is to be done with them."""
        check_settings(self.get_params(deep=False))
        if hasattr(X, "prepared"):
            return self._fit_stream(X)
        source = open_source(X)
        decided = decide(survey(source), drop=tuple(self.drop), kinds=self.kinds)
        columns = tuple(each.column for each in decided if each.kind)
        if isinstance(X, np.ndarray) and X.dtype != bool and any(c.levels for c in columns):
            raise DataError(
                "Required a table with named columns where some are taken for categories; came an "
                "array. Give a pandas, polars or Arrow table."
            )
        matrix = np.concatenate([rows for _, rows in encoded(source, columns, ROWS)])
        return self._fit_matrix(matrix, columns)

    def _fit_stream(self, rows: TargetedRows) -> Self:
        found = survey(rows.source)
        beside = [name for name in found if name not in rows.names and name != rows.target]
        drop = (*self.drop, *(name for name in beside if name not in self.drop))
        kinds = {name: kind for name, kind in (self.kinds or {}).items() if name not in beside}
        decided = decide(found, target=rows.target, drop=drop, kinds=kinds)
        columns = tuple(each.column for each in decided if each.kind)
        matrix = sampled(rows.source, columns, found[rows.target].n_rows)
        return self._fit_matrix(matrix, columns, whole(found, columns))

    def _fit_matrix(
        self,
        matrix: np.ndarray,
        columns: tuple[Column, ...],
        known: tuple[Whole, ...] | None = None,
    ) -> Self:
        step = fit_table(
            matrix,
            columns,
            scaling=self.scaling,
            min_count=self.min_count,
            max_levels=self.max_levels,
            bound=self.bound,
            dtype=self.dtype,
            whole=known,
        )
        return self.set_steps((step,), columns)

    def set_steps(self, steps: tuple[Step, ...], columns: tuple[Column, ...] = ()) -> Self:
        """Take steps that are fitted already; ``columns`` where the first is of a table."""
        check_settings(self.get_params(deep=False))
        self.steps_, self.columns_ = steps, columns
        self.n_features_in_ = steps[0].n_in
        if columns:
            self.feature_names_in_ = np.array([column.name for column in columns], object)
        return self

    def transform(self, X: Any) -> Any:
        """The rows ``(n, outputs)`` of a table with these columns, in any order and among others;
        or of the matrix of its columns. Of streamed rows, rows to be streamed."""
        check_is_fitted(self)
        if hasattr(X, "prepared"):
            if not self.columns_:
                raise DataError(
                    "Streamed rows are of named columns, and this preparation is of plain "
                    "features. Fit it on a table, or on the stream."
                )
            check_columns(X.source, self.columns_)
            return X.prepared(self.steps_)
        if not self.columns_ or (
            isinstance(X, np.ndarray) and X.shape[1:] == (self.n_features_in_,)
        ):
            return self._applied(np.asarray(X))
        parts = [self._applied(rows) for _, rows in encoded(open_source(X), self.columns_, ROWS)]
        return np.concatenate(parts) if parts else np.empty((0, self.steps_[-1].n_out), self.dtype)

    def _applied(self, rows: np.ndarray) -> np.ndarray:
        ArraySource(rows)  # refuses what are no rows of numbers
        if rows.ndim != 2 or rows.shape[1] != self.n_features_in_:
            raise DataError(
                f"Required rows with {self.n_features_in_} columns, as in fitting; came an array "
                f"of shape {rows.shape}."
            )
        if self.columns_ and rows.dtype.kind == "f":
            rows = np.where(np.isinf(rows), np.nan, rows)  # as in fitting
        for step in self.steps_:
            rows = step(rows)
        return rows.astype(self.dtype, copy=False)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of what comes out."""
        check_is_fitted(self)
        last = self.steps_[-1]
        names = getattr(last, "names", [f"x{at}" for at in range(1, last.n_out + 1)])
        return np.array(names, object)
