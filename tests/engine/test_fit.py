"""The trainer: ranges, epochs, records, and the way back."""

import warnings
from threading import Thread

import jax
import numpy as np
import pytest
import scipy.sparse

import chainrule.engine.fit
from chainrule.engine.batches import Shuffler
from chainrule.engine.epochs import EpochRecord
from chainrule.engine.fit import capacity
from chainrule.engine.plan import Plan
from chainrule.engine.program import run_range
from chainrule.equations.schedules import SCHEDULES

N_EPOCHS, PER_EPOCH = 6, 4  # 27 rows in batches of 8

CASES = {
    "all-float64": {
        "optimizer": "adam",
        "l2": 0.01,
        "alpha": 0.1,
        "dropout": (0.25, 0.5),
        "clip": 0.5,
        "weighted": True,
    },
    "all-float32": {
        "optimizer": "adamw",
        "dtype": "float32",
        "l2": 0.01,
        "dropout": (0.25, 0.5),
        "clip": 0.5,
        "weighted": True,
    },
    "plain-float32": {"optimizer": "nesterov", "dtype": "float32"},
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request, make_case):
    return make_case(**request.param)


@pytest.fixture
def plain(make_case):
    return make_case(**CASES["plain-float32"])


def finish(trainer, epochs=N_EPOCHS, at_once=1):
    """Run until ``epochs`` epochs have ended, ``at_once`` a call at most; their records."""
    records = []
    while len(records) < epochs:
        records += trainer.run(min(at_once, epochs - len(records)))
    return records


def left(trainer):
    """What a training has come to."""
    return trainer.layers, dict(trainer.state)


def position(trainer):
    """Where it stands, the stream of orders included."""
    stream = trainer.shuffler.random_state.get_state(legacy=False)["state"]
    here = [stream["key"].tolist(), stream["pos"], trainer.shuffler.index.tolist()]
    return [trainer.step, trainer.epoch, *here]


# Cuts


@pytest.mark.parametrize("steps_per_range", [1, 3, 4, 5, 9, 64, 1024])
def test_the_cut_into_ranges_does_not_change_a_bit(case, steps_per_range, same_bits, without_clock):
    """Neither where the cuts lie, nor that a program of another capacity runs: an epoch is
    shorter than the range, just as long, or longer."""
    whole, cut = case.trainer(steps_per_range=64), case.trainer(steps_per_range)
    expected, found = finish(whole, at_once=N_EPOCHS), finish(cut, at_once=N_EPOCHS)
    assert same_bits(left(cut), left(whole))
    assert without_clock(found) == without_clock(expected)
    assert position(cut) == position(whole)


@pytest.mark.parametrize("at_once", [1, 2, 4, 100])
def test_how_many_epochs_a_call_may_run_does_not_change_a_bit(
    case, at_once, same_bits, without_clock
):
    whole, grouped = case.trainer(), case.trainer()
    expected, found = finish(whole, at_once=N_EPOCHS), finish(grouped, at_once=at_once)
    assert same_bits(left(grouped), left(whole))
    assert without_clock(found) == without_clock(expected)


@pytest.mark.parametrize("cuts", [[1] * 24, [3, 1, 7, 2, 11], [5, 19], [23, 1]])
def test_budgets_of_steps_do_not_change_a_bit(case, cuts, same_bits, without_clock):
    whole, cut = case.trainer(), case.trainer()
    expected, found = finish(whole, at_once=N_EPOCHS), []
    for steps in cuts:
        end = cut.step + steps
        while cut.step < end:
            found += cut.run(N_EPOCHS, end - cut.step)
        assert cut.step == end
    assert same_bits(left(cut), left(whole))
    assert without_clock(found) == without_clock(expected)


def test_one_call_runs_no_more_than_its_range(plain):
    trainer = plain.trainer(steps_per_range=9)
    trainer.run(epochs=100)
    assert (trainer.step, trainer.epoch) == (8, 2)  # only whole epochs share a range
    trainer = plain.trainer(steps_per_range=3)
    assert trainer.run(epochs=100) == []
    assert (trainer.step, trainer.epoch) == (3, 0)
    assert [record.epoch for record in trainer.run(epochs=100)] == [1]
    assert (trainer.step, trainer.epoch) == (4, 1)


