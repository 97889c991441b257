"""Data sets of one or two features that are made, not found: a table of shapes.

All take the number of points, a noise and a seed; equal values make equal points. The points of a
class are as many as those of another, or one more, and are shuffled. A shape without classes is a
regression.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data.record import DataSet, Task, content_hash
from chainrule.errors import DataError, unknown_name

__all__ = ["GENERATED", "Shape", "generate"]

MOST_POINTS = 10_000_000
_SPIRAL_TURNS = 1.5

Points = tuple[np.ndarray, np.ndarray]  # X, (n, features); y, (n,)


@dataclass(frozen=True)
class Shape:
    """How points are drawn, and what a reader is told."""

    draw: Callable[[int, float, int], Points]
    n_classes: int  # 0 for a regression
    noise: float  # unless told otherwise
    title: str
    maths: str
    feature_names: tuple[str, ...] = ("x1", "x2")
    target_name: str = ""  # of a regression

    @property
    def task(self) -> Task:
        return "classification" if self.n_classes else "regression"


def generate(name: str, **parameters: Any) -> DataSet:
    """A generated data set, all of it in the training part.

    Args:
        name: a row of `GENERATED`.
        parameters: ``n``, how many points, 500; ``noise``, see the row's ``maths``; ``seed``, 0.

    Raises:
        DataError: an unknown parameter, or a value that cannot be.
    """
    shape = GENERATED[name]
    given = {"n": 500, "noise": shape.noise, "seed": 0}
    for key in parameters:
        if key not in given:
            raise DataError(unknown_name(f"parameter of the data set {name!r}:", key, given))
    given.update(parameters)
    n, noise, seed = _checked(name, shape, given)
    X, y = shape.draw(n, noise, seed)
    X = np.asarray(X, dtype=np.float64)
    y = np.asarray(y, dtype=np.int64 if shape.n_classes else np.float64)
    return DataSet(
        name=name,
        X_train=X,
        y_train=y,
        X_test=None,
        y_test=None,
        feature_names=shape.feature_names,
        class_names=tuple(str(k) for k in range(shape.n_classes)),
        image_shape=None,
        pixel_range=None,
        source=f"generated: {name}, n = {n}, noise = {noise:g}, seed = {seed}",
        licence="none needed",
        sha256=content_hash(X, y),
        task=shape.task,
        target_name=shape.target_name,
    )


def _checked(name: str, shape: Shape, given: dict[str, Any]) -> tuple[int, float, int]:
    n = _whole(name, "n", given["n"], max(shape.n_classes, 1), MOST_POINTS)
    seed = _whole(name, "seed", given["seed"], 0, 2**32 - 1)
    noise = given["noise"]
    real = isinstance(noise, int | float | np.integer | np.floating) and noise is not True
    if not real or not 0 <= noise < np.inf:
        raise DataError(f"{name}: required a noise of 0 or more, came {noise!r}.")
    return n, float(noise), seed


def _whole(name: str, key: str, value: Any, least: int, most: int) -> int:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        raise DataError(
            f"{name}: required a whole number {key} from {least} to {most:,}, came {value!r}."
        )
    return int(value)


def _moons(n: int, noise: float, seed: int) -> Points:
    from sklearn.datasets import make_moons

    return make_moons(n, noise=noise, random_state=seed)


def _circles(n: int, noise: float, seed: int) -> Points:
    from sklearn.datasets import make_circles

    return make_circles(n, noise=noise, factor=0.5, random_state=seed)


def _blobs(n: int, noise: float, seed: int) -> Points:
    from sklearn.datasets import make_blobs

    X, y = make_blobs(n, n_features=2, centers=3, cluster_std=noise, random_state=seed)
    return X, y


def _spirals(n: int, noise: float, seed: int) -> Points:
    draws = np.random.default_rng(seed)
    y = np.arange(n) % 2
    t = np.sqrt(
        draws.uniform(size=n)
    )  # the root: points lie evenly along the arm, not in its heart
    angle = 2 * np.pi * _SPIRAL_TURNS * t + np.pi * y
    X = t[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    X += noise * draws.standard_normal((n, 2))
    order = draws.permutation(n)
    return X[order], y[order]


def _xor(n: int, noise: float, seed: int) -> Points:
    draws = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = draws.uniform(-1.0, 1.0, size=(n, 2))
    differ = (X[:, 0] > 0) != (X[:, 1] > 0)
    X[differ != (y == 1), 1] *= -1.0  # mirror a point of the wrong class into the right square
    X += noise * draws.standard_normal((n, 2))
    order = draws.permutation(n)
    return X[order], y[order]


def _sine(n: int, noise: float, seed: int) -> Points:
    draws = np.random.default_rng(seed)
    x = draws.uniform(-np.pi, np.pi, size=n)
    return x[:, None], np.sin(2 * x) + noise * draws.standard_normal(n)


GENERATED: dict[str, Shape] = {
    "moons": Shape(
        _moons,
        2,
        0.2,
        "two half moons that reach into each other",
        "Two half circles of radius 1 that reach into each other: (cos t, sin t) and "
        "(1 - cos t, 1/2 - sin t), t from 0 to pi; N(0, noise^2) is added to each coordinate.",
    ),
    "circles": Shape(
        _circles,
        2,
        0.1,
        "a circle around a circle",
        "A circle of radius 1 (class 0) around one of radius 1/2 (class 1); N(0, noise^2) is "
        "added to each coordinate.",
    ),
    "spirals": Shape(
        _spirals,
        2,
        0.02,
        "two spiral arms around each other",
        "Two arms that turn one and a half times: t (cos a, sin a) with a = 3 pi t + pi y, "
        "t the root of a uniform number; N(0, noise^2) is added to each coordinate.",
    ),
    "blobs": Shape(
        _blobs,
        3,
        1.0,
        "three round clouds",
        "Three clouds N(m, noise^2 I), their middles m drawn evenly from [-10, 10]^2 by the seed.",
    ),
    "xor": Shape(
        _xor,
        2,
        0.0,
        "a square whose opposite quarters belong together",
        "Points drawn evenly from [-1, 1]^2, class 1 where the signs of the coordinates differ; "
        "N(0, noise^2) is added to each coordinate afterwards.",
    ),
    "sine": Shape(
        _sine,
        0,
        0.2,
        "two waves of a sine, to be drawn through noise",
        "y = sin(2 x) + N(0, noise^2), x drawn evenly from [-pi, pi].",
        feature_names=("x",),
        target_name="y",
    ),
}
