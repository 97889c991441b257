"""The network's drawing, and large matrices as pictures, in PNG and in marks."""

import base64
import struct
import zlib

import numpy as np
import pytest
from tests.worked.conftest import PAIRS, network

from chainrule.worked.render.drawing import MOST_UNITS, THICKEST, drawing
from chainrule.worked.render.heatmap import blocks, heatmap, marks
from chainrule.worked.trace import trace_example


def drawn(*sizes, seed=3):
    hidden = ("tanh",) * (len(sizes) - 2)
    return drawing(trace_example(network(seed, sizes, hidden, PAIRS[0])))


def test_every_unit_and_weight_of_a_small_network():
    trace = trace_example(network(3, (4, 3, 2), ("tanh",), PAIRS[0]))
    found = drawing(trace)
    assert len(found.nodes) == 9 and len(found.edges) == 12 + 6
    assert sorted(float(edge.label) for edge in found.edges) == pytest.approx(
        sorted([*trace["W1"].ravel(), *trace["W2"].ravel()]), rel=5e-3
    )
    for edge in found.edges:
        assert edge.negative == (float(edge.label) < 0)
    assert max(edge.width for edge in found.edges) == THICKEST


def test_thicker_is_larger_within_a_layer():
    edges = drawn(4, 3).edges
    order = sorted(edges, key=lambda edge: abs(float(edge.label)))
    assert [edge.width for edge in order] == sorted(edge.width for edge in edges)


def test_numbers_do_not_stand_on_each_other():
    for sizes in ((4, 4, 3, 3), (5, 5), (1, 5), (5, 1), (2, 2, 2)):
        places = [(edge.label_x, edge.label_y) for edge in drawn(*sizes).edges]
        for k, (x, y) in enumerate(places):
            assert all(abs(x - u) > 60 or abs(y - v) >= 10 for u, v in places[k + 1 :])


def test_everything_is_within_the_picture():
    for sizes in ((4, 4, 3, 3), (30, 20, 10), (1, 1)):
        found = drawn(*sizes)
        assert all(0 < node.x < found.width and 0 < node.y < found.height for node in found.nodes)


def test_of_a_large_layer_the_strongest_units():
    found = drawn(30, 20, 2)
    assert len(found.nodes) == 2 * MOST_UNITS + 2
    assert not any(edge.label for edge in found.edges)
    assert found.captions[0].lines == ("inputs", f"{MOST_UNITS} of 30 units")
    assert "30 inputs" in found.words


def pixels(address):
    raw = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", raw[16:24])
    size = struct.unpack(">I", raw[33:37])[0]
    lines = np.frombuffer(zlib.decompress(raw[41 : 41 + size]), np.uint8)
    return lines.reshape(height, 1 + 3 * width)[:, 1:].reshape(height, width, 3).astype(int)


def test_colours_say_sign_and_magnitude():
    address, rows, columns = heatmap(np.array([[-2.0, 0.0, 2.0], [1.0, np.nan, -1.0]]))
    found = pixels(address)
    assert found.shape == (rows, columns, 3) == (2, 3, 3)
    assert found[0, 0, 2] > found[0, 0, 0] and found[0, 2, 0] > found[0, 2, 2]
    assert found[0, 1].min() > 240 and tuple(found[1, 1]) == (128, 128, 128)
    assert found[1, 0, 2] > found[0, 2, 2]


def test_marks_say_sign_and_magnitude():
    lines, scale = marks(
        np.array([[1.0, 0.6, 0.3, 0.1, 0.0], [-1.0, -0.6, -0.3, -0.1, np.inf]]), 9, 9
    )
    assert lines == ["█▓▒░ ", "#≡=-?"] and scale == 1.0


def test_blocks_are_means():
    value = np.arange(35.0).reshape(5, 7)
    assert np.array_equal(blocks(value, 9, 9), value)
    assert blocks(value, 1, 1) == pytest.approx(np.array([[value.mean()]]))
    assert blocks(value, 2, 3).shape == (2, 3)


def test_a_matrix_of_zeros():
    assert marks(np.zeros((2, 3)), 4, 4) == (["   ", "   "], 0.0)
    assert pixels(heatmap(np.zeros((2, 3)))[0]).min() > 240
