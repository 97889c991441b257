"""Lines of candidates: in one order, whoever ends first."""

import json

import pytest
from rich.console import Console

from chainrule.experiments.candidate_lines import CandidateLines
from chainrule.experiments.interrupt import Interrupt
from chainrule.experiments.recorder import Recorder
from chainrule.search.evaluation import Outcome
from chainrule.search.journal import Journal
from chainrule.search.strategies.rounds import Candidate, Round


def outcome(score, ended=True, epochs=3):
    return Outcome(test={"score": score}, train=None, fit_time=0.0, score_time=0.0, epochs=epochs,
                   diverged=score != score, ended=ended, n_parameters=1, losses=[],
                   validation=[])  # fmt: skip


@pytest.fixture
def told(tmp_path):
    with Journal(tmp_path) as journal:
        recorder = Recorder(tmp_path / "metrics.jsonl", Console(quiet=True), Interrupt(), journal)
        yield CandidateLines("net", recorder, splits=2, seeds=1), tmp_path / "metrics.jsonl"


def numbers(path):
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line)["number"] for line in lines]


ROUND = Round(tuple((Candidate(n, {"h": (4, n)}), None) for n in (0, 1, 2)))


def test_a_line_waits_for_those_before_it(told):
    lines, path = told
    lines.round(ROUND)
    for split in (0, 1):
        lines.outcome((1, split, 0), outcome(0.5))
    lines.outcome((0, 0, 0), outcome(0.25))
    assert numbers(path) == []
    lines.outcome((0, 1, 0), outcome(float("nan")))
    assert numbers(path) == [0, 1]
    for split in (0, 1):
        lines.outcome((2, split, 0), outcome(1.0))
    assert numbers(path) == [0, 1, 2]
    first = json.loads(path.read_text().splitlines()[0])
    assert first == {"event": "candidate", "model": "net", "number": 0,
                     "parameters": {"h": [4, 0]}, "folds": [0.25, None], "epochs": 3.0,
                     "diverged": True}  # fmt: skip
    assert lines.said[0] == first


def test_who_ended_before_counts_in_the_next_round(told):
    lines, path = told
    lines.round(ROUND)
    for n in (0, 1, 2):
        for split in (0, 1):
            lines.outcome((n, split, 0), outcome(0.1 * n, ended=n == 2))
    lines.round(Round(ROUND.entries[1:]))
    assert numbers(path) == [0, 1, 2]  # candidate 1 goes on, and candidate 2 waits for it
    for split in (0, 1):
        lines.outcome((1, split, 0), outcome(0.9))
    assert numbers(path) == [0, 1, 2, 1, 2]
