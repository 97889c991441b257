"""The schema of results.json: closed, frozen, finite."""

import math

import pytest
from pydantic import ValidationError

from chainrule.experiments.results import SCHEMA_VERSION, Results, Scores


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
