"""Formulas as presentation MathML, which browsers show without help."""

from html import escape

from chainrule.worked.expressions import Expression
from chainrule.worked.names import mathml
from chainrule.worked.render.notation import Notation, Rest
from chainrule.worked.render.numbers import scientific, shown

__all__ = ["MathmlNotation", "math"]

CONSTANTS = {
    "eta": ("η", ""), "lambda": ("λ", ""), "alpha": ("α", ""), "momentum": ("μ", ""),
    "beta_1": ("β", "1"), "beta_2": ("β", "2"), "epsilon": ("ε", ""), "weight_decay": ("λ", "w"),
    "rho": ("ρ", ""),
}  # fmt: skip
CALLS = {"log": "ln", "Phi": "Φ", "phi": "φ", "logistic": "σ"}
SUMS = {"outputs": "j", "samples": "i"}


def math(*parts: str, block: bool = False) -> str:
    """A whole ``math`` element."""
    display = ' display="block"' if block else ""
    return f"<math{display}>{''.join(parts)}</math>"


def _tag(name: str, *parts: str) -> str:
    return f"<{name}>{''.join(parts)}</{name}>"


def _operator(sign: str) -> str:
    return _tag("mo", escape(sign.replace("-", "−")))


class MathmlNotation(Notation):
    def name(self, key: str, index: tuple[int, ...]) -> str:
        return mathml(key, self.voice.names, index)

    def number(self, digits: str) -> str:
        mantissa, exponent = scientific(digits)
        found = _tag("mn", mantissa.lstrip("-"))
        if exponent:
            ten = _tag("msup", _tag("mn", "10"), _tag("mn", exponent.replace("-", "−")))
            found += _operator("·") + ten
        if mantissa.startswith("-"):
            found = '<mo form="prefix">−</mo>' + found
        return found if found.count("<") == 2 else _tag("mrow", found)

    def constant(self, name: str) -> str:
        letter, below = CONSTANTS.get(name, (name, ""))
        found = _tag("mi", letter)
        return _tag("msub", found, _tag("mn", below)) if below else found

    def rest(self, x: Rest) -> str:
        if x.value is None:
            return _tag("mtext", f"({x.count} more)")
        sum_of = self.number(shown(x.value, self.voice.decimals))
        return _tag("mrow", _tag("mtext", f"({x.count} more: "), sum_of, _tag("mtext", ")"))

    def parens(self, inner: str) -> str:
        if "<mfrac>" in inner or "<mtable>" in inner:
            return _tag("mrow", _operator("("), inner, _operator(")"))
        # as high as a letter: browsers put a gap beside brackets that may grow
        return f'<mrow><mo stretchy="false">(</mo>{inner}<mo stretchy="false">)</mo></mrow>'

    def row(self, parts: list[str]) -> str:
        return _tag("mrow", *parts)

    def signed(self, sign: str, term: str, first: bool = False) -> str:
        if first:
            return _tag("mrow", '<mo form="prefix">−</mo>', term)
        sign = sign.replace("-", "−")
        return f'<mo form="infix">{sign}</mo>{term}'

    def times(self, factors: list[str], entrywise: bool) -> str:
        return _tag("mrow", _operator("⊙" if entrywise else "·").join(factors))

    def beside(self, left: str, right: str) -> str:
        return _tag("mrow", left, '<mspace width="0.2em"></mspace>', right)

    def transposed(self, base: str) -> str:
        return _tag("msup", base, _tag("mi", "⊤"))

    def fraction(self, above: Expression, below: Expression) -> str:
        return _tag("mfrac", self.write(above), self.write(below))

    def power(self, base: str, exponent: str) -> str:
        return _tag("msup", base, _tag("mn", exponent))

    def call(self, name: str, arguments: list[str]) -> str:
        if name == "sqrt":
            return _tag("msqrt", arguments[0])
        if name == "abs":
            return _tag("mrow", _operator("|"), arguments[0], _operator("|"))
        function = _tag("mi", escape(CALLS.get(name, name)))
        return _tag("mrow", function, self.parens(_operator(",").join(arguments)))

    def cases(self, above: str, positive: str, below: str) -> str:
        condition = _tag("mtext", "\u00a0if\u00a0") + positive + _operator(">") + _tag("mn", "0")
        first = _tag("mtr", _tag("mtd", above), _tag("mtd", _tag("mrow", condition)))
        second = _tag("mtr", _tag("mtd", below), _tag("mtd", _tag("mtext", "\u00a0else")))
        return _tag("mrow", _operator("{"), _tag("mtable", first, second))

    def total(self, over: str, inner: str) -> str:
        sign = _tag("mo", "∑")
        below = SUMS.get(over)
        mark = _tag("msub", sign, _tag("mi", below)) if below else sign
        return _tag("mrow", mark, inner)
