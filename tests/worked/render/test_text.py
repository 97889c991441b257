"""Text for a terminal: it fits, and has colour only when asked for."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.worked.conftest import networks
from tests.worked.render.conftest import arranged, traced

from chainrule.worked import trace
from chainrule.worked.render import render, render_cell
from chainrule.worked.render.document import document
from chainrule.worked.render.text import text
from chainrule.worked.trace import trace_example


@pytest.mark.parametrize("width", [24, 31, 60, 80, 120])
@pytest.mark.parametrize("name", ["A-eq", "B-Q2.2", "E-2.3", "classic-2-2-2"])
def test_no_line_is_wider_than_asked(name, width):
    lines = text(arranged(name), width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)


@settings(max_examples=25)
@given(networks(), st.integers(24, 130))
def test_no_line_of_any_network_is_wider_than_asked(example, width):
    found = text(document(trace_example(example), 6), width=width)
    assert max(map(len, found.splitlines())) <= width


def test_one_number_fits_too():
    found = render_cell(traced("B-Q1.1"), "Z2[1,1]", width=40)
    assert max(map(len, found.splitlines())) <= 40
    assert found.rstrip().endswith("= 0.2165")


def test_colour_only_on_request():
    plain, coloured = (render(traced("E-2.3"), width=80, colour=one) for one in (False, True))
    assert "\x1b" not in plain and "\x1b[" in coloured
    stripped = re.sub(r"\x1b\[[\d;]*m", "", coloured)
    assert [line.rstrip() for line in stripped.splitlines()] == plain.splitlines()


def test_wide_matrices_are_shown_in_parts():
    found = render(traced("D-eq"), width=40)
    assert "columns 1 to 3" in found and "columns 4 to 6" in found


def test_a_matrix_is_shown_in_the_layout():
    assert "⎡    1  -1.5   0.5 ⎤" in render(traced("E-2.3", "column"))
    assert "W1: Weights of layer 1 (2 × 3)" in render(traced("E-2.3", "column"))
    assert "W1: Weights of layer 1 (3 × 2)" in render(traced("E-2.3"))


def test_a_small_trace_is_written_quickly():
    trace = traced("B-Q1.1")
    render(trace)
    best = min(_seconds(trace) for _ in range(4))
    assert best < 0.1  # about 0.035 on a quiet machine; processor time, so that load does not count


def _seconds(trace) -> float:
    start = time.process_time()
    render(trace)
    return time.process_time() - start


def test_losses_of_different_samples_are_said_to_be_so():
    batches = trace("E-2.3", update={"rate": 0.1, "steps": 3, "batch_size": 2})
    whole = trace("E-2.3", update={"rate": 0.1, "steps": 3})
    assert "Each step has its own samples" in text(document(batches))
    assert "Each step has its own samples" not in text(document(whole))
