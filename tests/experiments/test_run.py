"""A whole run: what is returned, what is in the folder, what is kept when it fails."""

import json
import signal
import tomllib
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from sklearn.preprocessing import StandardScaler

import chainrule
from chainrule import reports
from chainrule.data import load as load_data
from chainrule.data.splits import split
from chainrule.errors import SpecError
from chainrule.experiments import compare, run
from chainrule.experiments.interrupt import Stopped
from chainrule.experiments.loading import load
from chainrule.experiments.results import Results
from chainrule.files.light import load_header

QUIET = Console(quiet=True)
FILES = {
    "environment.json",
    "metrics.jsonl",
    "model.safetensors",
    "report.html",
    "results.json",
    "spec.toml",
}


def test_the_folder_holds_the_whole_run(done):
    results, out = done
    assert {path.name for path in out.iterdir()} == FILES
    assert Results.model_validate_json((out / "results.json").read_text()) == results
    assert load(tomllib.loads((out / "spec.toml").read_text())) == load(out / "spec.toml")
    assert (out / "spec.toml").read_text() == results.spec
    environment = json.loads((out / "environment.json").read_text())
    assert environment == results.environment.model_dump(mode="json")
    assert environment["seed"] == 0 and environment["versions"]["numpy"] == np.__version__
    assert "<html" in (out / "report.html").read_text()


def test_every_part_of_the_comparison_is_there(done):
    results, _ = done
    tree, ann = results.models
    assert tree.baseline.scores.train == 1.0
    assert tree.variants[0].preparation == ("standardize",)
    assert [row.parameters for row in tree.search.candidates] == [
        {"max_depth": 2},
        {"max_depth": "none"},
    ]
    assert ann.over_seeds.seeds == (0, 1, 2)
    assert ann.over_seeds.test.values[0] == ann.scores.test, "the shown fit has the first seed"
    assert ann.settings["learning_rate_init"] == ann.search.best["learning_rate_init"]
    assert ann.n_parameters == 64 * 8 + 8 + 8 * 10 + 10
    assert list(ann.curves["epoch"]) == [1, 2, 3, 4, 5, 6]
    assert len(ann.curves["train_loss"]) == len(ann.curves["validation_loss"]) == 6
    assert [split.size for split in results.data.splits] == [359, 719, 719]
    assert np.sum(ann.confusion) == 719
    assert [comparison.agreement for comparison in results.comparisons][1] != "exact"
    assert (results.tests[0].a, results.tests[0].b) == ("ann", "tree")
    assert len(results.hardest) == 3 and len(results.data.samples) == 2
    for model in (tree, ann):
        assert model.on_test.accuracy.value == model.scores.test
        assert model.on_test.accuracy.low < model.scores.test < model.on_test.accuracy.high
    assert ann.on_test.loss.value == pytest.approx(ann.curves["test_loss"][-1], rel=1e-5)
    assert ann.on_test.calibration.temperature and ann.pictures.reliability_after
    apart = results.tests[0].accuracy_difference  # the network has learnt for six epochs alone
    assert apart.low < apart.value < apart.high < 0


def test_the_scores_are_those_of_the_plain_estimator(done):
    results, _ = done
    data = load_data("digits")
    parts = split("three-way", data.X_train, data.y_train, held_out=0.8)
    scaler = StandardScaler().fit(parts["train"].X)
    ann = results.models[1]
    settings = {**ann.settings, "hidden_layer_sizes": (8,)}
    estimator = chainrule.MLPClassifier(**settings)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        estimator.fit(scaler.transform(parts["train"].X).astype(np.float32), parts["train"].y)
    X_test = scaler.transform(parts["test"].X).astype(np.float32)
    assert estimator.score(X_test, parts["test"].y) == ann.scores.test


