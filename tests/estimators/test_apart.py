"""Numbers side by side show that they differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.estimators.apart import apart

finite = st.floats(-1e300, 1e300)


@given(finite, finite)
def test_they_read_alike_only_where_they_are(first, second):
    a, b = apart(first, second)
    assert (a == b) == (f"{first:.17g}" == f"{second:.17g}")
    assert float(a) == pytest.approx(first, rel=6e-4)


def test_no_more_digits_than_it_takes():
    assert apart(2.301, 1.8) == ("2.301", "1.8")
    assert apart(0.53334, 0.53329) == ("0.53334", "0.53329")
    assert apart(2.302585, 2.302585) == ("2.303", "2.303")
