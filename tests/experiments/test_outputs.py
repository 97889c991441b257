"""Logits beside probabilities: of the right rows, one the softmax of the other."""

import numpy as np
import pytest
from rich.console import Console
from scipy.special import expit, softmax

import chainrule
from chainrule.data.splits import Part
from chainrule.errors import SpecError
from chainrule.experiments import run
from chainrule.experiments.check import check
from chainrule.experiments.loading import load
from chainrule.experiments.outputs import output_rows
from chainrule.experiments.results import Results
from chainrule.reports.html import render

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 4))


def fitted(y, **more):
    net = chainrule.MLPClassifier((5,), batch_size=20, max_iter=2, random_state=0, **more)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        return net.fit(X, y)


def by_hand(net):
    """The pre-activations of the output layer."""
    (W1, W2), (b1, b2) = net.coefs_, net.intercepts_
    return np.maximum(X @ W1 + b1, 0) @ W2 + b2


def test_a_softmax_makes_the_probabilities_of_the_logits():
    y = np.arange(60) % 3
    net = fitted(y)
    found = output_rows(net, X, Part(10 * X, y), ("a", "b", "c"), 3)
    assert [(row.index, row.label) for row in found] == [(0, "a"), (1, "b"), (2, "c")]
    Z = by_hand(net)[:3]
    np.testing.assert_allclose([row.logits for row in found], Z, rtol=1e-10)
    P = softmax(Z, axis=1)
    np.testing.assert_allclose([row.probabilities for row in found], P, rtol=1e-10)
    np.testing.assert_allclose([row.softmax_again for row in found], softmax(P, axis=1), rtol=1e-10)
    np.testing.assert_array_equal([row.pixels for row in found], 10 * X[:3])


def test_one_output_for_two_classes_is_the_logit_of_the_second():
    y = np.arange(60) % 2
    net = fitted(y)
    (row,) = output_rows(net, X, Part(X, y), ("no", "yes"), 1)
    assert row.logits[0] is None and row.logits[1] == pytest.approx(by_hand(net)[0, 0])
    assert row.probabilities[1] == pytest.approx(expit(row.logits[1]))
    assert row.softmax_again == ()


def test_a_class_that_was_not_trained_on_has_no_logit():
    y = np.where(np.arange(60) % 3 == 1, 3, np.arange(60) % 3)  # 0, 3, 2
    (row,) = output_rows(fitted(y), X, Part(X, y), ("a", "b", "c", "d"), 1)
    assert row.logits[1] is None and row.probabilities[1] == 0
    assert sum(row.probabilities) == pytest.approx(1)


def test_a_report_shows_them_if_the_spec_asks(tiny, done, tmp_path):
    assert done[0].outputs == ()
    assert "Logits beside probabilities" not in render(done[0])
    model = {**tiny["models"]["ann"]}
    del model["grid"], model["seeds"]
    tiny |= {"models": {"ann": model}, "printed": [], "outputs": 2}
    results = run(tiny, out=tmp_path / "out", console=Console(quiet=True))
    assert len(results.outputs) == 2
    for row in results.outputs:
        np.testing.assert_allclose(softmax(row.logits), row.probabilities, atol=1e-6)
    page = render(results)
    assert "Logits beside probabilities" in page
    assert f"{results.outputs[1].logits[3]:.2f}" in page


def test_older_results_have_none(done):
    old = done[0].model_dump(mode="json")
    del old["outputs"]
    assert Results.model_validate(old).outputs == ()


def test_what_has_no_logits_is_refused(tiny):
    with pytest.raises(SpecError, match="outputs: required a network as the chosen model; 'tree'"):
        check(load({**tiny, "outputs": 2, "chosen": "tree"}))
    with pytest.raises(SpecError, match="'tree' may be chosen and is a decision tree"):
        check(load({**tiny, "outputs": 2, "chosen": "best on validation"}))
    tiny["data"]["split"] = {"scheme": "all"}
    with pytest.raises(SpecError, match="the split 'all' has none"):
        check(load({**tiny, "outputs": 2}))
