"""Rows to train on: what is written down of them, and what is refused."""

import errno
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import DataError, InvalidInputError
from chainrule.streams import spool as spooling
from chainrule.streams import training
from chainrule.streams.memory import held_rows, window_rows
from chainrule.tables.source import open_source
from chainrule.tables.transformer import TablePreparation

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = ["float64", "float32"]
N = 400


def frame(n=N, seed=0):
    random = np.random.RandomState(seed)
    table = pd.DataFrame({"a": random.normal(size=n), "b": random.normal(size=n)})
    table["town"] = random.choice(["Bonn", "Rome", "Ulm"], n)
    table["y"] = np.where(table.a + (table.town == "Rome") > 0.5, "yes", "no")
    return table


def contents(rows, classes=True, dtypes=BOTH):
    """All rows and targets of a spool, and the spool."""
    spool = rows.spooled(classes, dtypes)
    with spool.reader() as reader:
        X = np.empty((reader.n_rows, reader.n_features), reader.dtype)
        y = np.empty(reader.n_rows, reader.target_dtype)
        reader.read(0, reader.n_rows, X, y)
    return X, y if spool.classes is None else spool.classes[y], spool


FORMATS = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "parquet": lambda table, path: table.to_parquet(path, row_group_size=70),
    "feather": lambda table, path: table.to_feather(path),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_each_kind_of_file_gives_its_rows(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "MOST", 90)  # rows of a block
    table = frame()
    FORMATS[kind](table, tmp_path / f"t.{kind}")
    rows = chainrule.stream(tmp_path / f"t.{kind}", "y", drop=["town"])
    X, y, spool = contents(rows)
    np.testing.assert_allclose(X, table[["a", "b"]], rtol=1e-14)
    assert y.tolist() == table.y.tolist()
    assert spool.classes.tolist() == ["no", "yes"]
    assert spool.counts.tolist() == [(table.y == "no").sum(), (table.y == "yes").sum()]
    assert [table.y[row] for row in spool.firsts] == ["no", "yes"]
    assert spool.names == ("a", "b")
    assert repr(rows).endswith("to predict 'y' from>")


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (["1", "2.0", "1.0", "-3"], [-3, 1, 2]),
        (["0.5", "2", "0.5", "2"], [0.5, 2.0]),
        (["True", "false", "true", "FALSE"], [False, True]),
        (["b", "10", "9", "b"], ["10", "9", "b"]),
    ],
)
def test_classes_are_what_they_look_like(values, classes, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "MOST", 64)
    many = values * 50
    pd.DataFrame({"x": np.arange(200.0), "y": many}).to_csv(tmp_path / "t.csv", index=False)
    _, y, spool = contents(chainrule.stream(tmp_path / "t.csv", "y"))
    assert spool.classes.tolist() == classes
    assert sum(spool.counts) == 200
    assert [y[row] for row in spool.firsts] == classes
    assert y[:4].tolist() == [type(classes[0])(x) if not isinstance(classes[0], bool | int) else
                              x.casefold() == "true" if isinstance(classes[0], bool) else
                              int(float(x)) for x in values]  # fmt: skip


def test_rows_without_a_target_are_left_out_and_counted():
    table = frame()
    table.loc[[3, 7, 399], "y"] = None
    X, y, spool = contents(chainrule.stream(table, "y", columns=["a"]))
    assert spool.facts.left_out == 3
    assert len(y) == 397
    np.testing.assert_array_equal(X[:, 0], table.dropna().a)
    table["a"] = table.a.where(table.a < 1)
    _, y, spool = contents(chainrule.stream(table, "a", columns=["b"]), classes=False)
    np.testing.assert_array_equal(y, table.a.dropna())
    assert [y[row] for row in spool.firsts] == [y.min(), y.max()]


