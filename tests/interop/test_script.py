"""The stand-alone script: it says what the model says, and knows nothing of Chainrule."""

import ast
import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from tests.interop.networks import N_IN, REGRESSIONS, TASKS, X, made, random_layers

import chainrule
from chainrule import MLPClassifier
from chainrule.equations.activations import ACTIVATIONS
from chainrule.errors import InvalidInputError
from chainrule.interop.script import write_script
from chainrule.interop.torch import to_module
from chainrule.models import FrozenModel, freeze

ALLOWED = {"functools", "numpy", "pathlib", "safetensors", "sys", "torch"}


def written(model, folder, name="net"):
    """The script, as a module."""
    script, weights = write_script(model, folder / f"{name}.py")
    assert weights == folder / f"{name}.safetensors" and weights.exists()
    source = importlib.util.spec_from_file_location(name, script)
    module = importlib.util.module_from_spec(source)
    source.loader.exec_module(module)
    return module


def prepared(est):
    """A Pipeline of all kinds of steps, whose network is as it is."""
    rows = np.where(np.arange(N_IN) == 2, np.where(X[:, :1] > 0, np.nan, X), X)
    steps = (SimpleImputer(), StandardScaler(), MinMaxScaler(clip=True), PCA(whiten=True))
    prepare = make_pipeline(*steps).fit(rows[:30])
    return Pipeline([*prepare.steps, ("net", est)]), rows


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("task", TASKS)
def test_it_predicts_what_the_model_predicts(task, dtype, tmp_path):
    """Our NumPy, and the module of PyTorch that is made in another way, as oracles."""
    est, tolerance = made(task, dtype), 1e-12 if dtype == "float64" else 1e-5
    net, rows = written(est, tmp_path), X.astype(dtype)
    asked = {} if task in REGRESSIONS else {"output": "probabilities"}
    import torch

    with torch.no_grad():
        other = to_module(est, **asked)(torch.tensor(rows)).numpy()
    np.testing.assert_allclose(net.outputs(rows).numpy(), other, atol=tolerance)
    np.testing.assert_allclose(net.outputs(rows).numpy(), freeze(est).outputs(rows), atol=tolerance)
    if task in REGRESSIONS:
        np.testing.assert_allclose(net.predict(rows), est.predict(rows), atol=tolerance)
        return
    np.testing.assert_allclose(net.predict_proba(rows), est.predict_proba(rows), atol=tolerance)
    assert net.predict(rows) == est.predict(rows).tolist()
    assert net.predict(rows[:1]) == est.predict(rows[:1]).tolist()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_the_equations(name, tmp_path):
    Z = np.linspace(-60, 60, 242).reshape(-1, 2)
    layer = random_layers((2, 2))[0]._replace(W=np.eye(2), b=np.zeros(2))
    net = written(FrozenModel("regression", (layer,), (name,)), tmp_path)
    expected = ACTIVATIONS[name].function(Z)
    np.testing.assert_allclose(net.outputs(Z), expected, rtol=1e-12, atol=1e-12)


def test_preparation_and_the_input_scale_are_inside(tmp_path):
    model, rows = prepared(made(input_scale=2.0))
    net = written(model, tmp_path)
    np.testing.assert_allclose(net.predict_proba(rows), model.predict_proba(rows), rtol=1e-12)
    assert net.predict(rows.tolist()) == model.predict(rows).tolist()
    images = np.arange(200).reshape(40, 5).astype(np.uint8)
    est = made(input_scale=255)
    assert written(est, tmp_path).predict(images) == est.predict(images.astype(float)).tolist()