@pytest.mark.parametrize("budget", [{"epochs": 0}, {"steps": 0}, {"epochs": -1}])
def test_no_budget_does_nothing(plain, budget, same_bits):
    trainer = plain.trainer()
    before = position(trainer)
    assert trainer.run(**budget) == []
    assert position(trainer) == before
    assert same_bits(trainer.layers, plain.layers)
    assert trainer.close() is None


@pytest.mark.parametrize("kind", [np.asarray, scipy.sparse.csr_array])
def test_gathered_rows_train_as_resident_ones_do(case, kind, same_bits, without_clock):
    gathered = case.but(X=kind(case.X), gathered=True)
    for steps_per_range in (3, 64):
        one, other = case.trainer(64), gathered.trainer(steps_per_range)
        expected, found = finish(one), finish(other)
        assert same_bits(left(one), left(other))
        assert without_clock(found) == without_clock(expected)


def test_a_training_can_be_handed_over(case, same_bits, without_clock):
    """Parameters, state, counters and the stream of orders are all that a training is."""
    whole = case.trainer()
    expected = finish(whole)
    begun = case.trainer()
    finish(begun, 2)
    layers, state = jax.tree.map(np.array, left(begun))
    stream = np.random.RandomState()
    stream.set_state(begun.shuffler.random_state.get_state())
    shuffler = Shuffler(stream, 27)
    shuffler.index = begun.shuffler.index
    ended = case.trainer(layers=layers, state=state, step=8, epoch=2, shuffler=shuffler)
    found = finish(ended, 4)
    assert same_bits(left(ended), left(whole))
    assert without_clock(found) == without_clock(expected[2:])


# Records


def test_records_tell_what_was_trained(make_case, outcomes):
    """From the steps themselves: the losses of the batches as they were trained on."""
    case = make_case(**CASES["all-float64"])
    records = finish(case.trainer(steps_per_range=1), 3)
    batches = case.batches(3 * PER_EPOCH)
    assert len(outcomes) == len(batches)
    for number, record in enumerate(records):
        span = slice(PER_EPOCH * number, PER_EPOCH * (number + 1))
        sums = [case.weights[rows].sum() for rows in batches[span]]
        counts = [len(rows) for rows in batches[span]]
        losses = [float(outcome.loss[0]) for outcome in outcomes[span]]
        penalties = [float(outcome.penalty[0]) for outcome in outcomes[span]]
        assert counts[-1] == 3
        assert (record.epoch, record.steps, record.rows) == (number + 1, PER_EPOCH, 27)
        assert record.loss == pytest.approx(np.average(losses, weights=sums), rel=1e-13)
        assert record.row_loss == pytest.approx(np.average(losses, weights=counts), rel=1e-13)
        assert record.penalty == pytest.approx(np.average(penalties, weights=counts), rel=1e-13)
        assert record.complete
        assert record.seconds > 0


def test_the_penalty_is_zero_where_there_is_none(plain):
    assert [record.penalty for record in finish(plain.trainer(), 2)] == [0, 0]


def test_without_weights_both_losses_are_one(plain):
    for record in finish(plain.trainer(), 3):
        assert record.loss == pytest.approx(record.row_loss, rel=1e-14)


def test_the_seconds_of_a_range_are_shared_by_its_steps(plain):
    records = plain.trainer().run(3)
    assert len({record.seconds for record in records}) == 1


@pytest.mark.parametrize("steps_per_range", [1, 3, 64])
def test_a_budget_that_ends_within_an_epoch_leaves_a_partial_record(
    case, steps_per_range, outcomes
):
    trainer = case.trainer(steps_per_range)
    while trainer.step < 6:
        trainer.run(N_EPOCHS, 6 - trainer.step)
    assert trainer.epoch == 1
    record = trainer.close()
    batches = case.batches(6)[4:]
    assert (record.epoch, record.steps, record.rows, record.complete) == (2, 2, 16, False)
    steps = [(o.loss[i], o.penalty[i]) for o in outcomes for i in np.flatnonzero(o.loss)]
    losses, penalties = np.array(steps, np.float64).T[:, 4:6]
    weights = np.ones(27) if case.weights is None else case.weights
    sums = [weights[rows].sum() for rows in batches]
    assert record.loss == pytest.approx(np.average(losses, weights=sums), rel=1e-12)
    assert record.row_loss == pytest.approx(losses.mean(), rel=1e-12)
    assert record.penalty == pytest.approx(penalties.mean(), rel=1e-12)
    assert trainer.close() is None


