"""A search in a spec: any strategy, on folds or on the validation part, its record and its page."""

import json

import numpy as np
import pytest
from rich.console import Console
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.experiments.tuning import SEARCH, SETTINGS

from chainrule import MLPClassifier
from chainrule.data import load as load_data
from chainrule.data.splits import split
from chainrule.errors import SpecError
from chainrule.experiments.loading import load
from chainrule.experiments.runner import run

FIGURES = True  # are looked for in the reports

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("search") / "run"
    return run(SEARCH, out=out, console=QUIET), out


@pytest.fixture(scope="module")
def models(done):
    return {model.key: model for model in done[0].models}


@pytest.fixture(scope="module")
def parts():
    data = load_data("digits")
    return split("three-way", data.X_train, data.y_train, held_out=0.7, seed=42, stratify=True)


def test_candidates_have_what_a_table_shows(models):
    search = models["halved"].search
    assert search.strategy == "successive_halving" and search.folds == 1
    assert search.seeds == (0, 1) and len(search.candidates) == 6
    assert search.log == ("learning_rate_init", "l2")
    assert {each.ended for each in search.candidates} == {"diverged", "dropped", "finished"}
    for each in search.candidates:
        assert set(each.parameters) == {"learning_rate_init", "l2", "hidden_layer_sizes"}
        assert each.diverged == (each.mean is None) == (each.ended == "diverged")
        if not each.diverged:
            assert each.folds == (each.mean,)
            assert each.std_over_seeds is not None and each.std_over_folds is None
            assert each.n_parameters > 64 * 4


def test_halving_gives_the_best_more_epochs(models):
    """6 candidates, 9 epochs: rungs of 3 and 9."""
    candidates = models["halved"].search.candidates
    assert sorted({each.epochs for each in candidates if not each.diverged}) == [3, 9]
    whole = [each for each in candidates if each.ended == "finished"]
    assert len(whole) == 2
    best = max(whole, key=lambda each: each.mean)
    assert models["halved"].search.best == best.parameters and best.rank >= 1


def test_curves_end_where_the_trainings_did(models):
    search = models["halved"].search
    assert search.curve_of == "validation loss"
    for each in search.candidates:
        if not each.diverged:
            assert each.curve.epochs == tuple(range(1, int(each.epochs) + 1))


@pytest.mark.parametrize("strategy", ["hyperband", "tpe"])
def test_the_other_strategies(strategy, tmp_path, no_figures):
    """What PopulationSearchCV finds on the same part, from the same seeds."""
    if strategy == "tpe":
        pytest.importorskip("optuna")
    model = SEARCH["models"]["halved"]
    own = {"hyperband": {"min_epochs": 3}, "tpe": {"batch": 3}}[strategy]
    asked = {**model["search"], "strategy": strategy, "n_candidates": 6, "settings": own}
    if strategy == "hyperband":
        del asked["n_candidates"]
    spec = {**SEARCH, "models": {"halved": {**model, "search": asked}}, "printed": []}
    (found,) = run(spec, out=tmp_path / "run", console=QUIET).models
    search = found.search
    assert search.strategy == strategy
    best = max((each for each in search.candidates if not each.diverged), key=lambda e: e.mean)
    if strategy == "hyperband":  # of those that had the whole budget
        assert {each.epochs for each in search.candidates if not each.diverged} == {3, 9}
        whole = [each for each in search.candidates if each.ended == "finished"]
        best = max(whole, key=lambda each: each.mean)
    else:
        assert len(search.candidates) == 6
    assert search.best == best.parameters
    assert "accuracy" in (tmp_path / "run" / "report.html").read_text()


def test_draws_are_few_values_for_all(models):
    values = {each.parameters["l2"] for each in models["halved"].search.candidates}
    assert len(values) <= 4 and all(1e-5 <= value <= 1e-2 for value in values)


