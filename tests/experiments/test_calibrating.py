"""A run's calibration: against loops, a search by brute force, and the figure's own bins."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from chainrule.experiments import picturing
from chainrule.experiments.calibrating import BINS, calibration, cooled
from chainrule.experiments.predictions import Predictions
from chainrule.reports.figures.reliability import Bins

seeds = st.integers(0, 2**32 - 1)


def said(Z):
    log = log_softmax(np.asarray(Z, dtype=float), axis=1)
    return Predictions(log.argmax(axis=1), np.exp(log), log)


def drawn(seed, n=300, too_sure=2.5, k=4):
    """Logits that are ``too_sure`` times those from whose softmax the labels are drawn."""
    rng = np.random.default_rng(seed)
    Z = 1.5 * rng.normal(size=(n, k))
    u = rng.random((n, 1))
    return too_sure * Z, (u > np.cumsum(softmax(Z, axis=1), axis=1)).sum(axis=1).clip(max=k - 1)


def in_loops(P, y):
    """The expected calibration error, prediction by prediction."""
    bins = [[] for _ in range(BINS)]
    for p, label in zip(P, y, strict=True):
        sure, answer = max(p), int(np.argmax(p))
        at = next(m for m in range(BINS) if sure <= (m + 1) / BINS + 1e-12)
        bins[at].append((sure, answer == label))
    error = 0.0
    for inside in filter(None, bins):
        error += abs(math.fsum(s - r for s, r in inside)) / len(P)
    return error


def by_brute_force(Z, y):
    """The temperature of the least loss among many."""
    temperatures = np.geomspace(0.2, 20, 2001)
    rows = np.arange(len(y))
    losses = [-log_softmax(Z / T, axis=1)[rows, y].mean() for T in temperatures]
    return temperatures[int(np.argmin(losses))]


@given(seeds, st.floats(0.5, 5))
@settings(max_examples=10)
def test_it_is_what_loops_and_brute_force_find(seed, too_sure):
    (Z, y), (Z_val, y_val) = drawn(seed, 300, too_sure), drawn(seed + 1, 200, too_sure)
    found = calibration(said(Z), y, said(Z_val), y_val)
    assert found.error == pytest.approx(in_loops(softmax(Z, axis=1), y), abs=1e-9)
    assert found.temperature == pytest.approx(by_brute_force(Z_val, y_val), rel=4e-3)
    P = np.exp(Z / found.temperature)
    P /= P.sum(axis=1, keepdims=True)
    assert found.error_after == pytest.approx(in_loops(P, y), abs=1e-9)
    assert found.loss_after == pytest.approx(-np.log(P[np.arange(len(y)), y]).mean())


@given(seeds)
@settings(max_examples=20)
def test_cooling_changes_no_answer_and_the_scale_of_the_logits_changes_nothing_after(seed):
    (Z, y), (Z_val, y_val) = drawn(seed), drawn(seed + 1)
    found = calibration(said(Z), y, said(Z_val), y_val)
    after = cooled(said(Z), found.temperature)
    np.testing.assert_array_equal(after.argmax(axis=1), Z.argmax(axis=1))
    other = calibration(said(3 * Z), y, said(3 * Z_val), y_val)
    assert other.temperature == pytest.approx(3 * found.temperature)
    assert other.loss_after == pytest.approx(found.loss_after)


def test_one_that_is_too_sure_is_mended():
    Z, y = drawn(0, 4000)
    found = calibration(said(Z[:2000]), y[:2000], said(Z[2000:]), y[2000:])
    assert 2.2 < found.temperature < 2.8
    assert found.error > 0.1 and found.error_after < 0.03


@given(seeds, st.sampled_from([1, 3, 4, 5, 10]))
@settings(max_examples=30)
def test_the_error_is_that_of_the_diagram(seed, neighbours):
    """Also where every confidence lies on an edge of a bin, as of neighbours that vote."""
    rng = np.random.default_rng(seed)
    P = rng.multinomial(neighbours, [0.6, 0.3, 0.1], size=80) / neighbours
    y = rng.integers(0, 3, 80)
    with np.errstate(divide="ignore"):
        found = calibration(Predictions(P.argmax(axis=1), P, np.log(P)), y)
    bins = picturing.reliability_bins(P.max(axis=1), P.argmax(axis=1) == y)
    assert found.error == pytest.approx(Bins(**bins.model_dump()).ece, abs=1e-12)


def test_where_there_is_no_temperature():
    Z, y = drawn(1)
    log = log_softmax(Z, axis=1)
    tree = np.where(log == log.max(axis=1, keepdims=True), 0.0, -np.inf)
    one_hot = Predictions(tree.argmax(axis=1), np.exp(tree), tree)
    wrong = (Z.argmin(axis=1) + 0 * y).astype(int)
    for test, validation, labels in [
        (said(Z), None, None),
        (said(Z), said(Z), Z.argmax(axis=1)),  # every row is right
        (said(Z), said(Z), wrong),  # what it says is worse than nothing
        (said(Z), one_hot, y),
        (one_hot, said(Z), y),
    ]:
        found = calibration(test, y, validation, labels)
        assert found.error > 0
        assert found.temperature is found.error_after is found.loss_after is None


def test_what_is_no_distribution_is_not_calibrated():
    sigmoids = Predictions(np.array([0, 1]), np.array([[0.9, 0.8], [0.1, 0.4]]))
    assert calibration(sigmoids, np.array([0, 1])) is None
    assert calibration(Predictions(np.array([0, 1])), np.array([0, 1])) is None
