"""A header's functions as a program: compiled by this machine's compiler, and asked about rows."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from chainrule.models import FrozenModel

HERE = Path(__file__).parent
COMPILER = next(filter(shutil.which, ("cc", "gcc", "clang")), None)
WARNINGS = [f"-W{name}" for name in ("all", "extra", "pedantic", "conversion", "shadow", "error")]
TASKS = {"binary": 4, "multiclass": 1, "multilabel": 2, "regression": 3}

compiled = pytest.mark.skipif(COMPILER is None, reason="no C compiler (cc, gcc or clang) here")


class Answers(NamedTuple):
    outputs: np.ndarray
    answer: np.ndarray
    probabilities: np.ndarray


def build(
    folder: Path,
    task: str,
    source: str = "answer.c",
    flags: Sequence[str] = (),
    row: str = "float",
) -> Path:
    """The program of a source and the folder's ``net.h``, compiled without a warning."""
    program = folder / "program"
    given = [
        f"-DTASK={TASKS[task]}",
        f"-DROW={row}",
        f"-I{folder}",
        HERE / source,
        "-lm",
        "-o",
        program,
    ]
    done = subprocess.run(
        [COMPILER, *(flags or ["-std=c99", *WARNINGS]), *given], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return program


def asked(program: Path, model: FrozenModel, X: np.ndarray, dtype: str = "float32") -> Answers:
    """What it says of rows."""
    done = subprocess.run([program], input=X.astype(dtype).tobytes(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    found = np.frombuffer(done.stdout, np.float32).reshape(len(X), -1)
    n_out = model.sizes[-1]
    n_answers = 1 if model.task in ("binary", "multiclass") else n_out
    return Answers(*np.split(found, [n_out, n_out + n_answers], axis=1))
