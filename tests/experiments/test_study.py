"""Studies over given values, single trainings, quick versions and questions."""

import numpy as np
import pytest
from rich.console import Console

from chainrule.errors import SpecError
from chainrule.experiments.loading import load, to_table
from chainrule.experiments.runner import run
from chainrule.experiments.toml import dumps

QUIET = Console(quiet=True)


@pytest.fixture
def study(tiny):
    """A study of one network over two rates and two preparations."""
    net = tiny["models"]["ann"]
    del net["grid"], net["seeds"]
    net["over"] = {"learning_rate_init": [0.001, 0.1]}
    table = {**tiny, "kind": "study", "models": {"net": net}, "printed": [], "hardest": 0}
    del table["chosen"]
    return table


def test_over_makes_a_model_of_each_combination(study):
    study["models"]["net"]["over"]["prepare"] = [[], ["unit"]]
    members = load(study).members
    assert list(members) == [
        "net.learning_rate_init=0.001,prepare=none",
        "net.learning_rate_init=0.001,prepare=unit",
        "net.learning_rate_init=0.1,prepare=none",
        "net.learning_rate_init=0.1,prepare=unit",
    ]
    last = members["net.learning_rate_init=0.1,prepare=unit"]
    assert last.settings["learning_rate_init"] == 0.1 and last.prepare == ("unit",)
    assert last.settings["hidden_layer_sizes"] == [8] and not last.over
    assert last.label == "Network: learning_rate_init 0.1, prepare unit"


def test_the_best_on_validation_is_chosen(study, tmp_path):
    results = run(study, out=tmp_path, console=QUIET)
    scores = {model.key: model.scores.validation for model in results.models}
    assert len(scores) == 2 and results.chosen == max(scores, key=scores.get)


def test_what_was_resolved_is_the_study_again(study, tmp_path):
    spec = load(study)
    path = tmp_path / "again.toml"
    path.write_text(dumps(to_table(spec)))
    assert load(path) == spec


def test_settings_that_hold_for_all_can_be_set(study, tmp_path):
    changes = {"models.net.settings.max_iter": 2, "models.net.over.learning_rate_init": [0.5, 1.0]}
    results = run(study, out=tmp_path, overrides=changes, console=QUIET)
    assert [model.n_iter for model in results.models] == [2, 2]


def test_a_single_training_is_of_one_model(study):
    study["kind"] = "train"
    with pytest.raises(SpecError, match="is of one model, and there are 2"):
        load(study)


def test_an_empty_list_of_values_is_refused(study, tmp_path):
    study["models"]["net"]["over"]["learning_rate_init"] = []
    with pytest.raises(SpecError, match=r"models\.net\.over\.learning_rate_init: required at"):
        run(study, out=tmp_path, console=QUIET)


def test_a_quick_version_replaces_what_the_spec_says(study, tmp_path):
    study["quick"] = {"models.net.settings.max_iter": 1}
    results = run(study, out=tmp_path, quick=True, console=QUIET)
    assert [model.n_iter for model in results.models] == [1, 1]
    assert results.quick


def test_a_quick_version_says_so_and_leaves_out_what_holds_for_the_full_one(study, tmp_path):
    key = next(iter(load(study).members))
    study["quick"] = {"models.net.settings.max_iter": 1}
    study["printed"] = [{"model": key, "quantity": "test accuracy", "value": 0.5}]
    study["questions"] = [
        {"question": "How good?", "answer": f"It is {{{key}|test accuracy}}."},
        {"question": "Of what?", "answer": "Of digits."},
    ]
    full = run(study, out=tmp_path / "full", console=QUIET)
    assert not full.quick and len(full.comparisons) == 1 and len(full.questions) == 2
    assert not any("quick version" in said for said in full.findings)
    quick = run(study, out=tmp_path / "quick", quick=True, console=QUIET)
    assert quick.findings[0].startswith("This is the quick version")
    assert quick.comparisons == () and [q.question for q in quick.questions] == ["Of what?"]
    assert "quick version" in (tmp_path / "quick" / "report.html").read_text().split("<h1>")[0]
    study["quick"] = {"models.net.settings.max_iter": full.models[0].n_iter}
    same = run(study, out=tmp_path / "same", quick=True, console=QUIET)
    assert not same.quick and len(same.comparisons) == 1


def test_without_one_that_is_said(study, tmp_path):
    with pytest.raises(SpecError, match="has no quick version"):
        run(study, out=tmp_path, quick=True, console=QUIET)


def test_fewer_rows_can_be_trained_on(study, tmp_path):
    study["data"]["split"]["train"] = 100
    results = run(study, out=tmp_path, console=QUIET)
    assert results.data.splits[0].size == 100


def test_a_set_without_a_test_part_of_its_own(study, tmp_path):
    study["data"]["split"] = {"scheme": "own test", "held_out": 100}
    with pytest.raises(SpecError, match="digits has no test part of its own"):
        run(study, out=tmp_path, console=QUIET)


@pytest.mark.parametrize("size", [0, -3, 1.5, 1.0])
def test_a_size_that_cannot_be(study, size):
    study["data"]["split"]["held_out"] = size
    with pytest.raises(SpecError, match="a share between 0 and 1 or a count"):
        load(study)


def test_questions_are_answered_with_the_run_s_numbers(study, tmp_path):
    key = "net.learning_rate_init=0.1"
    study["questions"] = [{"question": "How good?", "answer": f"It is {{{key}|test accuracy}}."}]
    results = run(study, out=tmp_path, console=QUIET)
    accuracy = next(model for model in results.models if model.key == key).scores.test
    assert results.questions[0].answer == f"It is {accuracy:.4f}."
    assert "How good?" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("place", "message"),
    [("{nett|test accuracy}", "Unknown model 'nett'"), ("{KEY|tset accuracy}", "Did you mean")],
)
def test_an_answer_that_names_what_is_not_there(study, tmp_path, place, message):
    key = "net.learning_rate_init=0.1"
    study["questions"] = [{"question": "?", "answer": place.replace("KEY", key)}]
    with pytest.raises(SpecError, match=message):
        run(study, out=tmp_path, console=QUIET)


def test_the_course_s_toy_network_ends_at_its_printed_loss(tmp_path):
    results = run("toy-sgd", out=tmp_path, console=QUIET)
    (row,) = results.comparisons
    assert row.agreement == "exact"
    assert row.ours == pytest.approx(0.0156349876, abs=1e-9)
    assert results.models[0].scores.test is None


def test_the_test_part_is_watched_and_decides_nothing(study, tmp_path):
    results = run(study, out=tmp_path, console=QUIET)
    for model in results.models:
        assert model.curves["test_score"][-1] == model.scores.test
        assert np.isfinite(model.curves["test_loss"]).all()
