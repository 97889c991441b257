"""Kill a run again and again, and look whether it ends with the bits of an unbroken one:
``python -m benchmarks.kill_and_resume [--kills 100] [--load CORES]``.

A run of some seconds on digits is begun in a process of its own and killed (SIGKILL) at a random
moment, gone on with, killed again, until it comes to its end; then the next is begun, until there
were as many kills as asked for (at most about a quarter of them when all is trained). States are
saved many times a second, and a third of the kills wait for a file that is being written.

Compared are ``metrics.jsonl``, ``results.json``, ``report.html`` (all but for wall times) and every
array of the model. After each kill, the run is read as ``chainrule runs`` reads it. Exits with
status 1 if anything differs, is left over or fails.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from chainrule.experiments import runs, toml
from chainrule.experiments.results import Results
from chainrule.files import lock
from chainrule.files.container import read_arrays, read_layout

NET = {
    "init": {"name": "normal", "scale": 0.1},  # a table before values: their order is kept
    "hidden_layer_sizes": [64, 32],
    "dropout": 0.2,
    "batch_size": 16,
    "random_state": 3,
}
SPEC = {
    "name": "killed",
    "kind": "compare",
    "title": "A run to be killed",
    "question": "Does it end with the same bits?",
    "source": {"key": "own", "title": "a test"},
    "data": {
        "name": "digits",
        "samples": 2,
        "split": {"scheme": "three-way", "held_out": 0.6, "seed": 1},
    },
    "chosen": "adam",
    "folds": 2,
    "threads": 1,
    "hardest": 1,
    "models": {
        "lr": {
            "label": "Logistic regression",
            "family": "logistic-regression",
            "prepare": ["unit"],
            "settings": {"max_iter": 200},
            "grid": {"C": [0.1, 1.0]},
        },
        "sgd": {
            "label": "Momentum, adaptive rate",
            "family": "mlp",
            "prepare": ["unit"],
            "dtype": "float32",
            "settings": NET
            | {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1,
               "max_iter": 100, "n_iter_no_change": 5},
        },
        "adam": {
            "label": "Adam, early stopping",
            "family": "mlp",
            "prepare": ["unit"],
            "dtype": "float32",
            "settings": NET | {"max_iter": 200, "early_stopping": True,
                               "n_iter_no_change": 200, "learning_rate_init": 0.0003},
            "grid": {"l2": [0.0, 0.001]},
            "baseline": {"max_iter": 5},
            "seeds": {"count": 2},
        },
    },
}  # fmt: skip

LATE = "while results, model and report were written"
LATE_SHARE = 4
"""Of the kills, at most about one in so many comes when all is trained."""

CHILD = """
from chainrule.cli import main
from chainrule.experiments import keeping
keeping.SECONDS, keeping.SHARE = {seconds}, float("inf")
main()
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kill_and_resume", description=__doc__.partition(":\n")[0]
    )
    parser.add_argument("--kills", type=int, default=100, help="how many (default 100)")
    parser.add_argument(
        "--load",
        type=int,
        default=os.cpu_count() or 1,
        help="processes that keep the cores busy meanwhile (default: one a core)",
    )
    parser.add_argument(
        "--every", type=float, default=0.05, help="seconds between states (default 0.05)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default 0)")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chainrule-kills-"))
    os.environ.setdefault("CHAINRULE_CACHE", str(folder / "cache"))
    with busy(arguments.load):
        trial = Trial(folder, arguments.every, random.Random(arguments.seed))
        while trial.kills < arguments.kills and not trial.failures:
            trial.once(arguments.kills)
    trial.report()
    if trial.failures:
        print(f"kept: {folder}")
        raise SystemExit(1)
    shutil.rmtree(folder)


