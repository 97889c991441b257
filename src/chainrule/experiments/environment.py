"""What a run was made with: versions, machine, commit."""

import os
import platform
import re
import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from chainrule import __version__
from chainrule.engine.device import usable_cores
from chainrule.experiments.results import Environment

__all__ = ["environment"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "jax", "jaxlib", "pydantic")


def environment(more: Iterable[str] = ()) -> Environment:
    """This process's environment, with the versions of ``more`` packages that it uses."""
    commit, modified = _checkout()
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        machine=platform.machine(),
        processor=_processor(),
        memory=_memory(),
        cores=usable_cores(),
        versions={"chainrule": __version__} | _versions((*PACKAGES, *more)),
        commit=commit,
        modified=modified,
    )


def _processor() -> str:
    """The name of the processor's model, from where Linux has it, or from the system's own word."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", errors="replace")
    except OSError:
        text = ""
    name = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return name[1].strip() if name else platform.processor()


def _memory() -> int | None:
    """The machine's memory in bytes; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _versions(packages: Iterable[str]) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _checkout() -> tuple[str | None, bool | None]:
    """The commit, if the package is used from its own git checkout, and whether it was changed."""
    root = Path(__file__).resolve().parents[3]
    if not (root / ".git").exists():
        return None, None
    commit = _git(root, "rev-parse", "HEAD")
    status = _git(root, "status", "--porcelain", "--untracked-files=no")
    return commit or None, None if status is None else bool(status)


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
