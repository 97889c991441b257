"""A worked example: a small TOML file that a teacher can write by hand.

::

    title = "One step of gradient descent"
    layout = "column"                 # W is (n_out, n_in); "row", the default: (n_in, n_out)
    activations = ["tanh", "identity"]
    loss = "squared_error"
    reduction = "sum"                 # or "mean", the default
    X = [[1, 0]]                      # one sample a row, in both layouts
    Y = [[0, 1, 0]]                   # or labels = [1]: counted from 0

    [[layers]]
    W = [[0.1, 0.2], [0.3, 0.4]]
    b = [0.1, 0.2]

    [[layers]]
    units = 3                         # with a single number for W: all weights are that number
    W = 0.1                           # without b: the biases are 0

    [update]                          # without it: the gradients only
    rate = 0.1
"""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import LOSSES
from chainrule.equations.network import Layer
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import ExampleError, unknown_name

__all__ = [
    "Answers",
    "Example",
    "Given",
    "Names",
    "Note",
    "Penalty",
    "Question",
    "Update",
    "Variant",
    "examples",
    "load_example",
    "parse_example",
]

Floats = npt.NDArray[np.float64]
Layout = Literal["row", "column"]
Answers = dict[str, Any]
"""By quantity: numbers, or strings (whose decimals count), in lists as the matrix has them."""

PATH = files("chainrule.worked") / "examples"
ALIASES = {"sigmoid": "logistic", "linear": "identity", "mse": "mean_squared_error"}
OUTPUT_LOSSES = {"bce": "binary_cross_entropy", "ce": "cross_entropy"}


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Given(_Table):
    """A layer: its weights in the example's layout, its biases, or one number for all of them."""

    W: float | list[list[float]]
    b: float | list[float] = 0.0
    units: Annotated[int, Field(ge=1)] | None = None


class Penalty(_Table):
    """On the weights. L2: ``lambda/2`` times the sum of squares, ``lambda`` without the half, or
    scikit-learn's ``alpha`` (half, divided by the number of samples); ``l1``: the strength times
    the sum of absolute values."""

    convention: Literal["lambda/2", "lambda", "alpha", "l1"] = "lambda/2"
    strength: Annotated[float, Field(ge=0)]


class Update(_Table):
    """Gradient descent: ``steps`` steps, each on ``batch_size`` samples in the file's order (all
    of them by default). The rate is multiplied by ``decay`` after each step."""

    rate: Annotated[float, Field(gt=0)]
    optimizer: str = "sgd"
    settings: dict[str, float] = {}
    steps: Annotated[int, Field(ge=1)] = 1
    batch_size: Annotated[int, Field(ge=1)] | None = None
    decay: Annotated[float, Field(gt=0)] = 1.0


class Names(_Table):
    """How quantities are called where they are shown; see ``names.py``."""

    style: Literal["plain", "bracket", "subscript"] = "plain"
    gradients: Literal["d", "delta", "partial"] = "d"
    a: str = "A"
    z: str = "Z"
    first: int = 1


class Note(_Table):
    """A remark at a quantity; with ``erratum``, the number of the printed mistake it is about."""

    at: str
    text: str = ""
    erratum: int | None = None


class Question(_Table):
    question: str
    answer: str


class Variant(_Table):
    """The same example with other activations, loss or update, as one row of its table.

    ``printed`` takes the place of the example's own, which are left out: other settings give other
    numbers.
    """

    name: str
    activations: list[str] | None = None
    loss: str | None = None
    update: Update | None = None
    printed: Answers = {}


