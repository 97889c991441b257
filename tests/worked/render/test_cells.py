"""A number written out: its symbols name the numbers, and the numbers give the result."""

import numpy as np
import pytest
from hypothesis import given, settings
from tests.worked.conftest import PAIRS, network, networks
from tests.worked.render.conftest import arranged, blocks, read, traced

from chainrule.worked.render import render_cell
from chainrule.worked.render.cells import cell, shortened
from chainrule.worked.render.document import voice
from chainrule.worked.render.numbers import shown
from chainrule.worked.render.plain import PlainNotation
from chainrule.worked.render.summary import indices
from chainrule.worked.trace import trace_example


@settings(max_examples=25)
@given(networks())
def test_the_numbers_written_out_give_the_result(example):
    trace = trace_example(example)
    step = trace.steps[-1]
    notation = PlainNotation(voice(trace, step, 17))
    for key, quantity in step.quantities.items():
        for index in indices(quantity.value.shape)[:3]:
            found = cell(step, key, index)
            if found is None:
                continue
            numbers = notation.write(found.numbers)
            if "ln(0)" in numbers:
                continue  # 0 times ln 0, which is 0, is beyond a calculator
            assert read(numbers) == pytest.approx(quantity.value[index], rel=1e-5, abs=1e-9)


@settings(max_examples=25)
@given(networks(updates=False))
def test_a_printed_result_is_the_rounded_value(example):
    trace = trace_example(example)
    for decimals in (0, 2, 5):
        for key in ("Z1", "dW1", "loss", "dX"):
            at = tuple(0 for _ in trace[key].shape)
            words = render_cell(trace, key, at, decimals=decimals, width=200)
            result = float(words.split("=")[-1])
            value = float(trace[key][at])
            half = 0.5 * 10.0**-decimals
            assert abs(result - value) <= half * (1 + 1e-9)
            assert words.split("=")[-1].strip() == shown(value, decimals)


@pytest.mark.parametrize("name", ["B-Q1.1", "B-Q1.2", "B-Q2.2", "E-2.3", "C-eq", "classic-2-2-2"])
def test_an_examples_written_numbers_evaluate_to_its_results(name):
    notation = PlainNotation(voice(traced(name), traced(name).steps[0], 15))
    checked = 0
    for block in blocks(arranged(name)):
        for found in (*block.cells, *block.largest):
            numbers = notation.write(found.numbers)
            assert read(numbers) == pytest.approx(found.value, rel=1e-9, abs=1e-12)
            checked += 1
    assert checked > 40


def test_an_inner_product_in_both_layouts():
    row, column = (render_cell(traced("E-2.3", one), "Z1[1,1]") for one in ("row", "column"))
    assert row == (
        "z1[1,1] = X[1,1]·W1[1,1] + X[1,2]·W1[2,1] + X[1,3]·W1[3,1] + b1[1]\n"
        "        = 1·1 + 0·(-1.5) + 0·0.5 + 0.5\n"
        "        = 1.5\n"
    )
    assert "W1[1,1]·X[1,1] + W1[1,2]·X[2,1] + W1[1,3]·X[3,1] + b1[1]" in column


def test_every_pre_activation_of_an_example_is_written_out():
    for name in ("B-Q1.1", "D-Q3-toy", "E-2.3"):
        for block in blocks(arranged(name)):
            if block.key.startswith("Z"):
                assert len(block.cells) == block.matrices[0].size


def test_a_long_sum_keeps_its_largest_terms_and_the_sum_of_the_others():
    step = trace_example(network(1, (20, 2), (), PAIRS[0])).steps[0]
    whole = cell(step, "Z1", (0, 1))
    short = shortened(whole, 13, 5, step)
    assert short.value == whole.value
    notation = PlainNotation(voice(trace_example(network(1, (20, 2), (), PAIRS[0])), step, 15))
    words = notation.write(short.numbers)
    assert "(15 more: " in words and words.count("·") == 5
    assert "(15 more)" in notation.write(short.symbols)
    assert read(words) == pytest.approx(whole.value, rel=1e-12)
    sizes = np.abs(step.values["X"][0] * step.values["W1"][:, 1])
    for place in np.argsort(-sizes)[:5]:
        assert f"X[1,{place + 1}]·W1[{place + 1},2]" in notation.write(short.symbols)


def test_a_short_sum_is_left_as_it_is():
    step = traced("E-2.3").steps[0]
    found = cell(step, "Z1", (0, 0))
    assert shortened(found, 13, 5, step) is found


def test_the_jacobian_of_softmax():
    step = traced("B-Q2.1").steps[0]
    notation = PlainNotation(voice(traced("B-Q2.1"), step, 15))
    for at, words in (((0, 1, 1), "(1 - "), ((0, 1, 2), "-")):
        found = cell(step, "S3", at)
        assert words in notation.write(found.symbols)
        assert read(notation.write(found.numbers)) == pytest.approx(step.values["S3"][at])


def test_what_is_given_has_no_formula():
    assert cell(traced("E-2.3").steps[0], "W1", (0, 0)) is None
