"""Training on more rows than memory holds.

What ``fit`` is given in place of ``X`` and ``y`` is something that can write its rows down as
numbers once, in a file (a spool) that is then read in windows. Where all rows fit into a window,
the training is the one of arrays, bit for bit. Else the order is that of
`chainrule.engine.windows`, and these are of a part of the rows, which is held in memory:

- those held out by ``early_stopping``: ``validation_fraction`` of the rows, each with that
  probability, but of no more than the memory has a place for; they are never trained on;
- those of ``chance_loss_``, of a diagnosis and of what callbacks are shown: about `SAMPLE` rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.base import is_classifier
from sklearn.utils.class_weight import compute_sample_weight

from chainrule.engine.picking import Without, fetch, picked
from chainrule.engine.windowed import Meaning, RowReader, WindowedRows
from chainrule.engine.windows import Windows
from chainrule.errors import InvalidInputError
from chainrule.estimators.problem import Rows

if TYPE_CHECKING:
    from chainrule.estimators.base import BaseMLP

__all__ = ["Spool", "Streamed", "fit_streamed", "is_stream", "refuse_stream"]

Array = npt.NDArray[Any]

SAMPLE = 10_000
BLOCK_BYTES = 2**20
"""About what a block of rows takes: enough to be read at a disk's speed."""

FEWEST_BLOCKS = 16
"""Of a window: so that what is shuffled together comes from so many places."""


class Spool(Protocol):
    """Rows written down as numbers; targets are places in ``classes``, or values."""

    n_rows: int
    names: tuple[str, ...] | None
    classes: Array | None
    counts: Array
    """``(n_classes,)``: how many rows each class has; empty of values."""
    firsts: Array
    """``(n_classes,)``: a row of each class; of the lowest and the highest value."""
    window_rows: int
    """The rows of which the memory takes two windows."""
    held_rows: int
    """The rows of which the memory takes some beside them."""

    def reader(self) -> AbstractContextManager[RowReader]:
        """What reads the rows."""


class RowStream(Protocol):
    """Rows and their targets that can be written down."""

    def spooled(self, classes: bool, dtypes: Sequence[str]) -> Spool:
        """The rows, with classes or values to predict. Rows of one of the floating types
        ``dtypes`` keep it, bytes stay bytes, others become the first."""


def is_stream(X: Any) -> bool:
    return hasattr(X, "spooled")


