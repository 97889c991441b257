"""The mistakes that a model was surest of."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chainrule.errors import InvalidInputError
from chainrule.reports.figures.axes import panel
from chainrule.reports.figures.images import as_images, board, place, shades
from chainrule.reports.figures.style import LOOKS, MUTED, styled, titled
from chainrule.reports.numbers import count

__all__ = ["confident_mistakes", "surest"]

# A predicted label and its probability, the true label and its probability.
Saying = tuple[str, float, str, float]

WRONG = LOOKS[4].colour
COLUMNS = 4
# Height of the text under an image, in widths of the image.
TEXT = 0.52


@styled
def confident_mistakes(
    images: Any,
    truth: Sequence[Any] | np.ndarray,
    predicted: Sequence[Any] | np.ndarray,
    confidence: Sequence[float | None] | np.ndarray,
    *,
    image_shape: Sequence[int] | None = None,
    truth_probability: Sequence[float | None] | np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
    rows: Sequence[int] | None = None,
    black_and_white: tuple[float, float] | None = None,
    limit: int = 12,
    n_mistakes: int | None = None,
    title: str = "",
) -> Figure:
    """Images that were taken for something else, the most confident mistake first.

    Under each stand the label that the model gives and its probability, and the true label and the
    probability of that.

    Parameters
    ----------
    images : (n, height, width), (n, height, width, 3) or (n, features) array
        All images that were judged, or the mistakes alone; what is right is left out.
    truth, predicted : (n,) sequences
        Labels, or indices into ``class_names``.
    confidence : (n,) sequence of float
        The probability that the model gives to its own label.
    image_shape : sequence of int, optional
        Of images that come as rows of features.
    truth_probability : (n,) sequence of float, optional
        The probability that the model gives to the true label.
    class_names : sequence of str, optional
        The names of the classes, where labels are indices.
    rows : (n,) sequence of int, optional
        The row numbers to write beside the images; their places in ``images`` unless given.
    black_and_white : pair of float, optional
        The values of black and of white; the smallest and the largest of ``images`` unless given.
    limit : int
        The most images to draw.
    n_mistakes : int, optional
        How many mistakes there are in all, where ``images`` are a choice of them.
    title : str
        Whose mistakes these are.

    Returns
    -------
    matplotlib.figure.Figure
        One image a mistake.

    Raises
    ------
    InvalidInputError
        The sequences are not equally long, or the images are none.
    """
    pixels = as_images(images, image_shape)
    _check_lengths(pixels, truth, predicted, confidence)
    sure = np.array(confidence, dtype=float)
    true = np.array(
        [None] * len(pixels) if truth_probability is None else truth_probability, dtype=float
    )
    wrong = [str(a) != str(b) for a, b in zip(truth, predicted, strict=True)]
    chosen = surest(np.array(wrong, dtype=bool), sure, limit)
    total = sum(wrong) if n_mistakes is None else n_mistakes
    span = black_and_white or (float(pixels.min(initial=0)), float(pixels.max(initial=0)))
    drawn = shades(pixels[chosen], span)
    subject = f"{title}: sure, and wrong" if title else "Sure, and wrong"
    lines = -(-max(len(chosen), 1) // COLUMNS)
    figure, axes = panel(0.5 + 1.2 * (1 + TEXT) * lines, title=subject)
    board(axes, COLUMNS, lines, cell=(1.0, 1 + TEXT))

    def name(label: Any) -> str:
        return str(label) if class_names is None else class_names[int(label)]

    sayings: list[Saying] = [
        (name(predicted[at]), sure[at], name(truth[at]), true[at]) for at in chosen
    ]
    longest = max((len(word) for row in sayings for word in row[::2]), default=0)
    size = min(9.0, 132 / (longest + len(_percent(0.5))))
    for number, (image, saying) in enumerate(zip(drawn, sayings, strict=True)):
        column, line = number % COLUMNS, number // COLUMNS
        place(axes, image, column, line * (1 + TEXT))
        _say(axes, saying, column + 0.5, line * (1 + TEXT) + 1, size)
    if not len(chosen):
        axes.text(COLUMNS / 2, 0.5, "no mistake", ha="center", color=MUTED)
    places = [int(at) if rows is None else int(rows[at]) for at in chosen]
    return titled(figure, _alt(subject, sayings, places, total))


def surest(wrong: np.ndarray, confidence: np.ndarray, limit: int) -> np.ndarray:
    """The rows that are wrong, at most ``limit``, the most confident first."""
    at = np.flatnonzero(wrong)
    # Without a probability (NaN) a mistake is the last one.
    return at[np.argsort(-np.nan_to_num(confidence[at], nan=-1), kind="stable")][:limit]


def _check_lengths(pixels: np.ndarray, *others: Any) -> None:
    lengths = [len(pixels), *map(len, others)]
    if len(set(lengths)) > 1:
        raise InvalidInputError(
            "Required one true label, one predicted label and one probability an image; came "
            f"{lengths[0]} images with {lengths[1]}, {lengths[2]} and {lengths[3]}. Pass rows of "
            "the same part of the data."
        )


def _say(axes: Axes, saying: Saying, x: float, y: float, size: float) -> None:
    said, sure, truth, true = saying
    style: Any = {"ha": "center", "va": "top", "fontsize": size}
    axes.text(x, y + 0.02, f"{said}{_percent(sure)}", weight="bold", color=WRONG, **style)
    axes.text(x, y + 0.22, f"is {truth}{_percent(true)}", **style)


def _percent(value: float) -> str:
    if not np.isfinite(value):
        return ""
    # Neither 0.04 % nor 99.96 % is rounded to a certainty.
    if 0 < value < 0.001 or 0.999 < value < 1:
        return " (<0.1 %)" if value < 0.5 else " (>99.9 %)"
    return f" ({100 * value:.1f} %)"


def _alt(subject: str, sayings: Sequence[Saying], places: list[int], total: int) -> str:
    if not sayings:
        return f"{subject}: there is no mistake."
    said, sure, truth, true = sayings[0]
    with_truth = f" ({true:.4f})" if np.isfinite(true) else ""
    certain = f" with probability {sure:.4f}" if np.isfinite(sure) else ""
    return (
        f"{subject}: {count(len(sayings))} of {count(total)} mistakes. The first, row {places[0]}, "
        f"is {truth}{with_truth} and was taken for {said}{certain}."
    )
