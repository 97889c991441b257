"""The names and settings of a comparison, checked before anything is trained."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from chainrule.data import preparation
from chainrule.data.sources import SOURCES
from chainrule.errors import DataError, InvalidInputError, SpecError, unknown_name
from chainrule.experiments import grid
from chainrule.experiments.backends import torch_device
from chainrule.experiments.check_tuning import check_search, check_sweep
from chainrule.experiments.datasets import streams
from chainrule.experiments.describe import SPLITS
from chainrule.experiments.families import FAMILIES, Family, family
from chainrule.experiments.printed import known_quantities
from chainrule.experiments.questions import check_places
from chainrule.experiments.spec import BEST, CompareSpec, ModelSpec, Settings, Spec
from chainrule.experiments.spec_base import combinations
from chainrule.experiments.streaming import STREAMED
from chainrule.experiments.tasks import TASKS, of_spec
from chainrule.streams.memory import bytes_of, window_rows

__all__ = ["check"]


def check(spec: Spec) -> None:
    """Refuses a spec that names what does not exist or sets what cannot be.

    Raises:
        SpecError: with the place in the file, and the nearest known name.
    """
    if spec.data.table is None and spec.data.folder is None:
        _known("data.name", "data set", spec.data.name, SOURCES)
    if spec.data.split is not None:
        _known("data.split.scheme", "split", spec.data.split.scheme, SPLITS)
    _check_target(spec)
    if isinstance(spec, CompareSpec):
        _check_comparison(spec)


def _check_target(spec: Spec) -> None:
    """What is of classes alone, or of numbers alone."""
    data, regression = spec.data, of_spec(spec).name == "regression"
    if data.target is not None and not regression:
        raise SpecError(
            f"data.target: required a data set with numbers to be predicted; {data.name!r} has "
            "classes. Leave this table out."
        )
    if regression and data.split is not None and data.split.stratify:
        raise SpecError(
            f"data.split.stratify: required a data set with classes; {data.name!r} has numbers to "
            "be predicted. Leave it out."
        )


def _check_comparison(spec: CompareSpec) -> None:
    _known("chosen", "model", spec.chosen, [*spec.members, BEST])
    for key, model in spec.models.items():
        for name, values in model.over.items():
            if not values:
                raise SpecError(
                    f"models.{key}.over.{name}: required at least one value, came an empty list."
                )
    for key, model in spec.members.items():
        _check_model(f"models.{key}", model, spec)
        if streams(spec.data):
            _check_streamed(f"models.{key}", model, spec)
    _check_outputs(spec)
    check_places(spec.questions, spec.members, of_spec(spec))
    for number, printed in enumerate(spec.printed):
        where = f"printed.{number}"
        _known(f"{where}.model", "model", printed.model, spec.members)
        known = known_quantities(of_spec(spec))
        _known(f"{where}.quantity", "quantity", printed.quantity, known)


def _check_streamed(where: str, model: ModelSpec, spec: Spec) -> None:
    """Of a network that trains on a stream there is one fit, on prepared rows of a table."""
    assert spec.data.table is not None
    try:
        window_rows(STREAMED * bytes_of(spec.data.table.memory), 1)
    except InvalidInputError as error:
        raise SpecError(
            f"data.table.memory: {error} A fifth of it is for the sample and the other models."
        ) from error
    if not family(model.family).together:
        return
    if model.prepare != ("table",) or model.dtype != "float32":
        raise SpecError(
            f"{where}: where the rows are streamed, a network needs prepare = ['table'] and "
            f"dtype = 'float32'; came {list(model.prepare)} and {model.dtype!r}."
        )
    for name in ("baseline", "grid", "sweep", "seeds"):
        if getattr(model, name) is not None:
            raise SpecError(
                f"{where}.{name}: where the rows are streamed there is one fit of a network, and "
                "before it at most a search on the sample. Leave this out, or stream = true."
            )
    if model.also_prepare:
        raise SpecError(
            f"{where}.also_prepare: where the rows are streamed there is one fit of a network. "
            "Leave this out, or stream = true."
        )


def _check_outputs(spec: CompareSpec) -> None:
    """Logits are a network's, and shown for test rows."""
    if not spec.outputs:
        return
    if of_spec(spec).name == "regression":
        raise SpecError(
            "outputs: required a classification, whose networks have logits and probabilities; "
            f"{spec.data.name!r} is a regression. Leave outputs out."
        )
    if spec.data.split is not None and spec.data.split.scheme == "all":
        raise SpecError(
            "outputs: required a test part to show them of; the split 'all' has none. Use another "
            "scheme, or leave outputs out."
        )
    for key in spec.members if spec.chosen == BEST else [spec.chosen]:
        if not family(spec.members[key].family).network:
            raise SpecError(
                f"outputs: required a network as the chosen model; {key!r} may be chosen and is a "
                f"{family(spec.members[key].family).label}. Set chosen to a network, or leave "
                "outputs out."
            )


