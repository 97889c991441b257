"""The questions that a document asks, answered with this run's numbers."""

import re
from collections.abc import Mapping, Sequence

from chainrule.errors import SpecError, unknown_name
from chainrule.experiments.places import known_places, written
from chainrule.experiments.results import ModelResult, Question
from chainrule.experiments.spec import ModelSpec, QuestionSpec
from chainrule.experiments.tasks import Task

__all__ = ["answered", "check_places"]

PLACE = re.compile(r"\{([^{}|]+)\|([^{}|]+)\}")
"""A model's key and a quantity, as in ``{net|test accuracy}``."""


def answered(
    questions: Sequence[QuestionSpec], models: Sequence[ModelResult], *, quick: bool = False
) -> tuple[Question, ...]:
    """The questions, with a number or words in the place of each ``{model|quantity}``.

    Of a ``quick`` version those alone whose answers need no number of the run: the words about the
    others are about the full version's.
    """
    by_key = {model.key: model for model in models}

    def found(place: re.Match[str]) -> str:
        return written(by_key, place[1].strip(), place[2].strip())

    return tuple(
        Question(question=one.question, answer=PLACE.sub(found, one.answer))
        for one in questions
        if not (quick and PLACE.search(one.answer))
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
        for key, quantity in PLACE.findall(one.answer):
            where, key, quantity = f"questions.{number}.answer", key.strip(), quantity.strip()
            if key not in known:
                raise SpecError(f"{where}: {unknown_name('model', key, known)}")
            if quantity not in known[key]:
                raise SpecError(f"{where}: {unknown_name('quantity', quantity, known[key])}")
