"""One fit of a run, kept: what was fitted is not fitted again, what was under way goes on."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from chainrule.estimators.checkpoints import Snapshot, kept_by
from chainrule.experiments.families import family
from chainrule.experiments.fitting import Fitted, description

if TYPE_CHECKING:
    from chainrule.experiments.recorder import Recorder

__all__ = ["kept_fit"]

SECONDS = 10.0
SHARE = 0.01
"""A state is saved every ``SECONDS``, or less often where saving would take more than ``SHARE`` of
the time."""


class TrainingKeeper:
    """Keeps one training in the run's journal, and writes its epochs down.

    A `chainrule.estimators.checkpoints.Keeper`.
    """

    def __init__(self, key: str, recorder: "Recorder", recorded: bool) -> None:
        self.key, self.recorder, self.recorded = key, recorder, recorded
        self.rows: list[dict[str, Any]] = []
        self._last, self._cost = perf_counter(), 0.0

    def begin(self) -> Snapshot | None:
        return self.recorder.journal.saved(self.key)

    def epoch(self, row: Mapping[str, Any]) -> None:
        self.rows.append(dict(row))
        self._write(row)

    def replay(self, rows: list[dict[str, Any]]) -> None:
        """Write the epochs of a training that is done down once more."""
        for row in rows:
            self._write(row)

    def _write(self, row: Mapping[str, Any]) -> None:
        if self.recorded:
            whole = {name: int(row[name]) for name in ("epoch", "steps")}
            self.recorder.write("epoch", model=self.key, **{**row, **whole})

    def stopping(self) -> bool:
        return self.recorder.interrupt.pressed

    def due(self) -> bool:
        return perf_counter() - self._last > max(SECONDS, self._cost / SHARE)

    def keep(self, snapshot: Snapshot) -> None:
        started = perf_counter()
        self.recorder.journal.save(self.key, snapshot)
        self._last = perf_counter()
        self._cost = self._last - started


def kept_fit(
    key: str,
    recorder: "Recorder",
    family_name: str,
    settings: Mapping[str, Any],
    fit: Callable[[], Fitted],
    *,
    recorded: bool = False,
) -> Fitted:
    """``fit()``, or what it gave before the run was cut off.

    Args:
        key: names the fit within its run.
        recorded: whether its epochs are lines of ``metrics.jsonl``.

    Of a family that cannot be saved, the fit is done again.
    """
    import chainrule

    if not family(family_name).saves:
        return fit()
    journal = recorder.journal
    keeper = TrainingKeeper(key, recorder, recorded)
    path = journal.model(key)
    done = journal.knows(key)
    fitted: list[Fitted] = []

    def first() -> dict[str, Any]:
        with kept_by(keeper), recorder.interrupt.gently():
            fitted.append(fit())
        recorder.check()
        chainrule.save(fitted[0].estimator, path)
        return {"notes": list(fitted[0].notes), "rows": keeper.rows}

    facts = recorder.remember(key, first)
    if not done:
        return fitted[0]
    keeper.replay(facts["rows"])
    estimator = chainrule.load(path)
    diverged = bool(getattr(estimator, "diverged_", False))
    return Fitted(estimator, diverged, tuple(facts["notes"]), description(family_name, settings))
