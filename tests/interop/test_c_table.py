"""A table's model in C: numbers, codes and seconds in, prepared in the header."""

import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from tests.interop import tables_made
from tests.interop.c_made import WARNINGS, asked, build, compiled
from tests.interop.tables_made import bare, frame, matrix, network, preparation, random_step

from chainrule import MLPRegressor
from chainrule.errors import InvalidInputError
from chainrule.interop.c import quantized, write_header
from chainrule.models import Affine, Projection, freeze
from chainrule.models.columns import Column
from chainrule.models.table import TableStep, Treatment

TASKS = ("binary", "multiclass", "multilabel", "regression")


def answers(folder, model, X, flags=(), **settings):
    """What the compiled header says of a matrix's rows."""
    write_header(model, folder / "net.h", name="net", **settings)
    task = freeze(model).task
    return asked(build(folder, task, flags=flags, row="double"), freeze(model), X, "float64")


def check(folder, model, X, **settings):
    found = answers(folder, model, X, **settings)
    np.testing.assert_allclose(found.outputs, model.outputs(X), rtol=1e-5, atol=1e-5)
    if model.task != "regression":
        probabilities = model.predict_proba(X)
        np.testing.assert_allclose(found.probabilities, probabilities, atol=1e-5)
        answer = found.answer.astype(int)
        answer = answer if model.task == "multilabel" else model.classes[answer.ravel()]
        np.testing.assert_array_equal(answer, model.predict(X))


@compiled
@pytest.mark.parametrize("scaling", ["robust", "standard", "none"])
def test_every_prepared_column(scaling, tmp_path):
    """The prepared rows themselves, against the transformer on the data frame."""
    made = preparation(scaling)
    (step,) = made.steps_
    rows = tables_made.asked()
    found = answers(tmp_path, bare(step), matrix(rows, made.columns_)).outputs
    for name, came, wanted in zip(step.names, found.T, made.transform(rows).T, strict=True):
        np.testing.assert_allclose(came, wanted, rtol=1e-6, atol=1e-7, err_msg=name)


@compiled
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), bound=st.sampled_from([3.0, 0.01, np.inf]))
def test_any_table(seed, bound, tmp_path):
    step = random_step(seed, bound, "float32")
    check(tmp_path, bare(step), tables_made.random_rows(step, 30, seed))


@compiled
@pytest.mark.parametrize("task", TASKS)
def test_every_task_and_a_row_of_its_own(task, tmp_path):
    (step,) = preparation().steps_
    model, X = network(step, task), matrix(tables_made.asked(), step.columns)
    check(tmp_path, model, X)
    check(tmp_path, model, X[7:8])


@compiled
@pytest.mark.parametrize("quantize", [None, "int8"])
def test_steps_after_the_table(quantize, tmp_path):
    (step,) = preparation().steps_
    n = step.n_out
    V = np.random.default_rng(0).normal(size=(n, n)) / n
    steps = (step, Affine(np.full(n, 0.3), np.full(n, 2.0)), Projection(np.zeros(n), V))
    model = replace(network(step, "multiclass"), steps=steps, input_scale=2.0)
    X = matrix(tables_made.asked(), step.columns)
    if quantize is None:
        check(tmp_path, model, X)
        return
    found = answers(tmp_path, model, X, quantize=quantize).outputs
    A = quantized.outputs(model, quantized.quantized_layers(model), X)
    assert np.mean(np.abs(found - A) < 1e-5) > 0.97
    np.testing.assert_allclose(found, model.outputs(X), atol=0.05)


@compiled
def test_a_trained_pipeline_on_a_data_frame(tmp_path):
    rows = frame()
    net = MLPRegressor(hidden_layer_sizes=(8,), max_iter=3, random_state=0, dtype="float32")
    with pytest.warns(match="Maximum iterations"):
        pipe = make_pipeline(preparation(), net).fit(rows, rows["1st"])
    rows = tables_made.asked()
    X = matrix(rows, pipe[0].columns_)
    found = answers(tmp_path, pipe, X).outputs.ravel()
    np.testing.assert_allclose(found, pipe.predict(rows), rtol=1e-5, atol=1e-5)
    report = write_header(pipe, tmp_path / "net.h", name="net", quantize="int8", X=X)
    # dates that were measured in float32 would be off by more
    assert report.change.largest_difference < 0.1


