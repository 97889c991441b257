"""What all tables of a spec have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

__all__ = ["SeedSpec", "Settings", "Table", "combinations", "short"]

Settings = dict[str, Any]


class Table(BaseModel):
    """The base of every table of a spec: frozen, closed to unknown keys, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=())

    @model_serializer(mode="wrap")
    def _plain_values_first(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Fields in an order that is easily read as TOML; theirs says nothing, unlike that of the
        keys in a mapping, which is left alone."""
        table: dict[str, Any] = handler(self)
        return dict(sorted(table.items(), key=lambda item: _is_table(item[1])))


def _is_table(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(map(_is_table, value))
    return isinstance(value, Mapping)


class SeedSpec(Table):
    """``count`` seeds: first, first + 1, ..."""

    count: int = Field(default=20, ge=1)
    first: int = Field(default=0, ge=0)

    @property
    def all(self) -> range:
        return range(self.first, self.first + self.count)


def combinations(over: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, Settings]]:
    """Every combination of the values with its name, the first hyperparameter moving slowest."""
    for values in product(*over.values()):
        pairs = dict(zip(over, values, strict=True))
        yield ",".join(f"{name}={short(value)}" for name, value in pairs.items()), pairs


def short(value: Any) -> str:
    """A value in a name."""
    if isinstance(value, list | tuple):
        return "-".join(map(short, value)) or "none"
    if isinstance(value, dict):
        return "-".join(short(part) for part in value.values())
    return f"{value:g}" if isinstance(value, float) else str(value)
