"""Optuna's tree-structured Parzen estimator, asked in batches."""

import os
from dataclasses import dataclass
from typing import Any

from chainrule.search.space import Space, check_count
from chainrule.search.strategies.rounds import Round, Rounds, check_told
from chainrule.search.study import Study

__all__ = ["TPE"]


@dataclass(frozen=True)
class TPE:
    """Candidates where good ones have been dense and bad ones rare, by Optuna's ``TPESampler``.

    Parameters
    ----------
    n_candidates : int, default=50
        How many in all.
    batch : int, default=8
        How many are asked for, and trained, together. The larger, the less each knows of the
        others' scores; within a batch those still without a score count as bad ("constant
        liar"), which keeps the others away from them.
    startup : int, default=10
        So many random candidates come first, all in the first round.
    random_state : int, RandomState or None
        The seed. None takes a new one, or that of the study that is gone on with.
    storage : str or Optuna storage, optional
        Where the study is kept: an address such as ``"sqlite:///search.db"``, or a storage
        object. Optuna's dashboard shows it. One process at a time may search in a study.
    study_name : str, default="chainrule"
        The study's name there. A study of this name is gone on with if it was made with the same
        space and settings, and refused if not.
    run_dir : path, optional
        Without ``storage``, the study is kept in this folder, in Optuna's journal
        (``optuna-journal.log``), which can be watched and outlives a kill; without either, in
        memory.

    Raises
    ------
    MissingExtraError
        Optuna is not installed (the extra ``optuna``).
    InvalidInputError
        A setting is out of its range, the space has a distribution that Optuna lacks, or the study
        is another search's.

    Notes
    -----
    With y* a quantile of the scores, l(x) is a density of the candidates that are better than y*
    and g(x) one of all others; the proposal is the best of 24 draws from l by l(x) / g(x), over
    all parameters jointly. A candidate that diverged is told as pruned: it counts among the others,
    so that its surroundings are avoided. (As failed, the sampler would not learn of it.)

    The sampler is seeded for each candidate from the seed and the candidate's number: what is
    proposed depends on the scores so far alone. A search that was killed and goes on proposes what
    it would have proposed.

    J. Bergstra, R. Bardenet, Y. Bengio and B. Kégl, "Algorithms for Hyper-Parameter
    Optimization", NIPS 2011; S. Watanabe, arXiv:2304.11127, 2023.
    """

    n_candidates: int = 50
    batch: int = 8
    startup: int = 10
    random_state: Any = None
    storage: Any = None
    study_name: str = "chainrule"
    run_dir: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        for name in ("n_candidates", "batch", "startup"):
            check_count(name, getattr(self, name))

    def rounds(self, space: Space) -> Rounds:
        facts = {"batch": self.batch, "startup": self.startup}
        study = Study(space, facts, self.random_state, self.storage, self.study_name, self.run_dir)
        try:
            begin = 0
            while begin < self.n_candidates:
                end = min(begin + (self.batch if begin else self.startup), self.n_candidates)
                numbers = range(begin, end)
                candidates = [study.candidate(number, self.startup) for number in numbers]
                told = yield Round(tuple((candidate, None) for candidate in candidates))
                for number, score in check_told(numbers, told).items():
                    study.tell(number, score)
                begin = end
        finally:
            study.close()
