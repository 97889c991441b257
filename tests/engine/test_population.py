"""A member of a block gives what it gives alone, whatever the others are."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from chainrule.engine import columns
from chainrule.engine.member import Member, group_key, program_key
from chainrule.engine.population import Block
from chainrule.engine.stacking import Pool
from chainrule.equations.network import Layer
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.equations.schedules import SCHEDULES

STEPS = 22  # state parity is promised over 20 steps: one ulp grows; two are half an epoch
HIDDEN = ("logistic", "softplus")  # the activations that are not 0 at 0
WIDTHS = ((7, 6), (2, 9), (1, 1))

exponential = partial(SCHEDULES["exponential"].rate, every=1.0, staircase=False)

# All that a plan can have, so that most rows share one program; for the same reason each member
# has settings of its own in everything.
COMMON = {"optimizer": "nesterov", "hidden": HIDDEN, "weighted": True}
OWN = [
    {
        **COMMON,
        "l2": 0.01 * share,
        "l1": 1e-3 * share,
        "dropout": (0.25 * share, 0.5),
        "clip": share,
        "max_norm": 1.5 * share,
        "settings": {"momentum": 0.9 * share},
    }
    for share in (1.0, 0.99, 0.98)
]
PLAIN = {**COMMON, "dropout": (), "clip": None, "max_norm": None, "l1": 0.0, "l2": 0.0}

# What differs -> a mapping a member, of arguments of the case or of its trainer.
DIFFER = {
    "learning rate": [{"base_rate": rate} for rate in (0.01, 0.05, 0.2)],
    "schedule": [{"rate": partial(exponential, rate=rate)} for rate in (0.5, 0.9, 0.99)],
    "momentum": [{"settings": {"momentum": m}} for m in (0.0, 0.5, 0.99)],
    "l2": [{"l2": l2} for l2 in (1e-9, 0.01, 1.0)],
    "alpha": [{"alpha": alpha} for alpha in (0.0, 0.01, 1.0)],
    "l1": [{"l1": l1} for l1 in (1e-9, 0.01, 0.1)],
    "dropout": [{"dropout": rates} for rates in ((0.0, 0.0), (0.25, 0.5), (0.5, 0.0))],
    "clip": [{"clip": clip} for clip in (0.1, 0.3, 1e9)],
    "max norm": [{"max_norm": limit} for limit in (0.5, 1.0, 1e9)],
    "initial scale": [{"scale": scale} for scale in (0.1, 1.0, 2.0)],
    "label smoothing": [{"smoothing": share} for share in (0.0, 0.1, 0.3)],
    "class weights": [{"weights_of": k} for k in ((1, 1, 1), (1, 2, 3), (5, 0.5, 1))],
    "weights by a factor": [{"weights_of": (k, k, k), "alpha": 1.0} for k in (1, 2, 3)],
    "plans": [PLAIN, {}, {**PLAIN, "l1": 0.01, "clip": 0.1}],
    "loss's settings": [{"loss_settings": {"delta": delta}} for delta in (0.1, 0.5, 2.0)],
}
HUBER = {**COMMON, "loss": "huber", "output": "identity"}
OF_TRAINER = ("base_rate", "rate")


def make_trainer(make_case, settings, common, **data):
    """The case of one member on the given data, and its trainer."""
    given = {**common, **settings}
    of_trainer = {name: given.pop(name) for name in OF_TRAINER if name in given}
    scale, smoothing = given.pop("scale", 1.0), given.pop("smoothing", 0.0)
    by_class = given.pop("weights_of", None)
    case = make_case(**given)
    Y = (1 - smoothing) * case.Y + smoothing / case.Y.shape[1]
    weights = case.weights if by_class is None else case.Y @ np.array(by_class, float)
    case = case.but(**{"Y": Y, "weights": weights, **data})
    layers = tuple(layer._replace(W=layer.W * scale) for layer in case.layers)
    return case, case.trainer(layers=layers, **of_trainer)


def advance(trainer):
    """``STEPS`` steps alone, range by range."""
    records = []
    while trainer.step < STEPS:
        records += trainer.run(4, STEPS - trainer.step)
    return records


def advance_together(groups, capacity=8, **settings):
    """The same of a block; the members' records, and the block. An epoch has four steps."""
    block = Block(groups, steps_per_range=capacity, **settings)
    records = {member: [] for member in block.members}
    while groups[0][0].step < STEPS:
        for member, ended in block.run(2, STEPS - groups[0][0].step).items():
            records[member] += ended
    return records, block


