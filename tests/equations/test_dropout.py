"""Dropout masks: the bits, what they depend on and what not, the rate, the expectation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.random import threefry_2x32

from chainrule.equations.dropout import dropout_mask, quantised_rate, threefry
from chainrule.equations.network import Layer, forward


def mask(shape, rate=0.25, seed=1, step=2, layer=0, dtype=np.float32):
    """A mask as the trainers ask for it: with arrays for what changes during training."""
    return dropout_mask(
        np, np.uint32(seed), np.uint32(step), layer, shape, np.asarray(rate, dtype), dtype
    )


# The bits

WORDS = [
    # key, counter, result: from the known answers that come with Random123
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


def words(*values):
    return tuple(np.array([value], np.uint32) for value in values)


@pytest.mark.parametrize(("key", "counter", "wanted"), WORDS)
def test_threefry_gives_the_known_answers(key, counter, wanted):
    found = threefry(words(*key), words(*counter))
    assert tuple(int(word[0]) for word in found) == wanted
    assert all(word.dtype == np.uint32 for word in found)


def test_threefry_is_jaxs():
    rng = np.random.default_rng(0)
    key = rng.integers(0, 2**32, 2, dtype=np.uint32)
    counter = rng.integers(0, 2**32, (2, 1000), dtype=np.uint32)
    found = threefry(words(*key), (counter[0], counter[1]))
    wanted = threefry_2x32(jnp.asarray(key), jnp.asarray(counter.ravel()))
    assert np.array_equal(np.concatenate(found), wanted)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (20, 7)])
def test_numpy_and_jax_give_the_same_bits(shape, dtype):
    seed, step, layer = 2**32 - 1, 2**31, 3
    with jax.enable_x64(dtype == np.float64):
        compiled = jax.jit(
            lambda seed, step, rate: dropout_mask(jnp, seed, step, layer, shape, rate, dtype)
        )
        for rate in (0.0, 1 / 256, 0.5, 0.19921875, 255 / 256):
            here = mask(shape, rate, seed=seed, step=step, layer=layer, dtype=dtype)
            there = compiled(jnp.uint32(seed), jnp.uint32(step), jnp.asarray(rate, dtype))
            assert here.dtype == there.dtype == dtype
            assert here.shape == there.shape == shape
            assert np.array_equal(here, there)


# What a mask depends on


@pytest.mark.parametrize("shape", [(8, 5), (9, 5), (8, 6), (64, 300), (1, 1)])
def test_padded_rows_and_units_change_nothing(shape):
    rows, units = shape
    large = mask((70, 310))
    assert np.array_equal(mask(shape), large[:rows, :units])


@pytest.mark.parametrize(
    "change", [{"seed": 7}, {"step": 3}, {"layer": 1}, {"seed": 2, "step": 1}, {"layer": 255}]
)
def test_seed_step_and_layer_change_the_mask(change):
    """Half of the places agree by chance, at a rate of one half."""
    agreement = np.mean(mask((200, 100), 0.5) == mask((200, 100), 0.5, **change))
    assert agreement == pytest.approx(0.5, abs=0.02)


def test_layers_share_no_bits():
    """However many samples: no row of one layer's mask is a row of another's."""
    rows = [{row.tobytes() for row in mask((5000, 128), 0.5, layer=layer)} for layer in range(4)]
    assert len(set.union(*rows)) == 4 * 5000


def test_the_same_arguments_give_the_same_mask():
    assert np.array_equal(mask((20, 10)), mask((20, 10)))


def test_places_are_independent():
    """Neither neighbouring samples nor neighbouring units go together."""
    kept = (mask((1600, 64), 0.5) > 0).astype(float) - 0.5
    for other in (np.roll(kept, 1, 0), np.roll(kept, 8, 0), np.roll(kept, 1, 1)):
        assert abs(np.mean(kept * other)) < 0.25 * 4 / np.sqrt(kept.size)


# Rate and expectation


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.25, 0.5, 0.8, 0.99])
def test_rate_and_expectation(rate):
    q = quantised_rate(rate)
    found = mask((2000, 100), q, dtype=np.float64)
    assert set(np.unique(found)) == {0.0, 1 / (1 - q)}
    sigma = np.sqrt(q * (1 - q) / found.size)
    assert np.mean(found == 0) == pytest.approx(q, abs=4 * sigma)
    assert found.mean() == pytest.approx(1.0, abs=4 * sigma / (1 - q))


def test_expected_pre_activations_are_those_without_dropout():
    """Over many steps, one layer up."""
    rng = np.random.default_rng(0)
    layers = (
        Layer(rng.normal(size=(3, 6)), np.zeros(6)),
        Layer(rng.normal(size=(6, 2)), np.ones(2)),
    )
    X, count = rng.normal(size=(1, 3)), 20_000
    plain = forward(layers, ("tanh", "identity"), X).Z[-1]
    masks = (mask((count, 6), quantised_rate(0.3), dtype=np.float64),)
    dropped = forward(layers, ("tanh", "identity"), np.repeat(X, count, 0), masks).Z[-1]
    error = dropped.std(0) / np.sqrt(count)
    assert np.all(np.abs(dropped.mean(0) - plain[0]) < 4 * error)


def test_a_rate_of_zero_keeps_everything():
    assert np.array_equal(mask((40, 30), quantised_rate(0.0)), np.ones((40, 30)))


def test_the_largest_rate_still_keeps_something():
    q = quantised_rate(1 - 1e-12)
    found = mask((1000, 100), q)
    assert q == 255 / 256
    assert set(np.unique(found)) == {0.0, 256.0}


@pytest.mark.parametrize(
    ("rate", "wanted"),
    [
        (0.0, 0),
        (1e-9, 1),
        (1 / 256, 1),
        (0.1, 26),
        (0.2, 51),
        (0.5, 128),
        (0.9, 230),
        (0.9999, 255),
    ],
)
def test_quantised_rate(rate, wanted):
    assert quantised_rate(rate) == wanted / 256


def test_quantised_rate_is_within_half_a_step():
    for rate in np.linspace(0.004, 0.996, 500):
        assert abs(quantised_rate(float(rate)) - rate) <= 1 / 512
