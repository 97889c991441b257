"""Search spaces as a spec writes them."""

import numpy as np
import pytest

from chainrule.errors import SpecError
from chainrule.experiments.spaces import logarithmic, space_of
from chainrule.search import Choice, Float, Int, Sizes


def only(value, seed=0):
    """The dimension that one value becomes."""
    ((found,),) = [part.values() for part in space_of({"a": value}, seed).parts]
    return found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 2.5, "none", [16, 8]], Choice([1, 2.5, None, (16, 8)])),
        ({"choice": [[16], [32, 16]]}, Choice([(16,), (32, 16)])),
        ({"float": [1e-5, 1]}, Float(1e-5, 1)),
        ({"float": [1e-5, 1], "log": True}, Float(1e-5, 1, log=True)),
        ({"int": [4, 12], "step": 4}, Int(4, 12, step=4)),
        ({"width": [8, 16], "depth": [1, 2]}, Sizes(depth=[1, 2], width=[8, 16])),
        (
            {"width": {"int": [8, 16], "log": True}, "depth": {"int": [1, 3]}, "equal": False},
            Sizes(depth=Int(1, 3), width=Int(8, 16, log=True), equal=False),
        ),
        ({"width": 8}, Sizes(depth=1, width=8)),
    ],
)
def test_tables_are_the_spaces_own(given, expected):
    assert only(given) == expected


def test_draws_are_so_many_values_of_the_range():
    table = {"float": [1e-4, 1e-2], "log": True, "draws": 6}
    found = only(table, seed=4)
    assert isinstance(found, Choice) and len(found.values) == 6
    assert all(1e-4 <= value <= 1e-2 for value in found.values)
    assert only(table, seed=4) == found != only(table, seed=5)
    stream = np.random.RandomState(4)
    assert found.values == tuple(Float(1e-4, 1e-2, log=True).draw(stream) for _ in range(6))


def test_one_stream_draws_for_all_names_in_their_order():
    first, second = (
        space_of({"b": {"int": [1, 1000], "draws": 3}, "a": {"int": [1, 1000], "draws": 3}}, 0)
        .parts[0]
        .values()
    )
    assert first.values != second.values


def test_what_is_logarithmic():
    given = {"a": {"float": [1, 2], "log": True}, "b": [1, 2], "c": {"int": [1, 2]}}
    assert logarithmic(given) == ("a",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, r"space\.a: required a list of values or a table .* came 5"),
        ("relu", "required a list of values"),
        ([], r"space: a: the list of values is empty"),
        ({}, r"space\.a: a table needs one of float, int, choice, width; came none"),
        ({"float": [0, 1], "int": [0, 1]}, "a table needs one of"),
        ({"float": [0, 1], "step": 2}, r"space\.a\.step: beside 'float' there may be draws, log"),
        ({"choice": [1], "log": True}, "beside 'choice' there may be nothing"),
        ({"float": [0, 1, 2]}, r"space\.a\.float: required two ends"),
        ({"float": [1, 0]}, r"space\.a: .*low must be below high"),
        ({"float": [0, 1], "log": True}, "low must be positive"),
        ({"int": [1, 9], "draws": 0}, r"space\.a\.draws: required a whole number of at least 1"),
        ({"width": [0]}, "whole numbers of at least 1"),
    ],
)
def test_a_table_that_is_none(given, message):
    with pytest.raises(SpecError, match=message):
        space_of({"a": given}, 0)
