"""Sweeps and searches of a spec, checked before anything is trained."""

from typing import Any

from chainrule.errors import InvalidInputError, SpecError, unknown_name
from chainrule.experiments.families import Family, to_python
from chainrule.experiments.spaces import space_of
from chainrule.experiments.spec import ModelSpec
from chainrule.search.strategies import STRATEGIES, strategy

__all__ = ["check_search", "check_sweep"]

BUDGETS = ("max_iter", "max_steps")
OF_ALL = {
    "random_state": "every combination has the same seeds. Say which with sweep.seeds.",
    "divergence_threshold": "it is the same for all. Write it among the model's settings.",
}


def check_sweep(where: str, model: ModelSpec, row: Family) -> None:
    """Refuses a sweep that cannot be done.

    Raises:
        SpecError: with the place in the file.
    """
    assert model.sweep is not None
    _check_together(where, model, row)
    for name in model.sweep.over:
        if name in BUDGETS:
            raise SpecError(
                f"{where}.over.{name}: the budget of a sweep is the same for all. Write epochs or "
                "updates; of a network's own epochs, make a study with over."
            )
        if name in OF_ALL:
            raise SpecError(f"{where}.over.{name}: {OF_ALL[name]}")


def check_search(where: str, model: ModelSpec, row: Family) -> None:
    """Refuses a search with a strategy, a setting or a space that there is not.

    Raises:
        SpecError: with the place in the file, and the nearest known name.
    """
    spec = model.search
    assert spec is not None
    _check_together(where, model, row)
    space = space_of(spec.space, spec.seed, f"{where}.space")
    if spec.strategy not in STRATEGIES:
        raise SpecError(f"{where}.strategy: {unknown_name('strategy', spec.strategy, STRATEGIES)}")
    has = STRATEGIES[spec.strategy].__dataclass_fields__
    if spec.n_candidates is not None and "n_candidates" not in has:
        raise SpecError(
            f"{where}.n_candidates: the strategy {spec.strategy!r} decides itself how many there "
            "are. Remove this key."
        )
    known = {name: to_python(value) for name, value in spec.settings.items()}
    own: dict[str, Any] = {"max_epochs": 1 << 30} if "max_epochs" in has else {}
    try:
        strategy(spec.strategy, **{**own, **known})
        if spec.strategy == "grid":
            space.grid()
    except InvalidInputError as error:
        raise SpecError(f"{where}: {error}") from error


def _check_together(where: str, model: ModelSpec, row: Family) -> None:
    if not row.together:
        raise SpecError(
            f"{where}: only networks of ours are trained together, and the family "
            f"{model.family!r} is a {row.label}. Use grid, or the family 'mlp'."
        )
