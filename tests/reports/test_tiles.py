"""Pixels survive the way into a page."""

import base64
import io

import numpy as np
from matplotlib.image import imread

from chainrule.reports.tiles import tile


def pixels(uri):
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    return (imread(io.BytesIO(base64.b64decode(data))) * 255).round().astype(int)


def test_pixels_run_from_black_to_white_row_by_row():
    image = pixels(tile([0, 8, 16, 4, 0, 16], (2, 3), (0, 16)))
    np.testing.assert_array_equal(image[:, :, 0], [[0, 128, 255], [64, 0, 255]])
    np.testing.assert_array_equal(image[:, :, 0], image[:, :, 2])


def test_the_range_can_be_turned_round():
    image = pixels(tile([0, 16], (1, 2), (16, 0)))
    np.testing.assert_array_equal(image[0, :, 0], [255, 0])


def test_colour_images_keep_their_channels():
    image = pixels(tile([1.0, 0.0, 0.5], (1, 1, 3), (0, 1)))
    np.testing.assert_array_equal(image[0, 0, :3], [255, 0, 128])


def test_what_is_out_of_range_or_all_alike_is_drawn_too():
    np.testing.assert_array_equal(pixels(tile([-5, 99], (1, 2), (0, 16)))[0, :, 0], [0, 255])
    np.testing.assert_array_equal(pixels(tile([3, 3], (1, 2), (3, 3)))[0, :, 0], [0, 0])


def test_equal_images_give_equal_bytes():
    assert tile([1, 2], (1, 2), (0, 2)) == tile([1, 2], (1, 2), (0, 2))
