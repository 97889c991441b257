"""The forward pass in bounded memory, beside plain NumPy."""

import tracemalloc
import warnings
from itertools import pairwise

import jax
import numpy as np
import pytest
import scipy.sparse
import scipy.special
from scipy.special import expit

from chainrule.engine import predict
from chainrule.engine.plan import compilations
from chainrule.engine.predict import losses, outputs
from chainrule.equations.network import Layer

ACTIVATIONS = ("tanh", "relu", "softmax")


@pytest.fixture(params=["numpy", "compiled"])
def path(request, monkeypatch):
    """Both paths, in chunks of 64 rows; the compiled one is for more than one chunk."""
    monkeypatch.setattr(predict, "CHUNK_BYTES", 0)
    monkeypatch.setattr(predict, "SMALL_WORK", 0 if request.param == "compiled" else np.inf)
    return request.param


def network(dtype, sizes=(5, 7, 6, 3)):
    rng = np.random.default_rng(0)
    return tuple(
        Layer(rng.normal(0, 0.5, (i, o)).astype(dtype), rng.normal(0, 0.3, o).astype(dtype))
        for i, o in pairwise(sizes)
    )


def rows(n, dtype, width=5):
    X = np.random.default_rng(1).normal(size=(n, width)).astype(dtype)
    X[np.abs(X) < 0.5] = 0
    return X


def plain(layers, X, last=lambda Z: np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)):
    """The whole forward pass in float64."""
    X = X.toarray() if scipy.sparse.issparse(X) else X
    (W1, b1), (W2, b2), (W3, b3) = (
        (layer.W.astype(float), layer.b.astype(float)) for layer in layers
    )
    A = np.tanh(X.astype(float) @ W1 + b1)
    return last(np.maximum(A @ W2 + b2, 0) @ W3 + b3)


def tolerance(dtype):
    return 1e-13 if np.dtype(dtype) == np.float64 else 2e-6


N_ROWS = [1, 63, 64, 65, 128, 200]


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("n", N_ROWS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", [np.asarray, scipy.sparse.csr_array, scipy.sparse.csr_matrix])
def test_chunks_together_are_the_plain_forward_pass(kind, dtype, n):
    layers, X = network(dtype), rows(n, dtype)
    found = outputs(layers, ACTIVATIONS, kind(X))
    assert (found.shape, found.dtype) == ((n, 3), dtype)
    assert np.abs(found - plain(layers, X)).max() < tolerance(dtype)


@pytest.mark.usefixtures("path")
def test_no_rows_have_no_outputs():
    layers = network("float32")
    for X in (rows(0, "float32"), scipy.sparse.csr_array(rows(0, "float32"))):
        found = outputs(layers, ACTIVATIONS, X)
        assert (found.shape, found.dtype) == ((0, 3), np.float32)
    A, values = losses(layers, ACTIVATIONS, "cross_entropy", rows(0, "float32"), np.zeros((0, 3)))
    assert (A.shape, values.shape) == ((0, 3), (0,))


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("n", [1, 64, 200])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_come_with_the_outputs(dtype, n):
    layers, X = network(dtype), rows(n, dtype)
    Y = np.eye(3, dtype=bool)[np.random.default_rng(2).integers(3, size=n)]
    A, values = losses(layers, ACTIVATIONS, "cross_entropy", X, Y)
    expected = plain(layers, X)
    assert np.abs(A - expected).max() < tolerance(dtype)
    assert np.array_equal(A, outputs(layers, ACTIVATIONS, X))
    assert (values.shape, values.dtype) == ((n,), dtype)
    assert np.abs(values + np.log(expected[Y])).max() < 3 * tolerance(dtype)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    ("output", "loss", "last"),
    [
        ("identity", "squared_error", lambda Z: Z),
        ("logistic", "binary_cross_entropy", expit),
        ("exp", "poisson", np.exp),
    ],
)
def test_every_kind_of_output(output, loss, last):
    layers, X = network("float64"), rows(130, "float64")
    Y = np.ones((130, 3))
    A, values = losses(layers, ("tanh", "relu", output), loss, X, Y)
    expected = plain(layers, X, last)
    assert np.abs(A - expected).max() < 1e-13
    by_hand = {
        "squared_error": lambda A: 0.5 * (A - 1) ** 2,
        "binary_cross_entropy": lambda A: -np.log(A),
        "poisson": lambda A: A - 1 - np.log(A),
    }
    assert values == pytest.approx(by_hand[loss](expected).sum(axis=1), abs=1e-12)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("delta", [0.1, 1.0])
