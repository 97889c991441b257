"""The estimators' parameters: each declared once, with default, constraint and meaning.

The declarations are dataclass fields; from them come the constructors, scikit-learn's
``_parameter_constraints`` and the *Parameters* section of the docstrings.
"""

import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any, TypeVar, dataclass_transform

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import (
    Interval,
    InvalidParameterError,
    Options,
    StrOptions,
)

from chainrule.equations.activations import HIDDEN_ACTIVATIONS
from chainrule.equations.initializers import INITIALIZERS
from chainrule.equations.schedules import SCHEDULES
from chainrule.errors import InvalidInputError, unknown_name
from chainrule.estimators.prechelt import STOPPING

__all__ = [
    "ACTIVATION",
    "ACTIVATION_DOC",
    "HIDDEN_LAYER_SIZES",
    "HIDDEN_LAYER_SIZES_DOC",
    "Parameters",
    "estimator",
    "named_settings",
    "parameter",
]

T = TypeVar("T")

ALPHA_DEFAULT = 1e-4
MAX_ITER_DEFAULT = 200
DIVISORS = ("every", "divisor", "start", "end", "delta")
"""Settings that must be positive; all others of schedules and losses must not be negative."""


def parameter(*, default: Any, constraint: list[Any], doc: str, kw_only: bool = True) -> Any:
    """Declare a constructor parameter."""
    return field(default=default, kw_only=kw_only, metadata={"constraint": constraint, "doc": doc})


@dataclass_transform(kw_only_default=True, field_specifiers=(parameter,))
def estimator(cls: type[T]) -> type[T]:
    """Make constructor, constraints and documentation from the declared parameters."""
    made = dataclass(eq=False, repr=False)(cls)
    declared = fields(made)  # type: ignore[arg-type]  # the decorator has just made it one
    made._parameter_constraints = {f.name: f.metadata["constraint"] for f in declared}  # type: ignore[attr-defined]  # scikit-learn reads it
    entries = [
        f"{f.name} : default={f.default!r}\n" + _paragraph(f.metadata["doc"])
        for f in sorted(declared, key=lambda f: bool(f.kw_only))
    ]
    section = "Parameters\n----------\n" + "\n".join(entries)
    made.__doc__ = inspect.cleandoc(cls.__doc__ or "").replace("{parameters}", section)
    return made


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 88, initial_indent="    ", subsequent_indent="    ")


def _from(low: float, high: float | None = None, closed: str = "left", kind: type = Real) -> Any:
    return Interval(kind, low, high, closed=closed)


_COUNT = _from(1, kind=Integral)


