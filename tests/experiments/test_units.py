"""What a unit is worth: against networks whose answer is known, and against taking it away."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

import chainrule
from chainrule.data.splits import Part
from chainrule.experiments.printed import QUANTITIES
from chainrule.experiments.questions import answered
from chainrule.experiments.results import ModelResult, Scores
from chainrule.experiments.spec import QuestionSpec
from chainrule.experiments.units import CHUNK, unit_use


def network(*layers, outputs="softmax", classes=(0, 1)):
    """A network of ReLUs with these weights and no biases."""
    return SimpleNamespace(
        coefs_=[np.array(W, dtype=float) for W in layers],
        intercepts_=[np.zeros(len(W[0])) for W in layers],
        activation="relu",
        out_activation_=outputs,
        classes_=np.array(classes),
    )


X = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
Y = np.array([0, 0, 1, 1])


def test_a_network_that_leans_on_one_unit_loses_what_that_unit_decides():
    # The first unit says class 0, nothing says class 1 but the second, which is weak.
    found = unit_use(network(np.eye(2), [[3.0, 0.0], [0.0, 1.0]]), Part(X, Y))
    assert found.n_units == 2 and found.zero_share == 0.5
    assert found.weight_share == 0.9
    # Without the second unit, rows of class 1 have equal outputs, and the first class wins.
    assert (found.lost_on_average, found.lost_at_worst) == (0.25, 0.5)


def test_a_network_with_every_unit_twice_misses_none():
    twice = np.hstack([np.eye(2), np.eye(2)])
    found = unit_use(network(twice, np.vstack([np.eye(2), np.eye(2)])), Part(X, Y))
    assert (found.lost_on_average, found.lost_at_worst) == (0, 0)
    assert found.weight_share == 0.25


def test_one_output_decides_by_its_sign():
    net = network(np.eye(2), [[-1.0], [1.0]], outputs="logistic")
    found = unit_use(net, Part(X, Y))
    assert (found.lost_on_average, found.lost_at_worst) == (0.25, 0.5)


@pytest.mark.parametrize("classes", [2, 3])
def test_it_is_the_score_of_the_network_with_that_units_weights_zero(classes):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((CHUNK + 200, 4))
    y = np.digitize(rows[:, 0] + rows[:, 1] ** 2, [0.5, 1.5][: classes - 1])
    net = chainrule.MLPClassifier(
        (6, 5), activation=("tanh", "relu"), learning_rate_init=0.01, max_iter=40, random_state=0
    )
    with pytest.warns(UserWarning, match="Maximum iterations"):
        net.fit(rows, y)
    found, score, lost = unit_use(net, Part(rows, y)), net.score(rows, y), []
    for unit in range(5):
        kept = net.coefs_[-1][unit].copy()
        net.coefs_[-1][unit] = 0
        lost.append(score - net.score(rows, y))
        net.coefs_[-1][unit] = kept
    assert found.lost_at_worst == pytest.approx(max(lost)) and max(lost) > 0.05
    assert found.lost_on_average == pytest.approx(np.mean(lost))
    assert 0 < found.zero_share < 1


def test_what_has_no_hidden_layer_has_no_units():
    assert unit_use(DecisionTreeClassifier().fit(X, Y), Part(X, Y)) is None
    assert unit_use(network(np.eye(2)), Part(X, Y)) is None


def test_scikit_learns_networks_have_units_too():
    net = MLPClassifier((3,), solver="lbfgs", random_state=0).fit(X, Y)
    assert unit_use(net, Part(X, Y)).n_units == 3


def test_a_run_has_them_and_an_answer_can_say_them(done):
    tree, ann = done[0].models
    assert tree.units is None and ann.units.n_units == 8
    names = [name for name in QUANTITIES if "unit" in name or "zero" in name]
    assert len(names) == 4
    places = " ".join(f"{{ann|{name}}}" for name in names)
    (said,) = answered([QuestionSpec(question="?", answer=places)], [tree, ann])
    values = [float(word) for word in said.answer.split()]
    u = ann.units
    expected = [u.zero_share, u.weight_share, u.lost_on_average, u.lost_at_worst]
    assert values == pytest.approx(expected, abs=1e-4)


def test_older_results_have_none():
    old = {"key": "a", "label": "A", "family": "mlp", "settings": {}, "scores": {"test": 0.5}}
    assert ModelResult.model_validate(old) == ModelResult(
        key="a", label="A", family="mlp", settings={}, scores=Scores(test=0.5)
    )
    assert ModelResult.model_validate(old).units is None
