"""What the pictures of a model are drawn from, small enough for ``results.json``.

Each record is made from arrays by a function of `chainrule.experiments.picturing`, and drawn by a
figure of `chainrule.reports.figures`. All are optional: what a model does not have is not drawn.
"""

from __future__ import annotations

from chainrule.experiments.record import Number, Record

__all__ = [
    "LEVELS",
    "ActivationHistogram",
    "Answers",
    "Curve",
    "DecisionMap",
    "Layers",
    "LayersOverEpochs",
    "Mistake",
    "Pictures",
    "Points",
    "ReliabilityBins",
    "Spectrum",
    "WeightImages",
]


LEVELS = 127  # of a weight in an image, on either side of 0


class Layers(Record):
    """The shape of a network."""

    sizes: tuple[int, ...]  # inputs, hidden layers, outputs
    activations: tuple[str, ...]  # one a layer: one fewer than sizes


class Spectrum(Record):
    """The principal components of the training inputs."""

    ratios: tuple[float, ...]  # the share of the variance of each, the largest first
    chosen: int | None = None  # how many were kept


class LayersOverEpochs(Record):
    """What each layer did: ``values[name][epoch][layer]``.

    The names are ``gradient_norm``, ``update_ratio``, ``dead_share``, ``saturated_share``,
    ``activation_mean`` and ``activation_std``, where they were measured.
    """

    epochs: tuple[float, ...]
    layers: tuple[str, ...] = ()  # names; layers are numbered where there are none
    values: dict[str, tuple[tuple[Number, ...], ...]]


class ActivationHistogram(Record):
    """One layer's activations, counted. Zeros have no bin."""

    layer: str
    edges: tuple[float, ...]  # one more than counts
    counts: tuple[int, ...]
    total: int  # all finite values, zeros and those outside the bins included
    zeros: int = 0
    not_finite: int = 0
    mean: Number = None
    std: Number = None


class WeightImages(Record):
    """The incoming weights of some units of the first layer, as images.

    A weight is its level times ``limit / 127``; what lies beyond the limit is cut to it.
    """

    shape: tuple[int, ...]  # (height, width) or (height, width, 3)
    limit: float
    units: tuple[int, ...]  # their numbers, from 1, the strongest first
    n_units: int  # that the layer has
    levels: tuple[tuple[int, ...], ...]  # a row a unit, from -127 to 127


class Points(Record):
    """Rows with two features, and the indices of their classes."""

    rows: tuple[tuple[float, float], ...]
    classes: tuple[int, ...]


class DecisionMap(Record):
    """The classes' probabilities over a grid of two features, and the points of the data."""

    first: tuple[float, ...]
    second: tuple[float, ...]
    probabilities: tuple[tuple[Number, ...], ...]  # the first feature runs fastest
    feature_names: tuple[str, str] = ("first feature", "second feature")
    train: Points | None = None
    test: Points | None = None


class Mistake(Record):
    """A test image that the model is sure of, and has wrong."""

    index: int  # its row in the test part
    label: str
    predicted: str
    probability: Number = None  # that the model gives to what it predicts
    probability_of_truth: Number = None
    pixels: tuple[float, ...]


class ReliabilityBins(Record):
    """Test predictions by their confidence, in bins of equal width from 0 to 1."""

    counts: tuple[int, ...]
    confidence: tuple[Number, ...]  # the mean in each bin; None where it is empty
    accuracy: tuple[Number, ...]


class Answers(Record):
    """What a regressor says of some test rows, beside the truth, in the target's own unit."""

    truth: tuple[float, ...]
    predicted: tuple[Number, ...]
    n_rows: int  # of the whole test part
    rmse: Number  # on the whole test part


class Curve(Record):
    """What a regressor of one feature says along it, and some rows of the data."""

    along: tuple[float, ...]
    predicted: tuple[Number, ...]
    feature_name: str
    train: tuple[tuple[float, float], ...] = ()  # the feature and the target
    test: tuple[tuple[float, float], ...] = ()


class Pictures(Record):
    """All that is drawn of one fit."""

    layers: Layers | None = None
    spectrum: Spectrum | None = None
    diagnosis: LayersOverEpochs | None = None
    activations: tuple[ActivationHistogram, ...] = ()
    weights: WeightImages | None = None
    regions: DecisionMap | None = None
    mistakes: tuple[Mistake, ...] = ()  # the most confident first
    n_mistakes: int | None = None  # on the whole test part
    reliability: ReliabilityBins | None = None
    reliability_after: ReliabilityBins | None = None  # at the temperature of the validation part
    answers: Answers | None = None
    curve: Curve | None = None
