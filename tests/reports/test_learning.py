"""The right rows of a training history become curves, and the right epoch is the best."""

import numpy as np
import pytest

from chainrule.reports.learning import best_epoch, curve_figures


@pytest.mark.parametrize(
    ("values", "quantity", "epochs", "best"),
    [
        ([3.0, 1.0, 2.0], "loss", None, 2),
        ([0.3, 0.9, 0.9], "score", None, 2),
        ([3.0, None, 2.0], "loss", [10, 20, 30], 30),
        ([None, None], "loss", None, None),
        ([], "score", None, None),
    ],
)
def test_the_best_epoch_is_the_first_of_the_best(values, quantity, epochs, best):
    assert best_epoch(values, epochs, quantity) == best


def test_loss_and_score_have_a_figure_each(results):
    model = results.models[-1]
    loss, score = curve_figures(model, "accuracy")
    drawn = {line.get_label(): line for line in loss.axes[0].get_lines()}
    np.testing.assert_array_equal(drawn["training"].get_ydata(), model.curves["train_loss"])
    np.testing.assert_array_equal(drawn["validation"].get_ydata(), model.curves["validation_loss"])
    np.testing.assert_array_equal(drawn["test"].get_ydata(), model.curves["test_loss"])
    np.testing.assert_array_equal(
        score.axes[0].get_lines()[1].get_ydata(), model.curves["test_score"]
    )
    assert "Over-fits from epoch 31" in loss.get_label()
    assert loss.get_label().startswith("Neural network: loss over 50 epochs")
    assert score.get_label().startswith("Neural network: accuracy over 50 epochs")
    alone = score.axes[0].get_lines()[0]
    assert alone.get_marker() == drawn["validation"].get_marker()  # the same part, the same look


def test_rows_without_a_value_and_models_without_a_history_draw_nothing(results):
    model = results.models[-1]
    empty = {"epoch": (1.0, 2.0), "train_loss": (1.0, 0.5), "validation_score": (None, None)}
    figures = list(curve_figures(model.model_copy(update={"curves": empty}), "accuracy"))
    assert [figure.get_label().split(":")[1] for figure in figures] == [" loss over 2 epochs"]
    assert not list(curve_figures(results.models[0], "accuracy"))


def test_scikit_learns_own_curve_is_named_for_what_it_is(results):
    curves = {"epoch": (1.0, 2.0), "loss_curve": (1.0, 0.5)}
    model = results.models[-1].model_copy(update={"curves": curves})
    (figure,) = curve_figures(model, "accuracy")
    assert "training, with the penalty from 1 to 0.5" in figure.get_label()
