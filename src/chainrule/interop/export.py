"""A model for other worlds, by the ending of the file's name."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from chainrule.errors import InvalidInputError
from chainrule.models.frozen import FrozenModel
from chainrule.models.gaps import told
from chainrule.streams.predict import frozen, model_path, opened_for, rows_of

__all__ = ["EXPORTS", "export"]

MOST = 1 << 16


def export(
    model: Any,
    out: str | os.PathLike[str],
    *,
    int8: str | os.PathLike[str] | None = None,
    force: bool = False,
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
    force
        Replace a file that is there already; never the model that is read.

    Raises
    ------
    InvalidInputError
        Another ending, a model that cannot be written so, a file that is there already, or a place
        where none can be written.
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
    known = frozen(model)
    _check_places(model, path, force)
    try:
        yield from EXPORTS[path.suffix](known, path, int8)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error}.") from error
    if known.image is not None:
        yield (
            f"Its input is an image of {known.image} as a row of {known.image.n_features:,} "
            "numbers from 0 to 255: row by row, the channels of a pixel side by side."
        )
    if known.missing is not None:
        yield (
            f"In files of text {told(known.missing)} stood for a missing value. What was written "
            "reads no files: give it NaN there, or of a category in ONNX the empty text."
        )
    yield f"Wrote {path} ({path.stat().st_size:,} bytes)."


def _check_places(model: Any, path: Path, force: bool) -> None:
    """Whether what is written takes the place of nothing, or of what may go."""
    for each in (path, path.with_suffix(".safetensors")) if path.suffix == ".py" else (path,):
        if not each.exists():
            continue
        if isinstance(model, str | os.PathLike) and each.samefile(model_path(model)):
            raise InvalidInputError(
                f"{each} is the model itself, and would be replaced by weights alone (those of "
                f"{path.name}). Choose another name or folder."
            )
        if not force:
            raise InvalidInputError(
                f"{each} is there already. Choose another name, or replace it (--force)."
            )


def _onnx(model: FrozenModel, path: Path, int8: Any) -> Iterator[str]:
    from chainrule.interop.onnx import input_names, write_onnx

    write_onnx(model, path)
    names = input_names(model)
    if names:
        yield f"Its inputs are the {len(names)} columns of the table, (n, 1) each."
    changed = [f"{name} for {column!r}" for column, name in names.items() if column != name]
    if changed:
        more = f" and {len(changed) - 10} more (see its metadata)" if len(changed) > 10 else ""
        yield f"Names that had to be changed: {', '.join(changed[:10])}{more}."


def _header(model: FrozenModel, path: Path, int8: Any) -> Iterator[str]:
    from chainrule.interop.c import write_header

    rows = None if int8 is None else _rows(model, int8)
    kind: Literal["int8"] | None = None if int8 is None else "int8"
    report = write_header(model, path, name=_identifier(path.stem), quantize=kind, X=rows)
    yield (
        f"{report.arithmetic} arithmetic, {report.parameters:,} parameters, "
        f"{report.constant_bytes:,} bytes of constants."
    )
    if report.change is not None:
        same = report.change.equal_labels
        labels = "" if same is None else f", the same label in {100 * same:.2f} % of the rows"
        yield (
            f"Against float32, on {report.change.rows:,} rows: largest difference "
            f"{report.change.largest_difference:.2g}{labels}."
        )


def _rows(model: FrozenModel, file: Any) -> np.ndarray:
    """The rows of a file, as the model's first step takes them."""
    source = opened_for(model, file)
    return np.concatenate([rows for _, rows in rows_of(source, model, MOST)])


def _identifier(name: str) -> str:
    found = re.sub(r"\W", "_", name)
    return found if found[:1].isalpha() else f"model_{found}"


def _script(model: FrozenModel, path: Path, int8: Any) -> Iterator[str]:
    from chainrule.interop.script import write_script

    write_script(model, path)
    yield f"Its weights are in {path.with_suffix('.safetensors')}."


EXPORTS: Mapping[str, Callable[[FrozenModel, Path, Any], Iterator[str]]] = {
    ".onnx": _onnx,
    ".h": _header,
    ".py": _script,
}
