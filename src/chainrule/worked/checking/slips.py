"""Known slips: a table of what goes wrong by hand, as a formula beside the right one.

A row says which quantities it can happen in (a pattern for their keys) and gives the slipped
formulas from the right one. Whoever checks answers evaluates them on the person's own numbers.
``at`` completes "your number comes out when ..."; its braces are filled from the ``Scene``.

To add a slip, add its function and one row to the table.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import FUSED
from chainrule.worked.example import Example
from chainrule.worked.expressions import (
    Add,
    Call,
    Constant,
    Expression,
    Fraction,
    Hadamard,
    Negative,
    Number,
    Power,
    Product,
    Ref,
    Transpose,
    mentioned,
    minus,
    one_minus,
    substitute,
)
from chainrule.worked.forms import ACTIVATION_FORMS
from chainrule.worked.quantities import Quantity, Step

__all__ = ["SLIPS", "Scene", "Slip", "slipped"]

E = Expression
SQUARED = ("squared_error", "mean_squared_error", "half_mean_squared_error")
MOMENTUM = ("momentum", "nesterov")


@dataclass(frozen=True)
class Scene:
    """Where a slip is tried: a quantity, one of its formulas, and the example around it."""

    example: Example
    step: Step
    quantity: Quantity
    right: Expression

    @property
    def key(self) -> str:
        return self.quantity.key

    @property
    def layer(self) -> int:
        return self.quantity.layer

    @property
    def top(self) -> int:
        return len(self.example.activations)

    @property
    def is_output(self) -> bool:
        """Of the last layer, or of the loss."""
        return self.layer in (0, self.top)

    @property
    def activation(self) -> str:
        return self.example.activations[(self.layer or self.top) - 1]

    @property
    def optimizer(self) -> str:
        return self.example.update.optimizer if self.example.update else ""

    @property
    def outputs(self) -> int:
        return int(self.step.values["Y"].shape[1])

    @property
    def count(self) -> float:
        """What a mean over the samples divides by."""
        weights = self.step.values.get("w")
        return float(len(self.step.values["X"]) if weights is None else weights.sum())

    @property
    def input(self) -> str:
        """The key of what the layer takes in."""
        return "X" if self.layer == 1 else f"A{self.layer - 1}"

    @property
    def facts(self) -> dict[str, object]:
        """What a sentence may name."""
        below, key = self.layer - 1, self.key
        weights = f"W{self.layer}" if key.startswith("Z") else f"W{self.layer + 1}"
        return {
            "key": key, "i": self.layer, "below": below, "weights": weights,
            "activation": self.activation, "N": f"{self.count:g}", "k": self.outputs,
            "output": self.example.activations[-1], "top": self.top,
            "parameter": re.sub(r"^(velocity|[mvs])_|_new$", "", key),
        }  # fmt: skip

    def swap(self, old: Expression, new: Expression, within: Expression | None = None) -> E:
        return substitute(within or self.right, lambda x: new if x == old else None)


@dataclass(frozen=True)
class Slip:
    """A row: ``keys`` it can happen in, and ``formulas`` that it gives in their place."""

    name: str
    keys: str
    at: str
    formulas: Callable[[Scene], Iterator[Expression]]

    def sentence(self, scene: Scene) -> str:
        return self.at.format(**scene.facts)


def slipped(slip: Slip, scene: Scene) -> list[Expression]:
    """The slip's formulas for a quantity: none where it cannot happen."""
    if not re.fullmatch(slip.keys, scene.key):
        return []
    return [found for found in slip.formulas(scene) if found != scene.right]


# forward


def transposed_weights(s: Scene) -> Iterator[E]:
    def turn(x: E) -> E | None:
        match x:
            case Transpose(Ref(key)) if key.startswith("W"):
                return Ref(key)
            case Ref(key) if key.startswith("W"):
                return Transpose(x)
        return None

    yield substitute(s.right, turn)


def forgot_bias(s: Scene) -> Iterator[E]:
    if isinstance(s.right, Add):
        yield s.right.terms[0]


