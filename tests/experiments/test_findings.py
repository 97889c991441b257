"""The sentences of a comparison say what the numbers say."""

import math

import pytest

from chainrule.experiments.estimates import Calibration, Estimate, OnTest
from chainrule.experiments.findings import Evidence, findings
from chainrule.experiments.results import (
    Candidate,
    Comparison,
    ModelResult,
    PairedTest,
    Scores,
    Search,
    SeedRuns,
    Variant,
)
from chainrule.experiments.statistics import distribution


def model(key, test, **more):
    values = {
        "label": key.upper(),
        "family": "tree",
        "settings": {},
        "scores": Scores(train=1.0, validation=0.9, test=test),
        "recall": (1.0, 0.25),
    }
    return ModelResult(key=key, **(values | more))


def evidence(*models, tests=(), comparisons=(), **more):
    sizes = {"train": 100, "validation": 50, "test": 200}
    return Evidence(models, tests, comparisons, ("cat", "dog"), sizes, **more)


def only(text, sentences):
    (found,) = [sentence for sentence in sentences if text in sentence]
    return found


def test_models_are_ranked_by_their_test_accuracy():
    said = findings(evidence(model("a", 0.8), model("b", 0.9)))
    assert said[0] == "Accuracy on the 200 test images: B 0.9000; A 0.8000."
    assert only("Training less", said).endswith("A 0.200 (1.0000); B 0.100 (1.0000).")
    assert "A 'dog' (0.250)" in only("recognises least", said)


def test_a_healthy_training_is_told_with_its_losses_and_a_sick_one_with_its_sickness():
    curves = {"train_loss": (2.0, None, *(2.0**-t for t in range(-1, 10)), 0.25)}
    healthy = model("a", 0.8, curves=curves, best_epoch=2)
    sick = model("b", 0.8, curves=curves, sicknesses=("It over-fits.",))
    said = findings(evidence(healthy, sick, model("c", 0.7)))
    assert only("came from", said) == (
        "A: in 13 epochs the training loss came from 2 to 0.25; its history shows no sickness. "
        "Its lowest training loss is in epoch 2."
    )
    validated = curves | {"validation_loss": (1.0, 0.5)}
    by_score = model("d", 0.8, curves=validated, best_epoch=2)
    by_loss = by_score.model_copy(update={"settings": {"monitor": "validation_loss"}})
    for one, words in ((by_score, "best validation score"), (by_loss, "lowest validation loss")):
        assert f"Its {words} is in epoch 2." in only("came from", findings(evidence(one)))
    assert "B: It over-fits." in said
    diverged = model("a", 0.8, curves=curves, diverged=True)
    assert not [each for each in findings(evidence(diverged)) if "came from" in each]


def test_what_a_short_training_cannot_tell_is_said_in_the_place_of_its_health():
    """ln 10 in every epoch is no health, and neither is one epoch."""

    def said(losses, **more):
        curves = {"train_loss": losses, "steps": (5.0,) * len(losses), **more}
        return only("training loss", findings(evidence(model("a", 0.1, curves=curves))))

    assert said((2.302611, 2.302585, 2.30257, 2.302563)) == (
        "A: in 4 epochs the training loss came from 2.30261 to 2.30256; its history is too short "
        "to tell a plateau at chance, or a learning rate that is too high or too low."
    )
    assert said((2.236,)).startswith("A: in 1 epoch the training loss was 2.236 at the end; its ")
    assert said((2.0, 0.5), validation_loss=(1.0, 0.5)).endswith(
        "too short to tell a learning rate that is too high or too low, or over-fitting."
    )
    assert said((0.5333,) * 8).endswith("was 0.5333 at the end; its history shows no sickness.")
    assert all("sickness" not in said((2.0, 1.0, 0.5)[:n]) for n in (1, 2, 3))


