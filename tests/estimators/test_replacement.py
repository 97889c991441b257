"""Rows drawn with replacement, and classes told apart by a sigmoid each."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from chainrule import MLPClassifier
from chainrule.engine.batches import Shuffler

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_an_epoch_draws_as_many_rows_each_from_all():
    shuffler = Shuffler(np.random.RandomState(0), 1000, replacement=True)
    first, second = shuffler.next().copy(), shuffler.next()
    expected = np.random.RandomState(0).randint(0, 1000, 1000)
    assert np.array_equal(first, expected)
    assert not np.array_equal(first, second)
    assert 580 < len(np.unique(first)) < 690  # 1 - 1/e of them


def test_partial_fit_goes_on_as_fit_does():
    X, y = make_blobs(80, centers=3, random_state=0)
    settings = {"hidden_layer_sizes": (4,), "shuffle": "replacement", "random_state": 0}
    whole = MLPClassifier(**settings, max_iter=3).fit(X, y)
    parts = MLPClassifier(**settings)
    for _ in range(3):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    assert np.array_equal(whole.coefs_[0], parts.coefs_[0])


def test_a_sigmoid_for_each_class():
    X, y = make_blobs(200, centers=4, random_state=1)
    net = MLPClassifier((16,), loss="binary_cross_entropy", random_state=0, max_iter=150).fit(X, y)
    outputs = net.predict_proba(X)
    assert net.out_activation_ == "logistic"
    assert outputs.shape == (200, 4) and not np.allclose(outputs.sum(axis=1), 1, atol=1e-3)
    assert np.array_equal(net.predict(X), net.classes_[outputs.argmax(axis=1)])
    softmax = MLPClassifier((16,), random_state=0, max_iter=150).fit(X, y)
    assert abs(net.score(X, y) - softmax.score(X, y)) < 0.05
    again = MLPClassifier((16,), loss="binary_cross_entropy", random_state=0, max_iter=3)
    again.fit(X, y, X_val=X, y_val=y)
    assert again.history_["validation_score"][-1] == again.score(X, y)
