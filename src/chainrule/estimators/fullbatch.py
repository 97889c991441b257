"""Training an estimator on the full batch with L-BFGS."""

import warnings
from math import isfinite
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.optimize import _check_optimize_result

from chainrule.engine.device import find_device
from chainrule.engine.fit import all_finite
from chainrule.engine.lbfgs import minimise, pack, unpack
from chainrule.engine.plan import Plan
from chainrule.equations.network import Layer
from chainrule.errors import InvalidInputError
from chainrule.estimators import history, network
from chainrule.estimators.callbacks import EpochCallbacks
from chainrule.estimators.checkpoints import current_keeper
from chainrule.estimators.minibatch import targets
from chainrule.estimators.problem import Problem
from chainrule.estimators.progress import Progress, progress
from chainrule.estimators.session import owned
from chainrule.estimators.training import not_finite

if TYPE_CHECKING:
    from chainrule.estimators.base import BaseMLP

__all__ = ["check_fullbatch", "fit_fullbatch"]


class _Iterations:
    """Books each iteration, and tells the callbacks; one of them may stop the training."""

    def __init__(
        self, est: "BaseMLP", net: network.Architecture, problem: Problem, shown: Progress
    ) -> None:
        self.est, self.net, self.problem, self.shown = est, net, problem, shown
        self.rows: list[history.Row] = []
        self.vector = pack(est._layers())
        self.last = est._layers()
        self.callbacks = EpochCallbacks(
            est, problem.train, est.max_iter, self.layers, lambda: self.rows
        )
        self.callbacks.begin_epoch()
        self.since = perf_counter()

    def layers(self) -> tuple[Layer, ...]:
        dtype = self.est.coefs_[0].dtype
        return tuple(
            Layer(W.astype(dtype), b.astype(dtype)) for W, b in unpack(self.vector, self.net.sizes)
        )

    def __call__(self, vector: npt.NDArray[np.float64], loss: float, penalty: float) -> None:
        self.vector, before = vector, self.last
        self.last = self.layers()
        row: history.Row = {"steps": 1, "train_loss": loss, "penalty": penalty}
        row["seconds"] = perf_counter() - self.since
        row |= self.problem.measure(before, self.last, 1)
        self.rows.append(row)
        self.shown.update(len(self.rows), row)
        if self.callbacks.end_epoch():
            raise StopIteration
        if len(self.rows) < self.est.max_iter:
            self.callbacks.begin_epoch()
        self.since = perf_counter()


def fit_fullbatch(est: "BaseMLP", net: network.Architecture, problem: Problem) -> None:
    """Minimise with L-BFGS, and set the fitted attributes."""
    plan = network.plan(est, net, 1, "float64")
    check_fullbatch(est, plan)
    rows = problem.train
    shown = progress(est.verbose, est.max_iter)
    iterations = _Iterations(est, net, problem, shown)
    found: Any = None
    try:
        found = minimise(
            plan,
            est._layers(),
            rows.X,
            targets(est._training_targets(rows.Y), "float64"),
            rows.weights,
            l2=0.0 if est.l2 is None else float(est.l2),
            alpha=float(est.alpha) if est.l2 is None else 0.0,
            max_iter=est.max_iter,
            max_fun=est.max_fun,
            tol=est.tol,
            loss_scale=net.loss_scale,
            settings=net.loss_settings,
            input_scale=1.0 if est.input_scale is None else float(est.input_scale),
            callback=iterations,
            device=find_device(est.device),
        )
    except KeyboardInterrupt:
        if current_keeper():
            raise
        warnings.warn(
            f"Training interrupted by user after {len(iterations.rows)} iteration(s); "
            "the fitted state so far is kept.",
            stacklevel=5,
        )
    finally:
        shown.close()
    _take(est, net, iterations, found)
    iterations.callbacks.end()
    if est.diverged_ and est.on_divergence == "raise":
        raise not_finite(est.n_iter_, est.loss_)


def check_fullbatch(est: "BaseMLP", plan: Plan) -> None:
    """What L-BFGS does not do must not be asked for in vain."""
    asked = {
        "dropout": plan.dropout,
        "clip_global_norm": plan.clipped,
        "l1": plan.l1,
        "max_norm": plan.max_norm,
        "schedule": est.schedule is not None,
        "max_steps": est.max_steps is not None,
        "restore_best": est.restore_best,
        "stopping": est.stopping is not None,
    }
    if given := [name for name, is_given in asked.items() if is_given]:
        raise InvalidInputError(
            f"solver='lbfgs' works on the full batch and knows no {', '.join(given)}. Use "
            f"solver='adam' or 'sgd', or leave {'it' if len(given) == 1 else 'them'} out."
        )


def _take(est: "BaseMLP", net: network.Architecture, iterations: _Iterations, found: Any) -> None:
    """Make the result the fitted attributes; after an interruption, the last iteration's."""
    before, rows = est._layers(), iterations.rows
    if found is not None:
        iterations.vector = found.x
    layers = iterations.layers()
    est.diverged_ = not all_finite(layers) or (found is not None and not isfinite(found.fun))
    layers = owned(before if est.diverged_ else layers)
    est.coefs_, est.intercepts_ = [layer.W for layer in layers], [layer.b for layer in layers]
    offset = len(est.history_["epoch"])
    est.history_ = history.continued(est.history_, rows)
    if rows:
        est.best_epoch_ = offset + len(rows)
    if found is None:
        est.n_iter_ = len(rows)
        est.loss_ = rows[-1]["train_loss"] + rows[-1]["penalty"] if rows else np.nan
    else:
        est.n_iter_ = _check_optimize_result("lbfgs", found, est.max_iter)
        est.loss_ = float(found.fun)
