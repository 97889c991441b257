"""What all records of a run's results have in common."""

import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

__all__ = ["Number", "Record"]


def _finite_or_none(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite_or_none)]


class Record(BaseModel):
    """The base of all records: frozen, and closed to keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Distribution(Record):
    """One quantity over several seeds.

    ``low`` and ``high`` are the 95 % Student t interval of the mean; ``next_low`` and
    ``next_high`` the 95 % interval for one further run. Those of shares are cut at 0 and 1. All
    None for a single seed.
    """

    values: tuple[Number, ...]
    mean: Number
    std: Number = None  # with n - 1 in the denominator
    low: Number = None
    high: Number = None
    next_low: Number = None
    next_high: Number = None
