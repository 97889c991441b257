"""Files that are no model file, and containers that lie about sizes: each is refused, and says
why, before anything large is allocated."""

import gzip
import io
import json
import os
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import chainrule
from chainrule.errors import ModelFileError
from chainrule.files.container import DTYPES, read_arrays, read_layout
from chainrule.files.limits import MAX_HEADER_BYTES, MAX_JSON_DEPTH
from chainrule.files.model_file import from_stream
from chainrule.files.refusal import Refused


def container(header, data=b""):
    """A safetensors file with this JSON header, whatever it says."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def refused(path, data, match):
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match=match) as caught:
        chainrule.load(path)
    assert str(path) in str(caught.value)
    assert "Required" in str(caught.value)
    assert len(str(caught.value)) < 1500


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.pkl", b"")
    return buffer.getvalue()


class Bomb:
    """What a pickle may do to whoever opens it."""

    def __reduce__(self):
        return Path.touch, (Path("bomb-went-off"),)


OTHER_FILES = {
    "empty": (b"", "an empty file"),
    "short": (b"abc", "a file of 3 bytes"),
    "pickle": (pickle.dumps(Bomb()), "a pickle, which would run code"),
    "zip": (zipped(), "a zip archive"),
    "html": (b"<!doctype html><title>Sign in</title>", "HTML"),
    "html after a mark": (b"\xef\xbb\xbf \n<html>", "HTML"),
    "json": (b'{"model": "none, but long enough"}', "JSON text"),
    "gzip": (gzip.compress(b"x" * 100), "gzip"),
    "npy": (b"\x93NUMPY\x01\x00v\x00{'descr'", "an .npy array"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(60), "an HDF5 file"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "text": (b"hello, this is no model", "starts with b'hello, t'"),
    "zeros": (bytes(100), "JSON"),
    "huge header": ((2**63).to_bytes(8, "little") + b"{}", "a header is at most|whose header"),
    "header past the end": (container({})[:-1], "a header of 2 bytes in a file of 9"),
    "header over the cap": (container(b"{" + b" " * MAX_HEADER_BYTES + b"}"), "whose header"),
}


@pytest.mark.parametrize("name", OTHER_FILES)
def test_files_of_other_kinds(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    refused(tmp_path / "m.safetensors", *OTHER_FILES[name])
    assert not Path("bomb-went-off").exists()


def one(dtype="F32", shape=(2,), offsets=(0, 8), **more):
    return {
        "__metadata__": {"chainrule": "{}"},
        "x": {"dtype": dtype, "shape": shape, "data_offsets": offsets, **more},
    }


CONTAINERS = {
    "not an object": (container(b"[1]"), "to be a JSON object"),
    "broken JSON": (container(b'{"a": '), "in JSON"),
    "not UTF-8": (container(b'{"\xff": 1}'), "in UTF-8"),
    "byte-order mark": (container(b"\xef\xbb\xbf{}"), "in JSON"),
    "same key twice": (container(b'{"a": 1, "b": {}, "a": 2}'), "'a' twice"),
    "half a character": (container(rb'{"a": "\ud800"}'), "whole characters"),
    "NaN": (container(b'{"a": NaN}'), "finite"),
    "overflow": (container(b'{"a": 1e999}'), "finite"),
    "many digits": (container(b'{"a": ' + b"9" * 5000 + b"}"), "20 digits"),
    "deep": (container(b'{"a":' * 500 + b"1" + b"}" * 500), f"at most {MAX_JSON_DEPTH} deep"),
    "very deep": (container(b"[" * 1_000_000), f"at most {MAX_JSON_DEPTH} deep"),
    "no metadata": (container({}), "'chainrule' in its metadata"),
    "metadata of another kind": (container({"__metadata__": [1]}), "'chainrule' in its"),
    "metadata that is no text": (container({"__metadata__": {"chainrule": 1}}), "'chainrule' in"),
    "unknown dtype": (container(one("BF16"), bytes(8)), "x.dtype"),
    "negative size": (container(one(shape=(-1,)), bytes(8)), "x.shape.0"),
    "fraction": (container(one(shape=(2.0,)), bytes(8)), "x.shape.0"),
    "truth value": (container(one(shape=(True, 2)), bytes(8)), "x.shape.0"),
    "huge size": (container(one(shape=(2**62,)), bytes(8)), "x"),
    "size beyond 64 bits": (container(one(shape=(2**64,)), bytes(8)), "x.shape.0"),
    "product that wraps around": (container(one(shape=(2**62, 4)), bytes(8)), "the array 'x'"),
    "dimension of nothing": (container(one(shape=(0, 2**62), offsets=(0, 0))), "one row"),
    "many dimensions": (container(one(shape=(1,) * 60), bytes(8)), "x.shape"),
    "gap": (container(one(offsets=(8, 16)), bytes(16)), "at bytes 0 to 8"),
    "backwards": (container(one(offsets=(8, 0)), bytes(8)), "bytes 8 to 0"),
    "three offsets": (container(one(offsets=(0, 4, 8)), bytes(8)), "data_offsets"),
    "unknown key": (container(one(extra=1), bytes(8)), "unknown key x.extra"),
    "missing key": (container({**one(), "y": {}}, bytes(8)), "y.dtype"),
    "cut off": (container(one(), bytes(7)), "8 bytes of arrays"),
    "bytes left over": (container(one(), bytes(9)), "8 bytes of arrays"),
    "overlap": (container({**one(), "y": one()["x"]}, bytes(8)), "the array"),
    "too many arrays": (
        container({"__metadata__": {"chainrule": "{}"}, **{f"{n}": {} for n in range(10_001)}}),
        "at most 10000 arrays",
    ),
    "empty model header": (container(one(), bytes(8)), "format in the model's header"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_that_lie(tmp_path, name):
    refused(tmp_path / "m.safetensors", *CONTAINERS[name])


def test_every_single_cut_is_refused(saved, tmp_path):
    """Wherever a download breaks off."""
    data = saved("regressor")
    for end in [*range(0, 600, 7), *range(600, len(data), 101), len(data) - 1]:
        refused(tmp_path / "m", data[:end], "Required")


def test_bytes_at_the_end_are_refused(saved, tmp_path):
    refused(tmp_path / "m", saved("regressor") + b"\0", "bytes of arrays")


def test_a_file_over_the_readers_own_cap(saved, tmp_path):
    (tmp_path / "m").write_bytes(saved("regressor"))
    with pytest.raises(ModelFileError, match=r"at most 1000 bytes; came .* larger max_bytes"):
        chainrule.load(tmp_path / "m", max_bytes=1000)


def test_a_sparse_file_of_terabytes(tmp_path):
    n = 2**40
    header = json.dumps(one(shape=(n // 4,), offsets=(0, n))).encode()
    with (tmp_path / "m").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + n)
    with pytest.raises(ModelFileError, match="max_bytes"):
        chainrule.load(tmp_path / "m")


def test_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        chainrule.load(tmp_path / "missing")
    with pytest.raises(ModelFileError, match=r"a folder \(a run's model is its model.safetensors"):
        chainrule.load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="a device or pipe"):
        chainrule.load(tmp_path / "pipe")


def test_a_file_that_shrinks_while_it_is_read(saved):
    data = saved("regressor")
    with pytest.raises(Refused, match="earlier end of the file"):
        from_stream(io.BytesIO(data[:-8]), len(data))


def test_a_truth_value_that_is_none(saved):
    assert DTYPES["BOOL"] is np.bool_
    header = json.dumps(one("BOOL", (2,), (0, 2))).encode()
    stream = io.BytesIO(container(header, b"\x01\x02"))
    with pytest.raises(Refused, match="0 or 1 for each truth value"):
        read_arrays(stream, read_layout(stream, len(header) + 10))


@pytest.mark.parametrize("filling", [b"[]", b"{}", b"0", b'""', b'"' + b"x" * 30 + b'"'])
def test_the_largest_header_costs_little(tmp_path, filling):
    """Nothing that a header can say takes more than a hundred times its length."""
    n = MAX_HEADER_BYTES // 20 // (len(filling) + 1)
    data = container(b'{"a":[' + b",".join([filling] * n) + b"]}")
    (tmp_path / "m").write_bytes(data)
    tracemalloc.start()
    with pytest.raises(ModelFileError, match="'chainrule' in its metadata"):
        chainrule.load(tmp_path / "m")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * len(data)
