"""The schema of results.json: closed, frozen, finite."""

import math
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError
from rich.console import Console

from chainrule.experiments import recipes
from chainrule.experiments.loading import load
from chainrule.experiments.results import SCHEMA_VERSION, ModelResult, PairedTest, Results, Scores

PUBLISHED = sorted((Path(__file__).parents[2] / "docs" / "results").glob("*.json"))


def test_a_number_that_is_not_finite_is_null():
    scores = Scores(train=math.nan, validation=math.inf, test=0.5)
    assert scores.model_dump_json() == '{"train":null,"validation":null,"test":0.5}'
    assert Scores.model_validate_json(scores.model_dump_json()) == scores


def test_results_are_closed_frozen_and_versioned(done):
    results, _ = done
    assert results.schema_version == SCHEMA_VERSION
    table = results.model_dump(mode="json")
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Results.model_validate(table | {"remark": "x"})
    with pytest.raises(ValidationError, match="Input should be 1"):
        Results.model_validate(table | {"schema_version": 2})
    with pytest.raises(ValidationError, match="frozen"):
        results.title = "another"


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_what_was_published_can_still_be_read_and_reported(path):
    from chainrule.reports import print_results

    results = Results.model_validate_json(path.read_text("utf-8"))
    print_results(results, Console(quiet=True))
    assert Results.model_validate_json(results.model_dump_json()) == results


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_what_was_published_is_of_the_recipe_as_it_is(path):
    """Not of an older one, nor of a quick or changed one."""
    spec = Results.model_validate_json(path.read_text("utf-8")).spec
    assert load(tomllib.loads(spec)) == load(path.stem)


def test_every_recipe_with_results_was_published():
    assert {path.stem for path in PUBLISHED} == {n for n in recipes() if load(n).kind != "look"}


def test_results_from_before_there_were_intervals_are_read(done, tmp_path):
    """As an older version wrote them: without the keys."""
    from chainrule.reports.html import render

    table = done[0].model_dump(mode="json")
    for model in table["models"]:
        del model["on_test"], model["pictures"]["reliability_after"]
    for test in table["tests"]:
        del test["accuracy_difference"], test["loss_difference"]
    old = Results.model_validate(table)
    assert old.models[0] == ModelResult.model_validate(table["models"][0])
    assert all(model.on_test is None for model in old.models)
    assert old.tests[0] == PairedTest.model_validate(table["tests"][0])
    page = render(old)
    assert "bootstrap" not in page and "Test loss" not in page and "first less second" not in page
