"""Parameters' values, JSON and strings: what goes in comes out, and nothing else gets through."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ModelFileError
from chainrule.files import strict_json, text
from chainrule.files.refusal import Refused
from chainrule.files.values import NUMPY_TYPES, decode, encode

characters = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
plain = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | characters | st.floats(width=64)
)
numpy_scalars = (
    st.sampled_from(sorted(NUMPY_TYPES))
    .flatmap(lambda name: st.binary(min_size=8, max_size=8).map(lambda raw: scalar(name, raw)))
    .filter(lambda value: value == value)
) | characters.map(np.str_)
values = st.recursive(
    plain | numpy_scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(plain.filter(lambda key: key == key), inner, max_size=3)
    ),
    max_leaves=6,
)


def scalar(name, raw):
    if name == "bool":
        return np.bool_(raw[0] & 1)
    return np.frombuffer(raw, name)[0]


def same(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b or (a != a and b != b)


@given(values)
def test_a_value_comes_back_with_its_type(value):
    written = strict_json.dump({"value": encode(value, "p")})
    assert same(decode(strict_json.parse(written.encode(), "it")["value"], "p"), value)


@pytest.mark.parametrize("name", NUMPY_TYPES)
def test_an_array_comes_back_with_its_type(name):
    array = np.array([0, 1, 1, 0], name)
    found = decode(encode(array, "p"), "p")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_zero_keeps_its_sign():
    assert math.copysign(1, decode(encode(-0.0, "p"), "p")) == -1


class Text(str):
    """A subclass, which may hold more than its text."""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (len, "the callable 'len'"),
        (lambda: 1, r"the callable '.*<lambda>'"),
        ([{"a": (print,)}], "the callable 'print'"),
        (object, "the callable 'object'"),
        ({1, 2}, "of type set"),
        (b"bytes", "of type bytes"),
        (1j, "of type complex"),
        (Text("x"), "of type Text"),
        (np.zeros((2, 2)), "of type ndarray"),
        (np.array(["a"]), "of type ndarray"),
        (np.datetime64("2020-01-01"), "of type datetime64"),
        (np.random.default_rng(0), "of type Generator"),
        (10**40, "fit in 64 bits"),
    ],
)
def test_what_is_no_plain_value_is_refused_by_name(value, said):
    with pytest.raises(ModelFileError, match=said) as caught:
        encode(value, "schedule")
    assert "'schedule'" in str(caught.value)


@given(st.dictionaries(characters, plain | st.lists(plain, max_size=3), max_size=4))
def test_json_comes_back(value):
    try:
        written = strict_json.dump(value)
    except ValueError:  # NaN or an infinity: not JSON
        return
    assert strict_json.parse(written.encode(), "it") == value


@given(st.binary(max_size=60).map(lambda raw: b'{"' + raw))
def test_bytes_that_are_perhaps_json(raw):
    try:
        assert isinstance(strict_json.parse(raw, "it"), dict)
    except Refused as error:
        assert str(error).startswith("Required ")


@pytest.mark.parametrize("raw", [rb'{"a\"[[[[": "\\"}', b'{"": "' + b"[" * 999 + b'"}'])
def test_brackets_in_strings_do_not_count_as_depth(raw):
    assert len(strict_json.parse(raw, "it")) == 1


def test_a_pair_of_escapes_is_one_character():
    assert strict_json.parse(rb'{"a": "\ud83d\ude00"}', "it") == {"a": "\U0001f600"}


@given(st.lists(characters, max_size=5))
def test_strings_come_back(strings):
    array = np.array([*strings, None], object)[:-1]
    found = text.unpack(text.pack(array, "x"), "x", text.width(array))
    assert found.dtype == object
    assert found.tolist() == strings
    if strings:
        fixed = np.array(strings, "<U15")
        found = text.unpack(text.pack(fixed, "x"), "x", text.width(fixed))
        assert found.dtype == fixed.dtype
        assert found.tolist() == fixed.tolist()


def test_strings_that_are_none():
    assert not text.is_text(np.array(["a", 1], object))
    assert not text.is_text(np.array([1, 2]))
    with pytest.raises(Refused, match="whole characters"):
        text.pack(np.array(["\ud800"], object), "classes")
