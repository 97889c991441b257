"""PyTorch: networks as modules, modules as networks, and training with PyTorch's arithmetic.

Everything here needs the extra ``torch`` (``pip install 'chainrule[torch]'``), which is imported
when a function is called.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from chainrule.errors import InvalidInputError, MissingExtraError

if TYPE_CHECKING:
    from torch import nn

__all__ = ["fit", "from_module", "in_torch", "require", "to_module"]

Output = Literal["logits", "probabilities", "values"]


def to_module(model: Any, *, output: Output | None = None) -> "nn.Sequential":
    r"""A trained network as a ``torch.nn.Sequential``.

    Its modules are called ``prepare`` (only where there is something to prepare), ``linear1``,
    ``activation1``, ``dropout1``, ``linear2``, ... and ``output``. A ``Linear`` computes
    x W^T + b where ours is x W + b, so its ``weight`` is our ``W`` transposed. ``prepare`` holds
    the preparing steps of a Pipeline and ``input_scale`` as buffers, which move and are saved with
    the weights but never trained.

    Parameters
    ----------
    model
        A fitted ``MLPClassifier`` or ``MLPRegressor``, a scikit-learn Pipeline that ends in one,
        or a `chainrule.models.FrozenModel`.
    output : {"logits", "probabilities", "values"}, optional
        What the module gives for rows ``(n, n_in)``, always ``(n, n_out)``. A classifier gives
        "logits" unless told otherwise, since PyTorch's losses take them (``CrossEntropyLoss`` for
        several classes, ``BCEWithLogitsLoss`` for the single logit of two classes and for several
        labels), or "probabilities": for two classes that of the second one alone. A regressor
        gives its "values" unless told otherwise; its "logits" are the values before the output
        activation, which of a Poisson regression is what ``PoissonNLLLoss`` takes.

    Returns
    -------
    torch.nn.Sequential
        On the CPU, with the network's type of numbers, and in evaluation mode: call ``train()``
        before training it further, or dropout does nothing. The arrays are copies.

    Raises
    ------
    MissingExtraError
        PyTorch is not installed.
    InvalidInputError
        The model is not one of ours, not fitted, or has no such output.

    Notes
    -----
    Dropout rates are those that are trained with, multiples of 1/256. ``Softplus`` gets the
    threshold 40, above which PyTorch gives z itself: at its default of 20 that would be seen in
    float64.
    """
    require()
    from chainrule.interop.torch_modules import sequential
    from chainrule.models import freeze

    frozen = freeze(model)
    return sequential(frozen, _rates(model), _with_output(frozen.task, output)).eval()


def _with_output(task: str, output: Output | None) -> bool:
    """Whether the output activation is part of the module."""
    own = "values" if task == "regression" else "probabilities"
    if output not in (None, "logits", own):
        raise InvalidInputError(
            f"output must be 'logits' or {own!r} for a {task} network, got {output!r}."
        )
    return output == own or (output is None and task == "regression")


def _rates(model: Any) -> tuple[float, ...]:
    """The dropout rates of an estimator, or of a Pipeline's last step; a frozen model has none."""
    from chainrule.estimators.base import BaseMLP
    from chainrule.estimators.network import dropout_rates

    est = model.steps[-1][1] if hasattr(model, "named_steps") else model
    return dropout_rates(est, len(est.coefs_) - 1) if isinstance(est, BaseMLP) else ()


