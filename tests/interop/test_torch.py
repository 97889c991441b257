"""Networks as PyTorch modules: the same numbers, for every activation, task and preparation."""

import importlib
import io
import sys

import jax
import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler
from tests.interop.networks import REGRESSIONS, TASKS, X, made, targets
from torch import nn

from chainrule import MLPClassifier
from chainrule.equations.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS
from chainrule.equations.network import Layer
from chainrule.errors import InvalidInputError, MissingExtraError
from chainrule.interop.torch import to_module
from chainrule.models import FrozenModel, freeze

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
RNG = np.random.default_rng(5)


def run(module, rows):
    with torch.no_grad():
        return module(torch.as_tensor(np.array(rows))).numpy()


def in_jax(name, Z):
    """The activation as JAX has it, in float64."""
    functions = {"identity": lambda z: z, "logistic": jax.nn.sigmoid, "exp": jax.numpy.exp}
    functions |= {"gelu": lambda z: jax.nn.gelu(z, approximate=False), "tanh": jax.numpy.tanh}
    with jax.enable_x64(True):
        return np.asarray(functions.get(name, getattr(jax.nn, name, None))(jax.numpy.asarray(Z)))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_the_equations_and_jaxs(name, dtype):
    """Through a layer that does nothing else; from far below 0, over the kinks, to far above."""
    Z = np.concatenate([np.linspace(-60, 60, 241), [-1e-9, 0.0, 1e-9]]).reshape(-1, 1)
    Z = np.hstack([Z, Z[::-1]]).astype(dtype)
    layer = Layer(np.eye(2, dtype=dtype), np.zeros(2, dtype))
    module = to_module(FrozenModel("regression", (layer,), (name,)))
    found = run(module, Z)
    assert found.dtype == dtype
    for expected in (ACTIVATIONS[name].function(Z.astype(float)), in_jax(name, Z.astype(float))):
        np.testing.assert_allclose(found, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("hidden", HIDDEN_ACTIVATIONS)
@pytest.mark.parametrize("task", TASKS)
def test_a_module_says_what_the_estimator_says(task, hidden):
    est = made(task, activation=(hidden, "tanh"))
    asked = {} if task in REGRESSIONS else {"output": "probabilities"}
    found = run(to_module(est, **asked), X)
    expected = freeze(est).outputs(X)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert found.shape == (40, est.n_outputs_)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("task", TASKS)
def test_it_has_the_type_of_the_network(task, dtype):
    est = made(task, dtype)
    module = to_module(est, output="logits")
    assert {p.dtype for p in module.parameters()} == {getattr(torch, dtype)}
    A = run(module, X.astype(dtype))
    if task == "multiclass":
        A = np.exp(A - A.max(axis=1, keepdims=True))
        found = A / A.sum(axis=1, keepdims=True)
    else:
        found = A if est.out_activation_ == "identity" else 1 / (1 + np.exp(-A))
    expected = freeze(est).outputs(X.astype(dtype))
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[dtype])


def test_classifiers_give_logits_for_pytorchs_losses():
    """The loss that the estimator reports is what PyTorch's makes of the module's outputs."""
    est, y = made("multiclass"), RNG.integers(0, 3, 40)
    loss = nn.CrossEntropyLoss()(to_module(est)(torch.tensor(X)), torch.tensor(y))
    expected = -np.log(est.predict_proba(X)[np.arange(40), y]).mean()
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-12)
    est, y = made("binary"), RNG.integers(0, 2, 40)
    Y = torch.tensor(y.reshape(-1, 1).astype(float))
    loss = nn.BCEWithLogitsLoss()(to_module(est)(torch.tensor(X)), Y)
    true = est.predict_proba(X)[np.arange(40), y]
    assert float(loss.detach()) == pytest.approx(-np.log(true).mean(), rel=1e-12)


def test_a_poisson_regression_gives_values_or_their_logarithm():
    est = made("regression", loss="poisson")
    values, logs = run(to_module(est), X)[:, 0], run(to_module(est, output="logits"), X)[:, 0]
    np.testing.assert_allclose(values, est.predict(X), rtol=1e-12)
    np.testing.assert_allclose(np.exp(logs), est.predict(X), rtol=1e-12)


