"""Training on tables of Python: as on the same table in a file, and as well kept."""

import datetime as dt
import errno
import json
import shutil
from io import StringIO

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from tests.tables.images_made import photos

import chainrule
from chainrule.data import sample as sampling
from chainrule.errors import DataError, InvalidInputError, RunError, SpecError
from chainrule.experiments import plan, read, resume, run, train
from chainrule.experiments.datasets import data_of
from chainrule.experiments.kept_table import KeptTable
from chainrule.experiments.loading import load
from chainrule.experiments.results import Results
from chainrule.search.journal import Journal
from chainrule.streams import training
from chainrule.tables.encoding import encode
from chainrule.tables.source import open_source

QUIET = Console(quiet=True)
N = 90
SMALL = {
    "settings": {"max_iter": 3, "hidden_layer_sizes": [4], "batch_size": 16},
    "overrides": {"models.trees.settings.max_iter": 2},
    "console": QUIET,
}


def shop():
    random = np.random.RandomState(0)
    age = random.normal(40, 10, N).round(2)
    days = np.datetime64("2020-01-01") + random.randint(0, 999, N).astype("timedelta64[D]")
    return pl.DataFrame(
        {
            "age": pl.Series(age).set(pl.Series(np.arange(N) % 13 == 0), None),
            "town": pl.Series(random.choice(["Bonn", "Rome", "Ulm"], N), dtype=pl.Categorical),
            "since": days,
            "member": age % 1 > 0.5,
            "note": [f"no. {at} of them" for at in range(N)],
            "bought": np.where(age > 40, "yes", "no"),
        }
    )


def as_pandas():
    return shop().to_pandas().set_index(pd.Index([f"row {at}" for at in range(N)], name="id"))


