"""Exercises: a problem sheet with small friendly numbers, a file with blanks, and the solution."""

import os
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from chainrule.errors import InvalidInputError
from chainrule.worked.example import Example, Layout, Penalty, parse_example
from chainrule.worked.exercises.asked import asked_quantities
from chainrule.worked.exercises.draw import draw
from chainrule.worked.exercises.files import ANSWERS, EXAMPLE, answers_toml, example_toml
from chainrule.worked.exercises.formats import FORMATS, format_name, written
from chainrule.worked.exercises.sheet import problem_sheet
from chainrule.worked.exercises.wanted import wanted
from chainrule.worked.quantities import Trace
from chainrule.worked.trace import trace_example

__all__ = ["Exercise", "exercise"]


@dataclass(frozen=True)
class Exercise:
    """An exercise, as ``exercise`` draws it.

    ``toml`` is the example's file, ``example`` what it says. ``asked`` are the keys of the
    quantities to calculate, of every step.
    """

    toml: str
    example: Example
    asked: tuple[str, ...]
    decimals: int

    @cached_property
    def trace(self) -> Trace:
        """Every number of it."""
        return trace_example(self.example)

    @property
    def answers(self) -> str:
        """A file of answers with a ``"?"`` for every number, for ``chainrule check``."""
        return answers_toml(self.trace, self.asked, self.decimals)

    def problem(self, format: str = "markdown") -> str:
        """The sheet: what is given, what the symbols mean, and blanks, in ``markdown``, ``latex``
        (compiles as it stands) or ``html`` (one page to print). It has no calculated number."""
        sheet = problem_sheet(self.trace, self.asked, self.decimals)
        return written(sheet, format, self.trace)

    def solution(self, format: str = "markdown") -> str:
        """The whole trace of every step, in the same formats."""
        from chainrule.worked.render import render

        name = format_name(format)
        solved = self.example.model_copy(update={"title": f"{self.example.title}: solution"})
        return render(Trace(solved, self.trace.steps), name, decimals=self.decimals, steps="all")

    def write(
        self,
        folder: str | Path,
        formats: str | Iterable[str] = ("markdown",),
        force: bool = False,
    ) -> list[Path]:
        """Write ``example.toml``, ``answers.toml``, and a problem and a solution in each format.

        All or nothing: what is there already is an error and stays as it is, unless ``force``;
        then a full disk may leave some files new and some old, but each whole. The paths come
        back in this order.

        Raises
        ------
        InvalidInputError
            For an unknown format, a file that exists, or a folder that cannot be written to.
        """
        texts = {EXAMPLE: self.toml, ANSWERS: self.answers}
        for name in [formats] if isinstance(formats, str) else formats:
            ending = FORMATS[format_name(name)]
            texts[f"problem{ending}"] = self.problem(name)
            texts[f"solution{ending}"] = self.solution(name)
        try:
            return _write(Path(folder), texts, force)
        except OSError as error:
            raise InvalidInputError(
                f"The exercise could not be written into {folder}: {error.strerror or error}. "
                "Name a folder that can be made or written to."
            ) from error


