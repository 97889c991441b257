"""IDX files: what is read, and every way in which one can be wrong."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.data.idx import read_idx, read_labels
from chainrule.data.stream import BrokenFileError, open_file
from chainrule.errors import DataError

IMAGES = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)


def read(path, shape=(4, 3)):
    with open_file(path) as stream:
        values = read_idx(stream, shape)
        return values, stream.finish()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_what_was_written_is_read_and_hashed_unpacked(tmp_path, make, pack):
    import hashlib

    path = tmp_path / "images"
    path.write_bytes(pack(make.idx(IMAGES)))
    values, digest = read(path)
    assert values.dtype == np.uint8
    assert np.array_equal(values, IMAGES)
    assert digest == hashlib.sha256(make.idx(IMAGES)).hexdigest()


def test_labels_are_int64(tmp_path, make):
    path = tmp_path / "labels"
    path.write_bytes(make.idx(np.array([3, 1, 4])))
    with open_file(path) as stream:
        labels = read_labels(stream, 5)
    assert labels.dtype == np.int64
    assert labels.tolist() == [3, 1, 4]


def header(*dimensions):
    return struct.pack(f">4B{len(dimensions)}I", 0, 0, 8, len(dimensions), *dimensions)


BROKEN = {
    "empty": (b"", "the magic number should take 4 bytes"),
    "magic": (b"\x00\x00\x08\x01" + bytes(60), "magic number 0x00000803 .* begins with 0x00000801"),
    "type": (b"\x00\x00\x0d\x03" + bytes(60), "unsigned bytes, 3 dimensions"),
    "html": (b"<html>not found</html>", "begins with 0x3c68746d"),
    "shape": (header(5, 3, 4) + bytes(60), r"should have the shape \(4, 3\), but have \(3, 4\)"),
    "no rows": (header(0, 4, 3), "should have 1 to 1,000,000 rows, but says 0"),
    "many rows": (header(2**32 - 1, 4, 3) + bytes(60), "but says 4,294,967,295"),
    "truncated": (header(5, 4, 3) + bytes(59), "5 rows should take 60 bytes, but at most 59"),
    "header cut": (header(5, 4, 3)[:10], "the dimensions should take 12 bytes"),
    "too long": (header(5, 4, 3) + bytes(61), "more bytes than its header promises"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named_with_what_was_expected(tmp_path, case):
    data, says = BROKEN[case]
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(data)
    with pytest.raises(BrokenFileError, match=says) as caught:
        read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("cut", [12, 30, -1])
def test_a_torn_gzip_file_is_damaged(tmp_path, make, cut):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(make.idx(IMAGES))[:cut])
    with pytest.raises(BrokenFileError, match=r"images\.gz"):
        read(path)


def test_a_flipped_bit_in_a_gzip_file_is_found(tmp_path, make):
    path = tmp_path / "images.gz"
    data = bytearray(gzip.compress(make.idx(IMAGES)))
    data[-6] ^= 1  # in the checksum
    path.write_bytes(data)
    with pytest.raises(BrokenFileError, match="cannot be unpacked"):
        read(path)


def test_a_small_packed_file_cannot_promise_much(tmp_path):
    """Before any memory is taken for it."""
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(header(1_000_000, 4, 3)))
    with pytest.raises(BrokenFileError, match="should take 12,000,000 bytes, but at most"):
        read(path)


def test_a_label_out_of_range_is_named_with_its_row(tmp_path, make):
    path = tmp_path / "labels"
    path.write_bytes(make.idx(np.array([3, 1, 10, 11])))
    with (
        open_file(path) as stream,
        pytest.raises(BrokenFileError, match="label of row 2 should be from 0 to 9, but is 10"),
    ):
        read_labels(stream, 10)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BrokenFileError, match="nowhere cannot be read: No such file"):
        read(tmp_path / "nowhere")


@given(st.binary(max_size=80))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_raise_anything_but_our_error(tmp_path, data):
    path = tmp_path / "any"
    path.write_bytes(data)
    try:
        values, _ = read(path)
    except DataError:
        return
    assert data == header(len(values), 4, 3) + values.tobytes()
