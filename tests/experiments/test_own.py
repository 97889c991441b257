"""From a file to a spec and a data set, and from numbers back to the labels of the table."""

import numpy as np
import pandas as pd
import pytest

from chainrule.data.own import load_table
from chainrule.data.splits import Part
from chainrule.errors import DataError, SpecError
from chainrule.experiments.datasets import data_of, data_task, prepared_by
from chainrule.experiments.grid import _folds
from chainrule.experiments.loading import load, to_table
from chainrule.experiments.own import plan
from chainrule.experiments.prepared import PreparationStep
from chainrule.experiments.toml import dumps
from chainrule.experiments.whole import folder_labels, named

N = 60
NAMES = [
    "a.b",
    'say "so"',
    "größe ☂",
    "with space",
    "it's",
    "#1",
    "[x]",
    "back\\slash",
    "tab\there",
]


@pytest.fixture
def file(tmp_path):
    random = np.random.RandomState(0)
    frame = pd.DataFrame(random.normal(size=(N, len(NAMES))), columns=NAMES)
    frame["y"] = np.array(["u", "v", "w"])[np.arange(N) % 3]
    frame["number"] = random.normal(size=N)
    frame.to_csv(tmp_path / "my data (2).csv", index=False)
    return tmp_path / "my data (2).csv"


@pytest.mark.parametrize("tune", [0, 3])
@pytest.mark.parametrize(("target", "task"), [("y", "classification"), ("number", "regression")])
def test_the_spec_survives_being_written(file, tmp_path, tune, target, task):
    found = plan(file, target, tune=tune, seed=4, drop=["it's"], kinds={"a.b": "number"})
    spec = load(found.spec)
    (tmp_path / "s.toml").write_text(dumps(to_table(spec)), encoding="utf-8")
    again = load(tmp_path / "s.toml")
    assert again == spec
    assert again.name == "my-data-2"
    assert set(again.data.table.kinds) == {*NAMES, "y", "number"} - {"it's", target}
    assert data_task(again.data) == found.target.task == task
    data = data_of(again.data)
    np.testing.assert_array_equal(
        data.X_train, load_table(file, target=target, drop=["it's"]).X_train
    )
    assert "without it's (left out, as asked for)" in data.remark


def test_a_column_called_like_markup(file):
    """Every name can be the target."""
    for name in NAMES:
        data = load_table(file, target=name)
        assert data.task == "regression" and name not in data.feature_names


def test_rows_without_a_target_are_left_out(tmp_path):
    frame = pd.DataFrame({"x": np.arange(30) / 7, "y": [1.0, 2.0, np.nan, np.inf, 1.0] * 6})
    for path in (tmp_path / "t.csv", tmp_path / "t.parquet"):
        (frame.to_csv if path.suffix == ".csv" else frame.to_parquet)(path, index=False)
        for task, y in (("classification", [0, 1, 0]), ("regression", [1.0, 2.0, 1.0])):
            data = load_table(path, target="y", task=task)
            assert data.y_train.tolist() == y * 6
            np.testing.assert_array_equal(data.X_train[:3, 0], frame["x"][[0, 1, 4]])
            assert "12 rows without y were left out" in data.remark


def test_what_is_asked_for_and_is_not_there(file):
    with pytest.raises(DataError, match="Unknown column 'z'"):
        plan(file, "z")
    with pytest.raises(DataError, match="column 'y', row 1: required a number, came 'u'"):
        load_table(file, target="number", kinds={"y": "number"})


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (
            "preparation.scalling",
            "none",
            r"preparation\.scalling: unknown key\. Did you mean 'scal",
        ),
        (
            "preparation.scaling",
            "max",
            r"scaling: required 'robust', 'standard' or 'none'; came 'm",
        ),
        ("preparation.min_count", 0, r"preparation\.min_count: required a whole number from 1 on"),
        ("preparation.max_levels", True, r"preparation\.max_levels: required a whole number"),
        ("preparation.bound", -1.0, r"preparation\.bound: required None, or a finite number above"),
        ("options.missing", 3, r"options\.missing"),
    ],
)
def test_the_preparation_is_checked(file, path, value, text):
    with pytest.raises(SpecError, match=text):
        load(plan(file, "y").spec, {f"data.table.{path}": value})


def test_the_preparation_of_folds(file):
    """A grid's folds, and a search's, are prepared as the spec says."""
    how = {"data.table.preparation.scaling": "standard", "data.table.preparation.bound": 0.5}
    spec = load(plan(file, "number", drop=["y"]).spec, how)
    assert prepared_by(spec.data) == {
        "scaling": "standard",
        "min_count": 10,
        "max_levels": 64,
        "bound": 0.5,
    }
    data = data_of(spec.data)
    part = Part(data.X_train, data.y_train)
    for fold in _folds(spec, spec.models["ridge"], part, None, data.columns):
        assert 0.4 < np.abs(fold.train.X).max() < 0.5
    step = PreparationStep(("table",), None, "float32", data.columns, prepared_by(spec.data))
    assert 0.4 < np.abs(step.fit_transform(data.X_train)).max() < 0.5


def test_nothing_is_asked_of_the_target(file):
    """What it is, is said by the task."""
    with pytest.raises(DataError, match=r"--target 'y'.*--drop 'y'"):
        plan(file, "y", drop=["y"])
    with pytest.raises(DataError, match=r"--target 'number'.*as a category.*--task classification"):
        plan(file, "number", kinds={"number": "category"})


class Net:
    """What a classifier has after fitting on the numbers of classes."""

    def __init__(self, classes):
        self.classes_ = np.arange(classes)
        self._label_binarizer = type("B", (), {"classes_": self.classes_})()


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("a", "b"), ["a", "b"]),
        (("false", "true"), [False, True]),
        (("-3", "0", "12"), [-3, 0, 12]),
        (("0.5", "2", "10.5"), [0.5, 2.0, 10.5]),
        (("007", "010"), ["007", "010"]),
        (("1", "10", "2", "x"), ["1", "10", "2", "x"]),
    ],
)
def test_labels_come_back(names, labels):
    net = Net(len(names))
    found = named(net, names)
    assert found.classes_.tolist() == found._label_binarizer.classes_.tolist() == labels
    assert net.classes_.tolist() == list(range(len(names)))  # the network itself keeps its numbers


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("-3", "0", "12"), [-3, 0, 12]),
        (("false", "true"), ["false", "true"]),
        (("0.5", "2"), ["0.5", "2"]),
        (("007", "010"), ["007", "010"]),
    ],
)
def test_folders_are_numbers_or_text(names, labels):
    """What a folder is called is found again in what is predicted, letter by letter."""
    found = folder_labels(Net(len(names)), names)
    assert found.tolist() == labels and [str(label) for label in found.tolist()] == list(names)
