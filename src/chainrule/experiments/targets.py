"""The numbers of a regression as the models get them, and back in their own unit."""

from dataclasses import dataclass

import numpy as np

from chainrule.data.splits import Part, Parts
from chainrule.experiments.spec import OutlierSpec, TargetSpec

__all__ = ["Target", "prepared_targets"]


@dataclass(frozen=True)
class Target:
    """What is predicted: models get (y - shift) / scale."""

    name: str = ""
    shift: float = 0.0
    scale: float = 1.0

    def back(self, y: np.ndarray) -> np.ndarray:
        """Numbers of a model in the target's own unit."""
        return np.asarray(y, dtype=float) * self.scale + self.shift


def prepared_targets(
    parts: Parts, spec: TargetSpec, name: str
) -> tuple[Parts, Target, tuple[str, ...]]:
    """The parts with the targets that the models get, the way back, and sentences on both.

    Outliers are made first, in the training part alone; a mean and a standard deviation are those
    of the training part as it then is.
    """
    sentences = []
    if spec.outliers is not None:
        train, count = _with_outliers(parts["train"], spec.outliers)
        parts = {**parts, "train": train}
        sentences.append(
            f"{count} of the {len(train.y)} training rows, drawn from seed {spec.outliers.seed}, "
            f"were made outliers: {spec.outliers.shift:g} standard deviations of the targets were "
            "added to theirs; the other parts are as they were"
        )
    target = Target(name)
    if spec.standardize:
        y = parts["train"].y
        target = Target(name, float(y.mean()), float(y.std()) or 1.0)
        parts = {
            part: Part(rows.X, (rows.y - target.shift) / target.scale)
            for part, rows in parts.items()
        }
        sentences.append(
            f"targets less their mean on the training part ({target.shift:.4g}), divided by their "
            f"standard deviation there ({target.scale:.4g}): losses are in these units, RMSE and "
            "MAE in the target's own"
        )
    return parts, target, tuple(sentences)


def _with_outliers(part: Part, spec: OutlierSpec) -> tuple[Part, int]:
    """The same rows, a share of their targets moved; how many."""
    count = max(1, round(spec.share * len(part.y)))
    chosen = np.random.default_rng(spec.seed).choice(len(part.y), count, replace=False)
    y = part.y.copy()
    y[chosen] += spec.shift * part.y.std()
    return Part(part.X, y), count
