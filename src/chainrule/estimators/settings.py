"""Parameters that must fit each other, checked without data: what ``fit`` would find out."""

from typing import TYPE_CHECKING

from chainrule.equations.initializers import INITIALIZERS
from chainrule.estimators import network
from chainrule.estimators.fullbatch import check_fullbatch
from chainrule.estimators.minibatch import schedule_of
from chainrule.estimators.parameters import named_settings
from chainrule.estimators.prechelt import STOPPING, check_settings

if TYPE_CHECKING:
    from chainrule.estimators.base import BaseMLP

__all__ = ["check_parameters"]


def check_parameters(est: "BaseMLP") -> None:
    """Raise what ``fit`` would raise whatever the data are.

    Raises
    ------
    InvalidInputError, or scikit-learn's InvalidParameterError (a ValueError)
        A parameter is wrong by itself, or beside the others.
    """
    est._validate_params()
    est._check_replaced()
    net = network.architecture(est, 1, 1, "identity", "squared_error")
    network.dropout_rates(est, len(net.sizes) - 2)
    schedule_of(est)
    est._loss_settings()
    if est.init is not None:
        named_settings("init", est.init, INITIALIZERS)
    if est.stopping is not None:
        row, settings = named_settings("stopping", est.stopping, STOPPING)
        check_settings(row.name, settings)
    if est.solver == "lbfgs":
        check_fullbatch(est, network.plan(est, net, 1, "float64"))