class Trial:
    """Runs that are killed, and what became of them."""

    def __init__(self, folder: Path, every: float, moments: random.Random) -> None:
        self.folder, self.moments = folder, moments
        self.command = [sys.executable, "-c", CHILD.format(seconds=every)]
        self.runs = self.kills = 0
        self.found: Counter[str] = Counter()  # where the kills came
        self.failures: list[str] = []
        self.spec = folder / "spec.toml"
        self.spec.write_text(toml.dumps(SPEC), "utf-8")
        self.whole = folder / "whole"
        self.start("run", self.spec, "--out", self.whole).wait()  # compiles what is not compiled
        shutil.rmtree(self.whole)
        process = self.start("run", self.spec, "--out", self.whole)
        wait_for_lock(self.whole, process)
        at_work = time.monotonic()
        if process.wait() != 0:
            raise SystemExit("The unbroken run failed.")
        self.seconds = time.monotonic() - at_work
        print(f"the unbroken run: {self.seconds:.1f} s at work", flush=True)

    def start(self, *arguments: Any) -> subprocess.Popen:
        return subprocess.Popen([*self.command, *map(str, arguments), "--quiet"])

    def once(self, kills: int) -> None:
        """One run, from its beginning to its end, with kills on the way."""
        self.runs += 1
        path = self.folder / f"run-{self.runs}"
        process = self.start("run", self.spec, "--out", path)
        while self.kills < kills:
            wait_for_lock(path, process)
            # Of the longest moments some come too late; of the shortest, some before any state.
            time.sleep(self.seconds * self.moments.random() ** 2)
            if self.moments.random() < 1 / 3:
                wait_for_write(path, process)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.kills += 1
            self.look(path)
            if not (path / "spec.toml").exists():
                break
            process = self.start("resume", path)
            if (path / "results.json").exists() and self.found[LATE] > self.kills / LATE_SHARE:
                break  # enough of those
        code = process.wait()
        if not (path / "spec.toml").exists():
            return  # killed before there was a run
        if code == -signal.SIGKILL:
            code = self.start("resume", path).wait()
        self.compare(path, code)
        if not self.failures:
            shutil.rmtree(path)
        print(f"{self.kills} kills, {self.runs} runs", flush=True)

    def look(self, path: Path) -> None:
        """What the kill left, for a viewer too."""
        self.failures += [f"{path.name}: {run.problem}" for run in runs(path) if run.problem]
        if list(path.rglob(".chainrule-*.tmp")):
            self.found["in the middle of a file's write"] += 1
        if not (path / "checkpoint").exists():
            place = "after the end"
        elif (path / "results.json").exists():
            place = LATE
        elif (path / "checkpoint" / "training.safetensors").exists():
            place = "with a state to go on from"
        else:
            place = "before the first state"
        self.found[place] += 1

    def compare(self, path: Path, code: int) -> None:
        if code not in (0, 2):  # 2: resumed when it was complete
            self.failures.append(f"{path.name}: exit status {code}")
            return
        leftovers = [*path.rglob(".chainrule-*.tmp"), *path.glob("checkpoint")]
        self.failures += [f"{path.name}: left over: {left.name}" for left in leftovers]
        for name, read in COMPARED.items():
            if not (path / name).exists():
                self.failures.append(f"{path.name}: no {name}")
            elif read(path / name) != read(self.whole / name):
                self.failures.append(f"{path.name}: {name} differs")

    def report(self) -> None:
        print(f"{self.kills} kills of {self.runs} runs")
        for place, count in self.found.most_common():
            print(f"  {count:4} {place}")
        print("\n".join(self.failures) or "every run ended with the bits of the unbroken one")


def metrics(path: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def results(path: Path) -> dict[str, Any]:
    return Results.model_validate_json(path.read_bytes()).comparable()


def model(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    layout = read_layout(BytesIO(data), len(data))
    arrays = read_arrays(BytesIO(data), layout)
    bits = {name: array.tobytes() for name, array in arrays.items() if name != "history.seconds"}
    header = json.loads(layout.text)
    header.pop("sha256")  # of all arrays, the wall times among them
    return {"header": header, **bits}


DURATION = r"(?:[\d.]+ m?s|\d+ min \d+ s|\d+ h \d+ min)"
TIMES = re.compile(
    r'<section id="timings">.*?</section>'  # with the moment of the start
    rf"|<dt>Wall time</dt><dd>{DURATION}</dd>"
    rf'|<td class="num">{DURATION}</td>',
    re.DOTALL,
)


def report(path: Path) -> str:
    """The page without the wall times and the moment of the start."""
    return TIMES.sub("", path.read_text("utf-8"))


COMPARED = {
    "metrics.jsonl": metrics,
    "results.json": results,
    "model.safetensors": model,
    "report.html": report,
}


def wait_for_lock(path: Path, process: subprocess.Popen) -> None:
    """Until the process is at work on the run, or ended."""
    while process.poll() is None and not lock.held(path / "checkpoint" / "lock"):
        time.sleep(0.005)


def wait_for_write(path: Path, process: subprocess.Popen) -> None:
    """Until a file is under way, or not for a while."""
    end = time.monotonic() + 1.0
    while process.poll() is None and time.monotonic() < end:
        for folder in (path, path / "checkpoint"):
            if any(folder.glob(".chainrule-*.tmp")):
                return


@contextmanager
def busy(count: int) -> Iterator[Sequence[subprocess.Popen]]:
    """Processes that do nothing but take time."""
    spinners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield spinners
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


if __name__ == "__main__":
    main()