@pytest.mark.parametrize(
    ("dtype", "kept"), [("float32", "float32"), ("uint8", "uint8"), ("int16", "float64")]
)
def test_types_stay_where_a_network_takes_them(dtype, kept, tmp_path):
    X = np.arange(300).reshape(100, 3).astype(dtype)
    np.save(tmp_path / "x.npy", X)
    table = pd.DataFrame(X, columns=["x1", "x2", "x3"])
    for source in (tmp_path / "x.npy", X, table):
        found, _, spool = contents(chainrule.stream(source, "x3"), classes=False)
        assert found.dtype == kept
        np.testing.assert_array_equal(found, X[:, :2])
        assert (spool.names is None) == (source is not table)
    narrow, _, _ = contents(chainrule.stream(X, "x3"), False, ["float32"])
    assert narrow.dtype == ("uint8" if dtype == "uint8" else "float32")


def test_a_pipeline_prepares_streams_and_travels(tmp_path):
    table = frame()
    table.loc[::9, "b"] = np.nan
    table.to_csv(tmp_path / "t.csv", index=False)
    X, y = table.drop(columns="y"), table.y
    net = MLPClassifier((6,), max_iter=40, random_state=0, learning_rate_init=0.02)
    pipe = make_pipeline(TablePreparation(), net)
    pipe.fit(chainrule.stream(tmp_path / "t.csv", "y", window_rows=200, cache=tmp_path / "cache"))
    assert pipe[-1].windows_.count == 2
    assert pipe.score(X, y) > 0.9
    assert len(list((tmp_path / "cache").iterdir())) == 1  # what the network takes, and no more
    chainrule.save(pipe, tmp_path / "m")
    said = pipe.predict(X)
    np.testing.assert_array_equal(chainrule.load(tmp_path / "m").predict(X), said)
    batches = chainrule.predict_batches(tmp_path / "m", tmp_path / "t.csv")
    np.testing.assert_array_equal(np.concatenate([b.predictions for b in batches]), said)


def test_a_prepared_stream_that_fits_is_the_training_on_the_table(tmp_path):
    table = frame()
    table.loc[::9, "b"] = np.nan
    table.to_parquet(tmp_path / "t.parquet")

    def pipe():
        return make_pipeline(TablePreparation(), MLPClassifier((6,), max_iter=5, random_state=0))

    one = pipe().fit(chainrule.stream(tmp_path / "t.parquet", "y"))
    other = pipe().fit(table.drop(columns="y"), table.y)
    assert vars(one[0].steps_[0])["treatments"] == vars(other[0].steps_[0])["treatments"]
    for ours, theirs in zip(one[-1].coefs_, other[-1].coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)


# where it is written


def test_a_spool_in_a_folder_of_ones_own_is_found_again(tmp_path, monkeypatch):
    table = frame()
    table.to_parquet(tmp_path / "t.parquet")
    cache = tmp_path / "cache"

    def opened(**more):
        return chainrule.stream(tmp_path / "t.parquet", "y", drop=["town"], cache=cache, **more)

    first = contents(opened())[2].folder
    written = []
    write = training.write_spool
    monkeypatch.setattr(training, "write_spool", lambda *a: written.append(a[0]) or write(*a))
    assert contents(opened(memory="2GB"))[2].folder == first
    assert written == []
    others = [
        contents(opened(), dtypes=["float32"]),
        contents(chainrule.stream(tmp_path / "t.parquet", "y", columns=["a"], cache=cache)),
        contents(chainrule.stream(tmp_path / "t.parquet", "town", columns=["a"], cache=cache)),
    ]
    assert len({first, *(found[2].folder for found in others)}) == 4
    (first / "rows.x").write_bytes(b"cut")
    assert contents(opened())[0].shape == (N, 2)  # a damaged one is written anew
    (first / "spool.json").write_text("{")
    assert contents(opened())[0].shape == (N, 2)
    table.to_parquet(tmp_path / "t.parquet", row_group_size=50)
    assert contents(opened())[2].folder != first


