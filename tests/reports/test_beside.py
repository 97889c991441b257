"""Our numbers are put beside the right printed ones."""

import pytest

from chainrule.reports import beside


@pytest.fixture
def models(results):
    return {model.key: model for model in results.models}


def test_a_score_stands_beside_its_printed_number(results, models):
    found = beside.cell(results, models["nb"], "test")
    assert found.ours == models["nb"].scores.test
    assert found.spread is None
    assert [each.printed for each in found.printed] == [0.9139]


def test_a_model_trained_from_seeds_is_represented_by_their_mean(results, models):
    found = beside.cell(results, models["ann"], "test")
    assert found.ours == models["ann"].over_seeds.test.mean != models["ann"].scores.test
    assert found.spread is models["ann"].over_seeds.test


def test_cross_validation_comes_from_the_search(results, models):
    assert beside.cell(results, models["knn"], "cv").ours == 0.975
    without = models["knn"].model_copy(update={"search": None})
    assert beside.cell(results, without, "cv").ours is None


def test_it_is_said_why_a_model_has_no_test_loss(results, models):
    judged = [model for model in results.models if model.on_test and model.on_test.loss]
    others = [model for model in results.models if model not in judged]
    first = judged[0].on_test.model_copy(
        update={"loss": None, "sum_least": 0.0213, "sum_most": 2.4}
    )
    changed = [judged[0].model_copy(update={"on_test": first}), *judged[1:]]
    said = beside.without_loss(results.model_copy(update={"models": tuple(changed)}))
    assert said == [
        f"{judged[0].label} has no test loss: its outputs are no distribution over the classes "
        "(those of a row sum to 0.0213 at least and 2.4 at most)."
    ]
    bare = first.model_copy(update={"sum_least": None})
    changed[0] = judged[0].model_copy(update={"on_test": bare})
    (sentence,) = beside.without_loss(results.model_copy(update={"models": tuple(changed)}))
    assert "gives no probabilities, or none that" in sentence
    assert beside.without_loss(results.model_copy(update={"models": (*others, changed[0])})) == []


def test_only_parts_with_a_score_are_shown(results):
    assert beside.parts(results) == ["cv", "train", "validation", "test"]
    bare = [
        model.model_copy(
            update={
                "search": None,
                "over_seeds": None,
                "scores": model.scores.model_copy(update={"validation": None}),
            }
        )
        for model in results.models
    ]
    assert beside.parts(results.model_copy(update={"models": tuple(bare)})) == ["train", "test"]


def test_recalls_and_settings_are_told_from_scores(results, models):
    assert [each.quantity for each in beside.recalls(results, models["dt"])] == [
        "recall of class 3"
    ]
    assert [each.printed for each in beside.chosen_settings(results, models["dt"])] == [
        "max_depth 8"
    ]


def test_comparisons_are_grouped_in_the_order_of_the_models(results):
    groups = beside.by_model(results)
    assert [label for label, _ in groups] == [model.label for model in results.models]
    assert sum(len(group) for _, group in groups) == len(results.comparisons)


def test_a_comparison_of_no_model_is_kept(results):
    lost = results.comparisons[0].model_copy(update={"model": ""})
    groups = beside.by_model(results.model_copy(update={"comparisons": (lost,)}))
    assert groups == [("The whole experiment", [lost])]


def test_the_tally_names_what_there_is(results):
    exact, differs = results.comparisons[:2]
    assert beside.tally([exact, exact, differs]) == "2 exact, 1 differ"
    assert beside.tally([]) == ""


def test_equal_labels_are_told_apart_by_the_key(results):
    twins = tuple(model.model_copy(update={"label": "Net"}) for model in results.models[:2])
    others = results.models[2:]
    found = beside.distinct(results.model_copy(update={"models": (*twins, *others)}))
    assert [model.label for model in found.models[:2]] == ["Net (nb)", "Net (dt)"]
    assert found.models[2:] == others
