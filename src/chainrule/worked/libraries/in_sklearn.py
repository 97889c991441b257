"""The same network in scikit-learn's multilayer perceptron, a step at a time by ``partial_fit``.

Its gradient of the data's loss is 1/c of ours (c: ``GRADIENT_FACTORS``). Translated, the
penalty is divided by c, and the step makes up for it: gradient descent by a rate c times as
large, Adam (which does not see the gradients' scale) by an epsilon 1/c as large.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.equations.network import Layer
from chainrule.worked.libraries.problem import Course, Problem

__all__ = ["conventions", "inexpressible", "train"]

ACTIVATIONS = ("identity", "logistic", "tanh", "relu")
SQUARES = ("squared_error", "mean_squared_error", "half_mean_squared_error")
OUTPUTS = {
    "cross_entropy": "softmax",
    "binary_cross_entropy": "logistic",
    "poisson": "exp",
    **dict.fromkeys(SQUARES, "identity"),
}
"""The output activation that each loss has there."""

GRADIENT_FACTORS: Mapping[str, Callable[[int], float]] = {
    "squared_error": lambda k: 1,
    "mean_squared_error": lambda k: 2 / k,
    "half_mean_squared_error": lambda k: 1 / k,
}
"""c: our gradient of the data's loss over scikit-learn's, for k outputs; 1 for other losses."""

LOSS_FACTORS: Mapping[str, Callable[[int], float]] = {
    "squared_error": lambda k: k,
    "mean_squared_error": lambda k: 2,
    "half_mean_squared_error": lambda k: 1,
}
"""Our data loss over the one that scikit-learn reports."""


def inexpressible(course: Course) -> str:
    """Why scikit-learn cannot express the example; empty where it can."""
    hidden, output = set(course.activations[:-1]), course.activations[-1]
    Y = np.concatenate([batch.Y for batch in course.batches])
    if len(hidden) > 1:
        return f"one activation for all hidden layers, and the example has {sorted(hidden)}"
    if not hidden <= set(ACTIVATIONS):
        return f"hidden activations {', '.join(ACTIVATIONS)}, and not {hidden.pop()}"
    if course.loss not in OUTPUTS:
        return f"the losses {', '.join(OUTPUTS)}, and not {course.loss}"
    if output != OUTPUTS[course.loss]:
        return f"{course.loss} with the output {OUTPUTS[course.loss]} alone, and not {output}"
    if output == "softmax" and course.outputs < 3:
        return "softmax for three classes or more; two are one logistic output there"
    if output in ("softmax", "logistic") and not np.isin(Y, (0, 1)).all():
        return "labels alone as targets of a classifier, and not probabilities"
    sums = {batch.total_weight for batch in course.batches}
    if course.reduction == "sum" and len(sums) > 1 and "beta_1" in course.settings:
        return "the mean over a batch, which is not the sum where Adam sees batches of two sizes"
    if course.update.optimizer in ("adamw", "rmsprop", "adagrad"):
        return f"the solvers sgd, adam and lbfgs, and not {course.update.optimizer}"
    if course.penalty is not None and course.penalty.convention == "l1":
        return "the penalty L2 alone, and not L1"
    return ""


# trained


def train(course: Course, translated: bool) -> Iterator[tuple[float, tuple[Layer, ...]]]:
    """The loss before, and the parameters after each step.

    ``translated`` says whether scikit-learn's conventions are translated into the example's, or
    taken as they come: the penalty's strength as ``alpha``, the mean over the batch.
    """
    est = _started(course)
    for number, problem in enumerate(course.batches):
        loss_factor = _set(est, course, problem, number) if translated else 1.0
        squares = sum(float((W * W).sum()) for W in est.coefs_)
        own_penalty = est.alpha / 2 * squares / problem.total_weight
        est.set_params(batch_size=len(problem.X))
        try:
            est.partial_fit(problem.X, _y(course, problem), sample_weight=problem.weights)
        except ValueError:  # what it says where the parameters are no longer finite
            return
        loss = est.loss_
        if translated:
            loss = (loss - own_penalty) * loss_factor + problem.coefficient * squares
        yield float(loss), tuple(Layer(W.copy(), b.copy()) for W, b in _parameters(est))


def _parameters(est: Any) -> list[tuple[Any, Any]]:
    return list(zip(est.coefs_, est.intercepts_, strict=True))


def _y(course: Course, problem: Problem) -> Any:
    if course.activations[-1] == "softmax":
        return problem.Y.argmax(axis=1)
    return problem.Y.ravel() if course.outputs == 1 else problem.Y


def _started(course: Course) -> Any:
    """An estimator with the example's parameters, before its first step."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    settings, optimizer = course.settings, course.update.optimizer
    adam = "beta_1" in settings
    given = {name: settings[name] for name in ("beta_1", "beta_2", "epsilon") if adam}
    est: Any = MLPClassifier if course.activations[-1] in ("softmax", "logistic") else MLPRegressor
    est = est(
        hidden_layer_sizes=[len(layer.b) for layer in course.layers[:-1]],
        activation=course.activations[0] if len(course.layers) > 1 else "identity",
        solver="adam" if adam else "sgd",
        alpha=0.0 if course.penalty is None else course.penalty.strength,
        learning_rate_init=course.update.rate,
        momentum=settings.get("momentum", 0.0),
        nesterovs_momentum=optimizer == "nesterov",
        shuffle=False,
        random_state=0,
        **given,
    )
    if course.loss == "poisson":
        est.set_params(loss="poisson")
    _prepare(est, course)
    est.coefs_ = [layer.W.copy() for layer in course.layers]
    est.intercepts_ = [layer.b.copy() for layer in course.layers]
    return est


