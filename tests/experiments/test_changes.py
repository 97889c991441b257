"""What ``--set`` changed of a recipe: remembered, told, and kept from words that hold no more."""

import json
import tomllib
from io import StringIO

import numpy as np
import pytest
from benchmarks.results import page
from rich.console import Console

from chainrule import reports
from chainrule.errors import SpecError
from chainrule.experiments import plan, read, resume, run
from chainrule.experiments.changes import with_changes, without_lost_places
from chainrule.experiments.check import check
from chainrule.experiments.interrupt import Stopped
from chainrule.experiments.loading import load, to_table
from chainrule.experiments.toml import dumps

QUIET = Console(quiet=True)
RATE = "models.net.settings.learning_rate_init"
CHANGED = f"{RATE} = 0.2"


def changed(spec, **overrides):
    """What is remembered of overrides, whose dots are written as two underscores."""
    paths = {name.replace("__", "."): value for name, value in overrides.items()}
    spec = load(spec)
    return with_changes(spec, load(spec, paths), paths)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A changed run: what it returned, its folder, and what it printed."""
    out, console = tmp_path_factory.mktemp("toy"), Console(file=StringIO(), width=100)
    overrides = {RATE: 0.2, "hardest": 0, "models.net.settings.max_iter": 100}
    return run("toy-sgd", out=out, overrides=overrides, console=console), out, console


def test_a_changed_run_says_so_first(toy):
    results, out, console = toy
    assert results.changed == (CHANGED,) == load(out / "spec.toml").changed
    assert not results.quick and not load(out / "spec.toml").as_written
    printed = console.file.getvalue()
    assert printed.startswith("Five points, a hundred steps (changed)\n")
    assert f"Five points, a hundred steps\nChanged: {CHANGED}. Title, labels," in printed
    before_main = (out / "report.html").read_text("utf-8").split("<main>")[0]
    assert f"Changed: {CHANGED}. " in before_main and "toy-sgd, changed" in before_main
    lines = list(page(results))
    assert lines.index("Accuracy:") > next(
        number for number, line in enumerate(lines) if line.startswith(f"Changed: `{CHANGED}`. ")
    )


def test_printed_numbers_and_answers_with_numbers_are_left_to_the_recipe(toy, tmp_path):
    results, out, _ = toy
    assert results.comparisons == () and results.questions == ()
    html = (out / "report.html").read_text("utf-8")
    assert "Every printed number" not in html and "What the document asks" not in html
    assert html.count("of which this run has changed something") == 1  # above the assumptions
    as_it_is = run("toy-sgd", out=tmp_path, console=QUIET)
    assert as_it_is.changed == () and len(as_it_is.comparisons) == len(as_it_is.questions) == 1
    html = (tmp_path / "report.html").read_text("utf-8")
    assert "Changed:" not in html and "has changed something" not in html
    assert not any(line.startswith("Changed") for line in page(as_it_is))


def test_the_spec_of_a_changed_run_is_that_of_a_changed_run(toy, tmp_path):
    results, out, _ = toy
    again = run(out / "spec.toml", out=tmp_path / "again", console=QUIET)
    assert again.comparable() == results.comparable()
    more = {"models.net.settings.momentum": 0.5}
    further = run(out / "spec.toml", out=tmp_path / "more", overrides=more, console=QUIET)
    assert further.changed == (CHANGED, "models.net.settings.momentum = 0.5")


def test_a_stopped_run_goes_on_as_a_changed_one(tmp_path, monkeypatch):
    def stop(results, path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reports, "write_report", stop)
        with pytest.raises(Stopped):
            run("toy-sgd", out=tmp_path, overrides={RATE: 0.2}, console=QUIET)
    results = resume(tmp_path, console=QUIET)
    assert results.changed == (CHANGED,) and results.comparisons == ()
    assert f"Changed: {CHANGED}. " in (tmp_path / "report.html").read_text("utf-8")


def test_reports_of_several_runs_and_of_half_a_run_say_it_too(toy, tmp_path):
    _, out, _ = toy
    (tmp_path / "half").mkdir()
    for name in ("spec.toml", "environment.json", "metrics.jsonl"):
        (tmp_path / "half" / name).write_bytes((out / name).read_bytes())
    run("toy-sgd", out=tmp_path / "plain", console=QUIET)
    half = reports.report(tmp_path / "half", tmp_path / "half.html").read_text("utf-8")
    assert f"Changed: {CHANGED}. " in half.split("<main>")[0]
    both = reports.report([out, tmp_path / "plain"], tmp_path / "both.html").read_text("utf-8")
    assert both.count("Changed: ") == 1 and f"{out.name}: Changed: {CHANGED}. " in both


def test_what_was_written_before_changes_were_remembered_still_opens(toy, tmp_path):
    _, out, _ = toy
    table = tomllib.loads((out / "spec.toml").read_text("utf-8"))
    del table["changed"]
    (tmp_path / "spec.toml").write_text(dumps(table), encoding="utf-8")
    found = json.loads((out / "results.json").read_text("utf-8"))
    del found["changed"]
    (tmp_path / "results.json").write_text(json.dumps(found), encoding="utf-8")
    (tmp_path / "environment.json").write_bytes((out / "environment.json").read_bytes())
    record = read(tmp_path)
    assert record.spec.changed == () and record.results.changed == ()


def test_words_and_what_is_shown_are_no_change(tiny):
    overrides = {
        "title": "Mine",
        "question": "Why?",
        "hardest": 0,
        "data.samples": 5,
        "models.ann.label": "Net",
        "printed.0.value": 0.75,
        "assumptions": [],
        "folds": 2,
        "models.ann.settings.hidden_layer_sizes": (8,),
        "models.tree.dtype": "float64",
    }
    before = load(tiny)
    after = with_changes(before, load(before, overrides), overrides)
    assert after.changed == () and after.as_written and after.title == "Mine"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("models__ann__settings__hidden_layer_sizes", [16, 8], "[16, 8]"),
        ("models__ann__settings__init", {"name": "normal", "scale": 0.1}, None),
        ("models__ann__dtype", "float64", '"float64"'),
        ("models__tree__grid", None, "none"),
        ("models__ann__seeds__count", 5, "5"),
        ("data__split__stratify", False, "false"),
        ("models__tree__also_prepare__0", ["unit"], '["unit"]'),
        ("chosen", "tree", '"tree"'),
    ],
)
def test_a_change_is_written_as_toml_has_it(tiny, path, value, said):
    said = said or '{name = "normal", scale = 0.1}'
    assert changed(tiny, **{path: value}).changed == (f"{path.replace('__', '.')} = {said}",)
    if said != "none":
        text = changed(tiny, **{path: value}).changed[0].partition(" = ")[2]
        assert tomllib.loads(f"value = {text}")["value"] == value


def test_a_value_that_is_changed_again_stands_once_as_it_is_now(tiny):
    once = changed(tiny, folds=3, models__ann__settings__max_iter=2)
    twice = changed(once, models__ann__settings__max_iter=4)
    assert twice.changed == ("folds = 3", "models.ann.settings.max_iter = 4")
    whole = changed(twice, models__ann__settings={"hidden_layer_sizes": [8]})
    assert whole.changed[1:] == (
        "models.ann.settings.max_iter = none",
        "models.ann.settings = {hidden_layer_sizes = [8]}",
    )
    assert load(tomllib.loads(dumps(to_table(whole)))) == whole
    assert changed(once, changed=[]).changed == once.changed  # it cannot be set


def test_a_plan_for_data_of_ones_own_is_no_changed_recipe():
    table = np.random.default_rng(0).normal(size=(60, 3))
    found = plan(table, "x3", overrides={"data.split.held_out": 0.3})
    assert found.spec["data"]["split"]["held_out"] == 0.3 and found.spec["changed"] == []


GONE, STAYS = "net.learning_rate_init=0.001", "net.learning_rate_init=0.1"


@pytest.fixture
def study(tiny):
    """A study of two rates, with questions and printed numbers about both."""
    net = tiny["models"]["ann"]
    del net["grid"], net["seeds"], tiny["chosen"]
    net["over"] = {"learning_rate_init": [0.001, 0.1]}
    net["settings"]["max_iter"] = 1
    tiny |= {"kind": "study", "models": {"net": net}, "hardest": 0}
    tiny["printed"] = [
        {"model": key, "quantity": "test accuracy", "value": 0.5} for key in (GONE, STAYS)
    ]
    tiny["questions"] = [
        {"question": "Of what?", "answer": "Of digits."},
        {"question": "How good is one?", "answer": f"It is {{{STAYS}|test accuracy}}."},
        {
            "question": "And both?",
            "answer": f"{{{STAYS}|test accuracy}}, {{ {GONE} | test accuracy }}",
        },
    ]
    return tiny


SMALLER = {"models.net.over.learning_rate_init": [0.1]}


def test_what_is_about_models_that_were_taken_away_is_left_out_and_said(study, tmp_path):
    console = Console(file=StringIO(), width=120)
    results = run(study, out=tmp_path, overrides=SMALLER, console=console)
    assert [model.key for model in results.models] == [STAYS]
    spec = load(tmp_path / "spec.toml")
    assert [one.question for one in spec.questions] == ["Of what?", "How good is one?"]
    assert [one.model for one in spec.printed] == [STAYS]
    said, *rest = console.file.getvalue().splitlines()
    assert said == (
        "Left out, since the changes took away what they are about: 1 question and 1 printed "
        "number."
    )
    assert not any("Left out" in line for line in rest)
    assert [one.question for one in results.questions] == ["Of what?"]


def test_a_quick_version_may_take_models_away_too(study, tmp_path):
    results = run(study | {"quick": SMALLER}, out=tmp_path, quick=True, console=QUIET)
    assert results.quick and results.changed == () and len(results.models) == 1


def test_what_is_about_models_that_never_were_stays_an_error(study, tmp_path):
    study["questions"][0]["answer"] = "{nett|test accuracy}"
    for overrides in (None, SMALLER, {"folds": 3}):
        with pytest.raises(SpecError, match=r"questions\.0\.answer: Unknown model 'nett'"):
            run(study, out=tmp_path / "run", overrides=overrides, console=QUIET)
    study["questions"] = []
    study["printed"][0]["model"] = "nett"
    for overrides in (None, SMALLER):
        with pytest.raises(SpecError, match=r"printed\.0\.model: Unknown model 'nett'"):
            run(study, out=tmp_path / "run", overrides=overrides, console=QUIET)
    with pytest.raises(SpecError, match=r"^data\.name: Unknown data set 'digit'"):
        run(study, out=tmp_path / "run", overrides={"data.name": "digit"}, console=QUIET)


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("mnist-two-layer-first", {"models.net.over.prepare": [["unit"]]}),
        ("cifar10-depth", {"models.he.over.l2": [0.01]}),
        ("cifar10-depth", {"models.small.over.l2": [0.01]}),
    ],
)
def test_recipes_can_be_made_smaller(name, overrides):
    smaller = load(name, overrides)
    with pytest.raises(SpecError, match="Unknown model"):
        check(smaller)
    spec, said = without_lost_places(load(name), smaller)
    check(spec)
    assert said.startswith("Left out") and len(spec.questions) < len(load(name).questions)


def test_quick_and_changed_are_both_said(study, tmp_path):
    study["quick"] = {"data.split.train": 60}
    console = Console(file=StringIO(), width=120)
    overrides = {"data.split.train": 60, "models.net.settings.alpha": 0.5}
    results = run(study, out=tmp_path, quick=True, overrides=overrides, console=console)
    assert results.quick and results.changed == ("models.net.settings.alpha = 0.5",)
    assert console.file.getvalue().startswith("A tiny comparison (quick version, changed)\n")
    assert results.findings[0].startswith("This is the quick version")
    html = (tmp_path / "report.html").read_text("utf-8")
    assert html.count("of which this run has changed something") == 1  # above the one answer
