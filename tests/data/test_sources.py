"""Named data sets: what they hold, and that a damaged one is refused."""

import numpy as np
import pytest

from chainrule.data import SOURCES, load, parts, task_of
from chainrule.data.published import PUBLISHED
from chainrule.data.record import content_hash
from chainrule.errors import DataError


@pytest.mark.parametrize("name", SOURCES)
def test_every_named_data_set_is_whole(name, own, make):
    if name in PUBLISHED:
        files = make.cifar() if name == "cifar10" else make.mnist()
        make.write(own, files)
    data = load(name)
    rows, features = data.X_train.shape
    assert data.name == name
    assert data.y_train.shape == (rows,)
    assert data.task == task_of(name)
    if data.task == "regression":
        assert data.y_train.dtype == np.float64 and np.isfinite(data.y_train).all()
        assert data.class_names == () and data.target_name
    else:
        assert set(np.unique(data.y_train)) == set(range(len(data.class_names)))
    assert len(data.feature_names) == features
    assert np.isfinite(data.X_train).all()
    assert data.source and data.licence and len(data.sha256) == 64
    if data.image_shape:
        assert int(np.prod(data.image_shape)) == features
        low, high = data.pixel_range
        assert (data.X_train.min(), data.X_train.max()) == (low, high)


def test_it_is_loaded_once():
    assert load("digits") is load("digits")


def test_digits_are_those_of_scikit_learn():
    data = load("digits")
    assert data.X_train.shape == (1797, 64)
    assert data.X_test is None and data.y_test is None
    assert data.image_shape == (8, 8)
    assert np.bincount(data.y_train).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_diabetes_data_are_those_of_scikit_learn():
    from sklearn.datasets import load_diabetes

    data = load("diabetes")
    theirs = load_diabetes()
    assert np.array_equal(data.y_train, theirs.target)
    centred = data.X_train - data.X_train.mean(axis=0)
    np.testing.assert_allclose(centred / np.linalg.norm(centred, axis=0), theirs.data, atol=1e-12)
    assert data.feature_names == tuple(theirs.feature_names)


def test_altered_diabetes_data_are_refused(monkeypatch):
    from sklearn import datasets

    from chainrule.data import diabetes

    bunch = datasets.load_diabetes(scaled=False)
    bunch.target[0] += 1
    monkeypatch.setattr(datasets, "load_diabetes", lambda scaled: bunch)
    with pytest.raises(DataError, match=r"diabetes data .* damaged or altered"):
        diabetes.load_diabetes()


def test_numbers_are_split_without_classes():
    cut = parts(load("diabetes"), test=0.2, validation=40)
    assert {name: len(part.y) for name, part in cut.items()} == {
        "train": 313,
        "validation": 40,
        "test": 89,
    }


def test_the_task_of_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(DataError, match=r"'diabetis'\. Did you mean 'diabetes'\?"):
        task_of("diabetis")


def test_data_cannot_be_changed_under_other_users():
    with pytest.raises(ValueError, match="read-only"):
        load("digits").X_train[0, 0] = 1.0


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(DataError, match=r"Unknown data set 'digit'\. Did you mean 'digits'\?"):
        load("digit")


def test_altered_digits_are_refused(monkeypatch):
    from sklearn import datasets

    from chainrule.data import digits

    bunch = datasets.load_digits()
    bunch.data[0, 0] += 1
    monkeypatch.setattr(datasets, "load_digits", lambda: bunch)
    with pytest.raises(DataError, match=r"damaged or altered\. Reinstall scikit-learn"):
        digits.load_digits()


def test_the_hash_is_of_values_and_shape():
    a = np.arange(6, dtype=np.int32)
    assert content_hash(a) == content_hash(a.astype(">i4"))
    assert content_hash(a) == content_hash(np.repeat(a, 2)[::2])
    assert content_hash(a) != content_hash(a.reshape(2, 3))
    assert content_hash(a) != content_hash(a[::-1])


def test_the_hash_is_of_the_shape_and_the_little_endian_bytes():
    import hashlib

    a = np.array([[1, 2], [3, 4]], dtype=">i2")
    by_hand = hashlib.sha256(b"(2, 2)" + b"\x01\x00\x02\x00\x03\x00\x04\x00").hexdigest()
    assert content_hash(a) == by_hand


def test_the_record_cannot_be_changed():
    data = load("moons", n=10)
    with pytest.raises(AttributeError):
        data.name = "other"
    with pytest.raises(TypeError):
        data.files["x"] = "y"
