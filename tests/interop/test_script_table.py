"""The stand-alone script of a table's model: numbers and codes in, prepared in the script."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.interop import tables_made
from tests.interop.tables_made import bare, matrix, network, preparation, random_step
from tests.interop.test_script import written

from chainrule.errors import InvalidInputError
from chainrule.interop.script import write_script
from chainrule.models import Affine, Projection
from chainrule.models.columns import Column
from chainrule.models.table import TableStep, Treatment


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scaling", ["robust", "standard", "none"])
def test_every_prepared_column(scaling, dtype, tmp_path):
    """The prepared rows themselves, against the transformer on the data frame."""
    made = preparation(scaling, dtype)
    (step,) = made.steps_
    rows = tables_made.asked()
    found = written(bare(step), tmp_path).outputs(matrix(rows, made.columns_)).numpy()
    near = {"float32": 1e-6, "float64": 1e-10}[dtype]
    for name, came, wanted in zip(step.names, found.T, made.transform(rows).T, strict=True):
        np.testing.assert_allclose(came, wanted, rtol=near, atol=near, err_msg=name)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32 - 1),
    bound=st.sampled_from([3.0, 0.01, np.inf]),
    n=st.sampled_from([0, 1, 20]),
)
def test_any_table(seed, bound, n, tmp_path):
    step = random_step(seed, bound, "float64")
    X = tables_made.random_rows(step, n, seed)
    # a name of its own: Python keeps what it compiled of a file of the same second and size
    net = written(bare(step), tmp_path, f"net_{seed}_{n}_{bound:.0f}")
    found = net.outputs(X).numpy()
    np.testing.assert_allclose(found, bare(step).outputs(X), rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "regression"])
def test_every_task_with_steps_after_the_table(task, tmp_path):
    (step,) = preparation().steps_
    n = step.n_out
    V = np.random.default_rng(0).normal(size=(n, n)) / n
    steps = (step, Affine(np.full(n, 0.3), np.full(n, 2.0)), Projection(np.zeros(n), V))
    model = replace(network(step, task), steps=steps, input_scale=2.0)
    net, X = written(model, tmp_path), matrix(tables_made.asked(), step.columns)
    np.testing.assert_allclose(net.outputs(X).numpy(), model.outputs(X), atol=1e-5)
    # lists too keep the digits of a date
    if task == "regression":
        np.testing.assert_allclose(net.predict(X.tolist()), model.predict(X), atol=1e-5)
    else:
        assert net.predict(X.tolist()) == model.predict(X).tolist()
    assert [column.name for column in step.columns] == net.COLUMNS
    assert [column.kind for column in step.columns] == net.KINDS
    assert {name: tuple(levels) for name, levels in net.LEVELS.items()} == {
        column.name: column.levels for column in step.columns if column.kind == "category"
    }


def test_it_runs_where_chainrule_is_not(tmp_path):
    (step,) = preparation().steps_
    model, X = network(step, "binary"), matrix(tables_made.asked(), step.columns)
    script, _ = write_script(model, tmp_path / "net.py")
    lines = script.read_text("utf-8").splitlines()
    assert all(line == line.rstrip() for line in lines)
    assert "\n\n\n\n" not in script.read_text("utf-8")
    np.save(tmp_path / "rows.npy", X)
    code = "import sys, runpy; sys.modules['chainrule'] = None; sys.argv = sys.argv[1:]; "
    code += "runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-I", "-c", code, str(script), str(tmp_path / "rows.npy")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == model.predict(X).tolist()


def test_levels_are_data_and_never_code(tmp_path):
    texts = ('"""', "\\", "a'b\"\n", "{{ 7 * 7 }}", "}", "ünï")
    step = TableStep((Column("'x\": {", "category", texts),), (Treatment(kept=(1, 3)),))
    net = written(bare(step), tmp_path)
    assert {"'x\": {": list(texts)} == net.LEVELS
    assert net.predict([[3.0]]) == [[0.0, 1.0]]


def test_an_infinite_number_counts_as_missing(tmp_path):
    step = TableStep((Column("a", "number"),), (Treatment(fill=4.0, missing=True),), np.inf)
    net = written(bare(step), tmp_path)
    assert net.predict([[np.inf], [-np.inf], [np.nan], [1.5]]) == [[4, 1]] * 3 + [[1.5, 0]]


def test_a_table_is_prepared_first(tmp_path):
    (step,) = preparation().steps_
    with pytest.raises(InvalidInputError, match="step TableStep cannot be written as a script"):
        write_script(replace(network(step), steps=(step, step)), tmp_path / "net.py")
