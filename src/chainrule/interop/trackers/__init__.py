"""What a training leaves at MLflow, Weights & Biases or TensorBoard: a run, a point an epoch.

Each tracker is a module of its own with a callback for ``set_callbacks``, imported by whoever wants
it: nothing is tracked because a package happens to be installed.
"""

from collections.abc import Mapping

__all__ = ["TRACKERS"]

TRACKERS: Mapping[str, str] = {
    "mlflow": "chainrule.interop.trackers.mlflow",
    "tensorboard": "chainrule.interop.trackers.tensorboard",
    "wandb": "chainrule.interop.trackers.wandb",
}
"""The module of each: its ``package()`` is an error where its package is missing, its
``sinks(name, folder)`` opens the runs of an experiment's models."""
