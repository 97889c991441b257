"""The questions that a document asks, answered with this run's numbers."""

import re
from collections.abc import Sequence

from chainrule.errors import SpecError, unknown_name
from chainrule.experiments.printed import QUANTITIES
from chainrule.experiments.results import ModelResult, Question
from chainrule.experiments.spec import QuestionSpec

__all__ = ["answered", "check_places"]

PLACE = re.compile(r"\{([^{}|]+)\|([^{}|]+)\}")
"""A model's key and a quantity, as in ``{net|test accuracy}``."""


def answered(
    questions: Sequence[QuestionSpec], models: Sequence[ModelResult]
) -> tuple[Question, ...]:
    """The questions, with a number in the place of each ``{model|quantity}``."""
    by_key = {model.key: model for model in models}

    def number(place: re.Match[str]) -> str:
        value = QUANTITIES[place[2].strip()](by_key[place[1].strip()]).value
        if value is None:
            return "(no number)"
        if isinstance(value, int):  # an epoch
            return str(value)
        return f"{value:.4g}" if abs(value) < 0.01 else f"{value:.4f}"

    return tuple(
        Question(question=one.question, answer=PLACE.sub(number, one.answer)) for one in questions
    )


def check_places(questions: Sequence[QuestionSpec], models: Sequence[str]) -> None:
    """Refuses answers that name a model or quantity that is not there.

    Raises:
        SpecError: with its place, and the nearest known name.
    """
    for number, one in enumerate(questions):
        for key, quantity in PLACE.findall(one.answer):
            for kind, name, known in (
                ("model", key.strip(), list(models)),
                ("quantity", quantity.strip(), list(QUANTITIES)),
            ):
                if name not in known:
                    raise SpecError(f"questions.{number}.answer: {unknown_name(kind, name, known)}")
