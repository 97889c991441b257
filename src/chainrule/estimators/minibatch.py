"""Training an estimator by mini-batches: from its parameters to the loop, and back."""

import warnings
from functools import partial
from math import ceil, inf, nan
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import scipy.sparse

from chainrule.engine.batches import GatheredRows, Resident, Shuffler, Source
from chainrule.engine.device import find_device, shares_memory
from chainrule.engine.fit import Trainer
from chainrule.engine.member import Member
from chainrule.engine.windowed import WindowedRows
from chainrule.engine.windows import WindowShuffler
from chainrule.equations.schedules import SCHEDULES, Plateau
from chainrule.errors import InvalidInputError
from chainrule.estimators import history, network
from chainrule.estimators.callbacks import EpochCallbacks
from chainrule.estimators.checkpoints import current_keeper
from chainrule.estimators.parameters import named_settings
from chainrule.estimators.prechelt import STOPPING, check_settings
from chainrule.estimators.problem import Problem, Rows
from chainrule.estimators.progress import progress
from chainrule.estimators.session import Session, owned
from chainrule.estimators.stopping import Patience, Slowing
from chainrule.estimators.trainers import current_trainer
from chainrule.estimators.training import Criterion, Loop, Result, not_finite, warn_unconverged

if TYPE_CHECKING:
    from chainrule.estimators.base import BaseMLP

__all__ = [
    "finish",
    "fit_minibatch",
    "make_loop",
    "make_trainer",
    "schedule_of",
    "set_fitted",
    "targets",
]

RESIDENT_BYTES = 2**26
"""Rows that take no more than this are copied once for the whole training: made dense, padded and
aligned. Of more rows only a range's are, in its turn."""


def fit_minibatch(
    est: "BaseMLP",
    net: network.Architecture,
    problem: Problem,
    stream: np.random.RandomState,
    session: Session | None,
    incremental: bool,
) -> None:
    """Train, and set the fitted attributes. ``incremental`` is one epoch, going on from
    ``session`` where there is one."""
    trainer = make_trainer(est, net, problem, stream, session)
    loop = make_loop(est, net, problem, trainer, session, incremental)
    loop.keeper = current_keeper()
    try:
        loop.run()
    finally:
        if isinstance(trainer.source, WindowedRows):
            trainer.source.close()
            est.windows_ = trainer.source.windows
    finish(est, loop)
    result = loop.result
    if result.diverged and est.on_divergence == "raise":
        raise not_finite(est.n_iter_, est.history_["train_loss"][-1])
    ended = result.converged or result.diverged or incremental or est.max_steps is not None
    if not ended and est.n_iter_ == est.max_iter:
        warn_unconverged(est.max_iter)


def make_loop(
    est: "BaseMLP",
    net: network.Architecture,
    problem: Problem,
    trainer: Trainer | Member,
    session: Session | None = None,
    incremental: bool = False,
) -> Loop:
    """The training that the estimator's parameters ask for, about to begin."""
    epochs: float = 1 if incremental else est.max_iter if est.max_steps is None else inf
    patience, by = _patience(est, problem, session)
    keep_best = est.restore_best
    if keep_best is None:
        keep_best = est.early_stopping or est.stopping is not None
    planned = None if epochs == inf else int(epochs)
    result = Result()
    return Loop(
        trainer=trainer,
        problem=problem,
        patience=patience,
        epochs=epochs,
        steps=None if incremental else est.max_steps,
        by=by,
        best_by="train_loss" if problem.validation is None else est.monitor,
        keep_best=keep_best and not incremental,
        loss_scale=net.loss_scale,
        threshold=est.divergence_threshold,
        on_plateau=_on_plateau(est),
        progress=progress(est.verbose, planned),
        callbacks=EpochCallbacks(
            est, problem.train, planned, lambda: trainer.layers, lambda: result.rows
        ),
        result=result,
        slowing=_slowing(est, problem, session),
        criterion=criterion(est, problem),
    )


