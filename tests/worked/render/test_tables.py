"""A table of plain values in every format."""

import json

import pytest

from chainrule.errors import InvalidInputError
from chainrule.worked.render import render_table

HEADERS = ("na_me", "x|y", "n")
ROWS = [("a & b <i>", 1.23456, 3), ("5 $ %", None, 4), ("c", float("nan"), 5)]


def test_text():
    found = render_table(HEADERS, ROWS, decimals=2).splitlines()
    assert found[0].split() == ["na_me", "x|y", "n"]
    assert found[2] == "a & b <i>  1.23  3"
    assert found[3].endswith("–  4") and found[4].split() == ["c", "NaN", "5"]


def test_a_wide_table_is_cut_into_parts_with_the_first_column():
    headers = ["which", *(f"column {k}" for k in range(12))]
    rows = [["this", *range(12)], ["that", *range(12)]]
    found = render_table(headers, rows, width=40)
    assert max(map(len, found.splitlines())) <= 40
    assert found.count("this") > 2 and all(header in found for header in headers)


def test_markup_escapes():
    assert r"| a \& b \<i\> | 1.2346 | 3 |" in render_table(HEADERS, ROWS, "md")
    assert r"x\|y" in render_table(HEADERS, ROWS, "markdown")
    assert r"a \& b \ensuremath{<}i" in render_table(HEADERS, ROWS, "latex")
    assert r"5 \$ \%" in render_table(HEADERS, ROWS, "latex")
    assert "a &amp; b &lt;i&gt;" in render_table(HEADERS, ROWS, "html")


def test_json_has_all_digits():
    found = json.loads(render_table(HEADERS, ROWS, "json", decimals=1))
    assert found["rows"][0] == ["a & b <i>", 1.23456, 3]
    assert found["rows"][1][1] is None and found["rows"][2][1] == "nan"


def test_wrong_arguments():
    with pytest.raises(InvalidInputError, match=r"must have 3 values.*rows of \[2\]"):
        render_table(HEADERS, [("a", 1)])
    with pytest.raises(InvalidInputError, match="Unknown format 'csv'"):
        render_table(HEADERS, ROWS, "csv")
