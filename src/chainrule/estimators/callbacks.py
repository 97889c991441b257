"""scikit-learn's callback protocol: one task a fit, one subtask an epoch."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sklearn.callback._callback_support import callback_management_context

from chainrule.equations.network import Layer
from chainrule.estimators import history
from chainrule.estimators.problem import Rows
from chainrule.estimators.session import owned

if TYPE_CHECKING:
    from chainrule.estimators.base import BaseMLP

__all__ = ["EpochCallbacks", "tear_down"]


class EpochCallbacks:
    """Calls the estimator's callbacks around each epoch; any of them may stop the training.

    ``epochs`` are planned (None: unknown). ``layers()`` are the current parameters and
    ``rows_done()`` the epochs so far, of which ``fitted_estimator``, where a callback asks for it,
    is made: the estimator as if training had stopped there, with parameters and ``history_``.
    """

    def __init__(
        self,
        est: "BaseMLP",
        rows: Rows,
        epochs: int | None,
        layers: Callable[[], tuple[Layer, ...]],
        rows_done: Callable[[], Sequence[history.Row]],
    ) -> None:
        self.est, self.layers, self.rows_done = est, layers, rows_done
        self._history, self._taken = est.history_, 0
        self.wanted = bool(getattr(est, "_skl_callbacks", []))
        self.root = est._init_callback_context(max_subtasks=epochs)
        self._task: Any = None
        self._facts = {
            "estimator": est,
            "X": rows.X,
            "y": lambda: est._decode(rows.Y),
            "metadata": None if rows.weights is None else {"sample_weight": rows.weights},
        }
        self.root.call_on_fit_task_begin(**self._facts)

    def begin_epoch(self) -> None:
        """An epoch begins, unless it is under way already."""
        if self.wanted and self._task is None:
            self._task = self.root.subcontext(task_name="epoch")
            self._task.call_on_fit_task_begin(
                **self._facts, reconstruction_attributes=self._attributes
            )

    def end_epoch(self) -> bool:
        """The epoch has ended; true to stop."""
        if self._task is None:
            return False
        task, self._task = self._task, None
        return bool(
            task.call_on_fit_task_end(**self._facts, reconstruction_attributes=self._attributes)
        )

    def end(self) -> None:
        """The training has ended; an epoch that came to nothing is ended empty."""
        if self._task is not None:
            self._task.call_on_fit_task_end(estimator=self.est)
        self.root.call_on_fit_task_end(**self._facts, reconstruction_attributes={})

    def _attributes(self) -> dict[str, Any]:
        current = owned(self.layers())
        new = self.rows_done()[self._taken :]
        self._history = history.continued(self._history, new)
        self._taken += len(new)
        return {
            "history_": self._history,
            "coefs_": [layer.W for layer in current],
            "intercepts_": [layer.b for layer in current],
        }


def tear_down(est: "BaseMLP") -> None:
    """What scikit-learn does with the callbacks when a ``fit`` returns or raises."""
    with callback_management_context(est):
        pass
