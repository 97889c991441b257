"""``chainrule train FOLDER``: what is said of images, and what is run."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import InvalidInputError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["of_images_alone", "of_tables_alone", "train_photos"]


def of_tables_alone(given: Mapping[str, Any]) -> None:
    """Refuses options of tables, where the data are a folder of images."""
    named = [name for name, value in given.items() if value]
    if named:
        raise InvalidInputError(
            f"{', '.join(named)}: for tables; the classes of a folder of images are its "
            "sub-folders. Leave it out."
        )


def of_images_alone(given: Mapping[str, Any]) -> None:
    """Refuses options of images, where the data are a table."""
    named = [name for name, value in given.items() if value not in (None, False)]
    if named:
        raise InvalidInputError(f"{', '.join(named)}: for folders of images. Leave it out.")


def train_photos(
    folder: Path,
    console: "Console",
    changes: Mapping[str, Any],
    *,
    size: str | None,
    grey: bool | None,
    crop: bool,
    skip_damaged: bool,
    tune: int,
    seed: int,
    settings: Mapping[str, Any],
    out: Path | None,
    force: bool,
    dry_run: bool,
) -> None:
    """Decide, say so, and run it."""
    from chainrule.cli.decided import print_plan
    from chainrule.experiments import run as run_experiment
    from chainrule.experiments.datasets import data_of
    from chainrule.experiments.loading import load
    from chainrule.experiments.photos import plan_photos
    from chainrule.tables.image_survey import parse_size

    found = plan_photos(
        folder,
        size=None if size is None else parse_size(size),
        colour=None if grey is None else ("grey" if grey else "rgb"),
        fit="crop" if crop else "stretch",
        skip_damaged=skip_damaged,
        tune=tune,
        seed=seed,
        settings=settings,
        stratify=changes.get("data.split.stratify") is not False,
    )
    print_plan(found, console, changes, whole=dry_run)
    if dry_run:
        return
    with console.status("Reading the images"):  # what cannot be read is said before a run begins
        data_of(load(found.spec, changes).data)
    run_experiment(found.spec, out=out, overrides=changes, console=console, force=force)
