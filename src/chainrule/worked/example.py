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
from chainrule.errors import ExampleError, unknown_name
from chainrule.worked.mistakes import (
    check_optimizer,
    check_printed,
    check_targets,
    explained,
)

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
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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
            came = "neither" if self.Y is None else "both"
            raise ExampleError(f"Either Y or labels is required, and not both; got {came}.")
        if self.labels is not None:
            if len(self.labels) != n or not all(0 <= label < k for label in self.labels):
                hint = " With a single output, give Y = [[0], [1]] instead." if k == 1 else ""
                raise ExampleError(
                    f"labels must be {n} whole numbers, one for each sample, from 0 to {k - 1} "
                    f"(the last layer has {k} unit{'s' * (k > 1)}), got {self.labels}.{hint}"
                )
            return np.eye(k)[self.labels]
        Y = _matrix("Y", self.Y)
        if Y.shape != (n, k):
            raise ExampleError(
                f"Y must be {n} samples by {k} outputs, got {_shape(Y)}: a sample a row, in both "
                "layouts."
            )
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
            hint = f"(layout = {self.layout!r}: {_orientation(self.layout)})"
            if W.shape[1] == n_in:
                hint += " It looks transposed."
            if number == 1:
                hint += f" X is {_shape(self.inputs())}: a sample a row, in both layouts."
            raise ExampleError(
                f"{as_written}: it must have {n_in} {side}, one for each of the {before}. {hint}"
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
                raise ExampleError(
                    unknown_name("activation", name, {*ACTIVATIONS, "sigmoid", "linear"})
                )
        for name in self.activations[:-1]:
            if not ACTIVATIONS[name].hidden:
                raise ExampleError(f"{name} can only be the output's activation.")
        if self.loss not in LOSSES:
            raise ExampleError(unknown_name("loss", self.loss, LOSSES))
        if self.update:
            check_optimizer(self.update.optimizer, self.update.settings)
        if self.activations[-1] not in LOSSES[self.loss].outputs:
            raise ExampleError(
                f"The loss {self.loss} needs the output activation "
                f"{' or '.join(LOSSES[self.loss].outputs)}, got {self.activations[-1]}."
            )
        check_targets(self.targets(), self.loss)
        self.sample_weights()
        for numbers in (self.printed, self.printed_last, *(row.printed for row in self.variants)):
            for key, value in numbers.items():
                check_printed(key, value)
        return self

    def variant(self, name: str) -> "Example":
        """The example with one of its variants' settings in place of its own."""
        for row in self.variants:
            if row.name == name:
                changes = row.model_dump(exclude_none=True, exclude={"name"}, by_alias=True)
                table = {**self.model_dump(by_alias=True), "printed_last": {}, **changes}
                return parse_example(table)
        if not self.variants:
            raise ExampleError(f"{self.name or self.title} has no variants, got {name!r}.")
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
        if path.is_dir():
            raise ExampleError(f"{path} is a folder; an example is a .toml file.")
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
    """A table as TOML gives it, or with arrays for lists, checked."""
    table = {"name": name, **{key: _plain(value) for key, value in table.items()}}
    if isinstance(table.get("activations"), list):
        table["activations"] = [ALIASES.get(str(a), a) for a in table["activations"]]
    if isinstance(table.get("loss"), str):
        table["loss"] = OUTPUT_LOSSES.get(table["loss"], ALIASES.get(table["loss"], table["loss"]))
    try:
        return Example.model_validate(table).checked()
    except ValidationError as error:
        raise ExampleError(explained(error.errors(), table, _keys())) from None


def _plain(value: Any) -> Any:
    """Arrays as lists, wherever they stand."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def _keys() -> dict[str, list[str]]:
    """What may stand in each table of the file."""
    parts: dict[str, type[_Table]] = {
        "": Example, "layers": Given, "penalty": Penalty, "update": Update, "names": Names,
        "notes": Note, "questions": Question, "variants": Variant,
    }  # fmt: skip
    return {
        name: [field.alias or key for key, field in part.model_fields.items()]
        for name, part in parts.items()
    }


def _read(path: Path | Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except UnicodeDecodeError:
        raise ExampleError(
            f"{path.name} is not text in UTF-8: save it with that encoding."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ExampleError(f"{path.name} is not valid TOML: {error}.") from None
    except OSError as error:
        raise ExampleError(f"{path} cannot be read: {error.strerror or error}.") from None


def _matrix(name: str, rows: Any) -> Floats:
    lengths = [len(row) for row in rows]
    if not any(lengths):
        raise ExampleError(f"{name} must be a matrix with at least one number, and is empty.")
    if len(set(lengths)) > 1:
        raise ExampleError(
            f"{name} must be a matrix: rows of equal length, got {len(rows)} rows of "
            f"{', '.join(map(str, lengths))} numbers. (A decimal is written with a point.)"
        )
    return np.asarray(rows, float)


def _shape(W: Floats) -> str:
    return f"{W.shape[0]} by {W.shape[1]}"


def _orientation(layout: Layout) -> str:
    return "W[out][in], Z = W A + b" if layout == "column" else "W[in][out], Z = A W + b"
