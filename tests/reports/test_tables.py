"""The table in the terminal."""

import io

import pytest
from rich.console import Console

from chainrule.reports import print_results


def printed(results, width=60, **options):
    console = Console(file=io.StringIO(), width=width, **options)
    print_results(results, console)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def text(results):
    return printed(results)


def test_sixty_columns_are_enough(text):
    assert max(map(len, text.splitlines())) <= 60


def test_every_model_has_its_scores_beside_the_printed_ones(text, results):
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for model in results.models:
        assert any(line.startswith(model.label) for line in lines)
    assert "Test 0.9222 0.9139 = exact" in lines
    assert "Test, 20 seeds 0.9786 0.9778 ≈ within interval" in lines
    assert "0.9759 to 0.9813" in lines
    assert lines[lines.index("Test 0.9222 0.9139 = exact") + 1] == "0.9022 to 0.9422"
    at = lines.index("Test, shown fit 0.9806")
    assert lines[at + 1 : at + 4] == ["0.9606 to 1.0000", "Test loss 0.1234", "0.0901 to 0.1702"]
    assert lines.count("Test loss ∞") == 1
    assert lines.count("1 recalls 1 differ") == 4
    assert lines.count("best parameters = exact") == 1


def test_agreement_is_told_in_words_without_colour(text):
    assert "\x1b" not in text
    assert "= exact" in text and "≈ within interval" in text


def test_colour_only_adds_to_the_words(results):
    coloured = printed(results, force_terminal=True, color_system="standard")
    assert "\x1b[32m= exact" in coloured


def test_findings_follow(text, results):
    flat = " ".join(text.split())
    for finding in results.findings:
        assert f"• {finding}" in flat


def test_labels_are_not_taken_for_markup(results):
    model = results.models[0].model_copy(update={"label": "[red]Net[/nonsense]"})
    text = printed(results.model_copy(update={"models": (model,)}))
    assert "[red]Net[/nonsense]" in text


def test_without_models_the_classes_are_counted(first_look):
    lines = [line.split() for line in printed(first_look).splitlines()]
    assert ["class", "train", "test"] in lines
    assert ["3", "146", "37"] in lines
    assert ["all", "1,437", "360"] in lines


def test_a_pipe_that_knows_only_ascii_does_not_stop_it(results):
    buffer = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    print_results(results, Console(file=buffer, width=60))
    buffer.flush()
    assert b"? within interval" in buffer.buffer.getvalue()
