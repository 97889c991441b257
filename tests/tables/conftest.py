"""One table in every form that can be read."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

N = 120
FORMS = (
    "csv",
    "tsv",
    "semicolons",
    "parquet",
    "feather",
    "pandas",
    "polars",
    "arrow",
    "categories",
)


def people() -> pd.DataFrame:
    """Numbers with gaps, whole numbers, text, truth values, dates, and whole numbers with gaps,
    which pandas has as floats."""
    random = np.random.RandomState(0)
    age = random.normal(40, 12, N).round(3)
    age[::11] = np.nan
    rooms = random.randint(1, 5, N).astype(float)
    rooms[5] = np.nan
    town = random.choice(["Bonn", "Rome", "Århus, DK", 'the "Hague"'], N).astype(object)
    town[7] = None
    return pd.DataFrame(
        {
            "age": age,
            "floor": random.randint(-2, 40, N),
            "town": town,
            "owner": random.rand(N) > 0.5,
            "since": pd.Timestamp("2020-02-28") + pd.to_timedelta(random.randint(0, 900, N), "D"),
            "rooms": rooms,
        }
    )


@pytest.fixture(scope="session")
def forms(tmp_path_factory):
    """The same rows as each of `FORMS`."""
    folder, frame = tmp_path_factory.mktemp("forms"), people()
    table = pa.Table.from_pandas(frame)
    frame.to_csv(folder / "t.csv", index=False)
    frame.to_csv(folder / "t.tsv", index=False, sep="\t")
    frame.to_csv(folder / "s.csv", index=False, sep=";")
    pq.write_table(table, folder / "t.parquet", row_group_size=37)
    feather.write_feather(table, str(folder / "t.feather"), chunksize=41)
    town = table.column("town").dictionary_encode()
    return {
        "csv": folder / "t.csv",
        "tsv": folder / "t.tsv",
        "semicolons": folder / "s.csv",
        "parquet": folder / "t.parquet",
        "feather": folder / "t.feather",
        "pandas": frame,
        "polars": pl.from_pandas(frame),
        "arrow": table,
        "categories": table.set_column(2, "town", town),
    }
