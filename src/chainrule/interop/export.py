"""A model for other worlds, by the ending of the file's name."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chainrule.errors import InvalidInputError
from chainrule.files.light import load_frozen
from chainrule.models.frozen import FrozenModel, freeze

__all__ = ["EXPORTS", "export"]


def export(
    model: Any, out: str | os.PathLike[str], *, int8: str | os.PathLike[str] | None = None
) -> Iterator[str]:
    """Write a model as .onnx, .h or .py; sentences on what was written.

    Parameters
    ----------
    model
        The path of a model file or of a run's folder, or a fitted estimator or Pipeline.
    out
        What to write.
    int8
        Of a C header: weights in 8 bits, measured on the rows of this file.

    Raises
    ------
    InvalidInputError
        Another ending, or a model that cannot be written so.
    MissingExtraError
        What it needs is not installed.
    """
    path = Path(out)
    if path.suffix not in EXPORTS:
        raise InvalidInputError(
            f"{path}: required a name that ends in one of {', '.join(EXPORTS)}."
        )
    if int8 is not None and path.suffix != ".h":
        raise InvalidInputError("8 bits are for a C header: give a name that ends in .h.")
    if isinstance(model, str | os.PathLike):
        file = Path(model)
        frozen = load_frozen(file / "model.safetensors" if file.is_dir() else file)[0]
    else:
        frozen = freeze(model)
    yield from EXPORTS[path.suffix](frozen, path, int8)
    yield f"Wrote {path} ({path.stat().st_size:,} bytes)."


def _onnx(model: FrozenModel, path: Path, int8: Any) -> Iterator[str]:
    from chainrule.interop.onnx import write_onnx

    write_onnx(model, path)
    return iter(())


EXPORTS: Mapping[str, Callable[[FrozenModel, Path, Any], Iterator[str]]] = {".onnx": _onnx}
