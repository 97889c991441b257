"""Run the benchmarks and print a table of ratios: ``python -m benchmarks [CASE ...]``."""

import argparse
import os
import platform
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from benchmarks.cases import CASES, ROWS, Case
from benchmarks.searches import accuracies
from benchmarks.timing import gemm_gflops, peak_memory_mb, processes_in_turn, workers_in_turn

MEMORY = """
import numpy as np
from chainrule import MLPClassifier
random = np.random.default_rng(0)
X = random.random(({rows}, 784), dtype=np.float32); y = random.integers(0, 10, {rows})
MLPClassifier((512, 256, 128), dropout=0.2, batch_size=64, max_iter=1).fit(X, y)
"""

SEARCH_MEMORY = """
from benchmarks.searches import rates_and_penalties
rates_and_penalties("chainrule")()()
"""
SEARCH_MEMORY_MB = 1500


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", help=f"all by default: {', '.join(CASES)}")
    parser.add_argument("--repeats", type=int, default=5, help="rounds a case (default 5)")
    arguments = parser.parse_args()
    if unknown := set(arguments.cases) - set(CASES):
        parser.error(f"unknown case {sorted(unknown)}; known: {', '.join(CASES)}")
    console = Console(width=None if sys.stdout.isatty() else 140)
    measured = {}
    for name in arguments.cases or CASES:
        measured[name] = _measure(name, arguments.repeats)
        console.print(f"{name}: {measured[name]}", highlight=False)
    peak = gemm_gflops()
    console.print(_table(measured, peak))
    memory = peak_memory_mb(MEMORY.format(rows=ROWS))
    console.print(
        f"{os.cpu_count()} cores, {platform.machine()}; a large float32 product reaches "
        f"{peak:.0f} GFLOP/s; peak memory of a training on {ROWS:,} x 784 float32: {memory:.0f} MB"
    )
    if "population" in measured:
        taken = peak_memory_mb(SEARCH_MEMORY)
        verdict = "ok" if taken < SEARCH_MEMORY_MB else "SHORT"
        console.print(
            f"peak memory of the search of 64 candidates x 5 folds: {taken:.0f} MB "
            f"(asked: under {SEARCH_MEMORY_MB} MB) {verdict}"
        )
    if "halving" in measured:
        console.print(accuracies())


def _measure(name: str, repeats: int) -> dict[str, float]:
    case = CASES[name]
    if isinstance(case, Case):
        return workers_in_turn(name, list(case.contenders), repeats)
    return processes_in_turn(case.code, case.filled, repeats)


def _table(measured: Mapping[str, Mapping[str, float]], peak: float) -> Table:
    table = Table("work", "chainrule", "against", "ratio", "asked", "of peak", show_lines=True)
    for name, seconds in measured.items():
        case, ours = CASES[name], seconds["chainrule"]
        gflop = getattr(case, "gflop", 0.0)
        for other, asked in case.asked.items():
            ratio = seconds[other] / ours
            table.add_row(
                case.work,
                f"{ours:.3f} s",
                f"{other} {seconds[other]:.3f} s",
                f"{ratio:.2f}x" + ("" if asked is None else " ok" if ratio >= asked else " SHORT"),
                "" if asked is None else f"{asked:.2f}x",
                f"{gflop / ours / peak:.0%}" if gflop else "",
            )
    return table


if __name__ == "__main__":
    main()