class Example(_Table):
    """A worked example as its file has it; ``layers()`` and the rest give arrays in row layout.

    ``printed`` holds a document's numbers of the first step, ``printed_last`` of the last one.
    ``table`` names the quantities that the variants are put side by side by; ``label`` may be
    among them (see ``studies.py``). ``curves`` asks for the loss of each variant over its steps.
    """

    title: str
    name: str = ""
    source: str = ""
    layout: Layout = "row"
    activations: list[str]
    loss: str
    reduction: Literal["mean", "sum"] = "mean"
    X: list[list[float]]
    Y: list[list[float]] | None = None
    labels: list[int] | None = None
    weights: list[float] | None = None
    given: list[Given] = Field(alias="layers", min_length=1)
    penalty: Penalty | None = None
    update: Update | None = None
    names: Names = Names()
    printed: Answers = {}
    printed_last: Answers = {}
    notes: list[Note] = []
    questions: list[Question] = []
    variants: list[Variant] = []
    table: list[str] = []
    curves: bool = False

    def inputs(self) -> Floats:
        """``X``, ``(n, n_in)``."""
        return _matrix("X", self.X)

    def targets(self) -> Floats:
        """``Y``, ``(n, k)``; labels become rows of zeros with a one."""
        n, k = len(self.X), self.layers()[-1].b.shape[0]
        if (self.Y is None) == (self.labels is None):
            raise ExampleError("Either Y or labels is required, and not both.")
        if self.labels is not None:
            if len(self.labels) != n or not all(0 <= label < k for label in self.labels):
                raise ExampleError(
                    f"labels must be {n} whole numbers from 0 to {k - 1}, got {self.labels}."
                )
            return np.eye(k)[self.labels]
        Y = _matrix("Y", self.Y)
        if Y.shape != (n, k):
            raise ExampleError(f"Y must be {n} samples by {k} outputs, got {_shape(Y)}.")
        return Y

    def sample_weights(self) -> Floats | None:
        if self.weights is None:
            return None
        found = np.asarray(self.weights, float)
        if len(found) != len(self.X) or (found < 0).any() or found.sum() == 0:
            raise ExampleError(
                f"weights must be {len(self.X)} numbers, not negative and not all zero, "
                f"got {self.weights}."
            )
        return found

    def layers(self) -> tuple[Layer, ...]:
        """The parameters, ``W`` as ``(n_in, n_out)``; a wrong shape is named."""
        n_in, found = self.inputs().shape[1], []
        for number, given in enumerate(self.given, 1):
            W = self._weights(number, given, n_in)
            b = np.asarray(given.b, float)
            b = np.full(W.shape[1], float(b)) if b.ndim == 0 else b
            if b.shape != (W.shape[1],):
                raise ExampleError(
                    f"b{number} must hold {W.shape[1]} numbers, one for each unit of layer "
                    f"{number} (as W{number} has them), got {len(b)}."
                )
            found.append(Layer(W, b))
            n_in = W.shape[1]
        return tuple(found)

    def _weights(self, number: int, given: Given, n_in: int) -> Floats:
        key = f"W{number}"
        if not isinstance(given.W, list):
            if given.units is None:
                raise ExampleError(
                    f"{key} is a single number, so its layer needs units = (how many units)."
                )
            return np.full((n_in, given.units), float(given.W))
        W = _matrix(key, given.W)
        as_written = f"{key} is {_shape(W)} in the {self.layout} layout"
        W = W.T if self.layout == "column" else W
        before = f"{n_in} {'inputs' if number == 1 else f'units of layer {number - 1}'}"
        if W.shape[0] != n_in:
            side = "columns" if self.layout == "column" else "rows"
            raise ExampleError(
                f"{as_written}: it must have {n_in} {side}, one for each of the {before}. "
                f"(layout = {self.layout!r}: {_orientation(self.layout)})"
            )
        if given.units not in (None, W.shape[1]):
            raise ExampleError(f"{as_written}, but units = {given.units}.")
        return W

    def checked(self) -> "Example":
        """The same, after everything that can be wrong with it has been looked at."""
        layers = self.layers()
        if len(self.activations) != len(layers):
            raise ExampleError(
                f"activations must name one for each of the {len(layers)} layers, "
                f"got {len(self.activations)}: {self.activations}."
            )
        for name in self.activations:
            if name not in ACTIVATIONS:
                raise ExampleError(unknown_name("activation", name, ACTIVATIONS))
        for name in self.activations[:-1]:
            if not ACTIVATIONS[name].hidden:
                raise ExampleError(f"{name} can only be the output's activation.")
        if self.loss not in LOSSES:
            raise ExampleError(unknown_name("loss", self.loss, LOSSES))
        if self.update and self.update.optimizer not in OPTIMIZERS:
            raise ExampleError(unknown_name("optimizer", self.update.optimizer, OPTIMIZERS))
        if self.activations[-1] not in LOSSES[self.loss].outputs:
            raise ExampleError(
                f"The loss {self.loss} needs the output activation "
                f"{' or '.join(LOSSES[self.loss].outputs)}, got {self.activations[-1]}."
            )
        self.targets()
        self.sample_weights()
        return self

    def variant(self, name: str) -> "Example":
        """The example with one of its variants' settings in place of its own."""
        for row in self.variants:
            if row.name == name:
                changes = row.model_dump(exclude_none=True, exclude={"name"}, by_alias=True)
                table = {**self.model_dump(by_alias=True), "printed_last": {}, **changes}
                return parse_example(table)
        raise ExampleError(unknown_name("variant", name, [row.name for row in self.variants]))


