"""Changes that nobody thought of: each file is refused, or is a model that predicts."""

import copy
import io
import json
import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.files.container import DTYPES
from chainrule.files.model_file import from_stream
from chainrule.files.refusal import Refused

NAMES = st.sampled_from(["three", "multilabel", "regressor float32", "everything set"])
many = settings(max_examples=150, deadline=None)

sizes = st.integers(-2, 50) | st.sampled_from([2**31, 2**32, 2**62, 2**63, 2**64, -(2**63), 10**25])
scalars = (
    st.none()
    | st.booleans()
    | sizes
    | st.floats(allow_nan=True)
    | st.text(max_size=8)
    | st.sampled_from(["relu", "softmax", "float32", "MLPRegressor", "array", "inf", "\ud800"])
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["float", "tuple", "dict", "numpy", "array"]) | st.text(max_size=4),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def opened(data):
    """The model in these bytes, or None where they are refused. Anything else is a failure."""
    try:
        return from_stream(io.BytesIO(data), len(data))
    except Refused as error:
        assert len(str(error)) < 2000
        return None


def predictions(est, X):
    est.set_params(device="auto")  # another device may be named, and not be there
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return est.predict(X)


def places(value, path=()):
    """Every path into a JSON value, with what is there."""
    yield path, value
    inner = {dict: dict.items, list: enumerate}.get(type(value), lambda _: ())
    for key, item in inner(value):
        yield from places(item, (*path, key))


def draw_edit(data, tree):
    """Replace, delete, copy or add something somewhere in a JSON tree."""
    everywhere = [place for place in places(tree) if place[0]]
    (*path, last), _ = data.draw(st.sampled_from(everywhere), "place")
    parent = tree
    for key in path:
        parent = parent[key]
    kind = data.draw(st.sampled_from(["replace", "replace", "delete", "copy", "add"]), "kind")
    if kind == "delete":
        del parent[last]
    elif kind == "copy":
        parent[last] = copy.deepcopy(data.draw(st.sampled_from(everywhere), "other")[1])
    elif kind == "add" and isinstance(parent, dict):
        parent[data.draw(st.text(max_size=6), "key")] = data.draw(anything, "value")
    else:
        parent[last] = data.draw(anything, "value")


@many
@given(NAMES, st.data())
def test_bytes_that_changed(saved, fitted, name, data):
    """Damage is found by the checksum at the latest: a file that loads is the same model."""
    raw = bytearray(saved(name))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(raw) - 1), "place")
        kind = data.draw(st.sampled_from(["flip", "set", "cut", "insert", "remove", "copy"]))
        if kind == "flip":
            raw[place] ^= 1 << data.draw(st.integers(0, 7))
        elif kind == "set":
            raw[place] = data.draw(st.sampled_from(list(b'\0 "[]{}\\:,0129-\xff')))
        elif kind == "cut":
            del raw[max(place, 1) :]
        elif kind == "insert":
            raw[place:place] = data.draw(st.binary(min_size=1, max_size=9))
        elif kind == "remove":
            del raw[place : place + data.draw(st.integers(1, 9))]
        else:
            raw[place : place + 8] = raw[:8]
        raw = raw or bytearray(1)
    est, (before, X) = opened(bytes(raw)), fitted(name)
    if est is not None:
        np.testing.assert_array_equal(predictions(est, X), before.predict(X))


@many
@given(NAMES, st.data())
def test_headers_that_changed(saved, edited, fitted, name, data):
    """With a right checksum, so that every other check is on its own."""

    def change(header, _):
        for _ in range(data.draw(st.integers(1, 2))):
            draw_edit(data, header)

    try:
        raw = edited(saved(name), change)
    except (UnicodeEncodeError, ValueError):  # no JSON: NaN, or half a character
        return
    est = opened(raw)
    if est is not None:
        assert len(predictions(est, fitted(name)[1])) == len(fitted(name)[1])


@many
@given(NAMES, st.data())
def test_arrays_that_changed(saved, edited, fitted, name, data):
    def change(_, arrays):
        chosen = data.draw(st.sampled_from(sorted(arrays)), "array")
        found = arrays[chosen]
        kind = data.draw(st.sampled_from(["type", "shape", "value", "length", "bytes", "drop"]))
        if kind == "type":
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = found.astype(data.draw(st.sampled_from(list(DTYPES.values()))))
        elif kind == "shape":
            found = found.reshape(data.draw(st.sampled_from([(-1,), (1, -1), (-1, 1)])))
        elif kind == "value" and found.size:
            found = found.copy()
            place = data.draw(st.integers(0, found.size - 1))
            value = data.draw(st.sampled_from([0, 1, 127, np.nan, np.inf, -1e300, 2.0**62]))
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found.flat[place] = np.float64(value).astype(found.dtype)
        elif kind == "length" and found.ndim:
            found = np.concatenate([found, found])[data.draw(st.integers(0, 3)) :]
        elif kind == "bytes":
            noise = data.draw(st.randoms(use_true_random=False)).randbytes(found.nbytes)
            found = np.frombuffer(noise, found.dtype).reshape(found.shape)
        else:
            del arrays[chosen]
            return
        arrays[chosen] = found

    est = opened(edited(saved(name), change))
    if est is not None:
        assert len(predictions(est, fitted(name)[1])) == len(fitted(name)[1])


@many
@given(NAMES, st.data())
def test_containers_that_changed(saved, fitted, name, data):
    """Shapes, types and offsets of the container, and what is no JSON for it."""
    raw = saved(name)
    length = int.from_bytes(raw[:8], "little")
    tree = json.loads(raw[8 : 8 + length])
    draw_edit(data, tree)
    text = json.dumps(tree).encode()
    est = opened(len(text).to_bytes(8, "little") + text + raw[8 + length :])
    if est is not None:
        np.testing.assert_array_equal(
            predictions(est, fitted(name)[1]), fitted(name)[0].predict(fitted(name)[1])
        )
