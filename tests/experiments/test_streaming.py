"""A run whose network trains on a stream, and goes on after a kill."""

import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import chainrule
from chainrule.data import sample as sampling
from chainrule.data.own import load_table
from chainrule.errors import SpecError
from chainrule.experiments import streaming
from chainrule.experiments.describe import parts_of
from chainrule.experiments.loading import load
from chainrule.experiments.own import plan
from chainrule.experiments.results import Results
from chainrule.experiments.runner import resume, run
from chainrule.experiments.targets import Target
from chainrule.files.light import load_header
from chainrule.search.journal import Journal
from chainrule.streams import training

QUIET = Console(quiet=True)
N = 900
SETTINGS = {
    "hidden_layer_sizes": [6], "max_iter": 3, "n_iter_no_change": 9, "batch_size": 32,
    "learning_rate_init": 0.02,
}  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Samples of about 300 rows, windows of 160, and a state kept after each range."""
    monkeypatch.setattr(sampling, "MOST", 300)
    monkeypatch.setattr(training, "window_rows", lambda memory, row_bytes: 160)
    monkeypatch.setattr("chainrule.experiments.keeping.SECONDS", 0.0)
    monkeypatch.setattr("chainrule.experiments.keeping.SHARE", float("inf"))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    random = np.random.RandomState(0)
    frame = pd.DataFrame({"x": random.normal(size=N), "z": random.normal(size=N)})
    frame["town"] = random.choice(["Bonn", "Rome", "Ulm"], N)
    frame["kind"] = np.where(frame.x + (frame.town == "Rome") > 0.5, "b", "a")
    frame["price"] = 100 + 20 * frame.z + 5 * (frame.town == "Ulm")
    frame.loc[::50, "x"] = np.nan
    frame.loc[[3, 8], "kind"] = None
    path = tmp_path_factory.mktemp("file") / "t.parquet"
    frame.to_parquet(path, row_group_size=200)
    return path


def spec(file, target="kind", **more):
    drop = ["price" if target == "kind" else "kind"]
    found = plan(file, target, drop=drop, stream=True, settings={**SETTINGS, **more}).spec
    models = {name: found["models"][name] for name in ("net", *BASELINES[target])}
    return {**found, "models": models}


BASELINES = {"kind": ("majority", "logistic"), "price": ("mean", "ridge")}


def table_of(file, target="kind", made=None):
    data = load(spec(file, target)).data
    sample = streaming.sample_of(data)
    table = streaming.streamed_table(data, sample, made or Target(), file.parent / "run")
    return data, sample, table


def test_a_sample_is_rows_of_the_file(file):
    _, sample, _ = table_of(file)
    whole = load_table(file, target="kind", drop=["price"])
    kept = np.setdiff1d(np.arange(N), [3, 8])  # those with a target
    at = np.searchsorted(kept, sample.rows)
    np.testing.assert_array_equal(sample.data.X_train, whole.X_train[at])
    np.testing.assert_array_equal(sample.data.y_train, whole.y_train[at])
    assert sample.n_rows == N - 2
    assert 200 < len(sample.rows) < 400
    assert f"a random sample of {len(sample.rows)} of the 898 rows" in sample.data.remark


def test_a_sample_does_not_depend_on_how_it_is_read(file, monkeypatch):
    _, sample, _ = table_of(file)
    monkeypatch.setattr(sampling, "BLOCK_BYTES", 1)
    np.testing.assert_array_equal(table_of(file)[1].rows, sample.rows)


@pytest.mark.parametrize("target", ["kind", "price"])
def test_the_network_sees_all_rows_but_those_that_judge_it(file, target, tmp_path):
    """Told by their prepared features, which are different in each row."""
    made = Target("price", 100.0, 20.0) if target == "price" else Target()
    data, sample, table = table_of(file, target, made)
    parts = parts_of(sample.data, data)
    from chainrule.data import preparation

    fitted = preparation.fit(("table",), parts["train"].X, None, sample.data.columns)
    stream = table.part(fitted.steps).X
    spool = stream.spooled(target == "kind", ["float64", "float32"])
    with spool.reader() as reader:
        X = np.empty((reader.n_rows, reader.n_features), reader.dtype)
        y = np.empty(reader.n_rows, reader.target_dtype)
        reader.read(0, len(X), X, y)
    assert reader.dtype == np.float32
    rows = {tuple(row) for row in X.tolist()}
    known = {name: {tuple(row) for row in fitted(part.X).tolist()} for name, part in parts.items()}
    assert known["train"] <= rows
    assert not known["validation"] & rows
    assert not known["test"] & rows
    judging = len(parts["validation"].y) + len(parts["test"].y)
    assert len(X) == table.n_rows == sample.n_rows - judging
    whole = load_table(file, target=target, drop=["price" if target == "kind" else "kind"])
    keys = map(tuple, fitted(whole.X_train).tolist())
    where = dict(zip(keys, whole.y_train.tolist(), strict=True))
    wanted = np.array([where[tuple(row)] for row in X.tolist()])
    np.testing.assert_allclose(y, (wanted - made.shift) / made.scale, rtol=1e-12)
    table.remove()
    assert not table.folder.exists()


@pytest.fixture(scope="module")
def whole(file, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "MOST", 300)
        patch.setattr(training, "window_rows", lambda memory, row_bytes: 160)
        path = tmp_path_factory.mktemp("whole") / "run"
        return path, run(spec(file), out=path, console=QUIET)


def test_a_run_is_one_like_any_other(whole, file):
    path, results = whole
    net = next(model for model in results.models if model.key == "net")
    assert net.scores.test > 0.8
    names = sorted(each.name for each in path.iterdir())
    assert names == sorted(["environment.json", "metrics.jsonl", "model.safetensors",
                            "report.html", "results.json", "spec.toml"])  # fmt: skip
    report = (path / "report.html").read_text()
    assert "of the 898 rows is held in memory" in report
    assert "a random sample of at most" in report
    sizes = {split.name: split.size for split in results.data.splits}
    judging = sizes["validation"] + sizes["test"]
    assert load_header(path / "model.safetensors").about.rows == 898 - judging
    said = chainrule.load(path / "model.safetensors").predict(pd.read_parquet(file))
    assert set(said) == {"a", "b"}


def without_times(path):
    rows = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


class Killed(BaseException):
    """As a kill: nothing is tidied up on its way."""


@pytest.mark.parametrize("after", [0, 1, 4, 7])
def test_killed_it_goes_on_to_the_same_bits(whole, file, tmp_path, monkeypatch, after):
    """After so many states were kept; 0 is while the rows are written down."""
    kept, save = [], Journal.save

    def save_and_die(self, key, snapshot):
        save(self, key, snapshot)
        kept.append("within" in snapshot.facts)
        if len(kept) == after:
            raise Killed

    def die(*args):
        raise Killed

    path = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Journal, "save", save_and_die)
        if after == 0:
            patch.setattr("chainrule.streams.spool.write_bytes", die)
        run(spec(file), out=path, console=QUIET)
    assert after != 1 or kept == [True]  # within an epoch
    assert after == 0 or list((path / "stream").glob("spool-*/rows.x"))
    resume(path, console=QUIET)
    assert not (path / "stream").exists()
    first, second = (
        Results.model_validate_json((each / "results.json").read_text()).comparable()
        for each in (whole[0], path)
    )
    assert first == second
    assert without_times(whole[0]) == without_times(path)
    nets = [chainrule.load(each / "model.safetensors")[-1] for each in (whole[0], path)]
    for ours, theirs in zip(*([*net.coefs_, *net.intercepts_] for net in nets), strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_values_in_their_own_unit(file, tmp_path):
    results = run(spec(file, "price", max_iter=20), out=tmp_path / "run", console=QUIET)
    net = next(model for model in results.models if model.key == "net")
    assert net.scores.test > 0.9
    found = chainrule.load(tmp_path / "run" / "model.safetensors")
    truth = pd.read_parquet(file)
    assert np.abs(found.predict(truth) - truth.price).mean() < 4


REFUSED = {
    "seeds": ({"models.net.seeds.count": 2}, "models.net.seeds: where the rows are streamed"),
    "dtype": ({"models.net.dtype": "float64"}, "needs prepare = "),
    "memory": ({"data.table.memory": "500MB"}, "data.table.memory: Required at least"),
    "lbfgs": (
        {"models.net.settings.solver": "lbfgs", "models.net.settings.dropout": 0.0},
        "needs all rows in memory",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_streamed_is_refused(file, tmp_path, name):
    changes, text = REFUSED[name]
    with pytest.raises(SpecError, match=text):
        run(spec(file), out=tmp_path / "run", overrides=changes, console=QUIET)
    assert name == "lbfgs" or not (tmp_path / "run").exists()


def test_the_spec_says_what_is_streamed(file):
    table = load(spec(file)).data.table
    assert (table.stream, table.memory) == (True, "1GB")
    assert load(plan(file, "kind", drop=["price"]).spec).data.table.stream is False
