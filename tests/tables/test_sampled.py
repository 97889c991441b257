"""What a preparation knows of rows that it does not look at one by one."""

import numpy as np
import pandas as pd
import pytest

import chainrule
from chainrule.models.columns import Column
from chainrule.tables import sampled as sampling
from chainrule.tables import transformer
from chainrule.tables.sampled import sampled, whole
from chainrule.tables.source import open_source
from chainrule.tables.survey import survey
from chainrule.tables.transformer import TablePreparation

N = 3000


@pytest.fixture
def frame():
    random = np.random.RandomState(0)
    frame = pd.DataFrame({"x": random.normal(size=N), "y": np.arange(N) % 2})
    frame["town"] = random.choice(["Bonn", "Rome"], N)
    frame.loc[:10, "town"] = "Ulm"  # 11 rows of 3,000
    frame.loc[77, "x"] = np.nan
    frame["fact"] = np.where(frame.x > 0, "True", "false")
    return frame


def test_a_sample_is_seeded_and_fair_however_it_is_read(frame, monkeypatch):
    columns, source = (Column("x", "number"),), open_source(frame)
    found = sampled(source, columns, N, size=600)
    assert abs(len(found) - 600) < 5 * np.sqrt(600)
    monkeypatch.setattr(sampling, "BLOCK_BYTES", 1)
    np.testing.assert_array_equal(sampled(source, columns, N, size=600), found)
    assert not np.array_equal(sampled(source, columns, N, size=600, seed=1)[:5], found[:5])
    np.testing.assert_array_equal(sampled(source, columns, N)[:, 0], frame.x)


def test_gaps_and_levels_are_those_of_all_rows(frame, monkeypatch):
    columns = (Column("x", "number"), Column("town", "category", ("Bonn", "Rome", "Ulm")),
               Column("fact", "category", ("false", "true")))  # fmt: skip
    x, town, fact = whole(survey(open_source(frame)), columns)
    assert (x.missing, town.missing, fact.missing) == (True, False, False)
    assert town.counts.tolist() == frame.town.value_counts()[["Bonn", "Rome", "Ulm"]].tolist()
    assert fact.counts.tolist() == [(frame.fact == "false").sum(), (frame.fact == "True").sum()]
    monkeypatch.setattr(transformer, "sampled", lambda *given: sampled(*given, size=200))
    rows = chainrule.stream(frame, "y")
    of_stream = TablePreparation().fit(rows)
    in_memory = TablePreparation().fit(frame.drop(columns="y"))
    assert of_stream.get_feature_names_out().tolist() == in_memory.get_feature_names_out().tolist()
    one, other = (each.steps_[0].treatments[0] for each in (of_stream, in_memory))
    assert one.missing and 0 < abs(one.center - other.center) < 0.2


def test_columns_that_the_stream_leaves_out_are_not_used(frame):
    rows = chainrule.stream(frame, "y", drop=["town"])
    assert [c.name for c in TablePreparation(drop=["fact"]).fit(rows).columns_] == ["x"]
    made = TablePreparation().fit(rows).transform(rows)
    assert [column.name for column in made.columns] == ["x", "fact"]


def test_a_preparation_of_plain_features_takes_no_stream(frame):
    fitted = TablePreparation().fit(frame[["x", "y"]])
    plain = TablePreparation().set_steps(fitted.steps_)
    with pytest.raises(chainrule.ChainruleError, match="of plain features"):
        plain.transform(chainrule.stream(frame, "y"))