def forgot_activation(s: Scene) -> Iterator[E]:
    if s.key.startswith("A"):
        yield Ref(f"Z{s.layer}")
    elif s.layer > 1:
        yield s.swap(Ref(s.input), Ref(f"Z{s.layer - 1}"))


def output_twice(s: Scene) -> Iterator[E]:
    if s.is_output and s.example.activations[-1] in ("softmax", "logistic"):
        again: Callable[[E], E] = lambda x: Call(s.example.activations[-1], (x,))  # noqa: E731
        if s.key.startswith("A"):
            yield again(s.right)
        else:
            yield s.swap(Ref(f"A{s.top}"), again(Ref(f"A{s.top}")))


def other_layout(s: Scene) -> Iterator[E]:
    shape = s.quantity.value.shape
    if s.quantity.kind == "matrix" and shape[0] == shape[1] > 1:
        yield Transpose(s.right)


# factors


def mean_for_sum(s: Scene) -> Iterator[E]:
    if s.is_output or s.key.startswith(("dW", "db")):
        yield Fraction(s.right, Constant("N", s.count))


def sum_for_mean(s: Scene) -> Iterator[E]:
    averaged = s.is_output or s.key.startswith(("dW", "db"))
    if averaged and s.example.reduction == "mean":
        yield Product((Constant("N", s.count), s.right))


def missing_half(s: Scene) -> Iterator[E]:
    if s.is_output and s.example.loss in SQUARED:
        yield Product((Number(2), s.right))


def missing_two(s: Scene) -> Iterator[E]:
    if s.is_output and s.example.loss in SQUARED:
        yield Fraction(s.right, Number(2))


def bare_difference(s: Scene) -> Iterator[E]:
    if s.is_output and s.example.loss in SQUARED[1:]:
        difference = minus(Ref(f"A{s.top}"), Ref("Y"))
        slope = Ref(f"S{s.top}")
        yield difference if s.key.startswith("dA") else Hadamard(difference, slope)


def outputs_factor(s: Scene) -> Iterator[E]:
    if s.is_output and s.example.loss in SQUARED:
        k = Constant("k", s.outputs)
        yield Fraction(s.right, k) if s.example.loss == SQUARED[0] else Product((k, s.right))


# signs


def sign_of_bce(s: Scene) -> Iterator[E]:
    if s.is_output and s.example.loss in ("binary_cross_entropy", "cross_entropy"):
        yield Negative(s.right)
        if s.example.loss == "binary_cross_entropy" and s.key in ("L", f"dA{s.top}"):
            yield _second_term_turned(s)


def _second_term_turned(s: Scene) -> E:
    """The term of 1 - y with the other sign: in the loss, or in dA = -y/a + (1-y)/(1-a)."""
    a, y = Ref(f"A{s.top}"), Ref("Y")
    if s.key == "L":
        right = Hadamard(one_minus(y), Call("log", (one_minus(a),)))
        return s.swap(right, Negative(right))
    turned = Negative(Add((Fraction(y, a), Fraction(one_minus(y), one_minus(a)))))
    below = Hadamard(a, one_minus(a))
    return s.swap(Fraction(minus(a, y), below), turned)


def swapped_difference(s: Scene) -> Iterator[E]:
    if s.is_output and (
        (s.key.startswith("dA") and s.example.loss in (*SQUARED, "binary_cross_entropy"))
        or (s.key.startswith("dZ") and (s.activation, s.example.loss) in FUSED)
    ):
        yield Negative(s.right)


# the local derivative, and dZ


def derivative_at_a(s: Scene) -> Iterator[E]:
    if ACTIVATIONS[s.activation].elementwise:
        form, a = ACTIVATION_FORMS[s.activation], Ref(f"A{s.layer}")
        yield form.derivative(a, form.function(a))


def z_for_a(s: Scene) -> Iterator[E]:
    if ACTIVATIONS[s.activation].elementwise:
        yield ACTIVATION_FORMS[s.activation].derivative(Ref(f"Z{s.layer}"), Ref(f"Z{s.layer}"))


def forgot_derivative(s: Scene) -> Iterator[E]:
    yield Ref(f"dA{s.layer}")