def exercise(
    layers: Sequence[int],
    activation: str | Sequence[str] = "tanh",
    output: str | None = None,
    loss: str | None = None,
    seed: int = 0,
    samples: int = 1,
    optimizer: str = "sgd",
    rate: float | None = None,
    steps: int = 1,
    layout: Layout = "row",
    decimals: int = 4,
    penalty: float | Mapping[str, Any] | Penalty | None = None,
    quantities: str | Iterable[str] | None = None,
) -> Exercise:
    r"""Draw an exercise: forward pass, loss, backward pass and update of a small network.

    Inputs are multiples of 0.5 with :math:`|x| \le 2`, weights multiples of 0.1 with
    :math:`|w| \le 1`, biases with :math:`|b| \le 0.5`, none of them 0. Equal arguments give equal
    bytes. An exercise is drawn again until it is a good one; at every step

    - no pre-activation is within 0.03 of 0, where ``relu`` and ``leaky_relu`` have their kink;
    - of these two, at least half of a layer's units are on for some sample, and for at least half
      of the samples a unit is on;
    - nothing is saturated: :math:`|z| \le 3` for ``logistic``, 2 for ``tanh`` and ``exp``, 4 for
      all others; the probabilities of ``softmax`` are between 0.01 and 0.9;
    - no two units of a layer have the same pre-activations, as they are shown;
    - every output differs from its target by 0.01 or more;
    - no gradient vanishes at the decimals shown: the largest number of each dZ, dW and db is at
      least 10 units of the last decimal, and of those that are not exactly 0, at least half
      do not round to 0;
    - with the default rate, the loss falls.

    Parameters
    ----------
    layers
        How many inputs, units of each layer, and outputs: 2 to 6 numbers from 1 to 12. No matrix
        may have more than 64 numbers, nor the sheet more than 500 blanks.
    activation
        Of the hidden layers: one name, or one for each.
    output, loss
        The output's activation and the loss. By default each follows from the other: softmax
        with cross_entropy, logistic with binary_cross_entropy, exp with poisson, any other
        output with squared_error (half the sum of squares); with neither, identity and
        squared_error.
    seed
        Which exercise: a whole number from 0.
    samples
        How many are in the batch, 1 to 6; the loss is their mean.
    optimizer, rate
        As in ``[update]`` of an example; the rate is 0.1 by default, 0.01 where each
        parameter has a rate of its own (Adam and its kin, rmsprop, adagrad).
    steps
        Updates on the whole batch, 1 to 5.
    layout
        ``"row"`` or ``"column"``: the same exercise with ``W`` as ``(n_out, n_in)``.
    decimals
        Of the sheet and the solution, 2 to 10.
    penalty
        On the weights. A number is the strength of L2: lambda/2 times the sum of squares; any
        other is ``{"convention": ..., "strength": ...}``, where ``"l1"`` is L1.
    quantities
        What to calculate: keys (``"dW2"``), kinds (``"dW"``) or stages (``"forward"``,
        ``"backward"``, ``"update"``, ``"after"``). By default all but the local derivatives,
        ``dX``, and what would be written twice.

    Returns
    -------
    Exercise
        With ``toml``, ``answers``, ``problem(format)``, ``solution(format)`` and ``write(folder)``.

    Raises
    ------
    InvalidInputError
        For an argument that cannot be used, and where no draw makes a good exercise.

    Examples
    --------
    >>> found = exercise([2, 3, 2], activation="tanh", seed=7)
    >>> found.trace["Z1"].shape
    (1, 3)
    """
    wish = wanted(
        layers, activation, output, loss, seed, samples,
        optimizer, rate, steps, layout, decimals, penalty,
    )  # fmt: skip
    title = f"an exercise with {'-'.join(map(str, wish.sizes))} units (seed {wish.seed})"
    toml = example_toml({"title": title[0].upper() + title[1:], **draw(wish)})
    example = parse_example(tomllib.loads(toml))
    return Exercise(
        toml, example, asked_quantities(trace_example(example), quantities), wish.decimals
    )


# files


def _write(folder: Path, texts: Mapping[str, str], force: bool) -> list[Path]:
    """All texts go to a hidden folder beside their places, and only then take them."""
    targets = [folder / name for name in texts]
    there = [path.name for path in targets if os.path.lexists(path)]
    if there and not force:
        raise InvalidInputError(
            f"{folder} already has {', '.join(there)}: nothing was written. "
            "Choose another folder, or force=True (--force) to write over them."
        )
    folder.mkdir(parents=True, exist_ok=True)
    placed: list[Path] = []
    with tempfile.TemporaryDirectory(prefix=".chainrule-", dir=folder) as staging:
        for name, text in texts.items():
            (Path(staging) / name).write_bytes(text.encode())
        try:
            for path in targets:
                (Path(staging) / path.name).replace(path)
                placed.append(path)
        except BaseException:
            for path in placed if not there else ():  # with force, the old ones are gone
                with suppress(OSError):
                    path.unlink()
            raise
    return targets