def test_losses_have_their_settings(delta, dtype):
    layers, X = network(dtype), rows(130, dtype)
    Y, activations = np.ones((130, 3)), ("tanh", "relu", "identity")
    given = {} if delta == 1.0 else {"settings": {"delta": delta}}
    _, values = losses(layers, activations, "huber", X, Y, **given)
    assert values.dtype == dtype
    expected = scipy.special.huber(delta, plain(layers, X, lambda Z: Z) - 1).sum(axis=1)
    assert np.abs(values - expected).max() < 10 * tolerance(dtype)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    ("of_layers", "of_rows", "expected"),
    [
        ("float32", "float64", "float64"),
        ("float64", "float32", "float64"),
        ("float32", "int64", "float64"),
    ],
)
def test_the_wider_dtype_is_that_of_the_outputs(of_layers, of_rows, expected):
    layers, X = network(of_layers), np.round(rows(130, "float64")).astype(of_rows)
    found = outputs(layers, ACTIVATIONS, X)
    assert found.dtype == expected
    assert np.abs(found - plain(layers, X)).max() < 1e-13


@pytest.mark.usefixtures("path")
def test_outputs_are_the_caller_s_own():
    layers, X = network("float32"), rows(65, "float32")
    found = outputs(layers, ACTIVATIONS, X)
    assert type(found) is np.ndarray
    assert found.flags.owndata
    assert found.flags.writeable
    before = X.copy()
    found[:] = 0
    assert np.array_equal(X, before)
    assert not jax.config.jax_enable_x64


@pytest.mark.usefixtures("path")
def test_an_input_is_not_handed_back():
    """Even where the network is the identity of its input."""
    X = rows(65, "float64")
    layers = (Layer(np.eye(5), np.zeros(5)),)
    found = outputs(layers, ("identity",), X)
    assert np.array_equal(found, X)
    assert not np.shares_memory(found, X)


def test_all_chunks_and_all_sizes_share_a_program(monkeypatch):
    monkeypatch.setattr(predict, "CHUNK_BYTES", 0)
    monkeypatch.setattr(predict, "SMALL_WORK", 0)
    layers = network("float32", (4, 9, 9, 3))
    before = compilations()
    for n in (65, 128, 129, 700):
        outputs(layers, ACTIVATIONS, rows(n, "float32", 4))
    assert compilations() == before + 1


def test_what_one_chunk_holds_is_not_compiled(monkeypatch):
    monkeypatch.setattr(predict, "SMALL_WORK", 0)
    before = compilations()
    outputs(network("float32"), ACTIVATIONS, rows(2048, "float32"))
    assert compilations() == before


@pytest.mark.usefixtures("path")
def test_a_diverged_network_has_a_result_and_no_warning():
    layers = tuple(Layer(W * np.float32(1e30), b) for W, b in network("float32"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        A, values = losses(
            layers,
            ("relu", "relu", "identity"),
            "squared_error",
            rows(130, "float32"),
            np.zeros((130, 3)),
        )
    assert (A.shape, values.shape) == ((130, 3), (130,))
    assert not np.isfinite(values).all()


@pytest.mark.parametrize("kind", [np.asarray, scipy.sparse.csr_array])
def test_memory_does_not_grow_with_the_rows(kind, monkeypatch):
    """All activations together would take 256 MB, and the rows made dense another 5."""
    monkeypatch.setattr(predict, "SMALL_WORK", np.inf)
    n, width = 32_000, 1000
    layers, X = network("float32", (40, width, 3)), kind(rows(n, "float32", 40))
    tracemalloc.start()
    try:
        found = outputs(layers, ("tanh", "softmax"), X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found) == n
    assert peak < 5 * predict.CHUNK_BYTES < n * width * 4 * 2 / 6
