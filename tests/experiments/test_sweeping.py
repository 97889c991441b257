"""A sweep: every combination from each seed, at equal epochs and at equal updates."""

import json

import numpy as np
import pytest
from rich.console import Console
from tests.experiments.tuning import SETTINGS, SWEEP

from chainrule import MLPClassifier
from chainrule.data import load as load_data
from chainrule.data.splits import split
from chainrule.errors import SpecError
from chainrule.estimators.gradient_noise import gradient_noise_scale
from chainrule.estimators.range_test import learning_rate_range_test
from chainrule.experiments.loading import load
from chainrule.experiments.runner import run

FIGURES = True  # are looked for in the reports

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("sweep") / "run"
    return run(SWEEP, out=out, console=QUIET), out


@pytest.fixture(scope="module")
def sweep(done):
    return done[0].models[0].sweep


@pytest.fixture(scope="module")
def parts():
    data = load_data("digits")
    found = split("three-way", data.X_train, data.y_train, held_out=0.7, seed=42, stratify=True)
    return {name: ((part.X / 16).astype("float32"), part.y) for name, part in found.items()}


def alone(parts, seed, **settings):
    """The training of one cell and seed by itself."""
    X_val, y_val = parts["validation"]
    net = MLPClassifier(**{**SETTINGS, "random_state": seed, **settings})
    return net.fit(*parts["train"], X_val=X_val, y_val=y_val, watch={"test": parts["test"]})


def cell(sweep, budget, **parameters):
    (found,) = [each for each in sweep.budgets[budget].cells if each.parameters == parameters]
    return found


def test_every_combination_on_each_budget_the_first_name_slowest(sweep):
    assert sweep.names == ("learning_rate_init", "batch_size") and sweep.seeds == (5, 6)
    for budget, (name, epochs, updates) in zip(
        sweep.budgets, (("equal epochs", 4, None), ("equal updates", None, 12)), strict=True
    ):
        assert (budget.name, budget.epochs, budget.updates) == (name, epochs, updates)
        assert [tuple(each.parameters.values()) for each in budget.cells] == [
            (0.1, 16), (0.1, 128), (1e6, 16), (1e6, 128),
        ]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_each_training_is_what_its_own_fit_gives(sweep, parts):
    found = cell(sweep, 0, learning_rate_init=0.1, batch_size=16)
    nets = [
        alone(parts, seed, learning_rate_init=0.1, batch_size=16, max_iter=4) for seed in (5, 6)
    ]
    for field, column in (
        ("train_loss", "train_loss"),
        ("validation_loss", "validation_loss"),
        ("test_loss", "test_loss"),
    ):
        mine = getattr(found, field).values
        theirs = [net.history_[column][-1] for net in nets]
        assert mine == pytest.approx(theirs, rel=1e-4)
    scores = [net.history_["validation_score"] for net in nets]
    assert found.best_score.values == pytest.approx([row.max() for row in scores], abs=1e-6)
    assert found.best_epochs == tuple(float(row.argmax() + 1) for row in scores)
    losses = [net.history_["validation_loss"].min() for net in nets]
    assert found.lowest_loss.values == pytest.approx(losses, rel=1e-4)
    assert found.updates == 4 * 34 == sum(nets[0].history_["steps"])


def test_equal_updates_are_equal_and_probes_lead_to_them(sweep, parts):
    small = cell(sweep, 1, learning_rate_init=0.1, batch_size=16)
    large = cell(sweep, 1, learning_rate_init=0.1, batch_size=128)
    assert small.updates == large.updates == 12
    # An epoch of 34 updates is longer than the budget: probes show its beginning.
    assert small.curves["updates"] == (3.0, 6.0, 12.0)
    assert small.curves["epoch"] == pytest.approx((3 / 34, 6 / 34, 12 / 34))
    # An epoch of 5 updates: measured at its ends, and before the first at the probe.
    assert large.curves["updates"] == (3.0, 5.0, 10.0, 12.0)
    probed = alone(parts, 5, learning_rate_init=0.1, batch_size=16, max_steps=6)
    other = alone(parts, 6, learning_rate_init=0.1, batch_size=16, max_steps=6)
    mean = np.mean([net.history_["train_loss"][-1] for net in (probed, other)])
    assert small.curves["train_loss"][1] == pytest.approx(mean, rel=1e-4)


