"""Small fitted models of every kind, and a way to change what is in a model file."""

import copy
import json
import warnings

import numpy as np
import pytest
import safetensors.numpy
from pandas import DataFrame
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from chainrule import MLPClassifier, MLPRegressor
from chainrule.files.digest import digest_of
from chainrule.files.model_file import to_bytes
from chainrule.tables.transformer import TablePreparation

N, FEATURES = 40, 3
RNG = np.random.RandomState(0)
X = RNG.normal(size=(N, FEATURES))
THREE = np.argmax(X, axis=1)


def strings(width):
    return np.array(["no", "perhaps", "yes ☂"], width)[THREE]


LBFGS = {"solver": "lbfgs", "max_iter": 5}
SGD = {"solver": "sgd", "max_iter": 3, "random_state": 1}
MODELS = {
    "binary": lambda: (MLPClassifier((4,), max_iter=3, random_state=0), X, THREE == 1),
    "three": lambda: (MLPClassifier((4, 2), **SGD), X, THREE),
    "float32": lambda: (MLPClassifier((4, 2), **SGD), X.astype("f4"), THREE),
    "multilabel": lambda: (MLPClassifier((4,), **SGD), X, (X[:, :2] > 0).astype(int)),
    "regressor": lambda: (
        MLPRegressor(hidden_layer_sizes=(4,), random_state=0, **LBFGS),
        X,
        X[:, 0] ** 2,
    ),
    "regressor float32": lambda: (
        MLPRegressor(hidden_layer_sizes=(4,), **SGD),
        X.astype("f4"),
        X[:, 0],
    ),
    "several outputs": lambda: (MLPRegressor(hidden_layer_sizes=(4,), **SGD), X, X[:, :2]),
    "poisson": lambda: (MLPRegressor("poisson", (4,), random_state=0, **LBFGS), X, THREE),
    "new rows": lambda: (
        MLPClassifier(
            (4, 2),
            ["selu", "mish"],
            solver="rmsprop",
            max_iter=4,
            random_state=0,
            rho=0.8,
            l1=0.01,
            l2=0.01,
            max_norm=1.5,
            label_smoothing=0.1,
            init={"name": "orthogonal", "gain": 1.2},
            schedule={"name": "reduce_on_plateau", "patience": 0, "threshold": 0.99, "cooldown": 2},
        ),
        X,
        THREE,
    ),
    "diagnosed": lambda: (
        MLPClassifier((4, 2), diagnose=True, early_stopping=True, stopping="UP", **SGD),
        X,
        THREE,
    ),
    "huber": lambda: (
        MLPRegressor(
            {"name": "huber", "delta": 0.5},
            (4,),
            solver="adagrad",
            max_iter=3,
            random_state=0,
            schedule="one_cycle",
        ),
        X,
        X[:, 0],
    ),
    "absolute": lambda: (
        MLPRegressor("absolute_error", (4,), max_iter=3, random_state=0),
        X,
        X[:, 0],
    ),
    "everything set": lambda: (everything_set(), X, strings(object)),
    "pipeline": lambda: (
        make_pipeline(
            SimpleImputer(),
            StandardScaler(),
            RobustScaler(),
            MinMaxScaler(clip=True),
            MaxAbsScaler(),
            PCA(2, whiten=True),
            MLPClassifier((4,), **SGD),
        ),
        DataFrame(np.where(X > 1.5, np.nan, X), columns=["length", "width", "ähnlich"]),
        strings("U8"),
    ),
    "pipeline float32": lambda: (
        make_pipeline(
            StandardScaler(with_mean=False),
            MinMaxScaler((-1, 1)),
            MLPRegressor(hidden_layer_sizes=(4,), input_scale=2.0, **SGD),
        ),
        X.astype("f4"),
        X[:, 0],
    ),
    "table": lambda: (
        make_pipeline(
            TablePreparation(
                drop=["dropped ü"], kinds={"a.b": "category"}, min_count=5, dtype="float64"
            ),
            MLPClassifier((4,), **SGD),
        ),
        people(),
        strings("U8"),
    ),
    "images": lambda: (
        MLPClassifier((4,), input_scale=255.0, dtype="float32", **SGD),
        np.clip(80 * X + 128, 0, 255).astype(np.uint8),
        strings("U8"),
    ),
    "matrix float32": lambda: (
        make_pipeline(
            TablePreparation(scaling="standard"), MLPRegressor(hidden_layer_sizes=(4,), **SGD)
        ),
        np.where(X > 1.5, np.nan, X).astype("f4"),
        X[:, 0],
    ),
}
ABOUT = {
    "images": {"image": {"height": 1, "width": 1, "colour": "rgb", "fit": "crop"}},
    "table": {"missing": ["", "-99", "keine Angabe ☂"]},
}
"""What the files of some of them tell besides."""


def people():
    """Every kind of column, with gaps."""
    return DataFrame(
        {
            'length "in" m': np.where(X[:, 0] > 1, np.nan, X[:, 0]),
            "town": np.array(["Bonn", None, "Århus"], object)[np.arange(N) % 3],
            "dropped ü": np.arange(N) % 7,
            "a.b": np.arange(N) % 6,
            "same": np.ones(N),
            "since": np.datetime64("2026-11-22T10:00") + np.arange(N).astype("m8[D]") * 40,
            "owner": X[:, 1] > 0,
        }
    )


def everything_set():
    """A model whose parameters need each of the encodings."""
    return MLPClassifier(
        hidden_layer_sizes=np.array([4, 3]),
        activation=["tanh", "gelu"],
        solver="adamw",
        learning_rate_init=np.float32(0.01),
        max_iter=np.int64(3),
        random_state=np.random.RandomState(5),
        early_stopping=np.bool_(True),
        validation_fraction=0.25,
        n_iter_no_change=np.inf,
        dropout=(0.1, np.float64(0.2)),
        l2=1e-3,
        schedule={"name": "cosine", "warmup": 1},
        init={"name": "normal", "scale": 0.3},
        clip_global_norm=1.0,
        class_weight={"no": 1, "perhaps": 2.5, "yes ☂": np.float64(0.5)},
    )


def fit(est, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return est.fit(X, y)


@pytest.fixture(scope="session")
def fitted():
    """``fitted(name)`` is a model, fitted once, and the rows it was fitted on."""
    made = {}

    def get(name):
        if name not in made:
            est, rows, y = MODELS[name]()
            made[name] = fit(est, rows, y), rows
        return made[name]

    return get


@pytest.fixture(scope="session")
def saved(fitted):
    """``saved(name)`` is the bytes of that model's file."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = to_bytes(fitted(name)[0], ABOUT.get(name))
        return made[name]

    return get


@pytest.fixture(scope="session")
def edited():
    """``edited(data, change)`` is the file after ``change(header, arrays)``, with a right
    checksum: what somebody makes who knows the format."""

    def edit(data, change):
        length = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + length])["__metadata__"]
        header, arrays = json.loads(metadata["chainrule"]), safetensors.numpy.load(data)
        arrays = copy.deepcopy(arrays)
        change(header, arrays)
        header["sha256"] = digest_of(header, arrays)
        return safetensors.numpy.save(arrays, {"chainrule": json.dumps(header)})

    return edit


@pytest.fixture(params=list(MODELS))
def model(request, fitted):
    """Each model in turn, with its rows."""
    return fitted(request.param)
