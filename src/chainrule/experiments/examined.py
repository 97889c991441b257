"""What is found out about a fitted model on the test part, beside its scores, whatever its task."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.data.splits import Part, Parts
from chainrule.experiments.bench import Bench, Inputs
from chainrule.experiments.estimates import Calibration, OnTest
from chainrule.experiments.fitting import Fitted
from chainrule.experiments.results import PairedTest

__all__ = ["Examined", "Examiner"]


@dataclass(frozen=True, eq=False)
class Examined:
    """What a model says of the test rows (None without a test part), and what comes of it: fields
    of its record, pictures, and of a classifier how far its probabilities can be believed."""

    said: Any = None
    record: Mapping[str, Any] = field(default_factory=dict)
    pictures: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None


@dataclass(frozen=True)
class Examiner:
    """What is asked of the models of one task.

    ``examine``: of the fit that is shown. ``recall``: of each training from several seeds, a number
    a class. ``on_test``: of all models that did not diverge, by their keys. ``paired_tests``: of
    the chosen model and each other one; how far they are apart only where neither diverged.
    """

    examine: Callable[[Fitted, Inputs, Bench], Examined]
    recall: Callable[[Fitted, Parts, Bench], list[float]]
    on_test: Callable[[Mapping[str, Examined], Part, Bench], dict[str, OnTest]]
    paired_tests: Callable[
        [str, Mapping[str, Examined], Part, Container[str], Bench], tuple[PairedTest, ...]
    ]
