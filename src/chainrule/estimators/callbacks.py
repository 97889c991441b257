"""scikit-learn's callback protocol: one task a fit, one subtask an epoch."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chainrule.equations.network import Layer
from chainrule.estimators.problem import Rows
from chainrule.estimators.session import owned

if TYPE_CHECKING:
    from chainrule.estimators.base import BaseMLP

__all__ = ["EpochCallbacks"]


class EpochCallbacks:
    """Calls the estimator's callbacks around each epoch; any of them may stop the training.

    ``fitted_estimator``, where a callback asks for it, is the estimator as if training
    had stopped at this epoch.
    """

    def __init__(self, est: "BaseMLP", rows: Rows, epochs: int | None) -> None:
        self.est, self.rows = est, rows
        self.wanted = bool(getattr(est, "_skl_callbacks", []))
        self.root = est._init_callback_context(max_subtasks=epochs)
        self._facts = {
            "estimator": est,
            "X": rows.X,
            "y": lambda: est._decode(rows.Y),
            "metadata": {"sample_weight": rows.weights},
        }
        self.root.call_on_fit_task_begin(**self._facts)

    def after_epoch(
        self, layers: Callable[[], tuple[Layer, ...]]
    ) -> Callable[[dict[str, float]], bool]:
        """What to call after each epoch with the history's row; true to stop."""

        def attributes() -> dict[str, Any]:
            current = owned(layers())
            return {
                "coefs_": [layer.W for layer in current],
                "intercepts_": [layer.b for layer in current],
            }

        def after(row: dict[str, float]) -> bool:
            task = self.root.subcontext(task_name="epoch")
            task.call_on_fit_task_begin(**self._facts)
            return bool(
                task.call_on_fit_task_end(**self._facts, reconstruction_attributes=attributes)
            )

        return after

    def end(self) -> None:
        self.root.call_on_fit_task_end(**self._facts)
