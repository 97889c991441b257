"""Which figures and tables sweeps and searches get in a report."""

import json

import pytest

from chainrule.experiments.cells import cell_of
from chainrule.experiments.reading import read
from chainrule.experiments.results import Candidate, Search
from chainrule.experiments.spec_base import combinations
from chainrule.experiments.tuned import Budget, Curve, RangeTest, Sweep
from chainrule.reports.html import ranked, render
from chainrule.reports.partial import render_partial
from chainrule.reports.progress import progress_of
from chainrule.reports.tuned import search_figures, sweep_figures

NOISE = {"scale": 50.0, "low": 40.0, "high": None, "noise": 5.0, "signal": 0.1}


def training(loss, diverged=False):
    history = {
        "epoch": [1, 2],
        "steps": [5, 5],
        "train_loss": [2 * loss, 5e3 if diverged else loss],
        "validation_loss": [2 * loss, None if diverged else loss],
        "validation_score": [0.5, None if diverged else 0.9 - loss / 10],
    }
    noise = {} if diverged else {"noise": {**NOISE, "updates": 10}}
    return {"history": history, "seconds": 0.5, "diverged": diverged, **noise}


def swept(over, **more):
    cells = []
    for number, (name, parameters) in enumerate(combinations(over)):
        lost = number == 1
        trainings = [training(0.1 * (number + 1)), training(0.2 * (number + 1), lost)]
        cells.append(cell_of(name, parameters, 5, [0, 1], trainings))
    budgets = (
        Budget(name="equal epochs", epochs=2, cells=tuple(cells)),
        Budget(name="equal updates", updates=10, cells=tuple(cells)),
    )
    return Sweep(
        names=tuple(over),
        values=tuple(map(tuple, over.values())),
        seeds=(0, 1),
        budgets=budgets,
        best=cells[0].parameters,
        judged_by="validation_score",
        **more,
    )


def with_sweep(results, sweep):
    model = results.models[0].model_copy(update={"sweep": sweep})
    clock = results.clock.model_copy(
        update={"parts": {f"{model.key}: equal epochs": (1.5,) * len(sweep.budgets[0].cells)}}
    )
    return results.model_copy(update={"models": (model,), "clock": clock})


def labels(found):
    return [figure.get_label() for figure, _ in found]


TESTED = RangeTest(rates=(0.1, 1.0), losses=(2.0, None), smoothed=(2.0, None), lowest=None,
                   suggested=None, diverged=1.0)  # fmt: skip


def test_one_hyperparameter_has_profiles_and_curves(one_model):
    results = with_sweep(one_model, swept({"batch_size": [6, 64, 640]}, range_test=TESTED))
    found = labels(sweep_figures(results, results.models[0]))
    assert found[0].startswith("Final training loss by batch size. equal epochs: 6 0.15, 64 0.2")
    assert "64 0.2 (50 % diverged)" in found[0]
    assert sum("by batch size" in label for label in found) == 3
    # At equal epochs by epoch and by updates, at equal updates by updates.
    assert sum(label.startswith("Equal epochs: training loss") for label in found) == 2
    assert sum(label.startswith("Equal updates: training loss") for label in found) == 1
    assert "batch size 6 from 50 rows after 10 updates" in " ".join(found)
    assert found[-1].endswith("It diverged at 1.")


def test_two_hyperparameters_have_maps_and_times(one_model):
    over = {"learning_rate_init": [0.1, 1.0, 2.0, 3.0], "batch_size": [6, 64]}
    results = with_sweep(one_model, swept(over))
    found = labels(sweep_figures(results, results.models[0]))
    maps = [label for label in found if "over 4 values of learning rate init and 2 of" in label]
    assert len(maps) == 3 + 1 + 3  # no times of the second budget are known
    assert "Best: 0.15 at learning rate init 0.1, batch size 6" in maps[0]
    assert "Diverged: 0.1 with 64" in maps[0]
    assert sum("seconds of training" in label for label in maps) == 1
    assert "of 8 candidates" in " ".join(found)  # more lines than can be told apart


def test_all_of_many_diverged_at_once(one_model):
    """In the first epoch, with a loss that is no number: there is no curve."""
    lost = {name: [None] for name in ("train_loss", "validation_loss", "validation_score")} | {
        "epoch": [1],
        "steps": [5],
    }
    facts = {"history": lost, "seconds": 0.5, "diverged": True}
    sweep = swept({"learning_rate_init": [float(10**k) for k in range(7)]})
    cells = [cell_of(c.name, c.parameters, 5, [0, 1], [facts] * 2) for c in sweep.budgets[0].cells]
    budget = sweep.budgets[0].model_copy(update={"cells": tuple(cells)})
    page = render(with_sweep(one_model, sweep.model_copy(update={"budgets": (budget,)})))
    assert page.count("2 of 2 diverged") == 7


def test_many_noise_scales_are_in_several_figures(one_model):
    results = with_sweep(one_model, swept({"batch_size": [2**k for k in range(8)]}))
    found = " ".join(labels(sweep_figures(results, results.models[0])))
    for k in (0, 2, 7):  # the second has diverged for one seed
        assert f"batch size {2**k} from 50 rows after 10 updates" in found


def test_the_page_has_the_tables(one_model):
    page = render(with_sweep(one_model, swept({"batch_size": [6, 64, 640]})))
    for text in ("Value by value", "Equal epochs: 2 epochs", "Equal updates: 10 updates",
                 "1 of 2 diverged", "Where trainings diverged", "1.5 s", "5000"):  # fmt: skip
        assert text in page


