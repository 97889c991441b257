"""The code in README and docs runs as it stands, and their links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
IDS = [page.name for page in PAGES]
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
CALLED = re.compile(r"\b(chainrule(?:\.\w+){2,})\(")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=IDS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.usefixtures("no_figures")
def test_code_blocks_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in CODE.findall(page.read_text("utf-8")):
        exec(compile(block, str(page), "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_readme_has_twenty_lines() -> None:
    (block,) = CODE.findall((ROOT / "README.md").read_text("utf-8"))
    lines = [line for line in block.splitlines() if line.strip()]
    assert len(lines) <= 20


def test_readme_prints_a_good_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = CODE.findall((ROOT / "README.md").read_text("utf-8"))
    exec(compile(block, "README.md", "exec"), {})
    accuracy = float(re.search(r"test accuracy ([\d.]+)", capsys.readouterr().out)[1])
    assert accuracy > 0.96


def test_what_is_called_by_its_whole_name_needs_no_other_import() -> None:
    """Each in a package that is as new: what one name imports must not help the next."""
    names = {name for page in PAGES for name in CALLED.findall(page.read_text("utf-8"))}
    assert len(names) > 3
    names |= {"chainrule.interop.torch.to_module", "chainrule.interop.torch.from_module"}
    code = (
        "import sys\n"
        f"for name in {sorted(names)}:\n"
        "    for module in [m for m in sys.modules if m.split('.')[0] == 'chainrule']:\n"
        "        del sys.modules[module]\n"
        "    import chainrule\n"
        "    assert callable(eval(name)), name\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