def test_the_chosen_network_is_trained_as_it_was_and_tested(models, parts):
    model = models["halved"]
    assert {name: model.settings[name] for name in model.search.best} == model.search.best
    assert model.settings["random_state"] == model.settings["data_seed"] == 0
    assert model.n_iter == 9 and model.scores.test > 0.2
    best = next(c for c in model.search.candidates if c.parameters == model.search.best)
    # The candidate's curve is the mean over two seeds, of which this network is the first.
    assert model.curves["validation_loss"][-1] == pytest.approx(best.curve.values[-1], rel=0.5)


def theirs(parts, rows, estimator, prefix=""):
    names = {f"{prefix}learning_rate_init": [0.01, 0.1], f"{prefix}batch_size": [16, 32]}
    found = GridSearchCV(estimator, names, cv=StratifiedKFold(2)).fit(rows, parts["train"].y)
    return found.cv_results_["mean_test_score"]


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_a_grid_on_folds_scores_as_grid_search_cv_does(models, parts):
    """Each fold prepared by its own training rows; float32 as the spec says."""
    network = MLPClassifier(**{**SETTINGS, "max_iter": 4, "dtype": "float32"})
    found = [c.mean for c in models["folded"].search.candidates if not c.diverged]
    expected = theirs(parts, parts["train"].X, make_pipeline(StandardScaler(), network),
                      "mlpclassifier__")  # fmt: skip
    assert found == pytest.approx(expected.tolist(), abs=0.012)


def test_candidates_come_in_the_order_of_a_grid_and_diverged_ones_last(models):
    candidates = models["folded"].search.candidates
    assert [tuple(c.parameters.values()) for c in candidates] == [
        (16, 0.01), (16, 0.1), (16, 1e5), (32, 0.01), (32, 0.1), (32, 1e5),
    ]  # fmt: skip
    lost = [each for each in candidates if each.parameters["learning_rate_init"] == 1e5]
    assert all(each.diverged and each.rank == 5 and each.epochs == 1 for each in lost)
    best = min(candidates, key=lambda each: each.rank)
    assert best.p_value == 1.0 and best.parameters == models["folded"].search.best
    other = next(c for c in candidates if not c.diverged and c is not best)
    assert 0 <= other.p_value <= 1


