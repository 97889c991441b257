"""What open columns take is what Arrow's own count says that they take."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chainrule.tables.pages import BUFFER, open_sizes

N = 300_000
COLUMNS = 8
ONE_PAGE = {"data_page_size": 2**27, "max_rows_per_page": 10**8}


@pytest.fixture(scope="module")
def tables():
    random = np.random.RandomState(0)
    few = random.randint(0, 9, (COLUMNS, N))
    return {
        "numbers": pa.table(
            {f"x{at}": random.normal(size=N).astype(np.float32) for at in range(COLUMNS)}
        ),
        "texts": pa.table(
            {f"x{at}": pa.array(row).cast(pa.string()) for at, row in enumerate(few)}
        ),
    }


def told(path):
    with pq.ParquetFile(path) as file, path.open("rb") as opened:
        return open_sizes(file.metadata.row_group(0), opened)


@pytest.mark.parametrize(
    ("which", "options"),
    [
        ("numbers", {}),
        ("numbers", {"compression": "zstd", "use_dictionary": False}),
        ("numbers", {"compression": "none", "use_dictionary": False}),
        ("numbers", {"compression": "none", "use_dictionary": False, **ONE_PAGE}),
        ("numbers", {"use_dictionary": False, **ONE_PAGE}),
        ("numbers", {"data_page_version": "2.0"}),
        ("texts", {"compression": "zstd", "use_dictionary": False}),
        ("texts", {"use_dictionary": False, **ONE_PAGE}),
        ("texts", {"use_dictionary": False, "compression": "none", "max_rows_per_page": 2000}),
        ("numbers", {"use_dictionary": False, "max_rows_per_page": 500}),
    ],
)
def test_it_is_what_arrow_counts(tables, tmp_path, which, options):
    path = tmp_path / "t.parquet"
    pq.write_table(tables[which], path, row_group_size=N, **options)
    before, most = pa.total_allocated_bytes(), 0
    with pq.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False) as file:
        for batch in file.iter_batches(500, use_threads=False):
            most = max(most, pa.total_allocated_bytes() - before - batch.nbytes)
    assert 0.75 * most < sum(told(path).values()) < 1.35 * most


def test_a_small_dictionary_is_a_small_column(tables, tmp_path):
    pq.write_table(tables["texts"], tmp_path / "t.parquet", row_group_size=N)
    assert max(told(tmp_path / "t.parquet").values()) < N  # 4 bits a row, twice


def test_of_a_nested_column_all_is_counted(tmp_path):
    table = pa.table({"a": [{"b": 1, "c": "x"}], "d": [[1]]})
    pq.write_table(table, tmp_path / "t.parquet")
    sizes = told(tmp_path / "t.parquet")
    assert sizes["a"] == sizes["a.b"] + sizes["a.c"] > sizes["a.b"] > 0
    assert sizes["d"] > 0


def test_a_header_that_is_none_counts_as_the_whole_column(tables, tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(tables["numbers"], path, row_group_size=N, use_dictionary=False)
    with pq.ParquetFile(path) as file:
        chunk = file.metadata.row_group(0).column(0)
    broken = bytearray(path.read_bytes())
    broken[chunk.data_page_offset] ^= 0xFF
    path.write_bytes(broken)
    assert told(path)["x0"] == BUFFER + chunk.total_uncompressed_size
