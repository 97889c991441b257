"""Markdown and LaTeX: formulas are well formed, and no title can break out of its place."""

import re
import shutil
import subprocess

import pytest
from tests.worked.render.conftest import arranged, traced

from chainrule.worked.calculate import trace
from chainrule.worked.example import examples, load_example
from chainrule.worked.render import render, render_cell
from chainrule.worked.render.latex import escaped as latex_escaped
from chainrule.worked.render.latex import latex
from chainrule.worked.render.markdown import escaped as markdown_escaped
from chainrule.worked.render.markdown import markdown

HOSTILE = r"50 % of <b>A & B</b>, x_1^2 #1 {~} $5 \input{x} `c` *d* [e] | f"


def hostile():
    words = {
        "title": HOSTILE,
        "source": HOSTILE,
        "notes": [{"at": "W1", "text": HOSTILE}],
        "questions": [{"question": HOSTILE, "answer": HOSTILE}],
    }
    return trace({**load_example("classic-2-2-2").model_dump(by_alias=True), **words})


def balanced(words: str) -> bool:
    words = re.sub(r"\\[{}]", "", words)
    depth = 0
    for letter in words:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth < 0:
            return False
    return depth == 0


def environments(words: str) -> None:
    open_ones = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", words):
        if kind == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert open_ones == []


@pytest.mark.parametrize("name", sorted(examples()))
def test_latex_is_balanced(name):
    found = latex(arranged(name))
    assert balanced(found)
    environments(found)
    assert found.count(r"\[") == found.count(r"\]")
    assert found.count(r"\left") == found.count(r"\right")
    assert len(re.findall(r"(?<!\\)\$", found)) % 2 == 0


def test_latex_escapes():
    found = render(hostile(), "latex")
    assert balanced(found)
    assert r"\input" not in found and r"50 \% of" in found and r"\$5" in found
    assert latex_escaped("a_b & 5 % < √ λ 漢") == (
        r"a\_b \& 5 \% \ensuremath{<} \ensuremath{\surd} \ensuremath{\lambda} [U+6F22]"
    )


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("found", [hostile, lambda: traced("E-2.3")], ids=["hostile", "E-2.3"])
def test_latex_compiles_as_it_stands(found, tmp_path):
    (tmp_path / "trace.tex").write_text(render(found(), "latex"), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "trace.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "trace.pdf").stat().st_size > 10_000


@pytest.mark.parametrize("name", ["B-Q2.2", "D-eq", "E-2.3"])
def test_markdown_has_its_formulas_between_dollars(name):
    found = markdown(arranged(name))
    assert found.count("\n$$\n") % 2 == 0
    for formula in re.findall(r"\n\$\$\n(.*?)\n\$\$\n", found, re.S):
        assert "\n" not in formula and balanced(formula)
        environments(formula)
    for line in re.findall(r"^- .*$", found, re.M):
        assert re.fullmatch(r"- \$[^$]+\$", line)
        # Markdown would take these backslashes for its own
        assert not re.search(r"\\[^A-Za-z]", line)


def test_markdown_escapes():
    found = render(hostile(), "md")
    title = found.splitlines()[0]
    assert "<b>" not in found.replace(r"\<b\>", "")
    assert title.endswith(markdown_escaped(HOSTILE)) and r"x\_1^2" in title
    assert markdown_escaped("two\nlines") == "two lines"


def test_one_number_in_both():
    found = render_cell(traced("E-2.3"), "Z1[1,1]", format="md")
    assert found.startswith("$$\n\\begin{align*}\nz_{1}[1,1] &= ")
    environments(render_cell(traced("E-2.3"), "Z1[1,1]", format="latex"))
