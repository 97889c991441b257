"""Published data sets from one's own folder, whole, unrecognised, broken, or another's."""

import gc
import logging
import tracemalloc

import numpy as np
import pytest

from chainrule.data import load, sources
from chainrule.data.files import read
from chainrule.data.folders import of_ones_own
from chainrule.data.published import PUBLISHED
from chainrule.data.stream import BrokenFileError
from chainrule.errors import DataError, InvalidInputError


@pytest.mark.parametrize("below", ["", "mnist"])
@pytest.mark.parametrize("packed", [True, False])
def test_ones_own_files_are_found_in_the_folder_and_below(own, make, below, packed):
    make.write(own / below, make.mnist(), packed)
    data = load("mnist", fetch=False)
    assert data.X_train.shape == (30, 784)
    assert data.X_test.shape == (10, 784)
    assert data.X_train.dtype == data.X_test.dtype == np.uint8
    assert data.y_train.dtype == np.int64
    assert data.pixel_range == (0.0, 255.0)
    assert data.image(data.X_test[3]).shape == (28, 28)
    assert data.feature_names[29] == "pixel_1_1"


def test_a_dot_for_the_dash_is_found(own, make):
    make.write(own, {k.replace("-idx", ".idx"): v for k, v in make.mnist().items()})
    assert load("mnist", fetch=False).X_train.shape == (30, 784)


def test_the_nearer_folder_is_taken(own, make):
    make.write(own, make.mnist(rows=20))
    make.write(own / "mnist", make.mnist(rows=40))
    assert len(load("mnist", fetch=False).y_train) == 40


def test_unrecognised_files_are_used_with_a_plain_notice_once(own, make, caplog):
    make.write(own, make.mnist(seed=5))
    row = PUBLISHED["mnist"]
    with caplog.at_level(logging.WARNING, "chainrule.data"):
        first, second = (read(row, of_ones_own(row)) for _ in range(2))
    (notice,) = caplog.messages
    assert notice.startswith(f"{own}: 4 of the 4 files of mnist are not the published ones")
    assert "30 training and 10 test images" in notice
    assert first.remark == second.remark
    assert str(own) not in first.remark


def test_recognised_files_need_no_remark(own, make, caplog):
    files = make.mnist()
    make.write(own, files)
    row = make.published("mnist", files, ())
    data = read(row, of_ones_own(row))
    assert data.remark == ""
    assert dict(data.files) == {name: one.sha256 for name, one in row.contents.items()}
    assert caplog.messages == []


def test_a_broken_file_of_ones_own_is_named_and_not_trained_on(own, make):
    files = make.mnist()
    files["t10k-labels-idx1-ubyte"] = files["t10k-labels-idx1-ubyte"][:-1]
    make.write(own, files)
    with pytest.raises(BrokenFileError, match="t10k-labels-idx1-ubyte is damaged"):
        load("mnist")


def test_images_and_labels_must_be_as_many(own, make):
    files = make.mnist()
    files["train-labels-idx1-ubyte"] = make.mnist(rows=29)["train-labels-idx1-ubyte"]
    make.write(own, files)
    with pytest.raises(BrokenFileError, match="30 training images and 29 labels"):
        load("mnist")


def test_the_files_of_another_set_with_the_same_names_are_refused(own, make, monkeypatch):
    files = make.mnist()
    monkeypatch.setitem(PUBLISHED, "mnist", make.published("mnist", files, ()))
    make.write(own, files)
    assert len(load("mnist", fetch=False).y_train) == 30
    with pytest.raises(DataError, match=r"is a file of mnist, not of fashion-mnist"):
        load("fashion-mnist", fetch=False)


def test_what_is_lacking_is_named(own, make):
    files = make.mnist()
    del files["train-labels-idx1-ubyte"]
    make.write(own / "mnist", files)
    with pytest.raises(DataError, match=r"nor the folder itself has: train-labels-idx1-ubyte\."):
        load("mnist", fetch=False)


def test_without_files_nor_network_the_command_is_named():
    with pytest.raises(DataError, match=r"CHAINRULE_DATA is not set\. `chainrule data fetch cif"):
        load("cifar10", fetch=False)


def test_a_variable_that_names_no_folder_is_a_mistake(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "typo"))
    with pytest.raises(DataError, match=r"should name a folder .*typo' is not one"):
        load("mnist")


def test_memory_holds_the_bytes_and_little_more(own, make):
    files = make.mnist(rows=12_000, test_rows=2_000)
    make.write(own, files, packed=True)
    load("mnist", fetch=False)  # what is imported on the way is no part of the data
    sources._files_once.cache_clear()
    gc.collect()
    tracemalloc.start()
    data = load("mnist", fetch=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    arrays = (data.X_train, data.y_train, data.X_test, data.y_test)
    assert peak < sum(array.nbytes for array in arrays) + 4 * 2**20


def test_a_row_of_another_length_is_no_image(own, make):
    make.write(own, make.mnist())
    data = load("mnist", fetch=False)
    with pytest.raises(InvalidInputError, match=r"one row of 784 values, came .* \(30, 784\)"):
        data.image(data.X_train)
    with pytest.raises(InvalidInputError, match="moons has 2 features that are none"):
        load("moons").image(np.zeros(2))


# The real files, where they are


def test_the_real_mnist_is_the_published_one(real, monkeypatch):
    monkeypatch.setenv("CHAINRULE_DATA", str(real))
    row = PUBLISHED["mnist"]
    if of_ones_own(row) is None:
        pytest.skip("no MNIST in CHAINRULE_DATA")
    data = load("mnist", fetch=False)
    assert data.remark == ""
    assert dict(data.files) == {
        "train-images-idx3-ubyte": (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
        ),
        "train-labels-idx1-ubyte": (
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
        ),
        "t10k-images-idx3-ubyte": (
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
        ),
        "t10k-labels-idx1-ubyte": (
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
        ),
    }
    assert data.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert data.y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert data.X_train.mean() / 255 == pytest.approx(0.1307, abs=5e-5)  # as is often quoted


def test_the_real_cifar10_is_in_its_classes(real, monkeypatch):
    monkeypatch.setenv("CHAINRULE_DATA", str(real))
    row = PUBLISHED["cifar10"]
    if of_ones_own(row) is None:
        pytest.skip("no CIFAR-10 in CHAINRULE_DATA")
    data = load("cifar10", fetch=False)
    assert data.X_train.shape == (50_000, 3072)
    assert np.bincount(data.y_train).tolist() == [5000] * 10
    assert np.bincount(data.y_test).tolist() == [1000] * 10
    # neighbouring pixels of a photograph are alike, which a wrong order of the bytes would undo
    pictures = data.X_train[:200].reshape(200, 32, 32, 3).astype(float)
    beside = np.abs(np.diff(pictures, axis=2)).mean()
    assert beside < 0.4 * np.abs(pictures - pictures[:, ::-1, ::-1]).mean()