@estimator
class Parameters(BaseEstimator):
    """Parameters that classifier and regressor share."""

    # scikit-learn's own, with its defaults and meaning

    solver: Any = parameter(
        default="adam",
        constraint=[StrOptions({"lbfgs", "sgd", "adam", "adamw", "rmsprop", "adagrad"})],
        doc=(
            "'adam', 'sgd', 'adamw' (Adam with decoupled weight decay), 'rmsprop', 'adagrad', "
            "or 'lbfgs' (full batch, always in float64)."
        ),
    )
    alpha: Any = parameter(
        default=ALPHA_DEFAULT,
        constraint=[_from(0)],
        doc=(
            "L2 penalty in scikit-learn's convention: alpha/2 ||W||^2 divided by the "
            "batch's number of samples (or sum of weights). ``l2`` does not depend on the "
            "batch's size."
        ),
    )
    batch_size: Any = parameter(
        default="auto",
        constraint=[StrOptions({"auto"}), _COUNT],
        doc="Rows a batch; 'auto' is min(200, n_samples).",
    )
    learning_rate: Any = parameter(
        default="constant",
        constraint=[StrOptions({"constant", "invscaling", "adaptive"})],
        doc=("scikit-learn's schedules, for solver 'sgd' alone; ``schedule`` serves every solver."),
    )
    learning_rate_init: Any = parameter(
        default=0.001, constraint=[_from(0, closed="neither")], doc="The base learning rate."
    )
    power_t: Any = parameter(
        default=0.5,
        constraint=[_from(0)],
        doc="Exponent of 'invscaling': rate / (1 + samples seen)^power_t.",
    )
    max_iter: Any = parameter(
        default=MAX_ITER_DEFAULT,
        constraint=[_COUNT],
        doc="Epochs at most (iterations at most for 'lbfgs').",
    )
    shuffle: Any = parameter(
        default=True,
        constraint=["boolean", StrOptions({"replacement"})],
        doc=(
            "Whether each epoch draws a new order; with 'replacement' it draws as many rows as "
            "there are, each from all of them."
        ),
    )
    random_state: Any = parameter(
        default=None,
        constraint=["random_state"],
        doc=(
            "Seed of initial weights, validation split, orders and dropout. Equal seeds "
            "give scikit-learn's draws."
        ),
    )
    tol: Any = parameter(
        default=1e-4,
        constraint=[_from(0)],
        doc="An epoch that is not better by ``tol`` counts as no improvement.",
    )
    verbose: Any = parameter(
        default=False,
        constraint=["verbose"],
        doc="Progress: a bar on a terminal, a line every few seconds otherwise.",
    )
    warm_start: Any = parameter(
        default=False,
        constraint=["boolean"],
        doc="Whether ``fit`` starts from the weights of the last ``fit``.",
    )
    momentum: Any = parameter(
        default=0.9, constraint=[_from(0, 1, "both")], doc="Momentum of 'sgd'; 0 is plain SGD."
    )
    nesterovs_momentum: Any = parameter(
        default=True, constraint=["boolean"], doc="Nesterov's form of momentum."
    )
    early_stopping: Any = parameter(
        default=False,
        constraint=["boolean"],
        doc=(
            "Stop by ``monitor`` on validation data (``X_val`` in ``fit``, or a share split "
            "off) and keep the best epoch's weights."
        ),
    )
    validation_fraction: Any = parameter(
        default=0.1,
        constraint=[_from(0, 1)],
        doc="Share split off by ``early_stopping`` when no ``X_val`` is given.",
    )
    beta_1: Any = parameter(
        default=0.9, constraint=[_from(0, 1)], doc="Adam's decay of the first moment."
    )
    beta_2: Any = parameter(
        default=0.999, constraint=[_from(0, 1)], doc="Adam's decay of the second moment."
    )
    epsilon: Any = parameter(
        default=1e-8,
        constraint=[_from(0, closed="neither")],
        doc=(
            "Adam's epsilon; for 'adam' added before the bias correction, as scikit-learn "
            "does, for 'adamw' after it, as PyTorch does. For 'rmsprop' and 'adagrad' added to "
            "the root (PyTorch's default for AdaGrad is 1e-10)."
        ),
    )
    n_iter_no_change: Any = parameter(
        default=10,
        constraint=[_COUNT, Options(Real, {np.inf})],
        doc="Patience: training stops after more than so many epochs without improvement.",
    )
    max_fun: Any = parameter(
        default=15000, constraint=[_COUNT], doc="Loss evaluations at most, for 'lbfgs'."
    )

    # beyond scikit-learn

    dropout: Any = parameter(
        default=0.0,
        constraint=[_from(0, 1), "array-like"],
        doc=(
            "Share of hidden units dropped in training: one rate, or one a hidden layer. "
            "Rounded to a multiple of 1/256."
        ),
    )
    l2: Any = parameter(
        default=None,
        constraint=[_from(0), None],
        doc="L2 penalty l2/2 ||W||^2, the same for every batch size. Replaces ``alpha``.",
    )
    l1: Any = parameter(
        default=0.0,
        constraint=[_from(0)],
        doc=(
            "L1 penalty l1 sum |W|, the same for every batch size; with ``l2`` or ``alpha`` "
            "beside it an elastic net. By its subgradient, so weights come near 0 without "
            "staying there; not for 'lbfgs'."
        ),
    )
    max_norm: Any = parameter(
        default=None,
        constraint=[_from(0, closed="neither"), None],
        doc=(
            "Largest Euclidean norm of a unit's incoming weights, in every layer; longer ones are "
            "scaled down after each update."
        ),
    )
    rho: Any = parameter(
        default=0.9,
        constraint=[_from(0, 1)],
        doc="RMSprop's decay of the mean square (PyTorch's alpha, there 0.99).",
    )
    weight_decay: Any = parameter(
        default=0.01, constraint=[_from(0)], doc="Decoupled decay of the weights, for 'adamw'."
    )
    schedule: Any = parameter(
        default=None,
        constraint=[StrOptions(set(SCHEDULES)), dict, None],
        doc=(
            "Learning-rate schedule by name, or a mapping with its name and settings, such "
            "as {'name': 'cosine', 'warmup': 5}; times in epochs. 'reduce_on_plateau' goes by "
            "the validation loss, or without validation data by the training loss with its "
            "penalty; it never stops the training, which ``n_iter_no_change`` may do before "
            "it. Replaces ``learning_rate``."
        ),
    )
    clip_global_norm: Any = parameter(
        default=None,
        constraint=[_from(0, closed="neither"), None],
        doc="Largest Euclidean norm of all gradients together; longer ones are scaled down.",
    )
    monitor: Any = parameter(
        default="validation_score",
        constraint=[StrOptions({"validation_score", "validation_loss"})],
        doc="What early stopping and the best epoch go by, where there is validation data.",
    )
    stopping: Any = parameter(
        default=None,
        constraint=[StrOptions(set(STOPPING)), dict, None],
        doc=(
            "One of Prechelt's criteria, which look at the validation loss: 'GL' (it is alpha "
            "percent above its minimum), 'PQ' (that, divided by the training's progress over a "
            "strip of epochs), 'UP' (it rose at the ends of so many strips in a row), or a mapping "
            "such as {'name': 'PQ', 'alpha': 0.5, 'strip': 5}. Needs validation data; "
            "``n_iter_no_change`` counts beside it."
        ),
    )
    max_steps: Any = parameter(
        default=None,
        constraint=[_COUNT, None],
        doc="Budget in parameter updates. Replaces ``max_iter``.",
    )
    restore_best: Any = parameter(
        default=None,
        constraint=["boolean", None],
        doc=(
            "Whether the weights of ``best_epoch_`` are kept at the end; by default with "
            "``early_stopping`` or ``stopping``. Without validation data the training loss decides."
        ),
    )
    on_divergence: Any = parameter(
        default="raise",
        constraint=[StrOptions({"raise", "keep"})],
        doc=(
            "'raise' an error, as scikit-learn does, or 'keep' the last good weights and "
            "set ``diverged_``."
        ),
    )
    divergence_threshold: Any = parameter(
        default=np.inf,
        constraint=[_from(0, closed="right"), Options(Real, {np.inf})],
        doc="An epoch whose training loss is above this, or not finite, has diverged.",
    )
    init: Any = parameter(
        default=None,
        constraint=[StrOptions(set(INITIALIZERS)), dict, None],
        doc=(
            "Initial weights by name, or a mapping such as {'name': 'normal', 'scale': "
            "0.1} or {'name': 'orthogonal', 'gain': 1.4}; by default scikit-learn's rule."
        ),
    )
    data_seed: Any = parameter(
        default=None,
        constraint=[Interval(Integral, 0, 2**32 - 1, closed="both"), None],
        doc=(
            "A seed of its own for what is drawn of the rows: the validation split and each "
            "epoch's order. By default they are drawn from ``random_state`` after the initial "
            "weights, as scikit-learn does, and so depend on the layers' sizes; with a seed, "
            "networks of different shapes see the same batches."
        ),
    )
    input_scale: Any = parameter(
        default=None,
        constraint=[_from(0, closed="neither"), None],
        doc=(
            "What X is divided by inside the training step and in prediction: 255 for images as "
            "bytes (uint8), which are then never copied as floats. The numbers are those of "
            "fitting on X / input_scale in the type of the arithmetic."
        ),
    )
    diagnose: Any = parameter(
        default=False,
        constraint=["boolean"],
        doc=(
            "Whether gradients, updates and activations of each layer are measured after each "
            "epoch, on at most 256 rows: the columns gradient_norm, update_ratio, dead_share, "
            "saturated_share, activation_mean and activation_std of ``history_``, each "
            "(n_epochs, n_layers). It changes no other number."
        ),
    )
    dtype: Any = parameter(
        default="auto",
        constraint=[StrOptions({"auto", "float32", "float64"})],
        doc=("Type of parameters and arithmetic; 'auto' is float32 for a float32 X, else float64."),
    )
    device: Any = parameter(
        default="auto",
        constraint=[StrOptions({"auto", "cpu", "gpu", "tpu"})],
        doc="Where to compute; 'auto' is jax's default device.",
    )

    def _validate_params(self) -> None:
        """As scikit-learn does, with the nearest known name where one was mistyped."""
        try:
            super()._validate_params()
        except InvalidParameterError as error:
            near = self._nearest(str(error))
            raise InvalidParameterError(f"{error}{near}") from None
        activations = [self.activation] if isinstance(self.activation, str) else self.activation
        for name in activations:
            if name not in HIDDEN_ACTIVATIONS:
                message = unknown_name("activation", name, HIDDEN_ACTIVATIONS)
                raise InvalidParameterError(f"The 'activation' parameter is wrong. {message}")

    def _nearest(self, message: str) -> str:
        for name, value in self.get_params(deep=False).items():
            if isinstance(value, str) and message.startswith(f"The {name!r} parameter"):
                known = [
                    option
                    for constraint in self._parameter_constraints[name]
                    if isinstance(constraint, StrOptions)
                    for option in constraint.options
                ]
                near = get_close_matches(value, known, n=1)
                return f" Did you mean {near[0]!r}?" if near else ""
        return ""

    def _check_replaced(self) -> None:
        """A parameter and the one that replaces it cannot both be given."""
        for new, old, default in (
            ("l2", "alpha", ALPHA_DEFAULT),
            ("schedule", "learning_rate", "constant"),
            ("max_steps", "max_iter", MAX_ITER_DEFAULT),
        ):
            if getattr(self, new) is not None and getattr(self, old) != default:
                raise InvalidInputError(
                    f"{new}={getattr(self, new)!r} replaces {old}, and {old}="
                    f"{getattr(self, old)!r} was given as well. Give one of them."
                )


