"""Where and in which precision programs run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import jax

from chainrule.errors import InvalidInputError

__all__ = ["find_device", "precision", "shares_memory", "usable_cores"]


def find_device(name: str) -> jax.Device | None:
    """The first device of a platform: ``auto`` (jax's default), ``cpu``, ``gpu`` or ``tpu``."""
    if name == "auto":
        return None
    try:
        return jax.devices(name)[0]
    except RuntimeError as error:
        raise InvalidInputError(
            f"device={name!r} was asked for, and jax finds {_platforms()}. For an NVIDIA GPU "
            "install the extra: pip install 'chainrule[gpu]'; or leave device='auto'."
        ) from error


def shares_memory(device: jax.Device | None) -> bool:
    """Whether the device computes in the host's memory."""
    return (jax.default_backend() if device is None else device.platform) == "cpu"


def usable_cores() -> int:
    """The cores that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _platforms() -> str:
    return ", ".join(sorted({device.platform for device in jax.devices()}))


@contextmanager
def precision(dtype: str, device: jax.Device | None = None) -> Iterator[None]:
    """Run jax in ``dtype`` (float64 is thread-local in jax, so it is entered where it is used).

    Products of float32 matrices are float32 throughout, on GPUs too.
    """
    with (
        jax.enable_x64(dtype == "float64"),
        jax.default_matmul_precision("float32"),
        nullcontext() if device is None else jax.default_device(device),  # None is the user's own
    ):
        yield
