"""Compare: the same numbers from four libraries, and each convention that keeps them apart."""

import sys

import numpy as np
import pytest
from tests.worked.conftest import network

from chainrule.worked.calculate import trace
from chainrule.worked.example import examples
from chainrule.worked.libraries.compare import AS_IT_COMES, SAME, TRANSLATED, compare

SQUARED = ("squared_error", "identity")
MEAN_SQUARED = ("mean_squared_error", "identity")
HALF_MEAN_SQUARED = ("half_mean_squared_error", "identity")
SOFTMAX = ("cross_entropy", "softmax")
LOGISTIC = ("binary_cross_entropy", "logistic")
POISSON = ("poisson", "exp")
ABSOLUTE = ("absolute_error", "identity")
HUBER = ("huber", "identity")


def runs_of(found, library: str) -> dict:
    return {run.setting: run for run in found.runs if run.library == library}


def largest(found, library: str, setting: str) -> float:
    rows = [row for row in found.rows if (row.library, row.setting) == (library, setting)]
    return max(row.relative for row in rows)


@pytest.mark.parametrize("name", examples())
def test_every_example_that_ships_is_the_same_in_every_library(name):
    steps = {"steps": 4} if name == "D-Q3-toy" else {}
    found = compare(name, **steps)
    assert found.ok, found.text()
    assert {"NumPy", "JAX", "PyTorch"} <= {run.library for run in found.runs}
    assert "PyTorch" not in found.missing
    for run in found.runs[1:]:
        assert run.setting == SAME or run.conventions
        if run.setting != AS_IT_COMES:
            assert largest(found, run.library, run.setting) < 1e-9


def test_the_epochs_of_a_study():
    found = compare("E-2.4", variant="relu-sigmoid-10", steps=40)
    assert found.ok
    assert len(found.runs[0].losses) == 40
    shown = [line for line in found.text().splitlines() if line.startswith("JAX")]
    assert [line.split()[3] for line in shown] == ["1", "2", "3", "4", "5", "40"]


# conventions: (library, pair, changes, words, factor of the loss or None)

STEPS = {"rate": 0.05, "steps": 3}
COARSE = {**STEPS, "settings": {"epsilon": 0.1}}
L2 = {"convention": "lambda/2", "strength": 0.3}
ALPHA = {"convention": "alpha", "strength": 0.3}
L1 = {"convention": "l1", "strength": 0.3}
SUM = {"reduction": "sum"}

CONVENTIONS = [
    ("PyTorch", SQUARED, {}, "MSELoss is the mean over samples and outputs, without a half", 2 / 3),
    ("PyTorch", SQUARED, SUM, "MSELoss is the sum over samples and outputs", 2),
    ("PyTorch", HALF_MEAN_SQUARED, {}, "MSELoss is the mean", 2),
    ("PyTorch", HALF_MEAN_SQUARED, SUM, "MSELoss is the sum", 6),
    ("PyTorch", MEAN_SQUARED, SUM, "MSELoss is the sum", 3),
    ("PyTorch", LOGISTIC, {}, "BCEWithLogitsLoss takes its mean over the outputs too", 1 / 3),
    ("PyTorch", ABSOLUTE, {}, "L1Loss takes its mean over the outputs too", 1 / 3),
    ("PyTorch", HUBER, {}, "HuberLoss takes its mean over the outputs too", 1 / 3),
    ("PyTorch", SOFTMAX, {"penalty": L1}, "torch.optim has no L1", None),
    ("PyTorch", SOFTMAX, {"penalty": L2}, "weight_decay adds weight_decay * W", None),
    ("PyTorch", SOFTMAX, {"penalty": ALPHA}, "penalty is alpha / (2 N) times", None),
    ("PyTorch", SOFTMAX, {"weights": [1.0, 3.0, 0.5]}, "take no weights of samples", None),
    ("PyTorch", SOFTMAX, {"update": {**STEPS, "optimizer": "momentum", "decay": 0.5}},
     "velocity holds bare gradients", 1),
    ("PyTorch", SOFTMAX, {"update": {**COARSE, "optimizer": "adam_hat"}},
     "PyTorch adds epsilon after the bias correction", 1),
    ("PyTorch", SOFTMAX, {"update": {**STEPS, "optimizer": "adamw"}}, "AdamW decays the biases", 1),
    ("scikit-learn", SQUARED, {}, "scikit-learn reports half the mean over the outputs", 1 / 3),
    ("scikit-learn", MEAN_SQUARED, {}, "scikit-learn reports half the mean", 1 / 2),
    ("scikit-learn", HALF_MEAN_SQUARED, {}, "while its gradient, a - y, is that of half", 1),
    ("scikit-learn", SOFTMAX, SUM, "takes the mean over the batch", 1 / 3),
    ("scikit-learn", SOFTMAX, {"penalty": L2}, "alpha is halved and divided by the batch's", None),
    ("scikit-learn", SOFTMAX, {"penalty": ALPHA, "weights": [1.0, 3.0, 0.5]},
     "or sum of their weights", None),
    ("scikit-learn", SOFTMAX, {"update": {**STEPS, "decay": 0.5}}, "no learning rate that is", 1),
    ("scikit-learn", SOFTMAX, {"update": {**COARSE, "optimizer": "adam"}},
     "Adam adds epsilon before the bias correction", 1),
]  # fmt: skip


