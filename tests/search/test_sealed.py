"""States on disk: as they were written, or refused."""

import numpy as np
import pytest

from chainrule.errors import RunError
from chainrule.search.sealed import read_sealed, write_sealed

HEADER = {"key": "a", "layout": [[1, None], [2, 3]], "facts": {"loss": 0.1, "rows": [1.5]}}
ARRAYS = {"W": np.arange(6.0).reshape(2, 3), "b": np.float32([1, np.nan]), "t": np.array(7)}


def test_what_was_written_is_read(tmp_path):
    write_sealed(tmp_path / "state", HEADER, ARRAYS)
    header, arrays = read_sealed(tmp_path / "state")
    assert header == HEADER
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype


def test_whatever_byte_is_another_it_is_refused(tmp_path):
    path = tmp_path / "state"
    write_sealed(path, HEADER, ARRAYS)
    whole = path.read_bytes()
    for at in range(0, len(whole), 3):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            header, arrays = read_sealed(path)
        except RunError as error:
            assert "is damaged" in str(error) and "Remove it" in str(error)
        else:  # a space in the header, which means nothing
            assert whole[at : at + 1] == b" " or header == HEADER
            assert {name: a.tobytes() for name, a in arrays.items()} == {
                name: a.tobytes() for name, a in ARRAYS.items()
            }


@pytest.mark.parametrize("size", [0, 7, 100, -1])
def test_a_file_that_is_cut_off(size, tmp_path):
    path = tmp_path / "state"
    write_sealed(path, HEADER, ARRAYS)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(RunError, match="is damaged"):
        read_sealed(path)