@pytest.mark.parametrize("probabilities", [True, False])
def test_it_runs_where_chainrule_is_not(probabilities, tmp_path):
    """In a process of its own, in which importing Chainrule fails."""
    model, rows = prepared(made())
    script, _ = write_script(model, tmp_path / "my net.py")
    np.save(tmp_path / "rows.npy", rows)
    blocked = "import sys, runpy; sys.modules['chainrule'] = None; sys.argv = sys.argv[1:]; "
    code = blocked + "runpy.run_path(sys.argv[0], run_name='__main__')"
    more = ["--probabilities"] if probabilities else []
    command = [sys.executable, "-I", "-c", code, str(script), str(tmp_path / "rows.npy"), *more]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    if probabilities:
        assert lines[0].split() == ["3", "5", "7"]
        found = np.array([line.split() for line in lines[1:]], float)
        np.testing.assert_allclose(found, model.predict_proba(rows), rtol=1e-12)
    else:
        assert [int(line) for line in lines] == model.predict(rows).tolist()


def test_it_imports_nothing_else(tmp_path):
    script, _ = write_script(made(), tmp_path / "net.py")
    tree = ast.parse(script.read_text("utf-8"))
    names = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert names == ALLOWED


@pytest.mark.parametrize("task", TASKS)
def test_it_is_as_tidy_as_our_own_code(task, tmp_path):
    """Lines of at most 100 characters, none with space at its end, two lines between functions."""
    text = write_script(prepared(made(task))[0], tmp_path / "net.py")[0].read_text("utf-8")
    lines = text.splitlines()
    assert all(line == line.rstrip() and len(line) <= 100 for line in lines)
    assert "\n\n\n\n" not in text and text.endswith("\n") and not text.endswith("\n\n")
    for number, line in enumerate(lines):
        if line.startswith(("def ", "class ", "@")) and not lines[number - 1].startswith("@"):
            assert lines[number - 2 : number] == ["", ""]


LABELS = ['"""', "\\", "a'b\"\n", "{{ 7 * 7 }}", "ünï", "\N{RIGHT-TO-LEFT OVERRIDE}"]


def test_labels_and_names_are_data_and_never_code(tmp_path):
    layers = random_layers((2, 4, len(LABELS)))
    names = ("__import__('os')", "{% raw %}")
    classes = np.array(sorted(LABELS))
    model = FrozenModel(
        "multiclass", layers, ("tanh", "softmax"), classes=classes, feature_names=names
    )
    net = written(model, tmp_path)
    assert sorted(LABELS) == net.CLASSES and list(names) == net.COLUMNS
    assert net.predict(X[:, :2]) == model.predict(X[:, :2]).tolist()


def test_labels_that_are_no_literals_are_refused(tmp_path):
    classes = np.array(["2020-01-01", "2021-01-01"], "datetime64[D]")
    layers = random_layers((2, 1))
    with pytest.raises(InvalidInputError, match=r"strings, numbers or truth values; .* type date"):
        write_script(
            FrozenModel("binary", layers, ("logistic",), classes=classes), tmp_path / "n.py"
        )
    assert not any(tmp_path.iterdir())


def test_a_single_class_and_truth_values(tmp_path):
    layers = random_layers((N_IN, 1))
    for classes in (np.array([True]), np.array([False, True])):
        model = FrozenModel("binary", layers, ("logistic",), classes=classes)
        assert written(model, tmp_path).predict(X) == model.predict(X).tolist()


def test_rows_of_another_width_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Required rows with 5 columns"):
        written(made(), tmp_path).predict(X[:, :4])


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"ends in \.py, came .*net\.txt"):
        write_script(made(), tmp_path / "net.txt")


def test_writing_it_needs_no_pytorch(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert write_script(made(), tmp_path / "net.py")[0].exists()


def test_a_model_is_not_replaced_by_its_weights(tmp_path):
    est = MLPClassifier((3,), solver="lbfgs", max_iter=300).fit(X, X[:, 0] > 0)
    chainrule.save(est, tmp_path / "net.safetensors")
    before = (tmp_path / "net.safetensors").read_bytes()
    with pytest.raises(InvalidInputError, match=r"net\.safetensors is a model file"):
        write_script(est, tmp_path / "net.py")
    assert (tmp_path / "net.safetensors").read_bytes() == before
    assert not (tmp_path / "net.py").exists()
