"""``PopulationSearchCV``: a search whose candidates, folds and seeds are trained together."""

import json
import numbers
import os
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import _fit_context, clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import check_random_state, indexable
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_method_params, _num_samples

from chainrule.errors import InvalidInputError, RunError
from chainrule.estimators.together import MEMORY
from chainrule.files.atomic import write_bytes
from chainrule.search.described import described, digest
from chainrule.search.evaluation import Data, Evaluation, Outcome, network_of, seeded
from chainrule.search.journal import Journal
from chainrule.search.progress import Progress
from chainrule.search.results import best_index, cv_results, p_values
from chainrule.search.space import Space
from chainrule.search.statistics import one_standard_error
from chainrule.search.strategies import STRATEGIES, strategy
from chainrule.search.strategies.rounds import Candidate

__all__ = ["PopulationSearchCV", "penalty", "target_scale"]

RESHAPING = ("hidden_layer_sizes", "init", "activation")
"""What changes how many numbers the initial weights take from the stream of random numbers."""

THRESHOLD = 1e3
"""An epoch's training loss above which a candidate counts as diverged, unless it has its own. A
regressor's is this times the loss of answering 0, where that is more than 1."""

FACTS = "search.json"
"""The file of a run's folder that says which search is in it."""


class PopulationSearchCV(BaseSearchCV):
    """Search for hyperparameters of a network, with all candidates trained as one population.

    The interface and ``cv_results_`` of scikit-learn's ``GridSearchCV`` and
    ``RandomizedSearchCV``. Candidates, folds and seeds are members of few compiled programs, side
    by side on all cores; each gives what its own ``fit`` on the fold would give.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or Pipeline that ends in one
        What is searched. The steps before the network are fitted on each split's training rows.
    space : mapping or list of mappings
        Names of parameters (``step__name`` in a Pipeline) with a list of values, a distribution
        of SciPy's, or a `Float`, `Int`, `Choice` or `Sizes` of `chainrule.search`.
    strategy : {"grid", "random", "successive_halving", "hyperband", "tpe"}, default="grid"
        ``successive_halving`` and ``hyperband`` give all candidates few epochs and the best of
        them more, up to the estimator's ``max_iter``; who goes on does so from where it is.
        ``tpe`` is Optuna's (the extra ``optuna``). A strategy object of
        `chainrule.search.strategies` may be given as well.
    n_candidates : int, optional
        How many, where the strategy can be asked for a number (10 for ``random``, 50 for ``tpe``).
    cv : int, splitter or iterable, optional
        As in ``GridSearchCV``: 5 folds by default, stratified for a classifier.
    n_seeds : int, default=1
        Trainings of each candidate on each split, from different random numbers. Their mean is the
        split's score.
    scoring, refit, error_score, return_train_score
        As in ``GridSearchCV``; ``error_score`` is also what the columns show of a training that
        diverged, which ranks last whatever it is.
    random_state : int, RandomState or None
        Seed of the strategy's draws, and of the trainings where the estimator has no number of
        its own; a number is also that of a Pipeline's steps that have none. The seeds of the
        trainings are s, s + 1, ..., s + ``n_seeds`` - 1 from the estimator's ``random_state`` s.
    run_dir : path, optional
        A folder for what is known: a search that was killed goes on there, inside a candidate
        too, with the same call. The folder of another search is refused.
    memory : float, default=2e9
        Bytes that the networks under way may take, with those that wait between two rungs. The
        prepared rows of each split come on top (a forecast says how much), and what XLA takes to
        compile. Where a single network takes more, they are trained one by one, and a warning
        says what is needed.
    settings : mapping, optional
        Further settings of the strategy, such as ``{"factor": 4, "min_epochs": 3}``.
    verbose : int, default=0
        1 shows the forecast and one bar over the work, with the best so far.

    Attributes
    ----------
    cv_results_ : dict
        scikit-learn's columns, and ``diverged``, ``refused``, ``epochs``, ``n_parameters``,
        ``std_over_folds``, ``std_over_seeds`` and ``p_value`` (a corrected resampled t-test
        against ``best_index_``; where there is none, against the metric's best of those that had
        the whole budget).
    best_index_, best_params_, best_score_, best_estimator_, refit_time_, scorer_, n_splits_
        As in ``GridSearchCV``.
    one_standard_error_ : dict
        The simplest candidate within one standard error of the best: ``index``, ``params``,
        ``threshold`` and the ``rule``.
    curves_ : list of dict
        Of each training the ``candidate``, ``split``, ``seed``, its ``train_loss`` and
        ``validation_loss`` by epoch, whether it ``diverged``, whether it ``ended`` or the
        strategy went on without it, and ``how`` it did: ``"finished"``, ``"stopped"`` (its
        patience), ``"dropped"``, ``"diverged"`` or ``"refused"``.
    seeds_ : list of int
        The trainings' seeds.
    block_sizes_ : dict
        Of each compiled plan for which it was measured: how many networks a block has at most
        (``size``), whether they are trained one after the other instead of together
        (``in_turn``), and the ``seconds`` of a step of one network by what was tried. Empty where
        there was too little to do.

    Raises
    ------
    InvalidInputError
        The estimator is not a network of ours, the space is empty or names what it does not have,
        a candidate of the first round is refused by the estimator, or ``run_dir`` has another
        search in it.

    Notes
    -----
    A training diverges when its loss is not a number, or above the estimator's
    ``divergence_threshold``. Where that is infinite, it is 1e3; for a regressor 1e3 times the loss
    of answering 0 (half the mean square of the targets) where that is more than 1. It raises
    nothing: ``cv_results_`` has ``error_score`` for it, but its candidate ranks last, for every
    strategy too, and is marked. If it is the best one that
    diverges, when it is fitted on all rows, a warning says so.

    Where the space changes the layers' shapes, or steps before the network give the candidates of
    the first round different numbers of columns, the trainings draw their batches from a seed of
    their own (``data_seed``), so that all candidates of one fold and seed see the same batches in
    the same order.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from chainrule import MLPClassifier, PopulationSearchCV
    >>> X, y = load_digits(return_X_y=True)
    >>> search = PopulationSearchCV(
    ...     MLPClassifier((20,), max_iter=10, random_state=0),
    ...     {"learning_rate_init": [1e-4, 1e-3, 1e-2]},
    ...     cv=3,
    ... ).fit(X[:600] / 16, y[:600])
    >>> search.best_params_
    {'learning_rate_init': 0.01}
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit"])],
        "space": [dict, list, tuple],
        "strategy": [StrOptions(set(STRATEGIES)), HasMethods(["rounds"])],
        "n_candidates": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "cv": ["cv_object"],
        "n_seeds": [Interval(numbers.Integral, 1, None, closed="left")],
        "scoring": BaseSearchCV._parameter_constraints["scoring"],
        "refit": ["boolean", str, callable],
        "error_score": [StrOptions({"raise"}), numbers.Real],
        "return_train_score": ["boolean"],
        "random_state": ["random_state"],
        "run_dir": [str, os.PathLike, None],
        "memory": [Interval(numbers.Real, 0, None, closed="neither")],
        "settings": [dict, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any,
        space: Any,
        *,
        strategy: Any = "grid",
        n_candidates: int | None = None,
        cv: Any = None,
        n_seeds: int = 1,
        scoring: Any = None,
        refit: Any = True,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        random_state: Any = None,
        run_dir: Any = None,
        memory: float = MEMORY,
        settings: Mapping[str, Any] | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            estimator,
            scoring=scoring,
            refit=refit,
            cv=cv,
            verbose=verbose,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.space = space
        self.strategy = strategy
        self.n_candidates = n_candidates
        self.n_seeds = n_seeds
        self.random_state = random_state
        self.run_dir = run_dir
        self.memory = memory
        self.settings = settings

    @classmethod
    def _get_param_names(cls) -> list[str]:
        unused = ("n_jobs", "pre_dispatch")  # scikit-learn's searches have them
        return [name for name in super()._get_param_names() if name not in unused]

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Search, and fit the best candidate on all rows.

        Parameters
        ----------
        X, y
            Rows and targets, as ``GridSearchCV.fit`` takes them.
        **params
            For the network's ``fit`` (``sample_weight`` is cut with the rows, and given to scorers
            that take it), in a Pipeline with the step's name before it; ``groups`` for ``cv``.
        """
        try:
            return self._fit(X, y, params)
        except OSError as error:
            if self.run_dir is None:
                raise
            raise RunError(
                f"The search in {self.run_dir} cannot go on: {error}. What is known is kept "
                "there. Make room, or make the folder writable; then call fit again as before."
            ) from error

    def _fit(self, X: Any, y: Any, params: Mapping[str, Any]) -> Self:
        network, prefix = network_of(self.estimator)
        if self.run_dir is not None and Path(self.run_dir).is_file():
            raise InvalidInputError(f"run_dir must be a folder, and {self.run_dir} is a file.")
        if y is None:
            raise InvalidInputError(
                "PopulationSearchCV requires y to be passed, but the target y is None. Give the "
                "targets after X."
            )
        space = Space(self.space)
        space.check_names(self.estimator.get_params())
        self._check_steps(space, prefix)
        if self.n_seeds > 1 and f"{prefix}random_state" in space.names:
            raise InvalidInputError(
                f"The space has {prefix}random_state, and n_seeds={self.n_seeds} asks for seeds of "
                "its own. Leave one of them out."
            )
        random_state = self._random_state()
        plan, changes = self._plan(network, random_state)
        scorer, metric = self._get_scorers()
        X, y = indexable(X, y)
        _check_weights(params, _num_samples(X))
        params = _check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        splitter = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        splits = self._splits(splitter, X, y, routed.splitter.split)
        self.n_splits_ = len(splits)
        self.seeds_ = self._seeds(network, random_state)
        own = [name.removeprefix(prefix) for name in space.names if name.startswith(prefix)]
        if network.data_seed is None and any(name in RESHAPING for name in own):
            changes = {"data_seed": self.seeds_[0] % 2**32, **changes}
        data = Data(X, y, splits, routed.estimator.fit, routed.scorer.score)
        with ExitStack() as stack:
            journal = None
            if self.run_dir is not None:
                folder = self._folder(space, plan, data, random_state)
                journal = stack.enter_context(Journal(folder))
            shown = stack.enter_context(Progress(self.verbose, metric))
            evaluation = Evaluation(
                self.estimator,
                data,
                self.seeds_,
                scorer,
                train_scores=self.return_train_score,
                error_score=self.error_score,
                settings=self._settings(network, changes, y),
                seed=_number(random_state),
                together={"memory": self.memory, "on_forecast": shown.forecast},
                on_outcome=shown.outcome,
                journal=journal,
            )
            candidates, last = self._search(plan, space, evaluation, shown, metric)
        self.block_sizes_ = dict(evaluation.together.measured)
        self._take(evaluation, candidates, last, scorer, metric, changes)
        if self.refit is not False:
            if "data_seed" in evaluation.settings:
                changes = {**changes, "data_seed": evaluation.settings["data_seed"]}
            self._refit(X, y, changes, routed.estimator.fit, _number(random_state))
        return self

    # before

    def _check_steps(self, space: Space, prefix: str) -> None:
        """The network itself is what is searched: no other can take its place."""
        whole = {"steps", prefix.removesuffix("__")} if prefix else set()
        if replaced := whole & set(space.names):
            raise InvalidInputError(
                f"The space has {', '.join(sorted(replaced))}, which replaces the network at the "
                f"Pipeline's end. Search its parameters ({prefix}...), and those of the steps "
                "before it, or these steps themselves."
            )

    def _random_state(self) -> Any:
        """The seed of what is drawn. In a run's folder it is a number, which is kept there: what
        is gone on with must draw the same again."""
        if self.run_dir is None or isinstance(self.random_state, numbers.Integral):
            return self.random_state
        if (known := _facts(self.run_dir).get("random_state")) is not None:
            return known
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _plan(self, network: Any, random_state: Any) -> tuple[Any, dict[str, Any]]:
        """The strategy, and what it wants changed in the network."""
        settings = dict(self.settings or {})
        if not isinstance(self.strategy, str):
            given: Any = strategy(self.strategy, **settings)
            if "random_state" in getattr(given, "__dataclass_fields__", {}):
                own = self._of_strategy(given.random_state, random_state)
                given = replace(given, random_state=own)
            most = getattr(given, "max_epochs", None)
            return given, {} if most is None else {"max_iter": most}
        has = STRATEGIES[self.strategy].__dataclass_fields__
        if self.n_candidates is not None:
            if "n_candidates" not in has:
                raise InvalidInputError(
                    f"The strategy {self.strategy!r} decides itself how many candidates there are; "
                    f"came n_candidates={self.n_candidates}. Leave it out."
                )
            settings["n_candidates"] = self.n_candidates
        changes: dict[str, Any] = {}
        if "max_epochs" in has:
            settings.setdefault("max_epochs", network.max_iter)
            changes = {"max_iter": settings["max_epochs"]}
        if "random_state" in has:
            own = self._of_strategy(settings.get("random_state"), random_state)
            settings["random_state"] = own
        if "run_dir" in has:
            settings.setdefault("run_dir", self.run_dir)
        return strategy(self.strategy, **settings), changes

    def _of_strategy(self, own: Any, random_state: Any) -> Any:
        """What the strategy draws from: a seed of its own, or the search's."""
        if own is None:
            return random_state
        if self.run_dir is not None and not isinstance(own, numbers.Integral):
            raise InvalidInputError(
                "With run_dir, the strategy's random_state must be a number, or be left out: what "
                f"is gone on with must draw the same again; came {type(own).__name__}."
            )
        return own

    def _settings(self, network: Any, changes: Mapping[str, Any], y: Any) -> dict[str, Any]:
        """What every training has besides its candidate's parameters."""
        threshold = network.divergence_threshold
        if threshold == np.inf:
            threshold = THRESHOLD if is_classifier(network) else THRESHOLD * target_scale(y)
        return {"on_divergence": "keep", "divergence_threshold": threshold, **changes}

    def _seeds(self, network: Any, random_state: Any) -> list[int]:
        first = network.random_state
        if not isinstance(first, numbers.Integral):
            first = check_random_state(random_state).randint(2**31 - 1)
        return [int(first) + number for number in range(self.n_seeds)]

    def _splits(self, splitter: Any, X: Any, y: Any, params: Mapping[str, Any]) -> list[Any]:
        try:
            return list(splitter.split(X, y, **params))
        except ValueError as error:
            raise InvalidInputError(
                f"The rows cannot be cut for cross-validation: {error} Give fewer folds (cv=), or "
                "more rows."
            ) from error

    def _folder(self, space: Space, plan: Any, data: Data, random_state: Any) -> Path:
        """The run's folder, made or found to be this search's."""
        given = {**data.fit_params, **data.score_params}
        facts = {
            "estimator": described(self.estimator),
            "space": space.summary(),
            "strategy": described(_without_folder(plan)),
            "scoring": described(self.scoring),
            "error_score": repr(self.error_score),
            "return_train_score": self.return_train_score,
            "random_state": random_state,
            "seeds": self.seeds_,
            "rows": digest(data.X, data.y, *(part for split in data.splits for part in split)),
            "fit_params": {name: _given(given[name]) for name in sorted(given)},
        }
        facts = json.loads(json.dumps(facts))
        folder = Path(self.run_dir)
        before = _facts(folder)
        if not before:
            folder.mkdir(parents=True, exist_ok=True)
            if any(not path.name.startswith(".chainrule-") for path in folder.iterdir()):
                raise InvalidInputError(
                    f"run_dir must be a new folder, or that of the same search; {folder} has other "
                    "files in it. Choose another."
                )
            write_bytes(folder / FACTS, json.dumps(facts, indent=1).encode("utf-8"))
        elif differing := [name for name in facts if before.get(name) != facts[name]]:
            hint = " A cv that shuffles needs a random_state." if "rows" in differing else ""
            raise InvalidInputError(
                f"The folder {folder} has another search: {', '.join(differing)} differ.{hint} "
                "Choose another run_dir, or remove that folder."
            )
        return folder

    # the search

    def _search(
        self, plan: Any, space: Space, evaluation: Evaluation, shown: Progress, metric: str
    ) -> tuple[dict[int, Candidate], set[int]]:
        """All candidates by number, and the numbers of those that had the largest budget."""
        candidates: dict[int, Candidate] = {}
        most, last = -1.0, set[int]()
        rounds = plan.rounds(space)
        asked = next(rounds)
        while True:
            candidates |= {candidate.number: candidate for candidate, _ in asked.entries}
            shown.round(asked, self.n_splits_ * len(self.seeds_), evaluation)
            means = evaluation.round(asked)
            budgets = [np.inf if budget is None else budget for _, budget in asked.entries]
            if max(budgets) > most:
                most, last = max(budgets), set[int]()
            last |= {
                candidate.number
                for (candidate, _), budget in zip(asked.entries, budgets, strict=True)
                if budget == most
            }
            try:
                asked = rounds.send({n: _of(metric, means[n]) for n in asked.numbers})
            except StopIteration:
                return candidates, last
            onward = set(asked.numbers)
            evaluation.drop(number for number in candidates if number not in onward)

    # after

    def _take(
        self,
        evaluation: Evaluation,
        candidates: Mapping[int, Candidate],
        last: set[int],
        scorer: Any,
        metric: str,
        changes: Mapping[str, Any],
    ) -> None:
        numbers_ = sorted(candidates)
        shape = (len(numbers_), self.n_splits_, len(self.seeds_))

        def table(value: Any) -> np.ndarray:
            found = np.empty(shape, object)
            for row, number in enumerate(numbers_):
                for split, seed, outcome in evaluation.of(number):
                    found[row, split, seed] = value(outcome)
            return found

        names, nothing = evaluation.metrics, evaluation.score_of_failure
        self.multimetric_ = names != ["score"]
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(dict.fromkeys(names, nothing))
            metric = self.refit
        refused = table(lambda outcome: bool(outcome.refused))[:, 0, 0].astype(bool)
        n_parameters = table(lambda outcome: outcome.n_parameters)[:, 0, 0].astype(int)
        ratio = float(np.mean([len(test) / len(train) for train, test in _sizes(evaluation)]))
        scores = {n: table(lambda o, n=n: o.test.get(n, nothing)).astype(float) for n in names}
        on_train = None
        if self.return_train_score:
            on_train = {
                n: table(lambda o, n=n: o.train.get(n, nothing)).astype(float) for n in names
            }
        among = np.array([number in last for number in numbers_])
        self.cv_results_ = cv_results(
            [candidates[number].parameters for number in numbers_],
            scores,
            fit_times=table(lambda outcome: outcome.fit_time).astype(float),
            score_times=table(lambda outcome: outcome.score_time).astype(float),
            diverged=table(lambda outcome: outcome.diverged).astype(bool),
            refused=refused,
            epochs=table(lambda outcome: outcome.epochs).astype(float),
            ratio=ratio,
            train_scores=on_train,
            among=among,
        )
        self.cv_results_["n_parameters"] = n_parameters
        self.curves_ = [
            {
                "candidate": row,
                "split": split,
                "seed": seed,
                "train_loss": outcome.losses,
                "validation_loss": outcome.validation,
                "diverged": outcome.diverged,
                "ended": outcome.ended,
                "how": how(self.estimator, candidates[number].parameters, changes, outcome),
            }
            for row, number in enumerate(numbers_)
            for split, seed, outcome in evaluation.of(number)
        ]
        self.scorer_ = getattr(scorer, "_scorers", scorer)
        lost = (self.cv_results_["diverged"] | refused)[:, None, None]
        judged = {n: np.where(lost, np.nan, table) for n, table in scores.items()}
        if self.refit or not self.multimetric_:
            self._choose(judged, metric, among, n_parameters)
            for name in names:
                ending = f"_{name}" if self.multimetric_ else ""
                found = p_values(judged[name], ratio, best=self.best_index_)
                self.cv_results_[f"p_value{ending}"] = found

    def _choose(
        self, scores: Mapping[str, np.ndarray], metric: Any, among: np.ndarray, cost: np.ndarray
    ) -> None:
        results = self.cv_results_
        name = metric if metric in scores else "score"
        self.best_index_ = best_index(results, self.refit, metric=name, among=among)
        self.best_params_ = results["params"][self.best_index_]
        if not callable(self.refit):
            self.best_score_ = results[f"mean_test_{name}"][self.best_index_]
        table = np.where(among[:, None, None], scores[name], np.nan) if name in scores else None
        if table is not None and not np.isnan(table).all():
            l2 = [penalty(self.estimator, params) for params in results["params"]]
            found = one_standard_error(table, cost, l2)
            self.one_standard_error_ = {
                "index": found.chosen,
                "params": results["params"][found.chosen],
                "threshold": found.threshold,
                "rule": found.rule,
            }

    def _refit(
        self,
        X: Any,
        y: Any,
        changes: Mapping[str, Any],
        fit_params: Mapping[str, Any],
        seed: int | None,
    ) -> None:
        _, prefix = network_of(self.estimator)
        changed = {"random_state": self.seeds_[0], **changes}
        self.best_estimator_ = seeded(self.estimator, seed).set_params(
            **{f"{prefix}{name}": value for name, value in changed.items()}
        )
        self.best_estimator_.set_params(**clone_values(self.best_params_))
        network, _ = network_of(self.best_estimator_)
        on_divergence = network.on_divergence
        network.set_params(on_divergence="keep")
        started = perf_counter()
        self.best_estimator_.fit(X, y, **fit_params)
        self.refit_time_ = perf_counter() - started
        network.set_params(on_divergence=on_divergence)
        if network.diverged_:
            warnings.warn(
                f"The candidate that was fitted on all rows, {self.best_params_}, diverged; "
                "best_estimator_ has its last good weights. cv_results_['diverged'] says which "
                "others did.",
                UserWarning,
                stacklevel=5,
            )
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_


