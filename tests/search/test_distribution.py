"""SciPy's distributions in a space."""

import math

import numpy as np
import pytest
from scipy import stats

from chainrule.errors import InvalidInputError
from chainrule.search import Float, Int, Space
from chainrule.search.distribution import Distribution


class Recorded:
    """A trial that keeps the range that it was asked for, and takes its lower end."""

    def suggest_float(self, name, low, high, log):
        self.asked = Float(low, high, log=log)
        return low

    def suggest_int(self, name, low, high, step, log):
        self.asked = Int(low, high, log=log, step=step)
        return low


def test_a_draw_is_scipy_s_own():
    given = stats.loguniform(1e-4, 1)
    drawn = Distribution(given).draw(np.random.RandomState(5))
    assert drawn == given.rvs(random_state=np.random.RandomState(5))
    assert type(drawn) is float


def test_the_place_of_a_value_is_the_share_up_to_it():
    assert Distribution(stats.loguniform(1e-4, 1)).unit(1e-2) == pytest.approx(0.5)
    assert Distribution(stats.norm(3, 1)).unit(3.0) == pytest.approx(0.5)
    assert math.isnan(Distribution(stats.norm()).unit("a"))


@pytest.mark.parametrize(
    ("given", "range_"),
    [
        (stats.uniform(2, 3), Float(2, 5)),
        (stats.uniform(loc=-1, scale=2), Float(-1, 1)),
        (stats.loguniform(1e-3, 10), Float(1e-3, 10, log=True)),
        (stats.reciprocal(a=1, b=4, scale=2), Float(2, 8, log=True)),
        (stats.randint(1, 5), Int(1, 4)),
    ],
)
def test_optuna_is_asked_for_a_range_that_draws_alike(given, range_):
    trial = Recorded()
    Distribution(given).suggest(trial, "x")
    assert type(trial.asked) is type(range_) and trial.asked.log == range_.log
    assert (trial.asked.low, trial.asked.high) == pytest.approx((range_.low, range_.high))


@pytest.mark.parametrize(
    "given", [stats.norm(), stats.loguniform(1e-3, 1, loc=1), stats.expon(), stats.zipf(2)]
)
def test_what_optuna_lacks_is_refused_with_what_to_do(given):
    with pytest.raises(InvalidInputError, match=r"rate: Optuna has nothing like .*Use Float, Int"):
        Distribution(given).suggest(Recorded(), "rate")


def test_a_logarithmic_scale_is_known_as_one():
    space = Space({"a": stats.loguniform(1e-3, 1), "b": stats.uniform(0, 1), "c": stats.norm()})
    assert space.log == {"a"}


def test_it_is_told_apart_by_its_arguments_and_not_by_its_address():
    first, second = Distribution(stats.uniform(1, scale=2)), Distribution(stats.uniform(1, scale=2))
    assert repr(first) == repr(second) == "scipy.stats.uniform(1, scale=2)"

    class Mine:
        def rvs(self, random_state=None):
            return 1

    assert "0x" not in repr(Distribution(Mine()))
    assert Space({"a": Mine()}).sample(2) == [{"a": 1}, {"a": 1}]
