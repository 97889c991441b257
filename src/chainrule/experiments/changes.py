"""What ``--set`` changed of a recipe, and which of its words a changed one can no longer say."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chainrule.experiments import toml
from chainrule.experiments.loading import to_table
from chainrule.experiments.places import known_places
from chainrule.experiments.questions import places
from chainrule.experiments.spec import CompareSpec, Spec
from chainrule.experiments.tasks import TASKS

__all__ = ["with_changes", "without_lost_places"]

NOT_COMPUTED = (
    "assumptions",
    "changed",
    "errata",
    "hardest",
    "name",
    "outputs",
    "printed",
    "question",
    "questions",
    "quick",
    "quick_version",
    "source",
    "title",
)
"""What a spec says, or shows of what was computed; beside it the labels and ``data.samples``."""

NOTHING = object()


def with_changes(before: Spec, after: Spec, paths: Iterable[str]) -> Spec:
    """The spec ``after`` remembers, in ``changed``, what was replaced of ``before``.

    Args:
        paths: the dotted paths that were set. One that leaves its value as it was, or changes
            words or what is shown alone, is no change.
    """
    was, is_ = _computed(before), _computed(after)
    earlier = [text.partition(" = ")[0] for text in before.changed]
    changed = [*earlier, *(path for path in paths if _at(is_, path) != _at(was, path))]
    said = tuple(f"{path} = {_written(_at(is_, path))}" for path in dict.fromkeys(changed))
    return after.model_copy(update={"changed": said})


def _written(value: Any) -> str:
    return "none" if value is None or value is NOTHING else toml.inline(value)


def _computed(spec: Spec) -> dict[str, Any]:
    """The spec as plain data, without what decides nothing of the numbers."""
    table = {name: value for name, value in to_table(spec).items() if name not in NOT_COMPUTED}
    table["data"].pop("samples")
    for model in table.get("models", {}).values():
        model.pop("label")
    return table


def _at(node: Any, path: str) -> Any:
    for key in path.split("."):
        if isinstance(node, list):
            node = node[int(key)] if key.isdecimal() and int(key) < len(node) else NOTHING
        elif isinstance(node, Mapping):
            node = node.get(key, NOTHING)
        else:
            return NOTHING
    return node


def without_lost_places(before: Spec, after: Spec) -> tuple[Spec, str]:
    """The spec ``after`` without the questions and printed numbers about models that ``before`` has
    and it has not; and a sentence that says so, if there are any.

    What neither has stays, and is an error of the spec.
    """
    if not isinstance(before, CompareSpec) or not isinstance(after, CompareSpec):
        return after, ""
    lost = set(_places(before)) - set(_places(after))
    models = {key for key, _ in lost} - after.members.keys()
    asked = [one for one in after.questions if lost.isdisjoint(places(one.answer))]
    printed = [one for one in after.printed if one.model not in models]
    left_out = [
        f"{count} {noun}{'s' * (count > 1)}"
        for count, noun in (
            (len(after.questions) - len(asked), "question"),
            (len(after.printed) - len(printed), "printed number"),
        )
        if count
    ]
    if not left_out:
        return after, ""
    said = f"Left out, since the changes took away what they are about: {' and '.join(left_out)}."
    return after.model_copy(update={"questions": tuple(asked), "printed": tuple(printed)}), said


def _places(spec: CompareSpec) -> Iterator[tuple[str, str]]:
    """Of every task: that of the data may not be known, since nothing is checked yet."""
    for task in TASKS.values():
        for key, quantities in known_places(spec.members, task).items():
            yield from ((key, quantity) for quantity in quantities)
