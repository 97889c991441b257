"""What a training leaves at MLflow, Weights & Biases or TensorBoard: a run, a point an epoch.

Each tracker is a module of its own with a callback for ``set_callbacks``, imported by whoever wants
it: nothing is tracked because a package happens to be installed.
"""
