"""Names that a source has not, and why that may be."""

import pyarrow as pa
import pytest

from chainrule.errors import DataError
from chainrule.tables.named import check_named
from chainrule.tables.source import open_source


@pytest.mark.parametrize(
    ("text", "given", "hint"),
    [
        ("age^town^label\n1^Bonn^2\n", {}, "one column only if ',' divides"),
        ("age town label\n1 Bonn 2\n", {}, "one column only if ',' divides"),
        ("age,town,label\n1,Bonn,2\n", {"delimiter": ";"}, "one column only if ';' divides"),
        ("age^label,town^b\n1^2,Bonn^3\n", {}, "has its columns if ',' divides"),
        ("age,labels,my_label\n1,2,3\n", {}, None),
    ],
)
def test_a_wrong_delimiter(tmp_path, text, given, hint):
    (tmp_path / "t.csv").write_text(text)
    source = open_source(tmp_path / "t.csv", **given)
    with pytest.raises(DataError, match="Unknown column 'label'") as caught:
        check_named(source, ["label"])
    said = str(caught.value)
    assert ("--delimiter" in said) == (hint is not None) and (hint or "") in said
    check_named(source, source.names)


def test_a_table_has_no_delimiter():
    with pytest.raises(DataError, match=r"Known: label_of\.$"):
        check_named(open_source(pa.table({"label_of": [1]})), ["label of"])
