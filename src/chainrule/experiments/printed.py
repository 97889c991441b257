"""The numbers that a document prints, beside ours."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from chainrule.experiments.families import to_python
from chainrule.experiments.results import (
    Agreement,
    Candidate,
    Comparison,
    Distribution,
    ModelResult,
    Number,
    Search,
)
from chainrule.experiments.spec import PrintedSpec
from chainrule.experiments.tasks import TASKS, Task

__all__ = ["QUANTITIES", "compare", "known_quantities"]


class Ours(NamedTuple):
    """Our number for a printed one; with its distribution where the model ran over seeds, and the
    number of rows of which it is a share, where it is one."""

    value: Number
    over_seeds: Distribution | None = None
    rows: int | None = None


Quantity = Callable[[ModelResult], Ours]


def _baseline(part: str) -> Quantity:
    return lambda m: Ours(getattr(m.baseline.scores, part) if m.baseline else None)


def _shown(part: str) -> Quantity:
    return lambda m: Ours(
        getattr(m.scores, part), getattr(m.over_seeds, part) if m.over_seeds else None
    )


def _mean_of_seeds(model: ModelResult) -> Ours:
    spread = model.over_seeds.test if model.over_seeds else None
    return Ours(spread.mean if spread else None)


def _gap(model: ModelResult) -> Ours:
    train, test = model.scores.train, model.scores.test
    return Ours(None if train is None or test is None else train - test)


def _first(column: str) -> Quantity:
    """The first epoch's value."""

    def found(model: ModelResult) -> Ours:
        row = (model.curves or {}).get(column, ())
        return Ours(row[0] if row else None)

    return found


def _gradient(layer: int) -> Quantity:
    def found(model: ModelResult) -> Ours:
        diagnosis = model.pictures.diagnosis
        rows = diagnosis.values.get("gradient_norm", ()) if diagnosis else ()
        return Ours(rows[0][layer] if rows else None)

    return found


def _initial(name: str, layer: int) -> Quantity:
    """Before the first step; layers count from 0, or from the end."""

    def found(model: ModelResult) -> Ours:
        row = model.initial.get(name, ())
        return Ours(row[layer] if -len(row) <= layer < len(row) else None)

    return found


def _last(column: str) -> Quantity:
    """The last epoch's value."""

    def found(model: ModelResult) -> Ours:
        row = (model.curves or {}).get(column, ())
        return Ours(row[-1] if row else None)

    return found


def _inputs(model: ModelResult) -> Ours:
    layers = model.pictures.layers
    return Ours(float(layers.sizes[0]) if layers else None)


def _units(name: str) -> Quantity:
    return lambda m: Ours(getattr(m.units, name) if m.units else None)


def _sum(a: Ours, b: Ours) -> Ours:
    return Ours(None if a.value is None or b.value is None else a.value + b.value)


def _on_test(name: str) -> Quantity:
    def found(model: ModelResult) -> Ours:
        estimate = getattr(model.on_test, name) if model.on_test else None
        return Ours(estimate.value if estimate else None)

    return found


def _scores(metric: str) -> dict[str, Quantity]:
    """The quantities of a task's score."""
    return {
        f"untuned train {metric}": _baseline("train"),
        f"untuned validation {metric}": _baseline("validation"),
        f"untuned test {metric}": _baseline("test"),
        f"cross-validation {metric}": lambda m: Ours(m.search.mean if m.search else None),
        f"train {metric}": _shown("train"),
        f"validation {metric}": _shown("validation"),
        f"test {metric}": _shown("test"),
        f"mean test {metric} over seeds": _mean_of_seeds,
        f"train minus test {metric}": _gap,
        f"final validation {metric}": _last("validation_score"),
        f"final test {metric}": _last("test_score"),
        f"search {metric}": lambda m: Ours(m.search.mean if m.search else None),
    }