def test_a_difference_is_claimed_only_where_the_test_shows_one():
    tests = (
        PairedTest(a="a", b="b", only_a=1, only_b=30, n=200, p_value=1e-7),
        PairedTest(a="a", b="c", only_a=5, only_b=14, n=200, p_value=0.04),
    )
    said = findings(evidence(model("a", 0.8), model("b", 0.9), model("c", 0.85), tests=tests))
    clear, unclear = only("against B", said), only("against C", said)
    assert "on 1 image only the first is right" in clear
    assert clear.endswith("p = 1.0e-07): a difference, at the 5 % level shared over 2 tests.")
    assert unclear.endswith("p = 0.040): no difference that 200 images can show.")


def test_seeds_are_told_with_their_interval():
    spread = distribution([0.7, 0.75, 0.8])
    runs = SeedRuns(seeds=(0, 1, 2), train=spread, test=spread)
    sentence = only(
        "trained from 3 seeds on the same split",
        findings(evidence(model("a", 0.7, over_seeds=runs))),
    )
    assert "0.7500 on average (95 % interval of the mean 0.6258 to 0.8742)" in sentence
    assert sentence.endswith("single runs from 0.7000 to 0.8000.")


def test_near_ties_of_a_search_are_counted_by_its_standard_error():
    means = [0.80, 0.89, 0.90]
    candidates = tuple(Candidate(parameters={}, mean=mean, rank=1) for mean in means)
    search = Search(strategy="grid", folds=4, best={}, mean=0.9, std=0.04, candidates=candidates)
    assert "2 of the 3 settings lie within one standard error (0.0200)" in only(
        "standard error", findings(evidence(model("a", 0.8, search=search)))
    )


def test_what_preparation_is_worth_is_told_in_images():
    raw = Variant(label="unscaled", settings={}, scores=Scores(validation=0.8))
    same = Variant(label="unit", settings={}, scores=Scores(validation=0.9))
    lost = Variant(label="lost", settings={}, scores=Scores(validation=math.nan))
    said = findings(evidence(model("a", 0.8, variants=(raw, same, lost))))
    sentence = only("prepared otherwise (validation accuracy)", said)
    assert "0.9000, unscaled 0.8000 (-5 of 50 images)" in sentence
    assert "unit 0.9000 (no image changes)" in sentence
    assert "lost: training diverged" in sentence


def test_agreement_with_the_document_is_counted():
    row = Comparison(model="a", quantity="q", printed=1, ours=1, agreement="exact")
    other = row.model_copy(update={"agreement": "differs"})
    said = findings(evidence(model("a", 0.8), comparisons=(row, row, other)))
    assert only("printed numbers", said) == (
        "Of 3 printed numbers, 2 come out exactly, and 1 differs."
    )


def test_the_interval_of_agreement_is_named_where_there_is_one():
    row = Comparison(
        model="a", quantity="q", printed=1, ours=2, agreement="within interval", interval="rows"
    )
    seeds = row.model_copy(update={"interval": "seeds"})
    (said,) = [s for s in findings(evidence(model("a", 0.8), comparisons=(row,))) if "printed" in s]
    assert said == (
        "The one printed number lies within the 95 % interval of ours for as many other rows "
        "(Wilson's, of models that ran once)."
    )
    said = only("printed", findings(evidence(model("a", 0.8), comparisons=(row, seeds))))
    assert "interval of one run over seeds, or of ours for as many other rows" in said
    said = only("printed", findings(evidence(model("a", 0.8), comparisons=(seeds, seeds))))
    assert "2 lie within the 95 % interval of one run over seeds, and 0 differ" in said


@pytest.mark.parametrize(
    ("agreement", "says"), [("exact", "comes out exactly"), ("differs", "differs from ours")]
)
def test_one_printed_number_is_told_in_words_of_one(agreement, says):
    row = Comparison(model="a", quantity="q", printed=1, ours=1, agreement=agreement)
    said = findings(evidence(model("a", 0.8), comparisons=(row,)))
    assert only("printed number", said) == f"The one printed number {says}."
    within = row.model_copy(update={"agreement": "within interval", "interval": "seeds"})
    said = only("printed", findings(evidence(model("a", 0.8), comparisons=(row, within))))
    assert "1 lies within" in said and ("1 comes out" in said or "1 differs" in said)


