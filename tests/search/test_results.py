"""``cv_results_``: scikit-learn's, for the same scores, and our columns."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, KFold

from chainrule.errors import InvalidInputError
from chainrule.search import best_index, cv_results
from chainrule.search.results import p_values, ranks

FOLDS = 4
X = np.arange(40.0).reshape(-1, 1)


class Scripted(BaseEstimator):
    """Scores what a table says for its number and its fold, on each of two metrics."""

    def __init__(self, number=0, kind="a", sizes=(1,), flag=None):
        self.number, self.kind, self.sizes, self.flag = number, kind, sizes, flag

    def fit(self, X, y=None):
        self.fold_ = int(np.setdiff1d(np.arange(40), X[:, 0].astype(int)).min()) // 10
        return self

    def score(self, X, y=None):
        return TABLE[self.number, self.fold_, int(len(X) > 10)]


def of_metric(offset):
    return lambda estimator, X, y=None: estimator.score(X) + offset


TABLE = np.round(np.random.default_rng(3).random((6, FOLDS, 2)), 2)
TABLE[4] = TABLE[1]  # a tie
TABLE[5, 2, 0] = math.nan  # one of four folds has no score
GRID = [
    {"number": [0, 1, 2], "kind": ["a", "b"]},
    {"number": [3], "sizes": [(1,), (2, 3)], "flag": [True, None]},
    {"number": [4, 5], "kind": ["c"]},
]


def both(scoring, train, grid=GRID):
    """scikit-learn's results, and ours of the scores that it found."""
    search = GridSearchCV(
        Scripted(), grid, scoring=scoring, cv=KFold(FOLDS), refit=False, return_train_score=train
    )
    theirs = search.fit(X).cv_results_
    names = ["score"] if scoring is None else list(scoring)
    count = len(theirs["params"])

    def scores(part):
        return {
            name: np.column_stack([theirs[f"split{k}_{part}_{name}"] for k in range(FOLDS)])
            for name in names
        }

    # Times are known only by mean and standard deviation: two values that have both.
    def times(name):
        mean, std = theirs[f"mean_{name}"][:, None], theirs[f"std_{name}"][:, None]
        return mean + std * np.array([[1, -1, 1, -1]])

    ours = cv_results(
        theirs["params"],
        scores("test"),
        fit_times=times("fit_time"),
        score_times=times("score_time"),
        diverged=np.zeros((count, FOLDS)),
        epochs=np.full((count, FOLDS), 7),
        ratio=1 / (FOLDS - 1),
        train_scores=scores("train") if train else None,
    )
    return theirs, ours


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite:UserWarning")
@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("scoring", [None, {"one": of_metric(0), "two": of_metric(-0.5)}])
def test_the_columns_are_scikit_learn_s(scoring, train):
    theirs, ours = both(scoring, train)
    assert list(ours)[: len(theirs)] == list(theirs)
    for key, expected in theirs.items():
        if key == "params":
            assert ours[key] == expected
            continue
        assert type(ours[key]) is type(expected), key
        assert ours[key].dtype == expected.dtype, key
        assert ours[key].shape == expected.shape
        if isinstance(expected, np.ma.MaskedArray):
            np.testing.assert_array_equal(ours[key].mask, expected.mask)
            assert ours[key].compressed().tolist() == expected.compressed().tolist()
            assert ours[key].fill_value == expected.fill_value
        else:
            np.testing.assert_allclose(ours[key], expected, rtol=1e-12, atol=1e-15)
    assert (theirs["param_sizes"].dtype, theirs["param_number"].dtype.kind) == (object, "i")


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite:UserWarning")
def test_our_columns_follow():
    theirs, ours = both(None, False)
    added = ["diverged", "refused", "epochs", "std_over_folds", "std_over_seeds", "p_value"]
    assert list(ours)[len(theirs) :] == added
    _, ours = both({"one": of_metric(0), "two": of_metric(1)}, False)
    assert [key for key in ours if key.startswith(("p_value", "std_over"))] == [
        *("std_over_folds_one", "std_over_seeds_one", "p_value_one"),
        *("std_over_folds_two", "std_over_seeds_two", "p_value_two"),
    ]


def made(scores, **changed):
    scores = np.asarray(scores, dtype=float)
    given = {
        "fit_times": np.ones(scores.shape),
        "score_times": np.ones(scores.shape),
        "diverged": np.isnan(scores),
        "epochs": np.full(scores.shape, 5),
        "ratio": 0.5,
    }
    candidates = [{"a": k} for k in range(len(scores))]
    return cv_results(candidates, {"score": scores}, **(given | changed))


