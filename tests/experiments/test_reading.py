"""A run's folder as a viewer reads it, in every state, and never changed by it."""

import json
import shutil

import pytest
from rich.console import Console

from chainrule.errors import RunError
from chainrule.experiments import read, runs
from chainrule.experiments.listing import RunSummary
from chainrule.experiments.results import SCHEMA_VERSION
from chainrule.experiments.runner import run
from chainrule.search.journal import Journal

EPOCH = {"event": "epoch", "model": "ann", "epoch": 2.0, "train_loss": 0.5, "validation_loss": 0.7}


@pytest.fixture
def complete(done, tmp_path):
    """A copy of a run that came to its end."""
    return shutil.copytree(done[1], tmp_path / "complete")


@pytest.fixture
def stopped(done, tmp_path):
    """A run that was killed in the middle of its second model's training."""
    path = tmp_path / "stopped"
    path.mkdir()
    for name in ("spec.toml", "environment.json"):
        shutil.copy(done[1] / name, path)
    with Journal(path) as journal:
        journal.remember("began", lambda: "2026-01-02T03:04:05+00:00")
    rows = [{"event": "model", "model": "tree", "settings": {}, "train": 1.0, "test": 0.75}]
    rows += [EPOCH | {"epoch": 1.0}, EPOCH]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (path / "metrics.jsonl").write_text(text + '{"event": "epoch", "mod')
    return path


def test_a_complete_run(complete, done):
    record = read(complete)
    assert (record.state, record.name) == ("complete", "complete")
    assert record.results == done[0]
    assert record.spec.name == "tiny" and record.environment == done[0].environment
    assert record.seconds == done[0].clock.seconds
    assert record.began.isoformat() == done[0].clock.started
    assert [row["event"] for row in record.metrics].count("model") == 2


def test_a_stopped_run_and_its_torn_last_line(stopped):
    record = read(stopped)
    assert (record.state, record.results) == ("stopped", None)
    assert len(record.metrics) == 3 and record.metrics[-1] == EPOCH
    assert record.began.year == 2026 and 0 < record.seconds < 60


def test_a_run_at_work(stopped):
    with Journal(stopped):
        assert read(stopped).state == "running"
    assert read(stopped).state == "stopped"


def test_a_run_that_was_begun_and_no_more(stopped):
    (stopped / "metrics.jsonl").unlink()
    (stopped / "environment.json").unlink()
    record = read(stopped)
    assert (record.metrics, record.environment) == ((), None)


def test_a_copy_without_its_journal(stopped):
    shutil.rmtree(stopped / "checkpoint")
    record = read(stopped)
    assert (record.state, record.began, record.seconds) == ("stopped", None, None)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"recipe": 3}', "\0" * 50])
def test_damaged_results_are_named(complete, damage):
    (complete / "results.json").write_text(damage)
    with pytest.raises(RunError, match=r"results\.json is damaged: .* run the experiment again"):
        read(complete)


def test_results_that_are_no_text(complete):
    (complete / "results.json").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(RunError, match=r"results\.json is damaged"):
        read(complete)


@pytest.mark.parametrize(
    ("version", "remedy"), [(SCHEMA_VERSION + 1, "Update Chainrule"), (0, "Use that version")]
)
def test_another_schema_names_both_versions(complete, version, remedy):
    table = json.loads((complete / "results.json").read_text())
    table["schema_version"] = version
    table["environment"]["versions"]["chainrule"] = "7.8.9"
    (complete / "results.json").write_text(json.dumps(table | {"news": 1}))
    text = (
        rf"has schema version {version}, written by Chainrule 7\.8\.9; this is Chainrule .*, which "
        rf"reads schema version {SCHEMA_VERSION}\. {remedy}"
    )
    with pytest.raises(RunError, match=text):
        read(complete)


def test_a_spec_that_does_not_fit(stopped):
    with (stopped / "spec.toml").open("a") as file:
        file.write("[later]\nx = 1\n")
    with pytest.raises(RunError, match=r"is damaged, or of another version: later: unknown key"):
        read(stopped)


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(RunError, match="Required the folder of a run"):
        read(tmp_path)
    (tmp_path / "spec.toml").write_text("name = 'mine'")  # anybody's
    with pytest.raises(RunError, match="Required the folder of a run"):
        read(tmp_path)


def test_a_run_without_its_spec(complete):
    (complete / "spec.toml").unlink()
    with pytest.raises(RunError, match=r"is damaged, .*spec\.toml"):
        read(complete)
    (complete / "environment.json").unlink()  # now the results may be anybody's
    assert runs(complete) == []


# A list of them


def test_runs_are_listed_with_their_figures(complete, stopped, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "spec.toml").write_text("not a run")
    older, newer = runs(tmp_path)
    assert (older.name, older.state, older.recipe) == ("stopped", "stopped", "tiny")
    assert older.figures == {
        "model": "ann", "epoch": 2.0, "train_loss": 0.5, "validation_loss": 0.7
    }  # fmt: skip
    assert (newer.name, newer.state) == ("complete", "complete")
    assert newer.figures["quantity"] == "test accuracy"
    assert 0 < newer.figures["value"] < 1


def test_the_best_model_is_the_one_of_the_best_mean(complete, done):
    (found,) = runs(complete)
    models = {model.key: model for model in done[0].models}
    means = {"tree": models["tree"].scores.test, "ann": models["ann"].over_seeds.test.mean}
    best = max(means, key=means.get)
    assert (found.figures["model"], found.figures["value"]) == (best, means[best])
    assert found.name == "complete"


def test_a_damaged_run_stops_no_list(complete, stopped, tmp_path):
    (complete / "results.json").write_text("{")
    (stopped / "spec.toml").write_text("x = ")
    found = runs(tmp_path)
    assert [one.state for one in found] == ["damaged", "damaged"]
    assert all(one.problem for one in found)
    assert "results.json is damaged" in found[0].problem


def test_a_run_that_only_looks(tmp_path):
    run("digits-first-look", out=tmp_path / "look", console=Console(quiet=True))
    assert runs(tmp_path)[0].figures == {"rows": 1797, "classes": 10}


def test_no_runs(tmp_path, monkeypatch):
    assert runs(tmp_path) == []
    monkeypatch.chdir(tmp_path)
    assert runs() == []
    with pytest.raises(RunError, match="Required a folder to look for runs in"):
        runs("nowhere")


def test_a_list_is_plain_data(complete, tmp_path):
    plain = [one.plain() for one in runs(tmp_path)]
    assert json.loads(json.dumps(plain))[0]["state"] == "complete"
    assert set(plain[0]) == set(RunSummary.__dataclass_fields__)


def test_hundreds_of_runs_are_read_once_and_nothing_else(complete, tmp_path, monkeypatch):
    """No clock judges: what is counted is the files opened, which are few and small."""
    for number in range(300):
        path = tmp_path / f"{number}"
        path.mkdir()
        for name in ("results.json", "spec.toml"):
            (path / name).hardlink_to(complete / name)
    opened = []
    original = type(complete).open
    monkeypatch.setattr(
        type(complete),
        "open",
        lambda path, *args, **named: opened.append(path) or original(path, *args, **named),
    )
    assert len(runs(tmp_path)) == 301
    assert len(opened) <= 301


def test_looking_changes_nothing(complete, stopped, tmp_path, everything):
    before = everything(tmp_path)
    runs(tmp_path)
    read(complete)
    read(stopped)
    with Journal(stopped):  # takes the lock; itself changes nothing that is there
        read(stopped)
    assert everything(tmp_path) == before