def candidate(number, mean, ended, **more):
    curve = None if mean is None else Curve(epochs=(1, 2), values=(1.0, 1 - mean))
    return Candidate(
        parameters={"learning_rate_init": 10.0**-number, "l2": 0.1 * number, "n": number},
        mean=mean, rank=number, diverged=ended == "diverged", ended=ended, n_parameters=50 * number,
        epochs=2.0, curve=curve, **more,
    )  # fmt: skip


def searched(**more):
    rows = (
        candidate(1, 0.9, "finished", std_over_folds=0.01, std_over_seeds=0.02, p_value=1.0),
        candidate(2, 0.9, "dropped", p_value=0.04),
        candidate(3, None, "diverged"),
    )
    known = {"strategy": "random", "folds": 3, "seeds": (0, 1), "curve_of": "training loss",
             "log": ("learning_rate_init",), "simplest": rows[0].parameters,
             "rule": "fewest parameters"}  # fmt: skip
    return Search(best=rows[0].parameters, mean=0.9, candidates=rows, **{**known, **more})


def test_a_search_has_its_figures():
    found = labels(search_figures("Net", searched(importance={"l2": 0.7, "n": 0.3}), "accuracy"))
    assert [label.split(":")[1].split(",")[0].strip()[:22] for label in found] == [
        "cross-validated accura", "candidates by cross-va", "training loss of 3 can", "importance",
    ]  # fmt: skip
    assert "1 dropped by the search, 1 diverged" in found[2]
    one_split = labels(search_figures("Net", searched(folds=1), "accuracy"))
    assert one_split[0].startswith("Net: validation accuracy")


def test_a_search_of_another_library_s_model_has_none():
    assert labels(search_figures("Tree", searched(seeds=()), "accuracy")) == []


def test_a_small_grid_is_lines_and_curves(one_model):
    model = one_model.models[0].model_copy(update={"search": searched(strategy="grid")})
    page = render(one_model.model_copy(update={"models": (model,)}))
    assert "Cross-validated accuracy of 3 candidates" in page
    assert "candidates by cross-validated accuracy" not in page


def test_the_table_of_candidates(one_model):
    model = one_model.models[0].model_copy(update={"search": searched()})
    clock = one_model.clock.model_copy(update={"parts": {model.key: (2.0, 1.0, 0.5)}})
    page = render(one_model.model_copy(update={"models": (model,), "clock": clock}))
    for text in (
        "the candidates",
        "p against the best",
        "0.04",
        "SD over seeds",
        "simplest as good",
        '<span class="badge">dropped</span>',
        "500 ms",
        "has the fewest parameters",
    ):
        assert text in page


def test_equal_ranks_show_those_that_went_on_first():
    rows = (candidate(1, 0.9, "dropped"), candidate(1, 0.9, "finished"))
    assert ranked(searched().model_copy(update={"candidates": rows})) == [1, 0]


SPEC = """
name = "s"
kind = "KIND"
title = "T"
question = "Q"
source = { key = "own", title = "A test" }

[data]
name = "digits"
split = { scheme = "three-way", held_out = 0.4 }

[models.net]
label = "Net"
family = "mlp"
TABLE
"""


def record(path, kind, table, lines):
    (path / "checkpoint").mkdir()
    (path / "spec.toml").write_text(SPEC.replace("KIND", kind).replace("TABLE", table))
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (path / "metrics.jsonl").write_text(text)
    return read(path)


def test_a_sweep_under_way(tmp_path):
    table = "sweep = { over = { batch_size = [8, 16] }, epochs = 1, updates = 9, probes = [2, 4] }"
    lines = [{"event": "training", "model": "net", "seed": n} for n in range(5)]
    found = record(tmp_path, "sweep", table, lines)
    (one,) = progress_of(found)
    assert one.how_far == "training 5 of at most 24 of its sweep"
    assert "training 5 of at most 24" in render_partial(found)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('strategy = "random", n_candidates = 9, space = { l2 = { float = [0, 1] } }', " of 9"),
        ("space = { l2 = [0, 1], batch_size = [1, 2] }", " of 4"),
        ('strategy = "hyperband", space = { l2 = { float = [0, 1] } }', ""),
    ],
)
def test_a_search_under_way(tmp_path, table, expected):
    lines = [
        {"event": "candidate", "model": "net", "number": n, "parameters": {"l2": n / 20},
         "folds": [score]}
        for n, score in [(0, 0.1), (1, 0.2), (2, None), (1, 0.7)]
    ]  # fmt: skip
    found = record(tmp_path, "search", f"search = {{ {table} }}", lines)
    (one,) = progress_of(found)
    assert one.how_far == f"candidate 3{expected}"
    assert dict(enumerate(score for _, score in one.candidates)) == {0: 0.1, 1: 0.7, 2: None}
    assert "Candidates so far" in render_partial(found)


def test_many_candidates_at_random_are_dots(tmp_path):
    lines = [
        {"event": "candidate", "model": "net", "number": n, "parameters": {"l2": n / 20},
         "folds": [n / 40]}
        for n in range(20)
    ]  # fmt: skip
    table = (
        'search = { strategy = "random", n_candidates = 20, space = { l2 = { float = [0, 1] } } }'
    )
    page = render_partial(record(tmp_path, "search", table, lines))
    assert "of 20 candidates by hyperparameter" in page
