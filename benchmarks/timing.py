"""Fair timings: the contenders take turns, and medians are compared."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

__all__ = ["Row", "gemm_gflops", "peak_memory_mb", "process_seconds", "side_by_side"]


@dataclass(frozen=True)
class Row:
    """One line of the table: medians in seconds by contender, and what was asked for."""

    work: str
    seconds: Mapping[str, float]
    asked: Mapping[str, float]
    gflop: float = 0.0
    note: str = ""

    def ratio(self, other: str) -> float:
        return self.seconds[other] / self.seconds["chainrule"]


def side_by_side(
    contenders: Mapping[str, Callable[[], object]], repeats: int, warm_up: bool = True
) -> dict[str, float]:
    """Median seconds of each; in every round each runs once, so that noise hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    if warm_up:
        contenders["chainrule"]()
    for _ in range(repeats):
        for name, work in contenders.items():
            started = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


def process_seconds(code: str, repeats: int, cache: str) -> float:
    """Median wall time of a whole Python process that runs ``code``."""
    environment = {**os.environ, "CHAINRULE_CACHE": cache}
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, env=environment)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def peak_memory_mb(code: str) -> float:
    """Peak resident memory of a process that runs ``code``, in MB (Linux)."""
    # VmHWM belongs to the new program; ru_maxrss remembers the process that forked it
    measure = f"{code}\nprint([x for x in open('/proc/self/status') if 'VmHWM' in x][0].split()[1])"
    out = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", measure], check=True, capture_output=True, text=True
    )
    return int(out.stdout.split()[-1]) * 1024 / 1e6


def gemm_gflops(size: int = 2048, repeats: int = 9) -> float:
    """What a large float32 matrix product reaches here, in GFLOP/s: the best of JAX and NumPy."""
    import jax

    a = np.random.default_rng(0).random((size, size), dtype=np.float32)
    product = jax.jit(lambda x: x @ x)
    best = float("inf")
    for work in (lambda: product(a).block_until_ready(), lambda: a @ a):
        work()
        for _ in range(repeats):
            started = time.perf_counter()
            work()
            best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best / 1e9


def flop_per_epoch(sizes: tuple[int, ...], rows: int) -> float:
    """Multiply-adds of forward and backward (no gradient of the input), times two."""
    products = [a * b for a, b in pairwise(sizes)]
    return rows * (6.0 * sum(products) - 2.0 * products[0])
