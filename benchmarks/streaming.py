"""Prediction from a Parquet file against prediction in memory, and the memory of long files.

``python -m benchmarks.streaming [--rows 200000] [--long 1000000 20000000]``

The rate is of a 784-512-256-128-10 network in float32; the long files have 20 columns. Each is
measured in a process of its own; files are made in a temporary folder and removed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROWS_OF_A_GROUP = 50_000

MEASURED = """
import json, resource, sys, time
import numpy as np
mode, model, file, memory = sys.argv[1:5]
started = time.perf_counter()
if mode == "memory":
    import chainrule
    import pyarrow.parquet as pq
    X = pq.read_table(file)
    X = np.column_stack([X.column(i).to_numpy() for i in range(X.num_columns)])
    est = chainrule.load(model)
    say = getattr(est, "predict_proba", None) or est.predict
    say(X[:5000])  # compiled
    started = time.perf_counter()
    rows = len(say(X))
else:
    from chainrule.streams.predict import predict_batches
    rows = sum(len(b.outputs) for b in predict_batches(model, file, memory=memory))
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": peak}))
"""


def write(path: Path, rows: int, columns: int) -> None:
    """Random float32 rows in row groups."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    random = np.random.default_rng(0)
    block = random.random((ROWS_OF_A_GROUP, columns), dtype=np.float32)
    table = pa.table({f"x{at}": block[:, at] for at in range(columns)})
    with ParquetWriter(path, table.schema, compression="none", use_dictionary=False) as writer:
        for _ in range(0, rows, ROWS_OF_A_GROUP):
            writer.write_table(table)


def network(path: Path, n_in: int, hidden: tuple[int, ...]) -> None:
    """A network that has seen one step."""
    import warnings

    import chainrule

    random = np.random.default_rng(0)
    X = random.random((256, n_in), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        est = chainrule.MLPClassifier(hidden, max_iter=1, random_state=0)
        chainrule.save(est.fit(X, np.arange(256) % 10), path, training_state=False)


def measured(mode: str, model: Path, file: Path, memory: str = "1GB") -> dict[str, float]:
    command = [sys.executable, "-c", MEASURED, mode, str(model), str(file), memory]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--long", type=int, nargs="*", default=[1_000_000, 20_000_000])
    parser.add_argument("--memory", default="1GB")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model, file = Path(folder) / "wide.safetensors", Path(folder) / "wide.parquet"
        network(model, 784, (512, 256, 128))
        write(file, given.rows, 784)
        rates = {}
        for mode in ("memory", "stream", "memory", "stream"):  # taking turns
            found = measured(mode, model, file, given.memory)
            rate = found["rows"] / found["seconds"]
            rates[mode] = max(rates.get(mode, 0.0), rate)
            print(f"{mode}: {rate:,.0f} rows/s, peak {found['peak_mb']:.0f} MB")
        print(f"streamed / in memory: {100 * rates['stream'] / rates['memory']:.0f} %")
        file.unlink()
        network(model, 20, (32,))
        for rows in given.long:
            write(file, rows, 20)
            found = measured("stream", model, file, given.memory)
            print(
                f"{found['rows']:,} rows of 20 columns: {found['seconds']:.1f} s, "
                f"peak {found['peak_mb']:.0f} MB of {given.memory}"
            )
            file.unlink()


if __name__ == "__main__":
    main()
