"""What stands for a missing value belongs to the model: in files of text, and nowhere else."""

import csv
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from tests.streams.conftest import people

import chainrule
from chainrule import MLPClassifier, predict_batches
from chainrule.errors import DataError
from chainrule.streams.evaluate import evaluate
from chainrule.streams.info import described
from chainrule.streams.writing import predict_to
from chainrule.tables.transformer import TablePreparation

GAPS = ["", "-99", "NA of Bonn"]


@pytest.fixture(scope="module")
def trained():
    """A Pipeline that tells towns, other ones and none apart; its rows, and the truth."""
    frame = people()
    frame["town"] = np.resize(["Bonn", "Rome", None, "Ulm", *["Bonn", "Rome"] * 30], len(frame))
    score = frame["x"].fillna(1.0) + frame["z"] + frame["town"].isna()
    y = np.where(score > 0.5, "yes", "no")
    net = MLPClassifier((6,), solver="lbfgs", max_iter=40, alpha=1.0, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(TablePreparation(), net).fit(frame, y), frame, y


@pytest.fixture(scope="module")
def marked(trained, tmp_path_factory):
    """A model that knows ``GAPS``, a table, what is true of it, and the model without them."""
    (pipe, frame, y), folder = trained, tmp_path_factory.mktemp("marked")
    chainrule.save(pipe, folder / "m", about={"target": "y", "missing": GAPS})
    chainrule.save(pipe, folder / "plain", about={"target": "y"})
    return folder / "m", frame, y, folder / "plain"


def answers(model, source, **options):
    return np.concatenate([each.outputs for each in predict_batches(model, source, **options)])


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".CSV"])
def test_a_file_of_text_has_the_gaps_of_the_training(marked, tmp_path, suffix):
    path, frame, y, plain = marked
    file = tmp_path / f"t{suffix}"
    frame.assign(y=y).to_csv(file, index=False, na_rep="-99", sep="\t" if "t" in suffix else ",")
    np.testing.assert_array_equal(answers(path, file), answers(plain, frame))
    assert evaluate(path, file) == evaluate(plain, frame.assign(y=y))
    assert predict_to(path, file, tmp_path / "o.npy") == len(frame)
    np.testing.assert_array_equal(np.load(tmp_path / "o.npy"), answers(plain, frame))
    assert not np.array_equal(answers(plain, file), answers(plain, frame))  # -99 is a number


def test_what_is_said_overrules(marked, tmp_path):
    path, frame, y, plain = marked
    table = frame.assign(y=y)
    table.to_csv(tmp_path / "t.csv", index=False, na_rep="none")
    for read in (answers, evaluate, lambda *x, **o: predict_to(*x, tmp_path / "o.npy", **o)):
        with pytest.raises(DataError, match="required a number, came 'none'"):
            read(path, tmp_path / "t.csv")
    found = answers(path, tmp_path / "t.csv", missing=["none"])
    np.testing.assert_array_equal(found, answers(plain, frame))
    assert evaluate(path, tmp_path / "t.csv", missing=["none"]) == evaluate(plain, table)
    assert predict_to(path, tmp_path / "t.csv", tmp_path / "o.npy", missing=["none"]) == len(frame)
    np.testing.assert_array_equal(np.load(tmp_path / "o.npy"), found)


def test_no_other_source_has_them(marked, tmp_path):
    """There -99 is a number and the text a level; and an option of CSV is refused as before."""
    path, frame, _, plain = marked
    frame = frame.assign(x=frame["x"].fillna(-99.0), town=["NA of Bonn"] * len(frame))
    frame.to_parquet(tmp_path / "t.parquet")
    for source in (tmp_path / "t.parquet", frame):
        np.testing.assert_array_equal(answers(path, source), answers(plain, source))
    with pytest.raises(DataError, match="there is no option 'missing'"):
        answers(path, tmp_path / "t.parquet", missing=GAPS)


def test_no_text_at_all_is_a_choice_too(trained, marked, tmp_path):
    """All that the file has is a value then."""
    (pipe, frame, _), (*_, plain) = trained, marked
    chainrule.save(pipe, tmp_path / "m", about={"missing": []})
    frame = frame.assign(x=frame["z"], town="NA")
    frame.to_csv(tmp_path / "t.csv", index=False)
    np.testing.assert_array_equal(answers(tmp_path / "m", tmp_path / "t.csv"), answers(pipe, frame))
    gone = frame.assign(town=pd.Series([None] * len(frame), dtype=object))
    np.testing.assert_array_equal(answers(plain, tmp_path / "t.csv"), answers(pipe, gone))
    assert not np.allclose(answers(pipe, gone), answers(pipe, frame))
    assert dict(described(tmp_path / "m"))["missing"] == "no text, in files of text"


def test_an_estimator_knows_of_none(marked, trained, tmp_path):
    """Loaded, it is the estimator that was saved."""
    path, frame, *_ = marked
    frame.to_csv(tmp_path / "t.csv", index=False)
    found = answers(chainrule.load(path), tmp_path / "t.csv")
    np.testing.assert_array_equal(found, answers(trained[0], tmp_path / "t.csv"))


def test_info_tells_them(marked, trained, tmp_path):
    path, _, _, plain = marked
    assert ("missing", "'', '-99', 'NA of Bonn', in files of text") in described(path)
    assert "missing" not in dict(described(plain))
    many = [f"\x1b[{at}m" for at in range(40)]
    chainrule.save(trained[0], tmp_path / "m", about={"missing": many})
    said = dict(described(tmp_path / "m"))["missing"]
    assert said.startswith(r"'\x1b[0m', '\x1b[1m'") and said.endswith("... (40), in files of text")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=9), max_size=5),
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=2)),
)
def test_any_texts(trained, tmp_path, gaps, others):
    """A cell is missing where its text is one of them, and nowhere else."""
    pipe, frame, _ = trained
    gaps = [each for each in gaps if each != "0.25"]  # the other columns have it
    chainrule.save(pipe, tmp_path / "m", about={"missing": gaps})
    texts = [each for each in [*gaps, *others] if "\0" not in each] + ["Bonn", "Rome", "Ulm", "NA"]
    rows = frame.head(len(texts)).assign(town=texts)
    rows["x"] = rows["z"] = 0.25
    rows.to_csv(tmp_path / "t.csv", index=False, quoting=csv.QUOTE_ALL)
    holes = rows.assign(town=[None if each in gaps else each for each in texts])
    np.testing.assert_array_equal(answers(tmp_path / "m", tmp_path / "t.csv"), answers(pipe, holes))
