"""Files that are read some columns at a time give the blocks that they give otherwise."""

import os
import subprocess
import sys
import tempfile
from collections import deque
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import DataError
from chainrule.tables import by_columns
from chainrule.tables.by_columns import in_parts, side_by_side, step_rows
from chainrule.tables.source import open_source

N = 150
VIEWS = {pa.string_view(): pa.large_string()}


def kinds() -> pa.Table:
    """A column of each kind, with gaps."""
    random = np.random.RandomState(0)
    gaps = random.rand(N) < 0.2
    words = [None if gap else f"word {at % 7}" for at, gap in enumerate(gaps)]
    return pa.table(
        {
            "few": pa.array(random.normal(size=N).astype(np.float32), mask=gaps),
            "double": random.normal(size=N),
            "whole": pa.array(random.randint(0, 9, N), mask=gaps),
            "byte": random.randint(0, 256, N).astype(np.uint8),
            "true": pa.array(random.rand(N) < 0.5, mask=gaps),
            "text": words,
            "category": pa.array(words).dictionary_encode(),
            "when": [datetime(2020, 2, 28) + timedelta(hours=at) for at in range(N)],
            "price": [Decimal(at) / 4 for at in range(N)],
            "nothing": pa.nulls(N),
            "list": [[at] * (at % 3) for at in range(N)],
            "nested": [{"a": at, "b": str(at)} for at in range(N)],
            "few.dotted": random.normal(size=N),
        }
    )


NAMES = tuple(kinds().column_names)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, table = tmp_path_factory.mktemp("files"), kinds()
    pq.write_table(table, folder / "one.parquet")
    pq.write_table(table, folder / "several.parquet", row_group_size=37, compression="none")
    views = table.set_column(5, "text", table["text"].cast(pa.string_view()))
    for name, rows, packed in (("one", N, "zstd"), ("several", 41, "lz4"), ("plain", N, None)):
        options = pa.ipc.IpcWriteOptions(compression=packed)
        with pa.ipc.new_file(folder / f"{name}.arrow", views.schema, options=options) as writer:
            writer.write_table(views, max_chunksize=rows)
    return folder


def read(path, room, rows, start=0, columns=None):
    """Each block's first row, the types of its columns, and its values."""
    found = []
    for block in open_source(path, room=room).blocks(rows, start=start, columns=columns):
        batch = block.batch
        types = [VIEWS.get(field.type, field.type) for field in batch.schema]
        found.append((block.start, block.names, types, batch.to_pydict()))
    return found


FILES = ("one.parquet", "several.parquet", "one.arrow", "several.arrow", "plain.arrow")


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, N + 5),
    start=st.integers(0, N + 3),
    columns=st.none() | st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    room=st.sampled_from([1, 2000, 10_000]),
    few=st.booleans(),
)
def test_blocks_are_those_of_all_columns_at_once(files, name, rows, start, columns, room, few):
    path = files / name
    with pytest.MonkeyPatch.context() as patch:
        if few:  # batches of fewer rows than a block has
            patch.setattr(by_columns, "STEP_BYTES", 1)
            patch.setattr(by_columns, "FEWEST", 7)
        found = read(path, room, rows, start, columns)
    expected = read(path, None, rows, start, columns)
    for (at, names, types, values), (at_, names_, types_, values_) in zip(
        found, expected, strict=True
    ):
        assert at == at_
        wanted = NAMES if columns is None else columns  # Parquet reads "few.dotted" with "few"
        for each in wanted:
            assert types[names.index(each)] == types_[names_.index(each)]
            assert values[each] == values_[each]


@given(
    st.dictionaries(st.text(min_size=1), st.integers(0, 50), min_size=1),
    st.integers(1, 100),
)
def test_parts_have_all_columns_in_order_and_room(sizes, room):
    parts = in_parts(list(sizes), sizes, room)
    assert [name for part in parts for name in part] == list(sizes)
    totals = [sum(sizes[name] for name in part) for part in parts]
    assert all(total <= room or len(part) == 1 for total, part in zip(totals, parts, strict=True))
    for at in range(len(parts) - 1):  # none is begun before there must be
        assert totals[at] + sizes[parts[at + 1][0]] > room


def test_batches_are_small_and_no_larger_than_blocks():
    assert step_rows(784, 50_000) == 2**23 // (8 * 784)
    assert step_rows(10, 50) == 50
    assert step_rows(10**6, 50_000) == 64


# The temporary file


@pytest.fixture
def spare(tmp_path, monkeypatch):
    """The temporary files that are open."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def found():
        links = []
        for each in Path("/proc/self/fd").iterdir():
            try:
                links.append(str(each.readlink()))
            except OSError:  # the folder's own
                continue
        return [link for link in links if link.startswith(str(tmp_path))]

    yield found
    assert list(tmp_path.iterdir()) == []


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists what is open so")


@linux
@pytest.mark.parametrize("name", ["one.parquet", "one.arrow"])
def test_the_temporary_file_is_gone_after_the_last_block(files, spare, name):
    blocks = open_source(files / name, room=1).blocks(50)
    next(blocks)
    assert len(spare()) == 1
    deque(blocks, maxlen=0)
    assert spare() == []


@linux
@pytest.mark.parametrize("name", ["one.parquet", "one.arrow"])
def test_the_temporary_file_is_gone_when_no_more_blocks_are_wanted(files, spare, name):
    blocks = open_source(files / name, room=1).blocks(50)
    next(blocks)
    assert len(spare()) == 1
    blocks.close()
    assert spare() == []


@linux
@pytest.mark.parametrize(("name", "room"), [("one.parquet", 10**6), ("plain.arrow", 1)])
def test_there_is_none_where_none_is_needed(files, spare, name, room):
    """Columns that fit, and values that lie in the file as they are."""
    for _ in open_source(files / name, room=room).blocks(50):
        assert spare() == []


@linux
def test_the_temporary_file_is_gone_after_an_error(files, spare, tmp_path_factory):
    with pq.ParquetFile(files / "one.parquet") as file:
        chunk = file.metadata.row_group(0).column(NAMES.index("double"))
    broken = bytearray((files / "one.parquet").read_bytes())
    at = chunk.data_page_offset
    broken[at : at + 200] = b"\xff" * 200
    path = tmp_path_factory.mktemp("broken") / "broken.parquet"
    path.write_bytes(broken)
    with pytest.raises(DataError, match=r"broken.parquet cannot be read as Parquet"):
        list(open_source(path, room=1).blocks(50))
    assert spare() == []


FULL = """
import resource, sys
from chainrule.errors import DataError
from chainrule.tables.source import open_source
resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, 2**16))  # no file may become larger
try:
    for block in open_source(sys.argv[1], room=1).blocks(1000):
        pass
except DataError as error:
    print(error)
"""


@linux
def test_a_disk_without_space(tmp_path):
    table = pa.table({f"x{at}": np.random.RandomState(at).normal(size=5000) for at in range(3)})
    pq.write_table(table, tmp_path / "t.parquet")
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path / "t.parquet"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert f"{tmp_path}: the columns of {tmp_path / 't.parquet'} do not fit" in done.stdout
    assert "File too large" in done.stdout
    assert "TMPDIR" in done.stdout
    assert [each.name for each in tmp_path.iterdir()] == ["t.parquet"]


def test_parts_of_different_length_are_no_rows():
    batch = pa.record_batch({"a": [1, 2]})
    with pytest.raises(ValueError, match="shorter"):
        list(side_by_side([iter([batch, batch]), iter([batch])], "it"))
