"""Plans, which programs are specialised to, and hyperparameters, which they are not."""

import dataclasses

import numpy as np
import pytest

from chainrule.engine.plan import Hyperparameters, Plan
from chainrule.equations.losses import LOSSES
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import InvalidInputError

PLAN = Plan((4, 3, 2), ("relu", "softmax"), "cross_entropy", "adam", 8)


def test_equal_plans_are_one_key():
    assert dataclasses.replace(PLAN) == PLAN
    assert hash(dataclasses.replace(PLAN)) == hash(PLAN)
    assert len({PLAN, dataclasses.replace(PLAN), dataclasses.replace(PLAN, batch_size=9)}) == 2


def test_a_plan_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PLAN.batch_size = 9


def test_parameters_are_weights_and_biases():
    assert PLAN.n_parameters == (4 * 3 + 3) + (3 * 2 + 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activations": ("softmax",)}, "needs as many activations, the output's included; got 1"),
        ({"activations": ("rellu", "softmax")}, "Unknown activation 'rellu'. Did you mean 'relu'?"),
        ({"loss": "crossentropy"}, "Unknown loss 'crossentropy'. Did you mean 'cross_entropy'?"),
        ({"optimizer": "adan"}, "Unknown optimizer 'adan'. Did you mean 'adam'?"),
        ({"activations": ("relu", "identity")}, "'cross_entropy' needs one of the outputs softmax"),
    ],
)
def test_what_cannot_be_run_is_refused(change, message):
    with pytest.raises(InvalidInputError) as error:
        dataclasses.replace(PLAN, **change)
    assert message in str(error.value)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_hyperparameters_have_the_table_s_defaults_in_the_plan_s_dtype(optimizer, dtype):
    plan = dataclasses.replace(PLAN, optimizer=optimizer, dtype=dtype)
    hyper = Hyperparameters.make(plan)
    expected = OPTIMIZERS[optimizer].settings
    assert {name: value.item() for name, value in hyper.settings.items()} == {
        name: np.dtype(dtype).type(value).item() for name, value in expected.items()
    }
    assert hyper.rates.tolist() == [0.0]
    assert hyper.clip == np.inf
    assert (hyper.l1, hyper.max_norm, hyper.loss) == (0.0, np.inf, {})
    arrays = [*hyper.settings.values(), hyper.rates, hyper.clip, hyper.l1, hyper.max_norm]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    assert hyper.seed.dtype == np.uint32


def test_given_settings_replace_the_defaults():
    hyper = Hyperparameters.make(PLAN, {"beta_1": 0.5}, (0.25,), clip=2.0, seed=2**32 - 1)
    assert float(hyper.settings["beta_1"]) == 0.5
    assert float(hyper.settings["beta_2"]) == np.float32(0.999)
    assert (float(hyper.rates[0]), float(hyper.clip), int(hyper.seed)) == (0.25, 2.0, 2**32 - 1)


def test_the_loss_s_settings_are_the_table_s_or_given():
    plan = Plan((4, 3, 2), ("relu", "identity"), "huber", "adam", 8)
    assert float(Hyperparameters.make(plan).loss["delta"]) == LOSSES["huber"].settings["delta"]
    found = Hyperparameters.make(plan, loss={"delta": 0.25}).loss
    assert (float(found["delta"]), found["delta"].dtype) == (0.25, np.float32)
    with pytest.raises(InvalidInputError, match=r"setting of the loss 'huber' 'dleta'. Did you"):
        Hyperparameters.make(plan, loss={"dleta": 2.0})


def test_a_mistyped_setting_is_not_ignored():
    with pytest.raises(InvalidInputError, match=r"setting of the optimizer 'adam' 'beta1'"):
        Hyperparameters.make(PLAN, {"beta1": 0.5})


def test_each_hidden_layer_has_a_dropout_rate():
    with pytest.raises(InvalidInputError, match=r"each of the 1 hidden layers; got 2"):
        Hyperparameters.make(PLAN, rates=(0.25, 0.5))