@pytest.fixture
def assert_parity(distance):
    def check(member, records, trainer):
        expected = advance(trainer)
        assert member.step == trainer.step
        assert distance(member.layers, trainer.layers) <= 1e-9
        assert distance(member.state, trainer.state) <= 1e-9
        assert [record.epoch for record in records] == [record.epoch for record in expected]
        for found, right in zip(records, expected, strict=True):
            for name in ("loss", "row_loss", "penalty"):
                assert getattr(found, name) == pytest.approx(getattr(right, name), rel=1e-9)
            assert (found.rate, found.rows, found.steps) == (right.rate, right.rows, right.steps)
        found, right = member.close(), trainer.close()  # the epoch that is under way
        if right is not None:
            assert (found.steps, found.rows, found.complete) == (right.steps, right.rows, False)
            assert found.loss == pytest.approx(right.loss, rel=1e-9)

    return check


@pytest.mark.parametrize("name", DIFFER)
def test_members_that_differ(name, make_case, distance, assert_parity):
    common = [HUBER] * 3 if name == "loss's settings" else OWN
    data = {"X": make_case().X}  # the same array, not only equal numbers
    alone, together = (
        [make_trainer(make_case, *of, **data)[1] for of in zip(DIFFER[name], common, strict=True)]
        for _ in range(2)
    )
    assert len({program_key(one) for one in together}) == 1
    assert len({group_key(one) for one in together}) == 1
    members = [Member(one) for one in together]
    capacity = 3 if name == "label smoothing" else 8  # ranges that cut the epochs, or have several
    records, _ = advance_together([members], capacity, size=4)
    for member, one in zip(members, alone, strict=True):
        assert_parity(member, records[member], one)
    changed = [distance(one.layers, alone[0].layers) for one in alone[1:]]
    assert all(change > 1e-6 for change in changed)  # else the test would show nothing


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_units_that_a_member_does_not_have_stay_zero(optimizer, make_case, distance):
    """And those that it has do what the equations say, step by step."""
    masks = {"dropout": (0.25, 0.5)} if optimizer == "adam" else {}
    common = {"optimizer": optimizer, "hidden": HIDDEN, "l2": 0.01, "weighted": True, **masks}
    first = make_case(**common)
    data = {"X": first.X, "Y": first.Y, "weights": first.weights}
    cases = [
        make_trainer(make_case, {"sizes": (5, *widths, 3)}, common, **data)[0] for widths in WIDTHS
    ]
    members = [Member(case.trainer()) for case in cases]
    records, block = advance_together([members])
    assert block.plan.sizes == (5, 7, 9, 3)
    states = [part for part in block.arrays.state.values() if isinstance(part, tuple)]
    for layers in (block.arrays.layers, *states):
        for place, (first, second) in enumerate(WIDTHS):
            own = [Layer(np.asarray(W)[0, place], np.asarray(b)[0, place]) for W, b in layers]
            (W1, b1), (W2, b2), (W3, b3) = columns.shaped(own, block.plan.sizes)
            missing = (
                W1[:, first:], b1[first:], W2[first:], W2[:, second:], b2[second:], W3[second:],
            )  # fmt: skip
            assert all(np.all(part == 0) for part in missing)
            assert np.all(b3 != 0)
    for member, case in zip(members, cases, strict=True):
        after = case.eager(STEPS)
        assert distance(member.layers, after[-1].layers) <= 1e-9
        assert not member.state or distance(member.state, after[-1].state) <= 1e-9
        losses = [record.loss for record in records[member]]
        sums = np.array([data["weights"][rows].sum() for rows in case.batches(20)])
        steps = np.array([float(step.loss) for step in after[:20]])
        expected = (steps * sums).reshape(5, 4).sum(1) / sums.reshape(5, 4).sum(1)
        np.testing.assert_allclose(losses, expected, rtol=1e-9)


def folds(make_case, sizes, seeds, **common):
    """A group of trainers with several rates for each number of rows and seed."""
    made = [make_case(n=n, seed=seed, **common) for n, seed in zip(sizes, seeds, strict=True)]
    return [
        [replace(case, order_seed=seed).trainer(base_rate=rate) for rate in (0.01, 0.1)]
        for case, seed in zip(made, seeds, strict=True)
    ]