def test_after_closing_an_epoch_begins(plain):
    trainer = plain.trainer()
    trainer.run(1, steps=3)
    assert trainer.close().steps == 3
    record = trainer.run()[0]
    assert (record.epoch, record.steps, record.complete) == (1, PER_EPOCH, True)
    assert trainer.step == 3 + PER_EPOCH


def test_between_epochs_there_is_nothing_to_close(plain):
    trainer = plain.trainer()
    assert trainer.close() is None
    trainer.run()
    assert trainer.close() is None


def test_a_loss_that_is_no_number_is_a_result(make_case):
    case = make_case("sgd", loss="squared_error", output="identity", dtype="float32")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        records = finish(case.trainer(base_rate=1e30), 3)
    assert not np.isfinite(records[-1].loss)


# Rates and penalties of each step


@pytest.mark.parametrize("steps_per_range", [1, 3, 9, 64])
def test_the_clock_does_not_depend_on_the_cut(plain, steps_per_range):
    clocks = []

    def rate(clock, base):
        clocks.append(clock)
        return base / (1 + clock.epoch)

    trainer = plain.trainer(steps_per_range, rate=rate, horizon=3.0, samples=100)
    records = finish(trainer, 3, at_once=3)
    epochs = np.concatenate([clock.epoch for clock in clocks])
    assert epochs == pytest.approx(np.arange(12) / PER_EPOCH, abs=1e-15)
    samples = np.concatenate([clock.samples for clock in clocks])
    assert samples.tolist() == [0] * 4 + [127] * 4 + [154] * 4
    assert {clock.horizon for clock in clocks} == {3.0}
    assert [record.rate for record in records] == pytest.approx([0.05, 0.025, 0.05 / 3])


def test_each_step_has_the_rate_of_its_time(make_case, distance):
    """Plain gradient descent with a rate that is not zero in one step alone moves there alone."""
    case = make_case("sgd")
    trainer = case.trainer(rate=lambda clock, base: np.where(clock.epoch == 0.5, base, 0.0))
    trainer.run()
    rows = case.batches(3)[2]
    alone = case.but(X=case.X[rows], Y=case.Y[rows]).eager(1)
    assert distance(trainer.layers, alone[0].layers) < 1e-14


def test_the_base_rate_may_change_between_ranges(plain, same_bits):
    trainer, halved = plain.trainer(), plain.trainer(rate=_halved_in_the_second_epoch)
    trainer.run()
    trainer.base_rate /= 2
    trainer.run()
    finish(halved, 2)
    assert same_bits(trainer.layers, halved.layers)


def _halved_in_the_second_epoch(clock, base):
    return np.where(clock.epoch < 1, base, base / 2)


def test_alpha_is_divided_by_the_batch_s_weights(make_case, distance):
    case = make_case("sgd", alpha=0.3, weighted=True)
    trainer = case.trainer()
    trainer.run()
    assert distance(trainer.layers, case.eager(PER_EPOCH)[-1].layers) < 1e-13
    stronger = case.but(alpha=0.6).trainer()
    stronger.run()
    assert distance(trainer.layers, stronger.layers) > 1e-4


# Batches that weigh nothing


def test_a_batch_that_weighs_nothing_freezes_everything(make_case, same_bits):
    """Moments and counters too, masks and penalty included: it is as if it were not there."""
    case = make_case(**CASES["all-float64"])
    nothing = case.weights.copy()
    nothing[case.batches(2)[1]] = 0
    with_it = case.but(weights=nothing).trainer()
    record = with_it.run()[0]
    assert (record.steps, record.rows, with_it.step) == (3, 27, 3)

    class Without(Shuffler):
        """The same order, the second batch left out."""

        def next(self):
            return np.delete(super().next(), np.s_[8:16])

    without = case.trainer(shuffler=Without(np.random.RandomState(0), 27))
    shorter = without.run()[0]
    assert same_bits(left(with_it), left(without))
    assert record.loss == shorter.loss
    assert record.row_loss == pytest.approx(shorter.row_loss * 19 / 27)


