"""The regressor."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from chainrule.equations.losses import LOSSES
from chainrule.errors import InvalidInputError
from chainrule.estimators.base import BaseMLP, stochastic_only
from chainrule.estimators.parameters import (
    ACTIVATION,
    ACTIVATION_DOC,
    HIDDEN_LAYER_SIZES,
    HIDDEN_LAYER_SIZES_DOC,
    estimator,
    named_settings,
    parameter,
)

__all__ = ["MLPRegressor"]

OUTPUT_AND_LOSS = {
    "squared_error": ("identity", "half_mean_squared_error"),
    "mean_squared_error": ("identity", "mean_squared_error"),
    "sklearn_squared_error": ("identity", "squared_error"),
    "absolute_error": ("identity", "absolute_error"),
    "huber": ("identity", "huber"),
    "poisson": ("exp", "poisson"),
}
"""The output activation and the equations' loss, by the parameter ``loss``."""

ROWS = {name: LOSSES[loss] for name, (_, loss) in OUTPUT_AND_LOSS.items()}


@estimator
class MLPRegressor(RegressorMixin, BaseMLP):
    """A multilayer perceptron that predicts numbers.

    It takes the place of ``sklearn.neural_network.MLPRegressor``: with the same parameters
    and ``random_state`` it gives the same ``loss_curve_`` and predictions, in a fraction of
    the time; with several outputs the gradient is that of the loss, and
    ``loss="sklearn_squared_error"`` gives scikit-learn's, which is ``n_outputs`` times as
    large. What scikit-learn's has not starts at ``dropout`` below.

    {parameters}

    Attributes
    ----------
    coefs_, intercepts_ : lists of arrays
        W of each layer, (n_in, n_out), and b, (n_out,).
    loss_curve_ : list
        The loss of each epoch as scikit-learn has it, penalty included.
    history_ : dict of arrays
        A row an epoch: epoch, steps, train_loss, penalty, validation_loss,
        validation_score (R^2), learning_rate, seconds; and what ``diagnose`` measures.
    best_epoch_ : int or None
        The epoch, from 1, with the best monitored value.
    chance_loss_ : float
        The loss of the best answer that is the same for every row.
    validation_chance_ : dict or None
        What that answer gets on the rows to validate on: ``loss``, ``score``, the number of
        ``rows``, and ``luck`` (see `chainrule.estimators.chance`).
    overfit_epoch_ : int or None
        The epoch from which on the validation loss stays above its minimum by more than its
        noise (see ``docs/diagnosis.md``).
    diverged_ : bool
        Whether training left the finite numbers.
    windows_ : chainrule.engine.windows.Windows
        How streamed rows were cut, where memory did not hold them all; else there is none.
    n_iter_, t_, loss_, best_loss_, validation_scores_, best_validation_score_, n_layers_,
    n_outputs_, out_activation_, n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule import MLPRegressor
    >>> X = np.linspace(-2, 2, 200).reshape(-1, 1)
    >>> net = MLPRegressor(hidden_layer_sizes=(20,), solver="lbfgs", random_state=0)
    >>> bool(net.fit(X, np.sin(X).ravel()).score(X, np.sin(X).ravel()) > 0.99)
    True
    """

    loss: Any = parameter(
        default="squared_error",
        constraint=[StrOptions(set(OUTPUT_AND_LOSS)), dict],
        doc=(
            "'squared_error' is scikit-learn's: half the mean over the outputs; "
            "'mean_squared_error' is without the half; 'absolute_error' is the sum of the "
            "outputs' absolute errors; 'huber', or {'name': 'huber', 'delta': 1.5}, is quadratic "
            "up to delta (by default 1) and linear beyond, summed over the outputs; 'poisson' has "
            "an exponential output, for counts; 'sklearn_squared_error' reports 'squared_error' "
            "and follows scikit-learn's gradient."
        ),
        kw_only=False,
    )
    hidden_layer_sizes: Any = parameter(
        default=(100,), constraint=HIDDEN_LAYER_SIZES, doc=HIDDEN_LAYER_SIZES_DOC, kw_only=False
    )
    activation: Any = parameter(
        default="relu", constraint=ACTIVATION, doc=ACTIVATION_DOC, kw_only=False
    )

    def _encode(self, y: Any, first: bool, incremental: bool) -> npt.NDArray[Any]:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return self._encode_known(y)

    def _encode_known(self, y: Any) -> npt.NDArray[Any]:
        Y = np.asarray(y, np.float64).reshape(len(y), -1)
        if self._loss()[0] == "poisson" and Y.min() < 0:
            raise InvalidInputError(
                f"loss='poisson' needs targets that are not negative; got {Y.min():g}. "
                "Use loss='squared_error' for such targets."
            )
        return Y

    def _decode(self, Y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return Y.ravel() if Y.shape[1] == 1 else Y

    def _output_and_loss(self) -> tuple[str, str, float]:
        name, _ = self._loss()
        output, loss = OUTPUT_AND_LOSS[name]
        return output, loss, 1 / self.n_outputs_ if name == "sklearn_squared_error" else 1.0

    def _loss_settings(self) -> dict[str, float]:
        return self._loss()[1]

    def _loss(self) -> tuple[str, dict[str, float]]:
        """The loss by this parameter's name for it, and its settings."""
        _, settings = named_settings("loss", self.loss, ROWS)
        name = self.loss if isinstance(self.loss, str) else self.loss["name"]
        return name, {key: float(value) for key, value in settings.items()}

    def _score_outputs(
        self, A: npt.NDArray[Any], Y: npt.NDArray[Any], weights: npt.NDArray[Any] | None
    ) -> float:
        """The coefficient of determination R^2; NaN where a prediction is not finite."""
        if not np.isfinite(A).all():
            return float("nan")
        with np.errstate(over="ignore", invalid="ignore"):
            return float(r2_score(Y, A, sample_weight=weights))

    @available_if(stochastic_only)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One epoch over ``X`` and ``y``, going on from the last.

        k calls give what ``fit`` for k epochs gives, bit for bit: the random stream, the
        optimizer and the schedule go on.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The predicted values: ``(n_samples,)``, or ``(n_samples, n_outputs)`` for several."""
        return self._decode(self._outputs(X))
