"""Every example that ships, in both layouts, in every format: all is there, in order."""

import json
import re
from html import unescape

import pytest
from tests.worked.render.conftest import arranged, blocks, traced, written

from chainrule.worked.example import examples
from chainrule.worked.render import FORMATS

NAMES = sorted(examples())
LAYOUTS = ["row", "column"]


def in_order(keys, found):
    assert [key for key in found if key in set(keys)] == list(keys)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_format_has_every_quantity_in_order(name, layout):
    document = arranged(name, layout)
    keys = [block.key for block in blocks(document)]
    trace = traced(name, layout)
    shown = [trace.steps[0], trace.steps[-1]] if len(trace.steps) > 1 else [trace.steps[0]]
    assert keys == [key for step in shown for key in step]
    found = {format: written(name, layout, format) for format in FORMATS}
    in_order(keys, re.findall(r"^(\w+): ", found["text"], re.M))
    in_order(keys, re.findall(r"^\*\*`(\w+)`\*\*", found["markdown"], re.M))
    in_order(keys, re.findall(r"\\paragraph\{([^}]*)\}", found["latex"].replace(r"\_", "_")))
    in_order(keys, re.findall(r"<code>(\w+)</code>", found["html"]))
    for part, step in zip(json.loads(found["json"])["steps"], trace.steps, strict=True):
        assert list(part["quantities"]) == list(step)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "D-Q3-toy"])
def test_notes_questions_and_printed_numbers_are_shown(name):
    example = traced(name).example
    document = arranged(name, example.layout)
    words = " ".join(written(name, example.layout, "text").split())
    page = " ".join(unescape(written(name, example.layout, "html")).split())
    for note in example.notes:
        said = " ".join(note.text.split())
        assert said in words and said in page
        if note.erratum is not None:
            assert f"Erratum {note.erratum}." in words
    for question in example.questions:
        for part in (question.question, question.answer):
            assert " ".join(part.split()) in words
    first = blocks(document)[: len(traced(name).steps[0])]
    compared = {block.key for block in first if block.printed is not None}
    assert compared >= {key for key in example.printed if key in traced(name).steps[0]}


def test_what_a_document_prints_stands_beside_ours():
    found = {block.key: block.printed for block in blocks(arranged("B-Q1.1"))}
    assert [one.printed for one in found["dZ3"].numbers] == ["0.16396", "-0.83604", "0.16396"]
    assert all(one.agrees for one in found["dZ3"].numbers)
    words = FORMATS["text"](arranged("B-Q1.1"), width=100)
    assert "✓ printed: 0.376; ours agrees" in words


def test_printed_numbers_of_the_last_step():
    document = arranged("D-Q3-toy")
    last = {block.key: block for part in document.steps[-1].sections for block in part.blocks}
    assert [one.printed for one in last["loss"].printed.numbers] == ["0.0156"]


def test_an_erratum_says_what_is_right_at_its_step():
    words = " ".join(FORMATS["text"](arranged("E-2.3"), width=120).split())
    step = words[words.index("S2: Local derivative") : words.index("dZ2: Derivative")]
    assert "Erratum 44." in step and "Right:" in step
