"""CIFAR-10's binary layout: the order of the pixels, and files that are wrong."""

import numpy as np
import pytest

from chainrule.data.files import read
from chainrule.data.folders import of_ones_own
from chainrule.data.published import PUBLISHED
from chainrule.data.stream import BrokenFileError
from chainrule.errors import DataError

ROW = PUBLISHED["cifar10"]


def load():
    return read(ROW, of_ones_own(ROW))


@pytest.mark.parametrize("below", ["", "cifar10", "cifar10/cifar-10-batches-bin"])
def test_the_pixels_are_those_of_the_planes(own, make, below):
    files = make.cifar(rows=3)
    make.write(own / below, files)
    data = load()
    records = np.frombuffer(b"".join(list(files.values())[:-1]), np.uint8).reshape(-1, 3073)
    assert data.X_train.dtype == np.uint8
    assert data.X_train.shape == (3 + 4 + 5 + 6 + 7, 3072)
    assert data.X_test.shape == (8, 3072)
    assert np.array_equal(data.y_train, records[:, 0])
    planes = records[:, 1:].reshape(-1, 3, 32, 32)
    for row in (0, 11):
        picture = data.image(data.X_train[row])
        assert picture.shape == (32, 32, 3)
        for channel in range(3):
            assert np.array_equal(picture[:, :, channel], planes[row, channel])
    assert data.feature_names[:4] == (
        "pixel_0_0_red",
        "pixel_0_0_green",
        "pixel_0_0_blue",
        "pixel_0_1_red",
    )


def test_an_archive_need_not_be_unpacked_nor_be_in_order(own, make):
    files = make.cifar(rows=2)
    make.write(own / "plain", files)
    backwards = {"readme.html": b"hello", **dict(reversed(files.items()))}
    (own / "cifar-10-binary.tar.gz").write_bytes(make.tar(backwards))
    packed = load()
    (own / "plain").rename(own / "cifar10")
    plain = load()
    assert packed.sha256 == plain.sha256
    assert dict(packed.files) == dict(plain.files)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda b: b[:-1], "whole number of records of 3073 bytes, but is 9,218 bytes"),
        (lambda b: b"", "but is 0 bytes"),
        (lambda b: b[:3073] + b"\x0a" + b[3074:], "label of record 1 should be from 0 to 9, but"),
    ],
)
def test_a_broken_batch_is_named(own, make, change, says):
    files = make.cifar(rows=3)
    files["data_batch_1.bin"] = change(files["data_batch_1.bin"])
    make.write(own, files)
    with pytest.raises(BrokenFileError, match=rf"data_batch_1\.bin.*{says}") as raised:
        load()
    assert str(own) in str(raised.value)  # which of several copies


@pytest.mark.parametrize("cut", [100, -30])
def test_a_torn_archive_is_named(own, make, cut):
    (own / "cifar-10-binary.tar.gz").write_bytes(make.tar(make.cifar(rows=2))[:cut])
    with pytest.raises(BrokenFileError, match=r"cifar-10-binary\.tar\.gz is damaged"):
        load()


def test_an_archive_without_a_batch_is_refused(own, make):
    files = make.cifar(rows=2)
    del files["data_batch_4.bin"]
    (own / "cifar-10-binary.tar.gz").write_bytes(make.tar(files))
    with pytest.raises(BrokenFileError, match=r"it lacks data_batch_4\.bin"):
        load()


def test_other_class_names_are_other_data(own, make):
    make.write(own, make.cifar(rows=2))
    (own / "batches.meta.txt").write_text("cat\ndog\n")
    with pytest.raises(BrokenFileError, match=r"should list airplane, .* but lists cat, dog"):
        load()
    (own / "batches.meta.txt").write_text("\n".join(ROW.class_names) + "\n\n")
    assert load().class_names == ROW.class_names


def test_the_pickled_layout_is_never_opened(own, make):
    from chainrule.data import load as load_by_name

    batches = own / "cifar-10-batches-py"
    batches.mkdir()
    (batches / "data_batch_1").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(DataError, match=r"opening a pickle runs .* get cifar-10-binary\.tar\.gz"):
        load_by_name("cifar10", fetch=False)