def test_intervals_are_over_the_seeds(sweep):
    found = cell(sweep, 0, learning_rate_init=0.1, batch_size=16).train_loss
    a, b = found.values
    assert found.mean == pytest.approx((a + b) / 2)
    assert found.high - found.mean == pytest.approx(12.7062 * abs(a - b) / 2, rel=1e-4)


def test_divergence_is_recorded_with_epoch_and_last_finite_loss(sweep, parts):
    for budget in (0, 1):
        lost = cell(sweep, budget, learning_rate_init=1e6, batch_size=16)
        assert [each.seed for each in lost.lost] == [5, 6]
        assert lost.train_loss is None and lost.noise == ()
        assert all(each.epoch == 1 for each in lost.lost)
    net = alone(
        parts, 5, learning_rate_init=1e6, batch_size=16, max_iter=4, on_divergence="keep",
        divergence_threshold=1e3,
    )  # fmt: skip
    assert net.diverged_ and len(net.history_["epoch"]) == 1
    loss = net.history_["train_loss"][0]
    found = cell(sweep, 0, learning_rate_init=1e6, batch_size=16).lost[0].last_finite_loss
    assert found is None if not np.isfinite(loss) else found > 1e3


def test_the_noise_is_that_of_the_first_seed_s_network(sweep, parts):
    found = cell(sweep, 1, learning_rate_init=0.1, batch_size=16).noise
    assert [each.updates for each in found] == [3, 6, 12]
    net = alone(parts, 5, learning_rate_init=0.1, batch_size=16, max_steps=12)
    theirs = gradient_noise_scale(net, *parts["train"], batch_sizes=(1, 64), repeats=2)
    assert found[-1].noise == pytest.approx(theirs.noise, rel=1e-3)
    assert found[-1].signal == pytest.approx(theirs.signal, rel=1e-2)


def test_the_range_test_is_of_the_settings_without_what_is_swept(sweep, parts):
    net = MLPClassifier(**{**SETTINGS, "random_state": 5})
    theirs = learning_rate_range_test(net, *parts["train"])
    assert sweep.range_test.losses == pytest.approx(theirs.losses.tolist(), rel=1e-4)
    assert sweep.range_test.suggested == pytest.approx(theirs.suggested)


def test_the_best_is_trained_once_more_and_shown(done, sweep):
    model = done[0].models[0]
    assert sweep.best == {"learning_rate_init": 0.1, "batch_size": 16}
    assert sweep.judged_by == "validation_score"
    assert model.settings["learning_rate_init"] == 0.1 and model.settings["batch_size"] == 16
    assert model.settings["max_iter"] == 4 and model.settings["random_state"] == 5
    first = cell(sweep, 0, **sweep.best).validation_loss.values[0]
    assert model.curves["validation_loss"][-1] == pytest.approx(first, rel=1e-4)


def test_each_training_is_a_line_in_order(done):
    lines = [json.loads(line) for line in (done[1] / "metrics.jsonl").read_text().splitlines()]
    trainings = [line for line in lines if line["event"] == "training"]
    # 4 cells and 2 seeds; at equal updates two probes where an epoch has more than 6 updates,
    # and one where it has 5.
    assert len(trainings) == 8 + (8 + 2 * 2 * 2 + 2 * 2 * 1)
    first = [line for line in trainings if line["budget"] == "equal epochs"]
    assert [(line["parameters"]["learning_rate_init"], line["seed"]) for line in first[:3]] == [
        (0.1, 5), (0.1, 6), (0.1, 5),
    ]  # fmt: skip
    assert first[0]["updates"] == 136 and first[-1]["diverged"] is True


def test_wall_times_are_in_the_clock_alone(done):
    results = done[0]
    assert {key: len(row) for key, row in results.clock.parts.items()} == {
        "net: equal epochs": 4,
        "net: equal updates": 4,
    }
    assert "seconds" not in json.dumps(results.comparable()["models"])


def test_answers_have_its_numbers_and_words(done):
    said = done[0].questions[0].answer.split("; ")
    assert said[0] == "learning_rate_init 0.1, batch_size 16"
    assert "learning_rate_init 1e+06, batch_size 16 (2 of 2 trainings, in epoch 1)" in said
    assert "136" in said and "diverged" in said
    assert float(said[-1]) > 0


