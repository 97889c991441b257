r"""Formulas as LaTeX, for inside ``$...$``; ``amsmath`` and ``amssymb`` suffice.

Markdown takes a backslash before a punctuation mark away, so commands here have names: ``\cr``
for a new row, ``\thinspace`` for a space.
"""

from chainrule.worked.expressions import Expression
from chainrule.worked.names import latex
from chainrule.worked.render.notation import Notation, Rest
from chainrule.worked.render.numbers import scientific, shown

__all__ = ["LatexNotation", "latex_number"]

CONSTANTS = {
    "eta": r"\eta", "lambda": r"\lambda", "alpha": r"\alpha", "momentum": r"\mu",
    "beta_1": r"\beta_{1}", "beta_2": r"\beta_{2}", "epsilon": r"\varepsilon",
    "weight_decay": r"\lambda_{w}", "rho": r"\rho",
}  # fmt: skip
CALLS = {"exp": r"\exp", "log": r"\ln", "max": r"\max", "tanh": r"\tanh", "Phi": r"\Phi",
         "phi": r"\varphi", "logistic": r"\sigma"}  # fmt: skip
SUMS = {"outputs": r"\sum\nolimits_{j}", "samples": r"\sum\nolimits_{i}", "all": r"\sum"}
WORDS = {"∞": r"\infty", "-∞": r"-\infty", "NaN": r"\mathrm{NaN}"}


def latex_number(digits: str) -> str:
    mantissa, exponent = scientific(digits)
    return rf"{mantissa}\cdot 10^{{{exponent}}}" if exponent else WORDS.get(digits, digits)


class LatexNotation(Notation):
    def name(self, key: str, index: tuple[int, ...]) -> str:
        return latex(key, self.voice.names, index)

    def number(self, digits: str) -> str:
        return latex_number(digits)

    def constant(self, name: str) -> str:
        return CONSTANTS.get(name, name)

    def rest(self, x: Rest) -> str:
        if x.value is None:
            return rf"\text{{({x.count} more)}}"
        sum_of = latex_number(shown(x.value, self.voice.decimals))
        return rf"(\text{{{x.count} more: }}{sum_of})"

    def parens(self, inner: str) -> str:
        if r"\frac" in inner or r"\begin" in inner:
            return rf"\left({inner}\right)"
        return f"({inner})"  # within which a long line may break

    def row(self, parts: list[str]) -> str:
        return " ".join(parts)

    def signed(self, sign: str, term: str, first: bool = False) -> str:
        return f"{sign}{term}" if first else f"{sign} {term}"

    def times(self, factors: list[str], entrywise: bool) -> str:
        return (r" \odot " if entrywise else r" \cdot ").join(factors)

    def beside(self, left: str, right: str) -> str:
        return rf"{left}\thinspace {right}"

    def transposed(self, base: str) -> str:
        return rf"{{{base}}}^{{\top}}"

    def fraction(self, above: Expression, below: Expression) -> str:
        return rf"\frac{{{self.write(above)}}}{{{self.write(below)}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{{{base}}}^{{{exponent}}}"

    def call(self, name: str, arguments: list[str]) -> str:
        if name == "sqrt":
            return rf"\sqrt{{{arguments[0]}}}"
        if name == "abs":
            return rf"\left\vert {arguments[0]}\right\vert "
        function = CALLS.get(name, rf"\operatorname{{{name}}}".replace("_", r"\_"))
        return f"{function}{self.parens(', '.join(arguments))}"

    def cases(self, above: str, positive: str, below: str) -> str:
        rows = rf"{above} & \text{{if }} {positive} > 0 \cr {below} & \text{{else}}"
        return rf"\begin{{cases}}{rows}\end{{cases}}"

    def total(self, over: str, inner: str) -> str:
        return f"{SUMS[over]} {inner}"
