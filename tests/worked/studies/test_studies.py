"""Tables of variants, two losses side by side, the first-order promise, and the figures."""

import numpy as np
import pytest

from chainrule.errors import ExampleError, InvalidInputError
from chainrule.worked import studies
from chainrule.worked.example import load_example
from chainrule.worked.studies import (
    Curves,
    curves,
    curves_figure,
    first_order,
    first_order_figure,
    misclassified,
    sensitivity,
    table,
)
from chainrule.worked.trace import trace_example


@pytest.fixture(scope="module")
def e24() -> Curves:
    return curves("E-2.4")


# tables


def test_the_table_of_nine_pairs():
    found = table("E-1.3")
    assert len(found.rows()) == 36
    hints = [x for x in found.column("A2 printed") if x is not None]
    assert hints == ["-4.10", "0.00", "0.02", "-4.10", "0.00", "0.02", "-1.25", "0.00", "0.22"]
    ours = [row for row in found.rows() if row[found.heads.index("A2 printed")] is not None]
    assert {row[1] for row in ours} == {"x3"}
    for row, hint in zip(ours, hints, strict=True):
        assert f"{row[found.heads.index('A2')]:.2f}" == hint


def test_the_table_of_two_losses_has_each_term_and_the_mean():
    found = table("E-2.2")
    assert found.headers() == ["variant", "sample", "Y", "A2", "label", "L", "loss"]
    rows = found.rows()
    assert len(rows) == 20
    for start in range(0, 20, 5):
        terms, whole = rows[start : start + 4], rows[start + 4]
        assert [row[1] for row in terms] == ["x1", "x2", "x3", "x4"]
        assert whole[1] == "all"
        assert np.mean([row[5] for row in terms]) == pytest.approx(whole[6], rel=1e-15)
        assert [row[4] for row in terms] == [int(row[3] > 0.5) for row in terms]


def test_a_table_in_columns_has_samples_as_rows_too():
    found = table("A-eq")
    assert found.headers() == ["variant", "sample", "A3[1]", "A3[2]", "A3[3]", "loss", "loss_new"]
    A3 = trace_example(load_example("A-eq")).steps[0].values["A3"]
    assert found.rows()[0][2:5] == A3[0].tolist()


def test_a_table_needs_variants_and_quantities_that_have_columns():
    with pytest.raises(ExampleError, match="needs an example with variants and table"):
        table("B-Q1.1")
    example = load_example("E-2.3").model_copy(update={"table": ["dW1"]})
    with pytest.raises(ExampleError, match="dW1 is a matrix of another kind"):
        table(example)
    example = load_example("E-2.3").model_copy(update={"table": ["loss", "db1"]})
    assert table(example).headers() == ["variant", "sample", "loss", "db1[1]", "db1[2]"]


# two losses


def test_cross_entropy_costs_more_for_the_same_mistake():
    found = misclassified("E-2.2")
    cells = {row[0]: dict(zip(found.headers(), row, strict=True)) for row in found.rows()}
    for network in ("relu-sigmoid", "sigmoid-sigmoid"):
        mse, bce = cells[f"{network}-mse"], cells[f"{network}-bce"]
        assert mse["worst"] == bce["worst"] == "x3"
        assert bce["its loss"] > 1 > mse["its loss"]
        assert bce["its slope"] > 2 > mse["its slope"]
    assert cells["sigmoid-sigmoid-mse"]["right: mean loss"] is None  # nothing is right there
    L = trace_example(load_example("E-2.2").variant("relu-sigmoid-bce")).steps[0]["L"]
    row = cells["relu-sigmoid-bce"]
    assert row["right: mean loss"] == L[0]
    assert row["ratio"] == pytest.approx(L[1:].mean() / L[0])
    assert len(found.says) == 2
    assert "0.968 in MSE and 4.116 in BCE, with slopes of 1.967 and 61.340" in found.says[0]


def test_right_and_wrong_need_one_output():
    with pytest.raises(ExampleError, match="'A-eq' has 2 variants and 3 outputs"):
        misclassified("A-eq")
    with pytest.raises(ExampleError, match="has 0 variants"):
        misclassified("E-1.1")


def test_losses_are_smooth_where_labels_jump():
    found = sensitivity((0.49, 0.51))
    assert found.column("label") == [0, 1, 0, 1]
    for loss, slope in (("MSE", "dMSE"), ("BCE", "dBCE")):
        values, slopes = found.column(loss), found.column(slope)
        for i in (0, 2):
            mean = (slopes[i] + slopes[i + 1]) / 2
            assert (values[i + 1] - values[i]) / 0.02 == pytest.approx(mean, rel=1e-2)
    assert "from 0.49 to 0.51: the predicted label goes from 0 to 1" in found.says[0]


