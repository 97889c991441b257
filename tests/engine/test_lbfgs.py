"""Full-batch training, beside scipy run on torch's loss and derivatives."""

from itertools import pairwise

import jax
import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
import torch

from chainrule.engine import lbfgs
from chainrule.engine.lbfgs import minimise, pack, unpack
from chainrule.equations.network import Layer

SIZES = (5, 7, 6, 3)
N_ROWS = 150
LOSSES = {
    "cross_entropy": lambda Z, Y: torch.nn.functional.cross_entropy(Z, Y, reduction="none"),
    "half_mean_squared_error": lambda Z, Y: ((Z - Y) ** 2).mean(dim=1) / 2,
    "binary_cross_entropy": lambda Z, Y: torch.nn.functional.binary_cross_entropy_with_logits(
        Z, Y, reduction="none"
    ).sum(dim=1),
    "huber": lambda Z, Y: torch.nn.functional.huber_loss(Z, Y, reduction="none", delta=0.6).sum(1),
}
SETTINGS = {"huber": {"delta": 0.6}}
OUTPUTS = {
    "cross_entropy": "softmax",
    "huber": "identity",
    "half_mean_squared_error": "identity",
    "binary_cross_entropy": "logistic",
}


@pytest.fixture
def make(make_case):
    def make(loss="cross_entropy", **settings):
        given = {"n": N_ROWS, "batch_size": 1, "l2": 0.01, **settings}
        return make_case("sgd", ("tanh", "softplus"), loss, OUTPUTS[loss], **given)

    return make


def run(case, *, max_iter=30, tol=1e-9, **settings):
    """Train; scipy's result, and what each iteration reported."""
    seen = []
    found = minimise(
        case.plan,
        case.layers,
        case.X,
        case.Y,
        case.weights,
        l2=case.l2,
        alpha=case.alpha,
        max_iter=max_iter,
        max_fun=15_000,
        tol=tol,
        callback=lambda vector, loss, penalty: seen.append((vector, loss, penalty)),
        **settings,
    )
    return found, seen


@pytest.fixture
def evaluate(monkeypatch):
    """``case -> objective, gradient`` at the initial parameters: what scipy is given."""

    def evaluate(case, **settings):
        with monkeypatch.context() as patch:
            patch.setattr(scipy.optimize, "minimize", lambda function, x, **_: function(x))
            return run(case, **settings)[0]

    return evaluate


def judge(case, loss):
    """``vector -> objective, gradient`` by torch, for weights first and then biases."""
    weights = np.ones(len(case.X)) if case.weights is None else case.weights
    X, Y, w = (torch.tensor(part) for part in (case.X, case.Y, weights))
    shapes = [*pairwise(SIZES), *((size,) for size in SIZES[1:])]
    counts = [int(np.prod(shape)) for shape in shapes]

    def value_and_gradient(vector):
        theta = torch.tensor(vector, requires_grad=True)
        parts = [p.reshape(s) for p, s in zip(theta.split(counts), shapes, strict=True)]
        W, b = parts[:3], parts[3:]
        A = torch.tanh(X @ W[0] + b[0])
        Z = torch.nn.functional.softplus(A @ W[1] + b[1]) @ W[2] + b[2]
        data = (w * LOSSES[loss](Z, Y)).sum() / w.sum()
        strength = case.l2 + case.alpha / w.sum()
        total = data + strength / 2 * sum((part**2).sum() for part in W)
        total.backward()
        return total.item(), theta.grad.numpy()

    return value_and_gradient


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
def test_it_minimises_what_scipy_minimises_by_torch(make, loss, weighted):
    case = make(loss, alpha=0.3, weighted=weighted)
    found, seen = run(case, settings=SETTINGS.get(loss))
    theirs = []
    expected = scipy.optimize.minimize(
        judge(case, loss),
        pack(case.layers),
        method="L-BFGS-B",
        jac=True,
        callback=lambda intermediate_result: theirs.append(intermediate_result.fun),
        options={"maxfun": 15_000, "maxiter": 30, "gtol": 1e-9},
    )
    assert (found.nit, found.nfev) == (expected.nit, expected.nfev)
    assert [value + penalty for _, value, penalty in seen] == pytest.approx(theirs, rel=1e-9)
    assert found.fun == pytest.approx(expected.fun, rel=1e-9)
    assert found.x == pytest.approx(expected.x, abs=1e-6)


def test_what_an_iteration_reports_is_taken_apart(make):
    case = make(alpha=0.3, weighted=True)
    _, seen = run(case, max_iter=5)
    assert len(seen) == 5
    strength = case.l2 + case.alpha / case.weights.sum()
    for vector, loss, penalty in seen:
        layers = unpack(vector, SIZES)
        squares = sum(float(np.sum(layer.W**2)) for layer in layers)
        assert penalty == pytest.approx(strength / 2 * squares, rel=1e-13)
        assert loss + penalty == pytest.approx(judge(case, "cross_entropy")(vector)[0], rel=1e-12)
    assert not np.shares_memory(seen[0][0], seen[1][0])


