"""The record of what a run was made with."""

import platform
import re
import subprocess
from pathlib import Path

from chainrule import __version__
from chainrule.experiments import environment as module
from chainrule.experiments.environment import environment
from chainrule.experiments.loading import load
from chainrule.experiments.runner import _packages


def test_versions_and_machine_are_recorded():
    found = environment()
    assert found.python == platform.python_version()
    assert found.versions["chainrule"] == __version__
    assert {"numpy", "scikit-learn", "jax"} <= found.versions.keys()
    assert found.cores >= 1


def test_the_processor_and_the_memory_are_named():
    found = environment()
    assert isinstance(found.processor, str)
    if Path("/proc/cpuinfo").exists() and platform.machine() == "x86_64":
        assert found.processor in Path("/proc/cpuinfo").read_text() and found.processor
    if found.memory is not None:
        assert 2**27 < found.memory < 2**50


def test_what_the_system_does_not_tell_is_left_open(monkeypatch):
    def refuses(*arguments, **options):
        raise OSError("no")

    monkeypatch.setattr(Path, "read_text", refuses)
    monkeypatch.setattr("os.sysconf", refuses)
    monkeypatch.setattr(platform, "processor", lambda: "a machine")
    assert module._processor() == "a machine" and module._memory() is None


def test_pytorch_is_named_where_it_computes():
    spec = load("cifar10-two-layer-torch")
    assert list(_packages(spec)) == ["torch"]
    assert (
        list(_packages(load("mnist-baseline"))) == list(_packages(load("digits-first-look"))) == []
    )
    assert "scipy" in environment(["scipy"]).versions


def test_a_commit_is_recorded_only_in_a_checkout_of_the_package():
    found = environment()
    assert found.commit is None or re.fullmatch(r"[0-9a-f]{40}", found.commit)
    assert (found.commit is None) == (found.modified is None)


def test_without_git_the_commit_is_unknown(monkeypatch):
    def no_git(*arguments, **options):
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", no_git)
    assert module._checkout() == (None, None)


def test_a_package_that_is_not_installed_is_left_out(monkeypatch):
    monkeypatch.setattr(module, "PACKAGES", ("numpy", "no-such-package"))
    assert list(environment().versions) == ["chainrule", "numpy"]