def test_the_saved_network_is_the_one_that_was_tested(done):
    results, out = done
    data = load_data("digits")
    parts = split("three-way", data.X_train, data.y_train, held_out=0.8)
    model = chainrule.load(out / "model.safetensors")  # its preparation included
    test = parts["test"]
    assert np.mean(model.predict(test.X) == test.y) == results.models[1].scores.test
    X = StandardScaler().fit(parts["train"].X).transform(test.X)
    np.testing.assert_allclose(model[0].transform(test.X), X, rtol=1e-5, atol=1e-6)
    about = load_header(out / "model.safetensors").about
    assert about.metrics["test accuracy"] == results.models[1].scores.test
    assert about.fingerprint == results.data.sha256


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_resolved_spec_gives_the_same_results_bit_for_bit(done, tmp_path):
    results, out = done
    again = run(out / "spec.toml", out=tmp_path / "again", console=QUIET)
    assert again.comparable() == results.comparable()
    first, second = (lines_of(path / "metrics.jsonl") for path in (out, tmp_path / "again"))
    for line in first + second:
        line.pop("seconds", None)
    assert first == second


def test_wall_times_live_in_the_clock_alone(done):
    results, _ = done
    assert "seconds" not in json.dumps(results.comparable())
    steps = {(timing.step, timing.model) for timing in results.clock.timings}
    assert {("baseline", "tree"), ("search", "ann"), ("seeds", "ann"), ("data", "")} <= steps
    assert ("intervals", "") in steps
    assert ("baseline", "ann") not in steps, "what was not done took no time"
    assert sum(timing.seconds for timing in results.clock.timings) <= results.clock.seconds


def test_metrics_hold_a_line_for_every_number_on_the_way(done):
    _, out = done
    lines = lines_of(out / "metrics.jsonl")
    events = [(line["event"], line["model"]) for line in lines]
    assert events == (
        [("candidate", "tree")] * 2
        + [("model", "tree")]
        + [("candidate", "ann")] * 2
        + [("epoch", "ann")] * 6
        + [("seed", "ann")] * 3
        + [("model", "ann")]
    )


def test_a_look_trains_nothing(tmp_path):
    results = run("digits-first-look", out=tmp_path, console=QUIET)
    assert results.models == () and results.chosen is None
    assert [split.name for split in results.data.splits] == ["all"]
    assert [image.label for image in results.data.samples] == list("0123456789")
    assert results.findings[0].startswith("1,797 rows of 64 features (8 x 8)")
    assert {path.name for path in tmp_path.iterdir()} == FILES - {
        "metrics.jsonl",
        "model.safetensors",
    }


def test_a_folder_with_files_is_refused_unless_forced(tiny, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "metrics.jsonl").write_text("of an older run\n")
    with pytest.raises(SpecError, match=r"has files in it.*Choose another with --out.*--force"):
        run("digits-first-look", out=tmp_path, console=QUIET)
    run("digits-first-look", out=tmp_path, console=QUIET, force=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert not (tmp_path / "metrics.jsonl").exists()


def test_an_out_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SpecError, match="Required a folder to write the run to"):
        run("digits-first-look", out=tmp_path / "file", console=QUIET)


def test_a_run_that_cannot_be_replaced(tmp_path, monkeypatch):
    def refuse(path, missing_ok=False):
        raise OSError(30, "Read-only file system", str(path))

    (tmp_path / "spec.toml").write_text("")
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(SpecError, match=r"cannot be replaced .*Read-only.* Make the folder writ"):
        run("digits-first-look", out=tmp_path, console=QUIET, force=True)


def test_without_out_each_run_gets_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        run("digits-first-look", console=QUIET)
    names = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert len(names) == 2 and all(name.startswith("digits-first-look-") for name in names)


def test_nothing_is_made_for_a_spec_that_cannot_be_run(tiny, tmp_path):
    with pytest.raises(SpecError, match="Did you mean 'ann'"):
        run(tiny, out=tmp_path / "new", overrides={"chosen": "anm"}, console=QUIET)
    assert not (tmp_path / "new").exists()


def test_the_validation_part_decides_of_every_fit(tiny, tmp_path):
    """Also of those beside the one that is shown: which epoch is the best, and when to stop."""
    ann = tiny["models"]["ann"]
    del tiny["models"]["tree"], tiny["printed"], ann["grid"]
    stopping = {"name": "GL", "alpha": 1.0}
    ann["settings"] |= {"learning_rate_init": 0.1, "max_iter": 30, "stopping": stopping}
    ann |= {"baseline": {}, "also_prepare": [["standardize"]]}
    (found,) = run(tiny, out=tmp_path, console=QUIET).models
    assert found.n_iter < 30
    assert found.baseline.scores == found.variants[0].scores == found.scores
    assert found.over_seeds.validation.values[0] == found.scores.validation
    assert found.over_seeds.test.values[0] == found.scores.test


