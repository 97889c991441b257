"""Forward and backward: against automatic differentiation, differences and printed numbers."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.equations.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS
from chainrule.equations.losses import LOSSES, output_gradient, per_sample, reduce_weights
from chainrule.equations.network import Layer, backward, forward
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.equations.penalties import PENALTIES, penalised, total

VARIANTS = ("mean", "sum", "weighted mean", "weighted sum", "dropout", "l2")

PAIRS = [(loss, output) for loss, row in LOSSES.items() for output in row.outputs]

# A loss of real targets goes with any output, by the same product of two derivatives. So where
# a case is dear (JAX dispatches each operation by itself), one such loss meets every output, and
# the others meet the identity and softmax, whose derivative is a matrix.
CHOSEN = [
    (loss, output)
    for loss, output in PAIRS
    if LOSSES[loss].targets != "real"
    or loss == "squared_error"
    or output in ("identity", "softmax")
]

# Two hidden activations for each case, so that all of them take their turn.
_turns = itertools.cycle(HIDDEN_ACTIVATIONS)
CASES = [
    (loss, (next(_turns), next(_turns), output), k)
    for (loss, output), k in itertools.product(PAIRS, (1, 3))
    if (output, k) != ("softmax", 1)  # constant: see test_softmax_of_one_output_learns_nothing
    and (loss, k) != ("logit_cross_entropy", 1)  # the same, in the loss
]

HIDDEN_PAIRS = list(
    zip(HIDDEN_ACTIVATIONS, HIDDEN_ACTIVATIONS[1:] + HIDDEN_ACTIVATIONS[:1], strict=True)
)

# Gradients of parameters and input


def _named(cases):
    return [f"{loss}-{'-'.join(activations)}-{k}" for loss, activations, k in cases]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("judge", ["torch", "differences"], indirect=True)
@pytest.mark.parametrize(("loss", "activations", "k"), CASES, ids=_named(CASES))
def test_gradient(make_problem, judge, loss, activations, k, variant):
    assert judge(make_problem(loss, activations, (3, 5, 4, k), variant)) <= 1e-9


# Each case in one variant: all of them take their turn, and below meet every hidden activation.
DEAR = [case for case in CASES if (case[0], case[1][-1]) in CHOSEN]


@pytest.mark.parametrize("judge", ["jax"], indirect=True)
@pytest.mark.parametrize(
    ("loss", "activations", "k", "variant"),
    [(*case, variant) for case, variant in zip(DEAR, itertools.cycle(VARIANTS), strict=False)],
    ids=_named(DEAR),
)
def test_gradient_by_jax(make_problem, judge, loss, activations, k, variant):
    assert judge(make_problem(loss, activations, (3, 5, 4, k), variant)) <= 1e-9


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("hidden", HIDDEN_PAIRS, ids="-".join)
def test_gradient_through_each_hidden_activation(make_problem, judge, hidden, variant):
    problem = make_problem("cross_entropy", (*hidden, "softmax"), (3, 5, 4, 3), variant)
    assert judge(problem) <= 1e-9


@pytest.mark.parametrize("sizes", [(3, 5), (3, 5, 4), (3, 5, 4, 4, 4, 4)])
def test_gradient_at_other_depths(make_problem, judge, sizes):
    activations = ("tanh",) * (len(sizes) - 2) + ("identity",)
    assert judge(make_problem("squared_error", activations, sizes)) <= 1e-9


@pytest.mark.parametrize("loss", [name for name, row in LOSSES.items() if "softmax" in row.outputs])
def test_softmax_of_one_output_learns_nothing(loss):
    layers = (Layer(np.array([[0.5], [-1.0]]), np.array([0.2])),)
    X, Y = np.array([[1.0, 2.0], [0.3, -0.7]]), np.ones((2, 1))
    tape = forward(layers, ("softmax",), X)
    dZ = output_gradient(LOSSES[loss], ACTIVATIONS["softmax"], tape.Z[-1], tape.A[-1], 0 * Y + 1)
    found = backward(layers, ("softmax",), tape, dZ)
    assert np.array_equal(tape.A[-1], Y)
    assert not np.any(found.layers[0].W)
    assert not np.any(found.dX)


# The three libraries


@pytest.mark.parametrize(("loss", "output"), CHOSEN)
def test_runs_unchanged_in_each_library(make_problem, backend, loss, output):
    hidden = ("gelu", "elu") if output in ("tanh", "exp") else ("tanh", "silu")
    problem = make_problem(loss, (*hidden, output), (3, 5, 4, 3), "weighted mean")
    there = problem.to(backend.array)
    backend.check(there.value(), problem.value())
    (layers, dX), (expected, expected_dX) = there.gradient(), problem.gradient()
    backend.check(dX, expected_dX)
    for layer, wanted in zip(layers, expected, strict=True):
        backend.check(layer.W, wanted.W)
        backend.check(layer.b, wanted.b)


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_variant_runs_unchanged_in_each_library(make_problem, backend, variant):
    activations = ("relu", "softplus", "softmax")
    problem = make_problem("cross_entropy", activations, (3, 5, 4, 3), variant)
    there = problem.to(backend.array)
    backend.check(there.value(), problem.value())
    (layers, dX), (expected, expected_dX) = there.gradient(), problem.gradient()
    backend.check(dX, expected_dX)
    for layer, wanted in zip(layers, expected, strict=True):
        backend.check(layer.W, wanted.W)
        backend.check(layer.b, wanted.b)


# Worked examples, computed elsewhere in plain NumPy and checked with PyTorch

VECTORS = {
    vector["id"]: vector
    for vector in json.loads(Path(__file__).with_name("worked_vectors.json").read_text("utf-8"))
}


def _layers(numbers: dict, column: bool) -> tuple[Layer, ...]:
    """Layers from ``W1, b1, W2, ...``; in the column layout W is ``(n_out, n_in)``."""
    count = len(numbers) // 2
    arrays = {name: np.array(value) for name, value in numbers.items()}
    return tuple(
        Layer(arrays[f"W{i}"].T if column else arrays[f"W{i}"], arrays[f"b{i}"])
        for i in range(1, count + 1)
    )


def _near(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=list(VECTORS))
def test_worked_example(vector):
    wanted, column = vector["expected"], vector["layout"] == "column"
    X, Y, activations = np.array(vector["X"]), np.array(vector["Y"]), vector["activations"]
    loss, output = LOSSES[vector["loss"]], ACTIVATIONS[activations[-1]]
    l2, penalty = vector["l2"], PENALTIES["l2"]
    share = reduce_weights(np.ones(len(X)), vector["reduction"])

    layers = _layers(vector["params"], column)
    tape = forward(layers, activations, X)
    losses = per_sample(loss, output, tape.Z[-1], tape.A[-1], Y)
    for found, expected in zip((*tape.Z, *tape.A), (*wanted["Z"], *wanted["A"]), strict=True):
        _near(found, expected)
    _near(losses, wanted["per_sample_loss"])
    _near(share @ losses, wanted["data_loss"])
    _near(total(penalty, layers, l2), wanted["reg_loss"])
    _near(share @ losses + total(penalty, layers, l2), wanted["loss"])

    dZ = output_gradient(loss, output, tape.Z[-1], tape.A[-1], Y) * share[:, None]
    found = backward(layers, activations, tape, dZ)
    dA = (*found.dA, loss.gradient(tape.A[-1], Y) * share[:, None])
    for mine, expected in zip((*found.dZ, *dA), (*wanted["dL_dZ"], *wanted["dL_dA"]), strict=True):
        _near(mine, expected)
    _near(found.dX, wanted["dL_dX"])
    gradients = penalised(penalty, layers, found.layers, l2)
    sgd = OPTIMIZERS["sgd"]
    updated, _ = sgd.step(layers, gradients, sgd.init(layers), vector["lr"], sgd.settings)
    for mine, expected in (
        (gradients, _layers(wanted["grads"], column)),
        (updated, _layers(wanted["updated"], column)),
    ):
        for layer, numbers in zip(mine, expected, strict=True):
            _near(layer.W, numbers.W)
            _near(layer.b, numbers.b)

    after = forward(updated, activations, X)
    value = share @ per_sample(loss, output, after.Z[-1], after.A[-1], Y)
    _near(value + total(penalty, updated, l2), wanted["loss_after_update"])


# The tape and the masks


def test_tape_and_gradients_hold_what_they_say(make_problem):
    problem = make_problem("squared_error", ("tanh", "relu", "identity"), (3, 5, 4, 2), "dropout")
    layers, masks = problem.layers, problem.masks
    tape = forward(layers, problem.activations, problem.X, masks)
    assert [a.shape for a in tape.inputs] == [(4, 3), (4, 5), (4, 4)]
    assert [a.shape for a in tape.Z] == [(4, 5), (4, 4), (4, 2)] == [a.shape for a in tape.A]
    assert np.array_equal(tape.inputs[0], problem.X)
    for level in (0, 1):
        assert np.array_equal(tape.inputs[level + 1], tape.A[level] * masks[level])
    dZ = output_gradient(
        LOSSES["squared_error"], ACTIVATIONS["identity"], tape.Z[-1], tape.A[-1], problem.Y
    )
    found = backward(layers, problem.activations, tape, dZ, masks)
    assert [a.shape for a in found.dZ] == [(4, 5), (4, 4), (4, 2)]
    assert [a.shape for a in found.dA] == [(4, 5), (4, 4)]
    assert found.dZ[-1] is dZ
    for level in (0, 1):
        dropped = masks[level] == 0
        assert dropped.any()
        assert not np.any(found.dA[level][dropped])
        assert not np.any(found.dZ[level][dropped])


def test_a_mask_may_be_missing_in_any_layer(make_problem):
    problem = make_problem("squared_error", ("tanh", "tanh", "identity"), (3, 5, 4, 2), "dropout")
    for masks in ((None, problem.masks[1]), (problem.masks[0], None), (None, None)):
        ones = tuple(
            np.ones((4, o)) if m is None else m for m, o in zip(masks, (5, 4), strict=True)
        )
        tapes = [forward(problem.layers, problem.activations, problem.X, m) for m in (masks, ones)]
        found = [
            backward(problem.layers, problem.activations, tape, problem.Y, m)
            for tape, m in zip(tapes, (masks, ones), strict=True)
        ]
        assert np.array_equal(tapes[0].A[-1], tapes[1].A[-1])
        assert np.array_equal(found[0].dX, found[1].dX)


def test_one_activation_a_layer():
    layers = (Layer(np.ones((2, 2)), np.zeros(2)),) * 2
    with pytest.raises(ValueError, match="shorter"):
        forward(layers, ("tanh",), np.ones((1, 2)))


# Properties, in NumPy

PROPERTY = settings(
    deadline=None,
    max_examples=60,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@st.composite
def networks(draw):
    """Loss, activations, layer sizes, batch size, variant and seed."""
    loss, output = draw(st.sampled_from(PAIRS))
    hidden = draw(st.lists(st.sampled_from(HIDDEN_ACTIVATIONS), max_size=4))
    least = 2 if output == "softmax" else 1
    sizes = draw(st.lists(st.integers(1, 5), min_size=len(hidden) + 1, max_size=len(hidden) + 1))
    sizes.append(draw(st.integers(least, 4)))
    n, variant = draw(st.integers(1, 5)), draw(st.sampled_from(VARIANTS))
    return loss, (*hidden, output), tuple(sizes), variant, n, draw(st.integers(0, 1000))


@PROPERTY
@given(case=networks())
def test_backward_is_the_derivative_of_forward(make_problem, against_differences, case):
    assert against_differences(make_problem(*case)) <= 1e-9


@PROPERTY
@given(case=networks(), data=st.data())
def test_order_of_samples_and_of_hidden_units_does_not_matter(make_problem, case, data):
    problem = make_problem(*case)
    order = np.array(data.draw(st.permutations(range(len(problem.X)))), dtype=int)
    masks = problem.masks and tuple(mask[order] for mask in problem.masks)
    shuffled = problem.but(
        X=problem.X[order], Y=problem.Y[order], weights=problem.weights[order], masks=masks
    )
    assert shuffled.value() == pytest.approx(problem.value(), rel=1e-12)
    np.testing.assert_allclose(
        shuffled.gradient()[1], problem.gradient()[1][order], rtol=1e-9, atol=1e-13
    )
    if len(problem.layers) > 1 and problem.masks is None:
        first, second, *rest = problem.layers
        units = np.array(data.draw(st.permutations(range(first.W.shape[1]))), dtype=int)
        renamed = (Layer(first.W[:, units], first.b[units]), Layer(second.W[units], second.b))
        moved = problem.but(layers=(*renamed, *rest))
        assert moved.value() == pytest.approx(problem.value(), rel=1e-12)


@PROPERTY
@given(case=networks(), data=st.data())
def test_a_sum_is_linear_in_the_weights(make_problem, flatten, case, data):
    problem = make_problem(*case).but(reduction="sum", l2=0.0)
    weight = st.floats(0, 10, allow_subnormal=False)
    draws = st.lists(weight, min_size=len(problem.X), max_size=len(problem.X)).map(np.array)
    u, v = data.draw(draws), data.draw(draws)
    with_u, with_v, both = (problem.but(weights=w) for w in (u, v, u + 3 * v))
    assert both.value() == pytest.approx(with_u.value() + 3 * with_v.value(), rel=1e-10, abs=1e-12)
    found, parts = flatten(*both.gradient()), (with_u.gradient(), with_v.gradient())
    wanted = flatten(*parts[0]) + 3 * flatten(*parts[1])
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-10)


@PROPERTY
@given(case=networks(), factor=st.floats(1e-6, 1e6))
def test_a_mean_does_not_know_the_scale_of_the_weights(make_problem, flatten, case, factor):
    problem = make_problem(*case).but(reduction="mean")
    scaled = problem.but(weights=problem.weights * factor)
    assert scaled.value() == pytest.approx(problem.value(), rel=1e-12)
    np.testing.assert_allclose(
        flatten(*scaled.gradient()), flatten(*problem.gradient()), rtol=1e-9, atol=1e-13
    )


@PROPERTY
@given(case=networks())
def test_a_batch_without_weight_is_no_batch(make_problem, flatten, case):
    problem = make_problem(*case)
    nothing = problem.but(weights=np.zeros(len(problem.X)), l2=0.0)
    assert nothing.value() == 0
    assert not np.any(flatten(*nothing.gradient()))


@PROPERTY
@given(case=networks(), extra=st.integers(1, 4))
def test_rows_without_weight_change_nothing(make_problem, case, extra):
    problem = make_problem(*case)

    def pad(array, filler):
        return np.concatenate([array, np.full((extra, *array.shape[1:]), filler)])

    masks = problem.masks and tuple(pad(mask, 1.0) for mask in problem.masks)
    padded = problem.but(
        X=pad(problem.X, 0.7), Y=pad(problem.Y, 0.5), weights=pad(problem.weights, 0), masks=masks
    )
    assert padded.value() == pytest.approx(problem.value(), rel=1e-12)
    for mine, wanted in zip(padded.gradient()[0], problem.gradient()[0], strict=True):
        np.testing.assert_allclose(mine.W, wanted.W, rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(mine.b, wanted.b, rtol=1e-9, atol=1e-13)
    assert not np.any(padded.gradient()[1][len(problem.X) :])
