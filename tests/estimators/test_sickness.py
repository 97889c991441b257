"""Small networks that are made sick on purpose, and healthy ones; and the rules by themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits, make_classification, make_moons

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.estimators.chance import HeldOutChance, chance_loss, held_out_chance
from chainrule.estimators.sickness import findings, too_short

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {
    "max_iter": 30, "n_iter_no_change": 500, "random_state": 0, "batch_size": 32,
    "on_divergence": "keep", "diagnose": True,
}  # fmt: skip
SICK = {
    "deep logistic": (
        (32,) * 8,
        {"activation": "logistic", "solver": "sgd", "learning_rate_init": 0.1},
        {"vanishing gradient", "plateau at chance"},
    ),
    "tiny initial weights": (
        (32,) * 6,
        {
            "activation": "tanh", "solver": "sgd", "learning_rate_init": 0.1,
            "init": {"name": "normal", "scale": 0.01},
        },
        {"vanishing gradient", "plateau at chance"},
    ),
    "large initial weights": (
        (32,) * 6,
        {"init": {"name": "normal", "scale": 1.0}},
        {"exploding gradient"},
    ),
    "dead units": (
        (32, 32),
        {"solver": "sgd", "learning_rate_init": 2.0},
        {"dead units", "plateau at chance"},
    ),
    "saturated units": (
        (32,),
        {"activation": "logistic", "init": {"name": "normal", "scale": 6.0}},
        {"saturated units"},
    ),
    "oscillating": (
        (32,),
        {"activation": "tanh", "learning_rate_init": 0.5},
        {"saturated units", "learning rate too high"},
    ),
    "far too large steps of adagrad": (
        (32,),
        {"solver": "adagrad", "activation": "mish", "learning_rate_init": 100.0,
         "random_state": 2, "data": "moons"},
        {"learning rate too high"},
    ),
    "far too large steps of sgd": (
        (32,), {"solver": "sgd", "learning_rate_init": 5.0},
        {"learning rate too high", "dead units", "plateau at chance"},
    ),
    "inputs in thousands": (
        (32,), {"solver": "sgd", "learning_rate_init": 0.1, "data": "thousands"},
        {"learning rate too high", "dead units", "plateau at chance"},
    ),
    "labels of other rows": ((32,), {"data": "permuted"}, {"chance on other rows"}),
    "labels of other rows, for long": (
        (64,), {"data": "permuted", "max_iter": 120}, {"chance on other rows"},
    ),
    "small steps": ((32,), {"learning_rate_init": 2e-5}, {"learning rate too low"}),
    "small steps of sgd": (
        (32,), {"solver": "sgd", "learning_rate_init": 1e-3}, {"learning rate too low"},
    ),
}  # fmt: skip
HEALTHY = {
    "relu": ((32,), {}),
    "three layers": ((32, 32, 32), {}),
    "tanh": ((32,), {"activation": "tanh"}),
    "logistic": ((32,), {"activation": "logistic", "learning_rate_init": 0.01}),
    "sgd": ((32,), {"solver": "sgd", "learning_rate_init": 0.1, "max_iter": 12}),
    "dropout": ((64,), {"dropout": 0.5, "learning_rate_init": 0.005}),
    "few epochs": ((32,), {"max_iter": 5}),
    "deep, he": ((32,) * 6, {"init": "he_normal"}),
    "stopped early": ((64,), {"early_stopping": True, "n_iter_no_change": 5, "max_iter": 100}),
}
ALSO_HEALTHY = {
    "selu": {"activation": "selu"},
    "gelu": {"activation": "gelu"},
    "softplus": {"activation": "softplus"},
    "rmsprop": {"solver": "rmsprop"},
    "adagrad": {"solver": "adagrad", "learning_rate_init": 0.02},
    "a logistic unit a class": {"loss": "binary_cross_entropy"},
    "softmax twice": {"loss": "double_softmax"},
    "squared errors": {"loss": "mean_squared_error"},
    "smoothed labels": {"label_smoothing": 0.2},
    "weighted classes": {"class_weight": "balanced"},
}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))[:900]
    X, y = X[order] / 16, y[order]
    return {"X": X[:500], "y": y[:500], "X_val": X[500:], "y_val": y[500:]}


@pytest.fixture(scope="module")
def data(digits):
    X, y = make_moons(300, noise=0.2, random_state=0)
    rng = np.random.default_rng(0)
    permuted = {name: rng.permutation(digits[name]) for name in ("y", "y_val")}
    thousands = {name: 1000 * digits[name] for name in ("X", "X_val")}
    return {
        "digits": digits,
        "moons": {"X": X, "y": y},
        "permuted": digits | permuted,
        "thousands": digits | thousands,
    }


def names(net):
    return {finding.name for finding in net.findings()}


@pytest.mark.parametrize(("hidden", "changed", "expected"), SICK.values(), ids=SICK)
def test_each_sickness_is_found_and_no_other(hidden, changed, expected, data):
    settings = BASE | changed
    rows = data[settings.pop("data", "digits")]
    net = MLPClassifier(hidden, **settings).fit(**rows)
    assert names(net) == expected
    for finding in net.findings():
        assert str(finding) == finding.sentence
        assert finding.numbers
        assert np.isfinite(list(finding.numbers.values())).all()


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("hidden", "changed"), HEALTHY.values(), ids=HEALTHY)
def test_nothing_is_found_in_healthy_ones(hidden, changed, seed, digits):
    net = MLPClassifier(hidden, **{**BASE, **changed, "random_state": seed}).fit(**digits)
    assert net.findings() == ()


@pytest.mark.parametrize("changed", ALSO_HEALTHY.values(), ids=ALSO_HEALTHY)
def test_nor_in_healthy_ones_of_other_losses_and_methods(changed, digits):
    assert MLPClassifier((50,), **{**BASE, **changed}).fit(**digits).findings() == ()


@pytest.mark.parametrize(
    "target",
    [lambda y: y > 4, lambda y: y == 3, lambda y: np.stack([y & 1, y & 2, y & 4], 1) > 0],
    ids=["two classes", "a rare class", "several labels"],
)
def test_nor_in_healthy_ones_of_other_targets(target, digits):
    rows = digits | {name: target(digits[name]).astype(int) for name in ("y", "y_val")}
    assert MLPClassifier((50,), **BASE).fit(**rows).findings() == ()


def test_nor_in_healthy_ones_of_other_kinds():
    X, y = make_moons(300, noise=0.2, random_state=0)
    assert names(MLPClassifier((16, 16), **{**BASE, "learning_rate_init": 0.01}).fit(X, y)) == set()
    assert names(MLPClassifier((16,), **{**BASE, "solver": "lbfgs"}).fit(X, y)) == set()
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 4))
    y = X[:, 0] ** 2 + X[:, 1] + 0.1 * rng.normal(size=300)
    for scale, offset in ((1, 0), (100, 50)):
        net = MLPRegressor(hidden_layer_sizes=(32,), **{**BASE, "learning_rate_init": 0.01})
        assert names(net.fit(X, scale * y + offset)) == set()


def test_divergence_is_a_rate_too_high(digits):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(100, 4))
    net = MLPRegressor(
        hidden_layer_sizes=(16,), **{**BASE, "solver": "sgd", "learning_rate_init": 30.0}
    ).fit(X, X[:, 0])
    assert net.diverged_
    assert "diverged in epoch" in next(
        f.sentence for f in net.findings() if f.name == "learning rate too high"
    )


def test_learning_by_heart_is_over_fitting(tmp_path):
    rng = np.random.default_rng(7)
    X = rng.normal(size=(460, 8))
    y = (X[:, 0] + rng.normal(size=460) > 0).astype(int)
    net = MLPClassifier((64,), **{**BASE, "max_iter": 120, "learning_rate_init": 0.01})
    net.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
    (finding,) = net.findings()
    assert finding.name == "over-fitting"
    assert finding.numbers["epoch"] == net.overfit_epoch_
    assert f"from epoch {net.overfit_epoch_} on" in finding.sentence
    # The band is some times the noise, and is not called the noise.
    band = finding.numbers["band"]
    assert f"up to {band:.2g} above its minimum would pass for noise" in finding.sentence
    assert "its noise is" not in finding.sentence
    chainrule.save(net, tmp_path / "net.safetensors")
    assert chainrule.load(tmp_path / "net.safetensors").findings() == net.findings()


def test_without_a_diagnosis_the_losses_speak_alone(digits):
    hidden, changed, _ = SICK["deep logistic"]
    net = MLPClassifier(hidden, **{**BASE, **changed, "diagnose": False}).fit(**digits)
    assert names(net) == {"plateau at chance"}


def test_a_regression_that_learns_noise_is_at_chance_on_other_rows():
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(500, 8)), 100 + rng.normal(size=500)
    settings = BASE | {"learning_rate_init": 0.01, "max_iter": 60, "batch_size": 16}
    net = MLPRegressor(hidden_layer_sizes=(32,), **settings)
    net.fit(X[:200], y[:200] - 100, X_val=X[200:], y_val=y[200:] - 100)
    (finding,) = net.findings()
    assert finding.name == "chance on other rows"
    assert finding.numbers["rows"] == 300
    assert net.history_["validation_score"].max() < 0.03
    assert net.history_["train_loss"][-1] < 0.7 * net.chance_loss_
    # What says something of the other rows is no such case.
    net.fit(X[:200], X[:200, 0], X_val=X[200:], y_val=X[200:, 0])
    assert net.findings() == ()


def test_what_is_learnt_for_these_rows_alone_is_told_with_its_numbers(data, tmp_path):
    net = MLPClassifier((32,), **BASE).fit(**data["permuted"])
    (finding,) = net.findings()
    lowest = net.history_["validation_loss"].min()
    assert finding.numbers["lowest_validation_loss"] == lowest
    assert f"its validation loss was never below {lowest:.4g} (epoch" in finding.sentence
    assert "on 400 rows luck alone can make that" in finding.sentence
    assert net.history_["train_loss"][-1] < 0.97 * net.chance_loss_
    chainrule.save(net, tmp_path / "net.safetensors")
    assert chainrule.load(tmp_path / "net.safetensors").findings() == (finding,)


# The rules by themselves


def history(losses, validation=None, **layers):
    losses = np.asarray(losses, float)
    validation = np.full(len(losses), np.nan) if validation is None else validation
    return {"train_loss": losses, "validation_loss": validation, **layers}


def found(losses, chance=None, **others):
    return [f.name for f in findings(history(losses, **others), chance_loss=chance)]


def test_a_steady_fall_that_has_far_to_go_is_under_way():
    t = np.arange(20)
    assert found(2.3 - 0.02 * t) == ["learning rate too low"]
    assert found(2.3 * 0.85**t) == []  # has come far
    assert found(1.6 + 0.7 * 0.7**t) == []  # has come to rest
    assert found(2.3 - 0.02 * t[:7]) == []  # too few epochs to tell


def test_no_higher_rate_is_asked_for_while_the_validation_loss_rises():
    t = np.arange(20)
    falling = 2.3 - 0.02 * t
    assert found(falling, validation=2.2 - 0.01 * t) == ["learning rate too low"]
    assert found(falling, validation=2.2 + 0.01 * t) == ["over-fitting"]
    assert found(falling, validation=2.2 + 0.002 * t) == []
    turned = np.where(t < 14, 2.2 - 0.01 * t, 1.93 + 0.01 * t)
    assert found(falling, validation=turned) == []


HELD = HeldOutChance(loss=2.3, score=0.1, rows=400, luck=1 / 400)


def held_out(losses, validation, score=0.1, **others):
    columns = history(losses, np.asarray(validation, float))
    columns["validation_score"] = np.full(len(losses), score)
    settings = {"held_out": HELD, "begins_near": True} | others
    return [f.name for f in findings(columns, chance_loss=2.3, **settings)]


def test_a_validation_loss_that_never_beats_chance_by_more_than_luck():
    t = np.arange(20)
    falls, flat = 1.2 + 1.1 * 0.7**t, np.full(20, 2.3)
    only_here = ["chance on other rows"]
    assert held_out(falls, flat) == only_here
    least = HELD.least(20, 0.01)
    assert 0.97 < least / 2.3 < 1
    assert held_out(falls, np.full(20, least + 1e-6)) == only_here
    assert held_out(falls, np.full(20, least - 1e-6)) == []
    assert held_out(falls, flat + 0.3 * t) == only_here  # and no epoch at which to stop
    # A single epoch that is better on the other rows is a reason to stop there.
    assert held_out(falls, np.r_[2.0, 2.0, 2.0, flat[3:]]) == ["over-fitting"]
    # Right more often than by luck, if far too sure of itself.
    assert held_out(falls, flat, score=0.2) == []
    assert held_out(falls, flat, score=0.13) == only_here
    assert held_out(falls, flat, score=0.2, begins_near=False) == only_here  # an R^2 is no share
    assert held_out(flat, flat) == ["plateau at chance"]
    assert held_out(falls[:4], flat[:4]) == []


def test_of_few_rows_luck_makes_nobody_sick():
    falls = 1.2 + 1.1 * 0.7 ** np.arange(20)
    few = HELD._replace(rows=10, luck=0.1)
    assert held_out(falls, np.full(20, 2.2), held_out=few) == []
    assert held_out(falls, np.full(20, 2.24), held_out=few) == ["chance on other rows"]


def test_without_the_rows_chance_in_training_decides():
    falls = 1.2 + 1.1 * 0.7 ** np.arange(20)
    assert found(falls, chance=2.3, validation=np.full(20, 2.31)) == ["chance on other rows"]
    assert found(falls, chance=2.3, validation=np.full(20, 2.29)) == []
    assert found(falls, validation=np.full(20, 2.31)) == []


def test_a_loss_far_above_chance_in_epoch_1_is_a_rate_too_high():
    """And not where it comes down slowly, as from large initial weights, or all the way."""

    def thrown(losses, **others):
        settings = {"chance_loss": 2.3, "begins_near": True} | others
        return [f.name for f in findings(history(losses), **settings)]

    far = np.r_[700.0, np.full(11, 2.31)]
    assert thrown(far) == ["learning rate too high", "plateau at chance"]
    (finding, _) = findings(history(far), chance_loss=2.3, begins_near=True)
    assert "in epoch 1 the training loss was 700 on average" in finding.sentence
    assert finding.numbers == {"first_loss": 700.0, "lowest_loss": 2.31, "chance_loss": 2.3}
    assert thrown(far, begins_near=False) == ["plateau at chance"]
    assert thrown(700 * 0.6 ** np.arange(8)) == ["worse than chance"]
    assert thrown(np.r_[700.0, 1.0 + 0.5 ** np.arange(11)]) == []
    assert thrown(np.r_[5.0, np.full(11, 2.31)]) == ["plateau at chance"]


def test_a_last_epoch_that_was_cut_off_does_not_hide_a_slow_training():
    """As the CIFAR-10 networks of 1000 steps: 245 an epoch, and 20 in the last one."""
    losses = [2.301, 2.218, 2.073, 1.990, 1.958]
    steps = np.array([245, 245, 245, 245, 20])
    (finding,) = findings(history(losses, steps=steps), chance_loss=np.log(10))
    assert finding.name == "learning rate too low"
    assert finding.numbers["pace"] == pytest.approx(0.80, abs=0.01)
    assert found(losses, chance=np.log(10), steps=np.full(5, 245)) == []  # it has slowed down
    assert found([2.301, 2.218, 2.073, 1.7, 1.69], steps=steps) == ["learning rate too low"]


# The CIFAR-10 network of 2000 steps at 1e-4, and of as many at 1e-3, which is healthy: 245 an
# epoch, and 40 in the last one.
SMALL_STEPS = (
    [2.3009, 2.2159, 2.0717, 1.9880, 1.9232, 1.8721, 1.8361, 1.8113, 1.7998],
    [2.2919, 2.1135, 2.0004, 1.9246, 1.8704, 1.8343, 1.8029, 1.7757, 1.7727],
)
TEN_TIMES = (
    [1.9508, 1.6489, 1.5503, 1.5056, 1.4616, 1.4396, 1.4000, 1.3887, 1.3745],
    [1.7100, 1.5844, 1.4972, 1.4705, 1.4387, 1.4524, 1.4291, 1.4169, 1.4202],
)


def test_one_that_slows_down_with_most_to_learn_is_under_way_by_both_losses():
    steps, chance = {"steps": np.array([245] * 8 + [40])}, np.log(10)
    losses, validation = SMALL_STEPS
    (finding,) = findings(history(losses, validation, **steps), chance_loss=chance)
    assert finding.name == "learning rate too low"
    assert finding.numbers["pace"] == pytest.approx(0.35, abs=0.01)
    assert found(losses, chance=chance, **steps) == []  # learnt by heart, for all that it tells
    at_rest = np.r_[validation[:5], np.full(4, 1.87)]
    assert found(losses, chance=chance, validation=at_rest, **steps) == []
    assert found(TEN_TIMES[0], chance=chance, validation=TEN_TIMES[1], **steps) == []
    few = {"steps": np.full(5, 245)}
    assert found(losses[:5], chance=chance, validation=validation[:5], **few) != []
    assert found([*losses[:4], 1.958], chance=chance, validation=[2.29, 2.1, 2, 1.93, 1.91],
                 **few) == []  # fmt: skip


def test_a_small_rise_on_the_way_down_does_not_hide_a_slow_training():
    falling = 2.25 - 0.013 * np.arange(15)
    falling[11] += 0.015
    assert found(falling) == ["learning rate too low"]
    falling[[9, 11, 13]] += 0.03
    assert found(falling) == []


def test_where_x_says_little_of_y_no_higher_rate_is_asked_for():
    X, y = make_classification(600, 12, n_informative=6, n_classes=3, flip_y=0.6, random_state=0)
    net = MLPClassifier((32,), **{**BASE, "learning_rate_init": 0.01, "max_iter": 10})
    net.fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:])
    assert net.history_["train_loss"][-1] > 0.7 * net.chance_loss_
    assert net.findings() == ()


def test_between_the_rules_on_rates_a_loss_above_chance_is_still_no_health():
    falling = np.r_[np.linspace(0.862, 0.84, 5), np.linspace(0.839, 0.8353, 5)]
    for losses in (falling, np.full(8, 0.9), np.full(5, 90.0)):
        assert found(losses, chance=np.log(2)) == ["worse than chance"]
    assert found(falling) == []  # where chance is not known
    assert found(falling, chance=np.log(2), validation=np.full(10, 0.6)) == []
    saw = np.where(np.arange(20) % 2, 1.0, 1.2)
    assert found(saw, chance=0.7) == ["learning rate too high"]


@given(
    st.lists(st.floats(0.97, 100), min_size=8, max_size=20),
    st.floats(0.01, 10),
)
def test_a_loss_that_never_was_better_than_chance_is_never_healthy(multiples, chance):
    assert found(np.multiply(multiples, chance) * (1 + 1e-12), chance=chance) != []


def test_a_plateau_needs_the_loss_of_chance():
    flat = 2.302 + 0.001 * np.random.default_rng(0).normal(size=20)
    assert found(flat, chance=np.log(10)) == ["plateau at chance"]
    assert found(flat) == []
    assert found(flat, chance=3.0) == []
    assert found(flat, chance=np.log(10), validation=np.full(20, 1.5)) == []
    assert found(flat[:4], chance=np.log(10)) == []


def test_a_loss_that_is_that_of_chance_tells_in_two_epochs():
    """As a network whose layers are dead, after 20 steps."""
    chance = np.log(10)
    (finding,) = findings(history([2.302667, 2.302619]), chance_loss=chance)
    assert finding.name == "plateau at chance"
    assert "2.303, and was never below 2.303" in finding.sentence
    assert found([2.302635, 2.276064], chance=chance) == []  # on its way
    assert found([2.3019, 2.3019], chance=chance) == []  # near, but not on it
    assert found([2.302585], chance=chance) == []
    assert found([2.302667, 2.302619], chance=chance, validation=np.array([2.3, 2.19])) == []


def test_what_a_short_training_cannot_tell():
    def untold(losses, validation=None, steps=5):
        return too_short(history(losses, validation, steps=np.full(len(losses), steps)))

    flat, rate = np.full(10, 2.3), "a learning rate that is too "
    assert untold(flat[:1]) == untold(flat[:4]) == ("a plateau at chance", f"{rate}high or too low")
    assert untold(flat[:5]) == (f"{rate}high or too low",)
    assert untold(flat[:4], steps=250) == (f"{rate}high",)
    assert untold([2.3, 1.1]) == (f"{rate}high or too low",)
    assert untold(flat[:7], flat[:7]) == (f"{rate}high or too low", "over-fitting")
    assert untold(flat[:8], flat[:8]) == untold(flat[:8]) == ()


def test_what_is_not_told_of_a_short_training_is_told_of_a_longer_one():
    for curve, named in ((np.full(8, 2.3), "plateau"), (2.3 - 0.02 * np.arange(8), "too low")):
        assert any(named in name for name in found(curve, chance=2.3))
        assert any(named in untold for untold in too_short(history(curve[:3])))


def test_losses_that_differ_are_written_so():
    (finding,) = findings(history(0.53334 - 4e-6 * np.arange(12)))
    assert "came from 0.53334 to 0.5333, and" in finding.sentence


def test_long_epochs_tell_with_fewer():
    long, short = {"steps": np.full(4, 250)}, {"steps": np.full(4, 5)}
    fall, flat = 2.3 - 0.002 * np.arange(4), 2.303 + 0.001 * np.array([0, 1, 0, 1])
    assert found(fall, **long) == ["learning rate too low"]
    assert found(flat, chance=np.log(10), **long) == ["plateau at chance"]
    assert found(fall, **short) == found(flat, chance=np.log(10), **short) == []
    assert found(fall[:3], steps=np.full(3, 250)) == []
    assert found(1.3 + 0.4 * 0.5 ** np.arange(4), **long) == []  # has come to rest
    assert found(2.3 * 0.6 ** np.arange(4), **long) == []  # has come far


def test_rises_count_by_the_scale_of_the_loss():
    saw = np.where(np.arange(20) % 2, 1.0, 1.2)
    assert found(saw, chance=2.0) == ["learning rate too high"]
    assert found(saw, chance=20.0) == []


def layers(norms, dead=None, saturated=None):
    norms = np.asarray(norms, float)
    nothing = np.full(norms.shape, np.nan)
    return {
        "gradient_norm": norms,
        "dead_share": nothing if dead is None else np.asarray(dead, float),
        "saturated_share": nothing if saturated is None else np.asarray(saturated, float),
    }


def test_a_layer_that_is_wholly_dead_is_told_with_the_first_gradient():
    """And with the remedy that comes first: other initial weights."""
    dead = layers([[0.0, 0.0, 0.5]] * 9, dead=[[0.2, 1.0, np.nan]] * 9)
    (finding,) = findings(history(np.full(9, 1.0), **dead))
    assert finding.numbers == {"layer": 2.0, "dead_share": 1.0, "first_gradient_norm": 0.0}
    assert "in the first layer its norm is 0" in finding.sentence
    initial, rate = map(finding.sentence.index, ("initial weights", "learning rate"))
    assert initial < rate


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (layers([[1e-4, 1.0]] * 9), ["vanishing gradient"]),
        (layers([[1e-2, 1.0]] * 9), []),
        (layers([[1e-4, 1.0]] * 4 + [[1.0, 1.0]] * 5), []),
        (layers([[0.0, 1.0]] * 9, dead=[[1.0, np.nan]] * 9), ["dead units"]),
        (layers([[1.0, 1.0]] * 8 + [[70.0, 1.0]]), ["exploding gradient"]),
        (layers([[10.0, 0.01]] * 9), ["exploding gradient"]),
        (layers([[1.0, 1.0]] * 9, dead=[[0.6, np.nan]] * 8 + [[0.4, np.nan]]), []),
        (layers([[1.0, 1.0]] * 9, saturated=[[0.3, np.nan]] * 9), ["saturated units"]),
        (layers([[1.0, 1.0]] * 8 + [[np.nan] * 2], dead=[[0.6, np.nan]] * 9), ["dead units"]),
        (layers([[np.nan] * 2] * 9), []),
        (layers(np.zeros((9, 2))), []),
        (layers([[np.inf, 1.0]] * 9), ["exploding gradient"]),
    ],
)
def test_rules_on_layers(columns, expected):
    assert found(2.0 * 0.8 ** np.arange(9), chance=2.0, **columns) == expected


def test_an_empty_history_has_nothing_to_say():
    assert found([]) == []
    assert found([np.nan]) == []


# What a constant answer gets


def test_chance_is_the_entropy_or_the_variance():
    rng = np.random.default_rng(3)
    Y = np.eye(4)[rng.integers(0, 3, 500)]  # a class that never comes is no trouble
    shares = Y.mean(axis=0)[:3]
    assert chance_loss("cross_entropy", {}, Y) == pytest.approx(-(shares * np.log(shares)).sum())
    y, weights = rng.normal(size=(500, 2)), rng.integers(0, 3, 500).astype(float)
    repeated = np.repeat(y, weights.astype(int), axis=0)
    assert chance_loss("squared_error", {}, y) == pytest.approx(0.5 * y.var(axis=0).sum())
    assert chance_loss("squared_error", {}, y, weights) == pytest.approx(
        0.5 * repeated.var(axis=0).sum()
    )
    absolute = np.abs(repeated - np.median(repeated, axis=0)).sum(axis=1).mean()
    assert chance_loss("absolute_error", {}, y, weights) == pytest.approx(absolute)


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "absolute_error", "huber"])
def test_no_other_constant_is_better(loss):
    from chainrule.equations.losses import LOSSES

    Y = np.random.default_rng(4).poisson(3.0, (300, 1)).astype(float)
    best = chance_loss(loss, {}, Y)
    row = LOSSES[loss]
    for constant in np.linspace(0.5, 6, 60):
        value = row.value(np.full(Y.shape, constant), Y, **row.settings).mean()
        assert value >= best * (0.97 if loss == "huber" else 1 - 1e-12)


def test_it_is_of_the_targets_that_are_trained_on(problem):
    X, y, weights = problem("multiclass")
    shares = np.array([np.average(y == k, weights=weights) for k in range(3)])
    net = MLPClassifier((4,), max_iter=1).fit(X, y, weights)
    assert net.chance_loss_ == pytest.approx(-(shares * np.log(shares)).sum())
    smooth = MLPClassifier((4,), max_iter=1, label_smoothing=0.9).fit(X, y, weights)
    assert smooth.chance_loss_ == pytest.approx(np.log(3), rel=0.01)


def accuracy(A, Y, weights):
    return float(np.average(A.argmax(axis=1) == Y.argmax(axis=1), weights=weights))


def test_on_other_rows_chance_is_what_the_training_rows_would_answer():
    rng = np.random.default_rng(6)
    Y, held = np.eye(3)[rng.choice(3, 300, p=[0.6, 0.3, 0.1])], np.eye(3)[rng.integers(0, 3, 90)]
    found = held_out_chance("cross_entropy", {}, (Y, None), (held, None), accuracy)
    shares = Y.mean(axis=0)
    assert found.loss == pytest.approx(-(held.mean(axis=0) * np.log(shares)).sum())
    assert found.score == pytest.approx(held[:, 0].mean())
    assert (found.rows, found.luck) == (90, 1 / 90)
    twice = held_out_chance("cross_entropy", {}, (Y, None), (held, np.full(90, 2.0)), accuracy)
    assert twice == pytest.approx(found)
    one = held_out_chance("cross_entropy", {}, (Y, None), (held, np.eye(90)[0]), accuracy)
    assert one.rows == 1
    y, y_held = rng.normal(size=(300, 1)), rng.normal(size=(90, 1))
    squared = held_out_chance("squared_error", {}, (y, None), (y_held, None))
    assert squared.loss == pytest.approx(0.5 * np.mean((y_held - y.mean()) ** 2))
    assert np.isnan(squared.score)
    assert squared.luck == pytest.approx(2 * squared.loss / 90)


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("size", [0.02, 0.1, 0.3])
def test_luck_is_as_rare_as_it_is_said_to_be(loss, size):
    """Answers that know nothing of the rows are better than chance by c luck in e^-c of cases at
    most, however far they are from the constant."""
    rng, n, trials, c = np.random.default_rng(8), 100, 4000, 1.5
    noise = size * rng.normal(size=(trials, n))
    if loss == "cross_entropy":
        y = rng.random((trials, n)) < 0.5
        log_p = -np.logaddexp(0, np.where(y, -noise, noise) * 2)
        gain, luck = (log_p - np.log(0.5)).mean(axis=1), 1 / n
    else:
        y = rng.normal(size=(trials, n))
        gain = 0.5 * (y**2 - (y - noise) ** 2).mean(axis=1)
        luck = 2 * 0.5 / n
    often = (gain > c * luck).mean()
    assert often < np.exp(-c) + 3 * np.sqrt(np.exp(-c) / trials)
    if size == 0.1:
        assert often > 0.01  # and not far rarer: luck does happen
