"""What classifier and regressor share: ``fit``, ``partial_fit``, and the forward pass."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from math import inf
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse
from sklearn.base import _fit_context, is_classifier
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from chainrule.engine.device import find_device
from chainrule.engine.predict import outputs
from chainrule.equations.network import Layer
from chainrule.errors import InvalidInputError
from chainrule.estimators import history, network
from chainrule.estimators.chance import ROWS, HeldOutChance, chance_loss, held_out_chance
from chainrule.estimators.diagnosis import Examination, sample
from chainrule.estimators.fullbatch import fit_fullbatch
from chainrule.estimators.minibatch import fit_minibatch
from chainrule.estimators.overfitting import overfitting
from chainrule.estimators.parameters import Parameters
from chainrule.estimators.problem import (
    Judge,
    Problem,
    Rows,
    Split,
    check_weights,
    refuse_useless,
    split_off,
)
from chainrule.estimators.representation import RepresentationMixin
from chainrule.estimators.session import Session, owned
from chainrule.estimators.sickness import Finding, findings
from chainrule.estimators.streamed import fit_streamed, is_stream, refuse_stream
from chainrule.estimators.trainers import replaced

__all__ = ["BaseMLP", "stochastic_only"]

LEARNT = ("n_features_in_", "feature_names_in_", "_label_binarizer", "classes_")
"""What checking and encoding rows and targets leaves."""

CURVES = ("loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_")


def stochastic_only(self: "BaseMLP") -> bool:
    """Whether ``partial_fit`` is there; the error says why not."""
    if self.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
        )
    return True


class BaseMLP(CallbackSupportMixin, RepresentationMixin, Parameters):
    """A multilayer perceptron with scikit-learn's interface."""

    @classmethod
    @cache
    def _get_param_names(cls) -> list[str]:
        """scikit-learn's, which reads the signature anew each time: too slow for hundreds."""
        return list(super()._get_param_names())

    @abstractmethod
    def _encode(self, y: Any, first: bool, incremental: bool) -> npt.NDArray[Any]:
        """Check targets, learn what there is to learn of them, and give ``Y`` ``(n, k)``."""

    @abstractmethod
    def _encode_known(self, y: Any) -> npt.NDArray[Any]:
        """Targets to validate on as ``Y``, by what ``_encode`` learnt."""

    @abstractmethod
    def _output_and_loss(self) -> tuple[str, str, float]:
        """The output activation, the equations' loss, and the scale of the reported loss."""

    def _loss_settings(self) -> dict[str, float]:
        """The settings of the loss."""
        return {}

    def _training_targets(self, Y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Encoded targets as they are trained on; scores and validation are of ``Y`` itself."""
        return Y

    @abstractmethod
    def _score_outputs(
        self, A: npt.NDArray[Any], Y: npt.NDArray[Any], weights: npt.NDArray[Any] | None
    ) -> float:
        """The validation score of the network's outputs ``A``."""

    def _class_weights(self, y: Any) -> npt.NDArray[Any] | None:
        return None

    # fitting

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        watch: Mapping[str, tuple[Any, Any]] | None = None,
    ) -> Self:
        """Train on ``X`` and ``y``.

        Parameters
        ----------
        X : array or sparse matrix, (n_samples, n_features); or `chainrule.stream`
            Streamed rows bring their target with them, and ``y`` is left out; they are trained on
            in shuffled windows where memory does not hold them all.
        y : array, (n_samples,) or (n_samples, n_outputs)
        sample_weight : array, (n_samples,), optional
            What each sample counts for in loss and gradient.
        X_val, y_val, sample_weight_val
            Validation data of one's own: recorded in ``history_`` after each epoch, and what
            ``early_stopping`` goes by.
        watch : mapping of names to (X, y), optional
            Data to be measured after each epoch that decide nothing: ``{"test": (X, y)}`` gives
            the columns ``test_loss`` and ``test_score`` of ``history_``.

        Returns
        -------
        self
        """
        validation = (X_val, y_val, sample_weight_val)
        if is_stream(X):
            fit_streamed(self, X, y, sample_weight, validation, watch)
            return self
        return self._fit(X, y, sample_weight, validation, incremental=False, watch=watch)

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        refuse_stream(X)
        if self.early_stopping:
            raise InvalidInputError(
                "partial_fit does not support early_stopping=True: it sees one epoch at a time. "
                "Use fit, or set early_stopping=False."
            )
        if self.stopping is not None:
            raise InvalidInputError(
                f"partial_fit does not support stopping={self.stopping!r}: it sees one epoch at a "
                "time. Use fit, or set stopping=None."
            )
        return self._fit(X, y, sample_weight, (None, None, None), incremental=True)

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: tuple[Any, ...],
        incremental: bool,
        watch: Mapping[str, tuple[Any, Any]] | None = None,
    ) -> Self:
        net, problem, stream, session = self._prepare(
            X, y, sample_weight, validation, incremental, watch
        )
        if self.solver == "lbfgs":
            fit_fullbatch(self, net, problem)
        else:
            fit_minibatch(self, net, problem, stream, session, incremental)
        return self

    def _prepare(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        validation: tuple[Any, ...] = (None, None, None),
        incremental: bool = False,
        watch: Mapping[str, tuple[Any, Any]] | None = None,
        split: Split = split_off,
        encoding: dict[str, Any] | None = None,
    ) -> tuple[network.Architecture, Problem, np.random.RandomState, Session | None]:
        """All that a training needs, and the initial weights as the fitted attributes.

        ``encoding`` takes what is learnt of rows and targets, for others that are given it with
        the same ones.
        """
        self._check_replaced()
        if self.solver == "lbfgs" and replaced():
            raise InvalidInputError(
                "solver='lbfgs' works on the full batch in compiled programs of its own, and its "
                "steps cannot be computed otherwise. Use 'adam' or another stochastic solver."
            )
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        if encoding:
            X, y, Y = (encoding[name] for name in ("X", "y", "Y"))
            for name in LEARNT:  # of an earlier fit
                self.__dict__.pop(name, None)
            self.__dict__.update(encoding["learnt"])
        else:
            X, y = validate_data(
                self,
                X,
                y,
                accept_sparse=["csr", "csc"],
                multi_output=True,
                y_numeric=not is_classifier(self),
                dtype=[*self._dtypes(), np.uint8],
                reset=first,
            )
            Y = self._encode(y, first, incremental)
            if encoding is not None:
                learnt = {name: vars(self)[name] for name in LEARNT if name in vars(self)}
                encoding |= {"X": X, "y": y, "Y": Y, "learnt": learnt}
        weights = self._weights(X, y, sample_weight)
        self.n_outputs_ = Y.shape[1]
        self.out_activation_, loss, scale = self._output_and_loss()
        net = network.architecture(
            self,
            X.shape[1],
            Y.shape[1],
            self.out_activation_,
            loss,
            scale,
            self._loss_settings(),
        )
        session = getattr(self, "_session", None) if incremental else None
        stream = session.random_state if session else check_random_state(self.random_state)
        if first:
            self._begin(net, self._arithmetic(X), stream)
        if self.solver != "lbfgs" and not hasattr(self, "loss_curve_"):
            self._begin_curves()
        self._check_architecture(net)
        rows = Rows(X, Y, weights)
        stream = self._data_stream(stream, session)
        problem = self._problem(rows, validation, stream, self._judge(net), watch or {}, split)
        if first or not incremental:
            self._learn_chance(net, problem)
        if self.diagnose:
            problem = replace(problem, examination=self._examination(net, problem.train))
        return net, problem, stream, session

    def _data_stream(
        self, stream: np.random.RandomState, session: Session | None
    ) -> np.random.RandomState:
        """The stream of what is drawn of the rows: the validation split, each epoch's order."""
        if self.data_seed is None or session is not None:
            return stream
        return np.random.RandomState(self.data_seed)

    def _weights(self, X: Any, y: Any, sample_weight: Any) -> npt.NDArray[Any] | None:
        """What each row counts for: the sample weights times the class weights."""
        weights, by_class = check_weights(sample_weight, X), self._class_weights(y)
        if by_class is None:
            return weights
        weights = by_class if weights is None else weights * by_class
        refuse_useless(weights, "class_weight (times sample_weight)")
        return weights

    def _dtypes(self) -> list[Any]:
        """What floating types of X are kept; the first is what others become."""
        return [np.float64, np.float32] if self.dtype == "auto" else [np.dtype(self.dtype)]

    def _arithmetic(self, X: Any) -> str:
        """The type of the parameters and the arithmetic; bytes stay bytes, and are none."""
        return str(np.dtype(self._dtypes()[0] if X.dtype == np.uint8 else X.dtype).name)

    def _judge(self, net: network.Architecture) -> Judge:
        return Judge(
            net.activations,
            net.loss,
            net.loss_settings,
            self._score_outputs,
            self.input_scale,
            find_device(self.device),
        )

    def _learn_chance(self, net: network.Architecture, problem: Problem) -> None:
        """What a constant answer gets on the rows to train and to validate on."""
        taken = sample(problem.train, ROWS)
        train = (self._training_targets(taken.Y).astype(np.float64), taken.weights)
        self.chance_loss_ = chance_loss(net.loss, net.loss_settings, *train)
        self.validation_chance_: dict[str, float] | None = None
        if problem.validation is not None:
            held = (problem.validation.Y, problem.validation.weights)
            score = self._score_outputs if is_classifier(self) else None
            chance = held_out_chance(net.loss, net.loss_settings, train, held, score)
            self.validation_chance_ = chance._asdict()

    def _examination(self, net: network.Architecture, rows: Rows) -> Examination:
        """The diagnosis of a training on these rows, of the targets as they are trained on."""
        taken = sample(rows)
        return Examination.of(
            replace(taken, Y=self._training_targets(taken.Y)),
            net.activations,
            net.loss,
            net.loss_settings,
            self.input_scale,
            self.coefs_[0].dtype,
        )

    def _begin(self, net: network.Architecture, dtype: str, stream: np.random.RandomState) -> None:
        """A new network: initial weights, and empty records."""
        self._keep(network.initial_layers(self, net, dtype, stream))
        self.n_layers_ = len(net.sizes)
        self.n_iter_ = self.t_ = self._no_improvement_count = 0
        self.history_ = history.empty()
        self.diverged_ = False
        self.best_epoch_: int | None = None
        for name in (*CURVES, "windows_"):
            self.__dict__.pop(name, None)

    def _begin_curves(self) -> None:
        """Empty records of a stochastic training; scikit-learn's L-BFGS has none of them."""
        self.loss_curve_: list[float] = []
        self.best_loss_: float | None = None if self.early_stopping else inf
        self.validation_scores_: list[float] | None = [] if self.early_stopping else None
        self.best_validation_score_: float | None = -inf if self.early_stopping else None

    def _check_architecture(self, net: network.Architecture) -> None:
        sizes = (*(W.shape[0] for W in self.coefs_), self.coefs_[-1].shape[1])
        if sizes != net.sizes:
            raise InvalidInputError(
                f"The fitted network has layers of {sizes} units, and now {net.sizes} are asked "
                "for. Keep hidden_layer_sizes and the targets, or fit anew with warm_start=False."
            )

    def _layers(self) -> tuple[Layer, ...]:
        return tuple(map(Layer, self.coefs_, self.intercepts_))

    def _keep(self, layers: tuple[Layer, ...]) -> None:
        layers = owned(layers)
        self.coefs_ = [layer.W for layer in layers]
        self.intercepts_ = [layer.b for layer in layers]

    def _problem(
        self,
        rows: Rows,
        validation: tuple[Any, ...],
        stream: np.random.RandomState,
        judge: Judge,
        watch: Mapping[str, tuple[Any, Any]],
        split: Split,
    ) -> Problem:
        watched = {name: self._watched(name, *pair) for name, pair in watch.items()}
        X_val, y_val, weights_val = validation
        if X_val is None and y_val is None and weights_val is None:
            if not self.early_stopping or self.solver == "lbfgs":
                return Problem(rows, None, judge, watched)
            stratify = is_classifier(self) and self.n_outputs_ == 1
            train, held = split(rows, self.validation_fraction, stream, stratify)
            return Problem(train, held, judge, watched)
        if X_val is None or y_val is None:
            missing = "X_val" if X_val is None else "y_val"
            raise InvalidInputError(
                "X_val, y_val and sample_weight_val are given together (the weights may be left "
                f"out); {missing} is missing."
            )
        held = self._other_rows(X_val, y_val, weights_val, "y_val")
        return Problem(rows, held, judge, watched)

    def _watched(self, name: str, X: Any, y: Any) -> Rows:
        if not name.isidentifier() or name in ("train", "validation"):
            raise InvalidInputError(
                "A name in watch becomes two columns of history_, NAME_loss and NAME_score: it "
                f"must be an identifier other than 'train' and 'validation', got {name!r}."
            )
        return self._other_rows(X, y, None, f"The y of watch[{name!r}]")

    def _other_rows(self, X: Any, y: Any, weights: Any, what: str) -> Rows:
        """Rows to measure on, checked against those that are trained on."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=[self.coefs_[0].dtype, np.uint8],
            reset=False,
        )
        weights = check_weights(weights, X, "sample_weight_val")
        Y = self._encode_known(y)
        if Y.shape[1] != self.n_outputs_:
            raise InvalidInputError(
                f"{what} must have as many outputs as y, {self.n_outputs_}; it has {Y.shape[1]}."
            )
        return Rows(X, Y, weights)

    # what the training shows

    @property
    def overfit_epoch_(self) -> int | None:
        """The epoch from which on the network over-fits, None if there is none or no validation
        data: see `chainrule.estimators.overfitting`."""
        onset = overfitting(self.history_.get("validation_loss", ()))
        return None if onset is None else onset.epoch

    def findings(self) -> tuple[Finding, ...]:
        """What the training suffered from, in plain language; empty for a healthy one.

        Over-fitting, a learning rate too high or too low, a plateau at chance and chance on other
        rows are told from the losses; vanishing and exploding gradients, dead and saturated units
        from a diagnosis (``diagnose=True``). The rules are in `chainrule.estimators.sickness`.
        """
        check_is_fitted(self)
        held_out = getattr(self, "validation_chance_", None)
        return findings(
            self.history_,
            chance_loss=getattr(self, "chance_loss_", None),  # an older model file does not tell it
            diverged=self.diverged_,
            held_out=HeldOutChance(**held_out) if held_out else None,
            begins_near=is_classifier(self),
        )

    # the forward pass

    def _outputs(self, X: Any, activations: tuple[str, ...] | None = None) -> npt.NDArray[Any]:
        """The outputs of the network for checked input, with other ``activations`` if wanted."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        if scipy.sparse.issparse(X):
            X = X.tocsr()
        device = find_device(self.device)
        names = activations or self._activations()
        return outputs(self._layers(), names, X, device, self.input_scale)

    def _activations(self) -> tuple[str, ...]:
        """One activation a layer, the output's included."""
        return network.activations(self, len(self.coefs_) - 1, self.out_activation_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # going on from a file

    def _export_state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """What a later ``partial_fit`` needs, as JSON-able facts and arrays; empty if nothing."""
        session = getattr(self, "_session", None)
        return ({}, {}) if session is None else session.export()

    def _import_state(self, facts: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take what ``_export_state`` gave."""
        if facts:
            self._session = Session.restore(facts, arrays)
            self._no_improvement_count = self._session.no_improvement
