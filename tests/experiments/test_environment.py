"""The record of what a run was made with."""

import platform
import re
import subprocess

from chainrule import __version__
from chainrule.experiments import environment as module
from chainrule.experiments.environment import environment


def test_versions_and_machine_are_recorded():
    found = environment()
    assert found.python == platform.python_version()
    assert found.versions["chainrule"] == __version__
    assert {"numpy", "scikit-learn", "jax"} <= found.versions.keys()
    assert found.cores >= 1


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