def test_each_array_of_a_file_has_a_spool_of_its_own(tmp_path):
    X = np.random.RandomState(0).normal(size=(60, 3))
    np.savez(tmp_path / "t.npz", X=X, B=-X, y=X[:, 0])

    def first(**more):
        rows = chainrule.stream(tmp_path / "t.npz", "x3", cache=tmp_path / "cache", **more)
        return contents(rows, classes=False)

    for _ in range(2):  # written down, and found
        for name, sign in (("X", 1), ("B", -1)):
            found, y, _ = first(array=name)
            np.testing.assert_array_equal(np.column_stack([found, y]), sign * X)
        assert first()[0].shape == (60, 3)  # X, with the y beside it
    assert len(list((tmp_path / "cache").iterdir())) == 3


def test_files_of_one_name_in_two_folders_have_two_spools(tmp_path, monkeypatch):
    """Of the same size and time too, as copies of a folder may be."""
    for at, name in enumerate("ab"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        np.save("t.npy", np.full((50, 2), float(at)))
        os.utime("t.npy", ns=(10**18, 10**18))
        X, _, _ = contents(chainrule.stream("t.npy", "x2", cache=tmp_path / "cache"), False)
        np.testing.assert_array_equal(X, np.full((50, 1), float(at)))


def test_a_temporary_spool_goes_with_its_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(training.tempfile, "tempdir", str(tmp_path))
    rows = chainrule.stream(frame(), "y", drop=["town"])
    assert list(tmp_path.iterdir()) == []
    MLPClassifier((3,), max_iter=1).fit(rows)
    MLPClassifier((3,), max_iter=1).fit(rows)
    assert len(list(tmp_path.glob("chainrule-*/spool-*"))) == 1
    rows.close()
    assert list(tmp_path.iterdir()) == []
    MLPClassifier((3,), max_iter=1).fit(rows)  # and can be made again
    del rows
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_swept_away(tmp_path):
    rows = chainrule.stream(frame(), "y", drop=["town"], cache=tmp_path)
    spool = contents(rows)[2]
    shutil.rmtree(spool.folder)
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    left = tmp_path / f".{spool.folder.name}-{int(done.stdout)}-abc.tmp"
    left.mkdir()
    own = tmp_path / f".{spool.folder.name}-{training.os.getpid()}-abc.tmp"
    own.mkdir()  # of a process that lives
    contents(rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([own.name, spool.folder.name])


# what goes wrong


def csv(path, rows, tail=""):
    lines = [f"{at / 7:.3f},{at % 3}" for at in range(rows)]
    path.write_text("\n".join(["x,y", *lines, tail]))
    return path


BAD = {
    "text": ("high,1", "column 'x', row 2001: required a number, came 'high'"),
    "a gap": (",1", r"column 'x', row 2001: required a finite number, and it is missing"),
    "an infinite number": ("inf,1", r"row 2001: required a finite number"),
    "a torn line": ("1", "Each line needs 2 values"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_is_named_and_nothing_stays(name, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "MOST", 64)
    tail, text = BAD[name]
    file = csv(tmp_path / "t.csv", 2000, tail)
    with pytest.raises(DataError, match=text):
        MLPClassifier((3,)).fit(chainrule.stream(file, "y", cache=tmp_path / "cache"))
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_cut_in_half_is_refused(tmp_path):
    frame(5000).to_parquet(tmp_path / "t.parquet", row_group_size=100)
    data = (tmp_path / "t.parquet").read_bytes()
    middle = len(data) // 3
    (tmp_path / "t.parquet").write_bytes(data[:middle] + bytes(5000) + data[middle + 5000 :])
    rows = chainrule.stream(tmp_path / "t.parquet", "y", drop=["town"], cache=tmp_path / "cache")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        MLPClassifier((3,)).fit(rows)
    assert list((tmp_path / "cache").iterdir()) == []


def test_other_things_that_cannot_be(tmp_path):
    table = frame()
    table.to_csv(tmp_path / "t.csv", index=False, sep="^")
    for make, text in [
        (lambda: chainrule.stream(table, "z"), "Unknown column 'z'"),
        (lambda: chainrule.stream(tmp_path / "t.csv", "y"), r"if '\^' does, say so with --delim"),
        (lambda: chainrule.stream(table, "y", drop=["Town"]), "Did you mean 'town'"),
        (lambda: chainrule.stream(table[["y"]], "y"), "none is left"),
        (lambda: chainrule.stream(table, "y", memory="a lot"), "amount of memory"),
        (lambda: chainrule.stream(table, "y", window_rows=0), "1 or more"),
    ]:
        with pytest.raises((DataError, InvalidInputError), match=text):
            make()
    table["one"], table["none"] = "always", None
    for target, net, text in [
        ("one", MLPClassifier(), "has only 'always'"),
        ("none", MLPRegressor(), "no row has a value"),
        ("town", MLPRegressor(), "required a number"),
        ("b", MLPClassifier(), None),
    ]:
        rows = chainrule.stream(table, target, columns=["a"])
        if text is None:
            assert len(rows.spooled(True, BOTH).classes) == N
            continue
        with pytest.raises(DataError, match=text):
            net.fit(rows)
    with pytest.raises(InvalidInputError, match="Required at least 700 MB"):
        MLPClassifier().fit(chainrule.stream(table, "y", columns=["a"], memory="400MB"))
    table["a"] = 1e300
    with pytest.raises(DataError, match="too large for float32"):
        MLPClassifier(dtype="float32").fit(chainrule.stream(table, "y", columns=["a"]))


def test_too_many_classes_are_refused(monkeypatch):
    monkeypatch.setattr("chainrule.streams.labels.DISTINCT", 100)
    rows = chainrule.stream(frame(), "b", columns=["a"])
    with pytest.raises(DataError, match="more than 100 different values"):
        MLPClassifier().fit(rows)


def test_a_file_that_changes_is_noticed(tmp_path, monkeypatch):
    file = csv(tmp_path / "t.csv", 300)
    rows = chainrule.stream(file, "y", cache=tmp_path / "cache")
    MLPClassifier((3,), max_iter=1).fit(rows)
    csv(file, 301)
    with pytest.raises(DataError, match="has changed since it was opened"):
        MLPClassifier((3,)).fit(rows)
    # while it is written down
    rows = chainrule.stream(file, "y", cache=tmp_path / "other")
    monkeypatch.setattr(training.TrainingRows, "_blocks", _and_change(file))
    with pytest.raises(DataError, match="has changed"):
        MLPClassifier((3,)).fit(rows)
    assert list((tmp_path / "other").iterdir()) == []


def _and_change(file):
    whole = training.TrainingRows._blocks

    def blocks(self, *args):
        yield from whole(self, *args)
        csv(file, 302)

    return blocks


def test_a_full_disk_is_told_before(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(spooling.shutil, "disk_usage", lambda folder: usage(10**9, 0, 10**7))
    rows = chainrule.stream(frame(), "y", drop=["town"], cache=tmp_path)
    with pytest.raises(DataError, match=r"required about 0\.0 MB of space .* 10\.0 MB are free"):
        MLPClassifier((3,)).fit(rows)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_leaves_nothing(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spooling, "_write_rows", full)
    rows = chainrule.stream(frame(), "y", drop=["town"], cache=tmp_path)
    with pytest.raises(DataError, match=r"No space left on device \(.* are free\)"):
        MLPClassifier((3,)).fit(rows)
    assert list(tmp_path.iterdir()) == []


def test_rows_that_go_away_while_one_trains_are_an_error(tmp_path):
    rows = chainrule.stream(frame(), "y", drop=["town"], cache=tmp_path)
    spool = rows.spooled(True, BOTH)
    with spool.reader() as reader:
        with (spool.folder / "rows.x").open("r+b") as file:
            file.truncate(100)
        with pytest.raises(DataError, match="the file ends too early"):
            reader.read(0, N, np.empty((N, 2)), np.empty(N, np.int32))


# memory


def test_the_rule_of_windows():
    """1 GB: 90 % less 600 MB, for two windows of rows that take 100 + 32 bytes."""
    assert window_rows("1GB", 100) == 300_000_000 // 264
    assert held_rows("1GB", 100) == 1_000_000


def test_a_mapped_file_is_let_go_of(tmp_path):
    """What was read of an .npy file is not held in memory; nor is it lost to who looks again."""
    X = np.arange(2_000_000.0).reshape(-1, 20)
    np.save(tmp_path / "x.npy", X)
    source = open_source(tmp_path / "x.npy")
    blocks = list(source.blocks(30_000))
    np.testing.assert_array_equal(np.concatenate([block.array for block in blocks]), X)
    if sys.platform == "linux":
        del source, blocks
        again = open_source(tmp_path / "x.npy").blocks(10_000)
        held = [resident(tmp_path / "x.npy") for block in again if block.array.sum() > 0]
        # KiB, of which a block has 1,563 and the file 15,625; the system maps some at a time
        assert 1000 < max(held) < 8000


def resident(path):
    """KiB of a mapped file that are in memory."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    return sum(
        int(next(each for each in lines if each.startswith("Rss:")).split()[1])
        for line in lines
        if line.endswith(str(path))
    )


COLUMNS = 40
GROUP = 20_000
CODE = """
import sys, warnings
from pathlib import Path
from chainrule import MLPClassifier, stream
warnings.simplefilter("ignore")
rows = stream(sys.argv[1], "y", window_rows=20_000)
net = MLPClassifier((8,), max_iter=1, early_stopping=True, validation_fraction=0.001).fit(rows)
# ru_maxrss would begin with what the process that started this one had
(most,) = [each for each in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in each]
print(net.windows_.count, int(most.split()[1]) // 1024)
"""


def taken(path, groups):
    """Windows, and MiB at the most, of a training in a process of its own."""
    X = np.random.RandomState(0).normal(size=(GROUP, COLUMNS)).astype(np.float32)
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    table = pa.table({**{f"x{at}": X[:, at] for at in range(COLUMNS)}, "y": np.arange(GROUP) % 3})
    with ParquetWriter(path, table.schema, compression="none", use_dictionary=False) as writer:
        for _ in range(groups):
            writer.write_table(table)
    done = subprocess.run([sys.executable, "-c", CODE, path], capture_output=True, text=True,
                          check=True)  # fmt: skip
    return map(int, done.stdout.split())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory so")
def test_memory_is_flat(tmp_path):
    few, least = taken(tmp_path / "few.parquet", 3)
    many, most = taken(tmp_path / "many.parquet", 24)
    assert (few, many) == (4, 25)
    assert most - least < 20  # the rows that are more are 64 MiB


@pytest.mark.parametrize(
    "step",
    [
        StandardScaler(),
        PCA(1),
        OneHotEncoder(),
        FunctionTransformer(np.cbrt),
        ColumnTransformer([("a", StandardScaler(), ["a"])]),
    ],
)
def test_other_steps_are_told_what_to_do(step):
    """They want an array, and there is none."""
    rows = chainrule.stream(frame(), "y", drop=["town"])
    net = MLPClassifier((3,), solver="lbfgs", max_iter=3)
    said = r"streamed are no array.* after a TablePreparation .*needs no other step\. Leave"
    for steps in ((step, net), (TablePreparation(), step, net)):
        with pytest.raises(InvalidInputError, match=said):
            make_pipeline(*steps).fit(rows)


def test_what_predicts_and_compares_is_told_too():
    table = frame()
    rows = chainrule.stream(np.column_stack([table["a"], table["y"] == "yes"]), "x2")
    net = MLPClassifier((3,), solver="lbfgs", max_iter=3).fit(rows)
    for use in (net.predict, lambda rows: cross_val_score(net, rows), np.asarray):
        with pytest.raises(InvalidInputError, match=r"to predict, .* chainrule\.predict_batches\."):
            use(rows)
