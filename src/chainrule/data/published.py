"""The data sets that are published as files: a table of what they are and where they lie.

The hashes are of the decompressed contents, so that a copy packed otherwise is as good. Those of
Fashion-MNIST and CIFAR-10 are as several independent projects publish them; CIFAR-10's archive
itself has the MD5 c32a1d4ab5d03f1284b67883e8d87530.
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["PUBLISHED", "Archive", "Content", "Published"]


@dataclass(frozen=True)
class Content:
    """A file as it is once unpacked."""

    sha256: str
    size: int  # bytes


@dataclass(frozen=True)
class Archive:
    """A file as it is fetched, and what it holds."""

    file: str
    mirrors: tuple[str, ...]  # folders, each ending in a slash
    holds: Mapping[str, Content]


@dataclass(frozen=True)
class Published:
    """A row of the table."""

    name: str
    title: str
    layout: str  # "idx" or "cifar", see `layouts`
    archives: tuple[Archive, ...]
    rows: tuple[int, int]  # training and test
    image_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    source: str
    licence: str

    @property
    def contents(self) -> dict[str, Content]:
        """Every file that it consists of, by name."""
        return {name: one for archive in self.archives for name, one in archive.holds.items()}


def _idx_archives(mirrors: tuple[str, ...], *hashes: str) -> tuple[Archive, ...]:
    """The four files of MNIST, which Fashion-MNIST took over with their names and sizes."""
    names = (
        ("train-images-idx3-ubyte", 16 + 60_000 * 784),
        ("train-labels-idx1-ubyte", 8 + 60_000),
        ("t10k-images-idx3-ubyte", 16 + 10_000 * 784),
        ("t10k-labels-idx1-ubyte", 8 + 10_000),
    )
    return tuple(
        Archive(f"{name}.gz", mirrors, {name: Content(digest, size)})
        for (name, size), digest in zip(names, hashes, strict=True)
    )


_MNIST = Published(
    name="mnist",
    title="70,000 handwritten digits, 28 x 28 grey pixels",
    layout="idx",
    archives=_idx_archives(
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "http://yann.lecun.com/exdb/mnist/",
        ),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    rows=(60_000, 10_000),
    image_shape=(28, 28),
    class_names=tuple("0123456789"),
    source=(
        "Y. LeCun, C. Cortes and C. J. C. Burges (1998), The MNIST database of handwritten "
        "digits, http://yann.lecun.com/exdb/mnist/"
    ),
    licence="CC BY-SA 3.0",
)

_FASHION = Published(
    name="fashion-mnist",
    title="70,000 articles of clothing, 28 x 28 grey pixels",
    layout="idx",
    archives=_idx_archives(
        (
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    rows=(60_000, 10_000),
    image_shape=(28, 28),
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    source=(
        "H. Xiao, K. Rasul and R. Vollgraf (2017), Fashion-MNIST: a novel image dataset for "
        "benchmarking machine learning algorithms, arXiv:1708.07747"
    ),
    licence="MIT",
)

_BATCH_BYTES = 10_000 * 3073

_CIFAR10 = Published(
    name="cifar10",
    title="60,000 photographs of ten kinds of things, 32 x 32 coloured pixels",
    layout="cifar",
    archives=(
        Archive(
            "cifar-10-binary.tar.gz",
            (
                "https://www.cs.toronto.edu/~kriz/",
                "https://cave.cs.toronto.edu/kriz/",
                "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
                "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/",
            ),
            {
                name: Content(digest, _BATCH_BYTES)
                for name, digest in {
                    "data_batch_1.bin": (
                        "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"
                    ),
                    "data_batch_2.bin": (
                        "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"
                    ),
                    "data_batch_3.bin": (
                        "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"
                    ),
                    "data_batch_4.bin": (
                        "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"
                    ),
                    "data_batch_5.bin": (
                        "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"
                    ),
                    "test_batch.bin": (
                        "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"
                    ),
                }.items()
            },
        ),
    ),
    rows=(50_000, 10_000),
    image_shape=(32, 32, 3),
    class_names=(
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ),
    source=(
        "A. Krizhevsky (2009), Learning multiple layers of features from tiny images, "
        "https://www.cs.toronto.edu/~kriz/cifar.html"
    ),
    licence="none stated by its author, who asks to be cited",
)

PUBLISHED: dict[str, Published] = {row.name: row for row in (_MNIST, _FASHION, _CIFAR10)}