def test_where_all_rows_weigh_nothing_no_step_is_made(make_case, same_bits):
    case = make_case(**CASES["all-float64"]).but(weights=np.zeros(27))
    trainer = case.trainer()
    before = left(trainer)
    records = finish(trainer, 3)
    assert [(record.steps, record.loss) for record in records] == [(0, 0)] * 3
    assert trainer.step == 0
    assert same_bits(left(trainer), before)


@pytest.mark.parametrize("scale", [2.0**-200, 2.0**200])
def test_the_scale_of_the_weights_is_free(make_case, scale, same_bits, without_clock):
    """Far outside float32's range, too, where they would be zero or infinite."""
    case = make_case(**{**CASES["all-float32"], "alpha": 0.0})
    plain, scaled = case.trainer(), case.but(weights=case.weights * scale).trainer()
    expected, found = finish(plain), finish(scaled)
    assert same_bits(left(plain), left(scaled))
    assert without_clock(found) == without_clock(expected)


# The way back


@pytest.mark.parametrize("steps_per_range", [3, 64])
def test_rewinding_goes_back_to_the_last_range_that_began_an_epoch(
    case, steps_per_range, same_bits, without_clock
):
    trainer = case.trainer(steps_per_range)
    finish(trainer, 2)
    there, here = left(trainer), position(trainer)
    first = finish(trainer, 1)
    after = left(trainer)
    trainer.rewind()
    assert same_bits(left(trainer), there)
    assert position(trainer) == here
    assert without_clock(finish(trainer, 1)) == without_clock(first)
    assert same_bits(left(trainer), after)


def test_rewinding_from_within_an_epoch(case, same_bits):
    trainer = case.trainer(steps_per_range=3)
    finish(trainer, 1)
    there, here = left(trainer), position(trainer)
    trainer.run()
    trainer.rewind()
    assert same_bits(left(trainer), there)
    assert position(trainer) == here
    assert trainer.close() is None


def test_rewinding_a_range_of_several_epochs_and_running_fewer(case, same_bits, without_clock):
    whole, trainer = case.trainer(), case.trainer()
    finish(whole, 3)
    finish(trainer, 1)
    records = trainer.run(4)
    trainer.rewind()
    again = trainer.run(2)
    assert same_bits(left(trainer), left(whole))
    assert without_clock(again) == without_clock(records[:2])


# Exceptions


class Interrupting:
    """``run_range``, interrupted at the calls that are listed: before it runs, or after."""

    def __init__(self, calls, after):
        self.calls, self.after, self.count = calls, after, 0

    def __call__(self, *arguments):
        self.count += 1
        outcome = run_range(*arguments) if self.after else None
        if self.count in self.calls:
            raise KeyboardInterrupt
        return outcome or run_range(*arguments)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("steps_per_range", [1, 3, 9, 64])
def test_an_exception_undoes_its_range_and_no_more(
    case, steps_per_range, after, monkeypatch, same_bits, without_clock
):
    """Parameters, state, orders and the open epoch are as before the call; going on gives what
    an unbroken training gives."""
    whole, broken = case.trainer(), case.trainer(steps_per_range)
    expected = finish(whole, at_once=N_EPOCHS)
    interrupting = Interrupting({1, 2, 4, 5, 9}, after)
    monkeypatch.setattr(chainrule.engine.fit, "run_range", interrupting)
    found, interruptions = [], 0
    while len(found) < N_EPOCHS:
        before, here = left(broken), position(broken)
        try:
            found += broken.run(2 if len(found) < N_EPOCHS - 1 else 1)
        except KeyboardInterrupt:
            interruptions += 1
            assert same_bits(left(broken), before)
            assert position(broken) == here
    assert interruptions >= 3
    assert same_bits(left(broken), left(whole))
    assert without_clock(found) == without_clock(expected)
    assert position(broken) == position(whole)


