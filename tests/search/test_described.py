"""Objects are told apart by what they hold, in the same way in every process."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import f1_score, make_scorer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from chainrule.search import Float, Space
from chainrule.search.described import described


def power(exponent):
    return lambda X: X**exponent


def scaled(factors):
    def function(X, by=2.0, *, to=1.0):
        return [X * factor * by * to for factor in factors]

    return function


class Threshold:
    def __init__(self, value):
        self.value = value

    def __call__(self, estimator, X, y):
        return float(estimator.score(X, y) > self.value)


def first(X, depth=3):
    return X if not depth else first(X, depth - 1)


OBJECTS = {
    "lambdas": [lambda X: X + 1, lambda X: X + 2, lambda X: X - 1, lambda X: X * X],
    "names": [lambda X: np.log1p(X), lambda X: np.expm1(X)],
    "closures": [power(2), power(3), power(2.0)],
    "inner functions": [lambda X: [a + 1 for a in X], lambda X: [a + 2 for a in X]],
    "lists closed over": [scaled([1, 2]), scaled([1, 3])],
    "defaults": [lambda X, k=1: X * k, lambda X, k=2: X * k, lambda X, *, k=2: X * k],
    "partials": [functools.partial(first, depth=1), functools.partial(first, depth=2), first],
    "steps": [
        make_pipeline(FunctionTransformer(each), StandardScaler())
        for each in (power(2), power(3), np.log1p, np.sqrt)
    ],
    "scorers": [
        make_scorer(power(2)),
        make_scorer(power(3)),
        make_scorer(power(3), greater_is_better=False),
        make_scorer(f1_score, average="macro"),
        make_scorer(f1_score, average="micro"),
    ],
    "several scorers": [{"a": power(2), "b": power(2)}, {"a": power(2), "b": power(3)}],
    "objects": [Threshold(0.1), Threshold(0.2)],
    "methods": [Threshold(0.1).__call__, Threshold(0.2).__call__],
    "arrays": [np.arange(3000), np.arange(3000)[::-1], [1, 2], (1, 2), {1, 2}],
    "spaces": [
        Space({"f": [FunctionTransformer(power(each))], "rate": rate}).summary()
        for each in (2, 3)
        for rate in (Float(1, 2), scipy.stats.uniform(1, 2), scipy.stats.uniform(1, 3))
    ],
}


@pytest.mark.parametrize("name", OBJECTS)
def test_different_objects_differ(name):
    texts = [described(each) for each in OBJECTS[name]]
    assert len(set(texts)) == len(texts)
    assert texts == [described(each) for each in OBJECTS[name]]
    assert not any(" at 0x" in text for text in texts)


def test_functions_made_twice_are_the_same():
    assert described(power(2)) == described(power(2))
    assert described(scaled([1, 2])) == described(scaled([1, 2]))
    assert described(Threshold(0.5)) == described(Threshold(0.5))


def test_the_same_in_another_process():
    """Whatever the order of its sets."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_described import OBJECTS, described\n"
        "print(*(described(each) for part in OBJECTS.values() for each in part), sep='\\n')"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program, str(Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert len(said[0].splitlines()) == sum(map(len, OBJECTS.values()))


def test_what_holds_itself_ends():
    def again(X):
        return again(X)

    listed = [1]
    listed.append(listed)
    assert described(again) == described(again)
    assert described(listed) == "[1, ...]"
