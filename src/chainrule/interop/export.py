"""A model for other worlds, by the ending of the file's name."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chainrule.errors import InvalidInputError, quoted
from chainrule.interop.measured import MeasuredRows, measured_rows
from chainrule.models.frozen import FrozenModel
from chainrule.models.gaps import told
from chainrule.streams.predict import frozen, model_path
from chainrule.streams.truth import target_of

__all__ = ["EXPORTS", "export"]

LONGEST = 40
"""Characters of what the names in a header begin with, at most, as `write_header` takes it."""


def export(
    model: Any,
    out: str | os.PathLike[str],
    *,
    int8: str | os.PathLike[str] | None = None,
    force: bool = False,
    **options: Any,
) -> Iterator[str]:
    """Write a model as .onnx, .h or .py; sentences on what was written.

    Parameters
    ----------
    model
        The path of a model file or of a run's folder, or a fitted estimator or Pipeline.
    out
        What to write.
    int8
        Of a C header: weights in 8 bits, measured on the rows of this file (or folder of images);
        the accuracy or root mean square error as well, before and after, where the rows have the
        column that the model file says it was trained to predict (of images, sub-folders).
    force
        Replace a file that is there already; never the model that is read.
    options
        How the file of ``int8`` is read, such as ``delimiter``, as `predict_batches` has them.

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
    if int8 is None and options:
        given = ", ".join(options)
        raise InvalidInputError(
            f"{given}: required with a file of rows alone, and none is read. Leave that out, or "
            "name the file to measure 8 bits on (--int8 DATA)."
        )
    known = frozen(model)
    _check_places(model, path, force)
    rows = None if int8 is None else measured_rows(known, int8, target_of(model), **options)
    try:
        yield from EXPORTS[path.suffix](known, path, rows)
    except OSError as error:
        said = error.strerror or error
        raise InvalidInputError(f"{path} cannot be written: {said}.") from error
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


def _onnx(model: FrozenModel, path: Path, rows: Any) -> Iterator[str]:
    from chainrule.interop.onnx import input_names, write_onnx

    write_onnx(model, path)
    names = input_names(model)
    if names:
        yield f"Its inputs are the {len(names)} columns of the table, (n, 1) each."
    changed = [f"{name} for {quoted(column)}" for column, name in names.items() if column != name]
    if changed:
        more = f" and {len(changed) - 10} more (see its metadata)" if len(changed) > 10 else ""
        yield f"Names that had to be changed: {', '.join(changed[:10])}{more}."


def _header(model: FrozenModel, path: Path, rows: MeasuredRows | None) -> Iterator[str]:
    from chainrule.interop.c import write_header
    from chainrule.interop.c.measure import told as changed

    name = _identifier(path.stem)
    if rows is None:
        report = write_header(model, path, name=name)
    else:
        report = write_header(model, path, name=name, quantize="int8", X=rows.X, y=rows.y)
    yield (
        f"{report.arithmetic} arithmetic, {report.parameters:,} parameters, "
        f"{report.constant_bytes:,} bytes of constants."
    )
    if rows is not None and report.change is not None:
        yield changed(report.change, model.layers[0].W.dtype.name)
        if rows.remark:
            yield rows.remark
    yield f"Its names begin with {name}_ or {name.upper()}_."


def _identifier(name: str) -> str:
    """What names in C begin with, by the name of the file: any is brought to one that can be."""
    found = re.sub(r"[^a-z0-9_]", "_", name.lower())
    return found[:LONGEST] if found[0].isalpha() else f"model_{found}"[:LONGEST]


def _script(model: FrozenModel, path: Path, rows: Any) -> Iterator[str]:
    from chainrule.interop.script import write_script

    write_script(model, path)
    yield f"Its weights are in {path.with_suffix('.safetensors')}."


EXPORTS: Mapping[str, Callable[[FrozenModel, Path, Any], Iterator[str]]] = {
    ".onnx": _onnx,
    ".h": _header,
    ".py": _script,
}
