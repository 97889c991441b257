"""A map of two hyperparameters."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from chainrule.errors import InvalidInputError
from chainrule.reports import figures
from chainrule.reports.figures.style import INK
from chainrule.reports.svg import inline_svg

RATES, SIZES = [0.001, 0.1, 1.0], [16, 64]
LOSS = [[0.5, 0.2, np.nan], [0.8, np.nan, 0.4]]
DIVERGED = [[0, 0, 1], [0, 0, 0.25]]


def texts(axes):
    return {(*map(round, text.get_position()), text.get_text()) for text in axes.texts}


def patches(axes, **wanted):
    return [
        patch
        for patch in axes.patches
        if isinstance(patch, Rectangle)
        and all(getattr(patch, f"get_{name}")() == value for name, value in wanted.items())
    ]


def cells(found):
    return sorted((round(patch.get_x() + 0.47), round(patch.get_y() + 0.46)) for patch in found)


def test_every_number_is_in_its_cell_and_the_diverged_say_so():
    figure = figures.sweep_map(RATES, SIZES, LOSS, diverged=DIVERGED, title="mnist")
    (axes,) = figure.axes
    assert texts(axes) == {
        *((0, 0, "0.5"), (1, 0, "0.2"), (2, 0, "diverged")),
        *((0, 1, "0.8"), (2, 1, "0.4"), (2, 1, "25 % div.")),
    }
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.001", "0.1", "1"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["16", "64"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("learning rate", "batch size")
    assert cells(patches(axes, hatch="////")) == [(2, 0), (2, 1)]
    assert figure.get_label() == (
        "mnist: final loss over 3 values of learning rate and 2 of batch size. Best: 0.2 at "
        "learning rate 0.1, batch size 16. Diverged: 1 with 16, 1 with 64."
    )


@pytest.mark.parametrize(("larger", "best"), [(False, (1, 0)), (True, (0, 1))])
def test_the_best_has_a_frame_and_the_strongest_tint(larger, best):
    axes = figures.sweep_map(RATES, SIZES, LOSS, larger_is_better=larger).axes[0]
    framed = [patch for patch in patches(axes, fill=False) if patch.get_linewidth() > 1]
    assert cells(framed) == [best]
    tinted = patches(axes, fill=True)
    strongest = max(tinted, key=lambda patch: patch.get_alpha())
    assert cells([strongest]) == [best]
    assert len(tinted) == 4
    assert to_hex(framed[0].get_edgecolor()) == INK


def test_a_wide_span_is_tinted_by_its_logarithm():
    axes = figures.sweep_map([1, 2, 3], [1], [[0.01, 0.1, 1.0]]).axes[0]
    tints = [patch.get_alpha() for patch in patches(axes, fill=True)]
    assert tints[0] - tints[1] == pytest.approx(tints[1] - tints[2])


def test_one_that_diverged_wholly_is_not_the_best():
    figure = figures.sweep_map([1, 2], [1], [[0.1, 0.2]], diverged=[[1, 0]])
    assert "Best: 0.2" in figure.get_label()


def test_an_empty_map_is_still_drawn():
    figure = figures.sweep_map([1], [1], [[np.nan]])
    assert figure.get_label() == "Final loss over 1 values of learning rate and 1 of batch size."


def test_the_hatching_is_kept_inside_a_page():
    svg = inline_svg(figures.sweep_map(RATES, SIZES, LOSS, diverged=DIVERGED), "map")
    (pattern,) = {part.split('"')[0] for part in svg.split("<pattern ")[1].split('id="')[1:2]}
    assert f"url(#{pattern})" in svg


@pytest.mark.parametrize("name", ["values", "diverged"])
def test_an_array_of_another_shape_is_refused(name):
    given = {"values": LOSS, "diverged": DIVERGED} | {name: np.ones((3, 2))}
    with pytest.raises(InvalidInputError, match=rf"{name}: an array of shape \(2, 3\) is required"):
        figures.sweep_map(RATES, SIZES, given["values"], diverged=given["diverged"])
