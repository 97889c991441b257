"""Pydantic's errors in the words of someone who wrote a TOML file."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

__all__ = ["explain"]

# pydantic's error type -> what was required
REQUIRED = {
    "bool_type": "true or false",
    "dict_type": "a table of keys and values",
    "finite_number": "a finite number",
    "float_type": "a number, such as 0.5",
    "int_from_float": "a whole number, such as 5",
    "int_type": "a whole number, such as 5",
    "list_type": "a list, such as [1, 2]",
    "model_type": "a table of keys and values",
    "model_attributes_type": "a table of keys and values",
    "string_type": 'a string in quotes, such as "relu"',
    "tuple_type": "a list, such as [1, 2]",
}

TOML_NAME = {
    bool: "a truth value",
    int: "a whole number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "a table",
}


def explain(error: ValidationError, spec: type[BaseModel]) -> str:
    """One sentence or two for each thing that is wrong, each with its place in the file."""
    lines = list(dict.fromkeys(_line(item, spec) for item in error.errors()))
    return " ".join(lines)


def _line(item: Any, spec: type[BaseModel]) -> str:
    place = [part for part in item["loc"] if not _is_branch(part)]
    where = ".".join(map(str, place)) or "the spec"
    kind = item["type"]
    if kind == "extra_forbidden":
        return _unknown_key(where, place, spec)
    if kind == "missing":
        return f"{where}: this key is required and is missing; add it."
    if kind == "value_error":
        return f"{where}: {item['ctx']['error']}."
    came = f"came {item['input']!r} ({TOML_NAME.get(type(item['input']), 'something else')})"
    required = REQUIRED.get(kind) or _lower_first(item["msg"])
    return (
        f"{where}: required {required}; {came}. Correct it in the file, or with --set {where}=..."
    )


def _is_branch(part: object) -> bool:
    """Whether pydantic added this part of the place to name a branch of a union."""
    return isinstance(part, str) and ("[" in part or part in {"float", "int", "dict", "list"})


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _unknown_key(where: str, place: list[Any], spec: type[BaseModel]) -> str:
    known = sorted(_table_at(place[:-1], spec).model_fields)
    near = get_close_matches(str(place[-1]), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{where}: unknown key.{hint} Known here: {', '.join(known)}."


def _table_at(place: list[Any], table: type[BaseModel]) -> type[BaseModel]:
    """The class of the table at that place; names of models and list indices lead no deeper."""
    for part in place:
        if part in table.model_fields:
            table = next(_tables_in(table.model_fields[part].annotation), table)
    return table


def _tables_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _tables_in(argument)
