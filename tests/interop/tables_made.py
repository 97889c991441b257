"""Tables with every kind of column, networks for them, and their rows for other programs."""

from typing import Any

import numpy as np
import pandas as pd

from chainrule.equations.network import Layer
from chainrule.models import FrozenModel
from chainrule.models.columns import Column
from chainrule.models.table import PERIODS, TableStep, Treatment
from chainrule.tables.encoding import encoded
from chainrule.tables.source import open_source
from chainrule.tables.transformer import TablePreparation

KINDS = {"flat": "number", "code": "category", "alone": "category"}
MOST = float(np.finfo(float).max)
TOWNS = ("Bonn", "Rome", "Köln", "a, b", "1")


def frame(n: int = 80, seed: int = 0) -> pd.DataFrame:
    """Rows of every kind of column, most of them with gaps; numbers are such that float32 has
    them."""
    random = np.random.default_rng(seed)

    def gaps(values: Any, share: float = 0.2) -> Any:
        return pd.Series(values).mask(pd.Series(random.random(n) < share))

    start = np.datetime64("2019-12-28T00:00:00")
    moments = start + random.integers(0, 10**8, n).astype("timedelta64[s]")
    return pd.DataFrame(
        {
            "price (EUR)": gaps(random.normal(2e4, 5e3, n).astype(np.float32).astype(float)),
            "1st": random.integers(-3, 4, n),
            "flat": np.full(n, 2.5),
            "gappy": gaps(np.full(n, 7.0)),
            "town": gaps(random.choice(TOWNS, n, p=[0.5, 0.3, 0.1, 0.05, 0.05])),
            "lift": gaps(random.random(n) < 0.3).astype("boolean"),
            "label": random.random(n) < 0.5,
            "code": random.integers(1, 4, n),
            "alone": np.full(n, "same"),
            "Gemm": random.choice(["x", "y"], n),
            "seen": gaps(moments),
            "built": moments.astype("datetime64[D]").astype("datetime64[s]"),
        }
    )


def asked(n: int = 60) -> pd.DataFrame:
    """Other rows, with levels that are not known, an infinite number and dates far away."""
    rows = frame(n, 1)
    rows["town"] = rows["town"].astype(object).where(rows.index % 7 != 0, "nowhere")
    rows["Gemm"] = rows["Gemm"].where(rows.index % 5 != 0, None)
    rows.loc[rows.index % 9 == 4, "code"] = 12
    rows.loc[3, "price (EUR)"] = np.inf
    rows.loc[4, "seen"] = pd.Timestamp("1883-11-18 12:03:58")
    rows.loc[5, "built"] = pd.NaT
    return rows


def preparation(scaling: str = "robust", dtype: str = "float32", **more: Any) -> TablePreparation:
    settings = {"min_count": 8, "kinds": KINDS, "scaling": scaling, "dtype": dtype}
    return TablePreparation(**settings | more).fit(frame())


def matrix(rows: pd.DataFrame, columns: tuple[Column, ...]) -> np.ndarray:
    """The rows as numbers and codes."""
    return np.concatenate([part for _, part in encoded(open_source(rows), columns, 1000)])


def network(step: Any, task: str = "regression", dtype: str = "float32", **more: Any) -> Any:
    """Random weights behind a step; three outputs, or one for two classes."""
    random = np.random.default_rng(3)
    n_out = 1 if task == "binary" else 3
    W, V = random.normal(size=(step.n_out, 6)) / 3, random.normal(size=(6, n_out))
    layers = (Layer(W, np.zeros(6)), Layer(V, random.normal(size=n_out)))
    ends = {"multiclass": "softmax", "regression": "identity"}
    classes = {"binary": np.array(["no", "yes"]), "multiclass": np.arange(3)}.get(task)
    return FrozenModel(
        task,
        tuple(Layer(W.astype(dtype), b.astype(dtype)) for W, b in layers),
        ("tanh", ends.get(task, "logistic")),
        steps=(step,),
        classes=np.arange(3) if task == "multilabel" else classes,
        feature_names=tuple(column.name for column in step.columns),
        **more,
    )


def bare(step: TableStep) -> FrozenModel:
    """A network that does nothing: its outputs are the prepared rows."""
    layer = Layer(np.eye(step.n_out, dtype=step.dtype), np.zeros(step.n_out, step.dtype))
    return FrozenModel("regression", (layer,), ("identity",), steps=(step,))


def random_step(seed: int, bound: float, dtype: str) -> TableStep:
    """Any columns with any treatments, also such as no training makes."""
    random = np.random.default_rng(seed)
    pairs = [_random_column(random, at) for at in range(random.integers(1, 6))]
    if not any(how.used for _, how in pairs):
        pairs.append((Column("last", "number"), Treatment()))
    columns, treatments = zip(*pairs, strict=True)
    return TableStep(columns, treatments, bound, dtype)


def _random_column(random: np.random.Generator, at: int) -> tuple[Column, Treatment]:
    kind = random.choice(["number", "category", "date"])
    used, missing, others = (random.random(3) < [0.9, 0.5, 0.5]).tolist()
    name = f"{random.choice(['a b', 'a_b', 'X', 'variable', '2'])}{at}"
    if kind == "category":
        levels = tuple(f"level {k}" for k in range(random.integers(1, 6)))
        kept = tuple(k for k in range(len(levels)) if random.random() < 0.6)
        used = used and bool(kept or others or missing)
        return Column(name, "category", levels), Treatment(
            used, missing=missing, kept=kept, others=others
        )
    size = 1e8 if kind == "date" else 10.0
    fill, center = (random.normal(1.6e9 if kind == "date" else 0.0, size, 2)).tolist()
    cycles = tuple(name for name in PERIODS if kind == "date" and random.random() < 0.6)
    scale = size * float(random.uniform(0.3, 3))
    return Column(name, kind), Treatment(used, fill, center, scale, missing, cycles=cycles)


def random_rows(step: TableStep, n: int, seed: int, largest: float = MOST) -> np.ndarray:
    """A matrix for such columns, with gaps and with levels that are not known; where numbers are
    bounded, some are far away, up to the ``largest`` of the type that they come in."""
    random = np.random.default_rng(seed)

    def numbers() -> np.ndarray:
        near = (20 * random.normal(size=n)).astype(np.float32).astype(float)
        far = np.copysign(largest ** np.minimum(random.uniform(0.3, 1.2, n), 1), near)
        return np.where((random.random(n) < 0.2) & np.isfinite(step.bound), far, near)

    def values(column: Column) -> np.ndarray:
        if column.kind == "category":
            found = random.integers(0, len(column.levels) + 1, n).astype(float)
        elif column.kind == "number":
            found = numbers()
        else:
            found = np.round(random.normal(1.6e9, 3e8, n), 2)
        return np.where(random.random(n) < 0.25, np.nan, found)

    return np.stack([values(column) for column in step.columns], axis=1)
