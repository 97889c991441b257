"""The table of published data sets holds together."""

import re

import pytest

from chainrule.data.layouts import LAYOUTS
from chainrule.data.published import PUBLISHED


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_row_is_complete(name):
    row = PUBLISHED[name]
    assert row.name == name
    assert row.layout in LAYOUTS
    assert len(row.class_names) == len(set(row.class_names)) == 10
    assert row.source and row.licence
    for archive in row.archives:
        assert len(archive.mirrors) >= 2
        assert all(re.fullmatch(r"https?://\S+/", mirror) for mirror in archive.mirrors)
    for content in row.contents.values():
        assert re.fullmatch("[0-9a-f]{64}", content.sha256)


def test_no_hash_is_there_twice():
    hashes = [c.sha256 for row in PUBLISHED.values() for c in row.contents.values()]
    assert len(hashes) == len(set(hashes)) == 4 + 4 + 6


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_sizes_are_those_of_the_rows(name):
    row = PUBLISHED[name]
    pixels = 1
    for side in row.image_shape:
        pixels *= side
    headers = 2 * (16 + 8) if row.layout == "idx" else 0
    expected = sum(row.rows) * (pixels + 1) + headers
    assert sum(content.size for content in row.contents.values()) == expected
