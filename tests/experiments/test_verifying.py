"""The saved model read back: a bit that differs is found, and a run says that none does."""

import copy

import numpy as np
import pytest
from rich.console import Console

import chainrule
from chainrule.errors import RunError
from chainrule.experiments import run
from chainrule.experiments.results import Results, Verified
from chainrule.experiments.verifying import ROWS, verified
from chainrule.reports.html import render

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((300, 5)).astype(np.float32), RNG.integers(0, 3, 300)


@pytest.fixture(scope="module")
def net():
    with pytest.warns(UserWarning, match="Maximum iterations"):
        return chainrule.MLPClassifier((4,), max_iter=2, random_state=0).fit(X, Y)


def test_what_was_saved_is_verified_on_some_rows(net, tmp_path):
    chainrule.save(net, tmp_path / "net")
    found = verified(net, tmp_path / "net", X)
    assert found == Verified(parameters=5 * 4 + 4 + 4 * 3 + 3, rows=ROWS)
    assert verified(net, tmp_path / "net", X[:7]).rows == 7


@pytest.mark.parametrize(
    ("name", "layer", "words"),
    [
        ("coefs_", 0, "its weights of layer 1"),
        ("coefs_", 1, "its weights of layer 2"),
        ("intercepts_", 1, "its biases of layer 2"),
    ],
)
def test_one_bit_that_differs_is_named(net, tmp_path, name, layer, words):
    other = copy.deepcopy(net)
    array = getattr(other, name)[layer]
    array.flat[-1] = np.nextafter(array.flat[-1], np.float32(np.inf))
    chainrule.save(other, tmp_path / "net")
    with pytest.raises(RunError, match=f"{words} are not bit for bit those that were trained"):
        verified(net, tmp_path / "net", X)


def test_so_is_another_output_of_the_same_parameters(net, tmp_path):
    other = copy.deepcopy(net).set_params(activation="tanh")
    chainrule.save(other, tmp_path / "net")
    with pytest.raises(RunError, match="its outputs are not bit for bit"):
        verified(net, tmp_path / "net", X)


def test_a_file_that_cannot_be_read_back_is_an_error_of_the_run(net, tmp_path):
    (tmp_path / "net").write_bytes(b"no model")
    with pytest.raises(RunError, match=r"cannot be read back .* then resume the run\."):
        verified(net, tmp_path / "net", X)


def test_a_run_says_so(done):
    results, out = done
    assert results.saved == Verified(parameters=64 * 8 + 8 + 8 * 10 + 10, rows=ROWS)
    assert Results.model_validate_json((out / "results.json").read_text()).saved == results.saved
    words = "Network: read back and verified. All 610 parameters, and the outputs for 256 rows"
    assert words in render(results)


def test_results_of_before_still_load(done):
    old = done[0].model_dump(mode="json")
    del old["saved"]
    loaded = Results.model_validate(old)
    assert loaded.saved is None
    assert "read back" not in render(loaded)


def test_a_run_whose_saved_model_is_another_fails(tiny, tmp_path, monkeypatch):
    save = chainrule.save

    def torn(estimator, path, **options):
        if path.parent.name == "out":  # not the journal's
            estimator = copy.deepcopy(estimator)
            estimator[-1].coefs_[0][0, 0] += 1
        save(estimator, path, **options)

    tiny["models"] = {"ann": {**tiny["models"]["ann"], "grid": None, "seeds": None}}
    tiny["printed"] = []
    tiny["models"]["ann"] = {k: v for k, v in tiny["models"]["ann"].items() if v is not None}
    monkeypatch.setattr(chainrule, "save", torn, raising=False)
    with pytest.raises(RunError, match="its weights of layer 1"):
        run(tiny, out=tmp_path / "out", console=Console(quiet=True))
    results = Results.model_validate_json((tmp_path / "out" / "results.json").read_text())
    assert results.saved is None and results.models[0].scores.test is not None
