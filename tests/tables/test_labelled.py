"""An .npz file of X and y: the rows, and what is true of them, as one table."""

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.tables.source import open_source
from chainrule.tables.survey import survey

Y = {
    "classes": (np.array([3, 1, 3, 2]), "number", ["1", "2", "3"]),
    "texts": (np.array(["no", "yes", "", "no"]), "text", ["", "no", "yes"]),
    "truths": (np.array([True, False, True, True]), "bool", ["false", "true"]),
    "numbers": (np.array([0.5, np.nan, 2.0, np.inf], "f4"), "number", ["0.5", "2", "", ""]),
}


@pytest.mark.parametrize("kind", Y)
def test_an_npz_with_y(tmp_path, kind):
    """It is one more column, of its own type; the rows keep theirs."""
    y, sort, levels = Y[kind]
    X = np.arange(12, dtype=np.float32).reshape(4, 3)
    np.savez(tmp_path / "t.npz", y=y, X=X)
    source = open_source(tmp_path / "t.npz")
    assert source.names == ("x1", "x2", "x3", "y") and source.n_rows == 4
    (last,) = source.blocks(9, start=1)
    assert last.sort("y") == sort and last.sort("x1") == "number"
    first, second = source.blocks(2)
    codes = np.concatenate([np.array(b.texts("y")[1])[b.texts("y")[0]] for b in (first, second)])
    assert set(codes) <= set(levels)
    (whole,) = source.blocks(4)
    assert whole.texts("y")[1] == levels
    missing = {"texts": [2], "numbers": [1, 3]}.get(kind, [])
    assert np.flatnonzero(whole.texts("y")[0] < 0).tolist() == missing
    assert whole.numbers("x2").dtype == np.float32
    np.testing.assert_array_equal(whole.matrix(("x1", "x2", "x3")), X)
    assert whole.matrix(("x1", "y")) is None
    alone = open_source(tmp_path / "t.npz", array="X")
    assert alone.names == ("x1", "x2", "x3")
    if kind == "texts":
        with pytest.raises(DataError, match="'y', row 1: required a number, came 'no'"):
            whole.numbers("y")
        with pytest.raises(DataError, match="required seconds, came texts"):
            whole.seconds("y")
    else:
        np.testing.assert_array_equal(whole.numbers("y"), y.astype(float))


def test_text_that_is_numbers_as_y(tmp_path):
    np.savez(tmp_path / "t.npz", X=np.ones((3, 1)), y=np.array(["1.5", "", "-2"]))
    (block,) = open_source(tmp_path / "t.npz").blocks(3)
    np.testing.assert_array_equal(block.numbers("y"), [1.5, np.nan, -2.0])
    assert survey(open_source(tmp_path / "t.npz"))["y"].numeric


def test_a_y_that_is_no_column(tmp_path):
    """Several columns are left out, as before; another number of rows is a mistake."""
    np.savez(tmp_path / "wide.npz", X=np.ones((3, 2)), y=np.ones((3, 2)))
    assert open_source(tmp_path / "wide.npz").names == ("x1", "x2")
    np.savez(tmp_path / "long.npz", X=np.ones((3, 2)), y=np.ones(4))
    with pytest.raises(DataError, match="an X of 3 rows and a y of 4"):
        open_source(tmp_path / "long.npz")
    assert open_source(tmp_path / "long.npz", array="X").n_rows == 3
