"""A trace as JSON: every number in full, by key and step, in the example's layout.

The keys, which ``format`` numbers: they change only together with it.

- ``format``: 1; ``name``, ``title``, ``source``, ``layout``, ``activations``, ``loss``,
  ``reduction``, ``penalty``, ``update``: the example's settings, null where it has none;
- ``remarks``, ``notes``, ``questions``, ``printed``, ``printed_last``: what its file says in words,
  and the document's numbers, as strings with their decimals;
- ``losses``: before each step, and after the last where there is an update;
- ``steps``: for each its ``number``, its ``rows`` of the data (counted from 0), and by key its
  ``quantities``, in the order of the calculation: ``title``, ``stage``, ``layer`` (0: none),
  ``kind`` (matrix, rows, columns, scalar, jacobian), ``formula`` and ``also`` (a second formula)
  as text or null, and ``value``: nested lists as ``trace.steps[k][key]`` has them.

A float is written with the digits that give the same float back; one that is not finite is the
string "nan", "inf" or "-inf", which ``float`` reads.
"""

import json as text
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from chainrule.worked.expressions import Expression
from chainrule.worked.quantities import Quantity, Step, Trace
from chainrule.worked.render.cells import Cell
from chainrule.worked.render.document import Document, laid_out, voice
from chainrule.worked.render.plain import PlainNotation

__all__ = ["as_json", "cell_data", "data", "json"]

FORMAT = 1


def json(found: Document) -> str:
    """The whole trace, whatever part of it the document shows."""
    return as_json(data(found.trace))


def data(trace: Trace, notation: PlainNotation | None = None) -> dict[str, Any]:
    """The trace as dictionaries, lists, strings and numbers."""
    example = trace.example
    notation = notation or PlainNotation(voice(trace, trace.steps[0], 4))
    return {
        "format": FORMAT,
        "name": example.name,
        "title": example.title,
        "source": example.source,
        "layout": trace.layout,
        "activations": list(example.activations),
        "loss": example.loss,
        "reduction": example.reduction,
        "penalty": None if example.penalty is None else example.penalty.model_dump(),
        "update": None if example.update is None else example.update.model_dump(),
        "remarks": list(trace.remarks),
        "notes": [note.model_dump() for note in example.notes],
        "questions": [question.model_dump() for question in example.questions],
        "printed": dict(example.printed),
        "printed_last": dict(example.printed_last),
        "losses": trace.losses,
        "steps": [_step(trace, step, notation) for step in trace.steps],
    }


def as_json(found: Any) -> str:
    """Strict JSON: a number that is not finite is the string "nan", "inf" or "-inf"; a printed
    number keeps its decimals as a string."""
    return text.dumps(_plain(found), ensure_ascii=False, allow_nan=False) + "\n"


def cell_data(found: Cell, notation: PlainNotation) -> dict[str, Any]:
    """One number written out; the value in full, the formulas as text."""
    return {
        "name": notation.write(found.name),
        "symbols": notation.write(found.symbols),
        "numbers": notation.write(found.numbers),
        "value": found.value,
    }


def _step(trace: Trace, step: Step, notation: PlainNotation) -> dict[str, Any]:
    quantities = step.quantities.values()
    return {
        "number": step.number,
        "rows": list(step.rows),
        "quantities": {one.key: _quantity(one, trace, notation) for one in quantities},
    }


def _quantity(one: Quantity, trace: Trace, notation: PlainNotation) -> dict[str, Any]:
    def written(formula: Expression | None) -> str | None:
        formula = laid_out(formula, trace)
        return None if formula is None else notation.write(formula)

    return {
        "title": one.title,
        "stage": one.stage,
        "layer": one.layer,
        "kind": one.kind,
        "formula": written(one.formula),
        "also": written(one.also),
        "value": one.oriented(trace.layout),
    }


def _plain(x: Any) -> Any:
    match x:
        case Mapping():
            return {str(key): _plain(value) for key, value in x.items()}
        case list() | tuple():
            return [_plain(value) for value in x]
        case np.ndarray() | np.generic():
            return _plain(x.tolist())
        case Decimal():
            return str(x)
        case float() if not np.isfinite(x):
            return str(x)
    return x
