"""CSV files as people have them, and what is wrong with them."""

import pytest

from chainrule.errors import DataError
from chainrule.models.columns import Column
from chainrule.tables.csv import BLOCK_BYTES
from chainrule.tables.encoding import encoded
from chainrule.tables.source import open_source


@pytest.fixture
def written(tmp_path):
    """``written(text)`` is the path of a file with it."""

    def write(text, name="t.csv", encoding="utf-8"):
        data = text if isinstance(text, bytes) else text.encode(encoding)
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return write


def read(path, rows=100, **options):
    """The columns' texts, None where missing."""
    source = open_source(path, **options)
    found = {name: [] for name in source.names}
    for block in source.blocks(rows):
        for name in source.names:
            codes, texts = block.texts(name)
            found[name] += [texts[code] if code >= 0 else None for code in codes]
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_delimiter_is_found_out(written, delimiter, end):
    text = end.join(delimiter.join(row) for row in (["a", "b c"], ["1", "x y"], ["2", ""]))
    assert read(written(text)) == {"a": ["1", "2"], "b c": ["x y", None]}


def test_what_is_in_quotes_divides_nothing(written):
    path = written('"last, first, other";b\n"x;y,""z""";2\n')
    assert read(path) == {"last, first, other": ['x;y,"z"'], "b": ["2"]}


def test_a_byte_order_mark(written):
    assert read(written("\ufeffa,b\n1,2\n")) == {"a": ["1"], "b": ["2"]}
    assert read(written('\ufeff"a",b\n1,2\n')) == {"a": ["1"], "b": ["2"]}


@pytest.mark.parametrize("where", ["the header", "a row"])
def test_latin_1(written, where):
    text = "größe,b\n1,2\n" if where == "the header" else "a,b\n1,grün\n"
    path = written(text, encoding="latin-1")
    with pytest.raises(DataError, match=r"text in utf-8, came other bytes.*--encoding latin-1"):
        read(path)
    assert read(path, encoding="latin-1") in (
        {"größe": ["1"], "b": ["2"]},
        {"a": ["1"], "b": ["grün"]},
    )


def test_utf_16(written):
    path = written("a,b\n1,grün\n", encoding="utf-16")
    with pytest.raises(DataError, match=r"text in utf-8, came other bytes.*--encoding utf-16"):
        read(path)
    assert read(path, encoding="utf-16") == {"a": ["1"], "b": ["grün"]}


def test_an_unknown_encoding(written):
    with pytest.raises(DataError, match=r"Unknown encoding 'klingon'"):
        read(written("a,b\n1,2\n"), encoding="klingon")


def test_newlines_in_quotes(written):
    path = written('a,b\n"one\ntwo",1\n"three\r\n\n",2\n')
    assert read(path, rows=1) == {"a": ["one\ntwo", "three\r\n\n"], "b": ["1", "2"]}