@pytest.mark.parametrize(("library", "pair", "changes", "words", "factor"), CONVENTIONS)
def test_a_convention_is_all_that_keeps_a_library_apart(library, pair, changes, words, factor):
    found = compare(network(6, (2, 3, 3), ("tanh",), pair, **changes))
    runs = runs_of(found, library)
    assert set(runs) == {AS_IT_COMES, TRANSLATED}
    conventions = runs[AS_IT_COMES].conventions
    assert len(conventions) == 1 and words in conventions[0], conventions
    assert words in " ".join(found.text(300).split())
    assert largest(found, library, AS_IT_COMES) > 1e-5
    assert largest(found, library, TRANSLATED) < 1e-11
    assert found.ok
    if factor is not None:
        ours = found.runs[0].losses[0]
        assert runs[AS_IT_COMES].losses[0] == pytest.approx(factor * ours, rel=1e-12)


SAME_CONVENTIONS = [
    ("PyTorch", MEAN_SQUARED, {}),
    ("PyTorch", SOFTMAX, SUM),
    ("PyTorch", SOFTMAX, {"update": {**STEPS, "optimizer": "momentum"}}),
    ("PyTorch", SOFTMAX, {"update": {**STEPS, "optimizer": "nesterov"}}),
    ("PyTorch", SOFTMAX, {"update": {**STEPS, "optimizer": "rmsprop"}}),
    ("PyTorch", ABSOLUTE, {**SUM, "update": {**STEPS, "optimizer": "adagrad", "decay": 0.5}}),
    ("PyTorch", HUBER, {**SUM, "update": {**COARSE, "optimizer": "rmsprop"}}),
    ("PyTorch", SOFTMAX, {"update": {**STEPS, "optimizer": "adam", "decay": 0.5}}),
    ("scikit-learn", SOFTMAX, {"penalty": ALPHA}),
    ("scikit-learn", SOFTMAX, {"weights": [1.0, 3.0, 0.5]}),
    ("scikit-learn", LOGISTIC, {"update": {**STEPS, "optimizer": "momentum"}}),
    ("scikit-learn", SOFTMAX, {"update": {**STEPS, "optimizer": "nesterov"}}),
    ("scikit-learn", SOFTMAX, {"update": {**STEPS, "optimizer": "adam_hat"}}),
    ("scikit-learn", POISSON, {}),
]


@pytest.mark.parametrize(("library", "pair", "changes"), SAME_CONVENTIONS)
def test_in_the_library_s_own_conventions_nothing_is_translated(library, pair, changes):
    found = compare(network(6, (2, 3, 3), ("tanh",), pair, **changes))
    (run,) = runs_of(found, library).values()
    assert run.setting == SAME and not run.conventions
    assert largest(found, library, SAME) < 1e-11


def test_several_conventions_at_once():
    update = {"rate": 0.02, "optimizer": "nesterov", "steps": 4, "batch_size": 2, "decay": 0.9}
    changes = {"penalty": L2, "weights": [1.0, 2.0, 0.5], "update": update, **SUM}
    found = compare(network(6, (2, 3, 3), ("relu",), SQUARED, **changes))
    assert found.ok
    assert len(runs_of(found, "PyTorch")[AS_IT_COMES].conventions) == 4
    assert len(runs_of(found, "scikit-learn")[AS_IT_COMES].conventions) == 4


