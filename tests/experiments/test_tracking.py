"""A run whose models are tracked: told as it goes, and the same run otherwise."""

import io
import json
import sys
from types import SimpleNamespace

import pytest
from rich.console import Console

from chainrule.errors import MissingExtraError, SpecError
from chainrule.experiments import tracking
from chainrule.experiments.fitting import fit
from chainrule.experiments.runner import resume, run
from chainrule.interop.trackers import TRACKERS

QUIET = Console(quiet=True)


@pytest.fixture
def small(tiny):
    """Two models, fitted once each."""
    for model in tiny["models"].values():
        for name in ("grid", "baseline", "also_prepare", "seeds"):
            model.pop(name, None)
    return {**tiny, "printed": []}


@pytest.fixture(scope="module")
def untracked(tmp_path_factory):
    """What a run of it is where nothing is tracked, and its folder; once made."""
    folder, found = tmp_path_factory.mktemp("untracked") / "run", []

    def plain(spec):
        if not found:
            found.append(run(spec, out=folder, console=QUIET))
        return found[0], folder

    return plain


class Notebook:
    """A run on paper; ``breaks(n)`` says whether its n-th call fails."""

    def __init__(self, breaks):
        self.breaks, self.calls = breaks, 0
        self.known, self.seen, self.found, self.closed = {}, [], None, None

    def _call(self):
        self.calls += 1
        if self.breaks(self.calls):
            raise ConnectionError("no server")

    def parameters(self, values):
        self._call()
        self.known |= values

    def points(self, points):
        self._call()
        self.seen += points

    def results(self, values, epoch):
        self._call()
        self.found = dict(values), epoch

    def close(self, failed):
        self._call()
        self.closed = failed


@pytest.fixture
def paper(monkeypatch):
    """A tracker that writes down what it is told, and may fail."""
    found = SimpleNamespace(books={}, asked=[], breaks=lambda call: False, opens=True)

    def sinks(name, folder):
        found.asked.append((name, folder))

        def opened(key):
            if not found.opens:
                raise ConnectionError("no server")
            return found.books.setdefault(key, Notebook(found.breaks))

        return opened

    module = SimpleNamespace(package=lambda: None, sinks=sinks)
    monkeypatch.setitem(sys.modules, "paper_tracker", module)
    monkeypatch.setattr(tracking, "TRACKERS", {"paper": "paper_tracker"})
    return found


def lines(folder, event):
    rows = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [row for row in rows if row["event"] == event]


def comparable(folder):
    rows = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_each_model_is_a_run_with_its_epochs_and_scores(small, untracked, paper, tmp_path):
    results = run(small, out=tmp_path / "run", console=QUIET, track="paper")
    assert paper.asked == [("tiny", tmp_path / "run")]
    assert paper.books.keys() == {"tree", "ann"}
    book = paper.books["ann"]
    written = lines(tmp_path / "run", "epoch")
    assert [point.epoch for point in book.seen] == [row["epoch"] for row in written]
    assert len(book.seen) == 6
    for name in ("train_loss", "validation_loss", "test_score", "learning_rate"):
        assert [point.values[name] for point in book.seen] == [row[name] for row in written]
    (ann,) = [model for model in results.models if model.key == "ann"]
    assert book.found == ({f"{k}_score": v for k, v in ann.scores.model_dump().items()}, 6)
    assert (book.known["model"], book.known["hidden_layer_sizes"]) == ("ann", [8])
    tree = paper.books["tree"]
    assert (tree.seen, tree.found[1], tree.closed, book.closed) == ([], 0, False, False)
    # and the run is the one that is not tracked
    plain, folder = untracked(small)
    assert results.comparable() == plain.comparable()
    assert comparable(tmp_path / "run") == comparable(folder)


def test_a_tracker_that_goes_is_a_note_and_changes_nothing(small, untracked, paper, tmp_path):
    paper.breaks = lambda call: True
    out = io.StringIO()
    console = Console(file=out, width=200)
    results = run(small, out=tmp_path / "run", console=console, track="paper")
    assert "Note: paper does not take the run any more (ConnectionError: no server)" in (
        out.getvalue()
    )
    assert results.comparable() == untracked(small)[0].comparable()


def test_a_run_that_cannot_be_opened_is_told_once(small, untracked, paper, tmp_path):
    paper.opens = False
    out = io.StringIO()
    results = run(small, out=tmp_path / "run", console=Console(file=out, width=200), track="paper")
    assert out.getvalue().count("Nothing more is tracked: ConnectionError: no server") == 1
    assert results.comparable() == untracked(small)[0].comparable()


def test_a_run_that_goes_on_tells_all_of_it(small, paper, tmp_path, monkeypatch):
    """Broken off after the first model, which then is said once more."""

    def breaks(family, *rest, **more):
        if family == "mlp":
            raise SpecError("refused when it is trained")
        return fit(family, *rest, **more)

    folder = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(SpecError, match="when it is trained"):
        patch.setattr("chainrule.experiments.training.fit", breaks)
        run(small, out=folder, console=QUIET, track="paper")
    assert paper.books["tree"].closed is False
    paper.books.clear()
    resume(folder, console=QUIET, track="paper")
    assert paper.books.keys() == {"tree", "ann"}
    assert len(paper.books["ann"].seen) == 6


def test_an_unknown_tracker_is_refused_before_anything_is_written(small, tmp_path):
    with pytest.raises(SpecError, match=r"Unknown tracker 'mlfow'\. Did you mean 'mlflow'"):
        run(small, out=tmp_path / "run", console=QUIET, track="mlfow")
    assert not (tmp_path / "run").exists()


def test_a_tracker_that_is_not_installed_is_refused_before_anything_is_written(
    small, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'chainrule\[wandb\]'"):
        run(small, out=tmp_path / "run", console=QUIET, track="wandb")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", TRACKERS)
def test_every_tracker_can_be_asked_for(name):
    pytest.importorskip({"tensorboard": "tensorboardX"}.get(name, name))
    tracking.check_tracker(name)


def test_tensorboard_is_in_the_runs_folder(small, tmp_path):
    events = pytest.importorskip("tensorboardX.proto.event_pb2")
    folder = tmp_path / "run"
    run(small, out=folder, console=QUIET, track="tensorboard")
    found = {path.name: list(path.iterdir()) for path in (folder / "tensorboard").iterdir()}
    assert found.keys() == {"tree", "ann"}
    (path,) = found["ann"]
    content = path.read_bytes()
    assert b"train_loss" in content
    assert events.Event.FromString(content[12:36]).file_version == "brain.Event:2"
    small["models"].pop("tree")
    run(small, out=folder, console=QUIET, force=True)
    assert not (folder / "tensorboard").exists()
