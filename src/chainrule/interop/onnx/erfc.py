"""The complementary error function in float64, which onnxruntime's operators do not have.

With x >= 0 and s = 8 / (4 + x) - 1, which is in (-1, 1],

    erfc(x) = e^(-x^2) Q(s) / (4 + x)

where Q(s) = e^(x^2) erfc(x) (4 + x) is so smooth that a polynomial of degree 20 through its values
at Chebyshev's points is right to 6e-15 of it, everywhere.
"""

from functools import cache

import numpy as np

from chainrule.interop.onnx.graph import Graph

__all__ = ["add_erfc"]

DEGREE = 20


def add_erfc(graph: Graph, x: str) -> str:
    """erfc(x) of the values ``x``, none of which is below 0."""
    shifted = graph.node("Add", x, 4.0)
    s = graph.node("Sub", graph.node("Div", 8.0, shifted), 1.0)
    highest, *lower = _coefficients()
    Q: str | float = highest
    for coefficient in lower:  # Horner's rule
        Q = graph.node("Add", graph.node("Mul", s, Q), coefficient)
    bell = graph.node("Exp", graph.node("Neg", graph.node("Mul", x, x)))
    return graph.node("Div", graph.node("Mul", bell, Q), shifted)


@cache
def _coefficients() -> tuple[float, ...]:
    """Those of Q in powers of s, the highest first."""
    from scipy.special import erfcx

    def Q(s: np.ndarray) -> np.ndarray:
        shifted = 8 / (s + 1)
        return np.asarray(erfcx(shifted - 4) * shifted)

    series = np.polynomial.Chebyshev.interpolate(Q, DEGREE)
    powers = series.convert(kind=np.polynomial.Polynomial).coef
    return tuple(powers[::-1].tolist())
