"""Whole runs of regressions: numbers, sentences, folders, pages, and what is refused."""

import copy

import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.preprocessing import StandardScaler
from tests.experiments.regression import numbers, sine

import chainrule
from chainrule import reports
from chainrule.data import load as load_data
from chainrule.data.splits import split
from chainrule.errors import SpecError
from chainrule.experiments import run
from chainrule.experiments.check import check
from chainrule.experiments.listing import runs
from chainrule.experiments.loading import load

FIGURES = True  # are looked for in the reports

QUIET = Console(quiet=True)


@pytest.fixture
def plain(monkeypatch):
    """Reports without figures: the test looks at something else."""
    monkeypatch.setattr("chainrule.reports.html.charts", lambda results: {})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "numbers"
    return run(numbers(), out=out, console=QUIET), out


@pytest.fixture(scope="module")
def curved(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "sine"
    return run(sine(), out=out, console=QUIET), out


def test_the_record_has_what_a_regression_has_and_nothing_of_classes(finished):
    results, _ = finished
    ridge, net = results.models
    assert (results.metric, results.data.task, results.data.class_names) == ("R²", "regression", ())
    assert [part.size for part in results.data.splits] == [221, 110, 111]
    assert results.data.splits[0].targets.lowest >= 25
    assert net.confusion == net.recall == net.over_seeds.recall == () and net.units is None
    assert net.pictures.reliability is None and net.pictures.layers.sizes == (10, 8, 1)
    assert results.hardest == () and results.hardest_rule == ""
    for model in results.models:
        assert model.on_test.r2.value == pytest.approx(model.scores.test)
        assert model.pictures.answers.rmse == pytest.approx(model.on_test.rmse.value)
        assert len(model.pictures.answers.truth) == 111
    assert ridge.baseline.scores.train > 0.3 and ridge.variants[0].preparation == ()
    assert net.over_seeds.test.values[0] == pytest.approx(net.scores.test, rel=1e-5)
    assert {"validation_loss", "validation_score", "test_score"} <= net.curves.keys()
    assert net.search.seeds and ridge.search.candidates[0].rank in (1, 2)


def test_the_numbers_are_those_of_plain_estimators_in_the_target_s_own_unit(finished):
    results, _ = finished
    data = load_data("diabetes")
    parts = split("three-way", data.X_train, data.y_train, held_out=0.5, stratify=False)
    scaler, y = StandardScaler().fit(parts["train"].X), parts["train"].y
    net = results.models[1]
    estimator = chainrule.MLPRegressor(**{**net.settings, "hidden_layer_sizes": (8,)})
    X = {name: scaler.transform(part.X).astype(np.float32) for name, part in parts.items()}
    with pytest.warns(UserWarning, match="Maximum iterations"):
        estimator.fit(X["train"], (y - y.mean()) / y.std())
    said = estimator.predict(X["test"]) * y.std() + y.mean()
    truth = parts["test"].y
    assert net.scores.test == pytest.approx(r2_score(truth, said), rel=1e-6)
    assert net.on_test.rmse.value == pytest.approx(root_mean_squared_error(truth, said), rel=1e-6)
    assert net.on_test.mae.value == pytest.approx(mean_absolute_error(truth, said), rel=1e-6)
    np.testing.assert_allclose(net.pictures.answers.truth, truth)
    np.testing.assert_allclose(net.pictures.answers.predicted, said, rtol=1e-5)


def test_the_saved_network_is_the_one_that_was_tested(finished):
    results, out = finished
    model = chainrule.load(out / "model.safetensors")
    assert isinstance(model[-1], chainrule.MLPRegressor) and results.saved.parameters == 97
    data = load_data("diabetes")
    cut = split("three-way", data.X_train, data.y_train, held_out=0.5, stratify=False)
    X, truth = cut["test"]
    answers = results.models[1].pictures.answers
    np.testing.assert_allclose(answers.truth, truth)
    np.testing.assert_allclose(model.predict(X), answers.predicted, rtol=1e-4)  # its own unit


def test_printed_numbers_and_questions_are_of_r2_rmse_and_mae(finished):
    results, _ = finished
    first, second = results.comparisons
    net = results.models[1]
    assert (first.quantity, first.ours) == ("test R²", net.over_seeds.test.mean)
    assert second.quantity == "test RMSE" and 40 < second.ours < 80
    answer = results.questions[0].answer
    assert f"{net.on_test.mae.value:.4f}" in answer and "(no number)" not in answer


@pytest.mark.parametrize("which", ["finished", "curved"])
def test_nothing_is_said_of_accuracy_or_classes(which, request):
    results, out = request.getfixturevalue(which)
    for text in (*results.findings, (out / "report.html").read_text("utf-8")):
        body = text.split("</style>")[-1]
        assert "ccuracy" not in body and "McNemar" not in body and "recognis" not in body
    assert any(each.startswith("R² on the") for each in results.findings)
    assert any(each.startswith("RMSE and mean absolute error") for each in results.findings)
    assert any("exact sign test" in each for each in results.findings)


def test_the_page_has_the_sections_of_a_regression(finished, curved):
    page = (finished[1] / "report.html").read_text("utf-8")
    for anchor in ("nearer", "answers", "search", "seeds", "otherwise"):
        assert f'<section id="{anchor}">' in page
    for words in ("predicted against true", "Network: residuals", "RMSE", "What is predicted"):
        assert words in page
    for anchor in ("tests", "mistakes", "recall", "reliability", "hardest", "curve"):
        assert f'<section id="{anchor}">' not in page
    assert '<section id="curve">' in (curved[1] / "report.html").read_text("utf-8")


def test_a_curve_is_kept_of_one_feature(curved):
    results, _ = curved
    line, tree = (model.pictures.curve for model in results.models)
    assert len(line.along) == len(line.predicted) == 300 and len(line.train) == 60
    slopes = np.diff(line.predicted) / np.diff(line.along)
    assert np.ptp(slopes) < 1e-9, "a line is a line"
    assert len(set(tree.predicted)) == 8
    assert results.models[1].scores.test > results.models[0].scores.test


@pytest.mark.usefixtures("plain")
def test_runs_are_listed_and_reported_together(finished, curved, tmp_path):
    _, out = finished
    (listed,) = runs(out)
    assert listed.figures["quantity"] == "test R²" and listed.figures["value"] < 1
    other = tmp_path / "other"
    net = {**numbers()["models"]["net"], "grid": None, "seeds": None}
    run(numbers(models={"net": net}, printed=[], questions=[]), out=other, console=QUIET)
    page = reports.report([out, other], tmp_path / "both.html").read_text("utf-8")
    body = page.split("</style>")[-1]
    assert "The R², the best first" in body and "ccuracy" not in body and "Wilson" not in body
    assert "Validation R²" in body


def test_a_model_without_a_score_is_listed_behind_one_that_is_worse_than_the_mean(tmp_path):
    """R² may be far below 0, and is better than none."""
    models = copy.deepcopy(numbers()["models"])
    spec = numbers(models={"net": models["net"]}, printed=[], questions=[])
    spec["models"]["net"] = {
        "label": "Network",
        "family": "mlp-regressor",
        "prepare": ["standardize"],
        "settings": {"activation": "identity", "solver": "sgd", "random_state": 0, "max_iter": 20},
        "over": {"learning_rate_init": [1e-12, 1e3]},
    }
    spec |= {"chosen": "best on validation"}
    spec["data"].pop("target")
    results = run(spec, out=tmp_path / "run", console=QUIET)
    poor, lost = results.models
    assert lost.diverged and lost.on_test is None and poor.scores.validation < 0
    assert results.chosen == poor.key
    page = reports.report([tmp_path / "run", tmp_path / "run"], tmp_path / "page.html")
    assert "diverged" in page.read_text("utf-8")


def test_a_sweep_of_numbers(tmp_path):
    net = copy.deepcopy(numbers()["models"]["net"])
    for name in ("grid", "seeds"):
        net.pop(name)
    net["settings"].pop("max_iter")
    net["sweep"] = {
        "over": {"learning_rate_init": [1e-5, 0.03, 1e8]},
        "epochs": 8,
        "seeds": {"count": 3},
        "range_test": True,
    }
    answer = "{net.learning_rate_init=0.03|final test R² at equal epochs}"
    spec = numbers(
        kind="sweep",
        models={"net": net},
        printed=[],
        questions=[{"question": "How good?", "answer": answer}],
    )
    results = run(spec, out=tmp_path, console=QUIET)
    sweep = results.models[0].sweep
    poor, good, lost = sweep.budgets[0].cells
    assert sweep.best == {"learning_rate_init": 0.03} and len(lost.lost) == 3
    assert sweep.threshold == 1000, "of targets that are standardised"
    assert poor.validation_score.low < 0, "an interval of R² is not cut at 0"
    assert results.questions[0].answer == f"{good.test_score.mean:.4f}"
    assert "validation R², mean of 3 seeds" in results.findings[0]
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Validation R²" in page and "above 1,000" in page


def test_the_threshold_of_divergence_grows_with_the_targets():
    from chainrule.experiments.joint import THRESHOLD, threshold
    from chainrule.experiments.tasks import TASKS

    y = load_data("diabetes").y_train
    assert threshold(TASKS["regression"], y) == pytest.approx(THRESHOLD * np.mean(y**2) / 2)
    assert threshold(TASKS["classification"], np.arange(9)) == THRESHOLD


@pytest.mark.usefixtures("plain")
def test_a_search_on_the_validation_part_names_no_simplest(tmp_path):
    """Its standard error would be that of a share."""
    spec = numbers(printed=[], questions=[])
    net = spec["models"]["net"]
    net.pop("grid"), net.pop("seeds")
    net["search"] = {"space": {"hidden_layer_sizes": [[2], [8]]}, "on": "validation"}
    results = run({**spec, "models": {"net": net}}, out=tmp_path, console=QUIET)
    found = results.models[0].search
    assert (
        found.simplest is None
        and found.folds == 1
        and found.mean == max(each.mean for each in found.candidates)
    )
    assert not any("standard error" in each for each in results.findings)


def test_each_fold_may_be_prepared_by_itself(finished):
    results, _ = finished
    ridge = results.models[0].search
    data = load_data("diabetes")
    train = split("three-way", data.X_train, data.y_train, held_out=0.5, stratify=False)["train"]
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV, KFold
    from sklearn.pipeline import make_pipeline

    theirs = GridSearchCV(
        make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1.0, 100.0]}, cv=KFold(2)
    ).fit(train.X, train.y)
    np.testing.assert_allclose(
        [each.mean for each in ridge.candidates], theirs.cv_results_["mean_test_score"], rtol=1e-9
    )


