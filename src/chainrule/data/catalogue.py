"""What there is, as the command line shows it; nothing is loaded for that."""

from dataclasses import dataclass
from pathlib import Path

from chainrule.data.fetching import fetch as fetch_files
from chainrule.data.files import read
from chainrule.data.folders import Found, in_cache, lacking, of_ones_own
from chainrule.data.generated import GENERATED
from chainrule.data.published import PUBLISHED, Published
from chainrule.data.sources import SOURCES, load
from chainrule.errors import DataError, unknown_name

__all__ = ["Entry", "entries", "fetch", "info"]


@dataclass(frozen=True)
class Entry:
    """A data set in one line."""

    name: str
    here: str  # where it is; "no" if it has to be fetched
    title: str


def entries() -> list[Entry]:
    """Every named data set, and whether it is here already."""
    return [Entry(name, _here(name), _title(name)) for name in SOURCES]


def fetch(name: str) -> str:
    """Fetches a data set, if that is needed, and says where it is.

    Raises:
        DataError: an unknown name, it could not be fetched, or a file in one's own folder is
            damaged.
    """
    row = _published(name)
    if row is None:
        return f"{name} needs no fetching: {_here(name)}."
    if found := of_ones_own(row):
        read(row, found)
        return f"{name} is in your own folder already: {_place(found)}"
    return f"{name} is in {fetch_files(row)}"


def info(name: str) -> list[tuple[str, str]]:
    """What is known of a data set, as pairs of a heading and a text.

    Raises:
        DataError: an unknown name.
    """
    row = _published(name)
    rows = _info_of_files(row) if row else _info_of_arrays(name)
    return [("name", name), ("what", _title(name)), *rows]


def _published(name: str) -> Published | None:
    if name not in SOURCES:
        raise DataError(unknown_name("data set", name, SOURCES))
    return PUBLISHED.get(name)


OTHERS = {
    "diabetes": (
        "442 patients, and how far their diabetes had come a year later: a regression",
        "installed with scikit-learn",
    ),
    "digits": ("1,797 handwritten digits, 8 x 8 grey pixels", "installed with scikit-learn"),
    "toy": ("the five points of a course's first exercise", "drawn from a seed"),
}


def _title(name: str) -> str:
    if name in PUBLISHED:
        return PUBLISHED[name].title
    if name in GENERATED:
        return GENERATED[name].title
    return OTHERS[name][0]


def _here(name: str) -> str:
    if name in GENERATED:
        return "generated"
    if name in OTHERS:
        return OTHERS[name][1]
    found = of_ones_own(PUBLISHED[name]) or in_cache(PUBLISHED[name])
    if found is None:
        return "no"
    return "own folder" if found.own else "cache"


def _place(found: Found) -> Path:
    return found.archive or found.folder


def _info_of_files(row: Published) -> list[tuple[str, str]]:
    found = of_ones_own(row) or in_cache(row)
    training, test = row.rows
    features = 1
    for side in row.image_shape:
        features *= side
    return [
        ("rows", f"{training:,} training, {test:,} test"),
        ("features", f"{features:,} bytes, 0 to 255"),
        ("image", " x ".join(map(str, row.image_shape))),
        ("classes", ", ".join(row.class_names)),
        ("source", row.source),
        ("licence", row.licence),
        ("here", str(_place(found)) if found else f"no. {lacking(row)}"),
        *(("SHA-256", f"{one.sha256}  {name}") for name, one in row.contents.items()),
        *(("mirror", mirror) for mirror in row.archives[0].mirrors),
    ]


def _info_of_arrays(name: str) -> list[tuple[str, str]]:
    data = load(name)
    made = GENERATED.get(name)
    rows = [
        ("rows", f"{len(data.y_train):,}, no test part"),
        ("features", ", ".join(data.feature_names) if made else str(data.X_train.shape[1])),
        ("classes", ", ".join(data.class_names))
        if data.task == "classification"
        else ("target", f"{data.target_name}, {data.y_train.min():g} to {data.y_train.max():g}"),
        ("source", data.source),
        ("licence", data.licence),
        ("SHA-256", f"{data.sha256}  of the values"),
    ]
    if made:
        parameters = f"n (500), noise ({made.noise:g}), seed (0)"
        rows = [("maths", made.maths), ("parameters", parameters), *rows]
    elif data.image_shape:
        rows.insert(2, ("image", " x ".join(map(str, data.image_shape))))
    return rows
