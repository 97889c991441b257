"""Prediction and training from a Parquet file against those in memory; the memory of long files.

``python -m benchmarks.streaming [--rows 200000] [--long 1000000 20000000] [--train]``

``--train`` measures training instead: rows a second of the epochs after the first, streamed in
windows (a quarter of the rows each, so that they do not fit) and in memory, and the peak memory of
an epoch of long files. Writing the rows down is told apart.

The rate is of a 784-512-256-128-10 network in float32, counted from the first answer on in both
cases: imports and compilation are in neither. The long files have 20 columns. Each is measured in a
process of its own; files are made in a temporary folder and removed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROWS_OF_A_GROUP = 50_000

PEAK = """
def peak_mb():
    # VmHWM belongs to this program; ru_maxrss remembers the process that forked it
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024
"""

MEASURED = (
    PEAK
    + """
import json, sys, time
import numpy as np
mode, model, file, memory = sys.argv[1:5]
begun = time.perf_counter()
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
    batches = predict_batches(model, file, memory=memory)
    first = len(next(batches).outputs)
    started = time.perf_counter()
    rows = sum(len(batch.outputs) for batch in batches)
now = time.perf_counter()
whole = rows + (first if mode == "stream" else 0)
print(json.dumps(dict(
    rows=whole, rate=rows / max(now - started, 1e-9), seconds=now - begun, peak_mb=peak_mb()
)))
"""
)

TRAINED = (
    PEAK
    + """
import json, sys, time, warnings
import numpy as np
mode, hidden, file, memory, rows_of_a_window = sys.argv[1:6]
warnings.simplefilter("ignore")
import chainrule
settings = dict(batch_size=128, max_iter=3, n_iter_no_change=99, random_state=0)
net = chainrule.MLPClassifier(tuple(json.loads(hidden)), **settings)
started = time.perf_counter()
if mode == "memory":
    import pyarrow.parquet as pq
    table = pq.read_table(file)
    whole = np.column_stack([table.column(i).to_numpy() for i in range(table.num_columns)])
    X, y = np.ascontiguousarray(whole[:, 1:-1]), whole[:, -1].astype(int)
    del table, whole
    net.fit(X, y)
    prepared = 0.0
else:
    window = int(rows_of_a_window) or None
    rows = chainrule.stream(file, "label", drop=["x0"], memory=memory, window_rows=window)
    rows.spooled(True, ["float64", "float32"])
    prepared = time.perf_counter() - started
    net.fit(rows)
seconds = net.history_["seconds"][1:].sum()
windows = getattr(net, "windows_", None)
print(json.dumps({
    "rows": net.t_ // 3, "rate": 2 * net.t_ / 3 / seconds,
    "peak_mb": peak_mb(), "written_s": prepared,
    "windows": windows.count if windows else 1, "loss": net.history_["train_loss"][-1],
}))
"""
)


def write(path: Path, rows: int, columns: int, *, labelled: bool = False) -> None:
    """Random float32 rows in row groups."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    random = np.random.default_rng(0)
    block = random.random((ROWS_OF_A_GROUP, columns), dtype=np.float32)
    table = pa.table({f"x{at}": block[:, at] for at in range(columns)})
    if labelled:
        table = table.append_column("label", pa.array((block[:, 0] * 10).astype(np.int8)))
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


def trained(mode: str, hidden: tuple[int, ...], file: Path, memory: str, window: int = 0) -> dict:
    command = [sys.executable, "-c", TRAINED, mode, json.dumps(hidden), str(file), memory]
    done = subprocess.run([*command, str(window)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure_training(folder: Path, given: argparse.Namespace) -> None:
    """Rates side by side, and the memory of long files."""
    file, rates = folder / "wide.parquet", {}
    write(file, given.rows, 784, labelled=True)
    for mode in ("memory", "stream", "memory", "stream"):  # taking turns
        found = trained(mode, (512, 256, 128), file, given.memory, given.rows // 4)
        rates[mode] = max(rates.get(mode, 0.0), found["rate"])
        print(
            f"{mode}: {found['rate']:,.0f} rows/s in {found['windows']} windows, peak "
            f"{found['peak_mb']:.0f} MB, written down in {found['written_s']:.1f} s"
        )
    print(f"streamed / in memory: {100 * rates['stream'] / rates['memory']:.0f} %")
    file.unlink()
    for rows in given.long:
        write(file, rows, 20, labelled=True)
        found = trained("stream", (32,), file, given.memory)
        print(
            f"{found['rows']:,} rows of 19 columns in {found['windows']} windows: "
            f"{found['rate']:,.0f} rows/s, peak {found['peak_mb']:.0f} MB of {given.memory}, "
            f"written down in {found['written_s']:.1f} s"
        )
        file.unlink()


def measured(mode: str, model: Path, file: Path, memory: str = "1GB") -> dict[str, float]:
    command = [sys.executable, "-c", MEASURED, mode, str(model), str(file), memory]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--long", type=int, nargs="*", default=[1_000_000, 20_000_000])
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--train", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.train:
            measure_training(Path(folder), given)
            return
        model, file = Path(folder) / "wide.safetensors", Path(folder) / "wide.parquet"
        network(model, 784, (512, 256, 128))
        write(file, given.rows, 784)
        rates = {}
        for mode in ("memory", "stream", "memory", "stream"):  # taking turns
            found = measured(mode, model, file, given.memory)
            rates[mode] = max(rates.get(mode, 0.0), found["rate"])
            print(
                f"{mode}: {found['rate']:,.0f} rows/s, the whole process {found['seconds']:.1f} s, "
                f"peak {found['peak_mb']:.0f} MB"
            )
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