def test_groups_with_rows_and_seeds_of_their_own(make_case, assert_parity):
    """Folds that differ by a row, each with the orders and dropout masks of its seed."""
    alone, together = (folds(make_case, (27, 26, 27), (0, 1, 2), **OWN[0]) for _ in range(2))
    assert len({group_key(one) for group in together for one in group}) == 3
    assert len({program_key(one) for group in together for one in group}) == 1
    groups = [[Member(one) for one in group] for group in together]
    groups[1].pop()  # groups need not be equally large
    records, _ = advance_together(groups)
    for group, others in zip(groups, alone, strict=True):
        for member, one in zip(group, others, strict=False):
            assert_parity(member, records[member], one)


def test_bytes_with_scales_of_their_own(make_case, assert_parity):
    """The same bytes in two groups, divided by two numbers."""
    case = make_case(hidden=HIDDEN)
    pixels = np.random.default_rng(0).integers(0, 256, case.X.shape, np.uint8)

    def of_scale(scale):
        hyper = case.hyper._replace(input_scale=np.asarray(scale))
        scaled = replace(case.plan, scaled=True)
        return case.but(X=pixels, plan=scaled, hyper=hyper).trainer()

    members = [Member(of_scale(scale)) for scale in (255.0, 64.0)]
    assert len({group_key(one.trainer) for one in members}) == 2
    pool = Pool()
    records, block = advance_together([[one] for one in members], pool=pool)
    assert block.data.X.dtype == np.uint8
    assert block.data.X is pool.get(pixels)  # once, for both
    for member, scale in zip(members, (255.0, 64.0), strict=True):
        assert_parity(member, records[member], of_scale(scale))


def three(make_case, **more):
    """Three members' trainers, that differ in learning rate and in everything a little."""
    data = {"X": make_case().X, **more}
    return [
        make_trainer(make_case, *of, **data)[1]
        for of in zip(DIFFER["learning rate"], OWN, strict=True)
    ]


def test_rows_that_weigh_nothing(make_case, assert_parity):
    """Whole batches of them are left out."""
    weights = np.where(np.arange(27) < 14, 0.0, 2.0)
    alone, together = (three(make_case, weights=weights) for _ in range(2))
    assert len({group_key(one) for one in together}) == 1
    members = [Member(one) for one in together]
    records, _ = advance_together([members], size=4)
    assert any(record.steps < 4 for record in records[members[0]])
    for member, one in zip(members, alone, strict=True):
        assert_parity(member, records[member], one)


@pytest.mark.parametrize("name", ["class weights", "plans"])
def test_members_in_turn(name, make_case, assert_parity):
    """In a loop within the program, whatever each has of its own: rows' weights, settings."""
    data = {"X": make_case().X}
    alone, together = (
        [make_trainer(make_case, *of, **data)[1] for of in zip(DIFFER[name], OWN, strict=True)]
        for _ in range(2)
    )
    members = [Member(one) for one in together]
    records, block = advance_together([members], size=4, in_turn=True)
    assert (block.levels.weights == 2) == (name == "class weights")
    for member, one in zip(members, alone, strict=True):
        assert_parity(member, records[member], one)


def test_groups_with_members_in_turn(make_case, assert_parity):
    """Of several widths, with rows and orders of their own."""
    cases = [
        [make_case(n=n, seed=n, **{**OWN[0], "sizes": (5, *widths, 3)}) for widths in WIDTHS[:2]]
        for n in (27, 26)
    ]
    alone, together = (
        [[replace(one, order_seed=len(one.X)).trainer() for one in group] for group in cases]
        for _ in range(2)
    )
    groups = [[Member(one) for one in group] for group in together]
    records, block = advance_together(groups, in_turn=True)
    assert block.present is not None
    for group, others in zip(groups, alone, strict=True):
        for member, one in zip(group, others, strict=True):
            assert_parity(member, records[member], one)


def test_leaving_and_turning_back(make_case, distance, same_bits):
    """Out of the block, a member goes on by itself, from where it was or from before the range."""
    members, alone = [Member(one) for one in three(make_case)], three(make_case)
    block = Block([members], steps_per_range=8, size=4)
    block.run(2)  # two epochs of four steps
    kept = members[1].layers
    block.run(1)
    members[1].rewind()
    assert same_bits(members[1].layers, kept)
    assert (members[1].epoch, members[1].step) == (2, 8)
    members[2].leave()
    assert block.members == [members[0]]
    block.run(1)
    for member, one, epochs in zip(members, alone, (4, 5, 5), strict=True):
        while member.epoch < epochs:
            member.run(1)
        while one.epoch < epochs:
            one.run(1)
        assert member.step == one.step == 4 * epochs
        assert distance(member.layers, one.layers) <= 1e-9