def _check_family(where: str, model: ModelSpec, spec: Spec) -> None:
    """The family is there, and is for what the data ask."""
    _known(f"{where}.family", "family", model.family, FAMILIES)
    row, task = family(model.family), of_spec(spec)
    if row.task != task.name:
        fitting = ", ".join(name for name, each in FAMILIES.items() if each.task == task.name)
        raise SpecError(
            f"{where}.family: required a {task.model}, since the data set {spec.data.name!r} is a "
            f"{task.name}; came {model.family!r}, a {TASKS[row.task].model}. Use one of: {fitting}."
        )


def _check_model(where: str, model: ModelSpec, spec: Spec) -> None:
    _check_family(where, model, spec)
    for steps in (model.prepare, *model.also_prepare):
        try:
            preparation.check(steps)
        except DataError as error:
            raise SpecError(f"{where}.prepare: {error}") from error
    row = family(model.family)
    _check_backend(where, model, row)
    if model.sweep is not None:
        check_sweep(f"{where}.sweep", model, row)
    if model.search is not None:
        check_search(f"{where}.search", model, row)
    for place, names in _named_settings(model):
        _check_settings(f"{where}.{place}", names, row)
    if model.grid is not None:
        _check_grid(f"{where}.grid", model.grid)
    if model.seeds and "random_state" not in row.parameters():
        raise SpecError(
            f"{where}.seeds: the family {model.family!r} draws nothing at random, so seeds change "
            "nothing. Remove this table."
        )
    for place, settings in _tried_settings(model):
        _check_values(f"{where}.{place}", settings, row)


def _check_backend(where: str, model: ModelSpec, row: Family) -> None:
    """PyTorch computes single trainings of our networks, step by step."""
    device = torch_device(model.backend)
    if device is None:
        return
    if not row.together:
        ours = ", ".join(name for name, each in FAMILIES.items() if each.together)
        raise SpecError(
            f"{where}.backend: required a network of ours (family {ours}) to be trained by "
            f"{model.backend!r}; a {row.label} has its own library. Leave it out."
        )
    for name in ("grid", "search", "sweep"):
        if getattr(model, name) is not None:
            raise SpecError(
                f"{where}.backend: the trainings of a {name} run side by side in JAX's compiled "
                f"programs, which {model.backend!r} has not. Leave one of the two out."
            )
    for place, settings in _tried_settings(model):
        if settings.get("solver") == "lbfgs":
            raise SpecError(
                f"{where}.{place}.solver: 'lbfgs' does not go step by step, and cannot be trained "
                f"by {model.backend!r}. Use 'adam' or another stochastic solver."
            )
    from chainrule.interop.torch import require

    try:
        require(device)
    except InvalidInputError as error:
        raise SpecError(f"{where}.backend: {error}") from error


def _named_settings(model: ModelSpec) -> Iterator[tuple[str, Iterable[str]]]:
    yield "settings", model.settings
    yield "baseline", model.baseline or {}
    yield "grid", model.grid or {}
    yield "sweep.over", model.sweep.over if model.sweep else {}
    yield "search.space", model.search.space if model.search else {}


def _check_settings(where: str, names: Iterable[str], row: Family) -> None:
    known = row.parameters()
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            options = ", ".join(sorted(known))
            raise SpecError(
                f"{where}.{name}: a {row.label} has no such parameter.{hint} Known: {options}."
            )


def _check_grid(where: str, grid: dict[str, list[Any]]) -> None:
    for name, values in grid.items():
        if not values:
            raise SpecError(f"{where}.{name}: required at least one value, came an empty list.")


def _tried_settings(model: ModelSpec) -> Iterator[tuple[str, Settings]]:
    yield "settings", model.settings
    yield "baseline", {**model.settings, **(model.baseline or {})}
    for point in grid.points(model.grid or {}):
        yield "grid", {**model.settings, **point}
    for _, cell in combinations(model.sweep.over) if model.sweep else ():
        yield "sweep.over", {**model.settings, **cell}
    for name, values in (model.search.space if model.search else {}).items():
        for value in values if isinstance(values, list) else ():
            yield f"search.space.{name}", {**model.settings, name: value}


def _check_values(where: str, settings: Settings, row: Family) -> None:
    """Asks the estimator itself, which knows the allowed values of its parameters, and of ours
    also what they hold: a mapping's settings, and whether they fit each other."""
    try:
        _ask(row.build(settings))
    except ValueError as error:
        culprit = _culprit(settings, row)
        place = where if where.endswith(culprit) else f"{where}{culprit}"
        raise SpecError(f"{place}: {error}") from error


def _ask(estimator: Any) -> None:
    """Raise the ValueError that fitting would raise whatever the data are."""
    from chainrule.estimators.base import BaseMLP
    from chainrule.estimators.settings import check_parameters

    if isinstance(estimator, BaseMLP):
        check_parameters(estimator)
    elif hasattr(estimator, "_validate_params"):
        estimator._validate_params()


def _culprit(settings: Settings, row: Family) -> str:
    """The place of the setting that is wrong by itself; none where several do not fit."""
    for name, value in settings.items():
        try:
            _ask(row.build({name: value}))
        except ValueError:
            return f".{name}"
    return ""


def _known(where: str, kind: str, name: str, options: Iterable[str]) -> None:
    if name not in set(options):
        raise SpecError(f"{where}: " + unknown_name(kind, name, options))
