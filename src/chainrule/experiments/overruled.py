"""What ``--set`` says of decisions: taken as if it had been asked for, so that what is told is what
is done."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from chainrule.errors import SpecError
from chainrule.experiments import overrides as overriding
from chainrule.experiments.spec import FolderSpec, TableSpec
from chainrule.experiments.spec_base import Table
from chainrule.experiments.spec_errors import explain

__all__ = ["folder_asked", "table_asked"]

TABLE = "data.table."
FOLDER = "data.folder."
LATER = ("preparation",)
"""What is overruled in the spec itself, since nothing is decided by it."""


class _TableAsked(TableSpec):
    """A table of which the task may still be found out."""

    task: Any = None


class _FolderAsked(FolderSpec):
    """A folder of which size and colour may still be found out."""

    size: Any = None
    colour: Any = None


class _Data(Table):
    table: _TableAsked | None = None
    folder: _FolderAsked | None = None


class _Asked(Table):
    data: _Data = Field(default_factory=_Data)


def table_asked(
    given: Mapping[str, Any], overrides: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is asked of a table, ``given`` and then overruled, and the overrides that are left.

    Args:
        given: ``file``, ``target``, ``task``, ``drop``, ``kinds``, ``options``, ``stream`` and
            ``memory``, as `chainrule.experiments.spec.TableSpec` has them.
        overrides: dotted paths and their values.

    Raises:
        SpecError: a key that is none, or a value that cannot be.
    """
    mine, rest = _divided(TABLE, overrides)
    if not mine:
        return dict(given), rest
    asked = _checked({"table": dict(given)}, mine).table
    assert asked is not None
    return {name: getattr(asked, name) for name in given}, rest


def folder_asked(
    given: Mapping[str, Any], overrides: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same of a folder of images: ``path``, ``size``, ``colour``, ``fit``, ``skip_damaged``."""
    mine, rest = _divided(FOLDER, overrides)
    if not mine:
        return dict(given), rest
    asked = _checked({"folder": dict(given)}, mine).folder
    assert asked is not None
    return {name: getattr(asked, name) for name in given}, rest


def _divided(prefix: str, overrides: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    later = tuple(prefix + name for name in LATER)
    mine = {
        path: value
        for path, value in overrides.items()
        if path.startswith(prefix) and not path.startswith(later)
    }
    return mine, {path: value for path, value in overrides.items() if path not in mine}


def _checked(data: Mapping[str, Any], overrides: Mapping[str, Any]) -> _Data:
    changed = overriding.apply({"data": dict(data)}, overrides)
    try:
        return _Asked.model_validate_json(json.dumps(changed, default=str)).data
    except ValidationError as error:
        raise SpecError(explain(error, _Asked)) from error
