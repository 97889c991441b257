"""The errata: all are there, and each stands where it says."""

import pytest

from chainrule.errors import ExampleError
from chainrule.experiments import recipes
from chainrule.worked.errata import DOCUMENTS, Erratum, errata, erratum
from chainrule.worked.example import examples, load_example
from chainrule.worked.quantities import STAGES
from chainrule.worked.trace import trace_example

COUNTS = {"A": 12, "B": 9, "C": 5, "D": 14, "E": 15, "all": 5}
TEXT_ALONE = {4, 35, 52, 53}
"""Slips of wording and of results: no step of a calculation and no recipe that ships has them."""


def test_all_sixty_are_there_in_order():
    found = errata()
    assert [one.number for one in found] == list(range(1, 61))
    assert {key: sum(one.document == key for one in found) for key in DOCUMENTS} == COUNTS
    order = list(DOCUMENTS)
    assert [order.index(one.document) for one in found] == sorted(
        order.index(one.document) for one in found
    )


@pytest.mark.parametrize("one", errata(), ids=lambda one: str(one.number))
def test_each_says_what_is_printed_what_is_right_and_where(one: Erratum):
    assert one.printed.endswith(".")
    assert one.right.endswith(".")
    assert one.printed != one.right
    assert one.printed in one.text
    assert one.right in one.text
    assert one.title == DOCUMENTS[one.document]
    assert (one.at is None and one.recipe is None) == (one.number in TEXT_ALONE)
    if one.recipe is not None:
        assert one.recipe in recipes()
    if one.at is not None:
        name, at = one.at
        example = load_example(name)
        assert at in trace_example(example).steps[0] or at in STAGES
        assert (at, one.number) in {(note.at, note.erratum) for note in example.notes}


@pytest.mark.parametrize("name", sorted(examples()))
def test_the_notes_of_an_example_are_about_its_own_document(name):
    for note in load_example(name).notes:
        if note.erratum is not None:
            assert erratum(note.erratum).document in (name[0], "all")


def test_those_about_formulas_stand_at_their_formulas():
    """A few that are known, so that the table cannot slide by one."""
    places = {13: ("B-Q2.1", "dA3"), 22: ("C-eq", "penalty"), 30: ("D-eq", "dW2"),
              41: ("E-2.2", "L"), 44: ("E-2.3", "S2"), 46: ("E-2.4", "L")}  # fmt: skip
    assert {number: erratum(number).at for number in places} == places
    assert "-y/p" in erratum(13).right
    assert "2.3026" in erratum(37).right


@pytest.mark.parametrize("number", [0, 61, -1])
def test_there_are_no_others(number):
    with pytest.raises(ExampleError, match=f"numbered from 1 to 60, got {number}"):
        erratum(number)