def test_divergence_is_told():
    candidates = (
        Candidate(parameters={}, mean=0.5, rank=1),
        Candidate(parameters={}, mean=math.nan, rank=2, diverged=True),
    )
    search = Search(strategy="grid", folds=2, best={}, mean=0.5, candidates=candidates)
    spread = distribution([0.5, math.nan])
    runs = SeedRuns(seeds=(3, 4), train=spread, test=spread, diverged=(4,))
    said = findings(
        evidence(
            model("a", math.nan, search=search, over_seeds=runs, diverged=True, recall=()),
        )
    )
    assert said == (
        "A: 1 of 2 settings of the search diverged.",
        "A: the training that is shown diverged; its scores are left out.",
        "A: training diverged from seed 4.",
    )


def test_a_model_trained_from_seeds_is_ranked_by_their_mean():
    spread = distribution([0.7, 0.75, 0.8])
    runs = SeedRuns(seeds=(0, 1, 2), train=spread, test=spread)
    said = findings(evidence(model("a", 0.95, over_seeds=runs), model("b", 0.9)))
    assert said[0] == "Accuracy on the 200 test images: B 0.9000; A (mean of 3 seeds) 0.7500."


def test_rows_that_are_no_images_are_called_rows():
    tests = (PairedTest(a="a", b="b", only_a=1, only_b=2, n=200, p_value=1.0),)
    raw = Variant(label="unscaled", settings={}, scores=Scores(validation=0.8))
    models = (model("a", 0.8, variants=(raw,)), model("b", 0.9))
    said = " ".join(findings(evidence(*models, tests=tests, noun="row")))
    assert "image" not in said
    assert "on 1 row only the first is right" in said and "no difference that 200 rows" in said
    assert "(-5 of 50 rows)" in said


def judged(gap, low, high, **calibration):
    off = Estimate(value=gap, low=low, high=high, method="bootstrap")
    known = Calibration(bins=10, **({"error": abs(gap or 0)} | calibration))
    loss = Estimate(value=0.2143)
    return OnTest(accuracy=Estimate(value=0.9), loss=loss, overconfidence=off, calibration=known)


def confidence(**on_test):
    said = findings(evidence(model("a", 0.9, on_test=judged(**on_test))))
    return [sentence for sentence in said if "confident" in sentence]


def test_over_confidence_is_told_with_what_mends_it():
    mended = {"temperature": 2.104, "error_after": 0.0101, "loss_after": 0.152}
    assert confidence(gap=0.04, low=0.03, high=0.05, **mended) == [
        "A is over-confident: on average it is 0.940 sure of its answer, and right in 0.900 of the "
        "images (calibration error 0.040). A temperature of 2.10, fitted on the validation part, "
        "brings that to 0.010 and the test loss from 0.214 to 0.152."
    ]
    (under,) = confidence(gap=-0.04, low=-0.05, high=-0.03)
    assert under.startswith("A is under-confident: on average it is 0.860 sure")
    assert under.endswith("(calibration error 0.040).")
    (left,) = confidence(gap=0.04, low=0.03, high=0.05, **(mended | {"error_after": 0.039}))
    assert left.endswith("A temperature (2.10) does not mend that: it leaves 0.039.")


def test_a_small_temperature_keeps_its_digits():
    mended = {"error_after": 0.0101, "loss_after": 0.152}
    for temperature, written in (
        (0.00312, "0.0031"),
        (0.04, "0.04"),
        (0.25, "0.25"),
        (2.0, "2.00"),
    ):
        (said,) = confidence(gap=0.04, low=0.03, high=0.05, temperature=temperature, **mended)
        assert f"A temperature of {written}, fitted" in said


def test_what_chance_or_a_hair_can_explain_is_not_told():
    assert confidence(gap=0.04, low=-0.001, high=0.08) == []
    assert confidence(gap=0.009, low=0.008, high=0.010) == []
    assert confidence(gap=0.04, low=None, high=None) == []
    assert confidence(gap=None, low=None, high=None, error=0.0) == []
