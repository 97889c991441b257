"""The states of trainings under way, on disk: so that a killed search goes on inside a candidate.

A file holds a block of trainings as it stands (`chainrule.estimators.jobs.Standing`). What is
gone on with has the places that it had, because the last bits of a product depend on them. Files
are replaced whole.
"""

from hashlib import sha256
from pathlib import Path

from chainrule.estimators.checkpoints import Snapshot
from chainrule.estimators.jobs import Standing
from chainrule.search.sealed import read_sealed, write_sealed

__all__ = ["clear", "keep", "kept"]


def keep(folder: Path, kind: str, standing: Standing) -> None:
    """Write a block's state, in place of the one before; ``kind`` is part of the file's name."""
    numbers = list(standing.snapshots)
    arrays = {
        f"{number}/{name}": array
        for number in numbers
        for name, array in standing.snapshots[number].arrays.items()
    }
    facts = [standing.snapshots[number].facts for number in numbers]
    header = {"name": standing.name, "layout": standing.layout, "numbers": numbers, "facts": facts}
    digest = sha256(standing.name.encode()).hexdigest()[:16]
    write_sealed(folder / f"{kind}-{digest}.safetensors", header, arrays)


def kept(folder: Path, kind: str) -> list[Standing]:
    """The states of this kind that are there."""
    return [_read(path) for path in sorted(folder.glob(f"{kind}-*.safetensors"))]


def clear(folder: Path, kind: str) -> None:
    """Remove the states of this kind."""
    for path in folder.glob(f"{kind}-*.safetensors"):
        path.unlink(missing_ok=True)


def _read(path: Path) -> Standing:
    header, found = read_sealed(path)
    snapshots = {
        number: Snapshot(facts, {})
        for number, facts in zip(header["numbers"], header["facts"], strict=True)
    }
    for name, array in found.items():
        number, _, own = name.partition("/")
        snapshots[int(number)].arrays[own] = array
    return Standing(header["name"], tuple(map(tuple, header["layout"])), snapshots)
