"""Fair timings: each contender in a process of its own, taking turns; medians are compared."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

import numpy as np

__all__ = ["gemm_gflops", "peak_memory_mb", "processes_in_turn", "workers_in_turn"]

PYTHON = [sys.executable, "-W", "ignore"]


def workers_in_turn(case: str, contenders: list[str], repeats: int) -> dict[str, float]:
    """Median seconds of each; in every round each runs once, so that noise hits all alike."""
    workers = {name: _start(case, name) for name in contenders}
    times: dict[str, list[float]] = {name: [] for name in contenders}
    try:
        for _ in range(repeats):
            for name, worker in workers.items():
                times[name].append(float(_ask(worker)))
    finally:
        for worker in workers.values():
            worker.stdin.close()
            worker.wait()
    return {name: statistics.median(values) for name, values in times.items()}


def _start(case: str, contender: str) -> subprocess.Popen:
    command = [*PYTHON, "-m", "benchmarks.worker", case, contender]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if worker.stdout.readline() != "ready\n":
        raise RuntimeError(f"{contender} did not start for the case {case}; see its error above.")
    return worker


def _ask(worker: subprocess.Popen) -> str:
    worker.stdin.write("go\n")
    worker.stdin.flush()
    return worker.stdout.readline()


def processes_in_turn(code: Mapping[str, str], filled: bool, repeats: int) -> dict[str, float]:
    """Median wall time of whole Python processes, with our compile cache filled or empty."""
    times: dict[str, list[float]] = {name: [] for name in code}
    with tempfile.TemporaryDirectory() as kept:
        if filled:
            _process_seconds(code["chainrule"], kept)
        for _ in range(repeats):
            for name, text in code.items():
                with tempfile.TemporaryDirectory() as empty:
                    times[name].append(_process_seconds(text, kept if filled else empty))
    return {name: statistics.median(values) for name, values in times.items()}


def _process_seconds(code: str, cache: str) -> float:
    environment = {**os.environ, "CHAINRULE_CACHE": cache}
    started = time.perf_counter()
    subprocess.run([*PYTHON, "-c", code], check=True, env=environment)
    return time.perf_counter() - started


def peak_memory_mb(code: str) -> float:
    """Peak resident memory of a process that runs ``code``, in MB (Linux)."""
    # VmHWM belongs to the new program; ru_maxrss remembers the process that forked it
    measure = f"{code}\nprint([x for x in open('/proc/self/status') if 'VmHWM' in x][0].split()[1])"
    out = subprocess.run([*PYTHON, "-c", measure], check=True, capture_output=True, text=True)
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