TABLES = {
    "polars": shop,
    "polars, lazy": lambda: shop().lazy(),
    "pandas": as_pandas,
    "pyarrow": lambda: shop().to_arrow(),
    "a reader": lambda: pa.RecordBatchReader.from_batches(
        shop().to_arrow().schema, shop().to_arrow().to_batches(max_chunksize=40)
    ),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "table.parquet"
    shop().write_parquet(path)
    return path


def without_path(spec):
    table = {**spec["data"]["table"], "file": ""}
    return {**spec, "data": {**spec["data"], "table": table}}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_planned_as_the_file_of_it(name, file):
    more = {"drop": "note", "kinds": {"member": "category"}, "tune": 2, "seed": 3}
    ours, theirs = plan(TABLES[name](), "bought", **more), plan(file, "bought", **more)
    assert ours.rows == theirs.rows
    assert ours.spec["data"]["table"]["file"] == "table.parquet"
    assert without_path(ours.spec) == without_path(theirs.spec)
    *kinds, split = [row[1] for row in ours.rows]
    assert kinds == ["target: 2 classes", "number", "category", "date", "category", "-"]
    assert split == "three parts"
    assert ours.rows[-1][2].startswith("60 % to train on, 20 % to stop by, 20 % to test; at random")


def test_what_is_set_is_not_searched():
    spec = plan(shop(), "bought", drop="note", tune=2, overrides={
        "models.net.settings.dropout": 0.0, "models.net.settings.hidden_layer_sizes.0": 7,
    }).spec  # fmt: skip
    net = spec["models"]["net"]
    assert set(net["search"]["space"]) == {"learning_rate_init", "weight_decay",
                                           "hidden_layer_sizes"}  # fmt: skip
    assert net["settings"]["dropout"] == 0.0 and net["settings"]["hidden_layer_sizes"] == [7, 64]


@pytest.fixture(scope="module")
def whole(file, tmp_path_factory):
    """A run on the file."""
    out = tmp_path_factory.mktemp("whole") / "run"
    return train(file, "bought", drop="note", **SMALL, out=out)


def assert_same(ours, theirs, *but):
    """The same but for the path that the spec names."""
    first, second = (each.comparable() for each in (ours, theirs))
    for name in ("spec", *but):
        del first[name], second[name]
    assert first == second
    nets = [each.model[-1] for each in (ours, theirs)]
    for a, b in zip(*([*net.coefs_, *net.intercepts_] for net in nets), strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("name", ["polars", "pandas", "pyarrow"])
def test_a_table_is_trained_on_as_the_file_of_it(name, whole, tmp_path, capsys):
    table = TABLES[name]()
    found = train(table, "bought", drop="note", **SMALL, out=tmp_path / "run")
    assert capsys.readouterr().out == ""
    assert_same(found, whole)
    assert found.folder == tmp_path / "run" and found == read(tmp_path / "run").results
    assert {each.name for each in found.folder.iterdir()} == {
        "environment.json", "metrics.jsonl", "model.safetensors", "report.html", "results.json",
        "spec.toml", "table.parquet",
    }  # fmt: skip
    (batch,) = chainrule.predict_batches(found.folder, table)
    np.testing.assert_array_equal(found.model.predict(table), batch.predictions)
    assert repr(found).startswith("<Results of 'table.parquet: bought' in ")


def test_the_preparation_that_is_asked_for(tmp_path):
    """In the network's model, in the report, and in the spec that repeats it."""
    how = {"scaling": "standard", "min_count": 3, "max_levels": 2, "bound": 2.0}
    asked = {f"data.table.preparation.{name}": value for name, value in how.items()}
    more = {**SMALL, "overrides": {**SMALL["overrides"], **asked}}
    found = train(shop(), "bought", drop="note", **more, out=tmp_path / "run")
    prepare = chainrule.load(found.folder / "model.safetensors")[0]
    assert {name: prepare.get_params()[name] for name in how} == how
    (step,) = prepare.steps_
    towns = [name for name in step.names if name.startswith("town=")]
    assert len(towns) == 2 and "town: other" in step.names and step.bound == 2.0
    said = " ".join(found.data.preparation)
    assert "standard deviation, what is far out drawn in to 2 at most" in said
    spec = load(found.folder / "spec.toml")
    assert spec.data.table.preparation.model_dump() == how


def told(found):
    return {row[0]: row[1:] for row in found.rows}


def test_what_is_overruled_is_told(file):
    """The decisions are those of the run, whether a flag or --set says so."""
    over = {
        "data.table.kinds.member": "category",
        "data.table.kinds.since": "category",
        "data.table.drop": ["note", "town"],
        "data.split.held_out": 0.3,
    }
    for data in (file, shop()):
        found = plan(data, "bought", overrides=over)
        flags = plan(data, "bought", drop=["note", "town"],
                     kinds={"member": "category", "since": "category"})  # fmt: skip
        assert found.rows[:-1] == flags.rows[:-1]
        assert told(found)["since"][0] == "category" and told(found)["town"][0] == "-"
        shares = "70 % to train on, 15 % to stop by, 15 % to test"
        how = "at random, each class with its share"
        assert told(found)["split"] == ("three parts", f"{shares}; {how}")
        table = load(found.spec).data.table
        assert table.drop == ("town", "note") and table.kinds["since"] == "category"
    found = plan(file, "bought", drop="note", overrides={"data.table.target": "age"})
    assert told(found)["age"][0] == "target: numbers" and "ridge" in found.spec["models"]
    with pytest.raises(DataError, match=r"--drop 'age'.*--category 'age'"):
        plan(file, "bought", drop=["age"], overrides={"data.table.kinds.age": "category"})
    with pytest.raises(DataError, match="Did you mean 'age'"):
        plan(file, "bought", overrides={"data.table.kinds.agee": "category"})
    with pytest.raises(SpecError, match="Did you mean 'kinds'"):
        plan(file, "bought", overrides={"data.table.kind.age": "category"})
    with pytest.raises(
        SpecError, match=r"data\.table\.kinds\.age: .*'number', 'category' or 'date'"
    ):
        plan(file, "bought", overrides={"data.table.kinds.age": "text"})


def test_what_stands_for_missing_can_be_set(tmp_path):
    shop().drop("note").write_csv(tmp_path / "t.csv", null_value="none at all")
    over = {"data.table.options.missing": ["none at all"]}
    found = plan(tmp_path / "t.csv", "bought", overrides=over)
    assert told(found)["age"] == ("number", "numbers; 7 missing")
    assert found.spec["data"]["table"]["options"] == {"missing": ["none at all"]}


def test_which_levels_share_a_column(tmp_path):
    names = ["a"] * 40 + ["b"] * 15 + [f"rare {at % 15}" for at in range(45)]
    table = pl.DataFrame({"name": names, "x": np.linspace(0, 1, 100) ** 2, "y": [0, 1] * 50})
    of_own = "text, 17 different values; columns of their own: at most"
    for over, why in (
        ({}, f"{of_own} 2 (the commonest, with 10 training rows or more); all others share one"),
        ({"max_levels": 1}, f"{of_own} 1 (the commonest, with 10 training rows or more); all"),
        ({"min_count": 50}, f"{of_own} 1 (the commonest); all others share one"),
        ({"min_count": 3}, "; those with fewer than 3 training rows share a column"),
        ({"min_count": 1}, "text, 17 different values"),
    ):
        overrides = {f"data.table.preparation.{name}": value for name, value in over.items()}
        found = told(plan(table, "y", overrides=overrides))["name"][1]
        assert why in found
    assert found == why


def test_a_report_says_nothing_of_what_was_overruled(tmp_path):
    over = {**SMALL["overrides"], "data.split.held_out": 0.3}
    screen = StringIO()
    done = train(shop(), "bought", drop="note", settings=SMALL["settings"], overrides=over,
                 out=tmp_path / "a run", console=Console(file=screen, width=80))  # fmt: skip
    said = " ".join(f"{each.what} {each.value} {each.note}" for each in done.assumptions)
    for stale in ("60 %", "20 %", "128", "dropout"):
        assert stale not in said
    spec = tmp_path / "a run" / "spec.toml"
    assert f"Spec: {spec}, which repeats the run: chainrule run '{spec}'\n" in screen.getvalue()
    assert "70 % to train on" in screen.getvalue()


def test_classes_that_are_too_small_are_told_while_deciding(tmp_path):
    some = pl.DataFrame({"x": np.linspace(0, 1, 60) ** 2, "y": ["a"] * 57 + ["b"] * 2 + ["c"]})
    for data in (some, some.head(12).with_columns(y=pl.Series(["u", "v", "w"] * 4))):
        with pytest.raises(DataError, match=r"too few rows.*--set data\.split\.stratify=false"):
            plan(data, "y")
        found = plan(data, "y", overrides={"data.split.stratify": False})
        assert told(found)["split"][1].endswith("20 % to test; at random")
    with pytest.raises(DataError, match=r"'b' \(2 rows\), 'c' \(1 row\)\. Required 5 rows"):
        plan(some, "y")
    with pytest.raises(DataError, match=r"'c' \(1 row\)\. Required 2 rows of each class"):
        plan(some, "y", overrides={"data.split.scheme": "two-way"})
    with pytest.raises(DataError, match=r"3 rows cannot be cut .*each part needs a row"):
        plan(np.array([[1.5, 2], [2, 4], [4, 1]]), "x1", task="regression",
             overrides={"data.split.held_out": 0.1})  # fmt: skip


class Killed(BaseException):
    """As a kill: nothing is tidied up on its way."""


def killed(patch, kept, *given, **more):
    """Train until the state of a training was saved so often, and no further."""
    saved, save = [], Journal.save

    def save_and_die(self, key, snapshot):
        save(self, key, snapshot)
        saved.append(key)
        if len(saved) == kept:
            raise Killed

    patch.setattr("chainrule.experiments.keeping.SECONDS", 0.0)
    patch.setattr("chainrule.experiments.keeping.SHARE", np.inf)
    patch.setattr("chainrule.engine.fit.capacity", lambda *_: 2)
    patch.setattr(Journal, "save", save_and_die)
    with pytest.raises(Killed):
        train(*given, **more)


def lines(folder):
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_killed_and_moved_it_goes_on(whole, tmp_path, monkeypatch):
    """From the folder alone, wherever it is, and from any working folder."""
    with monkeypatch.context() as patch:
        killed(patch, 2, shop(), "bought", drop="note", **SMALL, out=tmp_path / "run")
    assert (tmp_path / "run" / "checkpoint" / "training.safetensors").exists()
    (tmp_path / "elsewhere").mkdir()
    shutil.move(tmp_path / "run", tmp_path / "elsewhere" / "moved")
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = resume("moved", console=QUIET)
    assert_same(found, whole)
    assert 'file = "table.parquet"' in found.spec and "/" not in found.spec.split("[data.table]")[1]
    assert lines(found.folder) == lines(whole.folder)


def test_streamed_killed_and_moved_it_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(sampling, "MOST", 60)
    monkeypatch.setattr(training, "window_rows", lambda memory, row_bytes: 32)
    given = {"drop": "note", "stream": True, **SMALL}
    first = train(shop(), "bought", **given, out=tmp_path / "whole")
    assert not (tmp_path / "whole" / "stream").exists()
    with monkeypatch.context() as patch:
        killed(patch, 3, shop(), "bought", **given, out=tmp_path / "run")
    shutil.move(tmp_path / "run", tmp_path / "moved")
    assert_same(resume(tmp_path / "moved", console=QUIET), first)
    assert not (tmp_path / "moved" / "stream").exists()


def test_the_spec_repeats_the_run(tmp_path):
    """In another folder, on the kept table or on another one."""
    first = train(shop().to_pandas(), "bought", drop=["note"], **SMALL, out=tmp_path / "a")
    spec = tmp_path / "a" / "spec.toml"
    again = run(spec, out=tmp_path / "b", console=QUIET)
    assert_same(again, first)
    name, whole_path = 'file = "table.parquet"', f'file = "{tmp_path}/a/table.parquet"'
    assert again.spec == first.spec.replace(name, whole_path)
    with pytest.raises(SpecError, match=r"its table table\.parquet with it, which this run needs"):
        run(spec, out=tmp_path / "a", console=QUIET, force=True)
    assert first == read(tmp_path / "a").results
    other = run(spec, table=shop().sample(88, seed=1), out=tmp_path / "c", console=QUIET)
    assert other.spec == first.spec
    assert sum(split.size for split in other.data.splits) == 88
    with pytest.raises(SpecError, match="required a spec whose data are a table"):
        run("digits-first-look", table=shop(), out=tmp_path / "d", console=QUIET)


def test_an_array(tmp_path):
    random = np.random.RandomState(0)
    X = np.column_stack([random.normal(size=(N, 2)), np.arange(N) % 2]).astype(np.float32)
    np.save(tmp_path / "table.npy", X)
    found = train(X, "x3", **SMALL, out=tmp_path / "run")
    spec = plan(tmp_path / "table.npy", "x3").spec
    assert found.data.sha256 == data_of(load(spec).data).sha256
    assert found.model.predict(X).shape == (N,)
    assert pq.read_schema(tmp_path / "run" / "table.parquet").field("x1").type == pa.float32()


EVERYTHING = {
    "f16": pa.array(np.linspace(0, 1, N).astype(np.float16)),
    "u64": pa.array(np.arange(N)[::-1] * 7, pa.uint64()),
    "decimal": pa.array([None, *range(N - 1)], pa.decimal128(9, 2)),
    "seconds": pa.array(np.arange(N) * 10**6, pa.timestamp("s")),
    "zoned": pa.array(np.arange(N) * 10**15, pa.timestamp("ns", "Europe/Berlin")),
    "date64": pa.array([dt.date(2020, 1, 1 + at % 28) for at in range(N)], pa.date64()),
    "coded": pa.array(["a", "b", None] * (N // 3)).dictionary_encode(),
    "numbers, coded": pa.array([10, 20, 30] * (N // 3)).dictionary_encode(),
    "view": pa.array(["1.5", "2", "?"] * (N // 3), pa.string_view()),
    "none": pa.nulls(N),
    "time": pa.array([1, 2, 3] * (N // 3), pa.time32("s")),
    "list": pa.array([[1]] * N),
    "y": pa.array([True, False] * (N // 2)),
}


def test_types_are_kept(tmp_path):
    """What a column is taken for is the same in memory and in the file that is kept."""
    table = pa.table(EVERYTHING)
    given = {"drop": ["time", "list"], "kinds": {"u64": "category"}}
    KeptTable(table).write(tmp_path)
    kept = plan(tmp_path / "table.parquet", "y", **given)
    assert kept.rows == plan(table, "y", **given).rows
    assert without_path(kept.spec) == without_path(plan(table, "y", **given).spec)
    columns = [each.column for each in kept.columns if each.kind]
    ours, theirs = (
        encode(next(open_source(each).blocks(N)), columns)
        for each in (table, tmp_path / "table.parquet")
    )
    np.testing.assert_array_equal(ours, theirs)


ODD = pa.table(
    {"x": [1.5, 2, 4], "z": [1.5, 2, 4], "odd": pa.RunEndEncodedArray.from_arrays([1, 3], [1, 2])}
)
TEXT = pl.DataFrame({"note": [f"no. {at}" for at in range(120)], "y": [0, 1] * 60})
TWICE = pd.DataFrame([[1, "a", "b"]] * 9, columns=["x", "y", "y"])
RARE = pl.DataFrame({"x": np.linspace(0, 1, 8) ** 2, "y": ["a"] * 5 + ["b"] * 2 + ["c"]})
BAD = {
    "no target": ((shop(),), {}, InvalidInputError, "the table: required the column to predict"),
    "unknown target": ((shop(), "bougt"), {}, DataError, "Did you mean 'bought'"),
    "a series": ((shop(), shop()["bought"]), {}, InvalidInputError,
                 "as text; came an object of type polars.series.series.Series"),
    "a number": ((pd.DataFrame({0: [1], 1: [2]}), 1), {}, InvalidInputError,
                 "a column that is called by a number is called by its digits"),
    "text": ((TEXT, "y"), {}, DataError, "most values are different: 'note'"),
    "no rows": ((shop().head(0), "bought"), {}, DataError, "the table has no rows"),
    "no columns": ((pl.DataFrame(), "y"), {}, DataError, "the table has no columns"),
    "twice": ((TWICE, "x"), {}, DataError, "Duplicate column names found: .*'y'"),
    "twice, of Arrow": ((pa.table([[1], [2]], names=["y", "y"]), "y"), {}, DataError,
                        "more than one called 'y'. Rename all but one"),
    "a list": (([[1, 2]], "y"), {}, DataError, "a NumPy array, or a pandas, polars or Arrow table; "
               "came an object of type builtins.list"),
    "a column alone": ((shop()["age"], "y"), {}, DataError, "with named columns of one type each"),
    "mixed": ((pd.DataFrame({"y": [1, "a"]}), "y"), {}, DataError, "came one that it cannot"),
    "a class of one": ((RARE, "y"), {}, DataError, "too few rows.*'b' .2 rows., 'c' .1 row.. Req"),
    "odd": ((ODD, "x"), {"drop": ["odd"], "task": "regression"}, DataError,
            "cannot hold values as those of 'odd' .run_end_encoded"),
    "task": ((shop(), "bought"), {"task": "ranking"}, InvalidInputError,
             "task: required 'classification' or 'regression'; came 'ranking'"),
    "kinds": ((shop(), "bought"), {"kinds": ["age"]}, InvalidInputError, "kinds: required a map"),
    "settings": ((shop(), "bought"), {"settings": "dropout=0"}, InvalidInputError,
                 "settings: required a mapping, such as .'dropout': 0.0.; came 'dropout=0'"),
    "kind": ((shop(), "bought"), {"kinds": {"age": "text"}}, DataError, "Unknown kind of column"),
    "memory": ((shop(), "bought"), {"memory": "lots"}, InvalidInputError, "an amount of memory"),
    "of images": ((shop(), "bought"), {"size": 8, "fit": "crop"}, InvalidInputError,
                  "size, fit: for folders of images"),
    "of files": ((shop(), "bought"), {"delimiter": ";"}, DataError,
                 "the table: there is no option 'delimiter' of a table in memory"),
    "a slip": ((shop(), "bought"), {"tunes": 3}, DataError, "there is no option 'tunes'"),
    "setting": ((shop(), "bought"), {"drop": "note", "settings": {"dropot": 0.1}}, SpecError,
                "Did you mean 'dropout'"),
    "override": ((shop(), "bought"), {"drop": "note", "overrides": {"model.net": 1}}, SpecError,
                 "Did you mean 'models'"),
    "nowhere": (("none.csv", "y"), {}, InvalidInputError, "none.csv does not exist"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_mistakes_are_named_and_leave_nothing(name, tmp_path, monkeypatch):
    given, more, error, text = BAD[name]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=text):
        train(*given, **more, console=QUIET)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("raised", "error", "text"),
    [
        (KeyboardInterrupt, KeyboardInterrupt, None),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            RunError,
            "cannot be kept in .*No space",
        ),
    ],
)
@pytest.mark.parametrize("empty", [False, True])
def test_what_stops_the_writing_leaves_nothing(tmp_path, monkeypatch, raised, error, text, empty):
    """Nor the folders that were made for it; one that was there stays."""
    seen, write = [], pq.ParquetWriter.write_table

    def write_and_stop(self, *given):
        write(self, *given)
        seen.extend(each.name for each in out.iterdir())
        raise raised

    out = tmp_path / "some" / "runs" / "a"
    if empty:
        out.mkdir(parents=True)
    monkeypatch.setattr(pq.ParquetWriter, "write_table", write_and_stop)
    with pytest.raises(error, match=text) as caught:
        train(shop(), "bought", drop="note", **SMALL, out=out)
    assert "resume" not in str(caught.value)
    assert [name for name in seen if name.startswith(".chainrule-")] and "spec.toml" not in seen
    assert list(tmp_path.rglob("*")) == ([out.parents[1], out.parent, out] if empty else [])


def test_an_index_that_is_left_out_is_told(tmp_path):
    said = Console(record=True, quiet=False, file=StringIO(), width=200)
    frame = pd.DataFrame({"x": [1.5, 2, 4] * 9, "y": [0, 1, 1] * 9})
    with pytest.raises(DataError, match="Unknown column 'z'"):
        train(frame, "z", console=said)
    assert said.export_text() == ""
    with pytest.raises(DataError, match="Unknown column 'z'"):
        train(frame.set_index("x"), "z", console=said)
    assert said.export_text() == (
        "The index of the table ('x') is left out; reset_index() makes a column of it.\n"
    )


def test_a_folder_that_is_not_empty(tmp_path):
    out, given = tmp_path / "run", {"drop": "note", **SMALL}
    train(shop(), "bought", **given, out=out)

    def files():
        return {path.name: path.read_bytes() for path in out.iterdir()}

    before = files()
    with pytest.raises(SpecError, match="has files in it"):
        train(shop(), "bought", **given, out=out)
    with pytest.raises(DataError, match="Unknown column"):  # said before anything is removed
        train(shop(), "z", **given, out=out, force=True)
    assert files() == before
    train(shop().head(88), "bought", **given, out=out, force=True)
    assert files().keys() == before.keys()
    assert pq.read_metadata(out / "table.parquet").num_rows == 88


def test_a_table_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "table.parquet").write_bytes(b"precious")
    with pytest.raises(SpecError, match="is no run's"):
        train(shop(), "bought", drop="note", **SMALL, out=tmp_path, force=True)
    assert [each.name for each in tmp_path.iterdir()] == ["table.parquet"]
    assert (tmp_path / "table.parquet").read_bytes() == b"precious"


def test_a_run_of_another_process_is_left_alone(tmp_path, monkeypatch):
    """Two begin in one folder in the same moment: the later one takes nothing away."""

    def taken(path):
        raise SpecError("Another process is running it.")

    monkeypatch.setattr("chainrule.search.journal.lock.take", taken)
    with pytest.raises(SpecError, match="Another process"):
        train(shop(), "bought", drop="note", **SMALL, out=tmp_path / "run")
    assert (tmp_path / "run" / "checkpoint").is_dir()


def test_photos(tmp_path):
    folder = photos(tmp_path / "p", n=5)
    found = plan(folder, size=(4, 6), colour="grey", fit="crop")
    assert found.spec["data"]["folder"]["size"] == [4, 6]
    assert plan(str(folder), size=4).spec["data"]["folder"]["size"] == [4, 4]
    assert ("size", "4 x 6", "as asked for (--size)") in found.rows
    done = train(folder, **SMALL, out=tmp_path / "run")
    assert done.model.classes_.tolist() == ["blue", "green", "red"]
    for given, text in (
        ({"target": "y", "drop": ["a"], "delimiter": ";"}, "target, drop, delimiter: for tables"),
        ({"stream": True}, "stream: for tables"),
        ({"colour": "green"}, "colour: required 'grey' or 'rgb'; came 'green'"),
        ({"fit": "squeeze"}, "fit: required 'stretch' or 'crop'"),
        ({"size": (4, 4, 3)}, "Required a size in pixels"),
        ({"size": (0, 4)}, "sides of 1 to 256"),
    ):
        with pytest.raises(InvalidInputError, match=text):
            train(folder, **given, out=tmp_path / "none", console=QUIET)
    assert not (tmp_path / "none").exists()


def test_results_that_have_no_folder_or_no_model(whole, tmp_path):
    text = (whole.folder / "results.json").read_text()
    alone = Results.model_validate_json(text)
    assert alone == whole
    for name in ("folder", "model"):
        with pytest.raises(RunError, match="and have no folder"):
            getattr(alone, name)
    with pytest.raises(RunError, match="Required a run that has a model"):
        _ = alone.kept_in(tmp_path).model