def test_preparation_is_in_buffers():
    rows = X.copy()
    rows[::7, 2] = np.nan
    steps = (SimpleImputer(), StandardScaler(), RobustScaler(), MinMaxScaler(clip=True))
    prepare = make_pipeline(*steps, PCA(whiten=True, random_state=0)).fit(rows[:30])
    model = Pipeline([*prepare.steps, ("net", made(input_scale=2.0))])
    module = to_module(model, output="probabilities")
    np.testing.assert_allclose(run(module, rows), model.predict_proba(rows), rtol=1e-12)
    assert {name.split(".")[0] for name, _ in module.named_buffers()} == {"prepare"}
    assert {name.split(".")[0] for name, _ in module.named_parameters()} == {
        "linear1",
        "linear2",
        "linear3",
    }
    again = to_module(model, output="probabilities").float()
    np.testing.assert_allclose(run(again, rows), model.predict_proba(rows), atol=1e-5)


def test_images_as_bytes_are_divided_inside():
    images = RNG.integers(0, 256, (40, 5)).astype(np.uint8)
    est = made(dtype="float32", input_scale=255)
    found = run(to_module(est, output="probabilities"), images)
    np.testing.assert_allclose(found, est.predict_proba(images), atol=1e-6)


def test_the_names_are_those_of_the_layers():
    module = to_module(made(dropout=(0.5, 0.0)), output="probabilities")
    names = [name for name, _ in module.named_children()]
    assert names == [
        *("linear1", "activation1", "dropout1", "linear2", "activation2", "linear3", "output")
    ]
    assert not module.training


def test_dropout_drops_at_the_rate_that_is_trained_with():
    """On average over many draws the layer after it sees what it sees without; each unit is 0
    at the rate in multiples of 1/256."""
    est = made(hidden_layer_sizes=(50,), dropout=0.3)
    module = to_module(est)
    assert module.dropout1.p == 77 / 256
    ones = torch.ones(4000, 50, dtype=torch.float64)
    torch.manual_seed(0)
    dropped = module.train().dropout1(ones)
    assert float((dropped == 0).double().mean()) == pytest.approx(77 / 256, abs=0.005)
    assert float(dropped.max()) == pytest.approx(1 / (1 - 77 / 256))


def test_nothing_is_shared_and_it_can_be_made():
    est, y = made(), torch.tensor(RNG.integers(0, 3, 40))
    before = [W.copy() for W in est.coefs_]
    module = to_module(est).train()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(module(torch.tensor(X)), y)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses == sorted(losses, reverse=True)
    assert all(np.array_equal(a, b) for a, b in zip(before, est.coefs_, strict=True))


def test_making_one_draws_nothing_from_torchs_stream():
    est = made()
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    to_module(est)
    assert torch.equal(torch.rand(1), expected)


def _fitted(est):
    """A Pipeline with a scaler, whose network is as it is."""
    return Pipeline([("scale", StandardScaler().fit(X)), ("net", est)])


def test_it_is_saved_as_pytorch_saves():
    model = _fitted(made())
    module, memory = to_module(model), io.BytesIO()
    torch.save(module.state_dict(), memory)
    memory.seek(0)
    other = to_module(_fitted(made(seed=1)))
    other.load_state_dict(torch.load(memory, weights_only=True))
    assert torch.equal(other(torch.tensor(X)), module(torch.tensor(X)))


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_another_output_is_refused(task):
    own = {"regression": "values", "multiclass": "probabilities"}[task]
    other = {"regression": "probabilities", "multiclass": "values"}[task]
    with pytest.raises(InvalidInputError, match=f"'logits' or '{own}'.*got '{other}'"):
        to_module(made(task), output=other)


def test_other_models_are_refused():
    with pytest.raises(InvalidInputError, match=r"came sklearn.*StandardScaler"):
        to_module(StandardScaler())
    with pytest.raises(InvalidInputError, match="Required a fitted MLPClassifier"):
        to_module(MLPClassifier())


class Doubled:
    """A preparation step that nobody knows."""

    n_in = n_out = 5

    def __call__(self, rows):
        return 2 * rows


def test_a_step_without_a_module_is_named():
    model = freeze(made())
    strange = FrozenModel(
        model.task, model.layers, model.activations, (Doubled(),), classes=model.classes
    )
    with pytest.raises(InvalidInputError, match="Doubled has no PyTorch module"):
        to_module(strange)


def test_without_pytorch_the_error_says_how_to_install_it(monkeypatch):
    est, module = made(), nn.Sequential(nn.Linear(2, 2))
    monkeypatch.setitem(sys.modules, "torch", None)
    home = importlib.import_module("chainrule.interop.torch")
    for call in (
        lambda: home.to_module(est),
        lambda: home.from_module(module),
        lambda: home.fit(est, X, targets("multiclass")),
        lambda: home.in_torch().__enter__(),
    ):
        with pytest.raises(MissingExtraError, match=r"pip install 'chainrule\[torch\]'"):
            call()
