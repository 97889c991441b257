"""The entrances: formats, options, entries, and what is said of wrong ones."""

import pytest
from tests.worked.render.conftest import traced

from chainrule.errors import ExampleError, InvalidInputError
from chainrule.worked.calculate import trace
from chainrule.worked.render import parse_entry, render, render_cell

UPDATE = {"rate": 0.5, "optimizer": "momentum", "steps": 33}


def test_short_names_of_formats():
    example = traced("E-1.1")
    assert render(example, "md") == render(example, "markdown")
    assert render(example, "tex") == render(example, "latex")
    assert render(example) == render(example, "txt")


def test_decimals_round_the_shown_numbers_alone():
    example = traced("B-Q1.1")
    assert render_cell(example, "A1[1,1]", decimals=2).endswith("= 0.29\n")
    assert render_cell(example, "A1[1,1]", decimals=6).endswith("= 0.291313\n")
    assert render_cell(example, "A1[1,1]", decimals=0).endswith("= 2.9e-1\n")
    assert "Shown to 2 decimals" in render(example, decimals=2)


def test_several_steps():
    example = trace("classic-2-2-2", update=UPDATE)
    ends, whole = (render(example, steps=one) for one in ("ends", "all"))
    assert "STEP 1 OF 33" in ends and "STEP 33 OF 33" in ends and "STEP 2 OF 33" not in ends
    assert all(f"STEP {k} OF 33" in whole for k in range(1, 34))
    losses = [line.split() for line in whole.split("Loss after each step")[1].splitlines()[3:37]]
    assert [int(k) for k, _ in losses] == list(range(34))
    assert [float(x) for _, x in losses] == pytest.approx(example.losses, abs=5e-5)
    few = ends.split("Loss after each step")[1].splitlines()
    assert few[3].split()[0] == "0" and any(line.startswith("   33  ") for line in few)
    assert len(ends) < len(whole) / 5


def test_a_number_of_a_later_step():
    example = trace("classic-2-2-2", update=UPDATE)
    assert render_cell(example, "loss", step=2) != render_cell(example, "loss", step=1)
    assert "v_W1_old[1,1]" in render_cell(example, "velocity_W1[1,1]", step=2)


@pytest.mark.parametrize(
    ("words", "key", "at"),
    [("dW2[3,7]", "dW2", (2, 6)), (" Z1 [ 1 , 2 ] ", "Z1", (0, 1)), ("loss", "loss", ()),
     ("b1[2]", "b1", (1,)), ("S2[1,2,3]", "S2", (0, 1, 2))],
)  # fmt: skip
def test_entries_are_counted_from_one(words, key, at):
    assert parse_entry(words) == (key, at)


@pytest.mark.parametrize("words", ["dW2[", "dW2[a]", "dW2(1,2)", "", "[1,2]", "dW2[-1,2]"])
def test_what_is_no_entry(words):
    with pytest.raises(ExampleError, match="An entry is written like"):
        parse_entry(words)


def test_an_entry_by_its_place_in_the_array():
    for layout in ("row", "column"):
        example = traced("E-2.3", layout)
        value = example["dW1"][1, 0]
        by_index = render_cell(example, "dW1", (1, 0), decimals=17)
        assert by_index == render_cell(example, "dW1[2,1]", decimals=17)
        assert float(by_index.split("=")[-1]) == pytest.approx(value, abs=1e-16)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: render(t, "pdf"), "Unknown format 'pdf'"),
        (lambda t: render(t, "htm"), "Did you mean 'html'"),
        (lambda t: render(t, widht=3), "Unknown option of the format text 'widht'.*width"),
        (lambda t: render(t, "html", width=3), "Unknown option of the format html 'width'"),
        (lambda t: render(t, decimals=18), "whole number from 0 to 17, got 18"),
        (lambda t: render(t, decimals=-1), "from 0 to 17, got -1"),
        (lambda t: render(t, decimals=2.5), "from 0 to 17, got 2.5"),
        (lambda t: render(t, steps="first"), "must be 'ends' or 'all', got 'first'"),
        (lambda t: render_cell(t, "loss", decimals=99), "from 0 to 17, got 99"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(InvalidInputError, match=message):
        call(traced("E-2.3"))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("dW9[1,1]", "Unknown quantity 'dW9'"),
        ("dW1[4,1]", r"dW1 is 3 by 2: its entries go up to dW1\[3,2\], got dW1\[4,1\]"),
        ("dW1[0,1]", r"go up to dW1\[3,2\], got dW1\[0,1\]"),
        ("dW1", r"dW1 is 3 by 2: its entries go up to dW1\[3,2\], got dW1\."),
        ("loss[1]", r"loss is a single number.*got loss\[1\]"),
        ("W1[1,1]", "W1 is given"),
    ],
)
def test_wrong_entries(key, message):
    with pytest.raises(ExampleError, match=message):
        render_cell(traced("E-2.3"), key)


def test_a_wrong_step():
    with pytest.raises(ExampleError, match="steps 1 to 1, got step 2"):
        render_cell(traced("E-2.3"), "loss", step=2)
