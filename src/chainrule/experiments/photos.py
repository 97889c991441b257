"""The experiment that ``chainrule train FOLDER`` runs: a network and the obvious baselines on a
folder of images, as a spec that can be kept, changed and run again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.data.photos import Photos, find_photos
from chainrule.errors import DataError
from chainrule.experiments.own import NET, NETWORK
from chainrule.experiments.words import split_row
from chainrule.models.images import Colour, Fit, ImageInput
from chainrule.tables.folder import printable
from chainrule.tables.image_survey import (
    Seen,
    check_size,
    decide_colour,
    decide_size,
    survey_images,
)

__all__ = ["Decided", "PhotoPlan", "plan_photos"]

IMAGE_NET: dict[str, Any] = {
    **NET,
    "hidden_layer_sizes": [256, 128],
    "learning_rate_init": 3e-4,  # pixels are all positive: larger steps leave many units dead
    "dropout": 0.2,
}
SPACE: dict[str, Any] = {
    "learning_rate_init": {"float": [5e-5, 3e-3], "log": True},
    "weight_decay": {"float": [1e-4, 1e-1], "log": True},
    "dropout": {"float": [0.0, 0.5]},
    "hidden_layer_sizes": {"choice": [[128], [256], [128, 64], [256, 128], [512, 256]]},
}

FEWEST = 5
"""Images that a class needs to be in every part."""

LOGISTIC = 3e8
"""Training rows x features x classes up to which logistic regression ends in about half a minute
on two cores; beyond it sees 50 principal components."""

NEIGHBOURS = 4e11
"""All rows x training rows x features up to which the nearest neighbours do."""

TREES = 1e5
"""Training rows x classes up to which boosted trees on 50 components do."""

COMPONENTS = 50
WIDEST = 4096
"""Features of which principal components are found quickly."""

NUMBERS = 1_000_000
"""Of so many pixels at most, images are shown in a part of the report."""


@dataclass(frozen=True)
class Decided:
    """One decision: of what, what, and why."""

    what: str
    taken: str
    why: str


@dataclass(frozen=True)
class PhotoPlan:
    """A spec, and what was decided on the way to it; ``split`` is the one of `decided` that is
    about the split, and ``folders`` are the sub-folders that are parts."""

    spec: dict[str, Any]
    image: ImageInput
    decided: tuple[Decided, ...]
    split: Decided
    folders: Mapping[str, str]

    @property
    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """The decisions: of what, what it is taken for, and why."""
        now = split_row(self.spec, classes=True, folders=self.folders)
        return tuple(
            now if each is self.split else (each.what, each.taken, each.why)
            for each in self.decided
        )


def plan_photos(
    folder: str | Path,
    *,
    size: tuple[int, int] | None = None,
    colour: Colour | None = None,
    fit: Fit = "stretch",
    skip_damaged: bool = False,
    tune: int = 0,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    stratify: bool = True,
) -> PhotoPlan:
    """The experiment on a folder's images.

    60 % are trained on, 20 % decide when to stop (and which candidate is best), 20 % test; or the
    parts that the folder has, see `chainrule.data.photos`.

    Args:
        folder: the folder, with a sub-folder a class.
        size: height and width that the images are brought to; their own if they are all alike and
            at most 32 a side, else 32 x 32.
        colour: "grey" or "rgb"; grey if all images of a sample are.
        fit: as `chainrule.models.images.ImageInput` has it.
        skip_damaged: leave out images that cannot be read, which are an error otherwise.
        tune: so many candidates are searched first.
        settings: of the network, in place of its defaults.
        stratify: keep the share of each class in every part.

    Raises:
        DataError: there are no images, or not as many as it takes.
        InvalidInputError: a size that cannot be.
    """
    photos = find_photos(folder)
    path = photos.folder.resolve()
    if printable(str(path)) != str(path):
        raise DataError(
            f"{printable(str(path))}: the path is no UTF-8, and no spec can hold it. Rename it."
        )
    split = _split(photos, seed, stratify)
    seen = survey_images(photos.folder, photos.all_names)
    decided_size, why_size = decide_size(seen)
    decided_colour, why_colour = decide_colour(seen)
    if size is not None:
        check_size(*size)
        decided_size, why_size = size, "as asked for (--size)"
    if colour is not None:
        decided_colour, why_colour = colour, f"as asked for (--{colour})"
    image = ImageInput(*decided_size, decided_colour, fit)
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", path.name).strip("-.") or "images"
    models, left_out = _models(
        photos, image, {**IMAGE_NET, "random_state": seed, **(settings or {})}
    )
    shown = max(1, min(20, NUMBERS // image.n_features // 10))
    spec: dict[str, Any] = {
        "name": name,
        "kind": "compare",
        "title": f"{path.name}/: {len(photos.class_names)} classes of images",
        "question": "How well can the class of an image be told from its pixels, and is a "
        "perceptron worth it?",
        "chosen": "net",
        "hardest": min(12, shown),
        "source": {"key": "own", "title": f"{path.name}/"},
        "data": {
            "name": name,
            "folder": {
                "path": str(path),
                "size": [image.height, image.width],
                "colour": image.colour,
                "fit": fit,
                "skip_damaged": skip_damaged,
            },
            "split": split,
            "samples": shown,
        },
        "models": models,
        "assumptions": _assumptions(left_out),
    }
    if tune:
        spec["models"]["net"]["search"] = {
            "strategy": "random",
            "n_candidates": tune,
            "on": "validation",
            "seed": seed,
            "space": {each: SPACE[each] for each in SPACE if each not in (settings or {})},
        }
    cut = Decided(*split_row(spec, classes=True, folders=photos.folders))
    rows = [
        *_classes(photos),
        Decided("size", f"{image.height} x {image.width}", why_size),
        Decided("colour", image.colour, why_colour),
        cut,
        *(Decided("passed over", remark, "") for remark in photos.remarks),
        *_damaged(seen, skip_damaged),
        *(Decided("baseline", "left out", each) for each in left_out),
    ]
    return PhotoPlan(spec, image, tuple(rows), cut, photos.folders)


def _split(photos: Photos, seed: int, stratify: bool) -> dict[str, Any]:
    """The split's table; classes that are too small for it are refused."""
    counts = photos.counts("train")
    if "validation" in photos.names:
        return {"scheme": "own parts", "seed": seed}
    if stratify and min(counts) < FEWEST:
        small = photos.class_names[counts.index(min(counts))]
        raise DataError(
            f"{printable(photos.folder.name)}: the class {small!r} has {min(counts)} images to "
            f"train on; required at least {FEWEST}, so that each class is in every part. Add "
            "images, take the sub-folder out, or give up that each part has its share of each "
            "class (--set data.split.stratify=false)."
        )
    if "test" in photos.names:
        return {"scheme": "own test", "held_out": 0.2, "seed": seed}
    return {"scheme": "three-way", "held_out": 0.4, "seed": seed}


