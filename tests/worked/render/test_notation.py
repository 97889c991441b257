"""Brackets stand where they are needed."""

import pytest
from tests.worked.render.conftest import traced

from chainrule.worked.expressions import (
    Add,
    Call,
    Cases,
    Constant,
    Fraction,
    MatMul,
    Negative,
    Number,
    Power,
    Product,
    Ref,
    Total,
    Transpose,
    minus,
)
from chainrule.worked.render.document import voice
from chainrule.worked.render.mathml import MathmlNotation
from chainrule.worked.render.notation import Value
from chainrule.worked.render.plain import PlainNotation
from chainrule.worked.render.tex import LatexNotation

X, Y, W = Ref("X"), Ref("Y"), Ref("W1")


def notation(kind):
    return kind(voice(traced("E-2.3"), traced("E-2.3").steps[0], 4))


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        (minus(X, minus(X, Y)), "X - (X - Y)"),
        (Add((X, Negative(Y))), "X - Y"),
        (Product((X, Add((X, Y)))), "X·(X + Y)"),
        (Product((Value(-2.0), Value(-3.0))), "-2·(-3)"),
        (Add((X, Value(-3.0))), "X + (-3)"),
        (minus(X, Value(-3.0)), "X - (-3)"),
        (Power(Value(-2.0), 2), "(-2)²"),
        (Power(minus(X, Y), 2), "(X - Y)²"),
        (Fraction(minus(X, Y), Product((Number(2), Y))), "(X - Y) / (2·Y)"),
        (Product((Fraction(Number(1), Number(2)), X)), "(1 / 2)·X"),
        (Negative(Add((X, Y))), "-(X + Y)"),
        (Call("exp", (Negative(Value(-1.0)),)), "exp(-(-1))"),
        (MatMul(Transpose(X), W), "Xᵀ W1"),
        (Transpose(MatMul(X, W)), "(X W1)ᵀ"),
        (Product((Number(2), Total(X, "samples"))), "2·(Σᵢ X)"),
        (Add((Cases(X, Number(1), Number(0)), Y)), "(1 if X > 0, else 0) + Y"),
    ],
)
def test_plain(formula, words):
    assert notation(PlainNotation).write(formula) == words


def test_latex_and_mathml_of_the_same():
    formula = Product((Fraction(Number(1), Number(2)), Power(minus(X, Y), 2)))
    assert notation(LatexNotation).write(formula) == r"\frac{1}{2} \cdot {(X - Y)}^{2}"
    found = notation(MathmlNotation).write(formula)
    assert "<mfrac><mn>1</mn><mn>2</mn></mfrac>" in found and "<msup>" in found


def test_a_number_in_tens():
    assert notation(LatexNotation).write(Value(1.25e-7)) == r"1.2\cdot 10^{-7}"
    assert notation(PlainNotation).write(Value(1.25e-7)) == "1.2e-7"


def test_sizes_stand_between_bars_where_a_formula_is_set():
    size = Power(Call("abs", (minus(X, Y),)), 2)
    assert notation(PlainNotation).write(size) == "abs(X - Y)²"
    assert r"\left\vert X - Y\right\vert" in notation(LatexNotation).write(size)
    words = notation(MathmlNotation).write(size)
    assert words.count("<mo>|</mo>") == 2 and "abs" not in words


@pytest.mark.parametrize(
    ("kind", "words"), [(PlainNotation, "ρ"), (LatexNotation, r"\rho"), (MathmlNotation, ">ρ<")]
)
def test_the_decay_of_rmsprop_is_rho(kind, words):
    assert words in notation(kind).write(Constant("rho", 0.9))