def forgot_dA(s: Scene) -> Iterator[E]:
    if ACTIVATIONS[s.activation].elementwise:
        yield Ref(f"S{s.layer}")


def updated_first(s: Scene) -> Iterator[E]:
    if s.example.update and not (s.is_output and s.key != "dX"):
        weights = f"W{s.layer + 1}"
        yield s.swap(Ref(weights), Ref(f"{weights}_new"))


# the penalty


def penalty_doubled(s: Scene) -> Iterator[E]:
    yield Product((Number(2), s.right))


def penalty_halved(s: Scene) -> Iterator[E]:
    yield Fraction(s.right, Number(2))


def penalty_forgotten(s: Scene) -> Iterator[E]:
    if s.example.penalty:
        yield Ref("data_loss" if s.key == "loss" else f"dW{s.layer}_data")


def squares_for_sizes(s: Scene) -> Iterator[E]:
    """L2's W^2 and W where L1 has abs(W) and sign(W)."""

    def other(x: E) -> E | None:
        match x:
            case Call("abs", (W,)):
                return Power(W, 2)
            case Call("sign", (W,)):
                return W
        return None

    yield substitute(s.right, other)


def penalty_on_biases(s: Scene) -> Iterator[E]:
    part = s.step.quantities.get(f"dW{s.layer}_penalty")
    if part is not None and part.formula is not None:
        weights, bias = Ref(f"W{s.layer}"), Ref(f"b{s.layer}")
        yield Add((s.right, s.swap(weights, bias, part.formula)))


# the update


def forgot_rate(s: Scene) -> Iterator[E]:
    def one(x: E) -> E | None:
        return Number(1) if isinstance(x, Constant) and x.name == "eta" else None

    yield substitute(s.right, one)


def _last_turned(x: E) -> Iterator[E]:
    if isinstance(x, Add):
        last = x.terms[-1]
        turned = last.of if isinstance(last, Negative) else Negative(last)
        yield Add((*x.terms[:-1], turned))


def ascent(s: Scene) -> Iterator[E]:
    if s.optimizer not in MOMENTUM:
        yield from _last_turned(s.right)


def momentum_sign(s: Scene) -> Iterator[E]:
    if s.optimizer in MOMENTUM:
        yield from _last_turned(s.right)


def no_bias_correction(s: Scene) -> Iterator[E]:
    def one(x: E) -> E | None:
        match x:
            case Add((Number(1), Negative(Power(Constant(name, _), _)))) if "beta" in name:
                return Number(1)
        return None

    yield substitute(s.right, one)


def forgot_root(s: Scene) -> Iterator[E]:
    """Of the squares' mean or sum: not of Adam's correction, which may stand by itself."""

    def bare(x: E) -> E | None:
        match x:
            case Call("sqrt", (of,)) if mentioned(of):
                return of
        return None

    yield substitute(s.right, bare)


def forgot_square(s: Scene) -> Iterator[E]:
    def bare(x: E) -> E | None:
        match x:
            case Power(Ref() as gradient, 2):
                return gradient
        return None

    yield substitute(s.right, bare)


def shares_swapped(s: Scene) -> Iterator[E]:
    """(1 - b) m + b g for b m + (1 - b) g."""
    match s.right:
        case Add((Product((kept, before)), Product((new, now)))):
            yield Add((Product((new, before)), Product((kept, now))))


def forgot_before(s: Scene) -> Iterator[E]:
    if isinstance(s.right, Add):
        yield s.right.terms[-1]


_OUTPUT = r"L|data_loss|loss|d[AZ]\d+"
_REDUCED = r"data_loss|loss|d[AZ]\d+|dW\d+(_data)?|db\d+"