def _classes(photos: Photos) -> list[Decided]:
    """A row a class, as far as they are few."""
    counts = {part: photos.counts(part) for part in photos.names}
    rows = []
    for at, name in enumerate(photos.class_names[:20]):
        said = [f"{n[at]:,} {part}" for part, n in counts.items()]
        images = ", ".join(said) if photos.folders else f"{counts['train'][at]:,} images"
        rows.append(Decided(name, f"class: {images}", "a sub-folder"))
    more = len(photos.class_names) - len(rows)
    if more:
        total = sum(sum(each) for each in counts.values())
        rows.append(Decided("...", f"{more:,} more classes", f"{total:,} images in all"))
    return rows


def _damaged(seen: Seen, skip: bool) -> list[Decided]:
    if not seen.damaged:
        return []
    name, why = next(iter(seen.damaged.items()))
    what = "left out" if skip else "an error; --skip-damaged leaves them out"
    return [Decided("unreadable", f"{len(seen.damaged):,}, {what}", f"{printable(name)}: {why}")]


def _models(
    photos: Photos, image: ImageInput, settings: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The network and the baselines that end in reasonable time: nearest neighbours where boosted
    trees do not; and what was left out."""
    total, classes = len(photos.all_names), len(photos.class_names)
    trained = sum(photos.counts("train"))
    if not photos.folders:
        trained = int(0.6 * total)
    elif "validation" not in photos.names:
        trained = int(0.8 * trained)
    unit = {"prepare": ["unit"], "dtype": "float32"}
    models: dict[str, Any] = {
        "net": {"label": "Network", "family": "mlp", **unit, "settings": dict(settings)},
        "majority": {"label": "Always the commonest class", "family": "majority", **unit},
    }
    d, left_out = image.n_features, []
    components = min(COMPONENTS, d, trained - 1)
    reduced = {"prepare": ["unit", f"pca:{components}"], "dtype": "float32"}
    on = f"on a PCA of {components}"
    narrow = d <= WIDEST
    logistic = {"family": "logistic-regression", "settings": {"max_iter": 100}}
    if trained * d * classes <= LOGISTIC:
        models["logistic"] = {"label": "Logistic regression", **logistic, **unit}
    elif narrow and trained * components * classes <= LOGISTIC:
        models["logistic"] = {"label": f"Logistic regression {on}", **logistic, **reduced}
    else:
        left_out.append("logistic regression: would take long on so many pixels")
    # with a fifth model the report would have no room for pictures
    if narrow and trained * classes <= TREES:
        models["trees"] = {
            "label": f"Boosted trees {on}",
            "family": "boosted-trees",
            **reduced,
            "settings": {"random_state": 0},
        }
        return models, left_out
    left_out.append("boosted trees: would take long on so many images, classes or pixels")
    if total * trained * d <= NEIGHBOURS:
        models["neighbours"] = {
            "label": "Five nearest neighbours",
            "family": "k-nearest-neighbours",
            **unit,
            "settings": {"n_neighbors": 5},
        }
    else:
        left_out.append("nearest neighbours: would take long on so many images")
    return models, left_out


def _assumptions(left_out: list[str]) -> list[dict[str, str]]:
    rows = [
        {
            "what": "split",
            "value": "what is not a part by its sub-folder is drawn at random",
            "status": "ours",
            "note": "How many images each part has is told with the data. Images that belong "
            "together, as of one scene, may be in several parts; the test is then too kind.",
        },
        {
            "what": "images",
            "value": "brought to one size and one colour, which are told with the data; "
            "antialiased; upright by their EXIF notes; what is transparent on white",
            "status": "ours",
            "note": "A perceptron sees each pixel by itself: larger images cost more and rarely "
            "help.",
        },
        NETWORK,
    ]
    if left_out:
        rows.append({"what": "left out", "value": "; ".join(left_out), "status": "ours"})
    return rows
