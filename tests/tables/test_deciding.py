"""What columns are taken for, and what is refused."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from chainrule.errors import DataError
from chainrule.tables import survey as surveying
from chainrule.tables.deciding import decide, decide_target
from chainrule.tables.preparing import fit_table, most_kept
from chainrule.tables.source import open_source
from chainrule.tables.survey import DISTINCT, survey

N = 240
RANDOM = np.random.RandomState(0)


def found(tmp_path, suffix=".parquet", **columns):
    frame = pd.DataFrame(columns)
    if suffix == ".csv":
        frame.to_csv(tmp_path / "t.csv", index=False)
        return survey(open_source(tmp_path / "t.csv"))
    return survey(open_source(frame))


both = pytest.mark.parametrize("suffix", [".csv", ".parquet"])


def only(decisions):
    (one,) = [each for each in decisions if each.name == "a"]
    return one


@both
@pytest.mark.parametrize(
    ("values", "kind", "why"),
    [
        (RANDOM.normal(size=N), "number", "numbers"),
        (RANDOM.randint(0, 3, N), "number", "numbers"),
        (np.where(np.arange(N) % 7, RANDOM.normal(size=N), np.nan), "number", "35 missing"),
        (np.where(np.arange(N) % 7, 1.5, np.inf), "number", "35 infinite, taken as missing"),
        (np.where(np.arange(N) % 7, 1.5, np.nan), "number", "35 missing"),
        (np.full(N, 7.0), None, "left out: '7' in every row"),
        (np.full(N, "same"), None, "left out: 'same' in every row"),
        (np.full(N, np.nan), None, "left out: no value in any row"),
        (np.arange(N) + 5, None, "left out: it numbers the rows"),
        (RANDOM.permutation(N), None, "left out: it numbers the rows"),
        (np.array(["x", "y", "z"])[np.arange(N) % 3], "category", "text, 3 different values"),
        (np.arange(N) % 2 == 0, "category", "2 different values"),
        (pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(N), "D"), "date", "dates"),
    ],
)
def test_the_rule_of_each(tmp_path, suffix, values, kind, why):
    one = only(decide(found(tmp_path, suffix, a=values, b=RANDOM.normal(size=N))))
    assert one.kind == kind
    assert why in one.why


@both
def test_5000_categories(tmp_path, suffix):
    """Names that repeat are a category, of which the commonest have columns of their own."""
    names = np.array([f"name {at}" for at in range(5000)])[np.arange(20_000) % 5000]
    names[:48] = np.repeat(["often", "seldom"], 24)
    one = only(decide(found(tmp_path, suffix, a=names, b=RANDOM.normal(size=20_000))))
    assert (one.kind, len(one.levels)) == ("category", 5002)
    assert one.why == "text, 5,002 different values"
    levels, counts = np.unique(names, return_counts=True)
    assert (one.levels, one.counts) == (tuple(levels.tolist()), tuple(counts.tolist()))
    assert most_kept(one.counts, 10, 64) == 2
    assert most_kept(one.counts, 1, 64) == 64 and most_kept(one.counts, 99, 64) == 1
    codes = np.searchsorted(one.levels, names).astype(float)[:, None]
    (how,) = fit_table(codes, [one.column]).treatments
    assert (len(how.kept), how.others) == (2, True)


@both
def test_text_is_refused_by_name(tmp_path, suffix):
    texts = [f"a text of its own, {at}" for at in range(N)]
    few = {f"t{at}": texts for at in range(2)}
    seen = found(tmp_path, suffix, **few, b=RANDOM.normal(size=N))
    with pytest.raises(DataError, match=r"different: 't0', 't1'\..*--drop 't0'.*--category 't0'"):
        decide(seen)
    with pytest.raises(DataError, match=r"different: 't1'\."):
        decide(seen, drop=["t0"])
    assert [each.kind for each in decide(seen, drop=["t0"], kinds={"t1": "category"})] == [
        None,
        "category",
        "number",
    ]


@both
def test_what_cannot_be_as_asked_for(tmp_path, suffix):
    """It is refused before anything is trained, with the first value that does not go."""
    dates = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(N), "D")
    half = np.where(np.arange(N) < 7, None, "x")
    half[3] = "2.5"
    seen = found(tmp_path, suffix, town=["Bonn", "Rome"] * 120, half=half, since=dates,
                 yes=np.arange(N) % 2 == 0, b=RANDOM.normal(size=N))  # fmt: skip
    for name, kind, text in (
        ("town", "number", r"column 'town', row 1: required a number, came 'Bonn'\..*--number"),
        ("half", "number", r"column 'half', row 8: required a number, came 'x'"),
        ("half", "date", r"column 'half', row 4: required a date .*, came '2.5'.*--date 'half'"),
        ("since", "number", r"'since'.*required a number.*--number 'since'"),
        ("b", "date", r"olumn 'b'.*required a date.*--date 'b'"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=text):
            decide(seen, kinds={name: kind})
    assert decide(seen, kinds={"yes": "category"})[3].levels == ("false", "true")
    if suffix == ".parquet":
        assert decide(seen, kinds={"yes": "number"})[3].kind == "number"


def test_other_values_cannot_be_asked_for():
    table = pa.table({"lists": [[1.0], [2.0]], "b": [1.0, 2.0]})
    for kind in ("number", "category", "date"):
        with pytest.raises(DataError, match=f"'lists'.*--{kind} 'lists'; came other values"):
            decide(survey(open_source(table)), kinds={"lists": kind})


def test_the_words_of_a_file_of_text(tmp_path):
    """All of it is text, of which nobody needs to be told."""
    columns = {
        "a": ["1.5", "2"] * 120,
        "t": ["True", "False"] * 120,
        "d": ["2026-11-22", "2026-11-23"] * 120,
    }
    pl.DataFrame(columns).write_parquet(tmp_path / "t.parquet")
    pl.DataFrame(columns).write_csv(tmp_path / "t.csv")
    for name, text in (("t.csv", ""), ("t.parquet", "text that is ")):
        whys = [each.why for each in decide(survey(open_source(tmp_path / name)))]
        assert whys == [
            f"{text}numbers",
            f"{text}true and false, 2 different values",
            "dates",
        ]


@both
def test_a_decimal_comma(tmp_path, suffix):
    prices = [f"{at},{at % 10}" for at in range(N - 1)] + ["1.234.567,5"]
    seen = found(tmp_path, suffix, few=["1,5", "2", "-3,25"] * 80, many=prices, y=range(N))
    hint = r"decimal comma, as it seems; write them with a point first"
    for refused in (
        lambda: decide(seen),
        lambda: decide(seen, kinds={"many": "number"}),
        lambda: decide_target(seen, "many"),
        lambda: decide_target(seen, "few", "regression"),
    ):
        with pytest.raises(DataError, match=hint):
            refused()
    (few, *_) = decide(seen, drop=["many"])
    assert few.why == "text (numbers with a decimal comma?), 3 different values"
    other = found(tmp_path, suffix, many=[f"{at}, or so" for at in range(N)], b=range(N))
    with pytest.raises(DataError) as caught:
        decide(other)
    assert "decimal comma" not in str(caught.value)


def test_texts_that_may_stand_for_missing(tmp_path):
    """Of a column that is numbers but for some rows."""
    lines = [f"{'none' if at % 9 == 8 else at / 7},{at % 3}" for at in range(N)]
    (tmp_path / "t.csv").write_text("\n".join(["age,y", *lines]))
    seen = survey(open_source(tmp_path / "t.csv"))
    for asked in ({}, {"age": "number"}):
        with pytest.raises(
            DataError, match=r"row 9: required a number, came 'none'.*--missing TEXT"
        ):
            decide(seen, kinds=asked)
    right = survey(open_source(tmp_path / "t.csv", missing=["none"]))
    assert decide(right)[0].why == "numbers; 26 missing"
    with pytest.raises(DataError) as caught:
        decide(found(tmp_path, ".csv", t=[f"no. {at}" for at in range(N)], b=range(N)))
    assert "--missing" not in str(caught.value)


def test_other_values_are_refused_by_name():
    table = pa.table({"lists": [[1.0], [2.0]], "b": [1.0, 2.0], "structs": [{"x": 1}, {"x": 2}]})
    with pytest.raises(DataError, match=r"no numbers, texts or dates: 'lists', 'structs'"):
        decide(survey(open_source(table)))
    with pytest.raises(DataError, match=r"to predict in 'lists'; came values that are neither"):
        decide_target(survey(open_source(table)), "lists")


def test_names_and_kinds_that_are_none(tmp_path):
    seen = found(tmp_path, age=[1.0, 2.5, 3.0])
    with pytest.raises(DataError, match=r"Unknown column 'agee'\. Did you mean 'age'"):
        decide(seen, drop=["agee"])
    with pytest.raises(DataError, match=r"Unknown column 'aje'"):
        decide(seen, kinds={"aje": "number"})
    with pytest.raises(
        DataError, match=r"Unknown kind of column 'numbers'\. Did you mean 'number'"
    ):
        decide(seen, kinds={"age": "numbers"})
    for kind in ("number", "category"):
        with pytest.raises(DataError, match=f"--drop 'age'.*as a {kind} .--{kind} 'age'"):
            decide(seen, drop=["age"], kinds={"age": kind})
    with pytest.raises(DataError, match=r"at least one column.*'age' \(left out, as asked for\)"):
        decide(seen, drop=["age"])


@both
@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (["b", "a"], "classification", ("a", "b")),
        (["10", "9", "x"], "classification", ("10", "9", "x")),
        ([10, 9], "classification", ("9", "10")),
        ([0.0, 1.0, np.nan], "classification", ("0", "1")),
        ([1.0, 2.0, np.inf], "classification", ("1", "2")),
        ([True, False], "classification", ("false", "true")),
        ([0.5, 1.5], "regression", ()),
        (range(21), "regression", ()),
        (range(20), "classification", tuple(map(str, range(20)))),
    ],
)
def test_the_target(tmp_path, suffix, values, task, classes):
    values = [list(values)[at % len(values)] for at in range(N)]
    what = decide_target(found(tmp_path, suffix, y=values, b=range(N)), "y")
    assert (what.task, what.classes) == (task, classes)
    gaps = [x for x in values if isinstance(x, float) and not np.isfinite(x)]
    assert what.missing == len(gaps)


@both
def test_the_task_can_be_said(tmp_path, suffix):
    seen = found(
        tmp_path, suffix, y=np.arange(N) % 4, half=np.arange(N) % 3 / 2, t=["u", "v"] * 120
    )
    assert decide_target(seen, "y", "regression").task == "regression"
    assert decide_target(seen, "half", "classification").classes == ("0", "0.5", "1")
    with pytest.raises(DataError, match=r"Required numbers to predict in 't'"):
        decide_target(seen, "t", "regression")


@both
def test_targets_in_which_nothing_can_be_learnt(tmp_path, suffix):
    seen = found(
        tmp_path,
        suffix,
        same=["x"] * N,
        none=[None] * N,
        names=[f"n{at}" for at in range(N)],
        dates=pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(N), "D"),
        b=range(N),
    )
    for name, said in (
        ("same", "two different values at least.*has only 'x'"),
        ("none", "two different values at least.*no value at all"),
        ("names", "classes repeat"),
        ("dates", "classes or numbers to predict in 'dates'; came dates"),
        ("other", r"Unknown column 'other'"),
    ):
        with pytest.raises(DataError, match=said):
            decide_target(seen, name)


@pytest.mark.parametrize("rows", [1, 7, 100, 1000])
def test_blocks_change_no_decision(tmp_path, monkeypatch, rows):
    """Dates and numbers that begin with gaps, text that begins as numbers."""
    columns = {
        "dates": [None] * 100 + ["2026-11-22", "2025-01-01"] * 70,
        "numbers": [None] * 100 + ["1.5", "2.5"] * 70,
        "mixed": ["1", "2"] * 100 + ["x", "y"] * 20,
        "later": ["2026-11-22", "2025-01-01"] * 100 + ["x", "y"] * 20,
    }
    pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False)
    monkeypatch.setattr(surveying, "ROWS", rows)
    decided = decide(survey(open_source(tmp_path / "t.csv")))
    kinds = {"dates": "date", "numbers": "number", "mixed": "category", "later": "category"}
    assert {each.name: each.kind for each in decided} == kinds
    assert decided[0].why == "dates; 100 missing"


def test_more_values_than_are_counted():
    X = np.arange(DISTINCT + 1.0)[:, None] * 1.5
    one = survey(open_source(X))["x1"]
    assert one.distinct is None
    assert one.lowest == 0 and one.highest == X.max() and not one.whole
    with pytest.raises(DataError, match="too many different values for a category"):
        decide({"x1": one}, kinds={"x1": "category"})


def test_no_rows(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n")
    for table in (pa.table({"a": pa.array([], pa.float64())}), tmp_path / "t.csv"):
        with pytest.raises(DataError, match="no rows"):
            survey(open_source(table))


def test_a_table_of_the_target_alone(tmp_path):
    alone = found(tmp_path, ".csv", a=["u", "v"] * 9)
    with pytest.raises(DataError, match=r"predict from; the table has 'a' only, which is to be"):
        decide(alone, target="a")
