"""A network of real size: a summary that can be read, and any number of it on request."""

import re
from functools import cache

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

import chainrule
from chainrule.worked.render import render, render_cell


@cache
def digits():
    X, y = load_digits(return_X_y=True)
    est = MLPClassifier((50,), max_iter=1, random_state=0)
    with pytest.warns():  # one epoch is enough for numbers to look at
        est.fit(X[:200] / 16, y[:200])
    return chainrule.trace(est, X[:1] / 16, y[:1])


def test_the_text_is_a_page_or_five():
    found = render(digits(), width=80)
    assert found.count("\n") <= 250
    assert max(map(len, found.splitlines())) <= 80
    assert f"norm {np.linalg.norm(digits()['W1']):.4f}" in found
    assert re.search("[░▒▓█]{3}", found) and "more: " in found


def test_the_largest_numbers_are_written_out():
    Z = digits()["Z1"]
    at = int(np.abs(Z).argmax())
    assert f"Z1[1,{at + 1}] = " in render(digits(), width=80)
    assert f"Z1[1,{int(np.abs(Z).argmin()) + 1}] = " not in render(digits(), width=80)


def test_the_page_has_pictures_and_is_not_heavy():
    found = render(digits(), "html")
    assert len(found.encode()) < 500_000
    assert found.count("data:image/png;base64,") >= 8
    assert 'alt="Heat map of W1, 64 × 50:' in found


def test_any_number_can_be_opened():
    found = render_cell(digits(), "Z1[1,7]", width=80)
    assert all(f"X[1,{k}]·W1[{k},7]" in found for k in range(1, 65))
    assert "more" not in found
    value = digits()["dW1"][2, 6]
    assert float(render_cell(digits(), "dW1[3,7]", decimals=10).split("=")[-1]) == pytest.approx(
        value, abs=1e-10
    )
    assert 'render_cell(trace, "Z1[1,2]")' in " ".join(render(digits()).split())


@pytest.mark.parametrize("format", ["markdown", "latex"])
def test_the_other_formats_are_short_too(format):
    assert len(render(digits(), format)) < 40_000