def test_where_preparation_is_fitted(parts, tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.reports.html.charts", lambda results: {})
    spec = json.loads(json.dumps(SEARCH))
    del spec["models"]["halved"], spec["models"]["folded"]["search"]["space"]["batch_size"]
    spec |= {"printed": [], "prepare_on": "training part"}
    (model,) = run(spec, out=tmp_path, console=QUIET).models
    X = StandardScaler().fit_transform(parts["train"].X)
    network = MLPClassifier(**{**SETTINGS, "max_iter": 4, "dtype": "float32"})
    with pytest.warns(match="Stochastic Optimizer"):
        expected = GridSearchCV(network, {"learning_rate_init": [0.01, 0.1]}, cv=2).fit(
            X, parts["train"].y
        )
    means = [each.mean for each in model.search.candidates[:2]]
    assert means == pytest.approx(expected.cv_results_["mean_test_score"].tolist(), abs=0.012)


def test_each_candidate_is_a_line_in_each_round(done):
    lines = [json.loads(line) for line in (done[1] / "metrics.jsonl").read_text().splitlines()]
    told = [line for line in lines if line.get("event") == "candidate"]
    halved = [line for line in told if line["model"] == "halved"]
    survivors = [line["number"] for line in halved[6:]]
    assert [line["number"] for line in halved[:6]] == list(range(6))
    assert survivors == sorted(survivors) and len(survivors) == 2
    assert all(len(line["folds"]) == 2 for line in halved)  # a validation part, two seeds
    assert [line["number"] for line in told if line["model"] == "folded"] == list(range(6))


def test_printed_numbers_are_set_beside_the_candidates_that_they_are_of(done):
    rows = {row.quantity: row for row in done[0].comparisons}
    found = rows["search accuracy of learning_rate_init 0.1, batch_size 16"]
    assert found.ours > 0.5 and "of 6 here" in found.remark
    assert rows["search accuracy of learning_rate_init 0.2"].ours is None
    assert "not among our candidates" in rows["search accuracy of learning_rate_init 0.2"].remark
    assert rows["inputs of the network"].agreement == "exact"


def test_the_report_shows_it(done):
    page = (done[1] / "report.html").read_text("utf-8")
    for text in (
        "64-8-10 (halved): the candidates",
        "SD over folds",
        "SD over seeds",
        "p against the best",
        "dropped by the search (",
        "Trained together: successive halving, seeds 0, 1",
        "validation accuracy",
    ):
        assert text in page
    known = any(model.search.importance for model in done[0].models)  # optuna's, where it is
    assert ("importance" in page) == known


def test_wall_times_are_in_the_clock_alone(done):
    clock = done[0].clock
    assert {key: len(row) for key, row in clock.parts.items()} == {"halved": 6, "folded": 6}
    assert all(second > 0 for row in clock.parts.values() for second in row)


def test_a_model_s_grid_takes_the_same_way(tiny, tmp_path, monkeypatch):
    """A network's grid is trained together; a tree's is searched as ever."""
    monkeypatch.setattr("chainrule.reports.html.charts", lambda results: {})
    results = run(tiny, out=tmp_path, console=QUIET)
    searches = {model.key: model.search for model in results.models}
    assert searches["ann"].seeds == (0,) and searches["tree"].seeds == ()
    assert searches["ann"].candidates[0].epochs == 6
    assert searches["tree"].candidates[0].epochs is None
    assert "ann" in results.clock.parts and "tree" not in results.clock.parts
    assert "data_seed" not in results.models[1].settings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategy": "gird"}, "search.strategy: Unknown strategy 'gird'. Did you mean 'grid'"),
        ({"settings": {"factr": 2}}, "halved.search: The strategy .* has no setting 'factr'"),
        ({"strategy": "grid"}, "n_candidates: the strategy 'grid' decides itself"),
        ({"space": {"learning_rate": [1]}}, "search.space.learning_rate: The 'learning_rate'"),
        ({"space": {"batch_size": [16, -1]}}, "space.batch_size: The 'batch_size' parameter"),
        ({"space": {"l3": [1]}}, "search.space.l3: .*no such parameter"),
        ({"space": {"l2": {"flat": [0, 1]}}}, "space.l2: a table needs one of float, int"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_anything_is_trained(changes, message, tmp_path):
    overrides = {f"models.halved.search.{key}": value for key, value in changes.items()}
    with pytest.raises(SpecError, match=message):
        run(SEARCH, overrides=overrides, out=tmp_path, console=QUIET)


def test_a_candidate_that_the_network_refuses(tmp_path):
    """Each of the two values could be; together they cannot."""
    overrides = {"models.halved.search.n_candidates": 1, "models.halved.settings.alpha": 0.1}
    with pytest.raises(SpecError, match=r"models.halved.search: The candidate .* replaces alpha"):
        run(SEARCH, overrides=overrides, out=tmp_path, console=QUIET)


def test_a_validation_part_must_be_there(tmp_path):
    changes = {"data.split.scheme": "two-way"}
    with pytest.raises(SpecError, match=r'on: "validation" needs a validation part'):
        run(SEARCH, overrides=changes, out=tmp_path, console=QUIET)


def test_every_model_of_the_kind_has_a_search():
    spec = json.loads(json.dumps(SEARCH))
    del spec["models"]["folded"]["search"]
    with pytest.raises(SpecError, match=r"needs a table \[models.folded.search\]"):
        load(spec)


def test_the_interval_of_a_share_is_the_standard_error_of_one_split(models):
    """With one split and two seeds, the seeds say how sure the mean is."""
    search = models["halved"].search
    best = next(c for c in search.candidates if c.parameters == search.best)
    limit = best.mean - best.std_over_seeds / np.sqrt(2)
    simplest = next(c for c in search.candidates if c.parameters == search.simplest)
    assert simplest.mean >= limit - 1e-12 and simplest.n_parameters <= best.n_parameters
