r"""How a quantity is called where it is shown: ``dW2`` as text, LaTeX and MathML.

The style is the example's: ``Z1`` (plain), ``z^[2]`` (bracket) or ``Z₁`` (subscript); gradients
are ``dZ2`` (d), ``δ2`` (delta, for dZ alone; the others are partial) or ``∂L/∂Z2`` (partial).
``first`` numbers the first weight layer's output: with 2, the inputs are ``a1`` and its
pre-activations ``z2``, while its weights stay ``W1``.

One number of a quantity is ``W1[2,3]``: counted from 1, in the example's layout.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from chainrule.worked.example import Layout, Names

__all__ = ["GREEK", "Name", "latex", "mathml", "parsed", "shown_index", "text"]

KEY = re.compile(
    r"(?P<state>velocity_|[mvs]_)?(?P<d>d)?(?P<letter>[A-Za-z])(?P<layer>\d+)?"
    r"(?:_(?P<tag>before|new|data|penalty))?"
)
STATES = {"velocity_": "v", "m_": "m", "v_": "v", "s_": "s"}
TAGS = {"before": "old"}
LOSSES = {
    "L": ("ℓ", ""),
    "loss": ("L", ""),
    "data_loss": ("L", "data"),
    "penalty": ("L", "penalty"),
    "loss_new": ("L", "new"),
}
GREEK = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon",
    "η": r"\eta", "θ": r"\theta", "λ": r"\lambda", "μ": r"\mu", "ν": r"\nu", "π": r"\pi",
    "ρ": r"\rho", "σ": r"\sigma", "τ": r"\tau", "φ": r"\varphi", "χ": r"\chi", "ψ": r"\psi",
    "ω": r"\omega", "Δ": r"\Delta", "Σ": r"\Sigma", "Φ": r"\Phi", "Ψ": r"\Psi", "Ω": r"\Omega",
    "ℓ": r"\ell", "∂": r"\partial", "ŷ": r"\hat{y}",
}  # fmt: skip
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class Name:
    """The parts of a name. ``gradient`` is "", "d", or the letter that L is derived for."""

    letter: str
    layer: str = ""
    tag: str = ""
    state: str = ""
    gradient: str = ""
    index: tuple[int, ...] = ()


def shown_index(index: tuple[int, ...], kind: str, layout: Layout) -> tuple[int, ...]:
    """An index of the row convention as a person reads it: from 1, in the layout."""
    turned = layout == "column" and kind == "matrix"
    return tuple(i + 1 for i in (index[::-1] if turned else index))


def parsed(key: str, names: Names, index: tuple[int, ...] = ()) -> Name:
    """The parts of a key's name; ``index`` as ``shown_index`` gives it."""
    if key in LOSSES:
        letter, tag = LOSSES[key]
        return Name(letter, tag=tag, index=index)
    found = KEY.fullmatch(key)
    if found is None:
        return Name(key, index=index)
    letter, layer = found["letter"], found["layer"] or ""
    if letter in "ZAS" and layer:
        layer = str(int(layer) + names.first - 1)
    if letter == "X" and names.first > 1:
        letter, layer = "A", str(names.first - 1)
    gradient = "" if not found["d"] else "d" if names.gradients == "d" else "partial"
    if letter == "Z" and found["d"] and names.gradients == "delta":
        letter, gradient = "δ", ""
    letter = {"A": names.a, "Z": names.z}.get(letter, letter)
    tag, state = found["tag"] or "", STATES.get(found["state"] or "", "")
    return Name(letter, layer, TAGS.get(tag, tag), state, gradient, index)


def text(key: str, names: Names, index: tuple[int, ...] = ()) -> str:
    """``dW2[1,3]``, ``z^[2]``, ``∂L/∂W₂``, ``W1_new``."""
    name = parsed(key, names, index)
    layer = {
        "plain": name.layer,
        "bracket": f"^[{name.layer}]" if name.layer else "",
        "subscript": name.layer.translate(SUBSCRIPTS),
    }[names.style]
    found = f"{name.letter}{layer}"
    if name.state:
        found = f"{name.state}_{found}"
    if name.tag:
        found = f"{found}_{name.tag}"
    if name.index:
        found = f"{found}[{','.join(map(str, name.index))}]"
    return {"": found, "d": f"d{found}", "partial": f"∂L/∂{found}"}[name.gradient]


