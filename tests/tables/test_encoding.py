"""Columns by name, and values that are none of their kind."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chainrule.errors import DataError
from chainrule.models.columns import Column
from chainrule.tables.deciding import decide
from chainrule.tables.encoding import encoded
from chainrule.tables.source import ArraySource, open_source
from chainrule.tables.survey import survey

AGE, TOWN = Column("age", "number"), Column("town", "category", ("Bonn", "Rome"))
SINCE = Column("since", "date")


def matrix(table, *columns):
    source = table if isinstance(table, ArraySource) else open_source(table)
    return np.concatenate([part for _, part in encoded(source, columns, 3)])


def test_order_and_other_columns_do_not_matter():
    frame = pd.DataFrame({"x": ["?"] * 4, "town": list("BRBR"), "age": [1.0, 2, 3, 4]})
    frame["town"] = frame["town"].map({"B": "Bonn", "R": "Rome"})
    expected = [[1, 0], [2, 1], [3, 0], [4, 1]]
    for table in (frame, frame[["age", "town"]], frame[["town", "x", "age"]]):
        assert matrix(table, AGE, TOWN).tolist() == expected


def test_a_missing_column_is_named_and_what_may_be_meant():
    table = pa.table({"Age": [1.0], "town": ["Bonn"]})
    with pytest.raises(
        DataError, match=r"missing: 'age'\. Is 'Age' meant for 'age'\?.*has 'Age', 'to"
    ):
        matrix(table, AGE, TOWN)
    many = [Column(f"c{at}", "number") for at in range(13)]
    with pytest.raises(DataError, match=r"'c9' and 3 more\."):
        matrix(table, *many)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ""])
def test_a_mistyped_value_is_named_with_its_row(tmp_path, suffix):
    values = [str(at) for at in range(10)]
    values[7] = "seven"
    given = pd.DataFrame({"age": values, "b": 1})
    if suffix == ".csv":
        given.to_csv(tmp_path / "t.csv", index=False)
    elif suffix:
        given.to_parquet(tmp_path / "t.parquet")
    source = tmp_path / f"t{suffix}" if suffix else given
    with pytest.raises(DataError, match=r"column 'age', row 8: required a number, came 'seven'"):
        matrix(source, AGE)


@pytest.mark.parametrize(
    ("values", "column"),
    [
        (pa.array([[1, 2]]), AGE),
        (pa.array([[1, 2]]), TOWN),
        (pa.array([{"a": 1}]), SINCE),
        (pa.array([20_000]), SINCE),
        (pa.array([2.5]), SINCE),
        (pa.array([True]), SINCE),
        (pa.array(["yesterday"]), SINCE),
        (pa.array([0], pa.timestamp("s")), AGE),
        (pa.array([b"x"]), TOWN),
    ],
    ids=str,
)
def test_values_of_another_type(values, column):
    what = {"number": "a number", "category": "a category", "date": "a date"}[column.kind]
    with pytest.raises(DataError, match=rf"column '{column.name}'.*: required {what}.*came"):
        matrix(pa.table({column.name: values}), column)


def test_a_column_of_nothing_is_missing_for_every_kind():
    table = pa.table({name: pa.nulls(2) for name in ("age", "town", "since")})
    assert np.isnan(matrix(table, AGE, TOWN, SINCE)).all()


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "int8", "uint64", "bool"])
def test_numbers_of_every_type(kind):
    X = np.array([[0, 1], [1, 0], [1, 1], [0, 0]]).astype(kind)
    found = matrix(ArraySource(X), Column("x1", "number"), Column("x2", "number"))
    np.testing.assert_array_equal(found, X.astype(float))
    if kind != "float16":
        frame = pd.DataFrame(X, columns=["x1", "x2"])
        np.testing.assert_array_equal(
            matrix(frame, Column("x2", "number"), Column("x1", "number")), found[:, ::-1]
        )
    assert found.dtype == (np.float32 if kind in ("float32", "float16") else np.float64)


def test_whole_numbers_beyond_2_to_53(tmp_path):
    values = [2**60 + 1, -(2**62) - 3, 5]
    pq.write_table(pa.table({"age": values}), tmp_path / "t.parquet")
    pd.DataFrame({"age": values}).to_csv(tmp_path / "t.csv", index=False)
    for name in ("t.csv", "t.parquet"):
        assert matrix(tmp_path / name, AGE).ravel().tolist() == list(map(float, values))


def test_infinite_is_missing(tmp_path):
    values = [1.0, np.inf, -np.inf, np.nan]
    frame = pd.DataFrame({"age": values, "town": values})
    frame.to_csv(tmp_path / "t.csv", index=False)
    level = Column("town", "category", ("1",))
    for table in (frame, tmp_path / "t.csv", ArraySource(frame.to_numpy(), ["age", "town"])):
        expected = [[1, 0], *[[np.nan, np.nan]] * 3]
        np.testing.assert_array_equal(matrix(table, AGE, level), expected)
        np.testing.assert_array_equal(matrix(table, AGE), [[1], *[[np.nan]] * 3])


def test_levels_of_numbers_have_one_name(tmp_path):
    """3, 3.0 and "3.0" are the same; 007 is not 7."""
    level = Column("a", "category", ("3", "0.5", "7"))
    for values in (
        [3.0, 0.5, 7.0],
        ["3", "0.5", "7"],
        ["3.0", "0.50", "7e0"],
        [" 3", "5e-1", "7."],
    ):
        frame = pd.DataFrame({"a": values})
        frame.to_csv(tmp_path / "t.csv", index=False)
        for table in (frame, pl.from_pandas(frame), tmp_path / "t.csv"):
            assert matrix(table, level).ravel().tolist() == [0, 1, 2]
    odd = pa.table({"a": ["007", "1_0", "x", "8", None]})
    np.testing.assert_array_equal(matrix(odd, level).ravel(), [3, 3, 3, 3, np.nan])


CITY = Column("town", "category", ("Bern", "Rome"))
MEMBER = Column("member", "category", ("false", "true"))
STARS = Column("stars", "category", ("1", "2"))


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        (CITY, [1, 2], "'town': required texts, such as 'Bern', .* of type number"),
        (CITY, [True, False], "'town': .* of type bool"),
        (CITY, ["7", "8", None], "'town': required texts, .* such as '7'"),
        (MEMBER, [0, 1], "'member': required true and false, such as 'false', .*; came .*'0'"),
        (MEMBER, ["true", "y"], "'member': .*'y' in row 2"),
        (STARS, [True, False], "'stars': required numbers, such as '1', .* of type bool"),
        (STARS, ["many", "few"], "'stars': required numbers, .* such as '"),
        (STARS, pd.to_datetime(["2026-11-22", None]), "'stars': .* of type date"),
    ],
)
def test_a_category_of_another_kind_is_named(column, values, said, tmp_path):
    """From tables with types and from files of text, where these tell."""
    frame = pd.DataFrame({column.name: values})
    with pytest.raises(DataError, match=said):
        matrix(pa.Table.from_pandas(frame), column)
    if frame[column.name].dtype.kind in "iO":
        frame.to_csv(tmp_path / "t.csv", index=False)
        with pytest.raises(DataError, match=f"'{column.name}': required"):
            matrix(tmp_path / "t.csv", column)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (CITY, ["Paris", "7", None]),  # other levels
        (CITY, [None, None]),
        (STARS, [3.0, None]),
        (STARS, ["few", "3"]),
        (Column("mixed", "category", ("1", "1a")), ["x", "y"]),
        (Column("none", "category", ()), [1, 2]),
    ],
)
def test_other_levels_are_none_of_another_kind(column, values):
    table = pa.Table.from_pandas(pd.DataFrame({column.name: values}))
    found = matrix(table, column).ravel()
    other = float(len(column.levels))
    np.testing.assert_array_equal(found, [np.nan if v is None else other for v in values])


def test_truth_however_it_is_written():
    column = Column("a", "category", ("false", "true"))
    for values in (["True", "FALSE"], [True, False], ["true", "false"]):
        assert matrix(pa.table({"a": values}), column).ravel().tolist() == [1, 0]
    assert matrix(ArraySource(np.array([[True], [False]]), ["a"]), column).tolist() == [[1], [0]]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_dates_of_every_unit(unit):
    stamps = pd.Series(pd.to_datetime(["1969-12-31 23:59:58", "2026-11-22 10:20:30", None]))
    expected = [-2.0, 1795342830.0, np.nan]
    table = pa.table({"since": pa.array(stamps).cast(pa.timestamp(unit))})
    np.testing.assert_array_equal(matrix(table, SINCE).ravel(), expected)
    aware = table.set_column(0, "since", table.column(0).cast(pa.timestamp(unit, "Europe/Rome")))
    np.testing.assert_array_equal(matrix(aware, SINCE).ravel(), expected)
    texts = pa.table({"since": ["1969-12-31 23:59:58", "2026-11-22T10:20:30", None]})
    np.testing.assert_array_equal(matrix(texts, SINCE).ravel(), expected)


def test_categories_of_pandas_and_polars():
    frame = pd.DataFrame({"town": pd.Categorical(["Rome", None, "Oslo", "Bonn"])})
    for table in (
        frame,
        pl.DataFrame({"town": ["Rome", None, "Oslo", "Bonn"]}, {"town": pl.Categorical}),
    ):
        np.testing.assert_array_equal(matrix(table, TOWN).ravel(), [1, np.nan, 2, 0])


def csv_of(folder, values):
    (folder / "t.csv").write_text("since,z\n" + "".join(f"{v},1\n" for v in values), "utf-8")
    return folder / "t.csv"


def test_dates_with_a_time_zone_are_utc(tmp_path):
    """Each text by itself, so that it does not matter what else is in its block."""
    texts = [
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00+01:00",
        "2026-11-22 10:00:00.25-0530",
        "",
        "2026-11-22 10:00",
        "2026-11-22",
        "2026-11-22 10:00:00+01",
    ]
    noon = pd.Timestamp("2026-11-22 10:00").timestamp()
    hours = [0, -1, 5.5, np.nan, 0, -10, -1]
    expected = noon + 3600 * np.array(hours) + np.array([0, 0, 0.25, 0, 0, 0, 0])
    found = matrix(csv_of(tmp_path, texts), SINCE).ravel()
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(matrix(csv_of(tmp_path, texts[::-1]), SINCE)[::-1, 0], expected)
    decided = decide(survey(open_source(tmp_path / "t.csv")))
    assert decided[0].kind == "date"
    typed = pd.DataFrame({"since": pd.to_datetime([texts[1]] * 2)})
    assert matrix(typed, SINCE).tolist() == [[noon - 3600]] * 2


@pytest.mark.parametrize("strange", ["2026-11-22 10:00 Europe/Berlin", "2026-13-22T10:00:00Z"])
def test_a_zone_that_is_none(tmp_path, strange):
    path = csv_of(tmp_path, ["2026-11-22T10:00:00Z", strange])
    with pytest.raises(DataError, match=r"row 2: required a date .*came '2026-1"):
        matrix(path, SINCE)


def test_fractions_have_the_same_names_in_every_type(tmp_path):
    """A float32 says 0.1, not the float64 that it is."""
    values = [0.1, 0.25, 3.0, np.nan, 1e-5, 0.1]
    levels = ("1e-05", "0.1", "0.25", "3")
    column = Column("since", "category", levels)
    expected = [1, 2, 3, np.nan, 0, 1]
    tables = [pd.DataFrame({"since": np.array(values, kind)}) for kind in ("f4", "f8")]
    tables += [csv_of(tmp_path, values), ArraySource(np.array(values, "f4"), ["since"])]
    tables += [pa.table({"since": pa.array(values, pa.float32())})]
    for table in tables:
        np.testing.assert_array_equal(matrix(table, column).ravel(), expected)
        found = survey(open_source(table))
        assert decide(found, kinds={"since": "category"})[0].levels == levels


def test_whole_numbers_that_float64_has_not(tmp_path):
    """They go to the nearest, and what is decided says so."""
    big = 2**53
    table = pd.DataFrame({"since": [big, big + 1, big + 2, -5] * 3})
    assert matrix(table, Column("since", "number"))[:3, 0].tolist() == [big, big, big + 2]
    for source in (table, csv_of(tmp_path, table["since"])):
        decided = decide(survey(open_source(source)), kinds={"since": "category"})[0]
        assert decided.levels == ("-5", str(big), str(big + 2))
        assert decided.why.endswith("whole numbers beyond 2^53, taken to the nearest float64")
    below = pd.DataFrame({"since": [big - 1, 1 - big, 0]})
    assert "2^53" not in decide(survey(open_source(below)))[0].why
