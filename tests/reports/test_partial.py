"""The page of a run that is not complete."""

import re

import pytest

from chainrule.experiments import read
from chainrule.reports.partial import render_partial
from chainrule.reports.progress import progress_of
from chainrule.search.journal import Journal


@pytest.fixture
def page(stopped, page_of):
    return page_of(render_partial(read(stopped)))


def test_how_far_each_model_is(stopped):
    tree, ann = progress_of(read(stopped))
    assert (tree.done, tree.how_far) == (True, "done")
    assert [mean for _, mean in tree.candidates] == [0.35, 0.6, None]
    assert tree.result.scores.test == 0.8125 and tree.result.scores.validation is None
    assert (ann.done, ann.how_far) == (False, "epoch 3, seed 1 of 3")
    assert ann.result.curves["train_loss"] == (1.0, 0.5, 1 / 3)
    assert "seconds" not in ann.result.curves


def test_a_model_that_was_not_begun(stopped, page_of):
    (stopped / "metrics.jsonl").unlink()
    assert [one.how_far for one in progress_of(read(stopped))] == ["not begun", "not begun"]
    assert page_of(render_partial(read(stopped))).open == []


def test_the_page_says_that_it_is_not_all(page):
    assert "Not complete" in page.text and "chainrule resume stopped" in page.text
    assert "Models done 1 of 2" in page.text


def test_the_page_has_scores_curves_candidates_seeds_and_spec(page):
    assert "0.8125" in page.text and "0.8750" in page.text
    assert "Tree: 3 of 3" in page.text and "max_depth = 4 0.6000" in page.text
    assert "Network <b>: 1 of 3" in page.text  # as text, and not as a tag
    assert "b" not in page.tags
    assert "held_out = 0.2" in page.text and "1ee7364" in page.text


def test_the_curves_have_words(stopped):
    alts = re.findall(r'aria-label="([^"]*)"', render_partial(read(stopped)))
    assert any("loss over 3 epochs: training from 1 to 0.3333" in alt for alt in alts)


def test_a_run_at_work_says_so(stopped):
    with Journal(stopped):
        assert "This run is at work" in render_partial(read(stopped))


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "epoch", "model": "ann", "epoch": "x", "train_loss": []}',
        '{"event": "candidate", "model": "tree", "parameters": null, "folds": 3}',
        '{"event": "seed", "model": 4, "test": "high"}',
        '{"event": "model", "model": "tree", "settings": 1}',
        "{}",
    ],
)
def test_strange_lines_break_nothing(stopped, line, page_of):
    (stopped / "metrics.jsonl").write_text(line + "\n")
    assert page_of(render_partial(read(stopped))).open == []
