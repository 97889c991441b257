"""Lines of JSON that only grow."""

import json

import pytest

from chainrule.files.lines import append, whole


@pytest.mark.parametrize(
    "tail", [b"", b'{"a": ', b'{"a": 3}', b"null\n", b"\0\0\0", b"\xff\n", b"[1]\n"]
)
def test_lines_are_read_up_to_the_first_that_is_not_whole(tail):
    good = b'{"a": 1}\n{"a": 2}\n'
    assert whole(good + tail) == ([{"a": 1}, {"a": 2}], len(good))


def test_what_is_appended_is_read(tmp_path):
    path = tmp_path / "lines"
    for number in range(3):
        append(path, json.dumps({"a": number}) + "\n")
    assert whole(path.read_bytes())[0] == [{"a": 0}, {"a": 1}, {"a": 2}]
