"""onnx and skl2onnx, which not everybody has."""

from importlib import import_module
from typing import Any

from chainrule.errors import MissingExtraError

__all__ = ["module_for"]


def module_for(what: str, name: str) -> Any:
    """The module ``name``; where its package is missing, an error that says what needs it."""
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise MissingExtraError(
            f"{what} needs the package {package}. Install it with: pip install 'chainrule[onnx]'"
        ) from error
