"""Importing the package costs nothing: what draws is loaded when something is drawn."""

import inspect
import subprocess
import sys

import pytest

from chainrule.reports import figures

HEAVY = {"matplotlib", "jinja2", "rich", "numpy", "jax", "torch", "sklearn", "pydantic"}


def test_importing_reports_loads_no_heavy_package():
    code = "import sys, chainrule.reports; print(*{name.split('.')[0] for name in sys.modules})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert not HEAVY & set(found.stdout.split())


def test_the_page_of_figures_is_loaded_when_something_is_drawn():
    code = (
        "import sys\nfrom chainrule.reports import figures\n"
        "before = 'matplotlib' in sys.modules\nfigures.confusion_matrix\n"
        "print(before, 'matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout.split() == ["False", "True", "False"]


def test_every_figure_is_announced_documented_and_at_home():
    assert figures.__all__ == sorted(figures._HOME) == dir(figures)
    for name in figures.__all__:
        assert getattr(figures, name).__name__ == name
        assert inspect.getdoc(getattr(figures, name))
    with pytest.raises(AttributeError, match="no attribute 'pie_chart'"):
        _ = figures.pie_chart


def test_drawing_needs_no_pyplot():
    code = "import sys, chainrule.reports.charts; print('matplotlib.pyplot' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout.strip() == "False"