HIDDEN_LAYER_SIZES: list[Any] = ["array-like", _COUNT]
HIDDEN_LAYER_SIZES_DOC = "Units of each hidden layer; an integer is one layer."
ACTIVATION: list[Any] = [StrOptions(set(HIDDEN_ACTIVATIONS)), "array-like"]
ACTIVATION_DOC = "Activation of the hidden layers: one name, or one a layer."


def named_settings(
    kind: str, given: str | Mapping[str, Any], table: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """The table's row and the settings from ``"name"`` or ``{"name": ..., setting: ...}``."""
    mapping = {"name": given} if isinstance(given, str) else dict(given)
    name = mapping.pop("name", None)
    if not isinstance(name, str):
        raise InvalidInputError(
            f"A mapping for {kind} needs the key 'name', one of {', '.join(sorted(table))}; "
            f"got {given!r}."
        )
    if name not in table:
        raise InvalidInputError(unknown_name(f"{kind} name", name, table))
    row = table[name]
    for key, value in mapping.items():
        if not row.settings:
            raise InvalidInputError(f"The {kind} {name!r} has no settings, got {key!r}.")
        if key not in row.settings:
            raise InvalidInputError(
                unknown_name(f"setting of the {kind} {name!r}", key, row.settings)
            )
        if not isinstance(value, Real) or not np.isfinite(float(value)):
            raise InvalidInputError(
                f"The setting {key!r} of the {kind} {name!r} must be a number, got {value!r}."
            )
        if kind != "init":
            _check_range(f"The setting {key!r} of the {kind} {name!r}", key, value, row)
    return row, {**row.settings, **mapping}


def _check_range(what: str, key: str, value: Any, row: Any) -> None:
    if value < 0 or (value == 0 and key in DIVISORS):
        must = "be positive" if key in DIVISORS else "not be negative"
        raise InvalidInputError(f"{what} must {must}, got {value!r}.")
    largest = getattr(row, "largest", {}).get(key, np.inf)
    if value > largest:
        raise InvalidInputError(f"{what} must be at most {largest:g}, got {value!r}.")
