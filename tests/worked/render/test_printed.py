"""A document's numbers beside ours."""

from decimal import Decimal

import numpy as np

from chainrule.worked.quantities import Quantity
from chainrule.worked.render.printed import printed


def quantity(value, kind="matrix"):
    return Quantity("W1", "given", 1, kind, np.array(value), "Weights")


def test_rounded_as_printed():
    found = printed([["0.12", "0.5"]], quantity([[0.1249, 0.51]]), "row")
    assert [(one.ours, one.agrees) for one in found.numbers] == [("0.12", True), ("0.5", True)]
    wrong = printed([["0.13", "0.5"]], quantity([[0.1249, 0.56]]), "row")
    assert [one.agrees for one in wrong.numbers] == [False, False]
    assert not wrong.agrees


def test_decimals_of_the_file_count():
    assert printed(Decimal("0.0485"), quantity(0.048548, "scalar"), "row").agrees
    assert not printed(Decimal("0.04850"), quantity(0.048548, "scalar"), "row").agrees


def test_one_number_for_all():
    assert printed("0.3", quantity([[0.3, 0.3], [0.3, 0.3]]), "row").agrees
    assert not printed("0.3", quantity([[0.3, 0.3], [0.3, 0.4]]), "row").agrees


def test_the_layout_and_blanks():
    found = printed([["1", ""], ["2", "3"]], quantity([[1.0, 2.0], [9.0, 3.0]]), "column")
    assert [one.index for one in found.numbers] == [(0, 0), (0, 1), (1, 1)]
    assert found.agrees


def test_another_form_than_ours():
    assert printed([1, 2, 3], quantity([[1.0, 2.0]]), "row") is None


def test_one_blank_for_all():
    assert printed("", quantity([[1.0, 2.0]]), "row") is None
