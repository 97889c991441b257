"""Predictions block by block: the same bits, errors that are not lost, threads that end."""

import threading
import time

import numpy as np
import pandas as pd
import polars as pl
import pytest

import chainrule
from chainrule.errors import DataError, InvalidInputError
from chainrule.streams.memory import block_rows, bytes_of
from chainrule.streams.predict import frozen, predict_batches
from chainrule.tables.source import ArraySource


def outputs(model, source, **options):
    return np.concatenate([b.outputs for b in predict_batches(model, source, **options)])


def ended(before):
    """Whether as few threads are there as before, soon."""
    for _ in range(100):
        if threading.active_count() <= before:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("name", ["texts", "numbers", "truth", "values"])
def test_they_are_the_estimators(models, name):
    pipe, path, frame, _ = models[name]
    (batch,) = predict_batches(path, frame)
    assert batch.start == 0
    if name == "values":
        np.testing.assert_allclose(batch.predictions, pipe.predict(frame), rtol=1e-4, atol=1e-5)
        return
    np.testing.assert_array_equal(batch.predictions, pipe.predict(frame))
    np.testing.assert_allclose(batch.probabilities, pipe.predict_proba(frame), atol=1e-5)


def test_not_a_bit_depends_on_memory(wide, tmp_path):
    net, path, X = wide
    known = frozen(path)
    sizes = {block_rows(known, memory) for memory in ("300MB", "1GB", "2GB", "8GB")}
    assert len(sizes) == 4 and all(size % known.chunk_rows == 0 for size in sizes)
    expected = outputs(path, X, memory="300MB")
    np.save(tmp_path / "X.npy", X)
    for memory in ("1GB", 2e9, "8 GiB"):
        np.testing.assert_array_equal(outputs(net, X, memory=memory), expected)
    np.testing.assert_array_equal(outputs(path, tmp_path / "X.npy", memory="1GB"), expected)
    start = known.chunk_rows
    np.testing.assert_array_equal(outputs(path, X, memory="1GB", start=start), expected[start:])
    starts = [batch.start for batch in predict_batches(path, X, memory="300MB")]
    assert starts == list(range(0, len(X), min(sizes)))


def test_a_start_within_a_chunk(wide):
    with pytest.raises(InvalidInputError, match="a start that is a multiple of"):
        predict_batches(wide[1], wide[2], start=3)


def test_columns_by_name(models):
    _, path, frame, _ = models["values"]
    expected = outputs(path, frame)
    more = frame.assign(extra="text", y=1)[["z", "y", "town", "extra", "x"]]
    for table in (more, pl.from_pandas(more)):
        np.testing.assert_array_equal(outputs(path, table), expected)
    with pytest.raises(DataError, match=r"missing: 'town'\. Is 'Town' meant for 'town'"):
        outputs(path, frame.rename(columns={"town": "Town"}))
    with pytest.raises(DataError, match=r"column 'z', row 3: required a number, came 'much'"):
        outputs(path, frame.assign(z=["1", "2", "much", *["4"] * (len(frame) - 3)]))


def test_without_names(wide):
    _, path, X = wide
    with pytest.raises(DataError, match=r"required 20000 columns.*came 19999"):
        outputs(path, X[:, 1:])


def test_what_was_trained_with_names_takes_an_array_in_order():
    frame = pd.DataFrame(np.random.RandomState(0).normal(size=(60, 2)), columns=["b", "a"])
    net = chainrule.MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", random_state=0)
    net.fit(frame, frame["b"])
    expected = outputs(net, frame[["a", "b"]])
    np.testing.assert_array_equal(outputs(net, frame.to_numpy()), expected)
    with pytest.raises(DataError, match="missing: 'b', 'a'"):
        outputs(net, np.ones((4, 3)))


class Failing(ArraySource):
    """Rows that cannot be read from the second block on."""

    def blocks(self, rows, *, start=0, columns=None):
        for number, block in enumerate(super().blocks(rows, start=start, columns=columns)):
            if number:
                raise DataError("the disk is gone")
            yield block


def test_reading_ahead_loses_no_error(wide):
    _, path, X = wide
    before, found = threading.active_count(), []
    batches = predict_batches(path, Failing(X), memory="300MB")
    with pytest.raises(DataError, match="the disk is gone"):
        found.extend(batches)
    assert len(found) == 1
    assert ended(before)


def test_closing_early_ends_the_thread(wide):
    _, path, X = wide
    before = threading.active_count()
    batches = predict_batches(path, X, memory="300MB")
    next(batches)
    assert threading.active_count() == before + 1
    batches.close()
    assert ended(before)


def test_no_rows(models):
    _, path, frame, _ = models["values"]
    assert list(predict_batches(path, frame.iloc[:0])) == []


@pytest.mark.parametrize(
    ("given", "size"), [("1GB", 10**9), ("500 mb", 5 * 10**8), ("1.5GiB", 3 * 2**29), (4e8, 4e8)]
)
def test_memory(given, size):
    assert bytes_of(given) == size


@pytest.mark.parametrize("given", ["much", "1 PB", "", "-1GB", "1.2.3GB", "100MB", 10])
def test_memory_that_is_none(given):
    with pytest.raises(InvalidInputError, match=r"Required (an amount|at least)"):
        bytes_of(given)
