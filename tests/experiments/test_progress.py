"""A bar on a terminal, few lines anywhere else."""

from io import StringIO

from rich.console import Console

from chainrule.experiments import progress as module
from chainrule.experiments.progress import progress


def shown(console, steps, label="Work"):
    with progress(console, label, steps) as advance:
        for _ in range(steps):
            advance()
    return console.file.getvalue()


def test_quick_work_says_nothing_off_a_terminal():
    assert shown(Console(file=StringIO()), 1000) == ""


def test_long_work_says_a_line_every_few_seconds(monkeypatch):
    seconds = iter(range(100))
    monkeypatch.setattr(module, "monotonic", lambda: float(next(seconds)))
    text = shown(Console(file=StringIO(), width=80), 12)
    assert text.splitlines() == ["Work: 5 of 12", "Work: 10 of 12"]


def test_a_terminal_gets_a_bar():
    console = Console(file=StringIO(), force_terminal=True, width=80)
    assert "3/3" in shown(console, 3)


def test_a_label_is_printed_as_it_is(monkeypatch):
    """A model's label is the user's text, and no markup."""
    label = "[red]n[/red] [r]"
    console = Console(file=StringIO(), force_terminal=True, width=80, color_system=None)
    assert f"{label} " in shown(console, 3, label)
    seconds = iter(range(100))
    monkeypatch.setattr(module, "monotonic", lambda: float(next(seconds)))
    assert f"{label}: 5 of 12" in shown(Console(file=StringIO(), width=80), 12, label)
