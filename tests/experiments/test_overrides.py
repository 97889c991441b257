"""``--set``: the value's type, the place, and paths that lead nowhere."""

import pytest

from chainrule.errors import SpecError
from chainrule.experiments.overrides import apply, parse

TABLE = {"name": "x", "models": {"ann": {"seeds": None, "grid": {"C": [1, 2]}}}, "rows": [{"a": 1}]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b=5", 5),
        ("a.b = 0.5", 0.5),
        ("a.b=1e-3", 1e-3),
        ("a.b=true", True),
        ("a.b=[16, 32]", [16, 32]),
        ("a.b={ x = 1 }", {"x": 1}),
        ('a.b="5"', "5"),
        ("a.b=relu", "relu"),
        ("a.b=none", "none"),
        ("a.b=two words", "two words"),
        ("a.b=x = y", "x = y"),
    ],
)
def test_a_value_is_a_toml_literal_or_a_bare_string(text, value):
    path, parsed = parse(text)
    assert path == "a.b"
    assert parsed == value and type(parsed) is type(value)


@pytest.mark.parametrize("text", ["a.b", "=5", "a.b=", ""])
def test_anything_else_than_path_and_value_is_refused(text):
    with pytest.raises(SpecError, match=r"Required PATH=VALUE, .* came"):
        parse(text)


@pytest.mark.parametrize("text", ["a=[16,", "a=[relu]", "a='x", "a={x}"])
def test_an_open_bracket_is_not_taken_for_a_string(text):
    with pytest.raises(SpecError, match=r"is not a TOML value .* Close every bracket"):
        parse(text)


def test_a_value_is_replaced_and_the_original_left_alone():
    changed = apply(TABLE, {"models.ann.grid.C": [3], "rows.0.a": 2, "name": "y"})
    assert changed["models"]["ann"]["grid"] == {"C": [3]}
    assert changed["rows"] == [{"a": 2}] and changed["name"] == "y"
    assert TABLE["models"]["ann"]["grid"] == {"C": [1, 2]} and TABLE["rows"] == [{"a": 1}]


def test_an_absent_table_is_made():
    assert apply(TABLE, {"models.ann.seeds.count": 3})["models"]["ann"]["seeds"] == {"count": 3}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("models.anm.label", r"there is no 'anm' here\. Did you mean 'ann'\? Known here: ann"),
        ("model.ann.label", r"there is no 'model' here\. Did you mean 'models'\?"),
        ("name.x", "there is nothing below 'x', so 'x' cannot be set"),
        ("rows.1.a", "required a position in a list, from 0 to 0; came '1'"),
    ],
)
def test_a_path_that_leads_nowhere_names_the_nearest(path, message):
    with pytest.raises(SpecError, match=message):
        apply(TABLE, {path: 1})
