"""Answers: every format says the same, decimals count, and what cannot be used says why."""

import json

import numpy as np
import pytest
from tests.worked.conftest import network

from chainrule.errors import ExampleError
from chainrule.worked.checking.answers import blanks, read_answers
from chainrule.worked.trace import trace_example

PAIR = ("squared_error", "identity")
ROW = trace_example(network(1, (2, 3, 2), ("tanh",), PAIR, n=2, update={"rate": 0.1, "steps": 2}))
COLUMN = trace_example(network(1, (2, 3, 2), ("tanh",), PAIR, n=2, layout="column"))
ONE = trace_example(network(1, (2, 3, 2), ("tanh",), PAIR, n=1))

TOML = """
loss = 0.3710
W1 = 0.1
[layer2]
dW = [[0.01, "?"], ["", 0.020], [1, "-2.5e-1"]]
[step2]
loss = 0.35
[step2.layer1]
b = [0.1, 0.20, 0.3]
"""
CSV = """quantity,row,column,value
loss,,,0.3710
W1,,,0.1
dW2,1,1,0.01
dW2,2,2,0.020
dW2,3,1,1
dW2,3,2,-2.5e-1
step2.loss,,,0.35
step2.layer1.b,,1,0.1
step2.layer1.b,,2,0.20
step2.layer1.b,,3,0.3
"""
TABLE = {
    "loss": "0.3710", "W1": "0.1",
    "dW2": [["0.01", None], ["?", "0.020"], [1, "-2.5e-1"]],
    "step2": {"loss": "0.35", "b1": ["0.1", "0.20", "0.3"]},
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".toml", ".csv", ".json", ""])
def test_every_format_says_the_same(tmp_path, suffix):
    path = tmp_path / f"answers{suffix}"
    texts = {".toml": TOML, ".csv": CSV, ".json": json.dumps(TABLE), "": ""}
    path.write_text(texts[suffix])
    source = path if suffix else TABLE
    found = read_answers(source, ROW)
    assert list(found) == [(1, "W1"), (1, "loss"), (1, "dW2"), (2, "b1"), (2, "loss")]
    assert found[1, "loss"].value == 0.371 and found[1, "loss"].half == 0.5e-4
    assert (found[1, "W1"].value == np.full((2, 3), 0.1)).all()
    dW = found[1, "dW2"]
    assert np.array_equal(dW.value, [[0.01, np.nan], [np.nan, 0.02], [1, -0.25]], equal_nan=True)
    assert dW.there.tolist() == [[True, False], [False, True], [True, True]]
    np.testing.assert_allclose(dW.half[dW.there], [0.005, 0.0005, 0.0005, 0.005])
    np.testing.assert_allclose(found[2, "b1"].half, [0.05, 0.005, 0.05])
    assert blanks(source, ROW) == 2


def test_a_matrix_is_read_in_the_layout():
    given = {"Z1": [["1.0", "2.0"], ["3.0", "4.0"], ["5.0", "6.0"]]}
    assert read_answers(given, COLUMN)[1, "Z1"].value.tolist() == [[1, 3, 5], [2, 4, 6]]
    with pytest.raises(ExampleError, match=r"Z1 must be 2 by 3, got 3 by 2\. It looks transposed"):
        read_answers(given, ROW)


def test_one_sample_may_be_flat():
    assert read_answers({"Z1": ["0.1", "0.2", "0.3"]}, ONE)[1, "Z1"].value.shape == (1, 3)


def test_whole_numbers_take_their_decimals_from_the_others():
    assert read_answers({"Z1": ["0.0133", "0", "0"]}, ONE)[1, "Z1"].half[0, 1] == 0.5e-4
    found = read_answers({"Z1": ["0.013", "0.1", "0.2"], "b1": [0, 1, 0]}, ONE)
    assert found[1, "b1"].half.tolist() == [0.05] * 3
    assert read_answers({"loss": 1}, ONE)[1, "loss"].half == 0.5


@pytest.mark.parametrize(("kind", "most"), [(float, 1e-15), (np.float32, 1e-6)])
def test_floats_have_the_digits_of_their_type(kind, most):
    half = float(read_answers({"loss": kind(1 / 3)}, ONE)[1, "loss"].half)
    assert most / 100 < half < most


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dw1": 1}, "Unknown quantity 'dw1'. Did you mean 'dW1'"),
        ({"layer1": {"dA9": 1}}, "Unknown quantity of layer1 'dA9'"),
        ({"layer1": 3}, "layer1 must be a table of quantities, got 3"),
        ({"step9": {"loss": 1}}, "step9 is not there: the example has 2 steps"),
        ({"loss": "a third"}, "loss must be a finite decimal number such as 0.3042.*'a third'"),
        ({"loss": "nan"}, "loss must be a finite decimal number"),
        ({"loss": float("inf")}, "loss must be a finite decimal number"),
        ({"loss": True}, "loss must be a finite decimal number"),
        ({"b1": [1, 2]}, "b1 must be 3 numbers, got 2 numbers"),
        ({"b1": [[1, 2], [3]]}, "b1 must have rows of equal length, got rows of 2 numbers, 1 n"),
        ({"loss": [1, 2]}, "loss must be one number, got 2 numbers"),
        ({"b1": 0.1, "layer1": {"b": 0.1}}, "b1 is given twice"),
    ],
)
def test_what_cannot_be_used_says_why(given, message):
    with pytest.raises(ExampleError, match=message):
        read_answers(given, ROW)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "", "must be a .toml, .json or .csv file, got a.txt"),
        ("a.toml", "Z1 = [", "a.toml is not valid TOML"),
        ("a.json", "{", "a.json is not valid JSON"),
        ("a.json", "[1]", "a.json must hold quantities by name"),
        ("a.json", '{"loss": NaN}', "loss must be a finite decimal number"),
        (
            "a.csv",
            "name,number\n",
            "quantity,row,column,value, with commas between, got name,number",
        ),
        ("a.csv", "quantity,row,column,value\ndW2,4,1,0.1\n", "dW2, row 4, column 1, is not in it"),
        ("a.csv", "quantity,row,column,value\nb1,1,1,0.1\n", "one of the two stays empty"),
        (
            "a.csv",
            "quantity,row,column,value\ndW2,1,1,1\ndW2,1,1,2\n",
            "dW2, row 1, column 1 is given",
        ),
        ("a.csv", "", "quantity,row,column,value, with commas between, got none"),
        ("a.toml", "loss = 1e400", "loss must be a finite decimal number such as 0.3042"),
        ("a.toml", "[layer9]\nZ = 1", "layer9 is not there: the network has 2 layers"),
        ("gone.toml", None, "There is no file .*gone.toml"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path, name, text, message):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ExampleError, match=message):
        read_answers(tmp_path / name, ROW)


def test_a_file_that_is_no_text_in_utf_8(tmp_path):
    (tmp_path / "latin.csv").write_bytes("quantity,value\nloss,é\n".encode("latin-1"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ExampleError, match=r"^latin\.csv is not text in UTF-8: save it with"):
        read_answers(tmp_path / "latin.csv", ROW)
    with pytest.raises(ExampleError, match=r"folder\.toml is a folder; answers are a"):
        read_answers(tmp_path / "folder.toml", ROW)


def test_a_zero_with_an_exponent_is_no_wild_guess():
    assert read_answers({"loss": "0e9"}, ROW)[1, "loss"].half == 0.5
