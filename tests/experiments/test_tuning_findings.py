"""Sentences of sweeps and searches, and what answers say of them."""

import pytest

from chainrule.experiments.cells import cell_of
from chainrule.experiments.places import known_places, written
from chainrule.experiments.results import Candidate, ModelResult, Scores, Search
from chainrule.experiments.spec import ModelSpec
from chainrule.experiments.tasks import TASKS
from chainrule.experiments.tuned import Budget, RangeTest, Sweep
from chainrule.experiments.tuning_findings import (
    search_findings,
    standard_error,
    sweep_findings,
)
from chainrule.experiments.tuning_spec import SweepSpec


def cell(size, scores, losses=(0.5,), diverged=0, noise=None, updates=1000):
    """Scores of seeds 0, 1, ...; the last ``diverged`` of them did."""

    def one(score, lost):
        history = {
            "epoch": [1],
            "steps": [updates],
            "train_loss": [2000.0 if lost else losses[0]],
            "validation_score": [None if lost else score],
            "validation_loss": [None if lost else 1 - score],
        }
        facts = {"history": history, "seconds": 1.0, "diverged": lost}
        if noise and not lost:
            facts["noise"] = {"updates": updates, "scale": noise, "low": noise, "high": noise,
                              "noise": noise, "signal": 1.0}  # fmt: skip
        return facts

    flags = [number >= len(scores) - diverged for number in range(len(scores))]
    trainings = [one(score, lost) for score, lost in zip(scores, flags, strict=True)]
    return cell_of(
        f"batch_size={size}", {"batch_size": size}, updates, range(len(scores)), trainings
    )


def model(*budgets, tested=None, search=None):
    sweep = None
    if budgets:
        best = max(budgets[0].cells, key=lambda each: len(each.name))
        sweep = Sweep(
            names=("batch_size",),
            values=(tuple(each.parameters["batch_size"] for each in budgets[0].cells),),
            seeds=(0, 1, 2),
            budgets=budgets,
            best=best.parameters,
            judged_by="validation_score",
            range_test=tested,
        )
    return ModelResult(
        key="net", label="Net", family="mlp", settings={}, scores=Scores(), sweep=sweep,
        search=search,
    )  # fmt: skip


def epochs(*cells):
    return Budget(name="equal epochs", epochs=5, cells=cells)


def test_the_best_and_whether_chance_could_have_it():
    clear = epochs(cell(6, [0.90, 0.91, 0.90]), cell(64, [0.95, 0.96, 0.95]))
    first, second = sweep_findings(model(clear))
    assert first == (
        "At equal epochs (5 epochs), validation accuracy, mean of 3 seeds: batch_size 64 0.9533 in "
        "1,000 updates; batch_size 6 0.9033 in 1,000 updates."
    )
    assert "leads batch_size 6, the next best, by 0.0500" in second
    assert second.endswith("p = 0): more than the seeds' chance.")
    close = epochs(cell(6, [0.90, 0.95, 0.91]), cell(64, [0.93, 0.92, 0.93]))
    assert [*sweep_findings(model(close))][1].endswith("no difference that these seeds can show.")
    same = epochs(cell(6, [0.9] * 3), cell(64, [0.9] * 3))
    assert "p = 1)" in [*sweep_findings(model(same))][1]


def test_what_diverged_with_its_epochs_and_losses():
    lost = epochs(cell(6, [0.9] * 3, diverged=2), cell(64, [0.8] * 3))
    said = [*sweep_findings(model(lost))]
    assert said[-1] == (
        "Diverged at equal epochs: batch_size 6 (2 of 3 trainings, in epoch 1; last finite loss "
        "2000)."
    )
    assert not any("leads" in sentence for sentence in said[:0])
    every = epochs(*(cell(size, [0.9] * 3, diverged=3) for size in (1, 2, 3, 4)))
    (only,) = sweep_findings(model(every))
    assert only == (
        "Diverged at equal epochs: batch_size 1; batch_size 2; batch_size 3; batch_size 4."
    )


