"""A model for other worlds, by the ending of the name: and nothing that is there gets lost."""

import importlib.util
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from tests.tables.images_made import photos

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import DataError, InvalidInputError
from chainrule.interop.c import write_header
from chainrule.interop.export import export
from chainrule.tables.transformer import TablePreparation

ENDINGS = [
    pytest.param(
        ".onnx",
        marks=pytest.mark.skipif(importlib.util.find_spec("onnx") is None, reason="no onnx"),
    ),
    ".h",
    ".py",
]


@pytest.fixture(scope="module")
def net():
    X = np.random.default_rng(0).normal(size=(30, 3))
    return MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, X[:, 0] > 0)


@pytest.fixture
def model(net, tmp_path):
    chainrule.save(net, tmp_path / "net.safetensors")
    return tmp_path / "net.safetensors"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_is_there_is_replaced_on_demand_alone(ending, model, tmp_path):
    out = tmp_path / f"out{ending}"
    assert list(export(model, out))[-1].startswith(f"Wrote {out}")
    whole = out.read_bytes()
    out.write_text("mine")
    with pytest.raises(InvalidInputError, match=r"is there already.*--force"):
        list(export(model, out))
    assert out.read_text() == "mine"
    list(export(model, out, force=True))
    assert out.read_bytes() == whole


def test_what_stands_for_missing_in_files_is_said(net, tmp_path):
    """And read so where rows are measured."""
    chainrule.save(net, tmp_path / "m", about={"missing": ["", "-99"]})
    (tmp_path / "rows.csv").write_text("a,b,c\n1,2,3\n0.5,1,-2\n")
    said = list(export(tmp_path / "m", tmp_path / "m.h", int8=tmp_path / "rows.csv"))
    assert any("'', '-99' stood for a missing value" in line for line in said)
    (tmp_path / "rows.csv").write_text("a,b,c\n1,2,3\n0.5,1,NA\n")
    with pytest.raises(DataError, match="required a number, came 'NA'"):
        list(export(tmp_path / "m", tmp_path / "m.h", int8=tmp_path / "rows.csv", force=True))


def test_the_weights_of_a_script_replace_nothing_either(model, tmp_path):
    (tmp_path / "out.safetensors").write_text("mine")
    with pytest.raises(InvalidInputError, match=r"out\.safetensors is there already"):
        list(export(model, tmp_path / "out.py"))
    assert not (tmp_path / "out.py").exists()


@pytest.mark.parametrize("force", [False, True])
def test_the_model_itself_is_never_replaced(force, model, tmp_path):
    before = model.read_bytes()
    with pytest.raises(InvalidInputError, match=r"net\.safetensors is the model itself"):
        list(export(model, tmp_path / "net.py", force=force))
    assert model.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["net.safetensors"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_place_where_none_can_be_written(ending, model, tmp_path):
    for place in ("missing", "net.safetensors"):
        with pytest.raises(InvalidInputError, match=r"cannot be written: [A-Z][^\[]*\.$"):
            list(export(model, tmp_path / place / f"out{ending}"))


# 8 bits, and what they cost


def shop(n=200):
    random = np.random.default_rng(1)
    rows = pd.DataFrame({"a": random.normal(size=n), "town": random.choice(["Bonn", "Rome"], n)})
    rows["kind"] = np.where(rows["a"] + (rows["town"] == "Rome") > 0.3, "much", "little")
    rows["price"] = 1000 * rows["a"] + random.normal(size=n)
    return rows


def trained(path, target, **about):
    """A Pipeline of the shop's table, and its file."""
    net = MLPRegressor if target == "price" else MLPClassifier
    settings = {"hidden_layer_sizes": (6,), "solver": "lbfgs", "random_state": 0, "max_iter": 40}
    made = make_pipeline(TablePreparation(), net(**settings))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = shop()
        made.fit(rows[["a", "town"]], rows[target])
    chainrule.save(made, path, about={"target": target, **about})
    return made


def said_of(model, out, data, **options):
    lines = list(export(model, out, int8=data, **options))
    assert out.exists()
    return " ".join(lines)


@pytest.mark.parametrize(("target", "measure"), [("kind", "accuracy"), ("price", "RMSE")])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_accuracy_before_and_after(target, measure, suffix, tmp_path):
    """On the terminal and in the header what `write_header` finds; rows without truth left out."""
    made = trained(tmp_path / "m", target)
    rows = shop()
    rows.loc[[3, 7, 8], target] = None
    rows = rows[["kind", "town", "price", "a"]]  # any order, and columns that are not used
    data = tmp_path / f"rows{suffix}"
    rows.to_csv(data, index=False) if suffix == ".csv" else rows.to_parquet(data)
    said = said_of(tmp_path / "m", tmp_path / "m.h", data)
    known = rows[rows[target].notna()]
    X = made[0].transform(known)
    found = write_header(made[1], tmp_path / "net.h", quantize="int8", X=X, y=known[target]).change
    before, after = map(float, re.search(rf"{measure} (\S+) before and (\S+) after", said).groups())
    assert (before, after) == pytest.approx((found.before, found.after), rel=1e-3)
    assert before == pytest.approx(
        made.score(known, known[target])
        if target == "kind"
        else np.sqrt(np.mean((made.predict(known) - known[target]) ** 2)),
        rel=1e-3,
    )
    assert after != before or target == "kind"
    assert "on 197 rows" in said and f"Rows without {target!r}, left out: 3." in said
    top = re.sub(r"\s+\*\s+", " ", (tmp_path / "m.h").read_text("ascii").split("C99 or C++")[0])
    assert f"{measure} {before:.5g}"[:12] in top and " after." in top


@pytest.mark.parametrize("known", [[False, True], [3, 10], ["b", "a"]])
def test_the_truth_of_every_type(known, tmp_path):
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.array(known)[(X[:, 0] > 0).astype(int)]
    net = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, y)
    chainrule.save(net, tmp_path / "m", about={"target": "y"})
    np.savez(tmp_path / "t.npz", X=X, y=y)
    said = said_of(tmp_path / "m", tmp_path / "m.h", tmp_path / "t.npz")
    assert f"accuracy {net.score(X, y):.4f} before" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.drop(columns="kind"), "has no column 'kind'"),
        (lambda rows: rows.assign(kind=None), "no row has a value for 'kind'"),
    ],
)
def test_rows_without_any_truth(change, said, tmp_path):
    trained(tmp_path / "m", "kind")
    change(shop()).to_csv(tmp_path / "t.csv", index=False)
    found = said_of(tmp_path / "m", tmp_path / "m.h", tmp_path / "t.csv")
    assert f"{said}." in found and "No accuracy: " in found and "before and" not in found
    assert "on 200 rows: largest difference" in found


