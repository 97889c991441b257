"""Every optimizer: twenty steps beside PyTorch's, optax's or scikit-learn's, and clipping."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from chainrule.equations.network import Layer
from chainrule.equations.optimizers import (
    OPTIMIZERS,
    clip_by_global_norm,
    global_norm,
    limit_norms,
)

STEPS, RATE, DECAY = 20, 0.05, 0.03

_rng = np.random.default_rng(7)
SHAPES = ((3, 4), (4,), (4, 2), (2,))
START = [_rng.normal(size=shape) for shape in SHAPES]
PULLS = [[_rng.normal(size=shape) for shape in SHAPES] for _ in range(STEPS)]


def pull(parameters, t):
    """The gradients at step t: a bowl around a point that moves."""
    return [p - noise for p, noise in zip(parameters, PULLS[t], strict=True)]


def as_layers(arrays):
    return tuple(Layer(W, b) for W, b in zip(arrays[::2], arrays[1::2], strict=True))


def as_arrays(layers):
    return [array for layer in layers for array in layer]


def ours(name, rates=(RATE,) * STEPS, **changed):
    """The parameters after each step, for one row of the table."""
    row = OPTIMIZERS[name]
    layers, path = as_layers(START), []
    state = row.init(layers)
    for t, rate in enumerate(rates):
        gradients = as_layers(pull(as_arrays(layers), t))
        layers, state = row.step(layers, gradients, state, rate, {**row.settings, **changed})
        path.append(as_arrays(layers))
    return path


# Other people's optimizers. Each gives the parameters after each step.


def by_torch(make):
    def run():
        parameters = [torch.tensor(p) for p in START]
        optimizer, path = make(parameters), []
        for t in range(STEPS):
            for p, g in zip(parameters, pull([p.numpy() for p in parameters], t), strict=True):
                p.grad = torch.tensor(g)
            optimizer.step()
            path.append([p.numpy().copy() for p in parameters])
        return path

    return run


def by_optax(transform):
    def run():
        parameters, path = [jnp.asarray(p) for p in START], []
        state, update = transform.init(parameters), jax.jit(transform.update)
        for t in range(STEPS):
            gradients = [jnp.asarray(g) for g in pull([np.asarray(p) for p in parameters], t)]
            updates, state = update(gradients, state, parameters)
            parameters = optax.apply_updates(parameters, updates)
            path.append(parameters)
        return path

    return run


def by_sklearn(make, rates=(RATE,) * STEPS):
    def run():
        parameters = [p.copy() for p in START]
        optimizer, path = make(parameters), []
        for t, rate in enumerate(rates):
            optimizer.learning_rate = rate
            optimizer.update_params(parameters, pull(parameters, t))
            path.append([p.copy() for p in parameters])
        return path

    return run


def torch_adamw(parameters):
    """Decay on the weights, none on the biases, as ours."""
    groups = [{"params": parameters[::2]}, {"params": parameters[1::2], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=RATE, weight_decay=DECAY)


def sklearn_adam(parameters):
    return AdamOptimizer(parameters, learning_rate_init=RATE)


def torch_sgd(**settings):
    return by_torch(lambda p: torch.optim.SGD(p, lr=RATE, **settings))


def sklearn_sgd(momentum, nesterov, rates=(RATE,) * STEPS):
    return by_sklearn(lambda p: SGDOptimizer(p, RATE, "constant", momentum, nesterov), rates)


WEIGHTS_ONLY = [True, False, True, False]

ORACLES = {
    "sgd": [torch_sgd(), by_optax(optax.sgd(RATE)), sklearn_sgd(0.0, False)],
    "momentum": [
        torch_sgd(momentum=0.9),
        by_optax(optax.sgd(RATE, momentum=0.9)),
        sklearn_sgd(0.9, False),
    ],
    "nesterov": [
        torch_sgd(momentum=0.9, nesterov=True),
        by_optax(optax.sgd(RATE, momentum=0.9, nesterov=True)),
        sklearn_sgd(0.9, True),
    ],
    "adam": [by_torch(lambda p: torch.optim.Adam(p, lr=RATE)), by_optax(optax.adam(RATE))],
    "adam_hat": [by_sklearn(sklearn_adam)],
    "adamw": [
        by_torch(torch_adamw),
        by_optax(optax.adamw(RATE, weight_decay=DECAY, mask=WEIGHTS_ONLY)),
    ],
    "rmsprop": [
        by_torch(lambda p: torch.optim.RMSprop(p, lr=RATE, alpha=0.9)),
        by_optax(optax.rmsprop(RATE, decay=0.9, eps=1e-8, eps_in_sqrt=False)),
    ],
    "adagrad": [by_torch(lambda p: torch.optim.Adagrad(p, lr=RATE))],
}
CHANGED = {"adamw": {"weight_decay": DECAY}}

EACH = pytest.mark.parametrize("name", OPTIMIZERS)
BESIDE = [(name, number) for name, runs in ORACLES.items() for number in range(len(runs))]


def assert_same_path(found, wanted, rtol=1e-12):
    assert len(found) == len(wanted)
    for mine, theirs in zip(found, wanted, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


# Steps


def test_every_row_has_an_independent_oracle():
    assert set(ORACLES) == set(OPTIMIZERS), "Add the new row's optimizer above."


@pytest.mark.parametrize(("name", "number"), BESIDE)
def test_twenty_steps_are_those_of_the_others(name, number, x64):
    assert_same_path(ours(name, **CHANGED.get(name, {})), ORACLES[name][number]())


@pytest.mark.parametrize(("name", "nesterov"), [("momentum", False), ("nesterov", True)])
def test_the_velocity_carries_the_learning_rate(name, nesterov):
    """A learning rate that changes leaves the velocity as it is (scikit-learn's convention)."""
    rates = [RATE / (1 + t) for t in range(STEPS)]
    assert_same_path(ours(name, rates), sklearn_sgd(0.9, nesterov, rates)())


def test_adam_hat_is_adam_with_a_shrinking_epsilon():
    """At the first step: epsilon / sqrt(1 - b2)."""
    hat = ours("adam_hat", rates=(RATE,), epsilon=1e-3)
    plain = ours("adam", rates=(RATE,), epsilon=1e-3 / np.sqrt(1 - 0.999))
    assert_same_path(hat, plain, rtol=1e-13)


def test_adagrad_without_epsilon_is_that_of_optax(x64):
    """optax has epsilon inside the root, and begins with a tenth."""
    run = by_optax(optax.adagrad(RATE, initial_accumulator_value=0.0, eps=0.0))
    assert_same_path(ours("adagrad", epsilon=0.0), run())


@pytest.mark.parametrize("name", ["adagrad", "rmsprop"])
def test_the_first_step_does_not_know_the_gradient_s_size(name):
    """It is eta sign(g), over sqrt(1 - rho) for RMSprop, which begins with a mean of 0."""
    row, layers = OPTIMIZERS[name], as_layers(START)
    settings = {**row.settings, "epsilon": 0.0}
    size = RATE / (np.sqrt(1 - settings["rho"]) if name == "rmsprop" else 1.0)
    for scale in (1e-6, 1.0, 1e6):
        gradients = as_layers([scale * p for p in START])
        after, _ = row.step(layers, gradients, row.init(layers), RATE, settings)
        for new, old in zip(as_arrays(after), START, strict=True):
            np.testing.assert_allclose(new, old - size * np.sign(old), rtol=1e-12)


@pytest.mark.parametrize("name", ["adagrad", "rmsprop"])
def test_a_parameter_without_a_gradient_stays(name, backend):
    row, layers = OPTIMIZERS[name], backend.layers(as_layers(START))
    zeros = backend.layers(as_layers([0 * p for p in START]))
    after, _ = row.step(layers, zeros, row.init(layers), RATE, dict(row.settings))
    for new, old in zip(as_arrays(after), START, strict=True):
        backend.check(new, old)


def test_adamw_without_decay_is_adam():
    assert_same_path(ours("adamw", weight_decay=0.0), ours("adam"), rtol=0)


def test_decay_leaves_the_biases_alone():
    [[W1, b1, *_]], [[W2, b2, *_]] = (
        ours("adamw", rates=(RATE,), weight_decay=decay) for decay in (0.0, 0.5)
    )
    np.testing.assert_allclose(W1 - W2, 0.5 * RATE * START[0], rtol=1e-12)
    assert np.array_equal(b1, b2)


@EACH
def test_each_setting_changes_the_result(name):
    for setting, value in OPTIMIZERS[name].settings.items():
        changed = ours(name, **{setting: 0.5 * value})
        assert not np.array_equal(changed[-1][0], ours(name)[-1][0]), setting


@EACH
def test_runs_unchanged_in_each_library(name, backend):
    """And the state keeps its shapes and dtype, because a compiled loop carries it."""
    row, layers = OPTIMIZERS[name], backend.layers(as_layers(START))
    step = jax.jit(row.step) if backend.library == "jax" else row.step
    state = first = row.init(layers)
    for t, wanted in enumerate(ours(name, rates=(RATE,) * 5)):
        numbers = pull([np.asarray(p, dtype=float) for p in as_arrays(layers)], t)
        gradients = backend.layers(as_layers(numbers))
        layers, state = step(layers, gradients, state, RATE, dict(row.settings))
        for mine, theirs in zip(as_arrays(layers), wanted, strict=True):
            backend.check(mine, theirs, 1e-4 if backend.precision == "float32" else 1e-12)
    assert set(first) == set(state)
    for key, before in first.items():
        arrays = as_arrays if isinstance(before, tuple) else lambda number: [number]
        for a, b in zip(arrays(before), arrays(state[key]), strict=True):
            assert a.dtype == b.dtype == backend.dtype
            assert a.shape == b.shape


@EACH
def test_arguments_are_left_as_they_were(name):
    layers = as_layers([p.copy() for p in START])
    for array in as_arrays(layers):
        array.setflags(write=False)
    row = OPTIMIZERS[name]
    state = row.init(layers)
    _, state = row.step(layers, layers, state, RATE, row.settings)
    for value in state.values():
        for array in as_arrays(value) if isinstance(value, tuple) else []:
            array.setflags(write=False)
    row.step(layers, layers, state, RATE, row.settings)


@EACH
def test_rate_and_settings_may_be_traced(name):
    """One compilation for all values: rate and settings are arguments."""
    row, layers = OPTIMIZERS[name], as_layers([jnp.asarray(p, jnp.float32) for p in START])
    traces = []

    @jax.jit
    def step(layers, state, rate, settings):
        traces.append(name)
        return row.step(layers, layers, state, rate, settings)[0]

    here = as_layers(START)
    for factor in (1.0, 0.5):
        settings = {key: factor * value for key, value in row.settings.items()}
        found = step(layers, row.init(layers), factor * RATE, settings)
        wanted, _ = row.step(here, here, row.init(here), factor * RATE, settings)
        for mine, theirs in zip(as_arrays(found), as_arrays(wanted), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    assert len(traces) == 1


# Clipping

SCALES = pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])


