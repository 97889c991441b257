"""Every schedule: its formula in plain Python, and PyTorch's, optax's and scikit-learn's."""

import math
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer
from torch.optim import lr_scheduler

from chainrule.equations.schedules import SCHEDULES, Clock, Plateau

BASE, EPOCHS, SAMPLES = 0.3, 12, 150
EPOCH = np.arange(0, EPOCHS, 0.25)  # four steps an epoch
CLOCK = Clock(EPOCH, np.floor(EPOCH) * SAMPLES, EPOCHS)

EACH = pytest.mark.parametrize("row", SCHEDULES.values(), ids=list(SCHEDULES))

# The formulas again, for one time e (in epochs) and s samples seen.


def cosine(e, warmup, floor):
    if e < warmup:
        return BASE * e / warmup
    progress = (e - warmup) / (EPOCHS - warmup)
    return BASE * (floor + (1 - floor) * (1 + math.cos(math.pi * progress)) / 2)


def exponential(e, rate, every, staircase):
    return BASE * rate ** (math.floor(e / every) if staircase else e / every)


def one_cycle(e, rise, start, end):
    """The level before, the level after, and how far it is from one to the other."""
    top = rise * EPOCHS
    low, high, share = 1 / start, 1.0, e / top if e < top else 0.0
    if e >= top:
        low, high, share = 1.0, 1 / (start * end), (e - top) / (EPOCHS - top)
    return BASE * (low + (high - low) * math.sin(math.pi * share / 2) ** 2)


FORMULAS = {
    "constant": lambda e, s: BASE,
    "invscaling": lambda e, s, power: BASE / (1 + s) ** power,
    "step": lambda e, s, factor, every: BASE * factor ** math.floor(e / every),
    "exponential": lambda e, s, **settings: exponential(e, **settings),
    "cosine": lambda e, s, **settings: cosine(e, **settings),
    "adaptive": lambda e, s, divisor, smallest: BASE,
    "one_cycle": lambda e, s, **settings: one_cycle(e, **settings),
    "reduce_on_plateau": lambda e, s, **settings: BASE,
}
SETTINGS = {
    "constant": [{}],
    "invscaling": [{}, {"power": 0.25}, {"power": 0.0}],
    "step": [{}, {"every": 3.0}, {"factor": 0.5, "every": 2.5}],
    "exponential": [{}, {"staircase": False}, {"rate": 0.5, "every": 3.0}],
    "cosine": [{}, {"warmup": 3.0}, {"floor": 0.1}, {"warmup": 2.5, "floor": 0.01}],
    "adaptive": [{}, {"divisor": 2.0}],
    "one_cycle": [
        {},
        {"rise": 0.0},
        {"rise": 0.5, "start": 4.0},
        {"end": 10.0},
        {"start": 1.0, "end": 1.0},
    ],
    "reduce_on_plateau": [{}],
}
CASES = [(name, changed) for name, several in SETTINGS.items() for changed in several]


def rates(name, clock=CLOCK, base=BASE, **changed):
    row = SCHEDULES[name]
    return row.rate(clock, base, **{**row.settings, **changed})


def test_every_row_has_its_formula():
    assert set(FORMULAS) == set(SETTINGS) == set(SCHEDULES), "Add the new row's formula above."


@EACH
def test_row_is_complete(row):
    assert SCHEDULES[row.name] is row
    assert row.source
    if row.after_epoch:
        return  # see below
    for setting in row.settings:
        tried = [changed for changed in SETTINGS[row.name] if setting in changed]
        assert tried or setting == "smallest", f"No case changes {setting}."


@pytest.mark.parametrize(("name", "changed"), CASES)
def test_rate_is_its_formula(name, changed):
    settings = {**SCHEDULES[name].settings, **changed}
    wanted = [FORMULAS[name](e, s, **settings) for e, s in zip(EPOCH, CLOCK.samples, strict=True)]
    np.testing.assert_allclose(rates(name, **changed), wanted, rtol=1e-14, atol=1e-16)


@EACH
def test_rate_is_proportional_to_the_base(row):
    np.testing.assert_allclose(rates(row.name, base=7.0), rates(row.name) * 7 / BASE, rtol=1e-14)


@EACH
def test_only_those_that_say_so_know_the_horizon(row):
    later = CLOCK._replace(horizon=2 * EPOCHS)
    assert row.needs_horizon != np.array_equal(rates(row.name, later), rates(row.name))


@pytest.mark.parametrize(("name", "changed"), CASES)
def test_runs_unchanged_in_each_library(name, changed, backend):
    clock = Clock(backend.array(EPOCH), backend.array(CLOCK.samples), EPOCHS)
    for base in (BASE, backend.array(BASE)):
        backend.check(rates(name, clock, base, **changed), rates(name, **changed))


# Other people's schedules, an epoch at a time

