"""A member of a block gives what it gives alone, whatever the others are."""

from functools import partial

import pytest

from chainrule.engine.member import Member, group_key, program_key
from chainrule.engine.population import Block
from chainrule.equations.schedules import SCHEDULES

STEPS = 20  # state parity is promised over steps: one ulp grows

exponential = partial(SCHEDULES["exponential"].rate, every=1.0, staircase=False)

# What differs -> the cases' settings and the trainers' settings, one of each a member.
DIFFER = {
    "learning rate": ([{}] * 3, [{"base_rate": rate} for rate in (0.01, 0.05, 0.2)]),
    "schedule": ([{}] * 2, [{"rate": partial(exponential, rate=r)} for r in (0.5, 0.9)]),
    "l2": ([{"l2": l2} for l2 in (0.0, 0.01, 1.0)], [{}] * 3),
    "alpha": ([{"alpha": alpha} for alpha in (0.0, 0.01, 1.0)], [{}] * 3),
    "l1": ([{"l1": l1} for l1 in (0.0, 0.01)], [{}] * 2),
    "dropout": ([{"dropout": d} for d in ((), (0.25, 0.5), (0.5, 0.0))], [{}] * 3),
    "clip": ([{"clip": clip} for clip in (None, 0.1, 1.0)], [{}] * 3),
    "max norm": ([{"max_norm": limit} for limit in (None, 0.5)], [{}] * 2),
    "optimizer's settings": ([{"settings": {"beta_1": b}} for b in (0.5, 0.9)], [{}] * 2),
    "initial weights": ([{}, {}], [{}, {"scale": 0.1}]),
    "widths": ([{"sizes": (5, *hidden, 3)} for hidden in ((7, 6), (2, 9), (1, 1))], [{}] * 3),
}


def trainers(make_case, name, **common):
    """A fresh trainer of each member, with the same data."""
    settings, of_trainers = DIFFER[name]
    found = []
    data = make_case(**common)
    for more, other in zip(settings, of_trainers, strict=True):
        case = make_case(**{**common, **more}).but(X=data.X, Y=data.Y, weights=data.weights)
        other = dict(other)
        scale = other.pop("scale", 1.0)
        layers = tuple(layer._replace(W=layer.W * scale) for layer in case.layers)
        found.append(case.trainer(layers=layers, **other))
    return found


def advance(trainer):
    """``STEPS`` steps alone, range by range."""
    records = []
    while trainer.step < STEPS:
        records += trainer.run(4, STEPS - trainer.step)
    return records


@pytest.mark.parametrize("optimizer", ["adam", "nesterov"])
@pytest.mark.parametrize("name", DIFFER)
def test_members_that_differ(name, optimizer, make_case, distance):
    if name == "optimizer's settings" and optimizer != "adam":
        pytest.skip("a setting of Adam's")
    common = {"optimizer": optimizer, "hidden": ("logistic", "tanh"), "weighted": True}
    alone, together = (trainers(make_case, name, **common) for _ in range(2))
    assert len({program_key(one) for one in together}) == 1
    assert len({group_key(one) for one in together}) == 1
    members = [Member(one) for one in together]
    block = Block([members], steps_per_range=7, size=4)
    records = {member: [] for member in members}
    while members[0].step < STEPS:
        for member, ended in block.run(2, STEPS - members[0].step).items():
            records[member] += ended
    for member, one in zip(members, alone, strict=True):
        expected = advance(one)
        assert distance(member.layers, one.layers) <= 1e-9
        assert distance(member.state, one.state) <= 1e-9
        assert [record.epoch for record in records[member]] == [r.epoch for r in expected]
        for found, right in zip(records[member], expected, strict=True):
            assert found.loss == pytest.approx(right.loss, rel=1e-9)
            assert found.penalty == pytest.approx(right.penalty, rel=1e-9)
            assert (found.rate, found.rows, found.steps) == (right.rate, right.rows, right.steps)
    changed = [distance(one.layers, alone[0].layers) for one in alone[1:] if name != "widths"]
    assert all(change > 1e-6 for change in changed)  # else the test would show nothing