def test_it_converges(make):
    found, _ = run(make(l2=0.1), max_iter=500, tol=1e-4)
    assert found.success
    assert np.abs(found.jac).max() <= 1e-4


# Chunks


@pytest.fixture(params=[64, 70, 100])
def chunks(request, monkeypatch):
    """Chunks of at most so many rows: 150 rows are then three, three and two."""
    monkeypatch.setattr(lbfgs, "CHUNK_BYTES", request.param * 8 * max(SIZES))


@pytest.mark.usefixtures("chunks")
def test_several_chunks_are_one(make, monkeypatch):
    case = make(weighted=True)
    several, _ = run(case, max_iter=10)
    monkeypatch.undo()
    whole, _ = run(case, max_iter=10)
    assert several.nfev == whole.nfev
    assert several.fun == pytest.approx(whole.fun, rel=1e-12)
    assert several.x == pytest.approx(whole.x, abs=1e-10)


@pytest.mark.usefixtures("chunks")
def test_one_evaluation_in_chunks_is_one_without(make, evaluate, monkeypatch):
    """Before rounding can grow."""
    case = make(weighted=True)
    value, gradient = evaluate(case)
    monkeypatch.undo()
    whole_value, whole_gradient = evaluate(case)
    assert value == pytest.approx(whole_value, rel=1e-14)
    assert gradient == pytest.approx(whole_gradient, rel=1e-12, abs=1e-16)


@pytest.mark.parametrize("chunk_bytes", [0, 2**26])
@pytest.mark.parametrize("kind", [scipy.sparse.csr_array, scipy.sparse.csc_matrix])
def test_sparse_rows_are_dense_ones(make, kind, chunk_bytes, monkeypatch):
    monkeypatch.setattr(lbfgs, "CHUNK_BYTES", chunk_bytes)
    case = make()
    case.X[np.abs(case.X) < 0.7] = 0
    dense, _ = run(case, max_iter=10)
    sparse, _ = run(case.but(X=kind(case.X)), max_iter=10)
    assert np.array_equal(dense.x, sparse.x)


# Precision


def test_all_is_float64_whatever_comes_in(make):
    """In float32 the line search stalls. Narrow rows and parameters are widened, no more."""
    case = make(l2=0.1)
    narrow = case.but(X=case.X.astype(np.float32), layers=_astype(case.layers, np.float32))
    wide = narrow.but(X=narrow.X.astype(np.float64), layers=_astype(narrow.layers, np.float64))
    one, _ = run(narrow)
    other, _ = run(wide)
    assert one.x.dtype == np.float64
    assert np.array_equal(one.x, other.x)
    assert not jax.config.jax_enable_x64


def _astype(layers, dtype):
    return tuple(Layer(W.astype(dtype), b.astype(dtype)) for W, b in layers)


def test_the_scale_of_the_loss_is_what_the_line_search_sees_alone(make, evaluate):
    """The gradient is the loss's own, and so is what an iteration reports."""
    case = make("half_mean_squared_error")
    value, gradient = evaluate(case)
    scaled_value, same_gradient = evaluate(case, loss_scale=3.0)
    assert np.array_equal(same_gradient, gradient)
    penalty = case.l2 / 2 * sum(float(np.sum(layer.W**2)) for layer in case.layers)
    assert scaled_value - penalty == pytest.approx(3 * (value - penalty), rel=1e-12)
    _, seen = run(case, max_iter=3, loss_scale=3.0)
    vector, loss, penalty = seen[-1]
    assert loss + penalty == pytest.approx(judge(case, "half_mean_squared_error")(vector)[0])


def test_the_scale_of_the_weights_is_free(make):
    case = make(weighted=True)
    one, _ = run(case, max_iter=5)
    other, _ = run(case.but(weights=case.weights * 2.0**-300), max_iter=5)
    assert np.array_equal(one.x, other.x)


# Packing


def test_packing_is_undone(make, same_bits):
    layers = make().layers
    vector = pack(layers)
    assert vector.dtype == np.float64
    assert same_bits(unpack(vector, SIZES), layers)
    assert np.array_equal(vector[:35], layers[0].W.ravel())
    assert np.array_equal(vector[-3:], layers[-1].b)


def test_a_callback_may_stop_it(make):
    case, seen = make(), []

    def stop_at_the_third(vector, loss, penalty):
        seen.append(loss)
        if len(seen) == 3:
            raise StopIteration

    there = (case.plan, case.layers, case.X, case.Y, None)
    found = minimise(
        *there, l2=0.01, alpha=0, max_iter=99, max_fun=999, tol=0, callback=stop_at_the_third
    )
    assert (found.nit, len(seen)) == (3, 3)
