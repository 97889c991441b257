"""What columns hold does not depend on how many are looked at together."""

import pytest
from tests.tables.conftest import FORMS

from chainrule.tables import survey as module
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
