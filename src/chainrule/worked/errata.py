"""The mistakes that the five documents print, each with the right statement.

They are listed in ``errata.toml``. A worked example marks the step at which its document
prints one by a note with the same number.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from chainrule.errors import ExampleError

__all__ = ["DOCUMENTS", "Erratum", "errata", "erratum"]

DOCUMENTS = {
    "A": "MLP Training & Digits Classification, UET, Vietnam National University Hanoi, 2025",
    "B": "Practical 4: Multilayer Perceptron and Backpropagation, IST Lisbon, 2022-23",
    "C": "1st Assignment: MLP Implementation, Korea University",
    "D": "First Assignment: Deep Neural Network / Backpropagation / MLP, Sapienza Rome, 2021",
    "E": "Compulsory 1, KIUA 1006 Machine Learning II, 2025",
    "all": "Across the documents",
}


@dataclass(frozen=True)
class Erratum:
    """What a document prints, and what is right.

    ``document`` is a key of ``DOCUMENTS``. ``at`` is the example and the quantity or stage of the
    calculation whose note says so; ``recipe`` is the experiment on real data that it is about. Both
    are None for what only the document's text shows.
    """

    number: int
    document: str
    printed: str
    right: str
    at: tuple[str, str] | None = None
    recipe: str | None = None

    @property
    def title(self) -> str:
        """The document's full title."""
        return DOCUMENTS[self.document]

    @property
    def text(self) -> str:
        """Both statements in one piece."""
        return f"Printed: {self.printed} Right: {self.right}"


@cache
def errata() -> tuple[Erratum, ...]:
    """All errata, in the order of their numbers, which start at 1.

    Examples
    --------
    >>> len(errata())
    60
    >>> errata()[12].at
    ('B-Q2.1', 'dA3')
    """
    text = (files("chainrule.worked") / "errata.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["errata"]
    return tuple(
        Erratum(**{**row, "at": tuple(row["at"]) if "at" in row else None}) for row in rows
    )


def erratum(number: int) -> Erratum:
    """The erratum with this number.

    Raises
    ------
    ExampleError
        If there is none.

    Examples
    --------
    >>> erratum(28).right
    'W(2): the weights between hidden layer and scores.'
    """
    found = errata()
    if not 1 <= number <= len(found):
        raise ExampleError(
            f"The errata are numbered from 1 to {len(found)}, got {number}. "
            "Take one of these numbers."
        )
    return found[number - 1]
