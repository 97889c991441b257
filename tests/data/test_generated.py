"""Generated data sets are what their maths says, and the same every time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.data import load
from chainrule.data.generated import GENERATED
from chainrule.errors import DataError

CLASSES = [name for name, shape in GENERATED.items() if shape.n_classes]


@pytest.mark.parametrize("name", GENERATED)
def test_equal_parameters_make_equal_points(name):
    first, same, other = (load(name, n=50, noise=0.3, seed=s) for s in (1, 1, 2))
    assert first.sha256 == same.sha256 != other.sha256
    assert first.X_test is None and first.y_test is None
    assert f"{name}, n = 50, noise = 0.3, seed = 1" in first.source
    noisier = load(name, n=50, noise=0.4, seed=1)
    assert not np.array_equal(_both(first), _both(noisier))


def _both(data):
    return np.column_stack([data.X_train, data.y_train])


@pytest.mark.parametrize("name", CLASSES)
@given(n=st.integers(3, 200), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_the_classes_are_as_many(name, n, seed):
    data = load(name, n=n, seed=seed)
    counts = np.bincount(data.y_train, minlength=len(data.class_names))
    assert counts.sum() == n
    assert np.ptp(counts) <= 1
    assert data.X_train.shape == (n, 2)
    assert np.isfinite(data.X_train).all()


def test_moons_circles_and_blobs_are_those_of_scikit_learn():
    from sklearn.datasets import make_blobs, make_circles, make_moons

    for name, made in {
        "moons": make_moons(80, noise=0.1, random_state=3),
        "circles": make_circles(80, noise=0.1, factor=0.5, random_state=3),
        "blobs": make_blobs(80, centers=3, cluster_std=0.1, random_state=3),
    }.items():
        data = load(name, n=80, noise=0.1, seed=3)
        assert np.array_equal(data.X_train, made[0])
        assert np.array_equal(data.y_train, made[1])


def test_spirals_lie_on_their_arms():
    data = load("spirals", n=400, noise=0.0, seed=4)
    radius = np.hypot(*data.X_train.T)
    assert radius.max() <= 1
    angle = 3 * np.pi * radius + np.pi * data.y_train
    expected = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    assert data.X_train == pytest.approx(expected, abs=1e-12)


def test_the_sine_is_a_sine_and_its_noise_is_what_is_said():
    data = load("sine", n=4000, noise=0.5, seed=4)
    x = data.X_train[:, 0]
    assert data.task == "regression" and data.class_names == ()
    assert data.y_train.dtype == np.float64 and data.target_name == "y"
    assert -np.pi <= x.min() < -3 and 3 < x.max() <= np.pi
    assert (data.y_train - np.sin(2 * x)).std() == pytest.approx(0.5, rel=0.05)
    exact = load("sine", n=40, noise=0, seed=4)
    assert np.array_equal(exact.y_train, np.sin(2 * exact.X_train[:, 0]))


def test_xor_is_the_sign_of_the_product():
    data = load("xor", n=400, seed=4)
    assert np.array_equal(data.y_train == 1, np.prod(data.X_train, axis=1) < 0)
    assert np.abs(data.X_train).max() <= 1
    assert len(np.unique(np.sign(data.X_train), axis=0)) == 4


@pytest.mark.parametrize("name", ["spirals", "xor"])
def test_noise_is_the_spread_of_what_is_added(name):
    added = (
        load(name, n=4000, noise=0.5, seed=1).X_train - load(name, n=4000, noise=0, seed=1).X_train
    )
    assert added.std() == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        (
            {"noize": 1},
            r"Unknown parameter of the data set 'moons': 'noize'\. Did you mean 'noise'",
        ),
        ({"n": 1}, "whole number n from 2 to 10,000,000, came 1"),
        ({"n": 10.0}, "whole number n"),
        ({"n": True}, "whole number n"),
        ({"n": 10**12}, "came 1000000000000"),
        ({"noise": -0.1}, "noise of 0 or more, came -0.1"),
        ({"noise": float("nan")}, "came nan"),
        ({"noise": float("inf")}, "came inf"),
        ({"noise": "much"}, "came 'much'"),
        ({"seed": -1}, "whole number seed from 0"),
        ({"seed": None}, "came None"),
    ],
)
def test_what_cannot_be_is_refused(parameters, says):
    with pytest.raises(DataError, match=says):
        load("moons", **parameters)


def test_a_set_that_is_not_generated_takes_no_parameters():
    with pytest.raises(DataError, match="'digits' is what it is and takes no parameters; came n"):
        load("digits", n=100)