def test_a_member_set_apart(make_case, same_bits):
    """It stands where the first one does, and what either does then is nothing to the other."""
    members = [Member(one) for one in three(make_case)]
    block = Block([members], steps_per_range=8, size=4)
    block.run(2)
    other = members[1].apart()
    assert (other.epoch, other.step, other.block) == (2, 8, None)
    kept = members[1].layers
    other.run(1)
    assert same_bits(members[1].layers, kept)
    assert members[1].epoch == 2
    members[1].run(1)
    assert same_bits(members[1].layers, other.layers)
    assert same_bits(members[1].state, other.state)


def test_a_stand_in_keeps_the_others_bits(make_case, same_bits):
    """Who takes the place of a member that has ended is nothing to the others."""
    blocks = [[Member(one) for one in three(make_case)] for _ in range(2)]
    for members in blocks:
        Block([members], steps_per_range=8, size=4).run(2)
        for member in members:
            member.leave()
    stand_in = Member(three(make_case)[0])
    stand_in.stand_beside(blocks[1][1])
    blocks[1][0] = stand_in
    for members in blocks:
        Block([members], steps_per_range=8, size=4).run(2)
    for one, other in zip(blocks[0][1:], blocks[1][1:], strict=True):
        assert one.epoch == other.epoch == 4
        assert same_bits(one.layers, other.layers)
    assert not same_bits(blocks[0][0].layers, stand_in.layers)


def test_an_interrupted_range_has_not_begun(make_case, monkeypatch, same_bits):
    both = [[Member(one) for one in three(make_case)] for _ in range(2)]
    blocks = [Block([members], steps_per_range=8, size=4) for members in both]
    for block in blocks:
        block.run(1)
    with monkeypatch.context() as patch:

        def interrupted(*_):
            raise KeyboardInterrupt

        patch.setattr(Block, "_execute", interrupted)
        with pytest.raises(KeyboardInterrupt):
            blocks[0].run(2)
    member = both[0][0]
    assert (member.epoch, member.step, member.between_epochs) == (1, 4, True)
    for block in blocks:
        block.run(2)
    for member, other in zip(*both, strict=True):
        assert same_bits(member.layers, other.layers)


def test_finite_by_member(make_case):
    """One that overflows is told from the others, and leaves them alone."""
    rates = ({"base_rate": 0.05}, {"base_rate": 1e300}, {"base_rate": 0.1})
    members = [Member(make_trainer(make_case, rate, HUBER)[1]) for rate in rates]
    block = Block([members], steps_per_range=8, size=4)
    block.run(1)
    block.run(1)
    assert [member.finite for member in members] == [True, False, True]
    members[1].rewind()
    assert [member.finite for member in members] == [True, False, True]


@pytest.mark.parametrize("rows", [11, 4])
def test_outputs_of_all_members(rows, make_case, monkeypatch):
    """What is measured for all at once, or some rows at a time, is what each one's equations
    give."""
    rates = [{"base_rate": rate} for rate in (0.05, 0.1, 0.2)]
    made = [make_trainer(make_case, rate, HUBER) for rate in rates]
    members = [Member(trainer) for _, trainer in made]
    block = Block([members], steps_per_range=8, size=4)
    block.run(1)
    widest = max(block.plan.sizes) * 4 * np.dtype(block.plan.dtype).itemsize
    monkeypatch.setattr("chainrule.engine.population.CHUNK_BYTES", rows * widest)
    X = made[0][0].X[:11]
    Z, A = block.outputs(X)
    assert block.outputs_bytes(11) == Z.nbytes + A.nbytes
    assert Z.shape == A.shape == (1, 4, 11, 3)
    np.testing.assert_array_equal(A, Z)
    for place, member in enumerate(members):
        (W1, b1), (W2, b2), (W3, b3) = member.layers
        hidden = np.log1p(np.exp(1 / (1 + np.exp(-(X @ W1 + b1))) @ W2 + b2))
        np.testing.assert_allclose(Z[0, place], hidden @ W3 + b3, rtol=1e-9)
