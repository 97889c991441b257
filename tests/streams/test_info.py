"""What a model file says of itself."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

import chainrule
from chainrule.errors import ModelFileError
from chainrule.streams.info import described


def test_a_pipeline(models, tmp_path):
    pipe, path, _, _ = models["texts"]
    found = dict(described(path))
    assert found["task"] == "classification, of 'y'"
    assert found["classes"] == "no, perhaps, yes ☂, or so"
    assert found["columns"] == "x (number), town (category), z (number)"
    assert found["network"] == "4-6-3, 51 parameters, float32"
    assert "table, 3 to 4 columns" in found["step 'tablepreparation'"]
    assert f"{pipe[-1].n_iter_} epochs" in found["trained"]
    assert "chainrule" in found["made with"]


def test_facts(models, tmp_path):
    pipe, _, _, _ = models["values"]
    about = {
        "target": "price",
        "source": "houses.csv",
        "rows": 1234,
        "fingerprint": "ab" * 32,
        "metrics": {"test r2": 0.51234, "diverged": {"float": "inf"}},
    }
    chainrule.save(pipe, tmp_path / "model.safetensors", about=about)
    for given in (tmp_path, tmp_path / "model.safetensors"):
        found = dict(described(given))
        assert found["task"] == "regression, of 'price'"
        assert found["training data"] == "1,234 rows of houses.csv"
        assert found["test r2"] == "0.5123"
        assert found["diverged"] == "inf"
        assert "classes" not in found


def test_a_search(tmp_path):
    """How the best was found, from a search itself."""
    X = np.random.RandomState(0).normal(size=(60, 2))
    grid = {"alpha": [1e-4, 0.012345], "hidden_layer_sizes": [(4,)], "activation": ["tanh"]}
    search = GridSearchCV(chainrule.MLPRegressor(solver="lbfgs", max_iter=5), grid, cv=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search.fit(X, X[:, 0])
    chainrule.save(search, tmp_path / "m")
    found = dict(described(tmp_path / "m"))
    assert found["search"] == f"GridSearchCV, best of 2: {search.best_score_:.4f}"
    alpha = f"{search.best_params_['alpha']:.4g}"
    assert found["found"] == f"activation='tanh', alpha={alpha}, hidden_layer_sizes=(4,)"


def test_a_file_that_is_none(tmp_path):
    (tmp_path / "m").write_bytes(b"\x80\x04pickle" * 9)
    with pytest.raises(ModelFileError, match="pickle"):
        described(tmp_path / "m")
