"""What a message says of names and texts from somebody's data."""

from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import listed, quoted, unknown_name


def test_a_long_text_is_cut_and_marked():
    assert quoted("a\nb") == r"'a\nb'"
    assert quoted("x" * 60) == f"'{'x' * 60}'"
    assert quoted("x" * 61) == f"'{'x' * 60}'..."
    assert quoted(3) == "3" and len(quoted(list(range(999)))) == 60


def test_many_names_are_counted():
    assert listed(["a", "b"], 2) == "'a', 'b'"
    assert listed(map(str, range(1234)), 2) == "'0', '1' and 1,232 more"


@given(name=st.text(), known=st.lists(st.text(max_size=99), max_size=20))
def test_the_name_and_what_there_is(name, known):
    said = unknown_name("column", name, known)
    assert said.startswith(f"Unknown column {quoted(name)}.") and len(said) < 2500
    assert all(each in said for each in known if len(each) <= 60)


def test_very_many_and_very_long_ones():
    said = unknown_name("column", "y" * 10**5, ["x" * 10**5, *map(str, range(5000))])
    assert len(said) < 1000 and said.endswith(" and 4,901 more.")
    assert f"Did you mean '{'y' * 60}'..." in unknown_name("column", "y" * 99, ["y" * 98])
