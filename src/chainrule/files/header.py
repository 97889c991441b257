"""The model's own header: versioned, closed, and checked by pydantic in both directions.

Every name that leads to code is one of a closed set: the estimator's class, activations, the
optimizer. What each array must be follows from the header alone (see ``arrays.py``), so a file
that contradicts itself is refused before an array is read. ``kind`` leaves room for models of
other kinds beside ``mlp``.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.files import values
from chainrule.files.limits import MAX_LAYERS, MAX_STEPS
from chainrule.files.prepared import PreparedRecord
from chainrule.files.records import Count, Finite, Name, Number, Record
from chainrule.files.refusal import explain, refuse, shown
from chainrule.files.transformers import TransformerRecord
from chainrule.models.gaps import LONGEST_GAP, MOST_GAPS
from chainrule.models.images import MOST_SIDE, ImageInput

__all__ = [
    "FORMAT_VERSION",
    "MLP",
    "About",
    "Fitted",
    "Header",
    "Labels",
    "Pipeline",
    "Training",
    "version_of",
]

FORMAT_VERSION = 4
"""The newest that is written and read. What an older version can say is written as that version,
so that older readers can open it: a single network without facts about it as version 1, a model
that knows neither of images nor of texts for what is missing as version 2."""

KEY_WORDS = 624
"""Words in the state of the Mersenne Twister."""


def _one_of(table: Any) -> AfterValidator:
    def check(name: str) -> str:
        if name not in table:
            raise ValueError(f"be one of {', '.join(sorted(table))}")
        return name

    return AfterValidator(check)


Activation = Annotated[str, _one_of(ACTIVATIONS)]


class Network(Record):
    """Units of every layer, the input's first; the activation of each but that; the type."""

    sizes: Annotated[list[Annotated[int, Field(ge=1, lt=2**31)]], Field(min_length=2)]
    activations: Annotated[list[Activation], Field(min_length=1, max_length=MAX_LAYERS)]
    dtype: Literal["float32", "float64"]

    @model_validator(mode="after")
    def _one_each(self) -> "Network":
        n_layers = len(self.sizes) - 1
        if len(self.activations) != n_layers:
            refuse(f"one activation for each of {n_layers} layers", f"{len(self.activations)}")
        return self


class Labels(Record):
    """What a classifier tells apart.

    ``text`` is None for labels that are numbers; for text it is the width in characters of
    NumPy's type, 0 for Python's own strings.
    """

    y_type: Literal["binary", "multiclass", "multilabel-indicator"]
    count: Annotated[int, Field(ge=1, lt=2**31)]
    text: Count | None
    sparse: bool

    @model_validator(mode="after")
    def _sparse_where_several(self) -> "Labels":
        if self.sparse and self.y_type != "multilabel-indicator":
            refuse("sparse labels of several a sample alone", f"sparse ones, {self.y_type}")
        return self


class ValidationChance(Record):
    """What a constant answer gets on the rows to validate on, as `chainrule.estimators.chance` has
    it."""

    loss: Number
    score: Number
    rows: Annotated[float, Field(gt=0, lt=math.inf)]
    luck: Number


class Fitted(Record):
    """Fitted attributes by scikit-learn's names. One that the estimator lacks is left out;
    ``"array"`` says that an array of the file holds it."""

    n_iter_: Count
    t_: Count
    loss_: Number | None = None
    best_loss_: Number | None = None
    best_validation_score_: Number | None = None
    best_epoch_: Count | None = None
    diverged_: bool | None = None
    chance_loss_: Number | None = None
    validation_chance_: ValidationChance | None = None
    loss_curve_: Literal["array"] | None = None
    validation_scores_: Literal["array"] | None = None


class RandomState(Record):
    """Where in its stream a Mersenne Twister stands; its 624 words are an array.

    The position is an index into C memory, which NumPy does not check.
    """

    position: Annotated[int, Field(ge=0, le=KEY_WORDS)]
    has_gauss: Literal[0, 1]
    gauss: Finite


class Watched(Record):
    """What a schedule that goes by the losses remembers; ``best`` is None before the first."""

    best: Finite | None
    bad: Count
    cooling: Count


class Training(Record):
    """What going on with the training needs, beside its arrays."""

    optimizer: Annotated[str, _one_of(OPTIMIZERS)]
    step: Count
    epoch: Count
    base_rate: Annotated[float, Field(ge=0, lt=math.inf)]
    mask_seed: Annotated[int, Field(ge=0, lt=2**32)]
    no_improvement: Count
    plateau: Watched | None = None
    random: RandomState


class MLP(Record):
    """A multilayer perceptron with scikit-learn's interface.

    ``params`` are the constructor's, encoded as in ``values.py``; ``random_state`` stands for
    that parameter where it is a stream and not a seed. ``history`` names the columns, and
    ``history_by_layer`` those of them that have a number for each layer.
    """

    kind: Literal["mlp"]
    estimator: Literal["MLPClassifier", "MLPRegressor"]
    params: dict[Name, Any]
    random_state: RandomState | None
    network: Network
    labels: Labels | None
    feature_names: bool
    fitted: Fitted
    history: list[Name] | None
    history_by_layer: list[Name] = Field(default=[])
    training: Training | None

    @model_validator(mode="after")
    def _consistent(self) -> "MLP":
        with_labels = self.labels is not None
        if with_labels != (self.estimator == "MLPClassifier"):
            came = f"{self.estimator} {'with' if with_labels else 'without'} labels"
            refuse("labels for a classifier, and none for a regressor", came)
        if self.labels and not self._outputs_match(self.labels):
            required = f"outputs for {self.labels.count} labels ({self.labels.y_type})"
            refuse(required, f"{self.network.sizes[-1]} outputs")
        if self.history is not None and len(set(self.history)) < len(self.history):
            refuse("each column of the history once", "one of them twice")
        if strangers := set(self.history_by_layer) - set(self.history or []):
            refuse("columns by layer that the history has", shown(min(strangers)))
        return self

    def _outputs_match(self, labels: Labels) -> bool:
        if labels.y_type == "binary":
            return self.network.sizes[-1] == 1 and labels.count <= 2
        return self.network.sizes[-1] == labels.count


