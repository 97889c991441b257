"""How numbers and settings are written."""

import pytest

from chainrule.reports import numbers


@pytest.mark.parametrize(
    ("value", "text"), [(0.97, "0.9700"), (1.0, "1.0000"), (0.96944, "0.9694"), (None, "–")]
)
def test_scores_have_four_decimals(value, text):
    assert numbers.score(value) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(0.8, 4, "0.8000"), (0.972973, 6, "0.972973"), (5, None, "5"), ("C 5", 4, "C 5")],
)
def test_printed_numbers_keep_their_decimals(value, decimals, text):
    assert numbers.printed(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1.00"), (0.5, "0.50"), (0.0312, "0.031"), (0.0031, "0.0031"), (2e-9, "< 0.0001")],
)
def test_p_values(value, text):
    assert numbers.p_value(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0421, "42 ms"),
        (0.9999, "1.0 s"),
        (99.9, "99.9 s"),
        (99.97, "1 min 40 s"),
        (125.4, "2 min 05 s"),
        (3599.6, "1 h 00 min"),
        (7260, "2 h 01 min"),
    ],
)
def test_durations(seconds, text):
    assert numbers.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        ([192, 192], "2×192"),
        ((64, 50), "64-50"),
        ([50], "50"),
        (0.001, "0.001"),
        ("uniform", "uniform"),
    ],
)
def test_settings_are_written_as_a_reader_writes_them(value, text):
    assert numbers.setting(value) == text


def test_several_settings_in_one_line():
    assert numbers.settings({"C": 5, "hidden": [4, 4]}) == "C = 5, hidden = 2×4"


def test_one_thing_and_several():
    assert numbers.several(1, "candidate") == "1 candidate"
    assert numbers.several(1200, "candidate") == "1,200 candidates"
    assert numbers.several(0, "seed") == "0 seeds"


@pytest.mark.parametrize(
    ("value", "text", "signed"),
    [
        (None, "–", "–"),
        (0.12345, "0.1235", "+0.1235"),
        (12.3, "12.3000", "+12.3000"),
        (1234.56, "1235", "+1235"),
        (-0.5, "-0.5000", "−0.5000"),
        (-0.00001, "-0.0000", "0.0000"),
        (0.0, "0.0000", "0.0000"),
    ],
)
def test_losses_and_differences(value, text, signed):
    assert (numbers.loss(value), numbers.difference(value)) == (text, signed)
