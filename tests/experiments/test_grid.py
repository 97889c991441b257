"""The grid search, against scikit-learn's GridSearchCV; divergence; where preparation is fitted."""

import math

import numpy as np
import pytest
from rich.console import Console
from sklearn.model_selection import GridSearchCV, ParameterGrid
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from chainrule.data import load as load_data
from chainrule.data.splits import Part
from chainrule.errors import SpecError
from chainrule.experiments import grid
from chainrule.experiments.interrupt import Interrupt
from chainrule.experiments.loading import load
from chainrule.experiments.recorder import Recorder
from chainrule.search.journal import Journal

TREE_GRID = {"min_samples_leaf": [1, 3], "max_depth": [1, 3, 5]}


@pytest.fixture
def rows():
    data = load_data("digits")
    return Part(data.X_train[:300], data.y_train[:300])


@pytest.fixture
def recorder(tmp_path):
    with Journal(tmp_path) as journal:
        yield Recorder(tmp_path / "metrics.jsonl", Console(quiet=True), Interrupt(), journal)


def test_points_come_in_the_order_of_scikit_learn():
    assert grid.points(TREE_GRID) == list(ParameterGrid(TREE_GRID))
    assert grid.points({}) == [{}]


def test_scores_ranks_and_choice_are_those_of_grid_search_cv(tiny, rows, recorder):
    tiny["models"]["tree"]["grid"] = TREE_GRID
    tiny["folds"] = 3
    found = grid.search("tree", load(tiny), rows, None, recorder)
    theirs = GridSearchCV(DecisionTreeClassifier(random_state=0), TREE_GRID, cv=3).fit(*rows)
    table = theirs.cv_results_
    assert found.best == theirs.best_params_
    assert found.mean == theirs.best_score_
    assert [row.mean for row in found.candidates] == table["mean_test_score"].tolist()
    assert [row.std for row in found.candidates] == table["std_test_score"].tolist()
    assert [row.rank for row in found.candidates] == table["rank_test_score"].tolist()


@pytest.mark.parametrize("where", ["training part", "each fold"])
def test_preparation_is_fitted_where_the_spec_says(tiny, rows, recorder, where):
    neighbours = {"n_neighbors": [1, 4]}
    tiny["models"]["knn"] = {
        "label": "k",
        "family": "k-nearest-neighbours",
        "prepare": ["standardize"],
        "grid": neighbours,
    }
    found = grid.search("knn", load(tiny, {"prepare_on": where}), rows, None, recorder)
    if where == "training part":
        X = StandardScaler().fit_transform(rows.X)
        theirs = GridSearchCV(KNeighborsClassifier(), neighbours, cv=2).fit(X, rows.y)
    else:
        pipeline = make_pipeline(StandardScaler(), KNeighborsClassifier())
        names = {"kneighborsclassifier__n_neighbors": [1, 4]}
        theirs = GridSearchCV(pipeline, names, cv=2).fit(*rows)
    expected = theirs.cv_results_["mean_test_score"].tolist()
    assert [row.mean for row in found.candidates] == pytest.approx(expected)


def test_equal_scores_share_a_rank_and_the_first_is_chosen():
    found = grid._ranked(
        [grid.Tried({"n": n}, [score]) for n, score in enumerate([0.5, 0.9, 0.9, 0.1])], 1
    )
    assert [row.rank for row in found.candidates] == [3, 1, 1, 4]
    assert found.best == {"n": 1}


def test_a_diverged_candidate_is_marked_and_ranked_last():
    tried = [grid.Tried({"n": 0}, [0.9, math.nan]), grid.Tried({"n": 1}, [0.1, 0.1])]
    found = grid._ranked(tried, 2)
    diverged, kept = found.candidates
    assert diverged.diverged and diverged.mean is None and diverged.folds == (0.9, None)
    assert (diverged.rank, kept.rank) == (2, 1)
    assert found.best == {"n": 1}


def test_each_candidate_leaves_a_line_as_soon_as_it_is_known(tiny, rows, recorder, tmp_path):
    grid.search("tree", load(tiny), rows, None, recorder)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert len(lines) == 2
    assert '"max_depth": "none"' in lines[1] and '"folds": [' in lines[1]


def test_the_perceptron_that_diverges_is_a_result(tiny, rows, recorder):
    tiny["models"]["ann"]["settings"] |= {"solver": "sgd", "activation": "relu"}
    tiny["models"]["ann"]["grid"] = {"learning_rate_init": [1e30, 0.01]}
    with np.errstate(all="ignore"):
        found = grid.search("ann", load(tiny), rows, None, recorder)
    assert [row.diverged for row in found.candidates] == [True, False]
    assert found.best == {"learning_rate_init": 0.01}


def test_more_folds_than_rows_of_a_class_is_a_clear_error(tiny, recorder):
    data = load_data("digits")
    few = Part(data.X_train[:20], data.y_train[:20])
    with pytest.raises(SpecError, match=r"folds: 3 stratified folds .* smallest class has 2"):
        grid.search("tree", load(tiny, {"folds": 3}), few, None, recorder)
