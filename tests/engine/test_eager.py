"""The eager loop agrees with the compiled trainer, step by step.

The table pairs every optimizer, hidden activation and loss, several outputs, dropout,
penalty, clipping, sample weights and ragged batches; a new row of the equations' tables is
in it by being there. Agreement over 20 steps in float64 leaves no room for a difference in
the equations, but some for rounding, which Adam amplifies where a gradient is all but
zero; here it stays below 1e-13.
"""

import sys
from itertools import chain

import numpy as np
import pytest

from chainrule.engine.eager import train
from chainrule.equations.activations import HIDDEN_ACTIVATIONS
from chainrule.equations.losses import FUSED, LOSSES
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import InvalidInputError, MissingExtraError

N_STEPS = 20
OUTPUTS = {"real": ("identity", "tanh", "logistic", "softmax")}
PAIRS = [
    (loss, output)
    for loss, row in LOSSES.items()
    for output in (OUTPUTS["real"] if row.targets == "real" else row.outputs)
]
N_CASES = max(len(PAIRS), len(OPTIMIZERS), len(HIDDEN_ACTIVATIONS))


def _settings(i):
    """Row ``i`` of the table, as arguments of ``make_case``."""
    optimizers, hidden = list(OPTIMIZERS), list(HIDDEN_ACTIVATIONS)
    loss, output = PAIRS[i % len(PAIRS)]
    return {
        "optimizer": optimizers[(i + i // len(optimizers)) % len(optimizers)],
        "hidden": (hidden[i % len(hidden)], hidden[(i + 4) % len(hidden)]),
        "loss": loss,
        "output": output,
        "l2": 0.01 if i % 2 else 0.0,
        "alpha": 0.1 if i % 4 == 3 else 0.0,
        "dropout": (64 / 256, 25 / 256) if i % 3 == 0 else (),
        "clip": (0.3, 3.0)[i // 5 % 2] if i % 5 < 2 else None,
        "l1": 0.02 if i % 5 > 2 else 0.0,
        "max_norm": (0.7, 1.2)[i // 7 % 2] if i % 7 > 4 else None,
        "loss_settings": {"delta": 0.4} if loss == "huber" and i % 2 else None,
        "weighted": i % 7 < 3,
        "seed": i,
    }


FLAGS = ("l2", "alpha", "dropout", "clip", "l1", "max_norm", "loss_settings", "weighted")
TABLE = [_settings(i) for i in range(N_CASES)]


def _name(row):
    flags = [name for name in FLAGS if row[name]]
    return "-".join([row["optimizer"], *row["hidden"], row["output"], row["loss"], *flags])


def test_the_table_has_every_row_of_the_equations_tables():
    def column(name):
        return {row[name] for row in TABLE}

    assert column("optimizer") == set(OPTIMIZERS)
    assert set(chain.from_iterable(column("hidden"))) == set(HIDDEN_ACTIVATIONS)
    assert {(row["output"], row["loss"]) for row in TABLE} >= set(FUSED)
    assert column("loss") == set(LOSSES)
    for flag in FLAGS:
        assert {bool(row[flag]) for row in TABLE} == {True, False}


@pytest.mark.parametrize("row", TABLE, ids=_name)
def test_eager_and_compiled_agree_after_every_step(row, make_case, outcomes, distance):
    """Parameters, the optimizer's state, loss and penalty; every fourth batch has three rows."""
    case = make_case(**row)
    trainer = case.trainer(steps_per_range=1)
    for _ in range(N_STEPS):
        trainer.run()
    assert len(outcomes) == N_STEPS
    for library in ("numpy", "torch"):
        steps = case.eager(N_STEPS, library)
        assert len(steps) == N_STEPS
        for after, compiled in zip(steps, outcomes, strict=True):
            assert distance((after.layers, dict(after.state)), compiled[:2]) < 1e-10
            assert float(after.loss) == pytest.approx(float(compiled.loss[0]), rel=1e-10)
            assert float(after.penalty) == pytest.approx(float(compiled.penalty[0]), rel=1e-10)


def test_a_batch_that_weighs_nothing_is_passed_over(make_case, distance):
    case = make_case("adam", l2=0.01, dropout=(0.25, 0.25))
    weights = np.ones(27)
    weights[case.batches(2)[1]] = 0
    case = case.but(weights=weights)
    trainer = case.trainer()
    trainer.run()
    steps = case.eager(4)
    assert len(steps) == trainer.step == 3
    assert distance((steps[-1].layers, steps[-1].state["t"]), (trainer.layers, 3.0)) < 1e-12


def test_a_training_can_go_on_from_a_state(make_case, same_bits):
    case = make_case("momentum")
    whole, batches = case.eager(8), case.batches(8)
    begun = whole[3]
    there = (case.plan, case.hyper, begun.layers, case.X, case.Y)
    *_, last = train(*there, batches[4:], [0.05] * 4, state=begun.state)
    assert same_bits(last.layers, whole[-1].layers)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_stay_in_the_library_and_the_plan_s_dtype(make_case, library, dtype):
    more = {"l1": 0.01, "max_norm": 1.0, "loss": "huber", "output": "identity"}
    case = make_case("adam", l2=0.01, dropout=(0.25, 0.25), clip=1.0, dtype=dtype, **more)
    after = case.eager(3, library)[-1]
    arrays = [*(part for layer in after.layers for part in layer), after.loss, after.penalty]
    for array in arrays:
        assert type(array).__module__.partition(".")[0] == library
        assert str(array.dtype).removeprefix("torch.") == dtype


def test_the_initial_parameters_are_not_changed(make_case, same_bits):
    case = make_case("adam")
    before = [part.copy() for layer in case.layers for part in layer]
    for library in ("numpy", "torch"):
        case.eager(3, library)
        assert same_bits(before, [part for layer in case.layers for part in layer])


def test_rates_and_batches_go_together(make_case):
    case = make_case("sgd")
    here = (case.plan, case.hyper, case.layers, case.X, case.Y)
    steps = train(*here, case.batches(3), rates=[0.1] * 2)
    with pytest.raises(ValueError, match="shorter"):
        list(steps)


def test_an_unknown_library_is_refused(make_case):
    with pytest.raises(InvalidInputError, match="must be 'numpy' or 'torch', got 'cupy'"):
        make_case("sgd").eager(1, "cupy")


def test_without_torch_the_message_says_how_to_get_it(make_case, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'chainrule\[torch\]'"):
        make_case("sgd").eager(1, "torch")
