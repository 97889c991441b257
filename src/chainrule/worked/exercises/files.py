"""An exercise's two TOML files, as a teacher would write them: the example, and the blanks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.worked.quantities import STAGES, Quantity, Step, Trace

__all__ = ["ANSWERS", "EXAMPLE", "answers_toml", "example_toml", "size"]

EXAMPLE, ANSWERS = "example.toml", "answers.toml"

LAYOUTS = {
    "row": "W[in][out]: Z = A W + b, samples are rows",
    "column": "W[out][in]: Z = W A + b, samples are columns (X and Y below still have one a row)",
}


def example_toml(table: Mapping[str, Any]) -> str:
    """A worked example's table as a file; keys that have their default value are left out."""
    return "\n".join(_example(table)) + "\n"


def _example(table: Mapping[str, Any]) -> Iterator[str]:
    several = len(table["X"]) > 1
    yield f'title = "{table["title"]}"'
    yield f'layout = "{table["layout"]}"  # {LAYOUTS[table["layout"]]}'
    yield f"activations = {_strings(table['activations'])}  # one for each layer of weights"
    yield f'loss = "{table["loss"]}"'
    if several:
        yield 'reduction = "mean"  # the mean of the samples\' losses'
    yield f"X = {_value(table['X'])}"
    yield f"Y = {_value(table['Y'])}"
    for i, layer in enumerate(table["layers"], 1):
        yield ""
        yield f"[[layers]]  # layer {i}: W{i} and b{i}"
        yield f"W = {_value(layer['W'])}"
        yield f"b = {_value(layer['b'])}"
    if table["penalty"] is not None:
        yield ""
        yield "[penalty]"
        yield f'convention = "{table["penalty"]["convention"]}"'
        yield f"strength = {_value(table['penalty']['strength'])}"
    yield from _update(table["update"])


def _update(update: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "[update]"
    yield f"rate = {_value(update['rate'])}"
    if update["optimizer"] != "sgd":
        yield f'optimizer = "{update["optimizer"]}"'
        settings = OPTIMIZERS[update["optimizer"]].settings
        inside = ", ".join(f"{name} = {_value(value)}" for name, value in settings.items())
        yield f"settings = {{ {inside} }}"
    if update["steps"] != 1:
        yield f"steps = {update['steps']}"


def answers_toml(trace: Trace, asked: Sequence[str], decimals: int) -> str:
    """A blank for every number that is asked for, in the trace's layout and order."""
    return "\n".join(_answers(trace, asked, decimals)) + "\n"


def _answers(trace: Trace, asked: Sequence[str], decimals: int) -> Iterator[str]:
    yield f"# Answers to: {trace.example.title}"
    yield '# Put your number in the place of each "?"; what stays a "?" is left out.'
    yield f"# Write {decimals} decimals, zeros at the end included. Then:"
    yield f"#     chainrule check {EXAMPLE} {ANSWERS}"
    for step in trace.steps:
        if step.number > 1:
            yield ""
            yield f"[step{step.number}]"
        stage = ""
        for key in asked:
            quantity = step.quantity(key)
            if quantity.stage != stage:
                stage = quantity.stage
                yield ""
                yield f"# {STAGES[stage]}"
            yield f"# {quantity.title}{_of(quantity, step)}"
            yield f"{key} = {_value(_blanks(quantity.oriented(trace.layout).shape))}"


def _of(quantity: Quantity, step: Step) -> str:
    shape = size(quantity, step.layout)
    return f" ({shape})" if shape else ""


def size(quantity: Quantity, layout: Any) -> str:
    """``3 × 2``, ``3 numbers``, or nothing for one number."""
    shape = quantity.oriented(layout).shape
    if len(shape) == 1:
        return f"{shape[0]} number{'s' * (shape[0] != 1)}"
    return " × ".join(map(str, shape))


def _blanks(shape: tuple[int, ...]) -> Any:
    if not shape:
        return "?"
    return [_blanks(shape[1:]) for _ in range(shape[0])]


def _value(x: Any) -> str:
    """One number, blank or list; a matrix of several rows has a line for each."""
    if isinstance(x, str):
        return f'"{x}"'
    if not isinstance(x, list):
        return str(int(x)) if x == int(x) else repr(float(x))
    if len(x) > 1 and isinstance(x[0], list):
        return "[\n" + "".join(f"  {_line(row)},\n" for row in x) + "]"
    return _line(x)


def _line(x: Any) -> str:
    return f"[{', '.join(map(_line, x))}]" if isinstance(x, list) else _value(x)


def _strings(x: Sequence[str]) -> str:
    return f"[{', '.join(_value(one) for one in x)}]"