@compiled
def test_texts_are_looked_up(tmp_path):
    """The codes are those of the matrix, or -1 where the model knows no difference."""
    (step,) = preparation().steps_
    write_header(network(step), tmp_path / "net.h", name="net")
    program = build(tmp_path, "regression", "levels.c")
    names = [column.name for column in step.columns]
    town, lift = names.index("town"), names.index("lift")
    cases = {(town, text): float(k) for k, text in enumerate(step.columns[town].levels)}
    for code in set(range(5)) - set(step.treatments[town].kept):
        cases[town, step.columns[town].levels[code]] = -1.0
    assert -1.0 in cases.values() and len(cases) == 5
    cases |= {(town, ""): np.nan, (town, "Bon"): -1.0, (lift, "false"): 0.0, (lift, "true"): 1.0}
    cases[names.index("alone"), "same"] = -1.0  # of a column that is left out
    lines = "".join(f"{column}\n{text}\n" for column, text in cases)
    done = subprocess.run([program], input=lines.encode(), capture_output=True, check=True)
    np.testing.assert_array_equal(list(map(float, done.stdout.split())), [*cases.values(), np.nan])


@compiled
def test_a_level_without_characters(tmp_path):
    step = TableStep((Column("a", "category", ("b", "")),), (Treatment(kept=(0, 1)),))
    write_header(bare(step), tmp_path / "net.h", name="net")
    program = build(tmp_path, "regression", "levels.c")
    done = subprocess.run([program], input=b"0\n\n0\nb\n", capture_output=True, check=True)
    assert done.stdout.split() == [b"1", b"0", b"nan"]


@compiled
def test_a_code_of_no_level_and_infinite_numbers(tmp_path):
    """Any such code counts as another level; what is infinite as missing."""
    how = Treatment(fill=4.0, kept=(0,), others=True, missing=True)
    columns = (Column("a", "category", ("x", "y")), Column("b", "number"))
    step = TableStep(columns, (how, replace(how, kept=(), others=False)), np.inf)
    X = np.array([[0, 1], [1, np.inf], [-1, -np.inf], [7, np.nan], [np.nan, 2]])
    found = answers(tmp_path, bare(step), X).outputs
    assert found.tolist() == [
        [1, 1, 0, 0, 0],
        [4, 0, 1, 0, 1],
        [4, 0, 1, 0, 1],
        [4, 0, 1, 0, 1],
        [2, 0, 0, 1, 0],
    ]


@compiled
@pytest.mark.parametrize("language", [["-std=c99"], ["-x", "c++", "-std=c++11"]])
def test_it_compiles_without_a_warning(language, tmp_path):
    (step,) = preparation().steps_
    X = matrix(tables_made.asked(), step.columns)
    flags = [*language, "-O2", *WARNINGS]
    found = answers(tmp_path, network(step, "binary"), X, flags)
    assert np.isfinite(found.outputs).all()


def test_what_the_header_says_of_its_rows(tmp_path):
    (step,) = preparation().steps_
    report = write_header(network(step), tmp_path / "net.h", name="net")
    text = (tmp_path / "net.h").read_text("ascii")
    assert "void net_predict(const double *x, float *values)" in text
    assert "seconds since the beginning of 1970" in text
    kinds = re.search(r"net_kinds\[NET_INPUTS\] = \{([^}]*)\}", text)[1]
    assert re.findall(r'"(\w+)"', kinds) == [column.kind for column in step.columns]
    named = replace(network(step), feature_names=None)
    write_header(named, tmp_path / "other.h", name="net")
    assert (tmp_path / "other.h").read_text("ascii") == text
    assert report.constant_bytes > 4 * report.parameters
    assert report.scratch_bytes == 2 * 4 * step.n_out


def test_numbers_that_are_none_are_refused(tmp_path):
    for how in (Treatment(fill=np.nan), Treatment(scale=0.0), Treatment(center=np.inf)):
        step = TableStep((Column("a", "number"),), (how,))
        with pytest.raises(InvalidInputError, match="no scale of 0, to prepare a table with"):
            write_header(bare(step), tmp_path / "a.h")


def test_a_table_is_prepared_first(tmp_path):
    (step,) = preparation().steps_
    twice = replace(network(step), steps=(step, step))
    with pytest.raises(InvalidInputError, match="Step 2 of the preparation is of the kind TableSt"):
        write_header(twice, tmp_path / "a.h")