@SCALES
def test_clipping_is_that_of_optax(scale, x64):
    gradients = [scale * p for p in START]
    clip = optax.clip_by_global_norm(2.0)
    wanted, _ = jax.jit(clip.update)([jnp.asarray(g) for g in gradients], clip.init(None))
    found = as_arrays(clip_by_global_norm(as_layers(gradients), 2.0))
    assert_same_path([found], [wanted])


@SCALES
def test_clipping_is_that_of_torch(scale):
    """PyTorch divides by norm + 1e-6."""
    parameters = [torch.zeros(shape, dtype=torch.float64) for shape in SHAPES]
    for p, start in zip(parameters, START, strict=True):
        p.grad = torch.tensor(scale * start)
    norm = float(torch.nn.utils.clip_grad_norm_(parameters, 2.0))
    correction = (norm + 1e-6) / norm if norm > 2.0 else 1.0
    wanted = [p.grad.numpy() * correction for p in parameters]
    gradients = as_layers([scale * p for p in START])
    assert global_norm(gradients) == pytest.approx(norm, rel=1e-14)
    assert_same_path([as_arrays(clip_by_global_norm(gradients, 2.0))], [wanted])


def test_clipped_gradients_have_the_limit_as_their_norm():
    gradients = as_layers(START)
    assert global_norm(clip_by_global_norm(gradients, 0.5)) == pytest.approx(0.5, rel=1e-14)
    limit = 1.0001 * global_norm(gradients)
    for mine, theirs in zip(as_arrays(clip_by_global_norm(gradients, limit)), START, strict=True):
        assert np.array_equal(mine, theirs)


