r"""The gradient noise scale: up to which batch size a larger batch is worth its rows.

With g_i the gradient of the data loss of one row that is drawn at random, G = E g_i and Sigma its
covariance, the gradient of a batch of B rows is G on average, and has the covariance Sigma / B.
The simple noise scale is ::

    B_simple = tr(Sigma) / |G|^2

the batch size at which noise and gradient are equally long. A step on B rows gains about
1 / (1 + B_simple / B) of what a step along G itself would: far below B_simple, twice the rows are
worth two steps; far above it, they are worth nothing.

The norm of a batch's gradient mixes both, E |G_B|^2 = |G|^2 + tr(Sigma) / B, so two batch sizes
b < B tell them apart, each without bias::

    |G|^2      =  (B |G_B|^2 - b |G_b|^2) / (B - b)
    tr(Sigma)  =  (|G_b|^2 - |G_B|^2) / (1 / b - 1 / B)

Here the large batch is made of small ones, over which |G_b|^2 is averaged; their rows are drawn
with replacement, so that they are independent, as the formulas need. Both are averaged over the
``repeats`` and then divided: each is without bias, their quotient is not quite. The 95 % interval
is Fieller's, of a quotient of two means; where the gradient cannot be told from 0 it has no upper
end.

No small batch's gradient is formed. A layer's is the sum of a_i dZ_i^T over its rows, with a_i the
layer's inputs (and a 1 for the bias), so that its squared norm is sum_ij (a_i a_j) (dZ_i dZ_j).

Source: McCandlish, Kaplan, Amodei et al. 2018, "An Empirical Model of Large-Batch Training",
section 2.2 and appendix A.1; E. C. Fieller 1954 for the interval.
"""

from collections.abc import Sequence
from math import inf, sqrt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse
from scipy import stats
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.dropout import dropout_mask
from chainrule.equations.losses import LOSSES, output_gradient
from chainrule.equations.network import Gradients, Layer, Tape, backward, forward
from chainrule.errors import InvalidInputError
from chainrule.estimators import network
from chainrule.estimators.base import BaseMLP
from chainrule.estimators.problem import Rows

__all__ = ["NoiseScale", "fieller", "gradient_noise_scale", "two_sizes"]

CONFIDENCE = 0.95

Floats = npt.NDArray[np.float64]


class NoiseScale(NamedTuple):
    """The noise scale of one network: the ``scale`` in rows, its 95 % interval, and what it is the
    quotient of, ``noise`` = tr(Sigma) and ``signal`` = |G|^2."""

    scale: float
    low: float
    high: float
    noise: float
    signal: float


def gradient_noise_scale(
    estimator: BaseMLP,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    batch_sizes: tuple[int, int] = (1, 1024),
    repeats: int = 10,
    random_state: Any = 0,
) -> NoiseScale:
    """The simple noise scale B_simple of a fitted network's gradient, on the rows that it learns.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted. The gradient is that of its data loss at its present weights, without the penalty,
        with dropout as in training. It is left as it is.
    X, y, sample_weight
        As for its ``fit``; labels that it does not know are refused.
    batch_sizes : (int, int), default=(1, 1024)
        The small and the large batch; the large one holds a whole number of small ones. No other
        pair tells as much from as many rows as 1 and a large number.
    repeats : int, default=10
        Large batches; at least 2.
    random_state : int, RandomState or None
        Where rows and dropout are drawn from.

    Returns
    -------
    NoiseScale
        ``scale`` with ``low`` and ``high``, ``noise`` and ``signal``. The scale is infinite where
        the gradient is so small that its estimate is not positive.

    Raises
    ------
    InvalidInputError
        The estimator is not a network of ours, or the sizes are none.
    sklearn.exceptions.NotFittedError
        It is not fitted.

    Notes
    -----
    It changes by orders of magnitude during a training: measure it where it matters. Sample and
    class weights count with their mean 1, so that a batch's gradient is a sum over independent
    rows; training divides by the sum of each batch instead.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from chainrule import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> net = MLPClassifier((32,), max_steps=20, max_iter=200, random_state=0).fit(X / 16, y)
    >>> found = gradient_noise_scale(net, X / 16, y)
    >>> found.low < found.scale < found.high
    True
    """
    small, large = _checked(estimator, batch_sizes, repeats)
    rows = _rows(estimator, X, y, sample_weight)
    stream = check_random_state(random_state)
    squares = np.array([_squares(estimator, rows, small, large, stream) for _ in range(repeats)])
    return two_sizes(squares[:, 0], squares[:, 1], small, large)


def two_sizes(
    small_squares: npt.ArrayLike, large_squares: npt.ArrayLike, small: int, large: int
) -> NoiseScale:
    """The noise scale from |G_b|^2 and |G_B|^2, ``(repeats,)`` each, wherever they are from."""
    b, B = np.asarray(small_squares, dtype=float), np.asarray(large_squares, dtype=float)
    signal = (large * B - small * b) / (large - small)
    noise = (b - B) / (1 / small - 1 / large)
    low, high = fieller(noise, signal)
    above, below = float(noise.mean()), float(signal.mean())
    return NoiseScale(above / below if below > 0 else inf, low, high, above, below)