def test_looking_at_numbers(tmp_path):
    spec = {name: numbers()[name] for name in ("name", "title", "question", "source")}
    spec |= {"kind": "look", "data": {"name": "diabetes"}}
    with Console(quiet=True, record=True) as console:
        results = run(spec, out=tmp_path, console=console)
    assert results.metric == "R²" and "from 25 to 346" in results.findings[0]
    correlation = np.corrcoef(load_data("diabetes").X_train[:, 2], load_data("diabetes").y_train)
    assert f"bmi (correlation {correlation[0, 1]:.3f}" in results.findings[2]
    (listed,) = runs(tmp_path)
    assert listed.figures == {"rows": 442, "target": "disease progression after a year"}


@pytest.mark.usefixtures("plain")
def test_outliers_are_said_and_are_in_the_training_part(tmp_path):
    spec = sine(models={"line": sine()["models"]["line"]}, chosen="line")
    spec["data"]["target"] = {"outliers": {"share": 0.1, "shift": 50.0}}
    results = run(spec, out=tmp_path, console=QUIET)
    train, test = results.data.splits
    assert train.targets.highest > 20 > test.targets.highest
    assert any("6 of the 60 training rows" in each for each in results.data.preparation)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"models.net.family": "mlp"},
            r"models\.net\.family: required a regressor, since the data set 'diabetes' is a "
            r"regression; came 'mlp', a classifier\. Use one of: mlp-regressor",
        ),
        (
            {"data.name": "digits", "data.target": None},
            r"models\.ridge\.family: required a classifier, since the data set 'digits'",
        ),
        ({"data.name": "digits"}, r"data\.target: required a data set with numbers"),
        ({"data.split.stratify": True}, r"data\.split\.stratify: .* numbers to be predicted"),
        ({"outputs": 2}, r"outputs: required a classification"),
        (
            {"printed.0.quantity": "test accuracy"},
            r"printed\.0\.quantity: Unknown quantity 'test accuracy'",
        ),
        ({"printed.0.quantity": "recall"}, "Unknown quantity 'recall'"),
        ({"printed.0.quantity": "test R2"}, r"Did you mean 'test R²'\?"),
        ({"questions.0.answer": "{net|test loss}"}, "Unknown quantity 'test loss'"),
        ({"models.net.settings": {"loss": "hubber"}}, r"models\.net\.settings\.loss: .*'huber'"),
        ({"folds": 200}, "folds: 200 folds need twice as many"),
        ({"data.target.outliers": {"share": 2.0}}, r"data\.target\.outliers\.share"),
    ],
)
def test_what_does_not_go_with_numbers_is_refused(change, says, tmp_path):
    with pytest.raises(SpecError, match=says):
        run(numbers(), out=tmp_path, overrides=change, console=QUIET)