# Of any model: what a document may print one number of -> where ours is found.
SHARED: dict[str, Quantity] = {
    "epochs": lambda m: Ours(m.n_iter),
    "best epoch": lambda m: Ours(m.best_epoch),
    "over-fitting epoch": lambda m: Ours(m.overfit_epoch),
    "training loss after the first epoch": _first("train_loss"),
    "gradient norm of the first layer before the first step": _initial("gradient_norm", 0),
    "gradient norm of the last layer before the first step": _initial("gradient_norm", -1),
    "activation spread of the first layer before the first step": _initial("activation_std", 0),
    "activation spread of the last layer before the first step": _initial("activation_std", -1),
    "activation spread of the last hidden layer before the first step": _initial(
        "activation_std", -2
    ),
    "gradient norm of the first layer after the first epoch": _gradient(0),
    "gradient norm of the last layer after the first epoch": _gradient(-1),
    "final training loss": _last("train_loss"),
    "final penalty": _last("penalty"),
    "final loss": lambda m: _sum(_last("train_loss")(m), _last("penalty")(m)),
    "inputs of the network": _inputs,
}

OF_CLASSIFIERS: dict[str, Quantity] = {
    "test loss": _on_test("loss"),
    # of an image's or row's outputs, on the test part: 1 where they are a distribution
    "least sum of the outputs": lambda m: Ours(m.on_test.sum_least if m.on_test else None),
    "largest sum of the outputs": lambda m: Ours(m.on_test.sum_most if m.on_test else None),
    # of the last hidden layer, on the test part: see chainrule.experiments.units
    "share of zero activations": _units("zero_share"),
    "strongest unit's share of the output weights": _units("weight_share"),
    "accuracy lost without one unit on average": _units("lost_on_average"),
    "accuracy lost without one unit at worst": _units("lost_at_worst"),
}

OF_REGRESSORS: dict[str, Quantity] = {
    "test RMSE": _on_test("rmse"),
    "test MAE": _on_test("mae"),
}

# By task.
OF_TASKS: dict[str, dict[str, Quantity]] = {
    "classification": {**_scores(TASKS["classification"].metric), **SHARED, **OF_CLASSIFIERS},
    "regression": {**_scores(TASKS["regression"].metric), **SHARED, **OF_REGRESSORS},
}

QUANTITIES = {name: found for table in OF_TASKS.values() for name, found in table.items()}
"""Those of all tasks: none has one name for two things."""


# The quantities that are shares of the rows of a part which was not trained on -> that part.
SHARES_OF = {
    f"{kind}{part} accuracy": part
    for kind in ("", "untuned ", "final ")
    for part in ("validation", "test")
}


def known_quantities(task: Task) -> list[str]:
    """What a document may print of an experiment with this task."""
    of_classes = ["recall"] if task.name == "classification" else []
    return [*OF_TASKS[task.name], *of_classes, "best parameters"]


def compare(
    printed: PrintedSpec,
    model: ModelResult,
    class_names: Sequence[str],
    sizes: Mapping[str, int] | None = None,
) -> Iterator[Comparison]:
    """The rows for one entry of the spec: one, or one a class for recalls.

    A number agrees exactly if ours, rounded to the printed decimals, is the printed one. Where the
    model ran over seeds the printed number is taken as one more run: it agrees if it lies within
    the 95 % interval for one. Where it ran once, an accuracy agrees within Wilson's 95 % interval
    of ours for as many other rows, with the parts' ``sizes``.
    """
    if isinstance(printed.value, Mapping):
        yield _parameters(printed, model)
    elif printed.of is not None:
        assert not isinstance(printed.value, list)
        yield _candidate(printed, printed.value, printed.of, model)
    elif isinstance(printed.value, list):
        for number, (name, value) in enumerate(zip(class_names, printed.value, strict=True)):
            spread = model.over_seeds.recall[number] if model.over_seeds else None
            ours = Ours(model.recall[number], spread)
            yield _number(printed, f"recall of class {name}", value, ours)
    else:
        ours = QUANTITIES[printed.quantity](model)
        rows = (sizes or {}).get(SHARES_OF.get(printed.quantity, ""))
        yield _number(printed, printed.quantity, printed.value, ours._replace(rows=rows))


class Interval(NamedTuple):
    """Where a printed number may lie if nothing but chance is between it and ours."""

    of: Literal["seeds", "rows"]
    low: float
    high: float
    words: str

    def holds(self, value: float) -> bool:
        slack = 1e-12  # all seeds alike give an interval of no width, and a rounded mean
        return self.low - slack <= value <= self.high + slack


