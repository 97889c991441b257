"""Fits whose steps PyTorch computes: beside those that JAX computes, and PyTorch's own autograd."""

import warnings

import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.interop.networks import TASKS, X, made, targets
from torch import nn

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import DivergenceError, InvalidInputError
from chainrule.interop.torch import fit, in_torch, to_module

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N_STEPS = 20
STEPS = {"hidden_layer_sizes": (6, 4), "random_state": 0, "batch_size": 9, "max_steps": N_STEPS}
"""40 rows in batches of nine, the last of four: five steps an epoch."""

CURVES = ("train_loss", "penalty", "learning_rate", "validation_loss", "validation_score")


def pair(est, y, rows=X, **fit_params):
    """The same training in JAX and in PyTorch."""
    return clone(est).fit(rows, y, **fit_params), fit(clone(est), rows, y, **fit_params)


def assert_same(jax, torch_, tolerance=1e-9):
    assert type(jax) is type(torch_) and jax.n_iter_ == torch_.n_iter_
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(jax, name), getattr(torch_, name), strict=True):
            assert type(b) is np.ndarray and a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(jax.loss_curve_, torch_.loss_curve_, rtol=tolerance)
    for name in CURVES:
        np.testing.assert_allclose(jax.history_[name], torch_.history_[name], rtol=tolerance)
    for name in ("t_", "best_epoch_", "n_layers_", "out_activation_", "diverged_"):
        assert getattr(jax, name) == getattr(torch_, name), name


@pytest.mark.parametrize("task", TASKS)
def test_twenty_steps_are_jaxs(task):
    kind = type(made(task))
    jax, torch_ = pair(kind(**STEPS, learning_rate_init=0.01), targets(task))
    assert_same(jax, torch_)
    assert jax.history_["steps"].sum() == N_STEPS


@pytest.mark.parametrize(
    "params",
    [
        {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1},
        {"solver": "adamw", "dropout": (0.3, 0.1), "schedule": "cosine", "activation": "gelu"},
        {"solver": "rmsprop", "l1": 0.01, "l2": 0.1, "max_norm": 1.0, "input_scale": 3.0},
        {"solver": "adagrad", "clip_global_norm": 0.1, "init": "orthogonal", "data_seed": 3},
        {"shuffle": "replacement", "label_smoothing": 0.1, "class_weight": "balanced"},
    ],
    ids=lambda params: "-".join(params),
)
def test_every_setting_of_the_training_is_there(params):
    params = {**STEPS, "activation": "tanh", **params}
    weights = np.random.default_rng(3).integers(0, 3, 40) / 2.0
    assert_same(*pair(MLPClassifier(**params), targets("multiclass"), sample_weight=weights))


