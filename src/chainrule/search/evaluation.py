"""Candidates on splits and seeds: what is trained, and what it scores."""

import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics._scorer import _BaseScorer, _MultimetricScorer, _PassthroughScorer
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_method_params

from chainrule.errors import InvalidInputError
from chainrule.estimators.base import BaseMLP
from chainrule.estimators.jobs import Job, Standing
from chainrule.estimators.problem import one_thread
from chainrule.estimators.settings import check_parameters
from chainrule.estimators.together import MEASURED, Together
from chainrule.search import states
from chainrule.search.described import described
from chainrule.search.journal import Journal
from chainrule.search.strategies.rounds import Candidate, Round

__all__ = ["Data", "Evaluation", "Outcome", "network_of", "seeded"]

VALIDATION = ("X_val", "y_val", "sample_weight_val")

SHARE = 0.01
"""States are saved less often where saving would take more than this share of the time."""

TOGETHER = 64
"""Trainings whose states share a file."""

BLIND = frozenset(
    {"activation", "alpha", "batch_size", "beta_1", "beta_2", "dropout", "epsilon", "init", "l1"}
    | {"hidden_layer_sizes", "l2", "learning_rate", "learning_rate_init", "max_iter", "max_steps"}
    | {"momentum", "n_iter_no_change", "nesterovs_momentum", "power_t", "schedule", "tol"}
)
"""What no rows refuse: of candidates that differ in these alone, one is tried on the rows."""

SMALL_ROWS = 20_000
"""Rows up to which a score is computed on one thread, beside the trainings."""


@dataclass(frozen=True, eq=False)
class Data:
    """What is learnt from: rows, the splits' row numbers, and what fits and scorers are given."""

    X: Any
    y: Any
    splits: Sequence[tuple[Any, Any]]
    fit_params: Mapping[str, Any]
    score_params: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """One training: of a candidate, on a split, from a seed. Plain JSON data.

    ``losses`` and ``validation`` are its curves, an epoch a number; ``epochs`` how many it had, and
    ``steps`` how many updates (None in a run that an earlier version began); ``ended`` whether it
    came to its end (or its budget ran out before); ``refused`` says why it was not trained at all.
    """

    test: Mapping[str, float]
    train: Mapping[str, float] | None
    fit_time: float
    score_time: float
    epochs: int
    diverged: bool
    ended: bool
    n_parameters: int
    losses: Sequence[float | None]
    validation: Sequence[float | None]
    refused: str = ""
    steps: int | None = None

    @property
    def lost(self) -> bool:
        """Whether it is compared with nobody: it diverged, or was refused."""
        return self.diverged or bool(self.refused)


Fit = tuple[int, int, int]
"""A training's candidate, split and seed, by number."""


def network_of(estimator: Any) -> tuple[BaseMLP, str]:
    """The network that is searched, and what stands before its parameters' names.

    Raises
    ------
    InvalidInputError
        It is neither a network of ours nor a Pipeline that ends in one.
    """
    network, prefix = estimator, ""
    if isinstance(estimator, Pipeline):
        name, network = estimator.steps[-1]
        prefix = f"{name}__"
    if not isinstance(network, BaseMLP):
        raise InvalidInputError(
            "PopulationSearchCV searches for chainrule's MLPClassifier and MLPRegressor, and for "
            f"a Pipeline that ends in one; came {type(estimator).__name__}"
            + (f" that ends in {type(network).__name__}" if prefix else "")
            + ". For other estimators, scikit-learn's GridSearchCV and RandomizedSearchCV do it."
        )
    return network, prefix


@dataclass(frozen=True, eq=False)
class Rows:
    """A split's training and test rows, ready for the network, and what belongs to them."""

    X: Any
    y: Any
    X_test: Any
    y_test: Any
    fit_params: Mapping[str, Any]
    score_params: Mapping[str, Any]
    on_train: Mapping[str, Any]


