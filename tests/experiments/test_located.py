"""Paths in specs: relative to the file that says them."""

from pathlib import Path

import pandas as pd
import pytest
from tests.experiments.test_from_data import QUIET

from chainrule.errors import DataError
from chainrule.experiments import plan, run
from chainrule.experiments.loading import load, to_table
from chainrule.experiments.located import folder_of, located, path_of
from chainrule.experiments.toml import dumps


def test_what_a_path_is_relative_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert folder_of("a/spec.toml") == folder_of(Path("a/spec.toml")) == tmp_path / "a"
    assert folder_of("digits-first-look") == folder_of({}) == tmp_path


@pytest.mark.parametrize(
    "own",
    [
        {"table": {"file": "t.csv", "target": "y", "task": "regression"}},
        {"folder": {"path": "p", "size": [4, 4], "colour": "grey"}},
        {},
    ],
)
def test_only_what_is_relative_is_changed(tiny, tmp_path, own):
    tiny["data"] |= own
    spec = load(tiny)
    found = located(spec, tmp_path)
    assert path_of(found) == (tmp_path / path_of(spec) if own else None)
    assert located(found, Path("elsewhere")) == found
    if own:
        assert located(found, tmp_path).members == spec.members


def test_a_spec_beside_its_table(tmp_path, monkeypatch):
    frame = pd.DataFrame({"x": [at / 7 for at in range(40)], "y": [at % 3 / 2 for at in range(40)]})
    (tmp_path / "a").mkdir()
    frame.to_csv(tmp_path / "a" / "t.csv", index=False)
    spec = plan(tmp_path / "a" / "t.csv", "y", task="regression").spec
    spec["data"]["table"]["file"] = "t.csv"
    spec["models"], spec["chosen"] = {"mean": spec["models"]["mean"]}, "mean"
    (tmp_path / "a" / "s.toml").write_text(dumps(to_table(load(spec))), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = run("a/s.toml", out="run", console=QUIET)
    assert load(tmp_path / "run" / "spec.toml").data.table.file == str(tmp_path / "a" / "t.csv")
    assert found.data.source == "t.csv"
    with pytest.raises(DataError, match=f"{tmp_path}/t.csv does not exist"):  # from the shell
        run("a/s.toml", out="b", console=QUIET, overrides={"data.table.file": "t.csv"})
    assert not (tmp_path / "b").exists()