@pytest.mark.parametrize("solver", ["sgd", "adamw"])
def test_twenty_steps_are_those_of_autograd_and_torch_optim(solver):
    """The other oracle: the initial network as a module, trained as PyTorch's users do."""
    y, settings = targets("multiclass"), {**STEPS, "shuffle": False, "alpha": 0.0}
    settings |= {"activation": "tanh", "solver": solver, "momentum": 0.8, "weight_decay": 0.05}
    start = MLPClassifier(**{**settings, "max_steps": 1, "learning_rate_init": 1e-300}).fit(X, y)
    ours = fit(MLPClassifier(**settings, nesterovs_momentum=False), X, y)
    module = to_module(start).train()
    groups = [
        {"params": [p for p in module.parameters() if p.ndim == 2], "weight_decay": 0.05},
        {"params": [p for p in module.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.001)
    if solver == "sgd":
        optimizer = torch.optim.SGD(module.parameters(), lr=0.001, momentum=0.8)
    classes = torch.tensor(np.searchsorted(ours.classes_, y))
    for step in range(N_STEPS):
        rows = np.arange(40)[9 * (step % 5) :][:9]
        optimizer.zero_grad()
        nn.CrossEntropyLoss()(module(torch.tensor(X[rows])), classes[rows]).backward()
        optimizer.step()
    for number, (W, b) in enumerate(zip(ours.coefs_, ours.intercepts_, strict=True), 1):
        linear = getattr(module, f"linear{number}")
        np.testing.assert_allclose(linear.weight.detach().numpy().T, W, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(linear.bias.detach().numpy(), b, rtol=1e-9, atol=1e-11)


def test_early_stopping_and_best_weights():
    est = MLPClassifier(
        (6,), early_stopping=True, n_iter_no_change=2, random_state=1, batch_size=9, tol=0.0
    )
    jax, torch_ = pair(est.set_params(learning_rate_init=0.05), targets("multiclass"))
    assert jax.n_iter_ < 200
    assert_same(jax, torch_, 1e-7)
    assert jax.validation_scores_ == pytest.approx(torch_.validation_scores_)


def test_validation_data_of_ones_own_watched_data_and_diagnosis():
    y, held = targets("regression"), (X[:7] + 0.1, targets("regression", 7))
    est = MLPRegressor(**{**STEPS, "max_steps": None}, max_iter=4, diagnose=True, stopping="GL")
    given = {"X_val": held[0], "y_val": held[1], "watch": {"test": held}}
    jax, torch_ = pair(est, y, **given)
    assert_same(jax, torch_)
    for name in ("test_loss", "gradient_norm", "update_ratio", "activation_std"):
        np.testing.assert_allclose(jax.history_[name], torch_.history_[name], rtol=1e-7)


def test_sparse_rows_and_bytes():
    y = targets("multiclass")
    rows = scipy.sparse.csr_matrix(np.where(X > 0.5, X, 0.0))
    assert_same(*pair(MLPClassifier(**STEPS), y, rows))
    images = np.random.default_rng(0).integers(0, 256, (40, 5)).astype(np.uint8)
    est = MLPClassifier(**STEPS, input_scale=255, dtype="float32")
    assert_same(*pair(est, y, images), 1e-5)


def test_rows_that_are_gathered_range_by_range(monkeypatch):
    monkeypatch.setattr("chainrule.estimators.minibatch.RESIDENT_BYTES", 100)
    assert_same(*pair(MLPClassifier(**STEPS), targets("multiclass")))


def test_float32_is_float32():
    rows = X.astype(np.float32)
    jax, torch_ = pair(MLPClassifier(**STEPS), targets("multiclass"), rows)
    assert torch_.coefs_[0].dtype == np.float32
    assert_same(jax, torch_, 1e-4)


def test_how_ranges_are_cut_does_not_change_a_bit(monkeypatch):
    est = MLPClassifier(**{**STEPS, "max_steps": 30}, dropout=0.2)
    whole = fit(clone(est), X, targets("multiclass"))
    monkeypatch.setattr("chainrule.engine.eager_trainer.SLOWER", 10**9)  # a step a range
    cut = fit(clone(est), X, targets("multiclass"))
    assert all(np.array_equal(a, b) for a, b in zip(whole.coefs_, cut.coefs_, strict=True))
    assert whole.loss_curve_ == cut.loss_curve_


def test_training_goes_on_in_either():
    """Two epochs in PyTorch and two in JAX are four of one of them."""
    y = targets("multiclass")
    params = {"hidden_layer_sizes": (6,), "batch_size": 9, "random_state": 0, "dropout": 0.2}
    whole, mixed = MLPClassifier(**params), MLPClassifier(**params)
    for epoch in range(4):
        whole.partial_fit(X, y, classes=np.unique(y))
        if epoch % 2:
            mixed.partial_fit(X, y, classes=np.unique(y))
        else:
            with in_torch():
                mixed.partial_fit(X, y, classes=np.unique(y))
    assert_same(whole, mixed)


def test_a_pipeline_and_a_saved_model(tmp_path):
    model = make_pipeline(StandardScaler(), MLPClassifier(**STEPS))
    jax, torch_ = pair(model, targets("multiclass"))
    np.testing.assert_allclose(jax.predict_proba(X), torch_.predict_proba(X), rtol=1e-9)
    chainrule.save(torch_[-1], tmp_path / "net.safetensors")
    again = chainrule.load(tmp_path / "net.safetensors")
    assert np.array_equal(again.predict_proba(X), torch_[-1].predict_proba(X))


def test_what_diverges_is_an_error_or_kept():
    params = {**STEPS, "solver": "sgd", "learning_rate_init": 1e9, "activation": "identity"}
    y = 1e9 * targets("regression")
    with pytest.raises(DivergenceError, match="non-finite"):
        fit(MLPRegressor(**params), X, y)
    est = fit(MLPRegressor(**params, on_divergence="keep"), X, y)
    assert est.diverged_ and all(np.isfinite(W).all() for W in est.coefs_)


def test_outside_of_the_block_jax_trains():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with in_torch():
            pass
    before = torch.get_rng_state()
    est = MLPClassifier(**STEPS).fit(X, targets("multiclass"))
    assert torch.equal(torch.get_rng_state(), before)
    assert type(est._session.state["t"]) is np.float64


def test_lbfgs_is_refused():
    est = MLPClassifier(solver="lbfgs")
    with pytest.raises(InvalidInputError, match=r"solver='lbfgs'.*Use 'adam'"):
        fit(est, X, targets("multiclass"))
    assert not hasattr(est, "coefs_")


def test_a_device_that_is_not_there_is_refused():
    if torch.cuda.is_available():
        pytest.skip("here it is there")
    with pytest.raises(InvalidInputError, match="'cuda'; it has cpu alone"):
        fit(MLPClassifier(), X, targets("multiclass"), device="cuda")
    with pytest.raises(InvalidInputError, match="cannot use the device 'graphics'"):
        fit(MLPClassifier(), X, targets("multiclass"), device="graphics")


def test_other_models_are_refused():
    with pytest.raises(InvalidInputError, match=r"came sklearn.*StandardScaler"):
        fit(StandardScaler(), X, targets("multiclass"))


def test_on_a_gpu_it_is_the_same():
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    est = MLPClassifier(**STEPS, dropout=0.2)
    on_gpu = fit(clone(est), X, targets("multiclass"), device="cuda")
    assert_same(clone(est).fit(X, targets("multiclass")), on_gpu)