def test_the_report_shows_it(done):
    page = (done[1] / "report.html").read_text("utf-8")
    for text in (
        "Equal epochs: 4 epochs",
        "Equal updates: 12 updates",
        "Where trainings diverged",
        "2 of 2 diverged",
        "Learning-rate range test",
        "final validation accuracy over 2 values of learning rate init",
        "seconds of training",
    ):
        assert text in page


def changed(**changes):
    return load(SWEEP, {f"models.net.sweep.{key}": value for key, value in changes.items()})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": None, "updates": None, "probes": []}, "a sweep needs a budget: epochs = 10"),
        ({"probes": [12]}, r"probes are numbers of updates, fewer than updates = 12; came \[12\]"),
        ({"over": {}}, "models.net.sweep.over"),
        ({"over": {"batch_size": []}}, "over.batch_size: required at least one value"),
        ({"over": {"batch_size": [8, 16, 8]}}, "over.batch_size: 8 comes twice"),
        (
            {"over": {"batch_size": [8], "alpha": [0.1], "l1": [0.1]}},
            r"one or two hyperparameters, came 3 \(batch_size, alpha, l1\)",
        ),
    ],
)
def test_a_sweep_that_says_too_little_or_too_much(changes, message):
    with pytest.raises(SpecError, match=message):
        changed(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"models.net.sweep.over": {"max_iter": [1, 2]}}, "the budget of a sweep is the same"),
        ({"models.net.sweep.over": {"random_state": [1]}}, "has the same seeds. Say which with"),
        ({"models.net.sweep.over": {"divergence_threshold": [1]}}, "the same for all. Write it"),
        ({"models.net.sweep.over": {"batchsize": [1]}}, "Did you mean 'batch_size'"),
        ({"models.net.sweep.over": {"batch_size": [0]}}, "over.batch_size: The 'batch_size' param"),
        ({"models.net.family": "tree", "models.net.settings": {}}, "only networks of ours are"),
        ({"questions.0.answer": "{net.batch_size=7|updates at equal epochs}"}, "Unknown model"),
        ({"questions.0.answer": "{net|best at equal time}"}, "Unknown quantity"),
    ],
)
def test_what_cannot_be_swept_is_refused_before_anything_is_trained(changes, message, tmp_path):
    with pytest.raises(SpecError, match=message):
        run(SWEEP, overrides={"questions": [], **changes} if "questions.0.answer" not in changes
            else changes, out=tmp_path, console=QUIET)  # fmt: skip


def test_the_kind_needs_its_table_and_one_model():
    spec = json.loads(json.dumps(SWEEP))
    del spec["models"]["net"]["sweep"]
    with pytest.raises(SpecError, match=r"needs a table \[models.net.sweep\]"):
        load({**spec, "questions": []})
    spec["models"] = {"a": SWEEP["models"]["net"], "b": SWEEP["models"]["net"]}
    with pytest.raises(SpecError, match="kind = 'sweep' is of one model, and there are 2"):
        load({**spec, "questions": []})


def test_one_way_to_a_setting(tiny):
    model = tiny["models"]["ann"]
    model["sweep"] = {"over": {"batch_size": [16]}, "epochs": 1}
    with pytest.raises(SpecError, match="found in one way, came grid and sweep"):
        load(tiny)


def test_shapes_see_the_same_batches(tmp_path, monkeypatch):
    """Wider networks take more numbers for their weights; the batches are from a seed apart."""
    monkeypatch.setattr("chainrule.reports.html.charts", lambda results: {})
    changes = {
        "questions": [],
        "models.net.sweep": {
            "over": {"hidden_layer_sizes": [[4], [8]]},
            "epochs": 1,
            "seeds": {"count": 1, "first": 5},
        },
    }
    (model,) = run(SWEEP, overrides=changes, out=tmp_path, console=QUIET).models
    assert model.settings["data_seed"] == 5
    assert [each.name for each in model.sweep.budgets[0].cells] == [
        "hidden_layer_sizes=4", "hidden_layer_sizes=8",
    ]  # fmt: skip
    assert model.sweep.budgets[0].cells[0].train_loss.low is None  # a single seed