def test_the_noise_and_what_a_step_is_worth():
    found = epochs(
        cell(10, [0.9] * 3, noise=90.0, updates=500), cell(1000, [0.8] * 3, noise=1000.0)
    )
    said = " ".join(sweep_findings(model(found)))
    assert "is 90 rows after 500 updates with batch_size 10, and 90 after 500" in said
    assert "10 rows 10 % (500 steps); 1,000 rows 50 % (1,000 steps)" in said


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ((0.3, 0.03, 2.0), "lowest at 0.3 and diverged at 2: it suggests 0.03"),
        ((0.3, 0.03, None), "lowest at 0.3 and did not diverge"),
        ((None, None, 2.0), "the loss never fell"),
    ],
)
def test_the_range_test(numbers, says):
    lowest, suggested, diverged = numbers
    tested = RangeTest(rates=(0.1,), losses=(1.0,), smoothed=(1.0,), lowest=lowest,
                       suggested=suggested, diverged=diverged)  # fmt: skip
    *_, last = sweep_findings(model(epochs(cell(6, [0.9] * 3)), tested=tested))
    assert says in last


def candidates():
    return (
        Candidate(parameters={"n": 1}, mean=0.90, rank=1, n_parameters=900, epochs=20.0,
                  std_over_folds=0.02, std_over_seeds=0.01, ended="finished"),
        Candidate(parameters={"n": 2}, mean=0.895, rank=2, n_parameters=100, epochs=20.0,
                  ended="stopped"),
        Candidate(parameters={"n": 3}, mean=0.5, rank=3, n_parameters=100, epochs=2.0,
                  ended="dropped"),
    )  # fmt: skip


def search(**more):
    known = {"strategy": "successive_halving", "folds": 4, "seeds": (0,), "simplest": {"n": 2}}
    return Search(best={"n": 1}, mean=0.9, candidates=candidates(), **{**known, **more})


def test_a_search_says_its_work_the_simplest_and_what_matters():
    found = search(importance={"n": 0.8, "m": 0.2})
    work, simplest, matters = search_findings(model(search=found), None)
    assert work == (
        "Net: 3 candidates (successive halving) were trained for 42 epochs in all, 4 times each; 1 "
        "dropped, 1 stopped."
    )
    assert (
        "within one standard error (0.0100) of the best has 100 parameters against 900" in simplest
    )
    assert "n 2." in simplest and "n, which explains 80 %" in matters
    assert [*search_findings(model(search=search(simplest={"n": 1})), None)][1:] == []
    assert [*search_findings(model(search=search(seeds=())), None)] == []


def test_the_standard_error_of_the_best():
    assert standard_error(search(), None) == pytest.approx(0.01)
    assert standard_error(search(folds=1, seeds=(0, 1)), 100) == pytest.approx(0.01 / 2**0.5)
    share = standard_error(search(folds=1), 100)
    assert share == pytest.approx((0.9 * 0.1 / 100) ** 0.5)


def test_places_of_a_sweep():
    found = {"net": model(epochs(cell(6, [0.9] * 3, diverged=3), cell(64, [0.9] * 3, noise=123.0)))}
    spec = ModelSpec(
        label="Net",
        family="mlp",
        sweep=SweepSpec(over={"batch_size": [6, 64]}, epochs=5, updates=2),
    )
    known = known_places({"net": spec}, TASKS["classification"])
    for key, quantity, says in (
        ("net", "best at equal epochs", "batch_size 64"),
        ("net", "lowest loss at equal epochs", "batch_size 64"),
        ("net", "diverged at equal epochs", "batch_size 6 (3 of 3 trainings, in epoch 1)"),
        ("net", "suggested rate", "(no number)"),
        ("net.batch_size=6", "final training loss at equal epochs", "diverged"),
        ("net.batch_size=6", "diverged at equal epochs", "3 of 3 trainings, in epoch 1"),
        ("net.batch_size=6", "last finite loss at equal epochs", "2000"),
        ("net.batch_size=6", "best epoch at equal epochs", "(no number)"),
        ("net.batch_size=64", "last finite loss at equal epochs", "none"),
        ("net.batch_size=64", "final validation accuracy at equal epochs", "0.9000"),
        ("net.batch_size=64", "updates at equal epochs", "1,000"),
        ("net.batch_size=64", "noise scale at equal epochs", "120"),
        ("net.batch_size=64", "best epoch at equal epochs", "1"),
        ("net.batch_size=64", "updates at equal updates", "(no number)"),
        ("net", "test accuracy", "(no number)"),
    ):
        assert quantity in known[key]
        assert written(found, key, quantity) == says


def test_places_of_a_search():
    found = {"net": model(search=search())}
    for quantity, says in (
        ("best parameters", "n 1"),
        ("simplest parameters", "n 2"),
        ("candidates", "3"),
        ("candidates that diverged", "0"),
        ("epochs of all candidates", "42"),
        ("search accuracy", "0.9000"),
    ):
        assert written(found, "net", quantity) == says