@dataclass(frozen=True)
class _Marks:
    """What LaTeX and MathML differ in."""

    letter: Callable[[str], str]
    word: Callable[[str], str]
    number: Callable[[str], str]
    row: Callable[[list[str]], str]
    scripts: Callable[[str, str, str], str]
    fraction: Callable[[str, str], str]
    partial: str
    space: str


def latex(key: str, names: Names, index: tuple[int, ...] = ()) -> str:
    r"""``\mathrm{d}W_{2}[1,3]``, ``z^{[2]}``, ``\frac{\partial L}{\partial W_{2}}``."""
    return _formatted(parsed(key, names, index), names, _LATEX)


def mathml(key: str, names: Names, index: tuple[int, ...] = ()) -> str:
    """The same as presentation MathML, without the ``math`` element around it."""
    return _formatted(parsed(key, names, index), names, _MATHML)


def _formatted(name: Name, names: Names, marks: _Marks) -> str:
    bracket = names.style == "bracket"
    layer = _layer(name.layer, bracket, marks)
    base, below = marks.letter(name.letter), "" if bracket else layer
    above = [layer] if bracket and layer else []
    if name.state:
        inner = marks.scripts(base, below, marks.row(above) if above else "")
        base, below, above = marks.letter(name.state), inner, []
    if name.tag:
        above += [marks.space] if above else []
        above.append(marks.word(name.tag))
    index = ",".join(map(str, name.index))
    if index and bracket and name.layer and not name.state:
        below, index = marks.number(index), ""
    found = marks.scripts(base, below, marks.row(above) if above else "")
    if index:
        found = marks.row([found, marks.number(f"[{index}]")])
    if name.gradient == "d":
        return marks.row([marks.word("d"), found])
    if name.gradient == "partial":
        top = marks.row([marks.partial, marks.letter("L")])
        return marks.fraction(top, marks.row([marks.partial, found]))
    return found


def _layer(layer: str, bracket: bool, marks: _Marks) -> str:
    if not layer:
        return ""
    return marks.number(f"[{layer}]" if bracket else layer)


def _latex_letter(letter: str) -> str:
    plain = letter.isascii() and letter.isalpha()
    if letter in GREEK or (plain and len(letter) == 1):
        return GREEK.get(letter, letter)
    return rf"\mathit{{{letter}}}" if plain else rf"\text{{{letter}}}"


def _latex_scripts(base: str, below: str, above: str) -> str:
    return base + (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")


def _element(tag: str, *parts: str) -> str:
    return f"<{tag}>{''.join(parts)}</{tag}>"


def _mathml_row(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else _element("mrow", *parts)


def _mathml_scripts(base: str, below: str, above: str) -> str:
    tag = {(True, False): "msub", (False, True): "msup", (True, True): "msubsup"}
    both = (bool(below), bool(above))
    return _element(tag[both], base, *filter(None, (below, above))) if any(both) else base


_LATEX = _Marks(
    letter=_latex_letter,
    word=lambda word: rf"\mathrm{{{word}}}",
    number=str,
    row="".join,
    scripts=_latex_scripts,
    fraction=lambda above, below: rf"\frac{{{above}}}{{{below}}}",
    partial=r"\partial ",
    space=r"\thinspace ",
)
_MATHML = _Marks(
    letter=lambda letter: _element("mi", escape(letter)),
    word=lambda word: _element("mtext", escape(word)),
    number=lambda digits: _element("mn", digits),
    row=_mathml_row,
    scripts=_mathml_scripts,
    fraction=lambda above, below: _element("mfrac", above, below),
    partial=_element("mi", "∂"),
    space='<mspace width="0.2em"></mspace>',
)
