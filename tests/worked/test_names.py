"""Names in every style, as text, LaTeX and MathML."""

from xml.etree import ElementTree as ET

import pytest

from chainrule.worked.calculate import trace
from chainrule.worked.example import Names, examples, load_example
from chainrule.worked.names import latex, mathml, shown_index, text

PLAIN, COURSE = Names(), Names(style="bracket", gradients="partial", a="h", z="z")
DELTA = Names(style="subscript", gradients="delta", a="a", z="z")
FROM_TWO = Names(style="bracket", a="a", z="z", first=2)


@pytest.mark.parametrize(
    ("key", "plain", "course", "delta"),
    [
        ("X", "X", "X", "X"),
        ("W1", "W1", "W^[1]", "W₁"),
        ("Z2", "Z2", "z^[2]", "z₂"),
        ("A12", "A12", "h^[12]", "a₁₂"),
        ("S1", "S1", "S^[1]", "S₁"),
        ("dZ2", "dZ2", "∂L/∂z^[2]", "δ₂"),
        ("dW2", "dW2", "∂L/∂W^[2]", "∂L/∂W₂"),
        ("dX", "dX", "∂L/∂X", "∂L/∂X"),
        ("dW1_data", "dW1_data", "∂L/∂W^[1]_data", "∂L/∂W₁_data"),
        ("b1_new", "b1_new", "b^[1]_new", "b₁_new"),
        ("m_W1", "m_W1", "m_W^[1]", "m_W₁"),
        ("s_b2", "s_b2", "s_b^[2]", "s_b₂"),
        ("velocity_b1_before", "v_b1_old", "v_b^[1]_old", "v_b₁_old"),
        ("loss", "L", "L", "L"),
        ("L", "ℓ", "ℓ", "ℓ"),
        ("data_loss", "L_data", "L_data", "L_data"),
        ("loss_new", "L_new", "L_new", "L_new"),
    ],
)
def test_text_in_three_styles(key, plain, course, delta):
    assert [text(key, names) for names in (PLAIN, COURSE, DELTA)] == [plain, course, delta]


def test_a_numbering_that_counts_the_inputs():
    assert text("X", FROM_TWO) == "a^[1]"
    assert text("Z1", FROM_TWO) == "z^[2]"
    assert text("W1", FROM_TWO) == "W^[1]"


def test_one_number_of_a_quantity():
    assert text("W1", PLAIN, (2, 3)) == "W1[2,3]"
    assert text("dW2", COURSE, (1, 3)) == "∂L/∂W^[2][1,3]"
    assert latex("W1", PLAIN, (2, 3)) == "W_{1}[2,3]"
    assert latex("Z1", COURSE, (2, 3)) == "z_{2,3}^{[1]}"
    assert "2,3" in mathml("Z1", COURSE, (2, 3))


def test_an_index_is_counted_from_one_and_follows_the_layout():
    assert shown_index((0, 2), "matrix", "row") == (1, 3)
    assert shown_index((0, 2), "matrix", "column") == (3, 1)
    assert shown_index((1,), "columns", "column") == (2,)
    assert shown_index((0, 1, 2), "jacobian", "column") == (1, 2, 3)


def test_latex():
    assert latex("Z2", COURSE) == "z^{[2]}"
    assert latex("dZ2", DELTA) == r"\delta_{2}"
    assert latex("dW2", COURSE) == r"\frac{\partial L}{\partial W^{[2]}}"
    assert latex("dW2", PLAIN) == r"\mathrm{d}W_{2}"
    assert latex("loss_new", PLAIN) == r"L^{\mathrm{new}}"
    assert latex("m_W1", PLAIN) == "m_{W_{1}}"


def test_letters_of_ones_own_are_no_commands():
    names = Names(a="act", z="ζ_%")
    assert latex("A1", names) == r"\mathit{act}_{1}"
    assert mathml("A1", Names(a="<b>")) == "<msub><mi>&lt;b&gt;</mi><mn>1</mn></msub>"


@pytest.mark.parametrize("name", ["B-Q1.1", "D-eq", "E-2.3", "classic-2-2-2"])
@pytest.mark.parametrize("names", [PLAIN, COURSE, DELTA, FROM_TWO])
@pytest.mark.parametrize("optimizer", ["adam", "adagrad"])
def test_every_name_is_well_formed_and_no_two_are_the_same(name, names, optimizer):
    step = trace(name, update={"rate": 0.1, "optimizer": optimizer}).steps[0]
    for key in step:
        ET.fromstring(f"<math>{mathml(key, names)}</math>")
        written = latex(key, names)
        assert written.count("{") == written.count("}")
    assert len({text(key, names) for key in step}) == len(step)


def test_every_example_has_names():
    assert all(text("dW1", load_example(name).names) for name in examples())
