"""How every figure looks: sizes, type, and colours that survive print and colour-blindness.

The colours are Okabe and Ito's, and a series never rests on colour alone: each has a marker and
a line style of its own. The same hexadecimal values are keys in :mod:`chainrule.reports.svg`,
which turns them into CSS variables, so that a figure inside a page follows its light or dark theme.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = [
    "GRID",
    "INK",
    "LOOKS",
    "MUTED",
    "SURFACE",
    "Look",
    "bare",
    "drawing",
    "look",
    "styled",
    "titled",
]

INK = "#1d2129"
MUTED = "#5b6470"
GRID = "#dce0e5"
SURFACE = "#ffffff"

P = ParamSpec("P")


@dataclass(frozen=True)
class Look:
    """What tells one series from another: a colour, a marker, filled or hollow, and a line."""

    colour: str
    marker: str
    line: str | tuple[int, tuple[int, ...]]
    hollow: bool = False

    @property
    def face(self) -> str:
        """What fills the marker."""
        return SURFACE if self.hollow else self.colour


LOOKS = (
    Look("#0072b2", "o", "-"),
    Look("#e69f00", "s", "--"),
    Look("#009e73", "^", "-."),
    Look("#cc79a7", "D", ":"),
    Look("#d55e00", "v", (0, (5, 1, 1, 1))),
    Look("#56b4e9", "P", (0, (1, 1))),
)


OTHER_MARKERS = ("X", "<", "*", "h", ">", "p")


def look(index: int) -> Look:
    """The look of the series with this index: `LOOKS`, and from the seventh on their colours with
    other lines and markers, by turns filled and hollow. The first 72 differ."""
    n = len(LOOKS)
    turn, place = divmod(index, n)
    markers = OTHER_MARKERS if turn % 4 > 1 else [each.marker for each in LOOKS]
    shifted = LOOKS[(place + turn) % n]
    return Look(LOOKS[place].colour, markers[(place + turn) % n], shifted.line, turn % 2 == 1)


OURS = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.facecolor": "none",
    "font.size": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    # Pixels are what a model sees: each image is kept as it is, at its own size.
    "image.composite_image": False,
    "image.interpolation": "none",
    "legend.fontsize": 10,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
    "text.color": INK,
    "text.parse_math": False,  # a dollar in somebody's label is a dollar
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 10,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 10,
}


def settings() -> Any:
    """Matplotlib's own defaults with ours on top: a user's settings must not change a report."""
    defaults: dict[Any, Any] = dict(mpl.rcParamsDefault)
    # Choosing a backend would import pyplot; a Figure made directly needs none.
    defaults.pop("backend", None)
    return defaults | OURS


@contextmanager
def drawing(**more: Any) -> Iterator[None]:
    """Our settings for as long as something is drawn, and the user's again afterwards."""
    with mpl.rc_context(settings() | more), warnings.catch_warnings():
        # A page shows the text in the reader's fonts; only matplotlib's own may lack a letter.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in our style and leave the user's settings as they were."""

    @wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with drawing():
            figure = draw(*args, **kwargs)
            # Fixed positions: the layout is computed once, here, in our style.
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
            return figure

    return wrapper


def titled(figure: Figure, alt: str) -> Figure:
    """Give a figure its text alternative, which travels with it as the figure's label."""
    figure.set_label(alt)
    return figure


def bare(axes: Axes, *, grid: str | None = None) -> None:
    """Take off spines and tick marks; keep grid lines along one axis, or none."""
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.grid(False)
    if grid is not None:
        axes.grid(True, axis=grid)  # type: ignore[arg-type]  # "x" or "y", as a str
