"""The same rows, whatever they come from and however they are cut into blocks."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables.conftest import FORMS, N

from chainrule.errors import DataError
from chainrule.tables.deciding import decide
from chainrule.tables.encoding import encoded
from chainrule.tables.source import ArraySource, open_source
from chainrule.tables.survey import survey

KINDS = {"rooms": "category"}


def matrix(source, columns, rows=50, start=0):
    parts = list(encoded(source, columns, rows, start))
    for at, (first, part) in enumerate(parts):
        assert first == start + at * rows
        assert len(part) == rows or at == len(parts) - 1
    return np.concatenate([part for _, part in parts])


def columns_of(source):
    return tuple(each.column for each in decide(survey(source), kinds=KINDS))


@pytest.fixture(scope="module")
def expected(forms):
    """The matrix, made by pandas."""
    frame = forms["pandas"]
    towns = sorted(frame["town"].dropna().unique())
    day = frame["since"].astype("datetime64[s]").astype("int64")
    return np.column_stack(
        [
            frame["age"],
            frame["floor"],
            frame["town"].map({town: at for at, town in enumerate(towns)}),
            frame["owner"].astype(float),
            day,
            frame["rooms"] - 1,
        ]
    )


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_decisions_and_the_same_matrix(forms, expected, form):
    source = open_source(forms[form])
    columns = columns_of(source)
    assert [(c.name, c.kind) for c in columns] == [
        ("age", "number"),
        ("floor", "number"),
        ("town", "category"),
        ("owner", "category"),
        ("since", "date"),
        ("rooms", "category"),
    ]
    assert columns[2].levels == ("Bonn", "Rome", 'the "Hague"', "Århus, DK")
    assert columns[3].levels == ("false", "true")
    assert columns[5].levels == ("1", "2", "3", "4")
    np.testing.assert_array_equal(matrix(source, columns), expected)


@pytest.mark.parametrize("taught", ["csv", "parquet"])
@pytest.mark.parametrize("asked", ["csv", "parquet", "polars"])
def test_what_one_form_taught_another_understands(forms, expected, taught, asked):
    columns = columns_of(open_source(forms[taught]))
    np.testing.assert_array_equal(matrix(open_source(forms[asked]), columns), expected)


@pytest.mark.parametrize("form", ["csv", "parquet", "feather", "polars", "categories"])
@settings(max_examples=25)
@given(rows=st.integers(1, N + 5), start=st.integers(0, N + 3))
def test_blocks_of_any_size_from_any_row(forms, expected, form, rows, start):
    source = open_source(forms[form])
    columns = columns_of(source)
    if start >= N:
        assert list(encoded(source, columns, rows, start)) == []
        return
    np.testing.assert_array_equal(matrix(source, columns, rows, start), expected[start:])


@settings(max_examples=25)
@given(rows=st.integers(1, 30), start=st.integers(0, 24))
def test_blocks_of_an_array(rows, start):
    X = np.arange(50.0).reshape(25, 2)
    source = ArraySource(X)
    parts = [block.numbers("x2") for block in source.blocks(rows, start=start)]
    np.testing.assert_array_equal(np.concatenate(parts), X[start:, 1])


def test_arrays_in_files(tmp_path):
    X = np.random.RandomState(0).normal(size=(6, 2))
    X[1, 1] = np.inf
    np.save(tmp_path / "X.npy", X)
    np.savez(tmp_path / "one.npz", rows=X)
    np.savez(tmp_path / "several.npz", rows=X, y=X[:, 0])
    np.savez(tmp_path / "named.npz", X=X, y=X[:, 0])
    one = open_source(X)
    columns = columns_of_plain(one)
    expected = np.where(np.isinf(X), np.nan, X)
    for source in (
        one,
        open_source(tmp_path / "X.npy"),
        open_source(tmp_path / "one.npz"),
        open_source(tmp_path / "several.npz", array="rows"),
        open_source(tmp_path / "named.npz"),
    ):
        np.testing.assert_array_equal(matrix(source, columns, 4), expected)
    with pytest.raises(DataError, match=r"holds the arrays 'rows', 'y': say which.*array='rows'"):
        open_source(tmp_path / "several.npz")


def columns_of_plain(source):
    return tuple(each.column for each in decide(survey(source)))


def test_a_source_is_itself_and_other_objects_are_none():
    source = ArraySource(np.eye(2))
    assert open_source(source) is source
    with pytest.raises(DataError, match=r"came an object of type builtins\.list"):
        open_source([[1.0]])


def test_the_index_of_pandas_is_no_column(tmp_path):
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}, index=[7, 3])
    frame.to_parquet(tmp_path / "t.parquet")
    assert "__index_level_0__" in pq.read_schema(tmp_path / "t.parquet").names
    assert open_source(frame).names == open_source(tmp_path / "t.parquet").names == ("a", "b")
    (block,) = open_source(tmp_path / "t.parquet").blocks(9)
    assert block.names == ("a", "b")


def test_dots_in_names(tmp_path):
    table = pa.table({"a": [1.0], "a.b": [2.0], "a.b.c": [3.0]})
    pq.write_table(table, tmp_path / "t.parquet")
    for given_ in (table, tmp_path / "t.parquet"):
        (block,) = open_source(given_).blocks(5, columns=["a.b"])
        assert block.numbers("a.b").tolist() == [2.0]


# Bad files


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "X.npy", "X.npz"])
def test_a_file_cut_in_half(forms, tmp_path, name):
    path = tmp_path / name
    if name.startswith("X"):
        (np.save if name.endswith("y") else np.savez)(path, np.random.rand(50, 4))
    else:
        path.write_bytes(forms[name[2:]].read_bytes())
    with pytest.raises(DataError, match=rf"{name} (cannot be read|is not)"):
        list(open_source(cut_in_half(path)).blocks(10))


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.arrow", "t.npy", "t.npz"])
def test_an_empty_file(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(DataError, match=rf"{name} is empty"):
        open_source(tmp_path / name)


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.npy", "t.npz"])
def test_a_file_of_another_kind(tmp_path, name):
    (tmp_path / name).write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=rf"{name} (cannot be read|is not)"):
        open_source(tmp_path / name)


def test_paths_that_lead_nowhere(tmp_path):
    (tmp_path / "t.csv").mkdir()
    for name, said in (("t.xlsx", "ends in one of"), ("u.csv", "not exist"), ("t.csv", "a folder")):
        with pytest.raises(DataError, match=said):
            open_source(tmp_path / name)


def test_options_that_a_file_does_not_have(forms):
    with pytest.raises(DataError, match=r"no option 'delimiter' of a \.parquet file \(none\)"):
        open_source(forms["parquet"], delimiter=";")
    with pytest.raises(DataError, match=r"no option 'sep' of a \.csv file \(delimiter"):
        open_source(forms["csv"], sep=";")


@pytest.mark.parametrize(
    "array",
    [np.array([[1, "a"]], object), np.array(["a"]), np.zeros((2, 2, 2)), np.array([[1j]])],
    ids=["objects", "texts", "a cube", "complex"],
)
def test_arrays_that_are_no_rows_of_numbers(array, tmp_path):
    np.save(tmp_path / "X.npy", array, allow_pickle=True)
    np.savez(tmp_path / "X.npz", array)
    for given_ in (tmp_path / "X.npy", tmp_path / "X.npz", array):
        with pytest.raises(DataError, match=r"numbers"):
            list(open_source(given_).blocks(5))


def test_columns_of_one_name(tmp_path):
    table = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(table, tmp_path / "t.parquet")
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    for given_ in (table, tmp_path / "t.parquet", frame):
        with pytest.raises(DataError, match=r"(?i)duplicate|one called 'a'"):
            open_source(given_)


def test_a_table_without_columns():
    with pytest.raises(DataError, match="has no columns"):
        open_source(pa.table({}))
