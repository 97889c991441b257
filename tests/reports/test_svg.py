"""A figure inside a page: self-contained, repeatable, and of the page's theme."""

import re
from xml.etree import ElementTree as ET

from chainrule.reports import figures
from chainrule.reports.svg import inline_svg


def drawing(name="one", title="Tree"):
    return inline_svg(figures.confusion_matrix([[5, 1], [2, 3]], ["a", "b"], title=title), name)


def test_it_is_one_element_with_a_text_alternative():
    root = ET.fromstring(drawing())
    assert root.tag == "svg"
    assert root.get("role") == "img"
    assert root.get("aria-label", "").startswith("Confusion matrix, Tree: 8 of 11 right.")
    assert "width" not in root.attrib and root.get("viewBox", "").startswith("0 0 360 ")


def test_the_same_figure_gives_the_same_bytes():
    assert drawing() == drawing()


def test_ids_of_two_figures_never_meet():
    first, second = (set(re.findall(r'id="([^"]+)"', drawing(name))) for name in ("one", "two"))
    assert first and second and not first & second


def test_every_reference_has_its_target():
    svg = inline_svg(figures.learning_curves({"a": [1, 2, 3], "b": [2, 1, 2]}), "f")
    targets = set(re.findall(r'id="([^"]+)"', svg))
    pointed = set(re.findall(r'href="#([^"]+)"', svg)) | set(re.findall(r"url\(#([^)]+)\)", svg))
    assert pointed and pointed <= targets


def test_colours_follow_the_theme_and_text_the_page():
    svg = drawing()
    assert "var(--ink,#1d2129)" in svg and "var(--series-1,#0072b2)" in svg
    assert not re.search(r"(?<!,)#(1d2129|0072b2|d55e00)", svg)
    assert "font-family" not in svg and ">Tree: 3 of 11 wrong</text>" in svg


def test_it_carries_no_style_metadata_or_address():
    svg = drawing()
    assert not re.search(r"<style|<metadata|http|xmlns", svg)


def test_hostile_labels_stay_text():
    svg = drawing(title='<script>alert("x")</script>')
    assert "<script" not in svg
    assert '<script>alert("x")</script>' in "".join(ET.fromstring(svg).itertext())
