"""``save`` and ``load``: a fitted estimator as one ``.safetensors`` file, and back.

The file holds arrays and a JSON header, and nothing that could run. It is described in
``docs/model_file.md``. Equal models make equal bytes: no time or place is written.
"""

import io
import os
import stat
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any, BinaryIO

from chainrule import __version__
from chainrule.errors import ModelFileError
from chainrule.files import strict_json
from chainrule.files.arrays import check_shapes, check_values
from chainrule.files.atomic import write_bytes
from chainrule.files.container import Layout, dump, read_arrays, read_layout
from chainrule.files.describe import describe
from chainrule.files.digest import digest_of
from chainrule.files.header import FORMAT_VERSION, Header
from chainrule.files.limits import MAX_MODEL_BYTES
from chainrule.files.rebuild import CLASSES, class_named, rebuild
from chainrule.files.refusal import Refused, refuse

__all__ = ["load", "save"]

FRESH_COPY = (
    "The file is damaged or was not written by chainrule.save; get a fresh copy, or save the "
    "model again."
)
UNSAVED = "Nothing was written. Fit the estimator anew, or restore what was changed after fitting."
LIBRARIES = ("numpy", "scikit-learn", "jax")


def save(est: Any, path: str | os.PathLike[str], *, training_state: bool = True) -> None:
    """Save a fitted estimator as one file that is safe to open.

    Parameters
    ----------
    est
        A fitted ``chainrule.MLPClassifier`` or ``MLPRegressor``.
    path
        Where to; usually it ends in ``.safetensors``. A file there is replaced, all or nothing.
    training_state
        Whether ``partial_fit`` can go on after loading as if nothing had happened. Without,
        the file is about a third of the size.
    """
    _check_kind(est)
    try:
        data = to_bytes(est, training_state)
    except Refused as error:
        raise ModelFileError(f"{error} {error.remedy or UNSAVED}") from None
    write_bytes(path, data)


def _check_kind(est: Any) -> None:
    name = type(est).__name__
    if name in CLASSES and type(est) is class_named(name):
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(est, "coefs_")
        return
    accepted = " or ".join(f"chainrule.{each}" for each in CLASSES)
    raise ModelFileError(
        f"Required a fitted {accepted}; came an object of type "
        f"{type(est).__module__}.{type(est).__qualname__}. A model file carries no code, so "
        "subclasses and other estimators cannot be stored: save the network itself."
    )


def to_bytes(est: Any, training_state: bool = True) -> bytes:
    """The file's bytes, checked as they will be when they are read."""
    model, arrays = describe(est, training_state)
    header = {
        "format": "chainrule-model",
        "format_version": FORMAT_VERSION,
        "made_with": _made_with(),
        "model": model.model_dump(exclude_unset=True),
    }
    header["sha256"] = digest_of(header, arrays)
    data = dump(strict_json.dump(header), arrays)
    read_header(io.BytesIO(data), len(data))
    check_values(model, arrays)
    rebuild(model, dict(arrays))
    return data


def _made_with() -> dict[str, str]:
    found = {"chainrule": __version__, "python": python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:  # installed without metadata: nothing to say
            continue
    return found


def load(path: str | os.PathLike[str], *, max_bytes: int = MAX_MODEL_BYTES) -> Any:
    """Load what ``save`` wrote; nothing in the file is executed.

    Parameters
    ----------
    path
        The file.
    max_bytes
        The largest file to read; an array never takes more memory than its bytes in the file.

    Returns
    -------
    The fitted estimator: it predicts, bit for bit, what the saved one does.
    """
    file = Path(path)
    found = file.stat()
    try:
        if not stat.S_ISREG(found.st_mode):
            folder = "a folder (a run's model is its model.safetensors)"
            came = folder if stat.S_ISDIR(found.st_mode) else "a device or pipe"
            refuse("a model file", came, "Give the path of the file.")
        if found.st_size > max_bytes:
            remedy = "If you trust its origin, give a larger max_bytes to load."
            refuse(f"a file of at most {max_bytes} bytes", f"{found.st_size} bytes", remedy)
        with file.open("rb") as stream:
            return from_stream(stream, found.st_size)
    except Refused as error:
        raise ModelFileError(f"{file}: {error} {error.remedy or FRESH_COPY}") from None


def from_stream(stream: BinaryIO, size: int) -> Any:
    """The estimator in a file of ``size`` bytes."""
    raw, header, layout = read_header(stream, size)
    arrays = read_arrays(stream, layout)
    if digest_of(raw, arrays) != header.sha256:
        refuse("contents with the checksum that the header states", "another checksum")
    check_values(header.model, arrays)
    return rebuild(header.model, arrays)


def read_header(stream: BinaryIO, size: int) -> tuple[dict[str, Any], Header, Layout]:
    """The header as JSON and checked, and where the arrays lie; none of them is read yet."""
    layout = read_layout(stream, size)
    raw = strict_json.parse(layout.text.encode("utf-8"), "the model's header")
    header = Header.check(raw)
    came = {name: (place.dtype, tuple(place.shape)) for name, place in layout.places.items()}
    check_shapes(header.model, came)
    return raw, header, layout