def test_a_model_that_names_no_target(model, tmp_path):
    np.save(tmp_path / "rows.npy", np.ones((5, 3)))
    found = said_of(model, tmp_path / "m.h", tmp_path / "rows.npy")
    assert "No accuracy: the model does not say which column has the truth." in found
    np.save(tmp_path / "none.npy", np.ones((0, 3)))
    with pytest.raises(DataError, match=r"none\.npy has no rows to measure on"):
        list(export(model, tmp_path / "n.h", int8=tmp_path / "none.npy"))
    assert not (tmp_path / "n.h").exists()


def test_a_class_that_the_model_does_not_know(tmp_path):
    trained(tmp_path / "m", "kind")
    shop().replace({"kind": {"much": "a lot"}}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match=r"column 'kind', row \d+: required one of the classes"):
        list(export(tmp_path / "m", tmp_path / "m.h", int8=tmp_path / "t.csv"))
    assert not (tmp_path / "m.h").exists()


def test_sub_folders_are_the_truth_of_images(tmp_path):
    about = {"height": 8, "width": 8, "colour": "rgb", "fit": "stretch"}
    folder = photos(tmp_path / "p", n=4)
    X = np.random.default_rng(0).integers(0, 256, (30, 192)).astype(np.uint8)
    y = np.array(["blue", "green", "red"])[np.arange(30) % 3]
    net = MLPClassifier((4,), input_scale=255.0, solver="lbfgs", random_state=0).fit(X, y)
    chainrule.save(net, tmp_path / "m", about={"image": about})
    found = said_of(tmp_path / "m", tmp_path / "m.h", folder)
    assert re.search(r"on 12 rows: .*, accuracy \S+ before and \S+ after", found)
    (folder / "red" / "damaged.png").write_bytes(b"none")
    with pytest.raises(DataError, match=r"damaged\.png .*--skip-damaged"):
        list(export(tmp_path / "m", tmp_path / "m3.h", int8=folder))
    assert "on 12 rows" in said_of(tmp_path / "m", tmp_path / "m3.h", folder, skip_damaged=True)
    (folder / "red" / "damaged.png").unlink()
    (folder / "red").rename(folder / "rouge")
    found = said_of(tmp_path / "m", tmp_path / "m2.h", folder)
    assert "are not the model's classes." in found and "on 12 rows: largest" in found


def test_how_the_rows_are_read(tmp_path):
    trained(tmp_path / "m", "kind")
    rows = shop().replace({"Rome": "Köln"}).drop(columns="price")
    rows.to_csv(tmp_path / "t.csv", index=False, sep=";", encoding="latin-1", na_rep="-99")
    with pytest.raises(DataError, match="--encoding latin-1"):
        list(export(tmp_path / "m", tmp_path / "m.h", int8=tmp_path / "t.csv"))
    options = {"encoding": "latin-1", "delimiter": ";", "missing": ["-99"]}
    found = said_of(tmp_path / "m", tmp_path / "m.h", tmp_path / "t.csv", **options)
    assert "on 200 rows" in found
    with pytest.raises(InvalidInputError, match=r"encoding, delimiter, missing: .* \(--int8"):
        list(export(tmp_path / "m", tmp_path / "n.h", **options))


def test_how_rows_without_names_are_read(model, tmp_path):
    X = np.random.default_rng(0).normal(size=(20, 3))
    np.savetxt(tmp_path / "t.csv", X, delimiter=",")
    with pytest.raises(DataError, match="--no-header"):
        list(export(model, tmp_path / "m.h", int8=tmp_path / "t.csv"))
    assert "on 20 rows" in said_of(model, tmp_path / "m.h", tmp_path / "t.csv", header=False)
    np.savez(tmp_path / "t.npz", few=X[:5], many=X)
    assert "on 5 rows" in said_of(model, tmp_path / "n.h", tmp_path / "t.npz", array="few")
    with pytest.raises(DataError, match=r"no option 'array' of a \.csv file"):
        list(export(model, tmp_path / "o.h", int8=tmp_path / "t.csv", header=False, array="few"))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Model.h", "model"),
        ("9 x.h", "model_9_x"),
        ("_.h", "model__"),
        ("größe-2.h", "gr__e_2"),
        (f"{'x' * 60}.h", "x" * 40),
        (f"{'7' * 60}.h", "model_" + "7" * 34),
    ],
)
def test_any_name_of_a_file(file, name, model, tmp_path):
    """What names in C begin with follows from it, and is said."""
    said = list(export(model, tmp_path / file))
    assert f"Its names begin with {name}_ or {name.upper()}_." in said
    assert f"{name}_predict(" in (tmp_path / file).read_text("ascii")
