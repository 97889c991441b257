r"""Dropout masks: inverted, and keyed so that padding does not change them.

A mask D holds 0 with probability q and 1 / (1 - q) otherwise, so that the expected
activation is unchanged (Srivastava et al. 2014, in the inverted form). The bits come
from Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw 2011), a function of
key and counter alone: the mask of unit j for sample i depends on the seed, the step,
the layer, i and j, and on nothing else; neither padded rows nor padded units change it.

Each unit and sample gets one byte, which is dropped when it is below 256 q: q is
therefore a multiple of 1/256, the nearest one to the rate that was asked for (and at
least 1/256 for a rate above zero). The scale 1 / (1 - q) uses that q.

The functions work on NumPy and JAX arrays, which have 32-bit unsigned integers.
"""

from typing import Any

from chainrule.equations.namespace import Array, astype, namespace

__all__ = ["dropout_mask", "quantised_rate", "threefry"]

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_BYTES_PER_BLOCK = 8


def _rotate(x: Array, count: int) -> Array:
    return (x << count) | (x >> (32 - count))


def threefry(key: tuple[Array, Array], counter: tuple[Array, Array]) -> tuple[Array, Array]:
    """Two 32-bit words of random bits from two words of key and two of counter (uint32)."""
    keys = (key[0], key[1], key[0] ^ key[1] ^ _PARITY)
    x0, x1 = counter[0] + keys[0], counter[1] + keys[1]
    for block in range(5):
        for rotation in _ROTATIONS[block % 2]:
            x0 = x0 + x1
            x1 = _rotate(x1, rotation) ^ x0
        x0 = x0 + keys[(block + 1) % 3]
        x1 = x1 + (keys[(block + 2) % 3] + (block + 1))
    return x0, x1


def quantised_rate(rate: float) -> float:
    """The multiple of 1/256 that a dropout rate in [0, 1) is rounded to."""
    return min(max(round(rate * 256), 1), 255) / 256 if rate > 0 else 0.0


def dropout_mask(
    xp: Any, seed: Array, step: Array, layer: int, shape: tuple[int, int], rate: Array, dtype: Any
) -> Array:
    """The mask of one hidden layer at one step: ``(n_samples, n_units)``, 0 or 1 / (1 - q).

    ``xp`` is the namespace to make it in, ``seed`` and ``step`` are uint32 scalars,
    ``rate`` is q, already quantised (see ``quantised_rate``).
    """
    n_samples, n_units = shape
    groups = -(-n_samples // _BYTES_PER_BLOCK)
    unit = xp.arange(n_units, dtype=xp.uint32)[None, :]
    group = xp.arange(groups, dtype=xp.uint32)[:, None] + xp.uint32(layer << 24)
    zero = xp.zeros((groups, n_units), dtype=xp.uint32)
    key = (xp.asarray(seed).reshape(1), xp.asarray(step).reshape(1))  # scalars would warn
    words = threefry(key, (unit + zero, group + zero))
    octets = [(word >> shift) & 0xFF for word in words for shift in (0, 8, 16, 24)]
    octets = xp.stack(octets, axis=1).reshape(groups * _BYTES_PER_BLOCK, n_units)[:n_samples]
    keep = astype(octets, xp.int32) >= astype(xp.round(rate * 256), xp.int32)
    scale = 1 / (1 - rate)
    return xp.where(keep, scale, namespace(scale).zeros_like(scale)).astype(dtype)
