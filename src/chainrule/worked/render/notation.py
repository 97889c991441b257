"""A formula's tree, written down: what every notation shares, above all where brackets are needed.

A form has a level, from loose to tight; where a place asks for a tighter one, it is bracketed.
"""

from dataclasses import dataclass

from chainrule.worked.example import Layout, Names
from chainrule.worked.expressions import (
    Add,
    Call,
    Cases,
    Constant,
    Expression,
    Fraction,
    Hadamard,
    Kinds,
    MatMul,
    Negative,
    Number,
    Power,
    Product,
    Ref,
    Total,
    Transpose,
)
from chainrule.worked.names import shown_index
from chainrule.worked.render.numbers import exact, shown

__all__ = ["Notation", "Rest", "Value", "Voice"]

CASES, SUM, TOTAL, PRODUCT, POWER, ATOM = range(6)


@dataclass(frozen=True)
class Value(Expression):
    """A quantity's number, in its place in a formula; it is rounded where it is shown."""

    value: float


@dataclass(frozen=True)
class Rest(Expression):
    """The terms of a long sum that are left out: how many, and (filled in) their sum."""

    count: int
    value: float | None = None


@dataclass(frozen=True)
class Voice:
    """What an example settles about how it is written."""

    names: Names
    layout: Layout
    kinds: Kinds
    decimals: int


class Notation:
    """Writes formulas; a subclass says how each form looks."""

    def __init__(self, voice: Voice):
        self.voice = voice

    def write(self, x: Expression, least: int = CASES) -> str:
        """The formula, in brackets where it is looser than ``least``."""
        found, level = self.form(x)
        if level >= least:
            return found
        if isinstance(x, Product | Hadamard) and level < PRODUCT:
            return self._factors(x, PRODUCT)  # brackets around the sign alone
        return self.parens(found)

    def terms(self, x: Expression) -> list[str]:
        """A sum's terms, each with its sign: where a long line may break."""
        if not isinstance(x, Add):
            return [self.write(x)]
        first = x.terms[0]
        found = self.terms(first) if isinstance(first, Add) else [self.write(first, SUM)]
        for term in x.terms[1:]:
            minus = isinstance(term, Negative)
            inner = term.of if isinstance(term, Negative) else term
            found.append(self.signed("-" if minus else "+", self.write(inner, TOTAL)))
        return found

    def form(self, x: Expression) -> tuple[str, int]:
        """The formula without outer brackets, and its level."""
        match x:
            case Ref(key, index):
                at = shown_index(
                    index or (), self.voice.kinds.get(key, "matrix"), self.voice.layout
                )
                return self.name(key, at), ATOM
            case Value(value) | Number(value):
                read = shown(value, self.voice.decimals) if isinstance(x, Value) else exact(value)
                return self.number(read), SUM if read.startswith("-") else ATOM
            case Constant(name, _):
                return self.constant(name), ATOM
            case Rest():
                return self.rest(x), ATOM
            case Add():
                return self.row(self.terms(x)), SUM
            case Negative(of):
                return self.signed("-", self.write(of, PRODUCT), first=True), SUM
            case Product() | Hadamard():
                first = x.factors[0] if isinstance(x, Product) else x.left
                bare = self.form(first)[1] == SUM and isinstance(first, Value)
                return self._factors(x, SUM if bare else PRODUCT), SUM if bare else PRODUCT
            case MatMul(left, right):
                return self.beside(self.write(left, PRODUCT), self.write(right, PRODUCT)), PRODUCT
        return self._rest_of_forms(x)

    def _rest_of_forms(self, x: Expression) -> tuple[str, int]:
        match x:
            case Transpose(of):
                return self.transposed(self.write(of, ATOM)), POWER
            case Fraction(above, below):
                return self.fraction(above, below), PRODUCT
            case Power(base, exponent):
                return self.power(self.write(base, ATOM), exact(exponent)), POWER
            case Call("outer", (left, right)):
                columns = self.transposed(self.write(right, ATOM))
                return self.beside(self.write(left, PRODUCT), columns), PRODUCT
            case Call(name, arguments):
                return self.call(name, [self.write(part) for part in arguments]), ATOM
            case Cases(of, above, below):
                return self.cases(self.write(above), self.write(of), self.write(below)), CASES
            case Total(of, over):
                return self.total(over, self.write(of, PRODUCT)), TOTAL
        raise TypeError(f"No formula: {x!r}.")

    def _factors(self, x: Product | Hadamard, first: int) -> str:
        parts = x.factors if isinstance(x, Product) else (x.left, x.right)
        least = [first, *([PRODUCT] * (len(parts) - 1))]
        written = [self.factor(part, at_least) for part, at_least in zip(parts, least, strict=True)]
        return self.times(written, entrywise=isinstance(x, Hadamard))

    # what the notations differ in

    def factor(self, x: Expression, least: int) -> str:
        """A part of a product; where quotients are written on one line, they need brackets."""
        return self.write(x, least)

    def name(self, key: str, index: tuple[int, ...]) -> str:
        raise NotImplementedError

    def number(self, digits: str) -> str:
        raise NotImplementedError

    def constant(self, name: str) -> str:
        raise NotImplementedError

    def rest(self, x: Rest) -> str:
        raise NotImplementedError

    def parens(self, inner: str) -> str:
        raise NotImplementedError

    def row(self, parts: list[str]) -> str:
        raise NotImplementedError

    def signed(self, sign: str, term: str, first: bool = False) -> str:
        raise NotImplementedError

    def times(self, factors: list[str], entrywise: bool) -> str:
        raise NotImplementedError

    def beside(self, left: str, right: str) -> str:
        raise NotImplementedError

    def transposed(self, base: str) -> str:
        raise NotImplementedError

    def fraction(self, above: Expression, below: Expression) -> str:
        raise NotImplementedError

    def power(self, base: str, exponent: str) -> str:
        raise NotImplementedError

    def call(self, name: str, arguments: list[str]) -> str:
        raise NotImplementedError

    def cases(self, above: str, positive: str, below: str) -> str:
        raise NotImplementedError

    def total(self, over: str, inner: str) -> str:
        raise NotImplementedError
