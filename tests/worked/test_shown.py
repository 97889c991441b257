"""Tables that show themselves."""

import pytest

from chainrule.worked.shown import Shown, said_by, small

TABLE = Shown(
    "A <title>",
    ("name", "number"),
    (("first", "1.5"), ("[second]", "-22")),
    ("A remark that is rather longer than the table is wide, and goes on.", "Another & more."),
)


def test_text_is_aligned_and_fits_the_width():
    lines = TABLE.text(40).splitlines()
    assert lines[:4] == ["A <title>", "name      number", "first        1.5", "[second]     -22"]
    assert max(map(len, lines)) <= 40
    assert lines[4].startswith("• A remark") and lines[5].startswith("  ")
    assert not any(line != line.rstrip() for line in lines)


def test_html_is_escaped():
    html = TABLE.html()
    assert "<caption>A &lt;title&gt;</caption>" in html
    assert "<td>[second]</td>" in html and "<li>Another &amp; more.</li>" in html
    assert html.count("<tr>") == 3
    assert "<ul>" not in Shown("t", ("a",), (("1",),)).html()


@pytest.mark.parametrize(("x", "shown"), [(0.0, "0"), (1.234e-7, "1.2e-07"), (2.0, "2.0e+00")])
def test_small(x, shown):
    assert small(x) == shown


def test_a_library_is_named_once():
    assert said_by("JAX", "takes 1 there.") == "JAX: takes 1 there."
    assert said_by("PyTorch", "PyTorch's velocity.") == "PyTorch's velocity."
