"""Bad parameters: what was required, what came, what to do; the nearest name is suggested."""

import numpy as np
import pytest

from chainrule import ChainruleError, MLPClassifier, MLPRegressor
from chainrule.errors import DivergenceError, InvalidInputError

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "random_state": 3}

PARAMETERS = {  # case: (parameters, a part of the error)
    "negative-rate": ({"learning_rate_init": -0.1}, r"must be a float in the range \(0.0, inf\)"),
    "nan-rate": ({"learning_rate_init": np.nan}, "Got nan instead"),
    "activation-misspelt": ({"activation": "rleu"}, "Did you mean 'relu'"),
    "activation-in-a-list": ({"activation": ["tnah"]}, "Did you mean 'tanh'"),
    "activation-list-length": (
        {"activation": ["relu", "tanh"]},
        "each of the 1 hidden layers; got 2",
    ),
    "activation-none": ({"activation": None}, "'activation' parameter .* Got None"),
    "solver-misspelt": ({"solver": "adm"}, "Did you mean 'adam'"),
    "learning-rate-misspelt": ({"learning_rate": "constnat"}, "Did you mean 'constant'"),
    "monitor-misspelt": ({"monitor": "validation_los"}, "Did you mean 'validation_loss'"),
    "loss-misspelt": ({"loss": "logloss"}, "Did you mean 'log_loss'"),
    "dtype-misspelt": ({"dtype": "flaot32"}, "Did you mean 'float32'"),
    "class-weight-misspelt": ({"class_weight": "balance"}, "Did you mean 'balanced'"),
    "schedule-misspelt": ({"schedule": "cosin"}, "Did you mean 'cosine'"),
    "schedule-name-misspelt": ({"schedule": {"name": "cosin"}}, "Did you mean 'cosine'"),
    "schedule-without-name": ({"schedule": {"warmup": 2}}, "needs the key 'name'"),
    "schedule-setting": (
        {"schedule": {"name": "cosine", "warmpu": 2}},
        "Unknown setting of the schedule 'cosine' 'warmpu'. Did you mean 'warmup'",
    ),
    "schedule-value": ({"schedule": {"name": "step", "every": "2"}}, "must be a number, got '2'"),
    "schedule-negative": (
        {"schedule": {"name": "step", "factor": -0.5}},
        "'factor' of the schedule 'step' must not be negative, got -0.5",
    ),
    "schedule-divisor": (
        {"schedule": {"name": "step", "every": 0}},
        "'every' of the schedule 'step' must be positive, got 0",
    ),
    "schedule-nan": (
        {"schedule": {"name": "cosine", "warmup": np.nan}},
        "must be a number, got nan",
    ),
    "plateau-factor": (
        {"schedule": {"name": "reduce_on_plateau", "factor": 1.5}},
        "'factor' of the schedule 'reduce_on_plateau' must be at most 1, got 1.5",
    ),
    "cycle-rise": (
        {"schedule": {"name": "one_cycle", "rise": 30}},
        "'rise' of the schedule 'one_cycle' must be at most 1, got 30",
    ),
    "cycle-divisor": (
        {"schedule": {"name": "one_cycle", "start": 0}},
        "'start' of the schedule 'one_cycle' must be positive, got 0",
    ),
    "solver-near": ({"solver": "rmspop"}, "Did you mean 'rmsprop'"),
    "negative-l1": ({"l1": -0.1}, "'l1' parameter"),
    "max-norm-at-zero": ({"max_norm": 0.0}, "'max_norm' parameter"),
    "rho-of-all": ({"rho": 1.0}, "'rho' parameter"),
    "smoothing-of-all": ({"label_smoothing": 1.0}, r"'label_smoothing' .* in the range \[0.0, 1.0"),
    "init-gain": ({"init": {"name": "orthogonal", "gian": 2}}, "Did you mean 'gain'"),
    "init-misspelt": ({"init": "he_norml"}, "Did you mean 'he_normal'"),
    "init-setting": ({"init": {"name": "normal", "scael": 1}}, "Did you mean 'scale'"),
    "init-without-settings": ({"init": {"name": "he_normal", "scale": 1}}, "has no settings"),
    "dropout-of-all": ({"dropout": 1.0}, r"in the range \[0.0, 1.0\)"),
    "dropout-list": ({"dropout": [1.0]}, r"must be numbers in \[0, 1\), got \[1.0\]"),
    "dropout-text": ({"dropout": ["a"]}, r"must be numbers in \[0, 1\), got \['a'\]"),
    "dropout-length": ({"dropout": [0.1, 0.2]}, "each of the 1 hidden layers; got 2"),
    "no-units": ({"hidden_layer_sizes": (6, 0)}, r"must be > 0 and whole, got \[6, 0\]"),
    "half-units": ({"hidden_layer_sizes": (2.5,)}, "must be > 0 and whole"),
    "text-for-units": ({"hidden_layer_sizes": ("six",)}, "must be > 0 and whole"),
    "negative-l2": ({"l2": -1.0}, "'l2' parameter"),
    "clip-at-zero": ({"clip_global_norm": 0.0}, "'clip_global_norm' parameter"),
    "alpha-and-l2": ({"alpha": 0.1, "l2": 0.1}, "l2=0.1 replaces alpha, and alpha=0.1 was given"),
    "rate-and-schedule": (
        {"learning_rate": "adaptive", "schedule": "step"},
        "schedule='step' replaces learning_rate",
    ),
    "iterations-and-steps": ({"max_iter": 9, "max_steps": 9}, "max_steps=9 replaces max_iter"),
    "lbfgs-dropout": ({"solver": "lbfgs", "dropout": 0.1}, "full batch and knows no dropout"),
    "lbfgs-l1": (
        {"solver": "lbfgs", "l1": 0.1},
        "solver='lbfgs' .* knows no l1. Use solver='adam' or 'sgd'",
    ),
    "lbfgs-max-norm": ({"solver": "lbfgs", "max_norm": 1.0}, "full batch and knows no max_norm"),
    "lbfgs-others": (
        {"solver": "lbfgs", "schedule": "step", "max_steps": 3, "clip_global_norm": 1.0},
        "knows no clip_global_norm, schedule, max_steps",
    ),
    "class-weight-negative": ({"class_weight": {0: -1.0}}, "class_weight .* must not be negative"),
    "class-weight-zero": ({"class_weight": dict.fromkeys(range(3), 0)}, "not all zero"),
    "class-weight-without-a-class": ({"class_weight": {0: 1, 1: 1, 9: 1}}, "not in class_weight"),
}


