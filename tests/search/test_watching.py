"""Who watches a search hears of each round and each training."""

import numpy as np
from sklearn.datasets import make_classification

from chainrule import MLPClassifier, PopulationSearchCV
from chainrule.search.progress import watched_by

X, y = make_classification(90, 5, random_state=0)


class Watcher:
    def __init__(self):
        self.rounds, self.outcomes = [], []

    def round(self, asked):
        self.rounds.append(asked.numbers)

    def outcome(self, fit, outcome):
        self.outcomes.append((fit, outcome.ended))


def search(**more):
    network = MLPClassifier((3,), max_iter=4, n_iter_no_change=9, random_state=0)
    space = {"learning_rate_init": np.geomspace(1e-3, 1e-1, 4).tolist()}
    return PopulationSearchCV(network, space, cv=2, refit=False, **more)


def test_it_hears_of_every_training():
    watcher = Watcher()
    with watched_by(watcher):
        search().fit(X, y)
    assert watcher.rounds == [(0, 1, 2, 3)]
    assert sorted(watcher.outcomes) == [((c, k, 0), True) for c in range(4) for k in range(2)]


def test_it_hears_of_each_round_and_no_more_after():
    watcher = Watcher()
    with watched_by(watcher):
        search(strategy="successive_halving", settings={"factor": 2}).fit(X, y)
    assert [len(numbers) for numbers in watcher.rounds] == [4, 2, 1]
    assert [ended for _, ended in watcher.outcomes].count(True) == 2
    before = len(watcher.outcomes)
    search().fit(X, y)
    assert len(watcher.outcomes) == before


def test_what_was_dropped_is_told_from_what_ended():
    found = search(strategy="successive_halving", settings={"factor": 2}).fit(X, y)
    assert [each["ended"] for each in found.curves_].count(True) == 2