# what scikit-learn cannot express

TWO_SIZES = {"rate": 0.05, "optimizer": "adam", "steps": 2, "batch_size": 2}

INEXPRESSIBLE = [
    (("tanh", "relu"), SOFTMAX, {}, "one activation for all hidden layers"),
    (("gelu",), SOFTMAX, {}, "hidden activations identity, logistic, tanh, relu, and not gelu"),
    (("tanh",), ("squared_error", "logistic"), {}, "squared_error with the output identity alone"),
    (("tanh",), SOFTMAX, {"Y": [[0.5, 0.5, 0.0]] * 3}, "labels alone as targets"),
    (("tanh",), SOFTMAX, {"update": {"rate": 0.1, "optimizer": "adamw"}}, "and not adamw"),
    (("tanh",), SOFTMAX, {"update": {"rate": 0.1, "optimizer": "rmsprop"}}, "and not rmsprop"),
    (
        ("tanh",),
        HUBER,
        {},
        "cross_entropy, binary_cross_entropy, poisson, squared_error, "
        "mean_squared_error, half_mean_squared_error, and not huber",
    ),
    (("tanh",), SOFTMAX, {"penalty": L1}, "the penalty L2 alone, and not L1"),
    (("tanh",), SOFTMAX, {**SUM, "update": TWO_SIZES}, "two sizes"),
]


@pytest.mark.parametrize(("hidden", "pair", "changes", "words"), INEXPRESSIBLE)
def test_what_scikit_learn_cannot_express(hidden, pair, changes, words):
    sizes = (2, *[3] * len(hidden), 3)
    found = compare(network(6, sizes, hidden, pair, **changes))
    assert found.ok
    assert words in found.missing["scikit-learn"]
    assert words in " ".join(found.text(300).split())


def test_two_classes_of_softmax_are_one_logistic_output_there():
    found = compare(network(6, (2, 3, 2), ("tanh",), SOFTMAX))
    assert "softmax for three classes or more" in found.missing["scikit-learn"]


# the rest


def test_without_an_update_the_gradients_are_compared():
    found = compare(network(6, (2, 3, 3), ("tanh",), SQUARED, update=None))
    assert found.ok
    assert "those of the gradients" in found.text(200)
    numpy = found.runs[0]
    step = found.trace.steps[0]
    assert np.allclose(step["W1"] - numpy.parameters[0][0].W, step["dW1"])


def test_without_pytorch_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    found = compare(network(6, (2, 3, 3), ("tanh",), SQUARED))
    assert found.ok
    assert not runs_of(found, "PyTorch")
    assert "PyTorch is not installed: pip install 'chainrule[torch]'." in found.text(200)


def test_a_divergent_example_is_compared_until_it_diverges():
    update = {"rate": 1e150, "steps": 9}
    found = compare(network(6, (2, 3, 3), ("relu",), MEAN_SQUARED, update=update))
    assert found.ok
    assert 1 <= found.finite < len(found.runs[0].losses) < 9
    assert f"step {found.finite + 1} leaves the finite numbers" in found.text(200)


def test_a_trace_and_its_rows_are_plain_data():
    whole = trace(network(6, (2, 3, 3), ("tanh",), SQUARED, layout="column"))
    found = compare(whole)
    assert found.trace is whole and found.ok
    assert all(type(number) in (int, float) for row in found.rows for number in row[2:])
    assert "<table>" in found._repr_html_() and "scikit-learn" in found._repr_html_()


def test_the_process_stays_as_it_was():
    import jax
    import torch

    torch.manual_seed(5)
    expected, threads = torch.rand(1), torch.get_num_threads()
    torch.manual_seed(5)
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    compare(network(6, (2, 3, 3), ("tanh",), SQUARED))
    assert torch.rand(1) == expected
    assert torch.get_num_threads() == threads
    assert np.array_equal(np.random.get_state()[1], before)
    assert jax.numpy.zeros(1).dtype == np.float32
