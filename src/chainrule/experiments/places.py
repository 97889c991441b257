"""What may stand in an answer in the place of ``{model|quantity}``, and what is written there.

Of any model: the quantities of `chainrule.experiments.printed`. Of a model that was searched or
swept also sentences' parts in words (`WORDS`). A combination of a sweep has a name of its own, such
as ``net.batch_size=64``, with quantities at each budget (`OF_CELLS`), such as ``final test accuracy
at equal updates``.
"""

from collections.abc import Callable, Iterator, Mapping

from chainrule.experiments.cells import worth
from chainrule.experiments.printed import OF_TASKS, QUANTITIES
from chainrule.experiments.record import Distribution, Number
from chainrule.experiments.results import Candidate, ModelResult
from chainrule.experiments.spec import ModelSpec
from chainrule.experiments.spec_base import combinations
from chainrule.experiments.tasks import TASKS, Task
from chainrule.experiments.tuned import Budget, Cell, Noise

__all__ = [
    "OF_BUDGETS",
    "OF_CELLS",
    "WORDS",
    "known_places",
    "last_losses",
    "lost_in_words",
    "named",
    "settings_in_words",
    "written",
]

NOTHING = "(no number)"

OfCell = Callable[[Cell], str]


def written(models: Mapping[str, ModelResult], key: str, quantity: str) -> str:
    """What stands in the place: a number as an answer writes it, or words."""
    if key in models and quantity in WORDS:
        return WORDS[quantity](models[key])
    if key in models and quantity in QUANTITIES:
        return _number(QUANTITIES[quantity](models[key]).value)
    if key in models:
        name, found = _at_budget(models[key], quantity)
        return NOTHING if found is None else OF_BUDGETS[name](found)
    owner = max((each for each in models if key.startswith(f"{each}.")), key=len)
    name, budget = _at_budget(models[owner], quantity)
    called = key.removeprefix(f"{owner}.")
    cells = [cell for cell in (budget.cells if budget else ()) if cell.name == called]
    return OF_CELLS[name](cells[0]) if cells else NOTHING


def known_places(models: Mapping[str, ModelSpec], task: Task) -> dict[str, list[str]]:
    """The quantities that there will be, by the name before them."""
    found = {}
    for key, model in models.items():
        found[key] = [*OF_TASKS[task.name], *WORDS]
        if model.sweep is not None:
            budgets = [
                name
                for name, budget in (
                    ("equal epochs", model.sweep.epochs),
                    ("equal updates", model.sweep.updates),
                )
                if budget
            ]
            found[key] += [f"{name} at {budget}" for name in OF_BUDGETS for budget in budgets]
            for called, _ in combinations(model.sweep.over):
                found[f"{key}.{called}"] = [
                    f"{name} at {budget}"
                    for name in (*SCORES_OF_CELLS[task.name], *SHARED_OF_CELLS)
                    for budget in budgets
                ]
    return found


def _at_budget(model: ModelResult, quantity: str) -> tuple[str, Budget | None]:
    """``"updates at equal epochs"`` as ``"updates"`` and that budget."""
    name, _, called = quantity.rpartition(" at ")
    budgets = model.sweep.budgets if model.sweep else ()
    return name, next((each for each in budgets if each.name == called), None)


def _number(value: Number) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, int):  # an epoch
        return str(value)
    return f"{value:.4g}" if abs(value) < 0.01 else f"{value:.4f}"


def _mean(name: str) -> Callable[[Cell], str]:
    def found(cell: Cell) -> str:
        spread: Distribution | None = getattr(cell, name)
        if spread is None:
            return "diverged" if cell.lost else NOTHING
        return _number(spread.mean)

    return found


def _best_epoch(cell: Cell) -> str:
    if not cell.best_epochs:
        return NOTHING
    low, high = min(cell.best_epochs), max(cell.best_epochs)
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"


def _noise(place: int) -> Callable[[Cell], str]:
    def found(cell: Cell) -> str:
        return _scale(cell.noise[place]) if cell.noise else NOTHING

    return found


def _scale(noise: Noise) -> str:
    """A noise scale is known to two digits at most."""
    return "beyond measure" if noise.scale is None else f"{float(f'{noise.scale:.2g}'):,.0f}"


def _scores(metric: str) -> dict[str, OfCell]:
    """What a combination has of its task's score."""
    return {
        f"final validation {metric}": _mean("validation_score"),
        f"final test {metric}": _mean("test_score"),
        f"best validation {metric}": _mean("best_score"),
    }


