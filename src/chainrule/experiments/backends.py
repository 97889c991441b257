"""Which library computes a model's trainings: JAX or PyTorch."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["PATTERN", "computed_by", "torch_device"]

PATTERN = r"^(jax|torch(:[a-z0-9:]+)?)$"
"""What ``backend`` may say: ``"jax"``, ``"torch"`` (on the CPU), or ``"torch:cuda"``."""


def torch_device(backend: str) -> str | None:
    """PyTorch's device; None where JAX computes."""
    library, _, device = backend.partition(":")
    return (device or "cpu") if library == "torch" else None


@contextmanager
def computed_by(backend: str) -> Iterator[None]:
    """Fits inside are computed by the backend."""
    device = torch_device(backend)
    if device is None:
        yield
        return
    from chainrule.interop.torch import in_torch

    with in_torch(device):
        yield
