"""How networks of a block are trained: what is tried, and what is taken."""

import numpy as np
import pytest

from chainrule import MLPClassifier
from chainrule.engine.population import Block
from chainrule.estimators.jobs import Job
from chainrule.estimators.measure import Way, quickest_way, ways_to_try
from chainrule.estimators.shared import Shared


@pytest.mark.parametrize(
    ("most", "count", "expected"),
    [
        (16, 100, ["1", "4", "16", "32", "16 in turn"]),
        (16, 10, ["1", "4", "10", "10 in turn"]),
        (2, 3, ["1", "2", "3", "2 in turn"]),
        (1, 9, ["1", "2"]),  # a loop over one is none
        (1, 1, ["1"]),
    ],
)
def test_ways_to_try(most, count, expected):
    assert list(map(str, ways_to_try(most, count))) == expected


@pytest.mark.parametrize("right", [Way(1), Way(3), Way(2, in_turn=True)], ids=str)
def test_the_least_time_a_network_wins(right, monkeypatch, same_network):
    """By the clock of blocks that stand still here; the networks are left as they are."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), np.arange(20) % 2
    shared = Shared()
    jobs = [Job(MLPClassifier((4,), random_state=seed), X, y) for seed in range(3)]
    members = [shared.begin(number, job, None).member for number, job in enumerate(jobs)]
    before = [member.layers for member in members]

    def seconds(block, steps):
        best = (block.size, block.in_turn) == (right.size, right.in_turn)
        return block.size * (1e-6 if best else 2e-6)

    monkeypatch.setattr(Block, "seconds", seconds)
    ways = [Way(1), Way(2), Way(3), Way(2, in_turn=True)]
    found = quickest_way(members, ways, 2, shared.pool)
    assert (found["size"], found["in_turn"]) == (right.size, right.in_turn)
    assert list(found["seconds"]) == ["1", "2", "3", "2 in turn"]
    assert found["seconds"][str(right)] == pytest.approx(1e-6)
    assert all(member.layers is kept for member, kept in zip(members, before, strict=True))