@pytest.mark.parametrize("limit", [2.0, 1e6])
def test_clipping_in_each_library(limit, backend):
    found = clip_by_global_norm(as_layers([backend.array(p) for p in START]), limit)
    for mine, wanted in zip(found, clip_by_global_norm(as_layers(START), limit), strict=True):
        backend.check(mine.W, wanted.W)
        backend.check(mine.b, wanted.b)


def test_gradients_of_zero_stay_zero(backend):
    zeros = as_layers([backend.array(np.zeros(shape)) for shape in SHAPES])
    for array, shape in zip(as_arrays(clip_by_global_norm(zeros, 1.0)), SHAPES, strict=True):
        backend.check(array, np.zeros(shape))


# Max-norm


@pytest.mark.parametrize("limit", [0.5, 1.5, 1e6])
def test_limited_norms_are_those_of_torch(limit):
    """PyTorch divides by norm + 1e-7 (and takes the norms of the rows or columns asked for)."""
    for layer, before in zip(limit_norms(as_layers(START), limit), as_layers(START), strict=True):
        norms = np.linalg.norm(before.W, axis=0)
        wanted = torch.renorm(torch.tensor(before.W), p=2, dim=1, maxnorm=limit).numpy()
        correction = np.where(norms > limit, (norms + 1e-7) / norms, 1.0)
        np.testing.assert_allclose(layer.W, wanted * correction, rtol=1e-13)
        assert layer.b is before.b


