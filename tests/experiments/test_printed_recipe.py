"""The three models of scikit-learn come out as the document prints them, to the last digit."""

import pytest
from rich.console import Console

from chainrule.experiments import run
from chainrule.experiments.loading import load

MODELS = ("lr", "tree", "knn")


@pytest.fixture(scope="module")
def comparisons(tmp_path_factory):
    """Of the recipe without its perceptron, and with grids of the winner and two neighbours."""
    spec = load("digits-four-models").model_dump(mode="json")
    spec["models"] = {key: spec["models"][key] for key in MODELS}
    spec["chosen"] = "lr"
    spec["printed"] = [row for row in spec["printed"] if row["model"] in MODELS]
    spec["models"]["lr"]["grid"] = {"C": [1, 5, 10]}
    spec["models"]["tree"]["grid"] = {
        "max_depth": [5, 8, 10],
        "min_samples_split": [2, 3],
        "min_samples_leaf": [1, 2],
    }
    out = tmp_path_factory.mktemp("printed")
    return run(spec, out=out, console=Console(quiet=True)).comparisons


def test_every_printed_number_is_met_but_the_one_that_mixes_two_trees(comparisons):
    differing = [row.quantity for row in comparisons if row.agreement != "exact"]
    assert differing == ["train minus test accuracy"]
    assert len(comparisons) == 3 * (1 + 1 + 1 + 2 + 10) + 1


def test_the_trees_real_gap_is_smaller_than_printed(comparisons):
    (gap,) = [row for row in comparisons if row.quantity == "train minus test accuracy"]
    assert gap.printed == 0.189
    assert gap.ours == pytest.approx(0.1267, abs=1e-4)