SCORES_OF_CELLS = {name: _scores(task.metric) for name, task in TASKS.items()}

SHARED_OF_CELLS: dict[str, OfCell] = {
    "final training loss": _mean("train_loss"),
    "final validation loss": _mean("validation_loss"),
    "final test loss": _mean("test_loss"),
    "lowest validation loss": _mean("lowest_loss"),
    "best epoch": _best_epoch,
    "updates": lambda cell: f"{cell.updates:,}",
    "diverged": lambda cell: lost_in_words(cell) or "none",
    "last finite loss": lambda cell: last_losses(cell) or "none",
    "first noise scale": _noise(0),
    "noise scale": _noise(-1),
}

OF_CELLS: dict[str, OfCell] = {
    **{name: found for table in SCORES_OF_CELLS.values() for name, found in table.items()},
    **SHARED_OF_CELLS,
}
"""Of a combination; each with `` at equal epochs`` or `` at equal updates``. Means over seeds."""


def lost_in_words(cell: Cell) -> str:
    """Which of a cell's trainings diverged, in which epochs; nothing where none did."""
    if not cell.lost:
        return ""
    epochs = sorted({each.epoch for each in cell.lost})
    when = f"in epoch {epochs[0]}" if len(epochs) == 1 else f"in epochs {epochs[0]} to {epochs[-1]}"
    total = len(cell.lost) + (len(cell.train_loss.values) if cell.train_loss else 0)
    return f"{len(cell.lost)} of {total} trainings, {when}"


def last_losses(cell: Cell) -> str:
    """The last finite losses of those that diverged; nothing where there is none."""
    known = [each.last_finite_loss for each in cell.lost if each.last_finite_loss is not None]
    low, high = (f"{end(known, default=0.0):.4g}" for end in (min, max))
    return "" if not known else low if low == high else f"{low} to {high}"


def named(cell: Cell) -> str:
    """A combination in a sentence."""
    return cell.name.replace(",", ", ").replace("=", " ")


def _best(budget: Budget) -> str:
    return named(max(budget.cells, key=worth))


def _lowest(budget: Budget) -> str:
    known = [
        (cell.validation_loss.mean, number)
        for number, cell in enumerate(budget.cells)
        if cell.validation_loss and cell.validation_loss.mean is not None
    ]
    return named(budget.cells[min(known)[1]]) if known else NOTHING


def _diverged(budget: Budget) -> str:
    found = [f"{named(cell)} ({lost_in_words(cell)})" for cell in budget.cells if cell.lost]
    return "; ".join(found) or "none"


OF_BUDGETS: dict[str, Callable[[Budget], str]] = {
    "best": _best,
    "lowest loss": _lowest,
    "diverged": _diverged,
}
"""Of a whole sweep: the combination with the best final validation score, that with the lowest
final validation loss, and those that diverged; each with `` at equal epochs`` or the like."""


def settings_in_words(parameters: Mapping[str, object] | None) -> str:
    """Parameters in a sentence."""
    if parameters is None:
        return NOTHING
    return ", ".join(f"{name} {_plain(value)}" for name, value in parameters.items())


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return "-".join(map(_plain, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _counted(model: ModelResult, wanted: Callable[[Candidate], bool]) -> str:
    candidates = model.search.candidates if model.search else ()
    return f"{sum(wanted(each) for each in candidates)}"


def _rate(name: str) -> Callable[[ModelResult], str]:
    def found(model: ModelResult) -> str:
        tested = model.sweep.range_test if model.sweep else None
        value = getattr(tested, name) if tested else None
        return NOTHING if value is None else f"{value:.2g}"

    return found


def _spent(model: ModelResult) -> Iterator[float]:
    for each in model.search.candidates if model.search else ():
        yield each.epochs or 0.0


WORDS: dict[str, Callable[[ModelResult], str]] = {
    "best parameters": lambda m: settings_in_words(m.search.best if m.search else None),
    "simplest parameters": lambda m: settings_in_words(m.search.simplest if m.search else None),
    "candidates": lambda m: _counted(m, lambda each: True),
    "candidates that diverged": lambda m: _counted(m, lambda each: each.diverged),
    "epochs of all candidates": lambda m: f"{sum(_spent(m)):,.0f}",
    "suggested rate": _rate("suggested"),
    "rate of divergence": _rate("diverged"),
}
"""Of a model that was searched or swept."""
