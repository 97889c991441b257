"""The one file that knows that array libraries differ.

An array brings its own namespace: NumPy and JAX arrays through
``__array_namespace__``; PyTorch tensors, which lack it, through ``_Torch`` below.
No array library is imported here: whoever made the array has done that.
"""

import sys
from typing import Any

__all__ = ["Array", "astype", "erfc", "namespace"]

Array = Any
"""A NumPy, JAX or PyTorch array. (None of the three's types is imported here.)"""


class _Torch:
    """PyTorch's functions under the names and with the arguments that NumPy gives them."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.modules["torch"], name)

    def maximum(self, x: Array, y: Array | float) -> Array:
        return x.clamp(min=y) if isinstance(y, int | float) else sys.modules["torch"].maximum(x, y)

    def minimum(self, x: Array, y: Array | float) -> Array:
        return x.clamp(max=y) if isinstance(y, int | float) else sys.modules["torch"].minimum(x, y)

    def sum(self, x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
        return x.sum() if axis is None else x.sum(dim=axis, keepdim=keepdims)

    def max(self, x: Array, axis: int, keepdims: bool = False) -> Array:
        return x.amax(dim=axis, keepdim=keepdims)


_TORCH = _Torch()


def namespace(x: Array) -> Any:
    """The functions (``exp``, ``where``, ``sum``, ...) that fit the array ``x``."""
    if hasattr(x, "__array_namespace__"):
        return x.__array_namespace__()
    if type(x).__module__.partition(".")[0] == "torch":
        return _TORCH
    raise TypeError(
        f"Expected a NumPy, JAX or PyTorch array, got {type(x).__name__}. "
        "Convert it first, for example with numpy.asarray."
    )


def erfc(x: Array) -> Array:
    """The complementary error function, which the three libraries keep in three places."""
    xp = namespace(x)
    if xp is _TORCH:
        return xp.special.erfc(x)
    if xp.__name__ == "numpy":
        from scipy.special import erfc as scipy_erfc

        return scipy_erfc(x)
    from jax.scipy.special import erfc as jax_erfc

    return jax_erfc(x)


def astype(x: Array, dtype: Any) -> Array:
    """``x`` as another dtype; PyTorch calls the method ``to``."""
    return x.to(dtype) if type(x).__module__.partition(".")[0] == "torch" else x.astype(dtype)