def clone_values(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters whose estimators, where a step is searched, are not fitted in place."""
    return {name: clone(value, safe=False) for name, value in params.items()}


def _number(random_state: Any) -> int | None:
    return int(random_state) if isinstance(random_state, numbers.Integral) else None


def _of(metric: Any, means: Mapping[str, float]) -> float:
    return means[metric] if metric in means else means[next(iter(means))]


def _sizes(evaluation: Evaluation) -> Any:
    return evaluation.data.splits


def _facts(folder: Any) -> dict[str, Any]:
    """What the run's folder says that its search is; nothing where there is none."""
    path = Path(folder) / FACTS
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidInputError(
            f"{path} is not what a search has written there. Choose another run_dir."
        )
    return found


def _without_folder(plan: Any) -> Any:
    """The strategy without its run's folder, which may be moved, or named in another way; and
    without a storage that is an object, whose study says itself what search it is of."""
    known = getattr(plan, "__dataclass_fields__", {})
    named = isinstance(getattr(plan, "storage", None), str | None)
    places = [name for name in ("run_dir", *(() if named else ("storage",))) if name in known]
    return replace(plan, **dict.fromkeys(places)) if places else plan


def how(
    estimator: Any, params: Mapping[str, Any], changes: Mapping[str, Any], outcome: Outcome
) -> str:
    """How a training ended: ``diverged``, ``refused``, ``dropped`` (by halving), ``stopped`` (by
    its patience, a criterion or a callback) or ``finished``."""
    if outcome.lost:
        return "refused" if outcome.refused else "diverged"
    if not outcome.ended:
        return "dropped"
    settings = _own_settings(estimator, params, changes)
    if settings["max_steps"] is None:
        within = outcome.epochs < settings["max_iter"]
    else:
        within = outcome.steps is not None and outcome.steps < settings["max_steps"]
    return "stopped" if within else "finished"


def _own_settings(
    estimator: Any, params: Mapping[str, Any], changes: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The parameters of a candidate's network."""
    network, prefix = network_of(estimator)
    own = {n.removeprefix(prefix): value for n, value in params.items() if n.startswith(prefix)}
    return {**network.get_params(deep=False), **(changes or {}), **own}


def penalty(estimator: Any, params: Mapping[str, Any]) -> float:
    """A candidate's L2 strength, of a step: ``l2``, or ``alpha`` over the rows of a batch."""
    settings = _own_settings(estimator, params)
    if settings["l2"] is not None:
        return float(settings["l2"])
    batch = settings["batch_size"]
    return float(settings["alpha"]) / (200 if batch == "auto" else batch)


def target_scale(y: Any) -> float:
    """The loss of answering 0 to these targets (half their mean square), at least 1."""
    with np.errstate(over="ignore"):
        return max(1.0, 0.5 * float(np.mean(np.square(np.asarray(y, float)))))


def _check_weights(params: Mapping[str, Any], count: int) -> None:
    """A weight for each row, before they are cut into folds, where the numbers are others."""
    for name, value in params.items():
        wanted = name.rpartition("__")[2] == "sample_weight" and value is not None
        if wanted and np.shape(value)[:1] != (count,):
            raise InvalidInputError(
                f"{name} must have a weight for each of the {count} rows, came shape "
                f"{np.shape(value)}."
            )


def _given(value: Any) -> str:
    """What tells an argument of ``fit`` from another one."""
    rows = hasattr(value, "__len__") and not isinstance(value, Mapping | tuple | str)
    return digest(value) if rows else described(value)
