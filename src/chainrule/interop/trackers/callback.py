"""What the trackers' callbacks share: a run a fit, a point an epoch, the results at the end."""

import sys
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from chainrule.errors import InvalidInputError
from chainrule.estimators.base import BaseMLP
from chainrule.files import save
from chainrule.interop.trackers.guarded import Guarded
from chainrule.interop.trackers.rows import results, row
from chainrule.interop.trackers.sink import Sink, plain

__all__ = ["TrackerCallback"]


class TrackerCallback(ABC):
    """A callback of scikit-learn's protocol that tracks the fits of our estimators.

    One callback may be set on several estimators, and on one that is cloned in a search: each fit
    is a run of its own. That a run cannot be opened is an error, before anything is trained; that
    an open one takes no more is a warning.
    """

    tracker: str

    def __init__(self, log_model: bool) -> None:
        self.log_model = log_model
        self._runs: dict[int, _Run] = {}

    @abstractmethod
    def open(self, est: BaseMLP) -> Sink:
        """Open the run of a fit."""

    def setup(self, estimator: Any, context: Any) -> None:
        """A fit begins."""
        if not isinstance(estimator, BaseMLP):
            raise InvalidInputError(
                f"{type(self).__name__} tracks chainrule's MLPClassifier and MLPRegressor; it was "
                f"set on a {type(estimator).__name__}. Set it on the network itself."
            )

    def on_fit_task_begin(self, estimator: Any, context: Any, *, X: Any = None) -> None:
        """The data are known: open the run, and write down what is trained."""
        if context.task_name == "epoch":
            return
        sink = self.open(estimator)
        known = {name: plain(value) for name, value in estimator.get_params(deep=False).items()}
        rows, columns = X.shape
        sink.parameters(
            {
                **known,
                "estimator": type(estimator).__name__,
                "n_rows": rows,
                "n_features": columns,
            }
        )
        done = len(estimator.history_["epoch"])
        self._runs[id(estimator)] = _Run(Guarded(sink, self.tracker), done)

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> bool:
        """An epoch has ended, or the training; never a reason to stop."""
        run = self._runs.get(id(estimator))
        if run is None or fitted_estimator is None:
            return False
        run.take(fitted_estimator.history_)
        if context.task_name != "epoch":
            run.ended = True
            run.sink.end(results(estimator), run.done)
            if self.log_model:
                self._keep_model(estimator, run.sink)
        return False

    def _keep_model(self, est: BaseMLP, sink: Guarded) -> None:
        with tempfile.TemporaryDirectory(prefix="chainrule-") as folder:
            path = Path(folder) / "model.safetensors"

            def written() -> Path:
                save(est, path)
                return path

            sink.file(written)

    def teardown(self, estimator: Any, context: Any) -> None:
        """The fit has returned or raised."""
        run = self._runs.pop(id(estimator), None)
        if run is not None:
            run.sink.close(failed=not run.ended or sys.exc_info()[0] is not None)

    def __getstate__(self) -> dict[str, Any]:
        """For another process, which has fits of its own."""
        return {**self.__dict__, "_runs": {}}


class _Run:
    """The run of a fit, and how many epochs of its history it has."""

    def __init__(self, sink: Guarded, done: int) -> None:
        self.sink, self.done, self.ended = sink, done, False

    def take(self, history: Any) -> None:
        for index in range(self.done, len(history["epoch"])):
            self.sink.point(int(history["epoch"][index]), row(history, index))
        self.done = len(history["epoch"])