def test_the_quantities_of_classes_are_not_those_of_numbers(tiny):
    tiny["printed"][0]["quantity"] = "test RMSE"
    with pytest.raises(SpecError, match="Unknown quantity 'test RMSE'"):
        check(load(tiny))


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("loss", ["absolute_error", {"name": "huber", "delta": 0.5}])
def test_every_loss_for_numbers_can_be_asked_for(loss, tmp_path):
    net = copy.deepcopy(numbers()["models"]["net"])
    net.pop("grid"), net.pop("seeds")
    net["settings"]["loss"] = loss
    spec = numbers(models={"net": net}, printed=[], questions=[], kind="train")
    results = run(spec, out=tmp_path, console=QUIET)
    assert results.models[0].settings["loss"] == loss
    assert chainrule.load(tmp_path / "model.safetensors")[-1].get_params()["loss"] == loss


@pytest.mark.usefixtures("plain")
def test_a_run_that_was_cut_off_goes_on_to_the_same_numbers(finished, tmp_path, monkeypatch):
    from chainrule.experiments import compare, resume
    from chainrule.experiments.interrupt import Stopped

    whole, _ = finished
    describe = compare.describe

    def pressed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(compare, "describe", pressed)
    with pytest.raises(Stopped):
        run(numbers(), out=tmp_path, console=QUIET)
    page = reports.report(tmp_path, tmp_path.parent / "partial.html").read_text("utf-8")
    assert "Network: R²" in page and "ccuracy" not in page.split("</style>")[-1]
    monkeypatch.setattr(compare, "describe", describe)
    found, wanted = resume(tmp_path, console=QUIET).comparable(), whole.comparable()
    made_with = "environment"  # the checkout may be edited in between
    assert {**found, made_with: None} == {**wanted, made_with: None}
