"""The preparation of a table against scikit-learn and pandas, by hand, in float64."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, RobustScaler, StandardScaler

from chainrule.models.columns import Column
from chainrule.models.table import TableStep
from chainrule.tables.preparing import fit_table

RANDOM = np.random.RandomState(0)
N = 400
LEVELS = tuple("abcdefgh")
COLUMNS = (
    Column("x", "number"),
    Column("c", "category", LEVELS),
    Column("gaps", "number"),
    Column("since", "date"),
)


def gaps(values, every):
    values = np.array(values, float)
    values[::every] = np.nan
    return values


def rows(n=N, seed=0):
    random = np.random.RandomState(seed)
    return np.column_stack(
        [
            random.standard_t(2, n) * 5 + 100,
            gaps(np.minimum(random.poisson(1.5, n), 7), 13),
            gaps(random.normal(size=n), 5),
            random.randint(0, 2 * 10**9, n),
        ]
    )


X = rows()


def made(scaling="robust", **options):
    return fit_table(X, COLUMNS, scaling=scaling, dtype="float64", **options)


def column(step, out, name):
    return out[:, step.names.index(name)]


def by_scikit_learn(new, name, scaler):
    at = [each.name for each in COLUMNS].index(name)
    fill = SimpleImputer(strategy="median").fit(X[:, [at]])
    known = X[~np.isnan(X[:, at]), at][:, None]  # the scale is of what is known
    return scaler.fit(known).transform(fill.transform(new[:, [at]])).ravel()


@pytest.mark.parametrize("name", ["x", "gaps", "since"])
@pytest.mark.parametrize("seed", [0, 1])
def test_numbers(name, seed):
    new = rows(50, seed)
    step, standard, plain = made(), made("standard"), made("none")
    u = by_scikit_learn(new, name, RobustScaler())
    expected = u / np.sqrt(1 + (u / 3) ** 2)
    np.testing.assert_allclose(column(step, step(new), name), expected, rtol=1e-12, atol=1e-14)
    z = by_scikit_learn(new, name, StandardScaler())
    found = column(standard, standard(new), name)
    np.testing.assert_allclose(found, z, rtol=1e-10, atol=1e-12)
    if name != "since":  # which is never left as it is
        raw = pd.Series(new[:, COLUMNS.index(Column(name, "number"))])
        known = pd.Series(X[:, COLUMNS.index(Column(name, "number"))])
        np.testing.assert_array_equal(
            column(plain, plain(new), name), raw.fillna(known.median()).to_numpy()
        )


@pytest.mark.parametrize(("min_count", "max_levels"), [(10, 64), (1, 3), (40, 64), (1, 64)])
def test_categories(min_count, max_levels):
    step = made(min_count=min_count, max_levels=max_levels)
    codes = X[:, 1]
    known = codes[~np.isnan(codes)].astype(int)
    # their limit counts the column of the others
    there = np.unique(known, return_counts=True)[1]
    limit = max_levels + 1 if np.sum(there >= min_count) > max_levels else None
    encoder = OneHotEncoder(
        min_frequency=min_count,
        max_categories=limit,
        sparse_output=False,
        handle_unknown="infrequent_if_exist",
    ).fit(known[:, None])
    new = np.array([*range(len(LEVELS)), len(LEVELS), *known[:30]], float)
    frame = np.tile(X[:1], (len(new), 1))
    frame[:, 1] = new
    found = step(frame)[:, [at for at, name in enumerate(step.names) if name[:2] in ("c=", "c:")]]
    expected = encoder.transform(new.astype(int)[:, None])
    assert found.shape[1] == expected.shape[1] + 1  # and what is missing
    np.testing.assert_array_equal(found[:, :-1], expected)
    np.testing.assert_array_equal(found[:, -1], 0)


def test_what_is_missing_has_a_column():
    step = made()
    out = step(X)
    np.testing.assert_array_equal(column(step, out, "gaps: missing"), np.isnan(X[:, 2]))
    np.testing.assert_array_equal(column(step, out, "c: missing"), np.isnan(X[:, 1]))
    assert not {"x: missing", "since: missing"} & set(step.names)
    empty = step(np.full((1, 4), np.nan))
    assert np.isfinite(empty).all()
    assert column(step, empty, "c: other")[0] == 0


def test_dates():
    step, stamps = made(), pd.to_datetime(X[:, 3], unit="s")
    out = step(X)
    seconds = X[:, 3]
    for name, period in (("year", 365.2425 * 86400), ("week", 604800), ("day", 86400)):
        angle = 2 * np.pi * seconds / period
        for function in (np.sin, np.cos):
            found = column(step, out, f"since: {function.__name__} of the {name}")
            np.testing.assert_allclose(found, function(angle), atol=1e-8)
    # midnight of one Thursday as of every other
    day = fit_table(np.floor(X[:, 3:] / 86400) * 86400, COLUMNS[3:], dtype="float64")
    assert not [name for name in day.names if "day" in name]
    weekday = stamps.day_of_week
    sin = column(day, day(np.floor(X[:, 3:] / 86400) * 86400), "since: sin of the week")
    assert all(np.ptp(sin[weekday == each]) < 1e-6 for each in range(7))


def test_columns_that_tell_nothing_are_left_out():
    values = np.column_stack(
        [
            np.full(30, 5.0),
            np.zeros(30),
            np.arange(30.0),
            gaps(np.full(30, 5.0), 3),
            np.full(30, np.nan),
        ]
    )
    columns = [
        Column("same", "number"),
        Column("one", "category", ("a",)),
        Column("x", "number"),
        Column("told", "number"),
        Column("none", "number"),
    ]
    step = fit_table(values, columns, dtype="float64")
    assert step.names == ("x", "told", "told: missing")
    np.testing.assert_array_equal(step(values)[:, 1], 0)


def test_two_levels_are_one_column():
    values = (np.arange(40) % 2)[:, None].astype(float)
    step = fit_table(values, [Column("a", "category", ("no", "yes"))])
    assert step.names == ("a=yes",)


def test_equal_quartiles_take_half_the_range():
    values = np.array([0.0] * 20 + [4.0])[:, None]
    (how,) = fit_table(values, [Column("a", "number")]).treatments
    assert (how.center, how.scale) == (0.0, 2.0)


@given(
    x=st.floats(-1e300, 1e300),
    y=st.floats(-1e300, 1e300),
    code=st.integers(0, len(LEVELS)),
    date=st.floats(-1e11, 1e11),
)
def test_whatever_comes_is_bounded_and_in_order(x, y, code, date):
    step = STEP
    rows = np.array([[x, code, 0.0, date], [y, code, 0.0, date]])
    out = step(rows)
    assert np.all(np.abs(out) <= 3)
    first = column(step, out, "x")
    assert (first[0] - first[1]) * (np.sign(x - y) or 1) >= 0
    codes = [at for at, name in enumerate(step.names) if name.startswith("c")]
    assert np.all(out[:, codes].sum(axis=1) == 1)


STEP = made()


@given(st.permutations(range(N)), st.integers(1, N))
def test_rows_are_prepared_each_on_its_own(order, cut):
    order = np.array(order)
    out = STEP(X[order])
    np.testing.assert_array_equal(out, STEP(X)[order])
    np.testing.assert_array_equal(np.concatenate([STEP(X[:cut]), STEP(X[cut:])]), STEP(X))


def test_single_precision_follows():
    numbers = tuple(each for each in COLUMNS if each.kind == "number")
    Z = X[:, [0, 2]].astype(np.float32)
    single = fit_table(Z, numbers)
    assert single.dtype == "float32" and single(Z).dtype == np.float32
    wide = TableStep(single.columns, single.treatments, single.bound, "float64")
    np.testing.assert_allclose(single(Z), wide(Z.astype(float)), rtol=2e-4, atol=2e-6)
    assert made()(X).dtype == np.float64
    assert fit_table(X, COLUMNS)(X).dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_farthest_number_is_at_the_bound(dtype):
    """And not in the middle, where the square of what is scaled is infinite."""
    step = fit_table(np.linspace(0, 1e-3, 40)[:, None], [Column("a", "number")], dtype=dtype)
    most = np.finfo(dtype).max
    for bound in (3.0, 1e-3, 1e30):
        bounded = replace(step, bound=bound)
        found = bounded(np.array([[most], [-most]], dtype)).ravel()
        np.testing.assert_allclose(found, [bound, -bound], rtol=1e-6)
    assert step(np.array([[1e15]], dtype)) == pytest.approx(3)