class Evaluation:
    """Trains candidates, round by round, and remembers what they score.

    ``outcomes`` has what is known of each training. With a journal, what is known outlives a kill.
    ``seed`` is that of the steps before the network that have none: what is gone on with must see
    the same rows again.
    """

    def __init__(
        self,
        estimator: Any,
        data: Data,
        seeds: Sequence[int],
        scorer: Callable[..., Any],
        *,
        train_scores: bool,
        error_score: float | str,
        settings: Mapping[str, Any],
        together: Mapping[str, Any],
        on_outcome: Callable[[Fit, Outcome], None] = lambda fit, outcome: None,
        journal: Journal | None = None,
        seconds_between_states: float = 10.0,
        seed: int | None = None,
    ) -> None:
        self.estimator, self.data, self.seeds, self.scorer = estimator, data, seeds, scorer
        self.train_scores, self.error_score = train_scores, error_score
        self.settings, self.on_outcome, self.journal = settings, on_outcome, journal
        self.seed = seed
        self.network, self.prefix = network_of(estimator)
        self.outcomes: dict[Fit, Outcome] = {}
        kept: dict[str, Any] = {} if journal is None else {"remember": journal.remember}
        self.together = Together(on_end=self._ended, on_range=self._range, **kept, **together)
        if journal is not None:  # what rounds that are at their end have measured
            self.together.measured |= journal.values(MEASURED)
        self._numbers: dict[Fit, int] = {}
        self._begun: list[tuple[Fit, Rows]] = []
        self._prepared: dict[Any, Rows] = {}
        self._checked: set[str] = set()
        self._rounds = 0
        self._pause = seconds_between_states
        self._kept: dict[str, tuple[float, float]] = {}

    def round(self, asked: Round) -> dict[int, dict[str, float]]:
        """Train a round; the mean test scores of its candidates, by number and metric.

        Raises
        ------
        InvalidInputError
            A search that is gone on with asks for others than before.
        """
        self._check_same(asked)
        finished = self.journal is not None and self.journal.knows(self._this_round)
        until: dict[int, int | None] = {}
        known: list[int] = []
        if not self._rounds:
            self._compare_alike(asked)
        for candidate, budget in asked.entries:
            if self._refused(candidate):
                continue
            for split in range(len(self.data.splits)):
                for seed in range(len(self.seeds)):
                    fit = (candidate.number, split, seed)
                    if fit in self.outcomes and self.outcomes[fit].ended:
                        continue
                    number = self._number(fit, candidate)
                    until[number] = budget
                    outcome = self._remembered(fit)
                    # What only pauses is known when its state is kept: with the whole round's.
                    if outcome is not None and (finished or outcome.ended):
                        known.append(number)
                        self._learn(fit, outcome)
        if not finished:
            self._train(until, known)
        if self.journal:
            states.clear(self.journal.folder, f"block{self._rounds}")
            states.clear(self.journal.folder, f"round{self._rounds - 1}")
        self._rounds += 1
        return {candidate.number: self._means(candidate.number) for candidate, _ in asked.entries}

    def _check_same(self, asked: Round) -> None:
        if self.journal is None:
            return
        entries = [(one.number, described(one.parameters), budget) for one, budget in asked.entries]
        now = sha256(repr(entries).encode()).hexdigest()
        if self.journal.remember(f"{self._this_round}: asked", lambda: now) != now:
            raise InvalidInputError(
                f"The strategy asks for other candidates than when the search in "
                f"{self.journal.run} began. Give it a seed of its own (random_state=), or choose "
                "another run_dir."
            )

    @property
    def _this_round(self) -> str:
        return f"round {self._rounds}"

    def _train(self, until: Mapping[int, int | None], known: Sequence[int]) -> None:
        snapshots: dict[int, Any] = {}
        standing: list[Standing] = []
        if self.journal:
            for block in states.kept(self.journal.folder, f"round{self._rounds - 1}"):
                snapshots |= block.snapshots
            standing = states.kept(self.journal.folder, f"block{self._rounds}")
        self.together.run(until, snapshots=snapshots, known=known, standing=standing)
        for number in known:
            self.together.drop(number)
        waiting = [number for number in until if number in self.together.trainings]
        for number in waiting:
            self._book(number, self.together.estimator(number), ended=False)
        if self.journal:
            self._keep(waiting)
            self.journal.remember(self._this_round, lambda: True)

    def drop(self, candidates: Iterable[int]) -> None:
        """Forget the trainings of candidates that will not be gone on with."""
        gone = set(candidates)
        for fit, number in self._numbers.items():
            if fit[0] in gone:
                self.together.drop(number)

    def of(self, candidate: int) -> Iterator[tuple[int, int, Outcome]]:
        """What is known of a candidate: split, seed, outcome."""
        for split in range(len(self.data.splits)):
            for seed in range(len(self.seeds)):
                yield split, seed, self.outcomes[candidate, split, seed]

    def _means(self, candidate: int) -> dict[str, float]:
        """The mean scores by metric, by which candidates are compared: of one that is lost they
        are not a number, whatever the error score."""
        found = [outcome for _, _, outcome in self.of(candidate)]
        if any(outcome.lost for outcome in found):
            return dict.fromkeys(self.metrics, np.nan)
        nothing = self.score_of_failure
        return {n: float(np.mean([o.test.get(n, nothing) for o in found])) for n in self.metrics}

    @property
    def metrics(self) -> list[str]:
        """The metrics' names; a scorer of one's own tells them by what it returns."""
        tests = (outcome.test for outcome in self.outcomes.values())
        return list(next(filter(None, tests), {"score": np.nan}))

    @property
    def score_of_failure(self) -> float:
        """The score of what diverged, or could not be scored."""
        return np.nan if self.error_score == "raise" else float(self.error_score)

    # trainings

    def _number(self, fit: Fit, candidate: Candidate) -> int:
        if fit not in self._numbers:
            own, others = self._parts(candidate.parameters)
            rows = self._rows(fit[1], own, others)
            job = self._job(candidate, self.seeds[fit[2]], own, rows)
            self._numbers[fit] = self.together.add(job)
            self._begun.append((fit, rows))
        return self._numbers[fit]

    def _compare_alike(self, asked: Round) -> None:
        """Where the steps before the network give candidates of the first round different numbers
        of columns, let batches be drawn from a seed of their own, as for layers' shapes."""
        if self.network.data_seed is not None or "data_seed" in self.settings:
            return
        for split in range(len(self.data.splits)):
            parts = [self._parts(candidate.parameters) for candidate, _ in asked.entries]
            if len({np.shape(self._rows(split, *each).X)[-1] for each in parts}) > 1:
                self.settings = {**self.settings, "data_seed": self.seeds[0] % 2**32}
                return

    def _refused(self, candidate: Candidate) -> bool:
        """Whether the estimator refuses a candidate, by itself or with its rows.

        In the first round that is an error, before anything is trained. What a strategy proposes
        later must not undo what it has found: it is lost, as one that diverged is.
        """
        first = candidate.number, 0, 0
        if first in self._numbers:
            return first in self.outcomes and bool(self.outcomes[first].refused)
        fits = [(candidate.number, *each) for each in np.ndindex(*self._shape)]
        try:
            for fit in fits:
                self._number(fit, candidate)
            self._check(candidate)
        except InvalidInputError as error:
            if not self._rounds:
                raise
            warnings.warn(
                f"{error} It counts as one that diverged, and the search goes on.",
                UserWarning,
                stacklevel=2,
            )
            for fit in fits:
                if fit in self._numbers:
                    self.together.drop(self._numbers[fit])
                self._numbers.setdefault(fit, -1)
                self._learn(fit, self._nothing(str(error)))
            return True
        return False

    @property
    def _shape(self) -> tuple[int, int]:
        """Splits and seeds."""
        return len(self.data.splits), len(self.seeds)

    def _check(self, candidate: Candidate) -> None:
        """Let each split's rows refuse the candidate, once for all that are alike to them."""
        own, others = self._parts(candidate.parameters)
        meeting = {name: value for name, value in own.items() if name not in BLIND}
        key = described((meeting, others))
        if key in self._checked:
            return
        for split in range(len(self.data.splits)):
            rows = self._rows(split, own, others)
            try:
                self.together.check(self._job(candidate, self.seeds[0], own, rows))
            except InvalidInputError as error:
                plain = self._plain_refusal(rows)  # no fault of the candidate's
                if plain is not None and str(error).endswith(str(plain)):
                    raise plain from error
                raise
        self._checked.add(key)

    def _plain_refusal(self, rows: "Rows") -> ValueError | None:
        """Why the rows refuse the estimator itself; None if they do not."""
        job = self._job(Candidate(-1, {}), self.seeds[0], {}, rows)
        try:
            self.together.check(replace(job, label=""))
        except ValueError as error:
            return error
        return None

    def _nothing(self, why: str) -> Outcome:
        test = dict.fromkeys(self._names_known(), self.score_of_failure)
        train = test if self.train_scores else None
        return Outcome(test, train, 0.0, 0.0, 0, False, True, 0, (), (), why)

    def _parts(self, parameters: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The network's own parameters, and those of what stands before it."""
        own = {k.removeprefix(self.prefix): v for k, v in parameters.items() if self._is_own(k)}
        return own, {k: v for k, v in parameters.items() if not self._is_own(k)}

    def _is_own(self, name: str) -> bool:
        return name.startswith(self.prefix)

    def _job(self, candidate: Candidate, seed: int, own: Mapping[str, Any], rows: "Rows") -> Job:
        network = clone(self.network)
        settings = {**self.settings, "random_state": seed}
        if "data_seed" in settings:
            settings["data_seed"] = seed % 2**32
        try:
            check_parameters(network.set_params(**{**settings, **own}))
        except ValueError as error:
            raise InvalidInputError(
                f"The candidate {candidate.parameters} cannot be trained: {error}"
            ) from error
        given = rows.fit_params
        return Job(
            network,
            rows.X,
            rows.y,
            given.get("sample_weight"),
            tuple(given.get(name) for name in VALIDATION),
            given.get("watch") or {},
            checked=True,
            label=f"The candidate {candidate.parameters}",
        )

    def _rows(self, split: int, own: Mapping[str, Any], others: Mapping[str, Any]) -> "Rows":
        """A split's rows, as the network gets them: the transformers before it, with these
        parameters, are fitted on the split's training rows."""
        dtype = own.get("dtype", self.network.dtype)
        steps = tuple((name, _name_of(value)) for name, value in sorted(others.items()))
        key = split, str(dtype), steps
        if key not in self._prepared:
            self._prepared[key] = self._prepare(split, dtype, others)
        return self._prepared[key]

    def _prepare(self, split: int, dtype: Any, others: Mapping[str, Any]) -> "Rows":
        train, test = self.data.splits[split]
        X, X_test = (_safe_indexing(self.data.X, rows) for rows in (train, test))
        y, y_test = (_safe_indexing(self.data.y, rows) for rows in (train, test))
        given = _check_method_params(self.data.X, self.data.fit_params, indices=train)
        own, rest = self._parts(given)
        if self.prefix:
            before = seeded(self.estimator, self.seed).set_params(**clone(others, safe=False))[:-1]
            if len(before):
                X, X_test = self._transformed(before, X, y, X_test, rest, others)
        score_params = _check_method_params(self.data.X, self.data.score_params, indices=test)
        on_train = _check_method_params(self.data.X, self.data.score_params, indices=train)
        X, X_test = (_as_computed(part, dtype) for part in (X, X_test))
        return Rows(X, y, X_test, y_test, own, score_params, on_train)

    def _transformed(
        self,
        before: Pipeline,
        X: Any,
        y: Any,
        X_test: Any,
        params: Mapping[str, Any],
        others: Mapping[str, Any],
    ) -> tuple[Any, Any]:
        try:
            X = before.fit_transform(X, y, **params)
            # Not the Pipeline's own transform, which asks its last step whether it is fitted.
            for _, step in before.steps:
                if step not in (None, "passthrough"):
                    X_test = step.transform(X_test)
            return X, X_test
        except ValueError as error:
            raise InvalidInputError(
                f"The steps before the network cannot be fitted{' with ' if others else ''}"
                f"{others or ''}: {error}"
            ) from error

    # outcomes

    def _ended(self, number: int, estimator: BaseMLP) -> None:
        self._book(number, estimator, ended=True)

    def _book(self, number: int, estimator: BaseMLP, ended: bool) -> None:
        fit, rows = self._begun[number]
        started = time.perf_counter()
        test = self._scores(estimator, rows.X_test, rows.y_test, rows.score_params)
        score_time = time.perf_counter() - started
        train = None
        if self.train_scores:
            train = self._scores(estimator, rows.X, rows.y, rows.on_train)
        history = estimator.history_
        parameters = zip(estimator.coefs_, estimator.intercepts_, strict=True)
        outcome = Outcome(
            test=test,
            train=train,
            fit_time=float(np.sum(history["seconds"])),
            score_time=score_time,
            epochs=len(history["epoch"]),
            diverged=bool(estimator.diverged_),
            ended=ended,
            n_parameters=sum(int(W.size + b.size) for W, b in parameters),
            losses=_curve(history["train_loss"]),
            validation=_curve(history.get("validation_loss", ())),
            steps=int(np.sum(history["steps"])),
        )
        if self.journal:
            self.journal.remember(self._key(fit), lambda: asdict(outcome))
        self._learn(fit, outcome)

    def _learn(self, fit: Fit, outcome: Outcome) -> None:
        self.outcomes[fit] = outcome
        self.on_outcome(fit, outcome)

    def _scores(
        self, estimator: BaseMLP, X: Any, y: Any, params: Mapping[str, Any]
    ) -> dict[str, float]:
        """The scores by metric; after divergence, the error score."""
        if estimator.diverged_:
            return dict.fromkeys(self._names_known(), self.score_of_failure)
        with one_thread() if len(y) < SMALL_ROWS else nullcontext():
            try:
                found = self.scorer(estimator, X, y, **params)
            except Exception as error:
                if self.error_score == "raise":
                    raise
                names = self._names_known()
                self._warn(names, f"{type(error).__name__}: {error}")
                return dict.fromkeys(names, self.score_of_failure)
        table = found if isinstance(found, Mapping) else {"score": found}
        # scikit-learn's scorer of several metrics gives a failed one's traceback as its value.
        if failed := [name for name, value in table.items() if isinstance(value, str)]:
            self._warn(failed, str(table[failed[0]]))
        nothing = self.score_of_failure
        return {n: nothing if n in failed else float(value) for n, value in table.items()}

    def _names_known(self) -> list[str]:
        """The metrics' names where they are known before a score: none for a function of one's
        own, which may return several."""
        if isinstance(self.scorer, _MultimetricScorer):
            return list(self.scorer._scorers)
        return ["score"] if isinstance(self.scorer, _BaseScorer | _PassthroughScorer) else []

    def _warn(self, failed: Sequence[str], why: str) -> None:
        warnings.warn(
            f"Scoring failed ({', '.join(failed) or 'score'}); the score is set to "
            f"{self.score_of_failure}. {why.strip().splitlines()[-1]}",
            UserWarning,
            stacklevel=2,
        )

    # going on after a kill

    def _key(self, fit: Fit) -> str:
        candidate, split, seed = fit
        return f"{self._this_round}: candidate {candidate}, split {split}, seed {seed}"

    def _remembered(self, fit: Fit) -> Outcome | None:
        """What the journal has of a training in this round."""
        if not self.journal or not self.journal.knows(self._key(fit)):
            return None
        return Outcome(**self.journal.remember(self._key(fit), dict))

    def _range(self, name: str, standing: Callable[[], Standing]) -> None:
        if self.journal and self._due(name):
            started = time.perf_counter()
            states.keep(self.journal.folder, f"block{self._rounds}", standing())
            now = time.perf_counter()
            self._kept[name] = now, now - started

    def _due(self, name: str) -> bool:
        last, cost = self._kept.setdefault(name, (time.perf_counter(), 0.0))
        waited = time.perf_counter() - last
        return self.together.stopped or waited > max(self._pause, cost / SHARE)

    def _keep(self, waiting: Sequence[int]) -> None:
        """Keep the states of the trainings that pause."""
        assert self.journal is not None
        for start in range(0, len(waiting), TOGETHER):
            part = waiting[start : start + TOGETHER]
            snapshots = {number: self.together.snapshot(number) for number in part}
            standing = Standing(f"{start}", (), snapshots)
            states.keep(self.journal.folder, f"round{self._rounds}", standing)


def _as_computed(X: Any, dtype: Any) -> Any:
    """Rows in the type that a network computes in, so that each need not convert them."""
    if not isinstance(X, np.ndarray) or X.dtype == np.uint8:
        return X
    if dtype == "auto":
        dtype = "float32" if X.dtype == np.float32 else "float64"
    known = str(dtype) in ("float32", "float64")  # any other is refused with the network
    return np.ascontiguousarray(X, dtype) if known else X


def seeded(estimator: Any, seed: int | None) -> Any:
    """A clone in which the steps before the network that have no seed have this one, if any."""
    found = clone(estimator)
    if seed is None or not isinstance(found, Pipeline):
        return found
    last = f"{found.steps[-1][0]}__"
    unseeded = {
        name: seed
        for name, value in found.get_params().items()
        if name.split("__")[-1] == "random_state" and value is None and not name.startswith(last)
    }
    return found.set_params(**unseeded)


def _name_of(value: Any) -> Any:
    """Equal for equal values of simple kinds; an object is equal to itself alone."""
    plain = isinstance(value, bool | int | float | str | tuple | None)
    return (type(value), repr(value)) if plain else id(value)


def _curve(values: Any) -> list[float | None]:
    """A curve as JSON has it: None for what is not finite, nothing where nothing is."""
    found = [float(value) if math.isfinite(value) else None for value in values]
    return found if any(value is not None for value in found) else []
