"""One of several values."""

import math

import numpy as np
import pytest

from chainrule.errors import InvalidInputError
from chainrule.search import Choice


class Recorded:
    """A trial that takes a categorical value by its place, and keeps what it was offered."""

    def __init__(self, place):
        self.place = place

    def suggest_categorical(self, name, offered):
        self.offered = offered
        return offered[self.place]


def test_all_values_are_drawn_alike():
    rng = np.random.RandomState(0)
    choice = Choice(["a", None, (1, 2)])
    drawn = [choice.draw(rng) for _ in range(900)]
    for value in choice.values:
        assert drawn.count(value) == pytest.approx(300, abs=45)


def test_places_are_equally_spaced_in_the_order_given():
    choice = Choice(["tanh", (64, 64), None])
    assert [choice.unit(value) for value in choice.values] == [0.0, 0.5, 1.0]
    assert math.isnan(choice.unit("relu"))
    assert Choice([7]).unit(7) == 0.5


def test_numpy_s_scalars_become_plain_numbers():
    choice = Choice(np.array([1, 2]))
    assert choice == Choice([1, 2])
    assert type(choice.values[0]) is int


@pytest.mark.parametrize(
    ("values", "offered"),
    [
        ([1, 2.5, "a", None], [1, 2.5, "a", None]),
        ([(1, 2), (3,)], ["(1, 2)", "(3,)"]),
        ([True, 1], ["True", "1"]),  # equal, and not the same
        ([(1,), (1,)], ["0: (1,)", "1: (1,)"]),
    ],
)
def test_optuna_is_offered_what_it_can_store(values, offered):
    for place, value in enumerate(values):
        trial = Recorded(place)
        assert Choice(values).suggest(trial, "name") is value
        assert trial.offered == offered


def test_an_object_s_address_is_no_part_of_its_label():
    values = [object(), object()]
    trial = Recorded(1)
    assert Choice(values).suggest(trial, "name") is values[1]
    assert trial.offered == ["0: <object object>", "1: <object object>"]


@pytest.mark.parametrize("values", ["relu", 3, None])
def test_a_single_value_is_not_taken_for_a_list(values):
    with pytest.raises(InvalidInputError, match="A choice needs a list of values"):
        Choice(values)


def test_an_empty_list_is_refused():
    with pytest.raises(InvalidInputError, match="at least one value, came none"):
        Choice([])
