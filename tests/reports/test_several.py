"""Runs side by side: which is best, how sure that is, and what they differ in."""

import shutil

import pytest
from scipy.stats import norm

from chainrule.errors import RunError
from chainrule.experiments import read
from chainrule.reports.differing import differing, run_settings
from chainrule.reports.entries import distinct_names, entries_of, wilson
from chainrule.reports.several import findings, render_several


def rewritten(path, results):
    (path / "results.json").write_text(results.model_dump_json())
    return read(path)


@pytest.fixture
def all_four(complete, results, tmp_path):
    """A run of four models, one of them over seeds."""
    path = shutil.copytree(complete, tmp_path / "runs" / "four")
    return rewritten(path, results)


def scored(results, test):
    """The same run of one model with another test score."""
    (model,) = results.models
    update = {"test": test}, {"settings": {"rate": test}, "on_test": None}
    changed = model.model_copy(
        update={"scores": model.scores.model_copy(update=update[0]), **update[1]}
    )
    return results.model_copy(update={"models": (changed,)})


def test_models_of_all_runs_the_best_first(all_four, stopped):
    entries = entries_of({"four": all_four, "stopped": read(stopped)})
    assert len(entries) == 6
    known = [entry.score for entry in entries if entry.score is not None]
    assert known == sorted(known, reverse=True) and entries[-1].score is None
    assert [entry.complete for entry in entries].count(False) == 2


def test_an_interval_is_of_the_mean_or_of_the_rows(all_four):
    by_key = {entry.model.key: entry for entry in entries_of({"four": all_four})}
    seeds = by_key["ann"].model.over_seeds.test
    assert by_key["ann"].interval == (seeds.low, seeds.high)
    recorded = by_key["nb"].model.on_test.accuracy
    assert by_key["nb"].interval == (recorded.low, recorded.high)


def test_a_run_that_recorded_no_interval_has_wilson_s(complete, one_model):
    (entry,) = entries_of({"older": rewritten(complete, scored(one_model, 0.9))})
    assert entry.interval == wilson(0.9, 360)


def test_wilson_s_interval():
    """(p + z^2/2n ± z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)"""
    n, p, z = 360, 0.9, norm.ppf(0.975)
    middle, half = p + z * z / (2 * n), z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    expected = [(middle + sign * half) / (1 + z * z / n) for sign in (-1, 1)]
    assert wilson(p, n) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("other", "said"),
    [(0.91, "Its interval overlaps that of worse"), (0.5, "No other model's interval reaches")],
)
def test_the_best_and_its_rivals(complete, one_model, tmp_path, other, said):
    better = rewritten(complete, scored(one_model, 0.95))
    worse = rewritten(shutil.copytree(complete, tmp_path / "x"), scored(one_model, other))
    best, rivals = findings(entries_of({"worse": worse, "better": better}))
    assert best.startswith("Best: better: Naive Bayes, with a test accuracy of 0.9500 (95 % inter")
    low, high = wilson(0.95, 360)
    assert f"interval {low:.4f} to {high:.4f}, of a single training" in best
    assert rivals.startswith(said)


def test_runs_without_a_score(stopped):
    (stopped / "metrics.jsonl").unlink()
    said = list(findings(entries_of({"stopped": read(stopped)})))
    assert said[0] == "No model of these runs has a score yet."
    assert said[1].startswith("stopped is not complete (stopped)")


def test_another_split_is_said(complete, stopped):
    text = (stopped / "spec.toml").read_text()
    (stopped / "spec.toml").write_text(text.replace("held_out = 0.2", "held_out = 0.3"))
    said = list(findings(entries_of({"a": read(complete), "b": read(stopped)})))
    assert "The runs cut the data differently: their scores are of different rows." in said


@pytest.mark.parametrize("same_name", [True, False])
def test_other_data_are_refused(complete, one_model, tmp_path, same_name):
    other = shutil.copytree(complete, tmp_path / "runs" / "other")
    if same_name:
        data = one_model.data.model_copy(update={"sha256": "cd" * 32})
        record = rewritten(other, one_model.model_copy(update={"data": data}))
        expected = r"came digits \(abababab\) in complete, digits \(cdcdcdcd\) in other"
    else:
        text = (other / "spec.toml").read_text()
        (other / "spec.toml").write_text(text.replace('name = "digits"', 'name = "mnist"'))
        record, expected = read(other), "came digits in complete, mnist in other"
    with pytest.raises(RunError, match=f"Required runs of one data set.*{expected}"):
        render_several([read(complete), record])


def test_runs_that_train_nothing_are_refused(complete, first_look):
    record = rewritten(complete, first_look)
    with pytest.raises(RunError, match="Required runs that train models; look trained none"):
        entries_of({"look": record})


def test_folders_of_one_name_are_told_apart(complete, tmp_path):
    copies = [shutil.copytree(complete, tmp_path / place / "run") for place in "ab"]
    assert distinct_names([read(path) for path in copies]) == ["a/run", "b/run"]
    assert distinct_names([read(copies[0])] * 2) == ["a/run (1)", "a/run (2)"]


def test_only_what_differs_is_listed():
    columns = [{"a": 1, "b": [2, 2], "c": None}, {"a": 1, "b": (2, 2), "d": 0.5}]
    assert differing(columns) == [("c", ["none", "–"]), ("d", ["–", "0.5"])]


def test_what_a_spec_says_in_words_is_no_setting(complete):
    record = read(complete)
    settings = run_settings(record)
    assert "folds" in settings and "data.name" in settings
    assert not {"questions", "assumptions", "errata", "title", "question"} & settings.keys()


def test_the_page(all_four, stopped, complete, page_of):
    text = render_several([all_four, read(stopped), read(complete)])
    page = page_of(text)
    assert page.text.startswith("3 runs side by side") or "3 runs side by side" in page.text
    assert "four: Neural network" in page.text and "stopped: Network <b>" in page.text
    assert page.text.count("not complete") >= 2
    assert "max_depth" in page.text  # in which models differ
    assert '<table class="broad named">' in text  # whose names are not broken
    assert ".named tbody th { white-space: nowrap; }" in text
    assert text.count('class="chart"') == 3  # each quantity once, for all runs
    assert len(page.ids) == len(set(page.ids))


def test_runs_without_curves_have_no_figures(complete, tmp_path, page_of):
    copy = shutil.copytree(complete, tmp_path / "runs" / "copy")
    page = page_of(render_several([read(complete), read(copy)]))
    assert "How they learned" not in page.text and "svg" not in page.tags
