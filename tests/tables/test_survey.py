"""What columns hold does not depend on how many are looked at together."""

import numpy as np
import pandas as pd
import pytest
from tests.tables.conftest import FORMS

from chainrule.errors import DataError
from chainrule.tables import survey as module
from chainrule.tables.deciding import decide
from chainrule.tables.source import open_source
from chainrule.tables.survey import survey


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("room", [None, 1])
def test_some_columns_at_a_time(forms, monkeypatch, form, room):
    whole = survey(open_source(forms[form]))
    monkeypatch.setattr(module, "TOGETHER", 4)
    found = survey(open_source(forms[form], room=room))
    assert list(found) == list(whole) == ["age", "floor", "town", "owner", "since", "rooms"]
    assert found == whole


def test_of_fractions_fewer_are_counted(tmp_path):
    """In a file that knows numbers; they are no categories, and whole ones may be."""
    at = np.arange(12_000) % 6_000
    table = pd.DataFrame({"whole": at.astype(float), "fraction": at + 0.5, "few": at % 100 + 0.5})
    table.to_parquet(tmp_path / "t.parquet")
    found = survey(open_source(tmp_path / "t.parquet"))
    assert [one.distinct for one in found.values()] == [6_000, None, 100]
    assert [one.kind for one in decide(found)] == ["number"] * 3
    as_category = decide(found, kinds={"few": "category", "whole": "category"})
    assert [len(one.levels) for one in as_category] == [6_000, 0, 100]
    with pytest.raises(DataError, match="'fraction' has too many different values for a category"):
        decide(found, kinds={"fraction": "category"})