@pytest.mark.parametrize(("params", "says"), PARAMETERS.values(), ids=PARAMETERS)
def test_parameters(params, says, problem):
    X, y, _ = problem("multiclass")
    with pytest.raises(ValueError, match=says):
        MLPClassifier(**{**BASE, **params}).fit(X, y)


LOSSES = {  # case: (loss, a part of the error)
    "misspelt": ("hubber", "Did you mean 'huber'"),
    "name-misspelt": ({"name": "hubber"}, "Unknown loss name 'hubber'. Did you mean 'huber'"),
    "without-name": ({"delta": 1.0}, "A mapping for loss needs the key 'name'"),
    "setting": ({"name": "huber", "detla": 1.0}, "Unknown setting of the loss 'huber' 'detla'"),
    "without-settings": (
        {"name": "absolute_error", "delta": 1.0},
        "The loss 'absolute_error' has no settings, got 'delta'",
    ),
    "zero": ({"name": "huber", "delta": 0}, "'delta' of the loss 'huber' must be positive, got 0"),
    "negative": ({"name": "huber", "delta": -1.0}, "must be positive, got -1.0"),
    "text": ({"name": "huber", "delta": "1"}, "must be a number, got '1'"),
}


@pytest.mark.parametrize(("loss", "says"), LOSSES.values(), ids=LOSSES)
def test_losses(loss, says, problem):
    X, y, _ = problem("regression")
    with pytest.raises(ValueError, match=says):
        MLPRegressor(**BASE, loss=loss).fit(X, y)


def test_an_unknown_parameter():
    with pytest.raises(TypeError, match="unexpected keyword argument 'droput'"):
        MLPClassifier(droput=0.1)


@pytest.mark.parametrize("device", ["gpu", "tpu"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_device_that_is_not_there(solver, device, problem, monkeypatch):
    def none(name):
        raise RuntimeError(f"Unknown backend {name}")

    X, y, _ = problem("multiclass")
    monkeypatch.setattr("jax.devices", lambda name=None: none(name) if name else [])
    with pytest.raises(InvalidInputError, match=r"pip install 'chainrule\[gpu\]'; or leave device"):
        MLPClassifier(**BASE, solver=solver, device=device).fit(X, y)


def test_a_mapping_of_class_weights_for_several_labels(problem):
    X, Y, _ = problem("multilabel")
    with pytest.raises(InvalidInputError, match="Use class_weight='balanced' or sample_weight"):
        MLPClassifier(**BASE, class_weight={0: 1, 1: 2}).fit(X, Y)


def test_a_share_too_small_to_validate_on(problem):
    X, y, _ = problem("regression")
    with pytest.raises(InvalidInputError, match=r"'validation_fraction' .* 1 row\(s\) of 90"):
        MLPRegressor(**BASE, early_stopping=True, validation_fraction=0.01).fit(X, y)


@pytest.mark.parametrize("error", [InvalidInputError, DivergenceError])
def test_our_errors_are_value_errors_of_one_family(error):
    assert issubclass(error, ChainruleError)
    assert issubclass(error, ValueError)
