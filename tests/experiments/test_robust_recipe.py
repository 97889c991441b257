"""The recipe with wrong targets, quick: robust losses are nearer to the truth."""

import pytest
from rich.console import Console

from chainrule.experiments import run
from chainrule.experiments.loading import load


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("robust")
    smaller = load("diabetes-robust-losses").quick
    spec = load("diabetes-robust-losses", smaller)  # answers and all: a spec of its own
    return run(spec, out=out, console=Console(quiet=True))


def test_the_squared_error_is_pulled_away(results):
    ridge, squared, absolute, huber = results.models
    means = [model.over_seeds.test.mean for model in (squared, absolute, huber)]
    assert means[0] < means[1] < means[2] and means[2] > 0.25
    assert squared.on_test.mae.value > 1.2 * max(
        each.on_test.mae.value for each in (absolute, huber)
    )
    assert results.chosen == huber.key and ridge.scores.test < means[2]


def test_its_questions_are_answered_with_numbers(results):
    assert len(results.questions) == 3
    assert not any("(no number)" in each.answer for each in results.questions)
