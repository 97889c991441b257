"""What a run found: the content of ``results.json``, as frozen records.

Everything is plain JSON. A number that is not finite (a diverged fold, a ratio of zero counts) is
``null``, and ``diverged`` says so where it matters. Lists over classes follow
``data.class_names``, which a regression has not; scores are accuracies, fractions between 0 and 1,
or R² (``metric`` says which); pixels are row-major and in the units of ``data.pixel_range``. Wall
times live in ``clock`` alone, so that two runs can be compared bit for bit without it
(`Results.comparable`).

``ModelResult.curves`` maps names to equally long rows over the epochs: ``epoch``, ``steps`` so far,
``train_loss``, ``penalty``, ``validation_loss``, ``validation_score``, ``learning_rate``, where the
model has them; ``loss_curve`` is scikit-learn's own, the loss with the penalty mixed in. Parts of
the data that were watched have ``NAME_loss`` and ``NAME_score``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr

from chainrule.data.record import Task
from chainrule.errors import RunError
from chainrule.experiments.estimates import Estimate, OnTest
from chainrule.experiments.pictures import Pictures
from chainrule.experiments.record import Distribution, Number, Record
from chainrule.experiments.tuned import Curve, Sweep

__all__ = ["SCHEMA_VERSION", "Results"]

SCHEMA_VERSION = 1

Status = Literal["stated", "inferred", "ours"]
Agreement = Literal["exact", "within interval", "differs"]
Ended = Literal["finished", "stopped", "dropped", "diverged"]


class Source(Record):
    """The document that an experiment comes from."""

    key: str  # "A" to "E", or "own"
    title: str


class Assumption(Record):
    """One choice of the set-up: said by the document, inferred from its numbers, or ours."""

    what: str
    value: str
    status: Status
    note: str = ""


class Erratum(Record):
    """Something that the document prints wrongly, and what is right."""

    number: int | None = None  # its number in the project's list of errata
    text: str


class Targets(Record):
    """The targets of one part, in their own unit."""

    mean: float
    std: float  # with n in the denominator
    lowest: float
    highest: float


class Split(Record):
    """One part of the data, with its rows counted by class, or its targets in short."""

    name: str  # "train", "validation", "test" or "all"
    size: int
    class_counts: tuple[int, ...] = ()
    targets: Targets | None = None  # of a regression


class SampleImage(Record):
    label: str
    pixels: tuple[float, ...]


class DataSummary(Record):
    """The data, as a reader needs to judge them."""

    name: str
    task: Task = "classification"
    target_name: str = ""  # what a regression predicts
    source: str
    licence: str
    sha256: str
    n_features: int
    class_names: tuple[str, ...] = ()
    splits: tuple[Split, ...]
    image_shape: tuple[int, ...] | None = None  # (height, width) or (height, width, channels)
    pixel_range: tuple[float, float] | None = None  # black and white
    preparation: tuple[str, ...] = ()  # sentences: how it was split and scaled
    samples: tuple[SampleImage, ...] = ()


class Scores(Record):
    """A score on each part of the data; None where there is no such part."""

    train: Number = None
    validation: Number = None
    test: Number = None


class SeedRuns(Record):
    """The chosen setting trained again from each seed."""

    seeds: tuple[int, ...]
    train: Distribution
    validation: Distribution | None = None
    test: Distribution | None = None
    recall: tuple[Distribution, ...] = ()  # one a class
    diverged: tuple[int, ...] = ()  # the seeds that did


class Candidate(Record):
    """One row of a search.

    What follows ``diverged`` is of networks of ours alone, whose candidates are trained together.
    """

    parameters: dict[str, Any]
    mean: Number
    std: Number = None  # over the folds, with n in the denominator, as GridSearchCV has it
    folds: tuple[Number, ...] = ()
    rank: int  # 1 is best; equal scores share a rank; diverged ones come last
    diverged: bool = False
    std_over_folds: Number = None  # with n - 1 in the denominator
    std_over_seeds: Number = None  # the root of the mean variance over seeds, fold by fold
    p_value: Number = None  # of a corrected resampled t-test against the best
    n_parameters: int | None = None
    epochs: Number = None  # that it was trained, a mean over its trainings
    ended: Ended | None = None
    curve: Curve | None = None  # the validation loss, or the training loss where there is none


class Search(Record):
    """How the setting was chosen, with every candidate in the order in which it was tried."""

    strategy: str
    folds: int  # 1: judged on the validation part
    best: dict[str, Any]
    mean: Number
    std: Number = None
    candidates: tuple[Candidate, ...]
    seeds: tuple[int, ...] = ()  # of each candidate's trainings, where they were trained together
    simplest: dict[str, Any] | None = None  # the one-standard-error choice
    rule: str = ""  # by which it was chosen
    log: tuple[str, ...] = ()  # hyperparameters on a logarithmic scale
    curve_of: str = ""  # what the candidates' curves show
    importance: dict[str, float] | None = None  # shares of the scores' variance, by fANOVA
    block_sizes: dict[str, Any] | None = None  # by compiled plan, where they were measured


class Variant(Record):
    """The same model fitted otherwise, to be set beside it: untuned, or on unscaled data."""

    label: str
    settings: dict[str, Any]  # as given to the estimator
    preparation: tuple[str, ...] = ()
    scores: Scores


class UnitUse(Record):
    """How the last hidden layer's units share the work, on the test part; see
    `chainrule.experiments.units`."""

    n_units: int
    zero_share: float  # of all their activations
    weight_share: Number = None  # of the output layer's squared weights, the strongest unit's
    lost_on_average: float  # accuracy, when one unit is taken away
    lost_at_worst: float


class InTorch(Record):
    """A training whose steps PyTorch computed, beside the same one in JAX: the same initial
    weights, order of the rows and schedule. Differences are absolute values."""

    device: str  # PyTorch's
    version: str  # of PyTorch
    weights: Number  # the largest difference of a weight or bias in the end
    losses: tuple[Number, ...]  # epoch by epoch, of the training loss
    outputs: Number  # the largest of a probability, or of a predicted value
    alike: Number = None  # the share of the rows that both say the same of; None in a regression
    rows: int  # those of the test part (of the training part where there is none)
    n_iter: int  # the epochs that JAX trained for
    scores: Scores  # of the network that JAX trained


class ModelResult(Record):
    """All about one model. ``scores`` to ``curves`` belong to one fit, the one that is shown."""

    key: str
    label: str
    family: str  # a row of experiments/families.py, such as "mlp" or "tree"
    preparation: tuple[str, ...] = ()  # () is the data as they are
    settings: dict[str, Any]  # of the shown fit, as given to the estimator
    n_parameters: int | None = None
    n_iter: int | None = None
    best_epoch: int | None = None  # with the best monitored value, from 1
    baseline: Variant | None = None
    search: Search | None = None
    sweep: Sweep | None = None
    scores: Scores
    on_test: OnTest | None = None  # None without a test part, and after divergence
    recall: tuple[Number, ...] = ()  # on the test part
    confusion: tuple[tuple[int, ...], ...] = ()  # on the test part; rows are the true classes
    curves: dict[str, tuple[Number, ...]] | None = None  # see the module's docstring
    # A network's layers before its first step, a number a layer: `chainrule.estimators.initial`.
    initial: dict[str, tuple[Number, ...]] = Field(default_factory=dict)
    overfit_epoch: int | None = None  # from which the model over-fits; None where it does not
    pictures: Pictures = Pictures()  # what the report draws of the shown fit
    in_torch: InTorch | None = None  # where PyTorch trained the shown fit
    units: UnitUse | None = None  # of a network that did not diverge, with a test part
    over_seeds: SeedRuns | None = None
    variants: tuple[Variant, ...] = ()
    diverged: bool = False
    sicknesses: tuple[str, ...] = ()  # what the training suffers from, a sentence each
    notes: tuple[str, ...] = ()  # what the fits said, such as a solver that did not converge


class Comparison(Record):
    """A printed number beside ours."""

    model: str  # a model's key, or "" for the whole experiment
    quantity: str
    printed: float | str
    ours: Number | str
    decimals: int | None = None  # that the document prints
    agreement: Agreement
    # What the interval beside a number is of: one more run, from the runs over seeds; or our score
    # on as many other rows. None where there is none, and in older runs.
    interval: Literal["seeds", "rows"] | None = None
    remark: str = ""


class PairedTest(Record):
    """Two models on the same test rows: the exact McNemar test, and how far they are apart.

    Of a regression it is the exact sign test, which is the same sum: on how many rows a is nearer
    to the truth, on how many b. The differences are of a less b.
    """

    a: str
    b: str
    only_a: int  # rows that only a has right; of a regression, to which a is nearer
    only_b: int
    n: int
    p_value: float  # two-sided
    accuracy_difference: Estimate | None = None  # None where one of the two diverged
    loss_difference: Estimate | None = None  # None also where a loss is infinite or unknown
    r2_difference: Estimate | None = None  # of a regression; None where one of the two diverged
    mae_difference: Estimate | None = None


class Prediction(Record):
    model: str
    label: str
    probability: Number = None  # that the model gives to this label
    probability_of_truth: Number = None


class HardImage(Record):
    """A test image that the models find hard."""

    index: int  # its row in the test part
    label: str
    pixels: tuple[float, ...]
    predictions: tuple[Prediction, ...]


class OutputRow(Record):
    """What the chosen network computes for a test row; lists over the classes."""

    index: int  # its row in the test part
    label: str
    pixels: tuple[float, ...] = ()
    logits: tuple[Number, ...]  # None for a class that has none of its own
    probabilities: tuple[Number, ...]
    softmax_again: tuple[Number, ...] = ()  # of the probabilities, where they come from one


class Question(Record):
    """A question that the document asks, and what these numbers answer."""

    question: str
    answer: str


class Environment(Record):
    """What the numbers were made with: the process that began the run, and what was different in
    those that went on with it."""

    python: str
    platform: str
    machine: str
    processor: str = ""  # its model's name; empty where it is not known, and in older runs
    memory: int | None = None  # bytes, of the whole machine
    cores: int
    versions: dict[str, str]
    seed: int | None = None
    commit: str | None = None
    modified: bool | None = None  # whether the checkout differed from the commit
    changed: tuple[str, ...] = ()  # a sentence each, without its full stop


class Verified(Record):
    """The model's file, read back: bit for bit the parameters and outputs of what was trained."""

    parameters: int  # all of them
    rows: int  # of the test part (of the training part where there is none), for the outputs