def _interval(ours: Ours) -> Interval | None:
    spread = ours.over_seeds
    if spread and spread.next_low is not None and spread.next_high is not None:
        words = f"95 % of single runs: {spread.next_low:.4f} to {spread.next_high:.4f}"
        return Interval("seeds", spread.next_low, spread.next_high, words)
    if spread is None and ours.rows and ours.value is not None:
        low, high = _wilson(ours.value, ours.rows)
        words = f"95 % for {ours.rows:,} other rows (Wilson): {low:.4f} to {high:.4f}"
        return Interval("rows", low, high, words)
    return None


def _wilson(share: float, rows: int) -> tuple[float, float]:
    from scipy import stats

    found = stats.binomtest(round(share * rows), rows).proportion_ci(0.95, method="wilson")
    return float(found.low), float(found.high)


def _number(printed: PrintedSpec, quantity: str, value: float, ours: Ours) -> Comparison:
    found = ours.over_seeds.mean if ours.over_seeds else ours.value
    interval = _interval(ours)
    agreement: Agreement = "differs"
    if found is not None and _rounds_to(found, value, printed.decimals):
        agreement = "exact"
    elif interval and interval.holds(value):
        agreement = "within interval"
    words = interval.words if interval else ""
    if interval and interval.of == "rows" and agreement == "exact":
        words = ""  # and is not needed
    return Comparison(
        model=printed.model,
        quantity=quantity,
        printed=value,
        ours=found,
        decimals=printed.decimals,
        agreement=agreement,
        interval=interval.of if interval else None,
        remark="; ".join(part for part in (printed.remark, words) if part),
    )


def _rounds_to(found: float, value: float, decimals: int | None) -> bool:
    if decimals is None:
        return found == value
    return f"{found:.{decimals}f}" == f"{value:.{decimals}f}"


def _parameters(printed: PrintedSpec, model: ModelResult) -> Comparison:
    assert isinstance(printed.value, Mapping)
    search = model.search
    best = search.best if search else model.settings
    same = _same(printed.value, best)
    remark = "" if same or search is None else _standing(printed.value, search)
    return Comparison(
        model=printed.model,
        quantity=printed.quantity,
        printed=_words(printed.value),
        ours=_words({name: best.get(name) for name in printed.value}),
        agreement="exact" if same else "differs",
        remark="; ".join(part for part in (printed.remark, remark) if part),
    )


def _candidate(
    printed: PrintedSpec, value: float, wanted: Mapping[str, Any], model: ModelResult
) -> Comparison:
    """Of one candidate of a search."""
    candidates = model.search.candidates if model.search else ()
    row = _best_of(wanted, candidates)
    ours = Ours(None if row is None else row.mean)
    found = _number(printed, f"{printed.quantity} of {_words(wanted)}", value, ours)
    place = "not among our candidates" if row is None else f"number {row.rank} of {len(candidates)}"
    remark = "; ".join(part for part in (found.remark, f"{place} here") if part)
    return found.model_copy(update={"remark": remark})


def _same(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    return all(to_python(found.get(name)) == to_python(value) for name, value in wanted.items())


def _best_of(wanted: Mapping[str, Any], candidates: Sequence[Candidate]) -> Candidate | None:
    """The best of the candidates with these parameters, which may leave others open."""
    rows = [each for each in candidates if _same(wanted, each.parameters)]
    return min(rows, key=lambda each: each.rank, default=None)


def _standing(wanted: Mapping[str, Any], search: Search) -> str:
    """Where the printed setting stands in our search."""
    row = _best_of(wanted, search.candidates)
    if row is None:
        return "the printed setting is not on our grid"
    if row.mean is None or search.mean is None:
        return "the printed setting diverged here"
    return (
        f"the printed setting is number {row.rank} of {len(search.candidates)} here, "
        f"{row.mean:.4f} against {search.mean:.4f} "
        + ("in cross-validation" if search.folds > 1 else "on the validation part")
    )


def _words(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in parameters.items())
