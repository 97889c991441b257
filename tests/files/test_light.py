"""What is read without jax and scikit-learn predicts what the estimator does."""

import subprocess
import sys

import numpy as np
import pytest
from tests.files.mutations import as_matrix

import chainrule
from chainrule.errors import ModelFileError
from chainrule.files.light import load_frozen, load_header
from chainrule.models import freeze


def test_it_predicts_what_the_estimator_does(model, tmp_path):
    est, X = model
    chainrule.save(est, tmp_path / "m")
    frozen, header = load_frozen(tmp_path / "m")
    rows = as_matrix(est, X)
    near = {"rtol": 1e-5, "atol": 1e-6} if rows.dtype == np.float32 else {"rtol": 1e-10}
    for found in (frozen, freeze(est)):
        if frozen.task == "regression":
            np.testing.assert_allclose(found.predict(rows), est.predict(X), **near)
        else:
            np.testing.assert_array_equal(found.predict(rows), est.predict(X))
            np.testing.assert_allclose(found.predict_proba(rows), est.predict_proba(X), **near)
    assert header.network.network.sizes == [*frozen.sizes]


def test_names_and_facts(fitted, tmp_path):
    chainrule.save(fitted("pipeline")[0], tmp_path / "m", about={"metrics": {"test accuracy": 0.5}})
    assert load_frozen(tmp_path / "m")[0].feature_names == ("length", "width", "ähnlich")
    assert load_header(tmp_path / "m").about.metrics == {"test accuracy": 0.5}
    chainrule.save(fitted("three")[0], tmp_path / "m")
    assert load_frozen(tmp_path / "m")[0].feature_names is None


@pytest.mark.parametrize("gaps", [["", "-99"], [], ["\0", "☂" * 100], ["x"] * 1000])
def test_what_stands_for_missing(fitted, tmp_path, gaps):
    chainrule.save(fitted("table")[0], tmp_path / "m", about={"missing": gaps})
    model, header = load_frozen(tmp_path / "m")
    assert model.missing == tuple(gaps) and header.about.missing == gaps
    assert header.format_version == 4


def test_a_file_without_it_is_as_before(fitted, tmp_path):
    """Of the version, and without the key, that older readers know."""
    for about in (None, {"target": "y"}):
        chainrule.save(fitted("table")[0], tmp_path / "m", about=about)
        model, header = load_frozen(tmp_path / "m")
        assert model.missing is None and header.format_version == 2
    assert header.as_json()["about"] == {"target": "y"}


@pytest.mark.parametrize("gaps", ["NA", ["x" * 101], ["x"] * 1001, [3], ["\udce9"]])
def test_texts_that_cannot_be_kept(fitted, tmp_path, gaps):
    with pytest.raises(ModelFileError, match=r"Required missing.*Nothing was written"):
        chainrule.save(fitted("table")[0], tmp_path / "m", about={"missing": gaps})
    assert not (tmp_path / "m").exists()


def test_a_file_that_is_none(tmp_path):
    (tmp_path / "m").write_bytes(b"<html>" * 20)
    for read in (load_frozen, load_header):
        with pytest.raises(ModelFileError, match="HTML"):
            read(tmp_path / "m")


def test_nothing_heavy_is_imported(fitted, tmp_path):
    est, X = fitted("pipeline")
    chainrule.save(est, tmp_path / "m")
    np.save(tmp_path / "X.npy", np.asarray(X))
    code = """
import sys
import numpy as np
from chainrule.files.light import load_frozen
model, _ = load_frozen(sys.argv[1])
print(*model.predict(np.load(sys.argv[2]))[:3])
heavy = {"jax", "sklearn", "scipy", "matplotlib", "torch"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "m", tmp_path / "X.npy"],
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    assert done.stdout.split() == [*est.predict(X)[:3]]