def test_an_interrupted_epoch_can_be_closed(plain, monkeypatch):
    """With the steps of the ranges before; the interrupted one is not in it."""
    trainer = plain.trainer(steps_per_range=1)
    monkeypatch.setattr(chainrule.engine.fit, "run_range", Interrupting({3}, True))
    trainer.run()
    trainer.run()
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    record = trainer.close()
    assert (record.steps, record.rows, record.complete) == (2, 16, False)


def test_an_error_in_the_rate_undoes_the_range(plain, same_bits):
    def rate(clock, base):
        if clock.epoch[-1] > 1:
            raise ZeroDivisionError
        return base * np.ones_like(clock.epoch)

    trainer = plain.trainer(rate=rate)
    trainer.run()
    before, here = left(trainer), position(trainer)
    with pytest.raises(ZeroDivisionError):
        trainer.run()
    assert same_bits(left(trainer), before)
    assert position(trainer) == here


def test_rewinding_after_an_exception(case, monkeypatch, same_bits):
    trainer = case.trainer(steps_per_range=3)
    start, here = left(trainer), position(trainer)
    trainer.run()
    monkeypatch.setattr(chainrule.engine.fit, "run_range", Interrupting({1}, True))
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    trainer.rewind()
    assert same_bits(left(trainer), start)
    assert position(trainer) == here


# Precision and threads


@pytest.mark.parametrize("users", [False, True])
def test_the_user_s_precision_is_left_alone(make_case, users, same_bits):
    with jax.enable_x64(users):
        for name in ("all-float64", "all-float32"):
            case = make_case(**CASES[name])
            trainer = case.trainer()
            finish(trainer, 1)
            assert {part.dtype for layer in trainer.layers for part in layer} == {
                np.dtype(case.plan.dtype)
            }
            assert jax.config.jax_enable_x64 is users
            assert jax.numpy.ones(1).dtype == (np.float64 if users else np.float32)
    elsewhere = case.trainer()
    finish(elsewhere, 1)
    assert same_bits(left(elsewhere), left(trainer))


def test_trainings_in_threads_do_not_meet(make_case, same_bits):
    """float64 is a setting of the thread in jax; here two precisions run at a time."""
    cases = [make_case(**CASES[name], seed=seed) for name in CASES for seed in (1, 2)]
    alone = [case.trainer() for case in cases]
    together = [case.trainer() for case in cases]
    for trainer in alone:
        finish(trainer)
    threads = [Thread(target=finish, args=(trainer,)) for trainer in together]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not jax.config.jax_enable_x64
    for one, other in zip(alone, together, strict=True):
        assert same_bits(left(one), left(other))


# Capacity


def test_the_capacity_is_a_power_of_two_and_shrinks_with_the_work():
    def plan(width, batch_size):
        sizes = (width, width, 10)
        return Plan(sizes, ("relu", "softmax"), "cross_entropy", "adam", batch_size)

    widths = [capacity(plan(width, 64)) for width in (1, 10, 100, 1000, 10_000)]
    batches = [capacity(plan(100, size)) for size in (1, 10, 100, 1000, 10_000)]
    for found in (widths, batches):
        assert found == sorted(found, reverse=True)
        assert found[0] > found[-1] >= 1
        assert all(count & (count - 1) == 0 for count in found)


def test_the_capacity_bounds_what_a_range_takes_in_memory():
    plan = Plan((50_000, 4, 2), ("relu", "softmax"), "cross_entropy", "sgd", 100)
    assert capacity(plan, row_bytes=200_000) * 100 * 200_000 < 2**26
    assert capacity(plan, row_bytes=200_000) < capacity(plan)


def test_records_are_plain_values(plain):
    record = finish(plain.trainer(), 1)[0]
    assert isinstance(record, EpochRecord)
    kinds = {name: type(value) for name, value in vars(record).items()}
    assert set(kinds.values()) == {int, float, bool}


def test_the_rate_of_a_schedule_reaches_the_record(plain):
    trainer = plain.trainer(rate=lambda c, b: SCHEDULES["step"].rate(c, b, factor=0.5, every=2))
    records = finish(trainer, 5)
    assert [record.rate for record in records] == [0.05, 0.05, 0.025, 0.025, 0.0125]
