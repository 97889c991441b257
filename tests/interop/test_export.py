"""A model for other worlds, by the ending of the name: and nothing that is there gets lost."""

import importlib.util

import numpy as np
import pytest

import chainrule
from chainrule import MLPClassifier
from chainrule.errors import DataError, InvalidInputError
from chainrule.interop.export import export

ENDINGS = [
    pytest.param(
        ".onnx",
        marks=pytest.mark.skipif(importlib.util.find_spec("onnx") is None, reason="no onnx"),
    ),
    ".h",
    ".py",
]


@pytest.fixture(scope="module")
def net():
    X = np.random.default_rng(0).normal(size=(30, 3))
    return MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, X[:, 0] > 0)


@pytest.fixture
def model(net, tmp_path):
    chainrule.save(net, tmp_path / "net.safetensors")
    return tmp_path / "net.safetensors"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_is_there_is_replaced_on_demand_alone(ending, model, tmp_path):
    out = tmp_path / f"out{ending}"
    assert list(export(model, out))[-1].startswith(f"Wrote {out}")
    whole = out.read_bytes()
    out.write_text("mine")
    with pytest.raises(InvalidInputError, match=r"is there already.*--force"):
        list(export(model, out))
    assert out.read_text() == "mine"
    list(export(model, out, force=True))
    assert out.read_bytes() == whole


def test_what_stands_for_missing_in_files_is_said(net, tmp_path):
    """And read so where rows are measured."""
    chainrule.save(net, tmp_path / "m", about={"missing": ["", "-99"]})
    (tmp_path / "rows.csv").write_text("a,b,c\n1,2,3\n0.5,1,-2\n")
    said = list(export(tmp_path / "m", tmp_path / "m.h", int8=tmp_path / "rows.csv"))
    assert any("'', '-99' stood for a missing value" in line for line in said)
    (tmp_path / "rows.csv").write_text("a,b,c\n1,2,3\n0.5,1,NA\n")
    with pytest.raises(DataError, match="required a number, came 'NA'"):
        list(export(tmp_path / "m", tmp_path / "m.h", int8=tmp_path / "rows.csv", force=True))


def test_the_weights_of_a_script_replace_nothing_either(model, tmp_path):
    (tmp_path / "out.safetensors").write_text("mine")
    with pytest.raises(InvalidInputError, match=r"out\.safetensors is there already"):
        list(export(model, tmp_path / "out.py"))
    assert not (tmp_path / "out.py").exists()


@pytest.mark.parametrize("force", [False, True])
def test_the_model_itself_is_never_replaced(force, model, tmp_path):
    before = model.read_bytes()
    with pytest.raises(InvalidInputError, match=r"net\.safetensors is the model itself"):
        list(export(model, tmp_path / "net.py", force=force))
    assert model.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["net.safetensors"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_place_where_none_can_be_written(ending, model, tmp_path):
    for place in ("missing", "net.safetensors"):
        with pytest.raises(InvalidInputError, match="cannot be written"):
            list(export(model, tmp_path / place / f"out{ending}"))
