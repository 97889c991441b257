"""The commands for worked examples: what they print, what they refuse, how they exit."""

import json
import os
import re
import subprocess
import sys

import pytest

import chainrule
from chainrule.worked import errata, examples

COMMAND = [sys.executable, "-c", "from chainrule.cli import main; main()"]
COMMANDS = ("trace", "check", "verify", "compare", "exercise")

MINE = """
title = "Two inputs, one output"
activations = ["logistic"]
loss = "squared_error"
X = [[1, 2]]
Y = [[1]]

[[layers]]
W = [[0.1], [0.3]]
b = [0.5]

[update]
rate = 0.1
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    return path


def test_the_examples_are_listed_one_a_line(call):
    result = call("trace", "--list")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines] == list(examples())


def test_the_errata_are_listed_by_document(call):
    output = call("trace", "--errata").output
    numbers = [int(found) for found in re.findall(r"^ ?(\d+)  ", output, re.MULTILINE)]
    assert sorted(numbers) == [one.number for one in errata()]
    assert len(re.findall(r"^[A-E]: |^all: ", output, re.MULTILINE)) == 6


@pytest.mark.parametrize("name", examples())
def test_each_example_is_shown_by_its_name(call, name):
    result = call("trace", name)
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"{name}: ")


@pytest.mark.parametrize("columns", [40, 60, 100])
def test_nothing_is_wider_than_the_terminal(call, columns):
    for arguments in (["trace", "B-Q2.1"], ["trace", "--errata"], ["trace", "E-1.3", "--table"]):
        lines = call(*arguments, columns=columns).output.splitlines()
        assert max(map(len, lines)) <= columns, arguments


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_narrow_terminal(call, command):
    result = call(command, "--help", columns=40)
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 40


@pytest.mark.parametrize(
    ("format", "start"),
    [("markdown", "# "), ("md", "# "), ("latex", r"\documentclass"), ("html", "<!doctype html>")],
)
def test_the_formats(call, mine, format, start):
    result = call("trace", mine, "--format", format)
    assert result.exit_code == 0
    assert result.output.startswith(start)


def test_json_is_the_trace_in_full_precision(call, mine):
    found = json.loads(call("trace", mine, "--format", "json").output)
    trace = chainrule.trace(mine)
    assert found["steps"][0]["quantities"]["loss"]["value"] == float(trace["loss"])


def test_decimals_layout_and_one_entry(call, mine):
    assert "0.7685" in call("trace", mine, "--decimals", 4, "--entry", "A1[1,1]").output
    assert "0.768525" in call("trace", mine, "--decimals", 6, "--entry", "A1[1,1]").output
    row = call("trace", mine, "--entry", "dW1[2,1]").output
    column = call("trace", mine, "--layout", "column", "--entry", "dW1[1,2]").output
    assert row.split("=")[-1] == column.split("=")[-1]


def test_steps_and_variants_are_as_in_python(call):
    output = call("trace", "classic-2-2-2", "--steps", 3, "--format", "json").output
    assert len(json.loads(output)["steps"]) == 3
    output = call("trace", "E-1.3", "--variant", "sigmoid-sigmoid", "--format", "json").output
    found = json.loads(output)["steps"][0]["quantities"]["A2"]["value"]
    assert found == chainrule.trace("E-1.3", variant="sigmoid-sigmoid")["A2"].tolist()


def test_a_page_goes_to_a_file(call, mine, tmp_path):
    out = tmp_path / "page.html"
    result = call("trace", mine, "--format", "html", "--out", out)
    assert (result.exit_code, result.output) == (0, f"Wrote {out}.\n")
    assert "<math" in out.read_text(encoding="utf-8")


def test_variants_stand_side_by_side_with_what_they_say(call):
    output = call("trace", "E-2.2", "--table").output
    assert "sigmoid-sigmoid-bce" in output and "On either side of the threshold" in output
    assert "x3 costs most in both losses" in output


def test_the_losses_are_drawn(call, tmp_path):
    figure = tmp_path / "losses.svg"
    result = call("trace", "E-2.4", "--figure", figure)
    assert result.exit_code == 0
    assert "oscillating" in result.output and "double sigmoid" in result.output
    assert figure.read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trace"], "An example's name or file is required"),
        (["trace", "B-Q1"], "Unknown example 'B-Q1'. Did you mean"),
        (["trace", "nowhere.toml"], "There is no file nowhere.toml."),
        (["trace", "B-Q1.1", "--format", "docx"], "Unknown format 'docx'"),
        (["trace", "B-Q1.1", "--entry", "dW9[1,1]"], "Unknown quantity 'dW9'"),
        (["trace", "B-Q1.1", "--entry", "dW1[9,9]"], "its entries go up to dW1[4,4]"),
        (["trace", "B-Q1.1", "--layout", "diagonal"], "layout"),
        (["trace", "B-Q1.1", "--out", "no/such/folder"], "no/such/folder cannot be written"),
        (["trace", "E-1.3", "--variant", "x"], "Unknown variant 'x'"),
        (["trace", "E-1.1", "--steps", "2"], "has no [update]"),
        (["trace", "B-Q1.1", "--table"], "has nothing to compare"),
        (["trace", "B-Q1.1", "--variant", "x"], "B-Q1.1 has no variants, got 'x'"),
        (["trace", "E-2.4", "--table", "--steps", "3"], "leave --layout, --variant, --steps"),
        (["trace", "E-2.4", "--figure", "x.doc"], "ends in .png, .svg or .pdf, got x.doc"),
        (["check", "B-Q1.1", "nowhere.toml"], "There is no file nowhere.toml."),
        (["exercise", "--layers", "2,x"], "--layers must be whole numbers"),
        (["exercise", "--layers", "2,2", "--activation", "rlu"], "Did you mean 'relu'?"),
    ],
)
def test_a_mistake_is_a_paragraph_on_stderr_and_exit_2(call, arguments, message):
    result = call(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ") and message in result.stderr


def test_a_wrong_shape_says_which_matrix(call, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(MINE.replace("[[0.1], [0.3]]", "[[0.1], [0.3], [0.2]]"))
    stderr = call("trace", path).stderr
    assert "W1" in stderr and "3 by 1" in stderr.replace("×", "by") and "2" in stderr


def test_right_answers_exit_0_and_wrong_ones_1(call, mine, tmp_path):
    right, wrong = tmp_path / "right.toml", tmp_path / "wrong.toml"
    right.write_text("Z1 = 1.20\nA1 = 0.7685\n")
    wrong.write_text("Z1 = 0.70\nA1 = 0.6682\n")
    assert call("check", mine, right).exit_code == 0
    result = call("check", mine, wrong)
    assert result.exit_code == 1
    assert "bias" in result.output and "follows" in result.output


def test_verify_alone_verifies_every_example(call, monkeypatch):
    monkeypatch.setattr("chainrule.worked.examples", lambda: {"B-Q2.1": "", "E-2.3": ""})
    result = call("verify")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.split()[:2] for line in lines] == [["B-Q2.1", "agrees"], ["E-2.3", "agrees"]]
    assert call("verify", "--steps", 2).exit_code == 2


def test_verify_and_compare_say_that_all_agree(call, mine):
    assert call("verify", mine).exit_code == 0
    result = call("compare", mine)
    assert result.exit_code == 0
    assert "translated" in result.output


def test_an_exercise_is_written_and_can_be_checked(call, tmp_path):
    folder = tmp_path / "sheet"
    arguments = ("exercise", "--layers", "2,3,2", "--seed", 7, "--out", folder)
    assert call(*arguments).exit_code == 0
    assert {"problem.tex", "problem.html", "solution.md"} <= {p.name for p in folder.iterdir()}
    assert call("check", folder / "example.toml", folder / "answers.toml").exit_code == 0
    again = call(*arguments)
    assert again.exit_code == 2 and "--force" in again.stderr
    assert call(*arguments, "--force").exit_code == 0


def test_a_trace_loads_neither_jax_nor_torch_nor_sklearn():
    program = (
        "import sys\nfrom typer.testing import CliRunner\nfrom chainrule.cli import app\n"
        "assert CliRunner().invoke(app, ['trace', 'B-Q1.1']).exit_code == 0\n"
        "print([n for n in ('jax', 'torch', 'sklearn', 'matplotlib') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_the_help_shows_the_layouts_in_full(call):
    words = " ".join(call("trace", "--help", columns=120).output.replace("│", " ").split())
    assert "row: W[in][out], Z = A W + b; column: W[out][in]" in words
    assert "[[NAME" not in words


def test_a_figure_of_an_example_without_variants(call, tmp_path):
    figure = tmp_path / "losses.svg"
    result = call("trace", "B-Q1.1", "--figure", figure)
    assert (result.exit_code, result.stderr) == (0, f"Wrote {figure}.\n")
    assert figure.is_file()


def test_an_encoding_that_lacks_signs_gets_question_marks():
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([*COMMAND, "trace", "B-Q1.1"], capture_output=True, env=environment)
    assert done.returncode == 0
    assert "? 0.1  0.1  0.1  0.1 ?" in done.stdout.decode("latin-1")
    assert b"--out FILE writes them all" in done.stderr and b"Traceback" not in done.stderr


def test_a_reader_that_has_read_enough_sees_no_traceback():
    with subprocess.Popen(
        [*COMMAND, "trace", "E-2.4", "--format", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_pipe_gets_no_colours():
    done = subprocess.run([*COMMAND, "trace", "B-Q1.1"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    assert "\x1b" not in done.stdout
