"""One way to open templates: nothing unknown is left out, and HTML is escaped."""

import re
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound, UndefinedError

import chainrule
from chainrule.templates import environment


def test_a_name_that_was_not_given_is_an_error():
    with pytest.raises(UndefinedError, match="'who' is undefined"):
        environment("chainrule.worked").from_string("{{ who }}").render()


def test_text_and_html():
    source = "{% if True %}\n  {{ x }}\n{% endif %}\n"
    text, html = (environment("chainrule.worked", html=which) for which in (False, True))
    assert text.from_string(source).render(x="<b>") == "  <b>\n"
    assert html.from_string(source).render(x="<b>") == "  &lt;b&gt;\n"
    assert text.from_string("a\n").render() == "a\n" and html.from_string("a\n").render() == "a"


def test_the_first_folder_that_has_one_and_options():
    made = environment("chainrule.worked", "chainrule.interop.c", variable_start_string="<<")
    assert made.get_template("header.h.j2") and made.get_template("shown.html.j2")
    assert made.variable_start_string == "<<"
    with pytest.raises(TemplateNotFound):
        made.get_template("script.py.j2")


def test_no_other_place_makes_one():
    root = Path(chainrule.__file__).parent
    found = [
        path.name
        for path in root.rglob("*.py")
        if re.search(r"(?<![\w.])Environment\(", path.read_text("utf-8"))
        and "jinja2" in path.read_text("utf-8")
    ]
    assert found == ["templates.py"]