def examples() -> dict[str, str]:
    """The names and titles of the examples that come with the package."""
    found = {}
    for path in sorted(PATH.iterdir(), key=lambda path: path.name):
        if path.name.endswith(".toml"):
            found[path.name.removesuffix(".toml")] = _read(path)["title"]
    return found


def load_example(name: str | Path) -> Example:
    """An example by its name (as ``examples`` lists them, in any case) or by its file's path."""
    path = Path(name)
    if path.suffix == ".toml":
        if not path.is_file():
            raise ExampleError(f"There is no file {path}.")
        return parse_example(_read(path), path.stem)
    known = {item.lower(): item for item in examples()}
    if str(name).lower() not in known:
        raise ExampleError(
            unknown_name("example", str(name), known.values())
            + " A file of your own needs the ending .toml."
        )
    found = known[str(name).lower()]
    return parse_example(_read(PATH / f"{found}.toml"), found)


def parse_example(table: Mapping[str, Any], name: str = "") -> Example:
    """A table as TOML gives it, checked."""
    table = {"name": name, **table}
    if isinstance(table.get("activations"), list):
        table["activations"] = [ALIASES.get(str(a), a) for a in table["activations"]]
    loss = str(table.get("loss"))
    table["loss"] = OUTPUT_LOSSES.get(loss, ALIASES.get(loss, table.get("loss")))
    try:
        return Example.model_validate(table).checked()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ExampleError(_explained(where, first)) from None


def _explained(where: str, problem: Any) -> str:
    if problem["type"] == "extra_forbidden":
        key = where.rpartition(".")[2]
        known = {"X", "Y", "W", "b", "layers", *Example.model_fields} - {"given"}
        known |= {name for part in (Update, Penalty, Names, Given) for name in part.model_fields}
        return unknown_name("key", key, known)
    if problem["type"] == "missing":
        return f"{where} is required, and is not there."
    return f"{where}: {problem['msg']}, got {problem['input']!r}."


def _read(path: Path | Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExampleError(f"{path.name} is not valid TOML: {error}.") from None


def _matrix(name: str, rows: Any) -> Floats:
    lengths = {len(row) for row in rows}
    if len(lengths) != 1 or not rows or 0 in lengths:
        raise ExampleError(
            f"{name} must be a matrix: rows of equal length, got rows of {sorted(lengths)} numbers."
        )
    found = np.asarray(rows, float)
    if not np.isfinite(found).all():
        raise ExampleError(f"{name} must hold finite numbers, got NaN or infinity.")
    return found


def _shape(W: Floats) -> str:
    return f"{W.shape[0]} by {W.shape[1]}"


def _orientation(layout: Layout) -> str:
    return "W[out][in], Z = W A + b" if layout == "column" else "W[in][out], Z = A W + b"
