"""A file of ten times the rows takes no more memory."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow.parquet import ParquetWriter

import chainrule
from chainrule import MLPRegressor

COLUMNS = 50
GROUP = 15_000
CODE = """
import sys
from pathlib import Path
from chainrule.streams.predict import predict_batches
rows = sum(len(b.predictions) for b in predict_batches(sys.argv[1], sys.argv[2], memory="300MB"))
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


def taken(model, path, groups):
    """Rows, and MiB at the most, of a prediction in a process of its own."""
    X = np.random.RandomState(0).normal(size=(GROUP, COLUMNS)).astype(np.float32)
    table = pa.table({f"x{at}": X[:, at] for at in range(COLUMNS)})
    with ParquetWriter(path, table.schema, compression="none", use_dictionary=False) as writer:
        for _ in range(groups):
            writer.write_table(table)
    done = subprocess.run(
        [sys.executable, "-c", CODE, model, path], capture_output=True, text=True, check=True
    )
    return map(int, done.stdout.split())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory so")
def test_memory_is_flat(model, tmp_path):
    few, least = taken(model, tmp_path / "few.parquet", 2)
    many, most = taken(model, tmp_path / "many.parquet", 20)
    assert (few, many) == (2 * GROUP, 20 * GROUP)
    assert most < 300
    assert most - least < 30  # the rows that are more are 51 MiB