def _prepare(est: Any, course: Course) -> None:
    """One step that is thrown away makes the attributes that ``partial_fit`` goes on from."""
    first = course.batches[0]
    zeros = np.zeros_like(first.X)
    if course.activations[-1] == "softmax":
        est.partial_fit(zeros, _y(course, first), classes=np.arange(course.outputs))
    elif course.activations[-1] == "logistic":
        est.partial_fit(zeros, _y(course, first), classes=np.arange(max(2, course.outputs)))
    else:
        est.partial_fit(zeros, _y(course, first))
    del est._optimizer  # and with it the velocity and the moments


def _factor(course: Course, problem: Problem, table: Mapping[str, Callable[[int], float]]) -> float:
    """Ours over scikit-learn's: by the table, and the sum over the batch for its mean."""
    factor = table[course.loss](course.outputs) if course.loss in table else 1.0
    return factor * (problem.total_weight if course.reduction == "sum" else 1.0)


def _set(est: Any, course: Course, problem: Problem, number: int) -> float:
    """Translate the settings of step ``number`` (from 0); returns the factor of the loss."""
    c, settings = _factor(course, problem, GRADIENT_FACTORS), course.settings
    rate = course.rate(number)
    changes: dict[str, float] = {"alpha": 2 * problem.coefficient * problem.total_weight / c}
    if "beta_1" in settings:
        root = np.sqrt(1 - settings["beta_2"] ** (number + 1))
        place = root if course.update.optimizer == "adam" else 1.0
        changes |= {"learning_rate_init": rate, "epsilon": float(settings["epsilon"] * place / c)}
    else:
        changes |= {"learning_rate_init": rate * c}
    est.set_params(**changes)
    if hasattr(est, "_optimizer"):  # made at the first step, with the settings of then
        for name in ("learning_rate_init", "epsilon"):
            if name in changes:
                setattr(est._optimizer, name, changes[name])
        if est.solver == "sgd":
            est._optimizer.learning_rate = changes["learning_rate_init"]
    return _factor(course, problem, LOSS_FACTORS)


# conventions


def conventions(course: Course) -> tuple[str, ...]:
    """What makes scikit-learn, as it comes, differ from the example; empty where nothing does."""
    found = (rule(course) for rule in (_squares, _reduction, _alpha, _steps))
    return tuple(text for text in found if text)


def _squares(course: Course) -> str:
    k = course.outputs
    if course.loss not in SQUARES or (k == 1 and course.loss != "mean_squared_error"):
        return ""
    loss, gradient = 1 / LOSS_FACTORS[course.loss](k), 1 / GRADIENT_FACTORS[course.loss](k)
    return (
        "scikit-learn reports half the mean over the outputs of (a - y)^2, while its gradient, "
        f"a - y, is that of half their sum: {loss:.4g} times our {course.loss} and {gradient:.4g} "
        f"times its gradient, for {k} output{'s' if k > 1 else ''}."
    )


def _reduction(course: Course) -> str:
    if course.reduction == "mean":
        return ""
    return "scikit-learn takes the mean over the batch, where the example takes the sum."


def _alpha(course: Course) -> str:
    penalty = course.penalty
    if penalty is None or (penalty.convention == "alpha" and not course.weighted):
        return ""
    return (
        "scikit-learn's alpha is halved and divided by the batch's number of samples (or sum of "
        "their weights); the example's strength is not."
    )


def _steps(course: Course) -> str:
    if course.update.decay != 1 and len(course.batches) > 1:
        return "scikit-learn has no learning rate that is multiplied by a factor after each step."
    if course.update.optimizer == "adam":
        return "scikit-learn's Adam adds epsilon before the bias correction; adam adds it after."
    return ""
