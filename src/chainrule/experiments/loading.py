"""From a recipe's name, a file or a mapping to a checked spec."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chainrule.errors import SpecError, unknown_name
from chainrule.experiments import catalogue, overrides, spec_errors
from chainrule.experiments.spec import SPECS, Spec

__all__ = ["SpecLike", "load", "to_table"]

SpecLike = str | Path | Mapping[str, Any] | Spec


def load(source: SpecLike, changes: Mapping[str, Any] | None = None) -> Spec:
    """The spec of a recipe's name, a path that ends in ``.toml``, a mapping, or a `Spec`.

    Args:
        changes: dotted paths and their new values, as ``--set`` has them.

    Raises:
        SpecError: whatever keeps it from being run, with its place and the nearest known name.
    """
    spec = _validate(_table(source))
    if changes:
        spec = _validate(overrides.apply(to_table(spec), changes))
    return spec


def to_table(spec: Spec) -> dict[str, Any]:
    """The spec as plain data, every default spelled out."""
    return spec.model_dump(mode="json")


def _table(source: SpecLike) -> dict[str, Any]:
    if isinstance(source, Spec):
        return to_table(source)
    if isinstance(source, Mapping):
        return dict(source)
    if isinstance(source, Path) or source.endswith(".toml"):
        return _parse(_read(Path(source)), str(source))
    return _parse(catalogue.read(source), source)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            f"Required a readable TOML file; {path} is not one ({error}). "
            "`chainrule recipes` lists the names that need no file."
        ) from error


def _parse(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{name} is not valid TOML: {error}. Correct it there.") from error


def _validate(table: dict[str, Any]) -> Spec:
    kind = table.get("kind")
    if not isinstance(kind, str):
        known = ", ".join(sorted(SPECS))
        raise SpecError(f"kind: required one of {known}; came {kind!r}. Add kind = '...'.")
    if kind not in SPECS:
        raise SpecError("kind: " + unknown_name("kind of experiment", kind, SPECS))
    try:
        # By way of JSON, since that is where pydantic's strict mode takes a list for a tuple.
        return SPECS[kind].model_validate_json(json.dumps(table, default=str))
    except ValidationError as error:
        raise SpecError(spec_errors.explain(error, SPECS[kind])) from error
