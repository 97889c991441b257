"""The preparation of a table as arrays for a script of PyTorch (``templates/table.py.j2``)."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.models.table import PERIODS, TableStep

__all__ = ["table_arrays"]

Array = npt.NDArray[Any]


def table_arrays(step: TableStep) -> dict[str, Array]:
    """What the script's ``table`` reads, by name.

    It makes the outputs in groups (scaled numbers, cycles, levels, others, gaps), each from the
    ``*_columns`` of the table, and puts them into the order of `TableStep.names` by ``order``.
    ``members`` ``(levels, others)`` says which levels are kept beside each column of others.
    """
    pairs = list(enumerate(zip(step.columns, step.treatments, strict=True)))
    used = [(at, column, how) for at, (column, how) in pairs if how.used]
    scaled = [(at, how) for at, column, how in used if column.kind != "category"]
    groups: dict[str, list[tuple[int, int, float]]] = {
        name: [] for name in ("cycle", "level", "other", "missing")
    }
    place = len(scaled)

    def add(group: str, at: int, number: float = 0.0) -> None:
        nonlocal place
        groups[group].append((place, at, number))
        place += 1

    for at, column, how in used:
        if column.kind == "category":
            for code in how.kept:
                add("level", at, code)
            if how.others:
                add("other", at)
        for cycle in how.cycles:
            add("cycle", at, 2 * np.pi / PERIODS[cycle])
            add("cycle", at, 2 * np.pi / PERIODS[cycle])
        if how.missing:
            add("missing", at)
    places = [*range(len(scaled)), *(each[0] for group in groups.values() for each in group)]
    columns = {
        name: np.array([at for _, at, _ in group], np.int64) for name, group in groups.items()
    }
    numbers = {name: np.array([x for *_, x in group], float) for name, group in groups.items()}
    return {
        "fill": np.array([how.fill for how in step.treatments]),
        "scaled_columns": np.array([at for at, _ in scaled], np.int64),
        "center": np.array([how.center for _, how in scaled]),
        "scale": np.array([how.scale for _, how in scaled]),
        **{f"{name}_columns": found for name, found in columns.items()},
        "speeds": numbers["cycle"],
        "phases": np.tile([0.0, np.pi / 2], len(groups["cycle"]) // 2),
        "codes": numbers["level"],
        "members": (columns["level"][:, None] == columns["other"]).astype(float),
        "order": np.argsort(places),
    }
