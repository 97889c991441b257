"""What a run was made with: versions, machine, commit."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from chainrule import __version__
from chainrule.engine.device import usable_cores
from chainrule.experiments.results import Environment

__all__ = ["environment"]

PACKAGES = ("numpy", "scipy", "scikit-learn", "jax", "jaxlib", "pydantic")


def environment() -> Environment:
    """This process's environment."""
    commit, modified = _checkout()
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        machine=platform.machine(),
        cores=usable_cores(),
        versions={"chainrule": __version__} | _versions(),
        commit=commit,
        modified=modified,
    )


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
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
