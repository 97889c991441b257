r"""From which epoch on a network over-fits, told from the noise of its validation loss.

The rule: the onset is the last epoch after which the smoothed validation loss never again comes
within its own noise of its minimum. With v_1..v_n the losses, epoch by epoch:

Smoothing
    s_t is the median of the w losses around epoch t, for h < t <= n - h with h = (w - 1) / 2;
    w is n / 10, made odd, at least 5 and at most 21. A median, since one bad epoch is no
    trend. Only whole windows count, so that s is equally noisy everywhere.
Noise
    sigma is the robust standard deviation of the losses about their trend, from second
    differences, which a straight line does not have, and about their median, so that a parabola
    does not either::

        d_t = v_{t-k} - 2 v_t + v_{t+k}
        sigma = max over k = 1..3 of 1.4826 median |d_t - median d| / sqrt 6

    (6 sigma^2 is the variance of d_t for independent noise; the larger k are for noise that
    takes some epochs to change.) A median of w independent normal values has the standard
    deviation sqrt(pi / 2) sigma / sqrt w. Noise that comes and goes more slowly is smoothed less:
    where there are enough values, sigma is also taken of s itself, with k = w. The noise of s,
    sigma_s, is the larger of the two. Both are measured after the first fall, whose bends are no
    noise: from where s has come nine tenths of its way from its first value to its minimum, or
    from half of the epochs where that is sooner.
Band
    s is within its noise of its minimum where s_t <= min s + (sqrt(2 ln n) + 1.5) sigma_s: the
    minimum of n noisy values lies about sqrt(2 ln n) standard deviations below their mean, and
    another value up to one and a half above it.

There is no onset where the last s is within the band, or there are fewer than 8 losses. Of flat
curves, about 1 in 100 is given one if its noise is independent, up to 6 if each epoch's keeps
half of the one before, and up to 20 if it keeps four fifths: then the curve does wander. The onset
comes after the true minimum by as long as the loss takes to climb out of the band.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Onset", "noise", "overfitting", "smoothed"]

FEWEST = 8
WINDOW = (5, 21)
MARGIN = 1.5
LAGS = (1, 2, 3)
NORMAL = 1.4826
"""What the median absolute deviation of normal values is multiplied with to be their standard
deviation."""

Floats = npt.NDArray[np.float64]


class Onset(NamedTuple):
    """Where over-fitting begins: the epoch (from 1), the smoothed loss's minimum and last value,
    and the band above the minimum that is its noise."""

    epoch: int
    minimum: float
    last: float
    band: float


def overfitting(losses: npt.ArrayLike) -> Onset | None:
    """The onset of over-fitting in validation losses, a number an epoch; None if there is none.

    Epochs without a loss (NaN) are passed over; an infinite loss is a high one.
    """
    v = np.asarray(losses, np.float64)
    epochs = np.flatnonzero(~np.isnan(v))
    v = v[epochs]
    if len(v) < FEWEST or not np.isfinite(v).any():
        return None
    window = _window(len(v))
    s = smoothed(v, window)
    lowest = s.min()
    band = (math.sqrt(2 * math.log(len(v))) + MARGIN) * _noise_left(v, s, window)
    near = np.flatnonzero(s <= lowest + band)[-1]
    if near == len(s) - 1:
        return None
    epoch = int(epochs[near + window // 2]) + 1
    return Onset(epoch, float(lowest), float(s[-1]), float(band))


def smoothed(values: npt.ArrayLike, window: int) -> Floats:
    """The running median over ``window`` values, an odd number: ``window - 1`` fewer values."""
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(values, np.float64), window)
    return np.median(windows, axis=1)


def noise(values: npt.ArrayLike) -> float:
    """The robust standard deviation sigma of the values about their trend, as said above."""
    v = np.asarray(values, np.float64)
    v = v[np.isfinite(v)]
    return max((_spread(v, lag) for lag in LAGS if len(v) > 2 * lag), default=0.0)


def _noise_left(v: Floats, s: Floats, window: int) -> float:
    """sigma_s: the noise that smoothing left."""
    fallen = int(np.argmax(s <= s.min() + 0.1 * (s[0] - s.min())))
    fallen = min(fallen, len(s) // 2)
    if_independent = math.sqrt(math.pi / 2 / window) * noise(v[fallen:])
    calm = s[fallen:][np.isfinite(s[fallen:])]
    return max(if_independent, _spread(calm, window) if len(calm) >= 2 * window + 5 else 0.0)


def _spread(v: Floats, lag: int) -> float:
    d = v[: -2 * lag] - 2 * v[lag:-lag] + v[2 * lag :]
    return float(NORMAL * np.median(np.abs(d - np.median(d))) / math.sqrt(6))


def _window(n: int) -> int:
    low, high = WINDOW
    return min(max(n // 10 | 1, low), high)
