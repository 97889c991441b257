"""No message prints a megabyte of somebody's file, whatever is in it."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from chainrule.errors import DataError
from chainrule.models.columns import Column
from chainrule.streams.labels import ClassLabels
from chainrule.tables.asking import check_asked, check_target_alone
from chainrule.tables.deciding import decide, decide_target
from chainrule.tables.encoding import check_texts, encoded
from chainrule.tables.source import open_source
from chainrule.tables.survey import survey

LONG = "x\n," * 50_000
N = 240


def surveyed(**columns):
    return survey(open_source(pd.DataFrame(columns)))


def matrix(column, values, name=LONG):
    return list(encoded(open_source(pa.table({name: values})), (column,), 9))


def labels():
    label = ClassLabels("t", "a")
    for block in open_source(pa.table({"a": [LONG]})).blocks(9):
        label.encoded(block)
    label.settled()


many = {f"{at}{LONG}": [f"{row}{LONG[:60]}" for row in range(N)] for at in range(20)}
NUMBERS = np.arange(N) % 7 / 3
CASES = {
    "the only class": lambda: decide_target(surveyed(a=[LONG] * 9), "a"),
    "a target of dates": lambda: decide_target(
        surveyed(**{LONG: pd.to_datetime(["2026-01-01"] * 3)}), LONG
    ),
    "a target of one value": lambda: decide_target(surveyed(**{LONG: [1.0] * 3}), LONG),
    "a target without value": lambda: decide_target(surveyed(**{LONG: [np.nan] * 3}), LONG),
    "numbers wanted": lambda: decide_target(surveyed(**{LONG: ["a", "b"]}), LONG, "regression"),
    "classes wanted": lambda: decide_target(
        surveyed(**{LONG: NUMBERS + np.arange(N)}), LONG, "classification"
    ),
    "columns of text": lambda: decide(surveyed(**many)),
    "other values": lambda: decide(surveyed(**{name: [[1]] * 3 for name in many})),
    "decimal commas": lambda: decide(
        surveyed(**{name: [f"{row},5" for row in range(N)] for name in many})
    ),
    "nothing left": lambda: decide(surveyed(**{name: [LONG] * 3 for name in many})),
    "no target": lambda: decide_target(surveyed(**{LONG: [1]}), LONG[:-1]),
    "too many levels": lambda: decide(
        surveyed(**{LONG: [str(row) for row in range(20_001)]}), kinds={LONG: "category"}
    ),
    "a strange kind": lambda: decide(surveyed(**{LONG: [[1]]}), kinds={LONG: "number"}),
    "no number": lambda: decide(surveyed(**{LONG: [LONG]}), kinds={LONG: "number"}),
    "no date": lambda: decide(surveyed(**{LONG: [LONG]}), kinds={LONG: "date"}),
    "asked twice": lambda: check_asked([LONG], [LONG], {LONG: "date"}),
    "the target dropped": lambda: check_target_alone(LONG, [LONG], {}),
    "the target taken for": lambda: check_target_alone(LONG, [], {LONG: "date"}),
    "a text for a number": lambda: matrix(Column(LONG, "number"), [LONG]),
    "a list for a number": lambda: matrix(Column(LONG, "category", ("a",)), [[1]]),
    "a number for texts": lambda: matrix(Column(LONG, "category", (LONG,)), [1.0]),
    "a text for numbers": lambda: check_texts(
        open_source(pa.table({LONG: [LONG]})), [Column(LONG, "category", ("1", "2"))]
    ),
    "a text for truths": lambda: matrix(Column(LONG, "category", ("false", "true")), [LONG]),
    "columns missing": lambda: matrix(Column(LONG, "number"), [1], LONG[:-1]),
    "one streamed class": labels,
}


@pytest.mark.parametrize("case", CASES)
def test_messages_are_short(case):
    with pytest.raises(DataError) as caught:
        CASES[case]()
    assert 20 < len(str(caught.value)) < 2500


def test_decisions_are_short():
    assert max(len(each.why) for each in decide(surveyed(a=[LONG] * 9, b=NUMBERS[:9]))) < 150


def test_of_a_file(tmp_path):
    path = tmp_path / "t.csv"
    for text, options in (
        (f"{'1' * 9999},2\n", {}),
        ("a,b\n1,2\n", {"delimiter": LONG}),
        ("a,b\n1,2\n", {"encoding": "x" * 9999}),
        ("a,b\n1,2\n", {"x" * 9999: 1}),
    ):
        path.write_text(text)
        with pytest.raises(DataError) as caught:
            open_source(path, **options)
        assert len(str(caught.value)) < 500
    path = tmp_path / "t.npz"
    np.savez(path, **{f"{at}{'x' * 500}": np.ones((2, 2)) for at in range(30)})
    with pytest.raises(DataError, match="and 10 more: say which") as caught:
        open_source(path)
    assert len(str(caught.value)) < 2500
