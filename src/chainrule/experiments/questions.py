"""The questions that a document asks, answered with this run's numbers."""

import re
from collections.abc import Mapping, Sequence

from chainrule.errors import SpecError, unknown_name
from chainrule.experiments.places import known_places, written
from chainrule.experiments.results import ModelResult, Question
from chainrule.experiments.spec import ModelSpec, QuestionSpec
from chainrule.experiments.tasks import Task

__all__ = ["answered", "check_places", "places"]

PLACE = re.compile(r"\{([^{}|]+)\|([^{}|]+)\}")
"""A model's key and a quantity, as in ``{net|test accuracy}``."""


def places(answer: str) -> list[tuple[str, str]]:
    """The models' keys and the quantities that an answer names."""
    return [(key.strip(), quantity.strip()) for key, quantity in PLACE.findall(answer)]


def answered(
    questions: Sequence[QuestionSpec], models: Sequence[ModelResult], *, as_written: bool = True
) -> tuple[Question, ...]:
    """The questions, with a number or words in the place of each ``{model|quantity}``.

    Of a spec that is not run ``as_written`` those alone whose answers need no number of the run:
    the words about the others are about the numbers of the spec as it was written.
    """
    by_key = {model.key: model for model in models}

    def found(place: re.Match[str]) -> str:
        return written(by_key, place[1].strip(), place[2].strip())

    return tuple(
        Question(question=one.question, answer=PLACE.sub(found, one.answer))
        for one in questions
        if as_written or not places(one.answer)
    )


def check_places(
    questions: Sequence[QuestionSpec], models: Mapping[str, ModelSpec], task: Task
) -> None:
    """Refuses answers that name a model or quantity that is not there.

    Raises:
        SpecError: with its place, and the nearest known name.
    """
    known = known_places(models, task)
    for number, one in enumerate(questions):
        where = f"questions.{number}.answer"
        for key, quantity in places(one.answer):
            if key not in known:
                raise SpecError(f"{where}: {unknown_name('model', key, known)}")
            if quantity not in known[key]:
                raise SpecError(f"{where}: {unknown_name('quantity', quantity, known[key])}")
