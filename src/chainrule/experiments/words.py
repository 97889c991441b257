"""What a spec says of its split, in words; of what is set, and not of what was meant first."""

from collections.abc import Mapping
from typing import Any

__all__ = ["split_row"]

PARTS = {
    "three-way": "three parts",
    "two-way": "two parts",
    "own test": "three parts",
    "own parts": "three parts",
    "all": "one part",
}
STRATIFIED = "at random, each class with its share"


def split_row(
    spec: Mapping[str, Any], *, classes: bool, folders: Mapping[str, str] | None = None
) -> tuple[str, str, str]:
    """The split of a spec as a row of decisions: "split", how many parts, how much is for what and
    how it is cut.

    Args:
        spec: the spec, as plain data.
        classes: whether classes are predicted, which have their share in each part unless the
            split says otherwise.
        folders: of a folder of images, the sub-folders that are parts.
    """
    cut, table = spec["data"]["split"], spec["data"].get("table") or {}
    stratified = classes and cut.get("stratify") is not False
    how = STRATIFIED if stratified else "at random"
    if table.get("stream"):
        how += "; of a sample, as the rows are streamed"
    if folders and cut["scheme"].startswith("own"):
        parts = ", ".join(f"{name}/ ({part})" for part, name in folders.items())
        how = f"the sub-folders are parts: {parts}"
    limit = cut.get("train")
    least = "" if limit is None else f"; of those to train on, {_size(limit)}"
    parts = PARTS.get(cut["scheme"], cut["scheme"])
    return "split", parts, f"{_shares(cut, folders or {})}{least}; {how}"


def _shares(cut: Mapping[str, Any], folders: Mapping[str, str]) -> str:
    scheme, held = cut["scheme"], cut.get("held_out")
    if scheme == "all":
        return "all to train on"
    if scheme == "own parts":
        return "as the folder has it"
    if scheme == "own test":
        train = f" of {folders['train']}/" if "train" in folders else ""
        return f"{folders.get('test', '')}/ tests; {_size(held)}{train} to stop by"
    if scheme not in ("three-way", "two-way") or held is None:
        return str(scheme)
    if isinstance(held, int):
        test = "half of them to stop by and half to test"
        return f"{_size(held)} held out, {test if scheme == 'three-way' else 'to test'}"
    if scheme == "two-way":
        return f"{_size(1 - held)} to train on, {_size(held)} to test"
    half = _size(held / 2)
    return f"{_size(1 - held)} to train on, {half} to stop by, {half} to test"


def _size(size: Any) -> str:
    return f"{size:,} rows" if isinstance(size, int) else f"{100 * size:.4g} %"
