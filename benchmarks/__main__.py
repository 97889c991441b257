"""Run the benchmarks and print a table of ratios: ``python -m benchmarks [CASE ...]``."""

import argparse
import os
import platform
import sys

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.cases import CASES, ROWS
from benchmarks.timing import Row, gemm_gflops, peak_memory_mb

MEMORY = """
import numpy as np, warnings
from chainrule import MLPClassifier
random = np.random.default_rng(0)
X = random.random(({rows}, 784), dtype=np.float32); y = random.integers(0, 10, {rows})
MLPClassifier((512, 256, 128), dropout=0.2, batch_size=64, max_iter=1).fit(X, y)
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []], help="all by default")
    parser.add_argument("--repeats", type=int, default=5, help="rounds a case (default 5)")
    arguments = parser.parse_args()
    torch.set_num_threads(os.cpu_count() or 1)
    rows = [row for name in arguments.cases or CASES for row in CASES[name](arguments.repeats)]
    peak = gemm_gflops()
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(_table(rows, peak))
    console.print(
        f"{os.cpu_count()} cores, {platform.machine()}; a large float32 product reaches "
        f"{peak:.0f} GFLOP/s; peak memory of a training on {ROWS:,} x 784 float32: "
        f"{peak_memory_mb(MEMORY.format(rows=ROWS)):.0f} MB"
    )


def _table(rows: list[Row], peak: float) -> Table:
    table = Table("work", "chainrule", "against", "ratio", "asked", "of peak", show_lines=True)
    for row in rows:
        for other, asked in row.asked.items():
            ours = row.seconds["chainrule"]
            share = f"{row.gflop / ours / peak:.0%}" if row.gflop else ""
            ratio = row.ratio(other)
            table.add_row(
                row.work + (f" ({row.note})" if row.note else ""),
                f"{ours:.3f} s",
                f"{other} {row.seconds[other]:.3f} s",
                f"{ratio:.2f}x {'ok' if ratio >= asked else 'SHORT'}",
                f"{asked:.2f}x",
                share,
            )
    return table


if __name__ == "__main__":
    main()