Text = Annotated[str, Field(max_length=1000)]
Gap = Annotated[str, Field(max_length=LONGEST_GAP)]


class Searched(Record):
    """How the model's parameters were found."""

    strategy: Text
    candidates: Count
    best_score: Number
    best_params: dict[Text, Any]

    @model_validator(mode="after")
    def _params_of_this_format(self) -> "Searched":
        self.decoded()
        return self

    def decoded(self) -> dict[str, Any]:
        """The best parameters' values."""
        return {name: values.decode(value, name) for name, value in self.best_params.items()}


class ImageRecord(Record):
    """What images a model takes; see `chainrule.models.images`."""

    height: Annotated[int, Field(ge=1, le=MOST_SIDE)]
    width: Annotated[int, Field(ge=1, le=MOST_SIDE)]
    colour: Literal["grey", "rgb"]
    fit: Literal["stretch", "crop"]

    def made(self) -> ImageInput:
        """The record as the program has it."""
        return ImageInput(self.height, self.width, self.colour, self.fit)


class About(Record):
    """What is known of a model besides what it computes; each may be left out.

    ``image`` says what images its rows are; ``missing`` which texts stand for a value that is not
    there in files of text; ``source`` is the name of the training data's file, ``fingerprint``
    their SHA-256, ``rows`` how many were trained on, ``metrics`` what was measured, by part and
    name (``"test accuracy"``).
    """

    task: Literal["binary", "multiclass", "multilabel", "regression"] | None = None
    target: Text | None = None
    source: Text | None = None
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    rows: Count | None = None
    metrics: dict[Text, Number] = Field(default={}, max_length=200)
    search: Searched | None = None
    image: ImageRecord | None = None
    missing: Annotated[list[Gap], Field(max_length=MOST_GAPS)] | None = None


AnyTransformer = Annotated[TransformerRecord | PreparedRecord, Field(discriminator="kind")]


class Pipeline(Record):
    """Transformers and, last, a network: scikit-learn's Pipeline. The arrays of the n-th
    transformer are called ``step<n>.<name>``; ``names`` are all steps' names."""

    kind: Literal["pipeline"]
    names: Annotated[list[Text], Field(min_length=1, max_length=MAX_STEPS + 1)]
    steps: Annotated[list[AnyTransformer], Field(max_length=MAX_STEPS)]
    network: MLP

    @model_validator(mode="after")
    def _one_after_the_other(self) -> "Pipeline":
        if len(self.names) != len(self.steps) + 1 or len(set(self.names)) < len(self.names):
            refuse(f"a name for each of {len(self.steps) + 1} steps", shown(self.names))
        takes = [*(step.n_in for step in self.steps[1:]), self.network.network.sizes[0]]
        gives = [step.n_out for step in self.steps]
        if self.steps and gives != takes:
            refuse(f"steps that take {shown(gives)} columns", f"steps that take {shown(takes)}")
        return self


class Header(Record):
    """The whole header. ``made_with`` holds the versions of the software that wrote the file."""

    format: Literal["chainrule-model"]
    format_version: Literal[1, 2, 3, 4]
    made_with: Annotated[
        dict[str, Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=16)
    ]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    model: Annotated[MLP | Pipeline, Field(discriminator="kind")]
    about: About | None = None

    @model_validator(mode="after")
    def _version_knows_it(self) -> "Header":
        needed = version_of(self.model, self.about)
        if self.format_version < needed:
            refuse(f"format version {needed} for what is in the file", f"{self.format_version}")
        return self

    @model_validator(mode="after")
    def _takes_its_images(self) -> "Header":
        if self.about is None or self.about.image is None:
            return self
        steps = self.model.steps if isinstance(self.model, Pipeline) else []
        n_in = steps[0].n_in if steps else self.network.network.sizes[0]
        image = self.about.image.made()
        if image.n_features != n_in:
            refuse(f"images of {n_in} values, as the model takes", f"images of {image.n_features}")
        return self

    @property
    def network(self) -> MLP:
        """The network, by itself or the Pipeline's last step."""
        return self.model.network if isinstance(self.model, Pipeline) else self.model

    @classmethod
    def check(cls, value: dict[str, Any]) -> "Header":
        """The header in parsed JSON; a newer version than this is told apart from damage."""
        version = value.get("format_version")
        if type(version) is int and version > FORMAT_VERSION:
            refuse(
                f"format version {FORMAT_VERSION} or older",
                f"{shown(version)}, made with {shown(value.get('made_with'))}",
                "A newer Chainrule wrote it: install one (pip install --upgrade chainrule).",
            )
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            explain(error, "the model's header")

    def as_json(self) -> dict[str, Any]:
        """What ``check`` takes; attributes that were left out stay left out."""
        return self.model_dump(exclude_unset=True)


def version_of(model: MLP | Pipeline, about: About | None) -> int:
    """The first version of the format that has these."""
    if about is not None and "missing" in about.model_fields_set:  # null too is a key of its own
        return 4
    if about is not None and about.image is not None:
        return 3
    return 1 if isinstance(model, MLP) and about is None else 2