@pytest.mark.parametrize("limit", [0.5, 1.5])
def test_limited_norms_are_projections(limit, x64):
    """Onto the ball around 0, unit by unit: the nearest weights that are allowed."""
    [layer, _] = limit_norms(as_layers(START), limit)
    for column, before in zip(layer.W.T, START[0].T, strict=True):
        wanted = optax.projections.projection_l2_ball(jnp.asarray(before), limit)
        np.testing.assert_allclose(column, wanted, rtol=1e-12)


@given(st.floats(1e-3, 1e3), st.integers(0, 2**32 - 1))
def test_no_unit_is_longer_than_the_limit_and_short_ones_stay(limit, seed):
    W = np.random.default_rng(seed).normal(0, 10.0 ** (seed % 5 - 2), (4, 6))
    [layer] = limit_norms((Layer(W, W[0]),), limit)
    before, after = np.linalg.norm(W, axis=0), np.linalg.norm(layer.W, axis=0)
    assert np.all(after <= limit * (1 + 1e-14))
    assert np.array_equal(layer.W[:, before <= limit], W[:, before <= limit])
    np.testing.assert_allclose(after, np.minimum(before, limit), rtol=1e-13)
    [again] = limit_norms((layer,), limit)
    np.testing.assert_allclose(again.W, layer.W, rtol=1e-14)


@pytest.mark.parametrize("limit", [0.5, 1e6])
def test_limited_norms_in_each_library(limit, backend):
    here = as_layers([*START[:2], np.zeros((4, 2)), START[3]])
    for given_limit in (limit, backend.array(limit)):
        found = limit_norms(backend.layers(here), given_limit)
        for mine, wanted in zip(found, limit_norms(here, limit), strict=True):
            backend.check(mine.W, wanted.W)
            backend.check(mine.b, wanted.b)
