"""A file of ten times the rows takes no more memory, and no file of answers does."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow.parquet import ParquetWriter, write_table

import chainrule
from chainrule import MLPRegressor
from chainrule.streams.memory import reading_room

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

COLUMNS = 50
GROUP = 15_000
COUNTED = """
from chainrule.streams.predict import predict_batches
rows = sum(len(b.predictions) for b in predict_batches(model, source, memory="300MB"))
"""
WRITTEN = """
from chainrule.streams.writing import predict_to
rows = predict_to(model, source, source + OUT, memory="300MB")
"""
EVALUATED = """
from chainrule.streams.evaluate import evaluate
rows = evaluate(model, source, target="x0", memory="300MB")["rows"]
"""
CODE = """
import sys
from pathlib import Path
model, source = sys.argv[1:]
{work}
# ru_maxrss would begin with what the process that started this one had
(most,) = [each for each in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in each]
print(rows, int(most.split()[1]) // 1024)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    X = np.random.RandomState(0).normal(size=(20, COLUMNS)).astype(np.float32)
    net = MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0).fit(X, X[:, 0])
    path = tmp_path_factory.mktemp("model") / "m"
    chainrule.save(net, path)
    return path


def taken(model, path, work):
    """Rows, and MiB at the most, of a process of its own."""
    code = CODE.format(work=work)
    done = subprocess.run(
        [sys.executable, "-c", code, model, path], capture_output=True, text=True, check=True
    )
    return map(int, done.stdout.split())


def table(path, groups, columns=COLUMNS, rows=GROUP):
    X = np.random.RandomState(0).normal(size=(rows, columns)).astype(np.float32)
    table = pa.table({f"x{at}": X[:, at] for at in range(columns)})
    with ParquetWriter(path, table.schema, compression="none", use_dictionary=False) as writer:
        for _ in range(groups):
            writer.write_table(table)
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory so")
def test_memory_is_flat(model, tmp_path):
    few, least = taken(model, table(tmp_path / "few.parquet", 2), COUNTED)
    many, most = taken(model, table(tmp_path / "many.parquet", 20), COUNTED)
    assert (few, many) == (2 * GROUP, 20 * GROUP)
    assert most < 300
    assert most - least < 30  # the rows that are more are 51 MiB


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory so")
@pytest.mark.parametrize("out", [".csv", ".parquet", ".npy"])
def test_many_outputs_are_written_in_the_memory_given(out, tmp_path):
    """40 of each row, of few inputs: 100,000 rows of them are 15 MiB, as texts some 270."""
    X = np.random.RandomState(0).normal(size=(20, 2)).astype(np.float32)
    net = MLPRegressor(hidden_layer_sizes=(2,), solver="lbfgs", random_state=0)
    chainrule.save(net.fit(X, np.outer(X[:, 0], np.arange(40))), tmp_path / "m")
    source = table(tmp_path / "rows.parquet", 2, columns=2, rows=50_000)
    rows, most = taken(tmp_path / "m", source, WRITTEN.replace("OUT", repr(out)))
    assert rows == 100_000
    assert most < 300


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory so")
def test_evaluation_is_within_the_memory_given(tmp_path):
    X = np.random.RandomState(0).normal(size=(20, 2)).astype(np.float32)
    net = MLPRegressor(hidden_layer_sizes=(2,), solver="lbfgs", random_state=0)
    chainrule.save(net.fit(X, X[:, 0]), tmp_path / "m")
    source = table(tmp_path / "rows.parquet", 10, columns=3, rows=100_000)
    rows, most = taken(tmp_path / "m", source, EVALUATED)
    assert rows == 1_000_000
    assert most < 300


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory so")
@pytest.mark.parametrize("name", ["wide.parquet", "packed.arrow", "plain.arrow"])
def test_many_columns_are_read_in_the_memory_given(name, tmp_path):
    """One row group with a dictionary of each column, or one batch: read at once, they would take
    100 MB (what is not packed) to 250 MB beside Python and the libraries."""
    random, columns, rows = np.random.RandomState(0), 400, 60_000
    few = [random.normal(size=rows).astype(np.float32) for _ in range(10)]
    wide = pa.table({f"x{at}": few[at % 10] for at in range(columns)})
    X = random.normal(size=(20, columns)).astype(np.float32)
    net = MLPRegressor(hidden_layer_sizes=(2,), solver="lbfgs", max_iter=2, random_state=0)
    chainrule.save(net.fit(X, X[:, 0]), tmp_path / "m")
    if name.endswith("parquet"):
        write_table(wide, tmp_path / name, row_group_size=rows)
    else:
        options = pa.ipc.IpcWriteOptions(compression="zstd" if "packed" in name else None)
        with pa.ipc.new_file(tmp_path / name, wide.schema, options=options) as writer:
            writer.write_table(wide)
    n_rows, most = taken(tmp_path / "m", tmp_path / name, COUNTED)
    assert n_rows == rows
    assert most < 180


def test_what_reading_may_take_goes_by_the_memory(tmp_path):
    assert reading_room("1GB") == 250 * 10**6
    path = table(tmp_path / "rows.parquet", 1, columns=3, rows=10)
    assert chainrule.stream(path, "x0", memory="1GB").source.room == 250 * 10**6
