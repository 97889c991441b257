"""HTML: whole, by itself, and leaving the rest of a notebook alone."""

import re
from html.parser import HTMLParser
from importlib.resources import files
from xml.etree import ElementTree as ET

import pytest
from tests.worked.render.conftest import arranged, traced
from tests.worked.render.test_markup import HOSTILE, hostile

from chainrule.worked.render import render, render_cell
from chainrule.worked.render.html import html

VOID = {"meta", "img", "br", "line", "circle", "mspace", "hr"}
TEMPLATES = files("chainrule.worked.render") / "templates"


class Reader(HTMLParser):
    """Elements with their attributes; a tag that is closed wrongly fails."""

    def __init__(self, words: str):
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(words)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def all(self, tag):
        return [attributes for one, attributes in self.found if one == tag]


@pytest.mark.parametrize("name", ["A-eq", "B-Q1.1", "D-eq", "E-1.3", "E-2.4", "classic-2-2-2"])
def test_a_page_is_well_formed_and_fetches_nothing(name):
    words = html(arranged(name))
    page = Reader(words)
    assert not re.search(r"(?:src|href)=\"(?!#|data:)", words)
    assert "http" not in words and "url(" not in words and "@import" not in words
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {attributes["href"][1:] for attributes in page.all("a")}
    assert targets <= set(ids)


def test_formulas_are_well_formed_mathml():
    found = re.findall(r"<math>.*?</math>", html(arranged("B-Q2.2")))
    assert len(found) > 200
    for formula in found:
        ET.fromstring(formula)


def test_landmarks_a_skip_link_and_folds():
    page = Reader(html(arranged("B-Q1.1")))
    assert page.all("html") == [{"lang": "en"}]
    assert all(len(page.all(tag)) == 1 for tag in ("header", "nav", "main", "footer", "h1"))
    assert page.all("a")[0] == {"class": "skip", "href": "#content"}
    assert page.all("main")[0]["id"] == "content"
    assert len(page.all("details")) == len(page.all("summary")) > 20
    assert not any("tabindex" in a and a["tabindex"] != "-1" for _, a in page.found)


def test_the_drawing_has_words_and_weights():
    words = html(arranged("E-2.3"))
    drawing = re.search(r"<svg.*?</svg>", words, re.S)[0]
    page = Reader(drawing)
    assert page.all("svg")[0]["role"] == "img"
    assert "3 inputs; layer 1 of 2 relu units" in page.all("svg")[0]["aria-label"]
    assert len(page.all("circle")) == 3 + 2 + 1
    assert len(page.all("line")) == 3 * 2 + 2
    assert ">-2.5<" in drawing and ">b = 0.5<" in drawing


def test_a_title_is_words_and_nothing_else():
    words = render(hostile(), "html")
    assert "<b>" not in words
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in words
    title = re.search("<title>(.*?)</title>", words)[1]
    assert title.endswith(HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def test_a_fragment_has_no_page_and_no_anchors():
    words = render(traced("B-Q1.1"), "html", page=False)
    page = Reader(words)
    assert not any(page.all(tag) for tag in ("html", "body", "script", "main", "nav", "a"))
    assert not any("id" in attributes for _, attributes in page.found)
    assert words == traced("B-Q1.1")._repr_html_()


def test_a_fragments_styles_reach_nothing_outside_it():
    styles = (TEMPLATES / "trace.css").read_text(encoding="utf-8")
    inner = re.sub(r"@media print \{(.*)\n\}", r"\1", styles, flags=re.S)
    selectors = re.findall(r"([^{}]+)\{[^{}]*\}", inner)
    assert len(selectors) > 30
    for group in selectors:
        assert all(one.strip().startswith(".chainrule-trace") for one in group.split(","))


def test_a_trace_says_shortly_what_it_is():
    assert repr(traced("B-Q1.1")) == "<Trace of 'B-Q1.1': 1 step, 39 quantities>"


def test_one_number():
    words = render_cell(traced("E-2.3"), "Z1[1,1]", format="html")
    Reader(words)
    assert words.count("<math>") > 4 and "<mn>1.5</mn>" in words