class Timing(Record):
    step: str  # "baseline", "search", "fit", "seeds", ...
    model: str = ""
    seconds: float


class Clock(Record):
    """Everything that differs from one run to the next."""

    started: str  # ISO 8601, UTC
    seconds: float
    timings: tuple[Timing, ...] = ()
    # The seconds of training that each candidate of a search, or each cell of a sweep, took of the
    # whole, in their order: by the model's key, of a sweep ``KEY: BUDGET``.
    parts: dict[str, tuple[float, ...]] = Field(default_factory=dict)


class Results(Record):
    """The whole of one run."""

    schema_version: Literal[1] = 1
    recipe: str
    kind: str
    title: str
    question: str
    quick: bool = False  # whether it is the spec's quick version
    changed: tuple[str, ...] = ()  # what was replaced in the spec: ``dotted.path = value``
    source: Source
    metric: str = "accuracy"
    assumptions: tuple[Assumption, ...] = ()
    data: DataSummary
    models: tuple[ModelResult, ...] = ()
    chosen: str | None = None  # the key of the model that is saved and tested against the others
    comparisons: tuple[Comparison, ...] = ()
    tests: tuple[PairedTest, ...] = ()
    hardest: tuple[HardImage, ...] = ()
    hardest_rule: str = ""
    outputs: tuple[OutputRow, ...] = ()  # of the chosen network, if the spec asks
    findings: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    errata: tuple[Erratum, ...] = ()
    saved: Verified | None = None  # None where no model was saved, and in older runs
    spec: str  # TOML, as resolved
    environment: Environment
    clock: Clock
    _folder: Path | None = PrivateAttr(default=None)

    def __repr__(self) -> str:
        scores = {one.label: one.scores.test for one in self.models if one.scores.test is not None}
        said = ", ".join(f"{label} {score:.4f}" for label, score in scores.items())
        where = "" if self._folder is None else f" in {self._folder}"
        return f"<Results of {self.title!r}{where}; test {self.metric}: {said or 'none'}>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        """Whether they found the same, wherever it is kept."""
        if not isinstance(other, Results):
            return NotImplemented
        return Record.__eq__(self.kept_in(None), other.kept_in(None))

    def kept_in(self, folder: Path | None) -> Results:
        """The same, which knows where it is kept."""
        found = self.model_copy()
        found._folder = None if folder is None else folder.absolute()
        return found

    @property
    def folder(self) -> Path:
        """The run's folder.

        Raises:
            RunError: these results were not read from one.
        """
        if self._folder is None:
            raise RunError(
                "Required results that a run gave or `chainrule.experiments.read` found; these "
                "came from elsewhere, and have no folder."
            )
        return self._folder

    @property
    def model(self) -> Any:
        """The chosen model with its preparation, read from the run's folder each time.

        Raises:
            RunError: the folder is not known, or has no model: nothing was trained, or what was
                chosen is a model that is not saved.
        """
        path = self.folder / "model.safetensors"
        if not path.exists():
            raise RunError(
                f"Required a run that has a model; there is no {path}. A run that only looks at "
                "data saves none, nor does one whose chosen model is no network."
            )
        from chainrule.files import load

        return load(path)

    def comparable(self) -> dict[str, Any]:
        """All but the wall times, as plain JSON values: equal for equal runs on one machine."""
        return self.model_dump(mode="json", exclude={"clock"})
