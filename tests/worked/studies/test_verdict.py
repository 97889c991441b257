"""The verdict on a curve: synthetic curves whose verdict is known."""

import doctest
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import chainrule.worked.studies.verdict as module
from chainrule.worked.studies.verdict import LIMIT, Units, changes, sentence, swings, verdict

FALLING = np.geomspace(2, 0.01, 100)
WAVE = 1 + 0.5 * np.cos(np.arange(50))
LATE = np.concatenate([[1.0, 2.0, 0.5, 1.5], np.geomspace(1, 0.1, 20)])
SILENT = Units(dead=3, of=5, silent=(1,), since=4)

KNOWN = {
    "falling": (FALLING, "smooth"),
    "flat": (np.ones(5), "smooth"),
    "one loss": (np.array([1.0]), "smooth"),
    "rounding": (1 + 1e-14 * np.sin(np.arange(20)), "smooth"),
    "at rest in zero": (np.array([1.0, 1e-17, 3e-17, 2e-17, 4e-17]), "smooth"),
    "rises too small to be seen": (FALLING + 1e-3 * np.cos(np.arange(100)), "smooth"),
    "a slow wave": (np.sin(np.linspace(0, 20, 5000)) + 2, "oscillating"),
    "wave": (WAVE, "oscillating"),
    "wave, then falling": (LATE, "oscillating"),
    "one hump": (np.array([1.0, 3.0, 2.0, 1.0]), "uneven"),
    "one valley": (np.array([3.0, 1.0, 2.0]), "uneven"),
    "rising": (np.array([1.0, 2.0, 4.0]), "divergent"),
    "over the limit": (np.array([1.0, 2 * LIMIT, 0.1]), "divergent"),
    "infinite": (np.array([1.0, 5.0, np.inf]), "divergent"),
    "no number": (np.array([1.0, 0.5, np.nan]), "divergent"),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_curves(name):
    losses, expected = KNOWN[name]
    assert verdict(losses) == expected
    assert sentence(losses).startswith(f"{expected}: ")


@pytest.mark.parametrize("name", KNOWN)
def test_dead_layers_are_named_unless_the_curve_diverges(name):
    losses, expected = KNOWN[name]
    assert verdict(losses, SILENT) == (expected if expected == "divergent" else "dead units")


def test_a_few_dead_units_are_told_and_do_not_decide():
    said = sentence(FALLING, Units(dead=1, of=5))
    assert said == (
        "smooth: the loss falls at each of 99 epochs, from 2 to 0.01. At the end 1 of 5 hidden "
        "units has slope 0 on every sample."
    )


def test_sentences_give_the_numbers_that_they_rest_on():
    assert sentence(LATE) == (
        "oscillating: the loss rises at 2 of 23 epochs, the last time at epoch 3, to 2 at epoch 1 "
        "at the highest, and falls at every later one; from 1 to 0.1 in all."
    )
    assert sentence(np.array([1.0, 3.0, 2.0])) == (
        "uneven: the loss rises at 1 of 2 epochs, epoch 1, to 3 at epoch 1 at the highest, and "
        "falls at every later one; from 1 to 2 in all."
    )
    assert sentence(np.array([2.0, 1.0, 1.0])) == (
        "smooth: the loss never rises in 2 epochs, from 2 to 1."
    )
    assert "no finite number at epoch 2" in sentence(KNOWN["infinite"][0])
    assert "above 1000 at epoch 1" in sentence(KNOWN["over the limit"][0])
    assert "rises and does not come down again, from 1 to 4" in sentence(KNOWN["rising"][0])


def test_a_small_rise_is_told_though_it_decides_nothing():
    assert sentence(np.array([3.0, 2.0, 2.001, 1.0])) == (
        "smooth: the loss rises at 1 of 3 epochs, by 0.001 at the most, from 3 to 1 in all."
    )


def test_a_turn_counts_from_its_extreme():
    """Many small steps the other way are one turn; what stays near the extreme is none."""
    assert swings(np.array([0.0, 100.0, 99.5, 100.4, 99.6, 99.1])) == [1, -1]
    assert swings(np.array([0.0, 100.0, 99.5, 100.4, 99.6])) == [1]
    assert swings(np.concatenate([np.linspace(2, 1, 999), np.linspace(1, 2, 999)])) == [-1, 1]


@given(arrays(float, st.integers(1, 40), elements=st.floats(0, 100)))
def test_swings_alternate(losses):
    found = swings(losses)
    assert all(a == -b for a, b in pairwise(found))
    assert swings(losses[::-1]) == [-way for way in found[::-1]]


def test_a_wave_to_the_end_is_not_said_to_fall():
    assert "every later one" not in sentence(WAVE)


def test_dead_units_stand_still_or_do_not():
    flat = np.concatenate([[1.679, 5.4], np.full(50, 1.044)])
    still = sentence(flat, Units(2, 2, (1,), 2, slope=0.0))
    assert still.endswith("The loss, 1.679 at first, stands still at 1.044.")
    jumping = sentence(flat, Units(2, 2, (1,), 2, slope=0.355, jumps=True))
    assert "its gradient is 0.355 there and not 0: the steps lead to and fro" in jumping
    assert "from epoch 2 on, no unit of hidden layer 1" in still
    assert sentence(FALLING, SILENT).endswith("The loss goes from 2 to 0.01.")


@given(
    arrays(float, st.integers(1, 30), elements=st.floats(1e-6, 100)),
    st.sampled_from([0.5, 0.125, 2.0**-10]),  # exact, so that no tie is decided by rounding
)
def test_the_verdict_does_not_depend_on_the_unit_of_the_loss(losses, factor):
    assert verdict(losses) == verdict(factor * losses)


@given(arrays(float, st.integers(2, 30), elements=st.floats(0.01, 100), unique=True))
def test_sorted_curves_are_smooth_or_divergent(losses):
    down = np.sort(losses)[::-1]
    assert verdict(down) == "smooth"
    if (changes(down) != 0).any():
        assert verdict(down[::-1]) == "divergent"


def test_its_examples_run():
    assert doctest.testmod(module).failed == 0