def from_module(
    module: "nn.Module",
    *,
    classes: Sequence[Any] | None = None,
    task: Literal["classification", "multilabel", "regression"] | None = None,
    **settings: Any,
) -> Any:
    """A ``torch.nn.Sequential`` as a fitted ``MLPClassifier`` or ``MLPRegressor``.

    It predicts what the module does (in evaluation mode), can be saved, and trained further with
    ``partial_fit``, or with ``fit`` after ``set_params(warm_start=True)``.

    Parameters
    ----------
    module
        ``Linear`` layers with an activation between each two (none is the identity), and perhaps
        ``Dropout`` after it. A ``Linear`` without bias gets one of zeros, which further training
        changes. ``Flatten`` at the beginning is passed over: ours takes flat rows. The end may be
        linear (logits, or values), or a softmax, sigmoid or exponential.
    classes : sequence, optional
        The labels, in the order of the module's outputs; 0, 1, ... if left out. Sorted here as
        scikit-learn does, the outputs with them.
    task : {"classification", "multilabel", "regression"}, optional
        What the outputs are; told by ``classes`` and by the module's end where they can.
        Classification with one output is between two classes, and the output is the logit (or the
        probability) of the second; two outputs become one, the difference of the logits.
    **settings
        Further parameters of the estimator, for training it further: ``learning_rate_init=0.01``.

    Raises
    ------
    MissingExtraError
        PyTorch is not installed.
    InvalidInputError
        A layer that a multilayer perceptron has not (convolutions, normalisations), an activation
        that is not in `chainrule.equations.activations` or is set otherwise, an end that does not
        fit the task, or classes that do not fit the outputs.
    """
    require()
    from chainrule.interop.torch_estimators import estimator
    from chainrule.interop.torch_reading import parse

    return estimator(parse(module), classes, task, settings)


def fit(model: Any, X: Any, y: Any, *, device: str = "cpu", **fit_params: Any) -> Any:
    """``model.fit(X, y, **fit_params)``, with every step computed by PyTorch.

    The equations are the ones that JAX compiles, backward pass included, run one step at a time
    on PyTorch's tensors. Initial weights, order of the rows, dropout masks, schedule, early
    stopping, callbacks and all fitted attributes are those of ``fit``; the numbers differ by
    rounding. Validation after an epoch is computed as in ``fit``.

    Parameters
    ----------
    model
        An ``MLPClassifier`` or ``MLPRegressor``, or a Pipeline that ends in one.
    X, y, **fit_params
        As for its ``fit``.
    device : str
        PyTorch's name of the device to train on, such as "cpu", "cuda" or "cuda:1".

    Returns
    -------
    model
        Fitted; a later ``partial_fit`` goes on with JAX, or within `in_torch` with PyTorch.

    Raises
    ------
    MissingExtraError
        PyTorch is not installed.
    InvalidInputError
        The solver is 'lbfgs', which is not made of such steps; the device is not there; or what
        ``fit`` raises.
    """
    _check_trainable(model)
    with in_torch(device):
        return model.fit(X, y, **fit_params)


def _check_trainable(model: Any) -> None:
    from chainrule.estimators.base import BaseMLP

    est = model.steps[-1][1] if hasattr(model, "named_steps") else model
    if not isinstance(est, BaseMLP):
        raise InvalidInputError(
            "Required a chainrule.MLPClassifier or MLPRegressor, or a Pipeline that ends in one; "
            f"came {type(est).__module__}.{type(est).__qualname__}."
        )


@contextmanager
def in_torch(device: str = "cpu") -> Iterator[None]:
    """Within this block, ``fit`` and ``partial_fit`` compute their steps with PyTorch.

    Raises as `fit` does.
    """
    from chainrule.engine.eager_trainer import EagerTrainer
    from chainrule.estimators.trainers import trained_by

    require(device)
    with trained_by(partial(EagerTrainer, library="torch", torch_device=device)):
        yield


def require(device: str = "cpu") -> None:
    """Raise unless PyTorch is installed and has the device.

    Raises
    ------
    MissingExtraError
        PyTorch is not installed.
    InvalidInputError
        It has no such device.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(
            "This needs PyTorch. Install it with: pip install 'chainrule[torch]'"
        ) from error
    if device == "cpu":
        return
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        there = "cpu and cuda" if torch.cuda.is_available() else "cpu alone"
        raise InvalidInputError(
            f"PyTorch cannot use the device {device!r}; it has {there}. ({error})"
        ) from error
