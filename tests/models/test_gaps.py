"""Texts that stand for a missing value, as they are told."""

import pytest

from chainrule.models.gaps import told


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        ((), "no text"),
        (("",), "''"),
        (("-99", "it's", "\n"), r"""'-99', "it's", '\n'"""),
        (("x",) * 12, ", ".join(["'x'"] * 12)),
        (("x",) * 13, ", ".join(["'x'"] * 12) + ", ... (13)"),
    ],
)
def test_for_a_person(gaps, said):
    assert told(gaps) == said
