"""Names that a source has not, and why that may be."""

import pyarrow as pa
import pytest

from chainrule.errors import DataError
from chainrule.models.columns import Column
from chainrule.tables.encoding import check_columns
from chainrule.tables.named import check_named, delimiter_hint, some_names
from chainrule.tables.source import open_source

SAYS = " {} if {!r} divides its values; if {!r} does, say so with --delimiter (delimiter={!r})."
ONE, MORE = "has one column only", "has its columns"


@pytest.fixture
def opened(tmp_path):
    """``opened(text, **options)`` is a file of text, and what its hints begin with."""

    def make(text, **options):
        (tmp_path / "t.csv").write_text(text)
        return open_source(tmp_path / "t.csv", **options), f" {tmp_path / 't.csv'}"

    return make


@pytest.mark.parametrize(
    ("text", "given", "hint"),
    [
        ("age^town^label\n1^Bonn^2\n", {}, (ONE, ",", "^")),
        ("age town label\n1 Bonn 2\n", {}, (ONE, ",", " ")),
        ("age,town,label\n1,Bonn,2\n", {"delimiter": ";"}, (ONE, ";", ",")),
        ('"age";"label"\n1;2\n', {"delimiter": ","}, (ONE, ",", ";")),
        ("age (years); label\n1; 2\n", {"delimiter": ","}, (ONE, ",", ";")),
        ("age\tlabel\n1\t2\n", {"delimiter": ","}, (ONE, ",", "\t")),
        ("age^label,town^b\n1^2,Bonn^3\n", {}, (MORE, ",", "^")),
        ("age;town\n1;Bonn\n", {"delimiter": ","}, (ONE, ",", ";")),
        ("1.5;2.5\n3;4\n", {"delimiter": ",", "header": False}, (ONE, ",", ";")),
        ("10:30 1;2;3\n", {"delimiter": ",", "header": False}, (ONE, ",", ";")),
        ("age,labels,my_label\n1,2,3\n", {}, None),
        ("age,my label,label (cm)\n1,2,3\n", {}, None),
        ("age-label\n1\n", {}, None),
        ('"age,label"\n1\n', {}, None),
        ("2026-11-22\n2026-11-23\n", {"header": False}, None),
        ("labels\n1\n", {}, None),
    ],
)
def test_a_wrong_delimiter(opened, text, given, hint):
    source, name = opened(text, **given)
    said = name + SAYS.format(*hint, hint[-1]) if hint else ""
    assert delimiter_hint(source, ["label"]) == said
    for check, column in ((check_named, "label"), (check_columns, Column("label", "number"))):
        with pytest.raises(DataError, match=r"Unknown column 'label'|missing: 'label'") as caught:
            check(source, [column])
        assert str(caught.value).endswith(said or ".") and (
            "--delimiter" in str(caught.value)
        ) == bool(hint)
    check_named(source, source.names)


def test_the_character_that_gives_most_of_the_names(opened):
    source, _ = opened("a:b|c|d|e\n1|2|3|4\n", delimiter=",")
    assert "if '|' does" in delimiter_hint(source, ["a", "b:c", "c", "d", "e"])
    assert "if ':' does" in delimiter_hint(source, ["a", "b|c|d|e", "x"])


def test_what_is_there_already_tells_nothing(opened):
    source, _ = opened("x,y,x;y\n1,2,3\n")
    assert delimiter_hint(source, ["x", "y", "z"]) == ""


def test_a_table_has_no_delimiter():
    table = open_source(pa.table({"label_of;b": [1]}))
    assert delimiter_hint(table, ["b"]) == ""
    with pytest.raises(DataError, match=r"Known: label_of;b\.$"):
        check_named(table, ["b"])


def test_few_names_are_listed(opened):
    source, _ = opened(",".join(f"c{at}" for at in range(21)) + "\n")
    assert some_names(source).endswith("'c18', 'c19', ...")
    source, _ = opened("x" * 1000 + ",b\n")
    assert some_names(source) == f"'{'x' * 60}', 'b'"