# what the gradient promises


def test_small_steps_keep_the_promise_and_large_ones_do_not():
    found = first_order("E-2.4")
    assert [start.name for start in found.starts] == ["relu, logistic", "logistic, logistic"]
    for start in found.starts:
        assert start.kept[0] == pytest.approx(1, abs=0.01)
        assert start.losses[-1] > start.loss
        assert start.kept[-1] < 0
    relu, sigmoid = found.starts
    assert relu.promised[-1] < 0
    assert "the promise is below 0" in found.says[0]
    assert (sigmoid.promised > 0).all()
    assert "below 0" not in found.says[1]


def test_the_promise_is_the_tangent():
    """The part that is left out falls with the square of the rate."""
    (start, _) = first_order("E-2.4", [1e-4, 1e-3]).starts
    small, large = start.losses - start.promised
    assert large / small == pytest.approx(100, rel=0.05)


def test_the_step_is_that_of_the_trace():
    example = load_example("E-2.3")
    (start, *_) = first_order(example, [example.update.rate]).starts
    step = trace_example(example).steps[0]
    assert start.loss == float(step["loss"])
    assert start.losses[0] == float(step["loss_new"])
    square = sum((step[f"d{key}"] ** 2).sum() for key in ("W1", "b1", "W2", "b2"))
    assert start.square == pytest.approx(square)


def test_first_order_rows_and_names():
    found = first_order("E-2.3", [0.1, 0.01])
    assert found.headers() == ["network", "rate", "promised", "loss", "kept"]
    assert [row[1] for row in found.rows()] == [0.01, 0.1] * 5
    assert "relu, logistic, mean_squared_error" in {row[0] for row in found.rows()}
    assert len(first_order("B-Q1.1", [0.1]).starts) == 1


@pytest.mark.parametrize("rates", [[], [0.0], [-1.0], [np.nan]])
def test_rates_must_be_positive(rates):
    with pytest.raises(InvalidInputError, match="rates must be positive numbers"):
        first_order("E-2.4", rates)


# figures


def test_all_curves_are_on_one_pair_of_axes(e24):
    found = e24
    figure = curves_figure(found)
    (axes,) = figure.axes
    lines = {line.get_label().split(":")[0]: line for line in axes.lines}
    for name, curve in found.items():
        assert np.array_equal(lines[name].get_ydata(), curve.losses)
        assert lines[name].get_label() == f"{name}: {curve.verdict}"
    right = [lines[name] for name in found if "double" not in name]
    for what in ("get_color", "get_marker", "get_linestyle"):  # never by colour alone
        assert len({str(getattr(line, what)()) for line in right[:3]}) == 3
    assert len({line.get_color() for line in right}) == 4
    wrong = lines["relu-sigmoid-10 (double sigmoid)"]
    assert wrong.get_color() == lines["relu-sigmoid-10"].get_color()
    assert wrong.get_linewidth() < lines["relu-sigmoid-10"].get_linewidth()
    assert found["relu-sigmoid-10"].says in figure.get_label()
    (legend,) = figure.legends
    assert len(legend.get_texts()) == 8


def test_a_huge_loss_asks_for_a_logarithmic_axis_and_an_infinite_one_leaves_a_gap(e24):
    table = load_example("E-2.4").model_dump(by_alias=True)
    table |= {"activations": ["relu", "identity"], "loss": "squared_error", "variants": [],
              "update": {"rate": 10.0, "steps": 50}}  # fmt: skip
    found = curves(load_example("E-2.4").model_validate(table))
    assert found.curves[0].verdict == "divergent"
    axes = curves_figure(found).axes[0]
    assert axes.get_yscale() == "log"
    small = curves_figure(e24).axes[0]
    assert small.get_yscale() == "linear"
    assert small.get_ylim()[0] == 0


def test_the_promise_is_drawn_beside_the_loss():
    found = first_order("E-2.4")
    figure = first_order_figure(found)
    lines = figure.axes[0].lines
    assert np.array_equal(lines[0].get_ydata(), found.starts[0].losses)
    assert np.array_equal(lines[1].get_ydata(), found.starts[0].promised)
    assert figure.axes[0].get_ylim()[1] > max(found.starts[0].losses)
    assert found.says[0] in figure.get_label()


def test_figures_leave_the_users_settings_alone(e24):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    curves_figure(e24)
    assert dict(mpl.rcParams) == before


def test_the_public_names_are_there():
    assert len(set(studies.__all__)) == len(studies.__all__)
    assert all(hasattr(studies, name) for name in studies.__all__)
