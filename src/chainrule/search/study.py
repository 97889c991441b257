"""An Optuna study as the memory of a search, which a killed search can go on with.

A trial is a candidate's when it has the attribute ``candidate``, its number, which is set last: a
trial without it was cut off while it was being made, and is told to have failed (Optuna's samplers
take no notice of such trials).
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from chainrule.errors import InvalidInputError
from chainrule.search.optional import optuna_for, quiet
from chainrule.search.space import Space
from chainrule.search.strategies.rounds import Candidate

__all__ = ["JOURNAL", "Study"]

JOURNAL = "optuna-journal.log"
"""The file of a run folder that the study is kept in, unless a storage is given."""

MINE = "chainrule"
NUMBER = "candidate"
# How long a lock may be held before it counts as left behind by a killed process; a write takes
# milliseconds.
PATIENCE = 5
# Scores are read back from text or a database as they were written.
SAME = 1e-9


class Study:
    """Candidates that Optuna's TPE sampler proposes, kept with their scores in Optuna's storage.

    Parameters
    ----------
    space : Space
        What to choose from.
    facts : mapping
        The settings that decide what is proposed; a study that was made with others is refused.
    random_state : int, RandomState or None
        The seed; None takes the study's own where there is one.
    storage, name, run_dir
        As for the strategy ``tpe``.
    """

    def __init__(
        self,
        space: Space,
        facts: Mapping[str, Any],
        random_state: Any,
        storage: Any,
        name: str,
        run_dir: str | os.PathLike[str] | None,
    ) -> None:
        self.optuna = optuna_for("The strategy 'tpe'")
        self.space, self.name = space, name
        self._own: Any = None
        if isinstance(storage, str):
            storage = self._own = self.optuna.storages.RDBStorage(storage)
        elif storage is None and run_dir is not None:
            storage = self._journal(Path(run_dir))
        with quiet(self.optuna):
            self.study = self.optuna.create_study(
                storage=storage, study_name=name, load_if_exists=True, direction="maximize"
            )
        self.seed = self._claim({"space": space.summary(), **facts}, random_state)
        self._trials = self._known()

    def close(self) -> None:
        """Let go of a database that was opened by its address."""
        if self._own is not None:
            self._own.remove_session()
            self._own.engine.dispose()

    def candidate(self, number: int, startup: int) -> Candidate:
        """The candidate of this number: as it was asked for before, or asked for now.

        The sampler is made anew for each, from the seed and the number, so that a proposal
        depends on what the study holds, and not on how long this process has lived.
        """
        if number not in self._trials:
            seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
            self.study.sampler = self.optuna.samplers.TPESampler(
                seed=seed, n_startup_trials=startup, multivariate=True, constant_liar=True
            )
            trial = self.study.ask()
            parameters = self.space.suggest(trial)
            trial.set_user_attr(NUMBER, number)
            self._trials[number] = trial.number
            return Candidate(number, parameters)
        asked = self.optuna.trial.FixedTrial(self._trial(number).params)
        return Candidate(number, self.space.suggest(asked))

    def tell(self, number: int, score: float) -> None:
        """Write a candidate's score down; one that is there already must be the same."""
        states = self.optuna.trial.TrialState
        trial = self._trial(number)
        if trial.state.is_finished():
            self._compare(number, trial.value, score)
        elif math.isnan(score):
            self.study.tell(trial.number, state=states.PRUNED)
        else:
            self.study.tell(trial.number, score)

    def _trial(self, number: int) -> Any:
        return self.study.get_trials(deepcopy=False)[self._trials[number]]

    def _compare(self, number: int, before: float | None, now: float) -> None:
        if before is None and math.isnan(now):
            return
        if before is not None and math.isclose(before, now, rel_tol=SAME, abs_tol=SAME):
            return
        raise InvalidInputError(
            f"The study {self.name!r} has the score {before} for candidate {number}, now came "
            f"{now}: it is of another search, or of other data. Give another study_name."
        )

    def _claim(self, facts: dict[str, Any], random_state: Any) -> int:
        """Mark a new study as ours; go on with an old one only if it was made as this one is.

        Returns the seed.
        """
        found = self.study.user_attrs.get(MINE)
        if random_state is None and found is not None:
            seed = found["seed"]
        elif isinstance(random_state, int | np.integer):
            seed = int(random_state)
        else:
            seed = int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
        facts = {**facts, "seed": seed}
        if self.study.direction != self.optuna.study.StudyDirection.MAXIMIZE:
            self._refuse("it minimizes, and scores are maximized")
        if found is None and self.study.get_trials(deepcopy=False):
            self._refuse("it has trials that are not of a search of ours")
        if found is None:
            self.study.set_user_attr(MINE, facts)
        elif different := [name for name in facts if found.get(name) != facts[name]]:
            was = "; ".join(f"{each} was {found.get(each)}, is {facts[each]}" for each in different)
            self._refuse(f"it was made with other settings ({was})")
        return seed

    def _known(self) -> dict[int, int]:
        """The trial of each candidate that was asked for before."""
        states = self.optuna.trial.TrialState
        found = {}
        for trial in self.study.get_trials(deepcopy=False):
            if NUMBER in trial.user_attrs:
                found[trial.user_attrs[NUMBER]] = trial.number
            elif trial.state == states.RUNNING:
                self.study.tell(trial.number, state=states.FAIL)
            elif trial.state in (states.COMPLETE, states.PRUNED):
                self._refuse("it has trials that are not of a search of ours")
        return found

    def _refuse(self, why: str) -> None:
        raise InvalidInputError(
            f"The study {self.name!r} cannot be gone on with: {why}. Give another study_name, "
            "another storage, or the settings that it was made with."
        )

    def _journal(self, folder: Path) -> Any:
        """Optuna's journal in the run's folder: unlike SQLite's file, safe for those who watch."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / JOURNAL
        _mend(path)
        journal = self.optuna.storages.journal
        lock = journal.JournalFileOpenLock(str(path), grace_period=PATIENCE)
        backend = journal.JournalFileBackend(str(path), lock_obj=lock)
        return self.optuna.storages.JournalStorage(backend)


def _mend(path: Path) -> None:
    """Cut off a last line that a kill tore: Optuna would write the next one onto it, and then
    read neither."""
    if path.exists():
        data = path.read_bytes()
        end = data.rfind(b"\n") + 1
        if end < len(data):
            os.truncate(path, end)
