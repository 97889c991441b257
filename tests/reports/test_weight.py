"""Importing the package costs nothing: what draws is loaded when something is drawn."""

import subprocess
import sys

HEAVY = {"matplotlib", "jinja2", "rich", "numpy", "jax", "torch", "sklearn", "pydantic"}


def test_importing_reports_loads_no_heavy_package():
    code = "import sys, chainrule.reports; print(*{name.split('.')[0] for name in sys.modules})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert not HEAVY & set(found.stdout.split())


def test_drawing_needs_no_pyplot():
    code = "import sys, chainrule.reports.figures; print('matplotlib.pyplot' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout.strip() == "False"