def finish(est: "BaseMLP", loop: Loop) -> None:
    """The training has ended."""
    set_fitted(est, loop)
    loop.callbacks.end()


def set_fitted(est: "BaseMLP", loop: Loop) -> None:
    """Make what the loop has reached the estimator's fitted attributes."""
    _take(est, loop)
    plateau = loop.slowing.plateau if loop.slowing else None
    est._session = Session.of(loop.trainer, loop.patience.count, plateau)


def targets(Y: npt.NDArray[Any], dtype: str) -> npt.NDArray[Any]:
    """Encoded targets as they travel: labels as booleans, numbers in the arithmetic's type."""
    with np.errstate(over="ignore"):  # what float32 cannot hold diverges, which is a result
        return Y if Y.dtype == bool else Y.astype(dtype, copy=False)


def make_trainer(
    est: "BaseMLP",
    net: network.Architecture,
    problem: Problem,
    stream: np.random.RandomState,
    session: Session | None = None,
    source: Source | None = None,
) -> Trainer:
    """A trainer of the estimator's network from its initial weights; ``source`` are its rows, if
    somebody has them ready."""
    streamed = problem.streamed
    n_rows = len(problem.train) if streamed is None else streamed.n_rows
    dtype = est.coefs_[0].dtype.name
    plan = network.plan(est, net, _batch_size(est, n_rows), dtype)
    if session is not None and session.optimizer != plan.optimizer:
        session = None  # another solver cannot use the old one's state
    device = find_device(est.device)
    if streamed is None:
        rows = problem.train
        source = source or _source(rows, est._training_targets(rows.Y), dtype, device)
        shuffler = Shuffler(stream, n_rows, bool(est.shuffle), est.shuffle == "replacement")
    else:
        windows = streamed.windows(plan.batch_size)
        source = streamed.source(est, windows, dtype)
        shuffler = WindowShuffler(stream, windows, bool(est.shuffle))
    if session is not None and len(session.index) == n_rows:
        shuffler.index = session.index
    row, settings = schedule_of(est)
    horizon = est.max_iter
    if est.max_steps is not None:
        horizon = est.max_steps / ceil(n_rows / plan.batch_size)
    seed = _mask_seed(est.random_state, stream) if session is None else session.mask_seed
    return current_trainer()(
        plan,
        network.hyperparameters(est, net, plan, seed),
        source,
        shuffler,
        est._layers(),
        partial(row.rate, **settings),
        float(est.learning_rate_init) if session is None else session.base_rate,
        l2=0.0 if est.l2 is None else float(est.l2),
        alpha=float(est.alpha) if est.l2 is None else 0.0,
        state=None if session is None else session.state,
        step=0 if session is None else session.step,
        epoch=0 if session is None else session.epoch,
        samples=est.t_,
        horizon=horizon,
        device=device,
    )


def _source(rows: Rows, Y: npt.NDArray[Any], dtype: str, device: Any) -> Source:
    X, Y = rows.X, targets(Y, dtype)
    sparse = scipy.sparse.issparse(X)
    item = np.dtype(dtype) if sparse else X.dtype
    large = X.shape[0] * X.shape[1] * item.itemsize > RESIDENT_BYTES
    if large and (sparse or shares_memory(device)):
        return GatheredRows(X, Y, rows.weights, dtype)
    return Resident(X.toarray() if sparse else X, Y, rows.weights, dtype, device)


def _mask_seed(random_state: Any, stream: np.random.RandomState) -> int:
    """The seed of the dropout masks: the integer seed itself, or a hash of where the stream
    stands; no number is taken from it, so that the orders are the same without dropout."""
    if isinstance(random_state, int | np.integer):
        return int(random_state) % 2**32
    state = stream.get_state(legacy=False)["state"]
    return crc32(state["key"].tobytes(), state["pos"])