def fieller(above: Floats, below: Floats) -> tuple[float, float]:
    """The 95 % interval of the quotient of two means, both of positive quantities, from n pairs.

    The values r at which mean(above - r below) cannot be told from 0 by Student's t; the quotient
    is taken for infinite where ``below`` is less than 0 by more than chance.
    """
    n = len(above)
    t = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1))
    va, vab, vb = (t * t * np.cov(above, below) / n)[[0, 0, 1], [0, 1, 1]].tolist()
    a, b = float(above.mean()), float(below.mean())
    # (a - r b)^2 <= va - 2 r vab + r^2 vb, a parabola in r
    p, q, c = b * b - vb, a * b - vab, a * a - va
    root = sqrt(max(q * q - p * c, 0.0))
    if p > 0 and q + root < 0:
        return inf, inf
    if p > 0:
        return max((q - root) / p, 0.0), (q + root) / p
    if c <= 0:
        return 0.0, inf
    return max((q - root) / p if p else c / (2 * q), 0.0), inf


def _checked(estimator: Any, batch_sizes: Sequence[int], repeats: int) -> tuple[int, int]:
    if not isinstance(estimator, BaseMLP):
        raise InvalidInputError(
            "The noise scale is of chainrule's MLPClassifier or MLPRegressor, came "
            f"{type(estimator).__name__}. Of a Pipeline, give the last step, and X as the steps "
            "before it make it."
        )
    check_is_fitted(estimator)
    small, large = batch_sizes
    if not 1 <= small < large or large % small:
        raise InvalidInputError(
            "batch_sizes must be a small and a larger number of rows, the larger one a multiple of "
            f"the smaller, such as (1, 1024); came {tuple(batch_sizes)}."
        )
    if repeats < 2:
        raise InvalidInputError(f"repeats must be at least 2, came {repeats}.")
    return int(small), int(large)


class Drawn(NamedTuple):
    """A batch's forward pass, and dL/dZ of its output layer, row by row."""

    tape: Tape
    dZ: Floats
    masks: list[Floats | None]


def _rows(estimator: BaseMLP, X: Any, y: Any, sample_weight: Any) -> Rows:
    """The rows as the network is trained on them; weights have the mean 1."""
    known = estimator._other_rows(X, y, None, "y")
    weights = estimator._weights(known.X, y, sample_weight)
    share = np.ones(len(known)) if weights is None else weights / weights.mean()
    inputs = known.X.tocsr() if scipy.sparse.issparse(known.X) else known.X
    return Rows(inputs, estimator._training_targets(known.Y), share)


def _squares(
    estimator: BaseMLP, rows: Rows, small: int, large: int, stream: np.random.RandomState
) -> tuple[float, float]:
    """|G_b|^2, averaged over the small batches, and |G_B|^2 of all of them together."""
    layers, names = estimator._layers(), estimator._activations()
    tape, dZ, masks = _drawn(estimator, layers, names, rows, large, stream)
    gradients = backward(layers, names, tape, dZ, masks)
    parts = [part for layer in gradients.layers for part in layer]
    together = sum(float(np.sum(part.astype(np.float64) ** 2)) for part in parts)
    return _small_squares(tape, gradients, small), together / large**2


def _small_squares(tape: Tape, gradients: Gradients, small: int) -> float:
    total = 0.0
    for inputs, dZ in zip(tape.inputs, gradients.dZ, strict=True):
        A, D = (part.reshape(-1, small, part.shape[1]) for part in (inputs, dZ))
        products = (A @ A.swapaxes(1, 2) + 1) * (D @ D.swapaxes(1, 2))
        total += float(np.sum(products, dtype=np.float64))
    return total / (len(A) * small**2)


def _drawn(
    estimator: BaseMLP,
    layers: Sequence[Layer],
    names: Sequence[str],
    rows: Rows,
    size: int,
    stream: np.random.RandomState,
) -> Drawn:
    """So many rows with replacement, through the network and its dropout."""
    chosen = stream.randint(0, len(rows), size)
    dtype = layers[0].W.dtype
    X = rows.X[chosen]
    X = (X.toarray() if scipy.sparse.issparse(X) else X).astype(dtype)
    if estimator.input_scale is not None:
        X = X / dtype.type(estimator.input_scale)
    masks = _masks(estimator, layers, size, stream)
    tape = forward(layers, names, X, masks)
    _, loss, _ = estimator._output_and_loss()
    settings = {**LOSSES[loss].settings, **estimator._loss_settings()}
    Y = rows.Y[chosen].astype(dtype)
    output = ACTIVATIONS[names[-1]]
    dZ = output_gradient(LOSSES[loss], output, tape.Z[-1], tape.A[-1], Y, settings)
    assert rows.weights is not None
    return Drawn(tape, dZ * rows.weights[chosen, None].astype(dtype), masks)


def _masks(
    estimator: BaseMLP, layers: Sequence[Layer], size: int, stream: np.random.RandomState
) -> list[Floats | None]:
    hidden = layers[:-1]
    seed = np.asarray(stream.randint(2**31 - 1), np.uint32)
    return [
        dropout_mask(
            np,
            seed,
            np.asarray(0, np.uint32),
            number,
            (size, layer.W.shape[1]),
            np.asarray(rate, layer.W.dtype),
            layer.W.dtype,
        )
        if rate
        else None
        for number, (layer, rate) in enumerate(
            zip(hidden, network.dropout_rates(estimator, len(hidden)), strict=True)
        )
    ]
