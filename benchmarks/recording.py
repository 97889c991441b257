"""What a run's books cost: ``python -m benchmarks.recording [--rounds 7] [--epochs 4]``.

One training (784-512-256-128-10, Adam, batch 64, dropout 0.2, 60,000 made images; 5,000 validated
on and 10,000 watched after each epoch) is done in three ways that take turns in one process: by
itself, with ``diagnose=True``, and as a run does it: diagnosed, its epochs written to
``metrics.jsonl``, its states kept. Printed is what the two take more than the first, by the least
time of each over the rounds (other programs only ever add to a time) and by the medians, and the
share of the time that was spent inside the diagnosis and the keeping.
"""

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from rich.console import Console

from chainrule.data.splits import Part
from chainrule.estimators.diagnosis import Examination
from chainrule.experiments import fitting
from chainrule.experiments.interrupt import Interrupt
from chainrule.experiments.keeping import TrainingKeeper, kept_fit
from chainrule.experiments.recorder import Recorder
from chainrule.search.journal import Journal

ROWS = {"train": 60_000, "validation": 5_000, "test": 10_000}
SETTINGS = {
    "hidden_layer_sizes": (512, 256, 128),
    "dropout": 0.2,
    "batch_size": 64,
    "alpha": 0.0,
    "input_scale": 255.0,
    "dtype": "float32",
    "tol": 0.0,
    "n_iter_no_change": 10**6,
    "random_state": 0,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recording", description=__doc__.partition(":\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=7, help="(default 7)")
    parser.add_argument("--epochs", type=int, default=4, help="of a training (default 4)")
    parser.add_argument(
        "--every", type=float, default=10.0, help="seconds between states (default 10, a run's)"
    )
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    random = np.random.default_rng(0)
    parts = {
        name: Part(random.integers(0, 256, (n, 784), np.uint8), random.integers(0, 10, n))
        for name, n in ROWS.items()
    }
    ways: dict[str, Callable[[], None]] = {
        "by itself": lambda: train(parts, arguments.epochs),
        "diagnosed": lambda: train(parts, arguments.epochs, diagnose=True),
        "as a run": lambda: as_a_run(parts, arguments.epochs, arguments.every),
    }
    train(parts, 1)  # compiles
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    inside: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(arguments.rounds):
        with clocked() as spent:
            order = [*ways][number % len(ways) :] + [*ways][: number % len(ways)]
            for name in order:
                spent[0], started = 0.0, time.perf_counter()
                ways[name]()
                seconds[name].append(time.perf_counter() - started)
                inside[name].append(spent[0] / seconds[name][-1])
        print(
            f"round {number + 1}:",
            ", ".join(f"{name} {times[-1]:.3f} s" for name, times in seconds.items()),
            flush=True,
        )
    bare = seconds["by itself"]
    for name in ("diagnosed", "as a run"):
        least, median = (
            middle(seconds[name]) / middle(bare) - 1 for middle in (min, statistics.median)
        )
        share = statistics.median(inside[name])
        print(
            f"{name}: {least:+.2%} by the least times, {median:+.2%} by the medians; "
            f"{share:.2%} of the time spent inside"
        )


def train(parts: dict[str, Part], epochs: int, diagnose: bool = False) -> fitting.Fitted:
    settings = {**SETTINGS, "max_iter": epochs, "diagnose": diagnose}
    return fitting.fit("mlp", settings, parts["train"], parts["validation"], parts["test"])


def as_a_run(parts: dict[str, Part], epochs: int, every: float) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Journal(Path(folder)) as journal,
        Interrupt() as interrupt,
        mock.patch("chainrule.experiments.keeping.SECONDS", every),
    ):
        console = Console(quiet=True)
        recorder = Recorder(Path(folder) / "metrics.jsonl", console, interrupt, journal)
        kept_fit("net", recorder, "mlp", {}, lambda: train(parts, epochs, True), recorded=True)


@contextmanager
def clocked() -> Iterator[list[float]]:
    """Counts the seconds inside the diagnosis and the keeper."""
    spent = [0.0]

    def timed(function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                spent[0] += time.perf_counter() - started

        return call

    with (
        mock.patch.object(Examination, "__call__", timed(Examination.__call__)),
        mock.patch.object(TrainingKeeper, "epoch", timed(TrainingKeeper.epoch)),
        mock.patch.object(TrainingKeeper, "keep", timed(TrainingKeeper.keep)),
    ):
        yield spent


if __name__ == "__main__":
    main()
