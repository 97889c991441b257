"""The first layer's weights as images: what each unit looks for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from chainrule.reports.figures.axes import panel
from chainrule.reports.figures.images import as_images, board, place
from chainrule.reports.figures.style import MUTED, styled, titled
from chainrule.reports.numbers import count

__all__ = ["first_layer_weights", "strongest", "weight_limit"]

# Dark blue is less than 0, mid-grey is 0, light orange more: two hues that the colour-blind tell
# apart, and a lightness that only rises, so that a print in grey still shows the sign.
DIVERGING = LinearSegmentedColormap.from_list(
    "chainrule", ["#00284d", "#2f6a99", "#8c8c8c", "#dd9f3f", "#ffeec2"]
)

# Of all weights that are shown, this share lies within the scale; single ones may go beyond it.
WITHIN = 0.998


@styled
def first_layer_weights(
    weights: Any,
    image_shape: Sequence[int],
    *,
    limit: int = 64,
    units: Sequence[int] | None = None,
    n_units: int | None = None,
    title: str = "",
) -> Figure:
    """Each unit's incoming weights, arranged as the pixels are that they belong to.

    One symmetric scale for all units: mid-grey is 0, dark blue less, light orange more. For images
    in colour, the weights of the three channels are the red, green and blue of a pixel.

    Parameters
    ----------
    weights : (features, units) array
        The first layer's W, as ``coefs_[0]`` has it.
    image_shape : sequence of int
        (height, width) or (height, width, 3), as the rows were laid out.
    limit : int
        The most units to draw: those with the largest weights (in the Euclidean norm), the largest
        first.
    units, n_units : sequence of int, int, optional
        Where ``weights`` holds a choice of units already: their numbers, from 1, and how many there
        are in all. They are drawn in the order given.
    title : str
        Whose weights these are.

    Returns
    -------
    matplotlib.figure.Figure
        One image a unit.

    Raises
    ------
    InvalidInputError
        The weights have another number of features than the images have values.
    """
    W = np.asarray(weights, dtype=float)
    if units is None:
        chosen = strongest(W, limit)
        units, n_units, W = [int(each) + 1 for each in chosen], W.shape[1], W[:, chosen]
    images = as_images(W.T, image_shape)
    top = weight_limit(W)
    columns = min(8, max(1, len(images)))
    rows = max(1, -(-len(images) // columns))
    shown = _shown(len(images), n_units or len(images))
    subject = f"{title}: {shown}" if title else shown[0].upper() + shown[1:]
    figure, axes = panel(0.9 + 4.4 * rows / columns, title=subject)
    board(axes, columns, rows)
    for number, image in enumerate(images):
        _draw(axes, image, top, number % columns, number // columns)
    if images.ndim == 4:
        axes.set_xlabel(f"mid-grey is 0; black -{top:.2g}, full colour {top:.2g}", color=MUTED)
    elif len(images):
        beyond = bool((np.abs(images) > top).any())
        _scale(figure, axes, beyond)
    return titled(figure, _alt(subject, units, top, W))


def strongest(weights: np.ndarray, limit: int) -> np.ndarray:
    """The units (columns) with the largest weights, at most ``limit``, the largest first."""
    norms = np.linalg.norm(np.nan_to_num(weights), axis=0)
    return np.argsort(-norms, kind="stable")[:limit]


def weight_limit(weights: np.ndarray) -> float:
    """The end of a scale on which nearly all weights lie; 1 where there are none."""
    sizes = np.abs(weights[np.isfinite(weights)])
    return float(np.quantile(sizes, WITHIN)) or float(sizes.max()) or 1.0 if sizes.size else 1.0


def _shown(drawn: int, n_units: int) -> str:
    if drawn < n_units:
        return f"the {count(drawn)} strongest of {count(n_units)} first-layer units"
    return f"{count(drawn)} first-layer unit{'' if drawn == 1 else 's'}"


def _draw(axes: Axes, image: np.ndarray, top: float, column: int, row: int) -> None:
    if image.ndim == 3:
        place(axes, np.clip(np.nan_to_num(0.5 + image / (2 * top)), 0, 1), column, row)
    else:
        place(axes, image, column, row, cmap=DIVERGING, vmin=-top, vmax=top)


def _scale(figure: Figure, axes: Axes, beyond: bool) -> None:
    """The bar that says which colour is which weight; pointed where single weights go beyond."""
    mapped = axes.images[0]
    assert isinstance(mapped.norm, Normalize)
    bar = figure.colorbar(
        mapped,
        ax=axes,
        location="bottom",
        extend="both" if beyond else "neither",
        shrink=0.6,
        aspect=30,
        pad=0.02,
    )
    bar.set_label("weight", color=MUTED)
    bar.outline.set_visible(False)
    bar.set_ticks([mapped.norm.vmin or 0, 0, mapped.norm.vmax or 0])
    bar.set_ticklabels([f"{each:.2g}" for each in bar.get_ticks()])


def _alt(subject: str, units: Sequence[int], top: float, weights: np.ndarray) -> str:
    text = f"{subject} as images, on a scale from -{top:.2g} to {top:.2g}."
    if not len(units):
        return text
    norms = np.linalg.norm(np.nan_to_num(weights), axis=0)
    at = int(norms.argmax())
    return f"{text} The largest weights are those of unit {units[at]}, of norm {norms[at]:.3g}."