def _batch_size(est: "BaseMLP", n_rows: int) -> int:
    if est.batch_size == "auto":
        return min(200, n_rows)
    if est.batch_size > n_rows:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be "
            f"clipped: batch_size={est.batch_size}, {n_rows} rows.",
            stacklevel=7,
        )
    return int(min(est.batch_size, n_rows))


def schedule_of(est: "BaseMLP") -> tuple[Any, dict[str, Any]]:
    if est.schedule is not None:
        return named_settings("schedule", est.schedule, SCHEDULES)
    name = est.learning_rate if est.solver == "sgd" else "constant"
    power = {"power": est.power_t} if name == "invscaling" else {}
    return named_settings("schedule", {"name": name, **power}, SCHEDULES)


def _on_plateau(est: "BaseMLP") -> Any:
    row, settings = schedule_of(est)
    return partial(row.on_plateau, **settings) if row.on_plateau else None


def _slowing(est: "BaseMLP", problem: Problem, session: Session | None) -> Slowing | None:
    """What a schedule that counts by itself goes on with: as the learning rate, from the session
    in ``partial_fit``, and anew in ``fit``."""
    row, settings = schedule_of(est)
    if row.after_epoch is None:
        return None
    plateau = (session.plateau if session else None) or Plateau()
    by = "objective" if problem.validation is None else "validation_loss"
    return Slowing(partial(row.after_epoch, **settings), settings["patience"], by, plateau)


def criterion(est: "BaseMLP", problem: Problem) -> Criterion | None:
    """The stopping criterion on the curves of validation and training loss, if there is one."""
    if est.stopping is None:
        return None
    row, settings = named_settings("stopping", est.stopping, STOPPING)
    settings = check_settings(row.name, settings)
    if problem.validation is None:
        raise InvalidInputError(
            f"stopping={est.stopping!r} goes by the validation loss, and there is no validation "
            "data. Give X_val and y_val to fit, or set early_stopping=True."
        )
    return partial(row.stops, **settings)


def _patience(est: "BaseMLP", problem: Problem, session: Session | None) -> tuple[Patience, str]:
    """The patience, and what it watches; with ``warm_start`` it remembers the best so far."""
    if not (est.early_stopping and problem.validation is not None):
        patience = Patience(est.tol, est.n_iter_no_change, best=est.best_loss_)
        by = "objective"
    elif est.monitor == "validation_score":
        patience = Patience(est.tol, est.n_iter_no_change, True, est.best_validation_score_)
        by = est.monitor
    else:
        patience, by = Patience(est.tol, est.n_iter_no_change), est.monitor
    patience.count = est._no_improvement_count
    return patience, by


def _take(est: "BaseMLP", loop: Loop) -> None:
    result, patience = loop.result, loop.patience
    assert result.best_layers is not None
    layers = owned(result.best_layers if loop.keep_best else loop.trainer.layers)
    est.coefs_, est.intercepts_ = [layer.W for layer in layers], [layer.b for layer in layers]
    offset = len(est.history_["epoch"])
    est.history_ = history.continued(est.history_, result.rows)
    est.n_iter_ = len(result.rows)
    est.t_ += result.samples
    est.loss_curve_.extend(result.objectives)
    est.loss_ = result.objectives[-1] if result.objectives else np.nan
    est.diverged_ = result.diverged
    est._no_improvement_count = patience.count
    if result.best_row is not None:
        est.best_epoch_ = offset + result.best_row + 1
    if loop.by == "objective":
        if est.best_loss_ is not None:
            est.best_loss_ = patience.best
    else:
        scores = [row.get("validation_score", nan) for row in result.rows]
        est.validation_scores_ = [*(est.validation_scores_ or []), *scores]
        best = -inf if est.best_validation_score_ is None else est.best_validation_score_
        est.best_validation_score_ = max([best, *(s for s in scores if s == s)])