def test_ctrl_c_says_what_is_kept(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "hardest", lambda *arguments: signal.raise_signal(signal.SIGINT))
    del tiny["models"]["ann"]["grid"], tiny["models"]["ann"]["seeds"]
    message = r"Stopped by Ctrl-C\. Kept in .*: spec\.toml, .*, metrics\.jsonl, checkpoint\."
    with pytest.raises(Stopped, match=message):
        run(tiny, out=tmp_path, console=QUIET)
    events = [line["event"] for line in lines_of(tmp_path / "metrics.jsonl")]
    assert events == ["candidate"] * 2 + ["model"] + ["epoch"] * 6 + ["model"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_numbers_are_kept_when_the_report_fails(tmp_path, monkeypatch):
    def fail(results, path):
        raise RuntimeError("no ink")

    monkeypatch.setattr(reports, "write_report", fail)
    with pytest.raises(RuntimeError, match="no ink") as caught:
        run("digits-first-look", out=tmp_path, console=QUIET)
    assert "environment.json, results.json" in caught.value.__notes__[0]
    assert Results.model_validate_json((tmp_path / "results.json").read_text()).models == ()


def test_a_fit_that_cannot_be_done_names_the_model_and_its_settings(tiny, tmp_path):
    tiny["models"]["knn"] = {
        "label": "k",
        "family": "k-nearest-neighbours",
        "settings": {"n_neighbors": 1000},
    }
    with pytest.raises(SpecError, match=r"cannot be trained \(k-nearest .*1000.*: .*359"):
        run(tiny, out=tmp_path, console=QUIET)


def test_a_run_prints_what_it_asks_and_where_it_wrote(tmp_path):
    console = Console(file=StringIO(), width=60)
    run("digits-first-look", out=tmp_path, console=console)
    text = console.file.getvalue()
    assert text.startswith("The digits, at first sight\nWhat are the data")
    assert f"Report: {tmp_path / 'report.html'}\n" in text


@pytest.mark.parametrize("scale", ["own-raw", "own-unit"])
def test_online_sgd_learns_on_both_scales(scale, tmp_path):
    spec = load("digits-online-sgd").model_dump(mode="json")
    spec["models"] = {scale: spec["models"][scale]}
    changes = {
        "chosen": scale,
        f"models.{scale}.seeds.count": 2,
        f"models.{scale}.settings.max_iter": 5,
    }
    results = run(spec, out=tmp_path, overrides=changes, console=QUIET)
    (model,) = results.models
    assert model.n_iter == 5
    assert model.scores.test > 0.7
    assert results.tests == ()


def test_our_network_with_scikit_learns_settings_is_scikit_learns(tmp_path):
    spec = load("digits-online-sgd").model_dump(mode="json")
    for key in ("own-raw", "own-unit"):
        del spec["models"][key]
    for key in ("sklearn", "own-same"):
        spec["models"][key]["settings"]["max_iter"] = 20
    spec["chosen"] = "own-same"
    results = run(spec, out=tmp_path, console=QUIET)
    theirs, ours = results.models
    assert ours.scores == theirs.scores
    assert ours.confusion == theirs.confusion
    assert results.tests[0].p_value == 1.0


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("solver, rate", [("sgd", 1e20), ("adam", 1e100)])
def test_an_absurd_rate_is_a_result(tmp_path, solver, rate):
    settings = {"hidden_layer_sizes": [8, 8], "solver": solver, "learning_rate_init": rate}
    spec = {
        "name": "absurd",
        "kind": "compare",
        "title": "Too fast",
        "question": "What becomes of it?",
        "source": {"key": "own", "title": "A test"},
        "data": {"name": "digits", "split": {"scheme": "three-way", "held_out": 0.4}},
        "models": {
            "net": {
                "label": "64-8-8-10",
                "family": "mlp",
                "prepare": ["unit"],
                "dtype": "float64",
                "settings": {**settings, "max_iter": 3, "random_state": 0},
            }
        },
    }
    results = run(spec, out=tmp_path / "run", console=QUIET)
    (found,) = results.models
    assert found.diverged or found.scores.test < 0.3
    assert all(len(sentence) < 600 for sentence in results.findings)  # no number of 100 digits
