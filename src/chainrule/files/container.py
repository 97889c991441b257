"""The safetensors container, read with every size checked before it is believed.

The file is: 8 bytes with the length of the header; the header, a JSON object that gives
each array's dtype, shape and place; the arrays' bytes one after another. The package
``safetensors`` writes it. It is read here, because its reader believes more than a
stranger's file deserves (the last of two equal keys wins), and so that each array is read
once, straight into memory of its own. The tests hold both readers against each other.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from chainrule.files import strict_json
from chainrule.files.limits import MAX_HEADER_BYTES, MAX_TENSORS
from chainrule.files.refusal import explain, refuse, shown
from chainrule.files.sniff import kind_of

__all__ = ["DTYPES", "Layout", "dump", "read_arrays", "read_layout"]

METADATA_KEY = "chainrule"
"""The one key of the container's metadata: several would be written in random order."""

DTYPES: Mapping[str, type[np.generic]] = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "I64": np.int64,
    "I32": np.int32,
    "I16": np.int16,
    "I8": np.int8,
    "U64": np.uint64,
    "U32": np.uint32,
    "U16": np.uint16,
    "U8": np.uint8,
    "BOOL": np.bool_,
}

Size = Annotated[int, Field(ge=0, lt=2**63)]


class Place(BaseModel):
    """One array's entry in the header."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    dtype: Literal[
        "F64", "F32", "F16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"
    ]
    shape: list[Size] = Field(max_length=2)
    data_offsets: list[Size] = Field(min_length=2, max_length=2)

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * np.dtype(DTYPES[self.dtype]).itemsize


_PLACES = TypeAdapter(dict[str, Place])


@dataclass(frozen=True)
class Layout:
    """What a container says that it holds: the model's header as text, and the arrays."""

    text: str
    places: dict[str, Place]
    start: int


def dump(text: str, arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """The file's bytes; equal arguments give equal bytes."""
    from safetensors.numpy import save

    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    # ascontiguousarray makes a row of a scalar array, which is not what was asked for
    return save(
        {name: whole[name].reshape(array.shape) for name, array in arrays.items()},
        metadata={METADATA_KEY: text},
    )


def read_layout(stream: BinaryIO, size: int) -> Layout:
    """Read and check the header of a container of ``size`` bytes; no array is read."""
    start = stream.read(8)
    length = int.from_bytes(start, "little")
    if len(start) < 8 or length > min(MAX_HEADER_BYTES, size - 8):
        refuse(
            f"a .safetensors file, whose header is at most {MAX_HEADER_BYTES} bytes and inside it",
            kind_of(start + stream.read(64), size),
        )
    header = strict_json.parse(stream.read(length), "the container's header")
    text = _model_text(header.pop("__metadata__", None))
    if len(header) > MAX_TENSORS:
        refuse(f"at most {MAX_TENSORS} arrays", f"{len(header)}")
    try:
        places = _PLACES.validate_python(header)
    except ValidationError as error:
        explain(error, "the container's header")
    _check_places(places, size - 8 - length)
    return Layout(text, places, 8 + length)


def _model_text(metadata: Any) -> str:
    if not isinstance(metadata, dict) or not isinstance(metadata.get(METADATA_KEY), str):
        refuse(
            f"a file with {METADATA_KEY!r} in its metadata",
            "a .safetensors file without",
            "It may be another program's; only what chainrule.save wrote can be loaded.",
        )
    text: str = metadata[METADATA_KEY]
    return text


def _check_places(places: dict[str, Place], n_bytes: int) -> None:
    """The arrays lie one after another, without gap or overlap, and fill the file."""
    end = 0
    for name, place in sorted(places.items(), key=lambda item: item[1].data_offsets):
        first, last = place.data_offsets
        if first != end or last - first != place.n_bytes:
            refuse(
                f"the array {shown(name)} ({place.dtype}, {place.shape}) at bytes "
                f"{end} to {end + place.n_bytes}",
                f"bytes {first} to {last}",
            )
        if len(place.shape) > 1 and 0 in place.shape:
            refuse("arrays with at least one row and column", f"{shown(name)} of {place.shape}")
        end = last
    if end != n_bytes:
        refuse(f"{end} bytes of arrays, as the header says", f"{n_bytes} bytes")


def read_arrays(stream: BinaryIO, layout: Layout) -> dict[str, npt.NDArray[Any]]:
    """The arrays, each in memory of its own that can be written to."""
    arrays = {}
    for name, place in sorted(layout.places.items(), key=lambda item: item[1].data_offsets):
        dtype = np.dtype(DTYPES[place.dtype]).newbyteorder("<")
        array = np.empty(place.shape, dtype)
        stream.seek(layout.start + place.data_offsets[0])
        if place.n_bytes and stream.readinto(array.reshape(-1).view(np.uint8)) != place.n_bytes:  # type: ignore[attr-defined]  # BinaryIO does not say so
            refuse(f"{place.n_bytes} bytes for {shown(name)}", "an earlier end of the file")
        if place.dtype == "BOOL" and array.view(np.uint8).max(initial=0) > 1:
            refuse(f"0 or 1 for each truth value of {shown(name)}", "another byte")
        arrays[name] = array.astype(dtype.newbyteorder("="), copy=False)
    return arrays
