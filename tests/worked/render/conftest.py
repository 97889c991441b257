"""What the tests of rendering share: documents, and a reader of written-out numbers."""

import math
import re
from functools import cache

from scipy.special import erfc

from chainrule.worked.calculate import trace
from chainrule.worked.quantities import Trace
from chainrule.worked.render import FORMATS
from chainrule.worked.render.document import Block, Document, document

FUNCTIONS = {
    "exp": math.exp,
    "ln": math.log,
    "root": math.sqrt,
    "tanh": math.tanh,
    "max": max,
    "abs": abs,
    "sign": lambda x: (x > 0) - (x < 0),
    "logistic": lambda z: 1 / (1 + math.exp(-z)),
    "Phi": lambda z: 0.5 * erfc(-z / math.sqrt(2)),
    "phi": lambda z: math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi),
}
SPELT = {"√": "root", "σ": "logistic", "Φ": "Phi", "φ": "phi", "·": "*", ", else": " else"}
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def read(numbers: str) -> float:
    """What a person with a calculator makes of ``0.5·2 + exp(-(1 / 2))²``; 0 ln 0 is 0."""
    for sign, word in SPELT.items():
        numbers = numbers.replace(sign, word)
    numbers = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: f"**{found[0].translate(RAISED)}", numbers)
    numbers = re.sub(r"\^(?=\d)", "**", numbers)
    numbers = re.sub(r"\(\d+ more: ([^()]*)\)", r"(\1)", numbers)
    assert not set(re.findall(r"[A-Za-z_]+", numbers)) - {*FUNCTIONS, "e", "if", "else"}, numbers
    return float(eval(numbers, {"__builtins__": {}}, FUNCTIONS))


@cache
def traced(name: str, layout: str | None = None) -> Trace:
    return trace(name) if layout is None else trace(name, layout=layout)


@cache
def arranged(name: str, layout: str | None = None) -> Document:
    return document(traced(name, layout))


@cache
def written(name: str, layout: str, format: str) -> str:
    """An example in a format; as text, in lines so long that hardly any is broken."""
    options = {"width": 4000} if format == "text" else {}
    return FORMATS[format](arranged(name, layout), **options)


def blocks(found: Document) -> list[Block]:
    return [block for step in found.steps for part in step.sections for block in part.blocks]