WHOLE = Clock(np.arange(EPOCHS + 1.0), np.arange(EPOCHS + 1.0) * SAMPLES, EPOCHS)


def torch_rates(make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    scheduler, found = make(optimizer), []
    for _ in range(EPOCHS + 1):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


TORCH = [
    ("constant", {}, lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    ("step", {"every": 3.0}, lambda o: lr_scheduler.StepLR(o, 3, gamma=0.1)),
    ("exponential", {"rate": 0.9}, lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    ("cosine", {}, lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS)),
    ("cosine", {"floor": 0.2}, lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS, 0.2 * BASE)),
    ("one_cycle", {}, lambda o: torch_one_cycle(o, 0.3)),
    ("one_cycle", {"rise": 0.5}, lambda o: torch_one_cycle(o, 0.5)),
    ("one_cycle", {"start": 5.0, "end": 10.0}, lambda o: torch_one_cycle(o, 0.3, 5.0, 10.0)),
]


def torch_one_cycle(optimizer, rise, start=25.0, end=1e4):
    """PyTorch's has its peak and its end one step early, so that the last step has the last rate:
    one step more, then, and the share that puts the peak where ours has it."""
    steps = EPOCHS + 1
    return lr_scheduler.OneCycleLR(
        optimizer,
        BASE,
        total_steps=steps,
        pct_start=(rise * EPOCHS + 1) / steps,
        div_factor=start,
        final_div_factor=end,
        cycle_momentum=False,
    )


@pytest.mark.parametrize(("name", "changed", "make"), TORCH)
def test_rate_is_that_of_torch(name, changed, make):
    found = rates(name, WHOLE, **changed)
    np.testing.assert_allclose(found, torch_rates(make), rtol=1e-12, atol=1e-15)


OPTAX = [
    ("step", {"every": 4.0}, optax.exponential_decay(BASE, 4, 0.1, staircase=True)),
    ("exponential", {"every": 4.0}, optax.exponential_decay(BASE, 4, 0.95, staircase=True)),
    (
        "exponential",
        {"every": 4.0, "staircase": False},
        optax.exponential_decay(BASE, 4, 0.95),
    ),
    (
        "cosine",
        {"warmup": 3.0, "floor": 0.05},
        optax.warmup_cosine_decay_schedule(0.0, BASE, 3, EPOCHS, 0.05 * BASE),
    ),
    ("one_cycle", {"rise": 0.25}, optax.cosine_onecycle_schedule(EPOCHS, BASE, 0.25)),
    (
        "one_cycle",
        {"rise": 0.5, "start": 4.0, "end": 7.0},
        optax.cosine_onecycle_schedule(EPOCHS, BASE, 0.5, 4.0, 7.0),
    ),
]


@pytest.mark.parametrize(("name", "changed", "schedule"), OPTAX)
def test_rate_is_that_of_optax(name, changed, schedule, x64):
    wanted = [float(schedule(epoch)) for epoch in range(EPOCHS + 1)]
    np.testing.assert_allclose(rates(name, WHOLE, **changed), wanted, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("power", [0.5, 0.2])
def test_invscaling_is_that_of_sklearn(power):
    optimizer = SGDOptimizer([], BASE, "invscaling", power_t=power)
    wanted = []
    for epoch in range(EPOCHS + 1):
        wanted.append(optimizer.learning_rate)
        optimizer.iteration_ends((epoch + 1) * SAMPLES)
    np.testing.assert_allclose(rates("invscaling", WHOLE, power=power), wanted, rtol=1e-14)


def test_adaptive_is_that_of_sklearn():
    """It divides by five at each plateau and stops once the rate is at most 1e-6."""
    row, optimizer, rate = SCHEDULES["adaptive"], SGDOptimizer([], BASE, "adaptive"), BASE
    for _ in range(100):
        stop = optimizer.trigger_stopping("", verbose=False)
        lower = row.on_plateau(rate, **row.settings)
        assert (lower is None) == stop
        if stop:
            break
        rate = lower
        assert rate == optimizer.learning_rate
    assert 1e-7 < rate <= 1e-6
    assert row.on_plateau(1.0, divisor=4.0, smallest=0.5) == 0.25
    assert row.on_plateau(0.5, divisor=4.0, smallest=0.5) is None


# Edges of the cosine


def test_cosine_stays_at_its_floor_after_the_horizon():
    clock = Clock(np.array([EPOCHS, EPOCHS + 0.25, 10.0 * EPOCHS]), np.zeros(3), EPOCHS)
    np.testing.assert_allclose(rates("cosine", clock, floor=0.1), 0.1 * BASE, rtol=1e-12)


def test_cosine_rises_from_zero_to_the_base():
    found = rates("cosine", warmup=3.0)
    assert found[0] == 0
    assert found[12] == pytest.approx(BASE)  # epoch 3
    assert np.argmax(found) == 12
    assert np.all(np.diff(found[:13]) > 0)
    assert np.all(np.diff(found[12:]) < 0)


@pytest.mark.parametrize("warmup", [EPOCHS, 2.0 * EPOCHS])
def test_a_warm_up_as_long_as_the_training_only_rises(warmup):
    np.testing.assert_allclose(rates("cosine", warmup=warmup), BASE * EPOCH / warmup, rtol=1e-14)


# Edges of the cycle


@given(st.floats(0, 1), st.floats(1, 100), st.floats(1, 1e5), st.floats(0.1, 500))
def test_one_cycle_rises_to_the_base_and_falls_to_its_end(rise, start, end, horizon):
    epochs = np.linspace(0, 1.2 * horizon, 200)
    clock = Clock(epochs, np.zeros(200), horizon)
    found = rates("one_cycle", clock, rise=rise, start=start, end=end)
    assert np.all(found <= BASE * (1 + 1e-12))
    assert np.all(found >= BASE / (start * end) * (1 - 1e-9))
    peak = np.searchsorted(epochs, rise * horizon)
    assert np.all(np.diff(found[:peak]) >= -1e-12)
    assert np.all(np.diff(found[peak:]) <= 1e-12)
    np.testing.assert_allclose(found[epochs >= horizon], BASE / (start * end), rtol=1e-6)


# Reduced on plateaus

LOSSES = {
    "falling": [1 / (1 + t) for t in range(40)],
    "flat": [1.0] * 40,
    "noisy": list(np.abs(np.random.default_rng(0).normal(1, 0.3, 60))),
    "slow": [1 - 1e-5 * t for t in range(60)],
    "nan": [1.0, math.nan] * 20,
}
WATCHES = [
    {},
    {"patience": 2},
    {"patience": 0, "factor": 0.5},
    {"patience": 3, "cooldown": 4},
    {"patience": 1, "threshold": 0.3, "factor": 0.9},
    {"patience": 1, "threshold": 0.0, "smallest": 0.02},
    {"patience": 1, "smallest": 1.0},
]


def watched(values, rate=BASE, **changed):
    row, plateau, found = SCHEDULES["reduce_on_plateau"], Plateau(), []
    settings = {**row.settings, **changed}
    for value in values:
        plateau, rate = row.after_epoch(plateau, value, rate, **settings)
        found.append(rate)
    return found


def test_each_setting_of_the_watch_is_tried():
    tried = set().union(*WATCHES)
    assert tried == set(SCHEDULES["reduce_on_plateau"].settings)


@pytest.mark.parametrize("losses", LOSSES)
@pytest.mark.parametrize("changed", WATCHES, ids=str)
def test_reduced_rates_are_those_of_torch(losses, changed):
    names = {"smallest": "min_lr"}
    settings = {"factor": 0.1, "patience": 10, **changed}
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)
    scheduler = lr_scheduler.ReduceLROnPlateau(
        optimizer, eps=0.0, **{names.get(name, name): value for name, value in settings.items()}
    )
    wanted = []
    for value in LOSSES[losses]:
        scheduler.step(value)
        wanted.append(optimizer.param_groups[0]["lr"])
    np.testing.assert_allclose(watched(LOSSES[losses], **changed), wanted, rtol=1e-12)


@pytest.mark.parametrize("changed", [{"patience": 2}, {"patience": 3, "cooldown": 4}], ids=str)
@pytest.mark.parametrize("losses", ["flat", "noisy", "slow"])
def test_reduced_rates_are_those_of_optax(losses, changed, x64):
    """optax's reduces *at* so many bad epochs, PyTorch's and ours after more than so many."""
    given = {**changed, "patience": changed["patience"] + 1}
    transform = optax.contrib.reduce_on_plateau(factor=0.1, rtol=1e-4, **given)
    update = jax.jit(lambda state, value: transform.update(jnp.ones(1), state, value=value)[1])
    state, wanted = transform.init(jnp.zeros(1)), []
    for value in LOSSES[losses]:
        state = update(state, value)
        wanted.append(BASE * float(state.scale))
    np.testing.assert_allclose(watched(LOSSES[losses], **changed), wanted, rtol=1e-12)


@given(
    st.lists(st.floats(0, 10), min_size=1, max_size=60),
    st.integers(0, 5),
    st.integers(0, 5),
    st.floats(0.05, 1),
)
def test_a_watched_rate_never_rises_nor_falls_too_soon(values, patience, cooldown, factor):
    found = watched(values, patience=patience, cooldown=cooldown, factor=factor, smallest=1e-3)
    assert all(later <= earlier for earlier, later in zip([BASE, *found], found, strict=False))
    assert min(found) >= 1e-3
    fallen = [t for t, (a, b) in enumerate(zip([BASE, *found], found, strict=False)) if b < a]
    assert all(t > patience for t in fallen)
    for earlier, later in pairwise(fallen):
        assert later - earlier > patience + cooldown
