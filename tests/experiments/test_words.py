"""The split of a spec in words."""

import pytest

from chainrule.experiments.words import split_row

FOLDERS = {"train": "train", "test": "val"}


@pytest.mark.parametrize(
    ("cut", "parts", "words"),
    [
        ({"scheme": "three-way", "held_out": 0.4}, "three", "60 % to train on, 20 % to stop by"),
        ({"scheme": "three-way", "held_out": 0.25}, "three", "12.5 % to stop by, 12.5 % to test"),
        ({"scheme": "three-way", "held_out": 1000}, "three", "1,000 rows held out, half of them"),
        ({"scheme": "two-way", "held_out": 0.2}, "two", "80 % to train on, 20 % to test; at"),
        ({"scheme": "two-way", "held_out": 50}, "two", "50 rows held out, to test; at random"),
        ({"scheme": "own test", "held_out": 0.2}, "three", "val/ tests; 20 % of train/ to stop by"),
        ({"scheme": "own parts"}, "three", "as the folder has it; the sub-folders are parts: tr"),
        ({"scheme": "all"}, "one", "all to train on; at random"),
        ({"scheme": "two-way", "held_out": 0.2, "train": 500}, "two", "to train on, 500 rows; at"),
        ({"scheme": "two-way", "held_out": 0.2, "train": 0.5}, "two", "to train on, 50 %; at"),
    ],
)
def test_the_words(cut, parts, words):
    found = split_row({"data": {"split": cut}}, classes=False, folders=FOLDERS)
    assert (
        found[:2] == ("split", f"{parts} part{'' if parts == 'one' else 's'}") and words in found[2]
    )


def test_how_it_is_cut():
    cut = {"scheme": "two-way", "held_out": 0.2}
    for more, classes, how in (
        ({}, True, "; at random, each class with its share"),
        ({"stratify": False}, True, "; at random"),
        ({}, False, "; at random"),
    ):
        spec = {"data": {"split": {**cut, **more}, "table": {"stream": False}}}
        assert split_row(spec, classes=classes)[2].endswith(f"to test{how}")
    spec = {"data": {"split": cut, "table": {"stream": True}}}
    assert split_row(spec, classes=False)[2].endswith(
        "at random; of a sample, as the rows are streamed"
    )
