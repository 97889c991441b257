"""The metrics against scikit-learn's."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from tests.streams.conftest import people

from chainrule import predict_batches
from chainrule.errors import DataError, InvalidInputError
from chainrule.streams.evaluate import evaluate

CLASSIFIERS = ("texts", "numbers", "truth")


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ""])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classes(models, tmp_path, name, suffix):
    pipe, path, frame, y = models[name]
    table = frame.assign(y=y)
    given = tmp_path / f"t{suffix}"
    if suffix:
        (table.to_csv if suffix == ".csv" else table.to_parquet)(given, index=False)
    found = evaluate(path, given if suffix else table)
    assert found["rows"] == len(frame) and found["left_out"] == 0
    assert found["accuracy"] == metrics.accuracy_score(y, pipe.predict(frame))
    P = pipe.predict_proba(frame).astype(float)
    loss = metrics.log_loss(y, P / P.sum(axis=1, keepdims=True), labels=pipe.classes_)
    assert found["log_loss"] == pytest.approx(loss, rel=1e-5)


def test_numbers_of_classes_as_floats(models):
    """A column of whole numbers with gaps is one of floats."""
    _, path, frame, y = models["numbers"]
    y = y.astype(float)
    y[::9] = np.nan
    found = evaluate(path, frame.assign(y=y))
    assert found["left_out"] == np.isnan(y).sum()
    kept = ~np.isnan(y)
    assert found == {
        **evaluate(path, frame[kept].assign(y=y[kept])),
        "left_out": found["left_out"],
    }


def test_values(models, monkeypatch):
    pipe, path, frame, y = models["values"]
    y = y + 1e4  # where a sum of squares would lose its digits
    p = pipe.predict(frame).astype(float)
    y = np.where(np.arange(len(y)) % 10 == 3, np.inf, y)
    kept = np.isfinite(y)
    expected = {
        "rows": kept.sum(),
        "left_out": (~kept).sum(),
        "r2": metrics.r2_score(y[kept], p[kept]),
        "rmse": metrics.root_mean_squared_error(y[kept], p[kept]),
        "mae": metrics.mean_absolute_error(y[kept], p[kept]),
    }
    for rows in (7, 64, 10**6):
        monkeypatch.setattr("chainrule.streams.evaluate.block_rows", lambda *_, rows=rows: rows)
        found = evaluate(path, frame.assign(y=y))
        assert found == pytest.approx(expected, rel=1e-5)


def test_another_target_and_none(models):
    pipe, path, frame, y = models["values"]
    found = evaluate(path, frame.assign(other=y), target="other")
    assert found["r2"] > 0.5
    assert evaluate(pipe, frame.assign(other=y), target="other") == pytest.approx(found, rel=1e-5)
    with pytest.raises(DataError, match=r"there is no 'y'.*has 'x', 'town', 'z'"):
        evaluate(path, frame)
    with pytest.raises(DataError, match="none is named"):
        evaluate(pipe, frame)
    with pytest.raises(DataError, match="no row has the truth"):
        evaluate(path, frame.assign(y=np.nan))


def test_a_class_that_the_model_does_not_know(models):
    _, path, frame, y = models["texts"]
    strange = y.copy()
    strange[4] = "never"
    said = r"column 'y', row 5: required one of the classes that the model knows, 'no', 'perhaps'"
    with pytest.raises(DataError, match=said):
        evaluate(path, frame.assign(y=strange))


def test_columns_that_are_missing(models):
    _, path, frame, y = models["values"]
    with pytest.raises(DataError, match=r"missing: 'z'"):
        evaluate(path, frame.drop(columns="z").assign(y=y))


@pytest.mark.parametrize("name", ["texts", "values"])
def test_a_wrong_delimiter(models, tmp_path, name):
    """Whatever asks for a column says it: the truth, the columns, and the rows to predict."""
    _, path, frame, y = models[name]
    file, said = tmp_path / "t.csv", r"if ',' divides its values; if '\^' does, say so with --delim"
    frame.assign(y=y).to_csv(file, index=False, sep="^")
    with pytest.raises(DataError, match=rf"there is no 'y'\. .*has 'x\^town\^z\^y'\. .*{said}"):
        evaluate(path, file)
    with pytest.raises(DataError, match=rf"missing: 'x', 'town', 'z'\. The table.*{said}"):
        next(predict_batches(path, file))
    frame.assign(y=y)[["y", "x", "town", "z"]].to_csv(file, index=False, sep="^")
    file.write_text(file.read_text().replace("^", ",", 1))  # of which the header's is one
    with pytest.raises(DataError, match=rf"missing: 'x', .* has its columns {said}"):
        evaluate(path, file)
    frame.assign(y=y).to_csv(file, index=False, sep="^")
    assert evaluate(path, file, delimiter="^")["rows"] == len(frame)


def test_a_wrong_delimiter_for_a_network_without_names(tmp_path):
    from chainrule import MLPRegressor

    X = people(40)[["x", "z"]].fillna(0.0).to_numpy()
    net = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", max_iter=400).fit(X, X[:, 0])
    np.savetxt(tmp_path / "rows.csv", np.column_stack([X, X[:, 0]]), delimiter="^")
    given = {"header": False}
    with pytest.raises(DataError, match=r"required 2 columns, .*came 1\. .*if '\^' does"):
        next(predict_batches(net, tmp_path / "rows.csv", **given))
    with pytest.raises(DataError, match=r"required 2 columns beside 'x1', .*came 0\. .*'\^' does"):
        evaluate(net, tmp_path / "rows.csv", target="x1", **given)
    with pytest.raises(DataError, match=r"came 3\. Leave the others out\.$"):
        next(predict_batches(net, tmp_path / "rows.csv", delimiter="^", **given))


def test_several_labels():
    from chainrule import MLPClassifier

    X = people(40)[["x", "z"]].fillna(0.0).to_numpy()
    net = MLPClassifier((3,), solver="lbfgs", max_iter=400).fit(X, (X > 0).astype(int))
    with pytest.raises(InvalidInputError, match=r"2 labels a row, .*several columns"):
        evaluate(net, pd.DataFrame(X, columns=["a", "b"]), target="b")


def test_the_memory_changes_no_bit(models, monkeypatch, tmp_path):
    """However few rows are read at a time: they are computed and summed by the same chunks."""
    from chainrule.streams import evaluate as module

    for name in ("texts", "values"):
        _, path, frame, y = models[name]
        table = pd.concat([frame.assign(y=y)] * 30, ignore_index=True)
        found = []
        for chunks in (1, 2, 50):
            monkeypatch.setattr(
                module, "block_rows", lambda model, memory, n=chunks: n * model.chunk_rows
            )
            found.append(evaluate(path, table, target="y"))
        assert found[0]["rows"] > 1000
        assert found[0] == found[1] == found[2]


def test_a_column_too_many_for_a_network_without_names(tmp_path):
    from chainrule import MLPRegressor

    X = people(40)[["x", "z"]].fillna(0.0).to_numpy()
    net = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", max_iter=400).fit(X, X[:, 0])
    table = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": 1.0, "y": X[:, 0]})
    table.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError, match=r"rows\.csv: required 2 columns beside 'y', .*came 3"):
        evaluate(net, tmp_path / "rows.csv", target="y")


def test_several_numbers():
    from chainrule import MLPRegressor

    X = people(40)[["x", "z"]].fillna(0.0).to_numpy()
    net = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", max_iter=400).fit(X, X)
    with pytest.raises(InvalidInputError, match=r"2 numbers a row, .*several columns"):
        evaluate(net, pd.DataFrame(X, columns=["a", "b"]), target="b")
