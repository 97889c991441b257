"""``save`` and ``load``: a fitted estimator as one ``.safetensors`` file, and back.

The file holds arrays and a JSON header, and nothing that could run. It is described in
``docs/model_file.md``. Equal models make equal bytes: no time or place is written.
"""

import io
import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Any, BinaryIO

from pydantic import ValidationError

from chainrule import __version__
from chainrule.errors import ModelFileError
from chainrule.files import strict_json
from chainrule.files.arrays import check_values
from chainrule.files.atomic import write_bytes
from chainrule.files.container import dump
from chainrule.files.describe import describe, searched
from chainrule.files.digest import digest_of
from chainrule.files.header import About, version_of
from chainrule.files.limits import MAX_MODEL_BYTES
from chainrule.files.reading import opened, read, read_header
from chainrule.files.rebuild import rebuild
from chainrule.files.refusal import Refused, explain

__all__ = ["load", "save"]

UNSAVED = "Nothing was written. Fit the estimator anew, or restore what was changed after fitting."
LIBRARIES = ("numpy", "scikit-learn", "jax")


def save(
    est: Any,
    path: str | os.PathLike[str],
    *,
    training_state: bool = True,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Save a fitted estimator as one file that is safe to open.

    Parameters
    ----------
    est
        A fitted ``chainrule.MLPClassifier`` or ``MLPRegressor``; a scikit-learn Pipeline that ends
        in one, whose other steps are scalers, a PCA or a SimpleImputer of scikit-learn's; or a
        search that was refitted, whose ``best_estimator_`` is saved.
    path
        Where to; usually it ends in ``.safetensors``. A file there is replaced, all or nothing.
    training_state
        Whether ``partial_fit`` can go on after loading as if nothing had happened. Without,
        the file is about a third of the size.
    about
        Facts that ``info`` tells: ``task``, ``target``, ``source``, ``fingerprint``, ``rows``,
        ``metrics`` (a number for each name), ``search``. A search tells of itself. ``image``
        (``height``, ``width``, ``colour``: "grey" or "rgb", ``fit``: "stretch" or "crop") lets the
        model take folders of images; its rows are then `chainrule.models.images.ImageInput`'s.
        ``missing``, a list of texts, says what stands for a value that is not there in files of
        text (.csv, .tsv) that the model is given, in place of the usual texts.
    """
    try:
        data = to_bytes(*_best_of(est, about), training_state=training_state)
    except Refused as error:
        raise ModelFileError(f"{error} {error.remedy or UNSAVED}") from None
    write_bytes(path, data)


def _best_of(est: Any, about: Mapping[str, Any] | None) -> tuple[Any, Mapping[str, Any] | None]:
    """Of a search its best estimator, and how it was found; anything else as it is."""
    if not hasattr(est, "best_estimator_") or not hasattr(est, "cv_results_"):
        return est, about
    found = searched(
        str(getattr(est, "strategy", type(est).__name__)),
        len(est.cv_results_["params"]),
        getattr(est, "best_score_", float("nan")),
        est.best_params_,
    )
    return est.best_estimator_, {**(about or {}), "search": found}


def to_bytes(
    est: Any, about: Mapping[str, Any] | None = None, *, training_state: bool = True
) -> bytes:
    """The file's bytes, checked as they will be when they are read."""
    model, arrays = describe(est, training_state)
    facts = _checked(about)
    header: dict[str, Any] = {
        "format": "chainrule-model",
        "format_version": version_of(model, facts),
        "made_with": _made_with(),
        "model": model.model_dump(exclude_unset=True),
    }
    if facts is not None:
        header["about"] = facts.model_dump(exclude_unset=True)
    header["sha256"] = digest_of(header, arrays)
    data = dump(strict_json.dump(header), arrays)
    read_header(io.BytesIO(data), len(data))
    check_values(model, arrays)
    rebuild(model, dict(arrays))
    return data


def _checked(about: Mapping[str, Any] | None) -> About | None:
    try:
        return None if about is None else About.model_validate(dict(about))
    except ValidationError as error:
        explain(error, "the facts about the model")


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
    The fitted estimator or Pipeline: it predicts, bit for bit, what the saved one does.
    """
    with opened(path, max_bytes) as (stream, size):
        return from_stream(stream, size)


def from_stream(stream: BinaryIO, size: int) -> Any:
    """The estimator in a file of ``size`` bytes."""
    header, arrays = read(stream, size)
    return rebuild(header.model, arrays)