SLIPS = (
    Slip(
        "transposed_weights", r"Z\d+|dA\d+|dX", "{weights} is taken transposed", transposed_weights
    ),
    Slip("forgot_bias", r"Z\d+", "the bias b{i} is left out", forgot_bias),
    Slip(
        "forgot_activation", r"A\d+|Z\d+|dW\d+(_data)?",
        "an activation is left out, so that a Z stands where an A should", forgot_activation,
    ),
    Slip(
        "softmax_twice", r"A\d+|L|d[AZ]\d+",
        "the output's {output} is applied a second time", output_twice,
    ),
    Slip("other_layout", r".*", "the matrix is written down transposed", other_layout),
    Slip(
        "mean_for_sum", _REDUCED,
        "it is divided by N = {N} where it should not be: a mean for a sum", mean_for_sum,
    ),
    Slip(
        "sum_for_mean", _REDUCED,
        "the division by N = {N} is left out: a sum for a mean (which is made good if "
        "you divide later)", sum_for_mean,
    ),
    Slip(
        "missing_half", _OUTPUT,
        "there is a factor 2 too many: the 1/2 of the loss is missing", missing_half,
    ),
    Slip(
        "missing_two", _OUTPUT,
        "it is halved: a 1/2 too many, or the 2 of the square's derivative is missing", missing_two,
    ),
    Slip(
        "missing_2_over_N", r"d[AZ]\d+",
        "the factor in front of a - y is left out (2/N or 1/N)", bare_difference,
    ),
    Slip(
        "mean_over_outputs", r"L|d[AZ]\d+",
        "mean and sum over the {k} outputs are confused", outputs_factor,
    ),
    Slip(
        "sign_of_bce", r"L|data_loss|loss|dA\d+",
        "a minus of the cross-entropy is missing", sign_of_bce,
    ),
    Slip(
        "swapped_difference", r"d[AZ]\d+",
        "prediction and target are swapped: y - a for a - y", swapped_difference,
    ),
    Slip(
        "derivative_at_a", r"S\d+",
        "the derivative of {activation} is taken at A{i} and not at Z{i}", derivative_at_a,
    ),
    Slip(
        "z_for_a", r"S\d+",
        "Z{i} stands for A{i} in the derivative of {activation}, as in z (1 - z) for a (1 - a)",
        z_for_a,
    ),
    Slip(
        "forgot_derivative", r"dZ\d+",
        "the derivative of {activation} is left out", forgot_derivative,
    ),
    Slip("forgot_dA", r"dZ\d+", "the factor dA{i} is left out", forgot_dA),
    Slip(
        "updated_first", r"dA\d+|dX",
        "{weights} was updated before all derivatives were known", updated_first,
    ),
    Slip(
        "lambda_doubled", r"penalty|dW\d+_penalty",
        "the penalty is taken twice, as with lambda for lambda/2", penalty_doubled,
    ),
    Slip(
        "lambda_halved", r"penalty|dW\d+_penalty",
        "the penalty is halved, as with lambda/2 for lambda", penalty_halved,
    ),
    Slip("forgot_penalty", r"loss|dW\d+", "the penalty is left out", penalty_forgotten),
    Slip(
        "squares_for_sizes", r"penalty|dW\d+_penalty",
        "the penalty is L2's, of the squared weights, and not L1's, of their absolute values",
        squares_for_sizes,
    ),
    Slip("penalty_on_biases", r"db\d+", "the penalty is put on the biases too", penalty_on_biases),
    Slip("forgot_rate", r"[Wb]\d+_new|velocity_.*", "the learning rate is left out", forgot_rate),
    Slip(
        "ascent", r"[Wb]\d+_new",
        "the step is added and not subtracted: uphill, not downhill", ascent,
    ),
    Slip(
        "momentum_sign", r"[Wb]\d+_new|velocity_.*",
        "a sign of the momentum step is turned", momentum_sign,
    ),
    Slip(
        "no_bias_correction", r"[Wb]\d+_new",
        "Adam's bias correction is left out", no_bias_correction,
    ),
    Slip(
        "forgot_root", r"[Wb]\d+_new",
        "the root of the squares' mean or sum is left out", forgot_root,
    ),
    Slip("forgot_square", r"[vs]_.*", "the gradient is not squared", forgot_square),
    Slip(
        "shares_swapped", r"[mv]_.*",
        "the shares of what was before and of the new gradient are swapped", shares_swapped,
    ),
    Slip(
        "forgot_before", r"([mvs]|velocity)_.*",
        "what was there before this step is left out", forgot_before,
    ),
)  # fmt: skip
