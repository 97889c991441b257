"""Trainings side by side, kept: the order of what is told, refusals, Ctrl-C, going on."""

import numpy as np
import pytest
from rich.console import Console

from chainrule.data import load
from chainrule.data.splits import Part
from chainrule.errors import SpecError
from chainrule.experiments.interrupt import Interrupt
from chainrule.experiments.joint import job, measured, train_jointly
from chainrule.experiments.recorder import Recorder
from chainrule.search.journal import Journal

SETTINGS = {"hidden_layer_sizes": [5], "batch_size": 25, "tol": 0.0, "n_iter_no_change": 99}


@pytest.fixture(scope="module")
def rows():
    data = load("digits")
    return Part((data.X_train[:100] / 16).astype("float32"), data.y_train[:100])


def jobs(rows, budgets=(9, 2, 5)):
    return [
        job("mlp", {**SETTINGS, "random_state": seed, "max_iter": epochs}, rows)
        for seed, epochs in enumerate(budgets)
    ]


def recorder(path, journal, interrupt=None):
    console = Console(quiet=True)
    return Recorder(path / "metrics.jsonl", console, interrupt or Interrupt(), journal)


def losses(number, estimator):
    return estimator.history_["train_loss"].tolist()


def test_all_are_trained_and_told_of_in_order(rows, tmp_path):
    told = []
    with Journal(tmp_path) as journal:
        found = train_jointly(
            "a", jobs(rows), recorder(tmp_path, journal), "", losses,
            lambda number, facts: told.append((number, facts)),
        )  # fmt: skip
        assert not list(journal.folder.glob("*.safetensors"))
    assert [len(each) for each in found] == [9, 2, 5]
    assert told == list(enumerate(found))
    single = jobs(rows)[0].estimator
    with pytest.warns(match="Stochastic Optimizer"):
        single.fit(*rows)
    assert found[0] == pytest.approx(single.history_["train_loss"].tolist(), rel=1e-4)


def test_what_is_known_is_not_trained_again(rows, tmp_path):
    with Journal(tmp_path) as journal:
        here = recorder(tmp_path, journal)
        first = train_jointly("a", jobs(rows), here, "", losses)
    with Journal(tmp_path) as journal:
        here = recorder(tmp_path, journal)
        again = train_jointly("a", jobs(rows), here, "", lambda *_: pytest.fail())
    assert again == first


@pytest.mark.parametrize("presses", [1, 4, 8])
def test_after_ctrl_c_it_goes_on_to_the_same_bits(rows, tmp_path, monkeypatch, presses):
    """Ctrl-C after so many ranges; every state of a block is kept."""
    monkeypatch.setattr("chainrule.experiments.joint.SECONDS", 0.0)
    monkeypatch.setattr("chainrule.experiments.joint.SHARE", np.inf)
    monkeypatch.setattr("chainrule.engine.population.capacity", lambda *_: 4)
    for name in ("whole", "broken"):
        (tmp_path / name).mkdir()
    with Journal(tmp_path / "whole") as journal:
        whole = train_jointly("a", jobs(rows), recorder(tmp_path / "whole", journal), "", losses)

    class Pressed(Interrupt):
        asked = 0

        @property
        def pressed(self):
            type(self).asked += 1
            return type(self).asked > presses

        @pressed.setter
        def pressed(self, value):
            pass

    broken = tmp_path / "broken"
    with Journal(broken) as journal, pytest.raises(KeyboardInterrupt):
        train_jointly("a", jobs(rows), recorder(broken, journal, Pressed()), "", losses)
    with Journal(broken) as journal:
        assert train_jointly("a", jobs(rows), recorder(broken, journal), "", losses) == whole
        assert not list(journal.folder.glob("*.safetensors"))


def test_what_was_measured_is_kept(rows, tmp_path, monkeypatch):
    """It decides who shares a block, and so the bits: the clock is asked once in a run."""
    from chainrule.estimators import together

    monkeypatch.setattr("chainrule.experiments.joint.SECONDS", 0.0)
    monkeypatch.setattr("chainrule.experiments.joint.SHARE", np.inf)
    monkeypatch.setattr("chainrule.engine.population.capacity", lambda *_: 4)
    monkeypatch.setattr(together, "WORTH_MEASURING", 0.0)
    sizes = iter([2, 1])

    def found(*_):
        size = next(sizes)
        return {"size": size, "in_turn": False, "seconds": {f"{size}": 1e-6}}

    monkeypatch.setattr(together, "quickest_way", found)
    asked = []

    class Pressed(Interrupt):
        @property
        def pressed(self):
            asked.append(1)
            return len(asked) > 4

        @pressed.setter
        def pressed(self, value):
            pass

    with Journal(tmp_path) as journal, pytest.raises(KeyboardInterrupt):
        train_jointly("a", jobs(rows), recorder(tmp_path, journal, Pressed()), "", losses)
    with Journal(tmp_path) as journal:
        here = recorder(tmp_path, journal)
        train_jointly("a", jobs(rows), here, "", losses)
        assert [each["size"] for each in measured("a", here).values()] == [2]
    assert list(sizes) == [1]


def test_what_is_ahead_is_said(rows, tmp_path, capsys):
    with Journal(tmp_path) as journal:
        here = Recorder(tmp_path / "metrics.jsonl", Console(width=200), Interrupt(), journal)
        train_jointly("a", jobs(rows), here, "net: seeds", losses)
    assert "net: seeds: 3 trainings in 1 program and " in capsys.readouterr().out


def test_what_an_estimator_refuses(rows, tmp_path):
    bad = job("mlp", {**SETTINGS, "max_iter": 0}, rows)
    with (
        Journal(tmp_path) as journal,
        pytest.raises(SpecError, match=r"be trained \(a network\): .*max_iter"),
    ):
        train_jointly("a", [bad], recorder(tmp_path, journal), "", losses)


def test_a_warning_is_said_once(rows, tmp_path, capsys):
    large = [job("mlp", {**SETTINGS, "batch_size": 500, "max_iter": 1, "random_state": seed}, rows)
             for seed in range(3)]  # fmt: skip
    with Journal(tmp_path) as journal:
        here = Recorder(tmp_path / "m", Console(width=200), Interrupt(), journal)
        train_jointly("a", large, here, "", losses)
    assert capsys.readouterr().out.count("clipped: batch_size=500, 100 rows") == 1
