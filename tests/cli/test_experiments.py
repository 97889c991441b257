"""The command line as a person meets it: in processes of its own where that matters."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chainrule import __version__
from chainrule.cli import app
from chainrule.experiments.results import Results

RUNNER = CliRunner()
COMMAND = [sys.executable, "-c", "from chainrule.cli import main; main()"]


def call(*arguments):
    return RUNNER.invoke(app, list(arguments), env={"COLUMNS": "100"})


def test_the_version_is_printed():
    result = call("--version")
    assert (result.exit_code, result.output) == (0, f"chainrule {__version__}\n")


def test_recipes_are_listed_one_a_line():
    result = call("recipes")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines] == sorted(line.split()[0] for line in lines)
    pattern = r"^digits-four-models +Four models read handwritten digits$"
    assert re.search(pattern, result.output, re.MULTILINE)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["run", "--help"], ["recipes", "--help"]])
def test_help_works_in_a_narrow_terminal(arguments):
    result = RUNNER.invoke(app, arguments, env={"COLUMNS": "40"})
    assert "Usage: chainrule" in result.output
    assert max(map(len, result.output.splitlines())) <= 40


def test_a_run_writes_where_it_is_told_and_prints_its_table(tmp_path):
    result = call(
        "run", "digits-first-look", "--out", str(tmp_path / "x"), "--set", "data.samples=3"
    )
    assert result.exit_code == 0, result.output
    assert "The digits, at first sight" in result.output
    results = Results.model_validate_json((tmp_path / "x" / "results.json").read_text())
    assert len(results.data.samples) == 3
    assert (tmp_path / "x" / "report.html").exists()


def test_a_run_can_be_quiet_and_forced(tmp_path):
    for extra in ([], ["--force"]):
        result = call("run", "digits-first-look", "--out", str(tmp_path), "--quiet", *extra)
        assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digits-four-model"], "Unknown recipe 'digits-four-model'. Did you mean"),
        (["nowhere.toml"], "Required a readable TOML file; nowhere.toml is not one"),
        (["digits-first-look", "--set", "x"], "Required PATH=VALUE"),
        (["digits-first-look", "--set", "datta.name=1"], "there is no 'datta' here. Did you mean"),
        (["digits-first-look", "--set", "data.samples=x"], "data.samples: required a whole number"),
    ],
)
def test_a_mistake_is_one_paragraph_on_stderr_and_exit_2(arguments, message):
    result = call("run", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ") and message in result.stderr
    assert result.stderr.count("\n") == 1 and "Traceback" not in result.stderr


def test_an_unknown_option_is_refused():
    result = call("run", "digits-first-look", "--outt", "x")
    assert result.exit_code == 2
    assert "No such option" in result.stderr


def test_help_and_recipes_load_nothing_heavy():
    heavy = ["jax", "torch", "sklearn", "matplotlib", "numpy"]
    program = (
        "import sys\nfrom typer.testing import CliRunner\nfrom chainrule.cli import app\n"
        "for arguments in (['--help'], ['recipes'], ['--version']):\n"
        "    assert CliRunner().invoke(app, arguments).exit_code == 0\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_output_into_a_pipe_has_no_control_characters(tmp_path):
    command = [*COMMAND, "run", "digits-first-look", "--out", str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"COLUMNS": "50"}
    )
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout and done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_ctrl_c_exits_130_and_says_what_is_kept(tmp_path):
    command = [*COMMAND, "run", "digits-four-models", "--out", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(tmp_path / "metrics.jsonl", process)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert stderr.startswith("Stopped by Ctrl-C. Kept in ") and "metrics.jsonl" in stderr
    assert "Traceback" not in stderr


def wait_for(path: Path, process: subprocess.Popen) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