def test_a_split_is_the_mean_over_seeds():
    scores = np.random.default_rng(0).random((3, 2, 4))
    times = np.random.default_rng(1).random((3, 2, 4))
    found = made(scores, fit_times=times)
    flat = made(scores.mean(axis=2), fit_times=times.mean(axis=2))
    for key in flat:
        if key not in ("params", "std_over_seeds"):
            np.testing.assert_allclose(found[key], flat[key], err_msg=key)
    assert np.isnan(flat["std_over_seeds"]).all()
    for row in range(3):
        within = scores[row].var(axis=1, ddof=1).mean()
        assert found["std_over_seeds"][row] == pytest.approx(math.sqrt(within))
        np.testing.assert_allclose(
            found["std_over_folds"][row], scores[row].mean(axis=1).std(ddof=1)
        )
    np.testing.assert_array_equal(found["split1_seed3_test_score"], scores[:, 1, 3])


def test_the_diverged_rank_last_and_are_marked():
    scores = [[0.1, 0.2], [0.9, math.nan], [0.5, 0.5], [math.nan, math.nan]]
    found = made(scores, epochs=[[5, 5], [5, 1], [5, 5], [2, 4]])
    assert list(found["rank_test_score"]) == [2, 3, 1, 3]
    assert list(found["diverged"]) == [False, True, False, True]
    assert found["diverged"].dtype == bool
    assert list(found["epochs"]) == [5, 3, 5, 3]
    assert best_index(found) == 2


def test_all_diverged_is_still_a_result():
    found = made(np.full((2, 3), math.nan))
    assert list(found["rank_test_score"]) == [1, 1]
    assert np.isnan(found["p_value"]).all()
    assert best_index(found) == 0


def test_infinite_scores_are_ranked_and_warn_of_nothing():
    found = made([[math.inf, 1], [0, 1], [-math.inf, 1], [math.nan, 1]])
    assert list(found["rank_test_score"]) == [1, 2, 3, 3]


def test_further_columns_come_first():
    found = made([[1, 2], [3, 4]], more={"iter": [0, 1], "n_resources": [3, 9]})
    assert list(found)[:2] == ["iter", "n_resources"]
    assert found["iter"].tolist() == [0, 1]


@given(st.lists(st.sampled_from([0.1, 0.5, 0.9, math.nan]), min_size=1, max_size=8))
def test_ranks_are_a_competition_with_not_a_number_last(means):
    found = ranks(np.array(means))
    assert found.dtype == np.int32
    for mean, rank in zip(means, found, strict=True):
        better = sum(not math.isnan(m) and (math.isnan(mean) or m > mean) for m in means)
        assert rank == better + 1


def test_p_values_are_against_the_best():
    scores = np.array([[0.5, 0.6, 0.8], [0.9, 0.7, 0.9], [math.nan, 0.9, 1.0]])
    found = p_values(scores, 0.5)
    t = stats.ttest_rel(scores[0], scores[1]).statistic * math.sqrt((1 / 3) / (1 / 3 + 0.5))
    assert found[0] == pytest.approx(2 * stats.t.sf(abs(t), 2))
    assert found[1] == 1 and math.isnan(found[2])


def test_refit_decides_as_in_scikit_learn():
    scores = {"one": [[0.1], [0.5], [0.5]], "two": [[0.9], [0.2], [0.1]]}
    shape = {"fit_times": np.ones((3, 1)), "score_times": np.ones((3, 1))}
    found = cv_results(
        [{"a": 1}, {"a": 2}, {"a": 3}],
        scores,
        **shape,
        diverged=np.zeros((3, 1)),
        epochs=np.ones((3, 1)),
        ratio=0.5,
    )
    assert best_index(found, "one") == 1  # the first of equals
    assert best_index(found, "two") == best_index(found, metric="two") == 0
    assert best_index(found, lambda results: results["param_a"].argmax()) == 2
    assert best_index(found, "two", among=[False, True, True]) == 1
    for refit in (True, "three"):
        with pytest.raises(InvalidInputError, match=r"Unknown metric .* refit names the one"):
            best_index(found, refit)
    for index in (3, -1, 0.0, None):
        with pytest.raises(InvalidInputError, match="refit must return the index of a candidate"):
            best_index(found, lambda results, index=index: index)
    with pytest.raises(InvalidInputError, match="Nobody may be taken"):
        best_index(found, "one", among=[False] * 3)


def test_only_those_with_the_whole_budget_may_be_taken():
    found = made([[0.9, 0.9], [0.5, 0.6], [math.nan, 1]])
    assert best_index(found) == 0
    assert best_index(found, among=[False, True, True]) == 1


@pytest.mark.parametrize(
    ("scores", "changed", "says"),
    [
        (np.ones((2, 3)), {"epochs": np.ones((2, 4))}, r"epochs: shape \(2, 3, 1\) is required"),
        (np.ones((2, 0)), {}, "Scores of shape"),
        (np.ones(2), {}, "Scores of shape"),
        (np.ones((0, 3)), {}, "at least one candidate"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(scores, changed, says):
    with pytest.raises(InvalidInputError, match=says):
        made(scores, **changed)