def test_newlines_in_quotes_where_blocks_end(written):
    """The file is longer than what is parsed at a time."""
    rows = [f'"{"x" * (at % 97)}\n{"y" * 400}",{at}\n' for at in range(2 * BLOCK_BYTES // 400)]
    found = read(written("a,b\n" + "".join(rows)), rows=1000)
    assert found["b"] == [str(at) for at in range(len(rows))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("columns", [["a"], ["a", "b"]])
def test_quotes_that_are_never_closed(written, columns, encoding):
    """In the last column they make one value of all that follows; whichever column is wanted."""
    lines = ["a,b", *(f"{at},x{at}" for at in range(9))]
    for at in (4, 9):
        wrong = [*lines[:at], f'{at},"K\u00f6ln', *lines[at + 1 :], ""]
        source = open_source(written("\n".join(wrong), encoding=encoding), encoding=encoding)
        with pytest.raises(DataError, match=rf"row {at}: the quotes before 'K.* never closed"):
            list(source.blocks(3, columns=columns))
    for end in ('"', '"\n', '" \r\n'):
        right = written("\n".join([*lines, '9,"x\n9' + end]), encoding=encoding)
        assert len(read(right, encoding=encoding)["b"]) == 10


def test_an_empty_line_of_a_single_column_is_a_value(written):
    """As polars writes what is missing; of several columns it is nothing."""
    assert read(written("a\n1.0\n\n3.0\n")) == {"a": ["1.0", None, "3.0"]}
    assert read(written("1.0\n\n3.0\n"), header=False) == {"x1": ["1.0", None, "3.0"]}
    assert read(written("a,b\n1,2\n\n3,4\n")) == {"a": ["1", "3"], "b": ["2", "4"]}


@pytest.mark.parametrize("line", ["3", "3,4,5", ""])
def test_ragged_rows(written, line):
    path = written(f"a,b\n1,2\n{line}\n5,6\n")
    if not line:  # an empty line is no row
        assert read(path)["a"] == ["1", "5"]
        return
    with pytest.raises(DataError, match=r"Row #3.*Each line needs 2 values.*divided by ','"):
        read(path)


def test_a_wrong_delimiter(written):
    path = written("a,b\n1,2\n")
    assert open_source(path, delimiter=";").names == ("a,b",)  # told of in test_named.py
    for wrong in ("", ";;", "\n", '"'):
        if wrong:
            with pytest.raises(DataError, match="one character as a delimiter"):
                open_source(path, delimiter=wrong)


def test_no_header(written):
    path = written("1.5,2\n3,4\n")
    with pytest.raises(DataError, match=r"columns' names in the first line.*1\.5, 2.*--no-header"):
        open_source(path)
    assert read(path, header=False) == {"x1": ["1.5", "3"], "x2": ["2", "4"]}


def test_names_that_are_none(written):
    with pytest.raises(DataError, match="more than one called 'a'"):
        open_source(written("a,b,a\n1,2,3\n"))
    with pytest.raises(DataError, match="name of column 2 is empty in line 1"):
        open_source(written("a,,c\n1,2,3\n"))
    with pytest.raises(DataError, match="may not go on over the end of line 1"):
        open_source(written('a,"b\nc"\n1,2\n'))
    with pytest.raises(DataError, match="has no columns"):
        open_source(written("\n\n"))


def test_names_without_rows(written):
    with pytest.raises(DataError, match="has a line of names and no rows"):
        read(written("a,b"))
    assert read(written("a,b\n", "u.csv")) == {"a": [], "b": []}


def test_bytes_that_are_no_text(written):
    with pytest.raises(DataError, match="not text: its first line has a zero byte"):
        open_source(written(b"a,\0b\n1,2\n"))


def test_very_many_columns(written):
    """A first line of more than 64 KiB."""
    names = [f"a rather long name of column {at}" for at in range(4000)]
    path = written(",".join(names) + "\n" + ",".join(map(str, range(4000))) + "\n")
    source = open_source(path)
    assert source.names == tuple(names)
    ((_, X),) = encoded(source, [Column(names[3999], "number"), Column(names[1], "number")], 5)
    assert X.tolist() == [[3999.0, 1.0]]


def test_what_stands_for_missing(written):
    marks = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "?", "-", "#N/A"]
    path = written("a,b\n" + "".join(f"{mark},1\n" for mark in marks) + "0,1\n")
    assert read(path)["a"] == [None] * len(marks) + ["0"]


def test_other_texts_stand_for_missing(written):
    """In place of the usual ones, the empty one among them."""
    path = written("a,b\n-99,NA\n,1\nno answer,-99\n")
    assert read(path, missing=["-99", "no answer"]) == {
        "a": [None, "", None],
        "b": ["NA", "1", None],
    }
    assert read(path, missing=["", "-99"])["a"] == [None, None, "no answer"]
    assert read(path, missing=[])["b"] == ["NA", "1", "-99"]
    for wrong in ("-99", [-99], None, {"-99": 1}):
        with pytest.raises(DataError, match="missing: required a list of the texts"):
            open_source(path, missing=wrong)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["x"] * 1001, "at most 1,000 texts of at most 100 characters; came 1,001"),
        (["", "x" * 101], "the longest of 101"),
        (["", "\udce9"], r"texts of whole characters; came '\\udce9'"),
    ],
)
def test_what_no_model_file_could_keep_is_refused_at_once(written, wrong, said):
    with pytest.raises(DataError, match=f"missing: required.*{said}"):
        open_source(written("a,b\n1,2\n"), missing=wrong)


@pytest.mark.parametrize("at", [0, 5, 30_000])
def test_a_row_of_more_than_a_block(written, at):
    """Mostly of all lines behind a quote that is not closed."""
    lines = [f"{row},a text that is a class" for row in range(90_000)]
    lines[at] = f'{at},"a text'
    with pytest.raises(DataError, match=r"rows of less than 1 MiB; .*a quote \(\"\) that is never"):
        read(written("\n".join(["a,b", *lines, ""])))
    lines[at] = f'{at},"{"x" * 3_000_000}"'
    with pytest.raises(DataError, match=r"rows of less than 1 MiB; came a longer one"):
        read(written("\n".join(["a,b", *lines, ""])))
