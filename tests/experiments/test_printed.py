"""When ours agrees with a printed number: exactly, within the spread of seeds, or not."""

import pytest

from chainrule.experiments.printed import QUANTITIES, compare
from chainrule.experiments.results import Candidate, ModelResult, Scores, Search, SeedRuns, Variant
from chainrule.experiments.spec import PrintedSpec
from chainrule.experiments.statistics import distribution

CANDIDATES = (
    Candidate(parameters={"C": 1}, mean=0.90, rank=2),
    Candidate(parameters={"C": 5, "depth": "none"}, mean=0.95, rank=1),
)


def model(**more):
    return ModelResult(
        key="m",
        label="M",
        family="tree",
        settings={},
        baseline=Variant(label="untuned", settings={}, scores=Scores(train=1.0, test=0.5)),
        search=Search(
            strategy="grid",
            folds=2,
            best=CANDIDATES[1].parameters,
            mean=0.95,
            candidates=CANDIDATES,
        ),
        scores=Scores(train=0.99, validation=0.8, test=0.81112),
        recall=(1.0, 0.5),
        **more,
    )


def rows(quantity, value, decimals=None, remark="", over_seeds=None):
    entry = PrintedSpec(model="m", quantity=quantity, value=value, decimals=decimals, remark=remark)
    return list(compare(entry, model(over_seeds=over_seeds), ("a", "b")))


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_every_quantity_of_the_table_is_found(quantity):
    (row,) = rows(quantity, 0.123, 3)
    assert row.agreement == "differs"
    assert row.quantity == quantity
    assert row.ours is None or 0 <= row.ours <= 1


@pytest.mark.parametrize(
    ("value", "decimals", "agreement"),
    [
        (0.8111, 4, "exact"),
        (0.8112, 4, "differs"),
        (0.81, 2, "exact"),
        (0.81112, None, "exact"),
        (0.8111, None, "differs"),
    ],
)
def test_a_number_agrees_to_its_printed_decimals(value, decimals, agreement):
    (row,) = rows("test accuracy", value, decimals)
    assert row.agreement == agreement
    assert row.ours == 0.81112


def test_recall_gives_a_row_a_class():
    first, second = rows("recall", [1.0, 0.4], 1)
    assert (first.quantity, first.agreement) == ("recall of class a", "exact")
    assert (second.quantity, second.agreement) == ("recall of class b", "differs")


def test_recall_wants_as_many_numbers_as_classes():
    with pytest.raises(ValueError, match="shorter"):
        rows("recall", [1.0])


@pytest.mark.parametrize(
    ("printed", "agreement"), [(0.75, "exact"), (0.9, "within interval"), (1.0, "differs")]
)
def test_over_seeds_a_printed_number_is_one_more_run(printed, agreement):
    spread = distribution([0.7, 0.75, 0.8])
    runs = SeedRuns(seeds=(0, 1, 2), train=spread, test=spread, recall=(spread, spread))
    (row,) = rows("test accuracy", printed, 2, "printed once", runs)
    assert row.agreement == agreement
    assert row.ours == pytest.approx(0.75)
    assert row.remark == "printed once; 95 % of single runs: 0.5016 to 0.9984"
    assert rows("recall", [0.9, 0.2], 2, over_seeds=runs)[0].agreement == "within interval"


@pytest.mark.parametrize(
    ("quantity", "printed", "agreement"),
    [
        ("test accuracy", 0.80, "within interval"),
        ("test accuracy", 0.70, "differs"),
        ("test accuracy", 0.8111, "exact"),
        ("train minus test accuracy", 0.17, "differs"),  # no share of the rows
        ("validation accuracy", 0.79, "differs"),  # no size is known
    ],
)
def test_without_seeds_an_accuracy_has_the_interval_of_its_rows(quantity, printed, agreement):
    entry = PrintedSpec(model="m", quantity=quantity, value=printed, decimals=4, remark="once")
    (row,) = compare(entry, model(), ("a", "b"), {"test": 500})
    assert row.agreement == agreement
    ours, n, z = 406 / 500, 500, 1.959964
    middle = (ours + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (ours * (1 - ours) / n + z**2 / (4 * n**2)) ** 0.5
    if quantity == "test accuracy":
        assert row.interval == "rows"
    if agreement == "within interval":
        words = f"95 % for 500 other rows (Wilson): {middle - half:.4f} to {middle + half:.4f}"
        assert row.remark == f"once; {words}"
    if agreement == "exact" or quantity != "test accuracy":
        assert row.remark == "once"


def test_parameters_agree_or_their_standing_is_told():
    (same,) = rows("best parameters", {"C": 5})
    assert (same.agreement, same.printed, same.remark) == ("exact", "C 5", "")
    (other,) = rows("best parameters", {"C": 1}, remark="the table")
    assert other.agreement == "differs"
    assert other.remark == (
        "the table; the printed setting is number 2 of 2 here, 0.9000 against 0.9500 in "
        "cross-validation"
    )
    (unknown,) = rows("best parameters", {"C": 7})
    assert unknown.remark == "the printed setting is not on our grid"


def test_a_setting_that_leaves_others_open_is_the_best_of_its_candidates():
    more = (
        Candidate(parameters={"C": 9, "steps": 1000}, mean=0.5, rank=5),
        Candidate(parameters={"C": 9, "steps": 2000}, mean=0.85, rank=3),
    )
    searched = model().search
    on_validation = searched.model_copy(update={"candidates": CANDIDATES + more, "folds": 1})
    found = model().model_copy(update={"search": on_validation})
    entry = PrintedSpec(model="m", quantity="best parameters", value={"C": 9})
    (row,) = compare(entry, found, ("a", "b"))
    assert row.remark == (
        "the printed setting is number 3 of 4 here, 0.8500 against 0.9500 on the validation part"
    )
    entry = PrintedSpec(model="m", quantity="search accuracy", value=0.9, of={"C": 9})
    assert [row.ours for row in compare(entry, found, ("a", "b"))] == [0.85]
