"""What a run remembers: the values that were written, and no others."""

import json
import math

import pytest

from chainrule.errors import RunError
from chainrule.search.journal import Journal

VALUE = {"loss": [0.25, None, math.inf], "names": ("a", "\u00fc"), 3: {"score": 1 / 3}}


def remembered(path):
    """A journal of three values, and the lines of its file."""
    with Journal(path) as journal:
        for key in "abc":
            journal.remember(key, lambda: VALUE)
    file = path / "checkpoint" / "done.jsonl"
    return file, file.read_text().splitlines(keepends=True)


def test_what_was_written_is_read(tmp_path):
    remembered(tmp_path)
    with Journal(tmp_path) as journal:
        assert journal.remember("b", pytest.fail) == json.loads(json.dumps(VALUE))
        assert set(journal.values("")) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("before", "after"),
    [("0.25", "0.35"), ('"key": "b"', '"key": "d"'), ('"clock": ', '"clock": 1')],
)
def test_a_changed_line_is_refused_and_computed_again_without_it(tmp_path, before, after):
    file, lines = remembered(tmp_path)
    changed = lines[1].replace(before, after, 1)
    assert changed != lines[1]
    file.write_text("".join([lines[0], changed, lines[2]]))
    for _ in range(2):  # also the second time: nothing is open any more
        with pytest.raises(RunError, match=r"done\.jsonl is damaged: line 2 .*Remove that line"):
            Journal(tmp_path).__enter__()
    file.write_text("".join([lines[0], lines[2]]))
    with Journal(tmp_path) as journal:
        assert not journal.knows("b") and journal.knows("c")
        assert journal.remember("b", lambda: 7) == 7


def test_a_journal_of_an_older_version_has_no_digests(tmp_path):
    file, lines = remembered(tmp_path)
    old = [json.loads(line) for line in lines]
    for entry in old:
        assert len(entry.pop("digest")) == 64
    file.write_text("".join(json.dumps(entry) + "\n" for entry in old))
    with Journal(tmp_path) as journal:
        assert journal.remember("c", pytest.fail) == json.loads(json.dumps(VALUE))
