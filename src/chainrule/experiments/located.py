"""Where the data of a spec lie: a path in a spec's file is relative to the folder of that file.

So a run's own ``spec.toml`` can name the table that lies beside it, and the folder can be moved.
"""

from pathlib import Path
from typing import TypeVar

from chainrule.experiments.loading import SpecLike
from chainrule.experiments.spec import Spec

__all__ = ["folder_of", "located", "path_of"]

AnySpec = TypeVar("AnySpec", bound=Spec)


def folder_of(source: SpecLike) -> Path:
    """What the paths in a spec are relative to: the folder of its file, or else the working one."""
    if isinstance(source, Path) or (isinstance(source, str) and source.endswith(".toml")):
        return Path(source).absolute().parent
    return Path.cwd()


def path_of(spec: Spec) -> Path | None:
    """The file or folder with the data of one's own, as the spec says it; None of a named set."""
    if spec.data.table is not None:
        return Path(spec.data.table.file)
    return None if spec.data.folder is None else Path(spec.data.folder.path)


def located(spec: AnySpec, folder: Path) -> AnySpec:
    """The spec with a whole path; one that is relative is taken to begin in ``folder``."""
    path = path_of(spec)
    if path is None or path.is_absolute():
        return spec
    whole, data = str(folder.absolute() / path), spec.data
    if data.table is not None:
        data = data.model_copy(update={"table": data.table.model_copy(update={"file": whole})})
    if data.folder is not None:
        data = data.model_copy(update={"folder": data.folder.model_copy(update={"path": whole})})
    return spec.model_copy(update={"data": data})
