"""What all records of the header are made of."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Count", "Finite", "Name", "NotFinite", "Number", "Record"]


class Record(BaseModel):
    """The base of every part of the header: frozen, closed to unknown keys, no conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NotFinite(Record):
    """A number that JSON cannot say."""

    float: Literal["inf", "-inf", "nan"]


Count = Annotated[int, Field(ge=0, lt=2**63)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Number = Finite | NotFinite
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
