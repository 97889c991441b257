"""A list of runs in a terminal and in a pipe."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from chainrule.experiments.listing import RunSummary
from chainrule.reports import print_runs
from chainrule.reports.listing import figures_in_words

BEST = {"model": "ann", "label": "Perceptron", "quantity": "test accuracy", "value": 0.97777}
RUNS = [
    RunSummary(
        "first", Path("runs/first"), "complete", "digits-four-models",
        datetime(2026, 1, 2, 3, 4, tzinfo=UTC), 61.4, BEST,
    ),
    RunSummary("a\x1b[31mb\n", Path("x"), "damaged", problem="results.json is damaged: torn."),
    RunSummary(
        "second-" + "long-" * 9, Path("y"), "running", "mnist-baseline", None, None,
        {"model": "net", "epoch": 12.0, "train_loss": 0.03125},
    ),
]  # fmt: skip


def printed(width, terminal):
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, no_color=True)
    print_runs(RUNS, console)
    return console.file.getvalue()


def test_a_pipe_gets_a_line_a_run_in_columns():
    text = printed(40, False)
    heading, first, damaged, second = text.splitlines()
    for line, state in ((first, "complete"), (damaged, "damaged"), (second, "running")):
        assert line.index(state) == heading.index("state")
    assert "2026-01-02 03:04  61.4 s  0.9778 test accuracy, Perceptron" in first
    assert damaged.startswith("a?[31mb? ") and damaged.endswith("results.json is damaged: torn.")
    assert second.endswith("net: epoch 12, train loss 0.03125")
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [40, 60, 100, 160])
def test_a_terminal_s_lines_fit(width):
    lines = printed(width, True).splitlines()
    visible = [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in lines]
    assert max(map(len, visible)) <= width
    assert "\x1b[31m" not in "".join(lines)


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({}, "nothing computed yet"),
        ({"rows": 1797, "classes": 10}, "1,797 rows, 10 classes"),
        ({"diverged": 2}, "every model diverged"),
        ({"model": "lr", "event": "model", "count": 1}, "lr: done"),
        ({"model": "lr", "event": "candidate", "count": 7}, "lr: candidate 7"),
    ],
)
def test_figures_in_words(figures, words):
    assert figures_in_words(RunSummary("x", Path("x"), "stopped", figures=figures)) == words
