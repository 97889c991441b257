"""A network before its first step: what its initial weights make of the data and of the gradient.

A diagnosis begins with the end of the first epoch, when a network that starts badly may be dead
already. What its start was like is measured here, on the same rows.
"""

from typing import TYPE_CHECKING, Any

from sklearn.base import clone

if TYPE_CHECKING:
    from chainrule.estimators.base import BaseMLP

__all__ = ["initial_diagnosis"]


def initial_diagnosis(estimator: "BaseMLP", X: Any, y: Any) -> dict[str, list[float]]:
    """The numbers of each layer that ``estimator.fit(X, y)`` would begin with, by name.

    Those of `chainrule.estimators.diagnosis` but the update ratio, for nothing is updated yet:
    gradient norm, shares of dead and saturated units, mean and standard deviation of the
    activations. The estimator is not changed, and nothing is trained. Its ``random_state`` must be
    an integer, or the weights are those of another draw.

    Parameters
    ----------
    X, y
        The rows that ``fit`` would train on: ``(n, n_features)`` and ``(n,)`` or ``(n, k)``.
        At most 256 of them are looked at.

    Returns
    -------
    dict
        A list of one number a layer, NaN where a layer does not have it.

    Raises
    ------
    InvalidInputError
        What ``fit`` would refuse.
    """
    begun = clone(estimator).set_params(diagnose=True, early_stopping=False, warm_start=False)
    _, problem, _, _ = begun._prepare(X, y)
    layers = begun._layers()
    assert problem.examination is not None  # asked for above
    found = problem.examination(layers, layers, 1)
    return {name: values for name, values in found.items() if name != "update_ratio"}
