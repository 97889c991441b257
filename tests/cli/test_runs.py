"""``chainrule runs``, ``report`` and ``resume``, on a run at work too."""

import json
import signal
import subprocess
import sys
import time

import pytest

SPEC = """
name = "long"
kind = "compare"
title = "Long enough to be looked at"
question = "Is it seen?"
source = { key = "own", title = "a test" }
chosen = "net"
threads = 1
hardest = 0

[data]
name = "digits"
samples = 0
split = { scheme = "two-way", held_out = 0.8 }

[models.net]
label = "Net"
family = "mlp"
prepare = ["unit"]
dtype = "float32"

[models.net.settings]
hidden_layer_sizes = [16]
batch_size = 8
max_iter = 20000
n_iter_no_change = 20000
random_state = 0
"""
COMMAND = [sys.executable, "-c", "from chainrule.cli import main; main()"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_no_runs_are_no_error(call, here):
    result = call("runs")
    assert (
        result.exit_code == 0
        and "runs has no runs below it; `chainrule run NAME` makes one." in result.output
    )
    assert list(here.iterdir()) == []
    assert json.loads(call("runs", "--json").output) == []


def test_a_folder_that_is_not_there(call, here):
    result = call("runs", "nowhere")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: Required a folder to look for runs in; nowhere")


def test_runs_are_listed_and_reported(call, here):
    for name in ("one", "two"):
        assert call("run", "digits-first-look", "--out", f"runs/{name}", "--quiet").exit_code == 0
    lines = call("runs").output.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [
        ["one", "digits-first-look", "complete"],
        ["two", "digits-first-look", "complete"],
    ]
    assert call("report", "runs/one").output == "Report: one-report.html\n"
    assert (here / "one-report.html").read_text() == (here / "runs/one/report.html").read_text()
    again = call("report", "runs/one")
    assert again.exit_code == 2 and "is there already" in again.stderr
    assert call("report", "runs/one", "--force").exit_code == 0
    assert call("report", "runs/one", "--out", "x.html").output == "Report: x.html\n"
    both = call("report", "runs/one", "runs/two")
    assert both.exit_code == 2 and "Required runs that train models" in both.stderr


def test_a_mistaken_folder_is_one_paragraph(call, here):
    result = call("report", "nowhere")
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr.startswith("Error: Required the folder of a run; nowhere is none.")


def test_listing_loads_nothing_heavy(here):
    heavy = ["jax", "torch", "sklearn", "matplotlib"]
    program = (
        "import sys\nfrom typer.testing import CliRunner\nfrom chainrule.cli import app\n"
        "assert CliRunner().invoke(app, ['runs', '.']).exit_code == 0\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_a_run_at_work_is_seen_and_not_disturbed(call, here):
    (here / "long.toml").write_text(SPEC)
    process = subprocess.Popen([*COMMAND, "run", "long.toml", "--out", "runs/long", "--quiet"])
    try:
        metrics = here / "runs/long/metrics.jsonl"
        while not metrics.exists() or metrics.read_bytes().count(b"\n") < 3:
            assert process.poll() is None
            time.sleep(0.02)
        (found,) = json.loads(call("runs", "--json").output)
        assert (found["state"], found["recipe"], found["figures"]["model"]) == (
            "running", "long", "net"
        )  # fmt: skip
        assert found["figures"]["epoch"] >= 3 and found["began"]
        assert call("report", "runs/long").exit_code == 0
        assert "This run is at work" in (here / "long-report.html").read_text()
        refused = call("resume", "runs/long", "--quiet")
        assert refused.exit_code == 2 and "Another process is running runs/long" in refused.stderr
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert call("runs").output.splitlines()[1].split()[:3] == ["long", "long", "stopped"]
    assert call("report", "runs/long", "--force").exit_code == 0
    assert "was stopped or killed" in (here / "long-report.html").read_text()
