"""Formulas as plain text: ``A2 = 1 / (1 + exp(-Z2))``."""

from chainrule.worked.expressions import Expression, Fraction
from chainrule.worked.names import text
from chainrule.worked.render.notation import POWER, PRODUCT, Notation, Rest
from chainrule.worked.render.numbers import shown

__all__ = ["PlainNotation"]

CONSTANTS = {
    "eta": "η", "lambda": "λ", "alpha": "α", "momentum": "μ", "beta_1": "β₁", "beta_2": "β₂",
    "epsilon": "ε", "weight_decay": "λ_w", "rho": "ρ",
}  # fmt: skip
CALLS = {"log": "ln", "sqrt": "√", "Phi": "Φ", "phi": "φ", "logistic": "σ"}
SUMS = {"outputs": "Σⱼ", "samples": "Σᵢ", "all": "Σ"}
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class PlainNotation(Notation):
    def name(self, key: str, index: tuple[int, ...]) -> str:
        return text(key, self.voice.names, index)

    def number(self, digits: str) -> str:
        return digits

    def constant(self, name: str) -> str:
        return CONSTANTS.get(name, name)

    def rest(self, x: Rest) -> str:
        sum_of = "" if x.value is None else f": {shown(x.value, self.voice.decimals)}"
        return f"({x.count} more{sum_of})"

    def parens(self, inner: str) -> str:
        return f"({inner})"

    def row(self, parts: list[str]) -> str:
        return " ".join(parts)

    def signed(self, sign: str, term: str, first: bool = False) -> str:
        return f"{sign}{term}" if first else f"{sign} {term}"

    def times(self, factors: list[str], entrywise: bool) -> str:
        return (" ⊙ " if entrywise else "·").join(factors)

    def beside(self, left: str, right: str) -> str:
        return f"{left} {right}"

    def transposed(self, base: str) -> str:
        return f"{base}ᵀ"

    def factor(self, x: Expression, least: int) -> str:
        return self.write(x, POWER if isinstance(x, Fraction) else least)

    def fraction(self, above: Expression, below: Expression) -> str:
        return f"{self.write(above, PRODUCT)} / {self.write(below, POWER)}"

    def power(self, base: str, exponent: str) -> str:
        whole = exponent.lstrip("-").isdigit()
        return f"{base}{exponent.translate(SUPERSCRIPTS)}" if whole else f"{base}^{exponent}"

    def call(self, name: str, arguments: list[str]) -> str:
        return f"{CALLS.get(name, name)}({', '.join(arguments)})"

    def cases(self, above: str, positive: str, below: str) -> str:
        return f"{above} if {positive} > 0, else {below}"

    def total(self, over: str, inner: str) -> str:
        return f"{SUMS[over]} {inner}"
