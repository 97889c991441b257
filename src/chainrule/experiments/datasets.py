"""The data set that a spec means: a named one, or a table or folder of one's own."""

from typing import Any

from chainrule.data import DataSet, load, task_of
from chainrule.data.own import load_table
from chainrule.data.photos import load_photos
from chainrule.data.record import Task
from chainrule.experiments.spec import DataSpec, FolderSpec
from chainrule.models.images import ImageInput

__all__ = ["data_of", "data_task", "image_of", "prepared_by", "streams"]


def data_of(spec: DataSpec) -> DataSet:
    """The data set, loaded.

    Raises:
        DataError: it is not here, or not what it should be.
    """
    if spec.folder is not None:
        folder = spec.folder
        return load_photos(folder.path, image_of(folder), skip_damaged=folder.skip_damaged)
    if spec.table is None:
        return load(spec.name, fetch=True, **spec.parameters)
    table = spec.table
    return load_table(
        table.file,
        target=table.target,
        task=table.task,
        drop=table.drop,
        kinds=table.kinds,
        **table.options,
    )


def data_task(spec: DataSpec) -> Task:
    """Whether classes or numbers are to be predicted; nothing is loaded."""
    if spec.folder is not None:
        return "classification"
    return task_of(spec.name) if spec.table is None else spec.table.task


def image_of(folder: FolderSpec) -> ImageInput:
    """What the images of a folder are brought to."""
    return ImageInput(*folder.size, folder.colour, folder.fit)


def prepared_by(spec: DataSpec) -> dict[str, Any]:
    """The settings of the preparation of a table; none of other data."""
    return {} if spec.table is None else spec.table.preparation.model_dump()


def streams(spec: DataSpec) -> bool:
    """Whether the rows are a table's that is streamed."""
    return spec.table is not None and spec.table.stream