@dataclass(frozen=True)
class Streamed:
    """The rows of a training that come window by window."""

    reader: RowReader
    window_rows: int
    weights: npt.NDArray[np.float64] | None
    """``(n_classes,)``: what the rows of each class count for."""

    @property
    def n_rows(self) -> int:
        return self.reader.n_rows

    def windows(self, batch_size: int) -> Windows:
        """Blocks of about `BLOCK_BYTES`, of which a window has at least `FEWEST_BLOCKS`, and of
        whole batches."""
        if batch_size > self.window_rows:
            raise InvalidInputError(
                f"A batch of {batch_size} rows does not fit into the {self.window_rows} rows that "
                "the memory takes at a time. Give more memory, or a smaller batch_size."
            )
        row_bytes = max(self.reader.n_features * self.reader.dtype.itemsize, 1)
        about = min(BLOCK_BYTES // row_bytes, self.window_rows // FEWEST_BLOCKS)
        batches = max(-(-about // batch_size), 1)
        return Windows(self.n_rows, batches * batch_size, self.window_rows)

    def source(self, est: "BaseMLP", windows: Windows, dtype: str) -> WindowedRows:
        """The source of an estimator's training, whose targets are encoded block by block."""
        from chainrule.estimators.minibatch import targets

        meaning = Meaning(lambda y: targets(est._training_targets(est._encode_known(y)), dtype))
        if is_classifier(est):
            table = targets(est._training_targets(est._encode_known(est.classes_)), dtype)
            meaning = Meaning(lambda y: table[y])
        if self.weights is not None:
            weights = self.weights
            meaning = Meaning(meaning.encoded, lambda y: weights[y], float(weights.max()))
        return WindowedRows(self.reader, windows, meaning, dtype)


def fit_streamed(
    est: "BaseMLP",
    rows: RowStream,
    y: Any,
    sample_weight: Any,
    validation: tuple[Any, ...],
    watch: Mapping[str, tuple[Any, Any]] | None,
) -> None:
    """Train an estimator on a stream of rows."""
    if y is not None or sample_weight is not None:
        raise InvalidInputError(
            "Rows that are streamed bring their target with them, and weigh the same but for "
            f"class_weight; came {'y' if y is not None else 'sample_weight'} beside them. Leave "
            "it out: fit(rows)."
        )
    spool = rows.spooled(is_classifier(est), [np.dtype(kind).name for kind in est._dtypes()])
    with spool.reader() as reader:
        if spool.n_rows <= spool.window_rows:
            X, targets = _all(reader)
            est._fit(X, _labels(spool, targets), None, validation, incremental=False, watch=watch)
        else:
            _check(est)
            _fit_windows(est, spool, reader, validation, watch)
    if spool.names is not None:
        est.feature_names_in_ = np.array(spool.names, object)


def refuse_stream(X: Any) -> None:
    """``partial_fit`` takes arrays."""
    if is_stream(X):
        raise InvalidInputError(
            "partial_fit takes a block of rows at a time, and a stream came. Use fit(rows), which "
            "cuts it into blocks itself, or give X and y."
        )


def _all(reader: RowReader) -> tuple[Array, Array]:
    X = np.empty((reader.n_rows, reader.n_features), reader.dtype)
    y = np.empty(reader.n_rows, reader.target_dtype)
    reader.read(0, reader.n_rows, X, y)
    return X, y


def _labels(spool: Spool, y: Array) -> Array:
    return y if spool.classes is None else spool.classes[y]


def _check(est: "BaseMLP") -> None:
    """What needs all rows at once is refused."""
    instead = "Give more memory, so that all rows fit, or"
    if est.solver == "lbfgs":
        raise InvalidInputError(
            "solver='lbfgs' needs all rows in memory at once, and they do not fit. "
            f"{instead} use 'adam' or another stochastic solver."
        )
    if est.shuffle == "replacement":
        raise InvalidInputError(
            "shuffle='replacement' draws each row from all, and they do not fit into memory. "
            f"{instead} use shuffle=True."
        )


def _fit_windows(
    est: "BaseMLP",
    spool: Spool,
    reader: RowReader,
    validation: tuple[Any, ...],
    watch: Mapping[str, tuple[Any, Any]] | None,
) -> None:
    from chainrule.estimators.minibatch import fit_minibatch

    sample = np.union1d(picked(spool.n_rows, SAMPLE / spool.n_rows, 0), spool.firsts)
    X, codes = fetch(reader, sample)
    held = np.empty(0, np.int64)
    by_class = _class_weights(est, spool)

    def split(
        rows: Rows, share: float, random_state: np.random.RandomState, stratify: bool
    ) -> tuple[Rows, Rows]:
        nonlocal held
        share = min(share, spool.held_rows / spool.n_rows)
        held = picked(spool.n_rows, share, int(random_state.randint(2**32, dtype=np.uint32)))
        if not 2 <= len(held) < spool.n_rows:
            raise InvalidInputError(
                f"The validation set is too small or too large: {len(held)} row(s) of "
                f"{spool.n_rows} were split off. Change 'validation_fraction'."
            )
        X_held, y_held = fetch(reader, held)
        left = np.isin(sample, held, invert=True)
        Y_held = est._encode_known(_labels(spool, y_held))
        weights = None if by_class is None else by_class[y_held]
        return Rows(rows.X[left], rows.Y[left], rows.weights), Rows(X_held, Y_held, weights)

    with _unweighted(est):  # the sample's shares are not those of all rows
        net, problem, stream, _ = est._prepare(
            X, _labels(spool, codes), None, validation, watch=watch, split=split
        )
    if by_class is not None:
        left = np.isin(sample, held, invert=True)
        train = replace(problem.train, weights=by_class[codes[left]])
        problem = replace(problem, train=train)
        est._learn_chance(net, problem)
        if est.diagnose:
            problem = replace(problem, examination=est._examination(net, train))
    trained = Without(reader, held) if len(held) else reader
    streamed = Streamed(trained, spool.window_rows, by_class)
    fit_minibatch(est, net, replace(problem, streamed=streamed), stream, None, False)


def _class_weights(est: "BaseMLP", spool: Spool) -> npt.NDArray[np.float64] | None:
    """What the rows of each class count for, by the counts of all rows."""
    how = getattr(est, "class_weight", None)
    if how is None or spool.classes is None:
        return None
    if how == "balanced":
        weights = spool.n_rows / (len(spool.classes) * spool.counts.astype(np.float64))
    else:
        weights = np.asarray(compute_sample_weight(how, spool.classes), np.float64)
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise InvalidInputError(
            "class_weight: required a finite weight above 0 for each class where rows are "
            f"streamed; came {dict(zip(spool.classes.tolist(), weights.tolist(), strict=True))}. "
            "Leave out rows that should not count."
        )
    return weights


@contextmanager
def _unweighted(est: "BaseMLP") -> Iterator[None]:
    """The estimator without class weights of its own."""
    if not hasattr(est, "class_weight"):
        yield
        return
    before, est.class_weight = est.class_weight, None
    try:
        yield
    finally:
        est.class_weight = before
