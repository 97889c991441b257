"""The kinds of models that an experiment can train: a row each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from inspect import signature
from typing import Any

from chainrule.data.record import Task
from chainrule.errors import SpecError, unknown_name

__all__ = ["FAMILIES", "Family", "family", "to_python", "to_toml"]


@dataclass(frozen=True)
class Family:
    """A scikit-learn-compatible classifier or regressor.

    ``takes_validation``: whether ``fit`` accepts ``X_val`` and ``y_val``, scored each epoch.
    ``together``: whether many of them can be trained in one program.
    ``saves``: whether `chainrule.save` can keep it.
    ``network``: whether it has layers, and so logits.
    ``task``: what it is for.
    """

    home: str  # "package.module:Class", imported when first used
    label: str
    takes_validation: bool = False
    together: bool = False
    saves: bool = False
    network: bool = False
    task: Task = "classification"
    fixed: Mapping[str, Any] = field(default_factory=dict)  # settings, unless a spec says otherwise

    def estimator_class(self) -> Any:
        module, name = self.home.split(":")
        return getattr(import_module(module), name)

    def parameters(self) -> list[str]:
        """The names that its settings may have."""
        return [name for name in signature(self.estimator_class()).parameters if name != "self"]

    def build(self, settings: Mapping[str, Any]) -> Any:
        """An unfitted estimator with these settings."""
        known = {**self.fixed, **settings}
        return self.estimator_class()(**{key: to_python(value) for key, value in known.items()})


FAMILIES: dict[str, Family] = {
    "mlp": Family(
        "chainrule:MLPClassifier",
        "multilayer perceptron (Chainrule)",
        takes_validation=True,
        together=True,
        saves=True,
        network=True,
        fixed={"on_divergence": "keep"},  # a diverged fit is a result here, not an exception
    ),
    "sklearn-mlp": Family(
        "sklearn.neural_network:MLPClassifier",
        "multilayer perceptron (scikit-learn)",
        network=True,
    ),
    "logistic-regression": Family(
        "sklearn.linear_model:LogisticRegression", "logistic regression (scikit-learn)"
    ),
    "majority": Family("sklearn.dummy:DummyClassifier", "the commonest class, always"),
    "boosted-trees": Family(
        "sklearn.ensemble:HistGradientBoostingClassifier", "gradient-boosted trees (scikit-learn)"
    ),
    "tree": Family("sklearn.tree:DecisionTreeClassifier", "decision tree (scikit-learn)"),
    "k-nearest-neighbours": Family(
        "sklearn.neighbors:KNeighborsClassifier", "k-nearest neighbours (scikit-learn)"
    ),
    "mlp-regressor": Family(
        "chainrule:MLPRegressor",
        "multilayer perceptron for regression (Chainrule)",
        takes_validation=True,
        together=True,
        saves=True,
        network=True,
        task="regression",
        fixed={"on_divergence": "keep"},
    ),
    "sklearn-mlp-regressor": Family(
        "sklearn.neural_network:MLPRegressor",
        "multilayer perceptron for regression (scikit-learn)",
        network=True,
        task="regression",
    ),
    "linear-regression": Family(
        "sklearn.linear_model:LinearRegression",
        "linear regression (scikit-learn)",
        task="regression",
    ),
    "mean": Family("sklearn.dummy:DummyRegressor", "the mean, always", task="regression"),
    "boosted-trees-regressor": Family(
        "sklearn.ensemble:HistGradientBoostingRegressor",
        "gradient-boosted trees for regression (scikit-learn)",
        task="regression",
    ),
    "ridge": Family(
        "sklearn.linear_model:Ridge", "ridge regression (scikit-learn)", task="regression"
    ),
    "tree-regressor": Family(
        "sklearn.tree:DecisionTreeRegressor", "regression tree (scikit-learn)", task="regression"
    ),
    "k-nearest-neighbours-regressor": Family(
        "sklearn.neighbors:KNeighborsRegressor",
        "k-nearest neighbours for regression (scikit-learn)",
        task="regression",
    ),
}


def family(name: str) -> Family:
    if name not in FAMILIES:
        raise SpecError(unknown_name("family", name, FAMILIES))
    return FAMILIES[name]


def to_python(value: Any) -> Any:
    """A value of a TOML file as an estimator wants it: "none" is None, a list is a tuple."""
    if isinstance(value, list | tuple):
        return tuple(to_python(item) for item in value)
    return None if value == "none" else value


def to_toml(value: Any) -> Any:
    """The inverse of `to_python`."""
    if isinstance(value, list | tuple):
        return [to_toml(item) for item in value]
    return "none" if value is None else value
