"""The saved model read back: whether it is, bit for bit, the one that was trained."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import ModelFileError, RunError
from chainrule.experiments.results import Verified

__all__ = ["ROWS", "network_of", "verified"]

ROWS = 256
"""Of so many rows, at most, the outputs are compared."""


def verified(estimator: Any, path: Path, rows: np.ndarray) -> Verified:
    """Reads the model back and compares its parameters and its outputs with the estimator's.

    Args:
        estimator: what was saved.
        path: the file that it was saved to.
        rows: (n, features), as the estimator takes them; the first `ROWS` are used.

    Raises:
        RunError: the file cannot be read back, or a bit of it is another.
    """
    import chainrule

    rows = rows[:ROWS]
    try:
        other = chainrule.load(path)
        pairs = [*_parameters(estimator, other)]
        n_parameters = sum(int(kept.size) for _, kept, _ in pairs)
        pairs.append(("outputs", _outputs(estimator, rows), _outputs(other, rows)))
    except (ModelFileError, AttributeError) as error:
        raise _differs(path, f"it cannot be read back ({error})") from error
    for what, kept, found in pairs:
        if not _same_bits(kept, found):
            raise _differs(path, f"its {what} are not bit for bit those that were trained")
    return Verified(parameters=n_parameters, rows=len(rows))


def _parameters(one: Any, other: Any) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for name, words in (("coefs_", "weights"), ("intercepts_", "biases")):
        # A layer that one has not is without values there: other bits than any layer's.
        kept_and_found = (getattr(network_of(each), name) for each in (one, other))
        both = zip_longest(*kept_and_found, fillvalue=np.empty(0))
        for number, (kept, found) in enumerate(both, 1):
            yield f"{words} of layer {number}", kept, found


def network_of(estimator: Any) -> Any:
    """The network itself, which may be the last step of a Pipeline."""
    return estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator


def _outputs(estimator: Any, rows: np.ndarray) -> np.ndarray:
    """Probabilities where the model has them, else what it predicts."""
    say = getattr(estimator, "predict_proba", None) or estimator.predict
    return np.asarray(say(rows))


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Also where both are not a number."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def _differs(path: Path, why: str) -> RunError:
    return RunError(
        f"Required that the saved model {path} is the one that was trained, and {why}. The disk or "
        "its file system is at fault, or another program wrote to it: check it, then resume the "
        "run."
    )
