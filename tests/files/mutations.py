"""Model files, changed at random: 5,000 of them in the tests, any number from the command line.

    python -m tests.files.mutations --count 100000 --seed 0

Each change is of the bytes as they are (damage), or of the header, the arrays or the container
with a right checksum (malice). A file is then refused, or loads as a model that predicts; anything
else ends the script with the seed that shows it. Memory and time are capped by the system.
"""

import argparse
import copy
import io
import json
import resource
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import numpy as np
import safetensors.numpy
from sklearn.pipeline import Pipeline

from chainrule.files.container import DTYPES
from chainrule.files.digest import digest_of
from chainrule.files.model_file import from_stream
from chainrule.files.refusal import Refused
from chainrule.tables.encoding import encoded
from chainrule.tables.source import open_source

__all__ = ["CHANGES", "as_matrix", "fate"]

SECONDS = 5
"""A file that takes longer hangs."""

MEMORY = 512 * 2**20
"""What loading may take beyond what the process has taken before."""

SIZES = [-1, 0, 1, 2, 50, 2**31, 2**32, 2**62, 2**63, 2**64, -(2**63), 10**25]
SCALARS = [None, True, False, "", "relu", "softmax", "float32", "array", "inf", "\0", 0.5, -1e300]


def _value(random: Random, depth: int = 3) -> Any:
    """Any JSON, and now and then much of it."""
    kind = random.randrange(8)
    if kind < 2 or not depth:
        return random.choice(SCALARS)
    if kind < 4:
        return random.choice(SIZES)
    if kind == 4:
        return [_value(random, depth - 1) for _ in range(random.randrange(4))]
    if kind == 5:
        key = random.choice(["float", "tuple", "dict", "numpy", "array", "x"])
        return {key: _value(random, depth - 1)}
    if kind == 6:
        nested: Any = 0
        for _ in range(random.choice([3, 23, 24, 500])):
            nested = [nested]
        return nested
    return "é" * random.choice([1, 10, 10_000])


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if path:
        yield path, value
    pairs = value.items() if isinstance(value, dict) else []
    pairs = enumerate(value) if isinstance(value, list) else pairs
    for key, item in pairs:
        yield from _places(item, (*path, key))


def _edit(tree: Any, random: Random) -> None:
    """Replace, delete, copy or add something somewhere in a JSON tree."""
    everywhere = list(_places(tree))
    (*path, last), found = random.choice(everywhere)
    parent = tree
    for key in path:
        parent = parent[key]
    kind = random.randrange(6)
    if kind == 0:
        del parent[last]
    elif kind == 1:
        parent[last] = copy.deepcopy(random.choice(everywhere)[1])
    elif kind == 2 and isinstance(parent, dict):
        parent[random.choice(["", "x", "kind", "code"])] = _value(random)
    elif kind == 3 and isinstance(found, int | float) and not isinstance(found, bool):
        parent[last] = found + random.choice([-1, 1, 0.5])
    else:
        parent[last] = _value(random)


def _parts(data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    length = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + length])["__metadata__"]
    return json.loads(metadata["chainrule"]), dict(safetensors.numpy.load(data))


def _whole(header: dict[str, Any], arrays: dict[str, Any]) -> bytes:
    header["sha256"] = digest_of(header, arrays)
    return bytes(safetensors.numpy.save(arrays, {"chainrule": json.dumps(header)}))


def change_bytes(data: bytes, random: Random) -> bytes:
    raw = bytearray(data)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(raw))
        kind = random.randrange(6)
        if kind == 0:
            raw[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            raw[at] = random.choice(b'\0 "[]{}\\:,0129-\xff')
        elif kind == 2:
            del raw[max(at, 1) :]
        elif kind == 3:
            raw[at:at] = random.randbytes(random.randint(1, 9))
        elif kind == 4:
            del raw[at : at + random.randint(1, 9)]
        else:
            raw[at : at + 8] = raw[:8]
        raw = raw or bytearray(1)
    return bytes(raw)


def change_header(data: bytes, random: Random) -> bytes:
    header, arrays = _parts(data)
    for _ in range(random.randint(1, 2)):
        _edit(header, random)
    return _whole(header, arrays)


def change_arrays(data: bytes, random: Random) -> bytes:
    header, arrays = _parts(data)
    name = random.choice(sorted(arrays))
    array = arrays[name].copy()
    kind = random.randrange(6)
    if kind == 0:
        array = array.astype(random.choice(list(DTYPES.values())))
    elif kind == 1:
        array = array.reshape(random.choice([(-1,), (1, -1), (-1, 1)]))
    elif kind == 2 and array.size:
        value = np.float64(random.choice([0, 1, 127, np.nan, np.inf, -1e300, 2.0**62]))
        array.flat[random.randrange(array.size)] = value.astype(array.dtype)
    elif kind == 3 and array.ndim:
        array = np.concatenate([array, array])[random.randrange(4) :]
    elif kind == 4:
        noise = random.randbytes(array.nbytes)
        array = np.frombuffer(noise, array.dtype).reshape(array.shape)
    else:
        del arrays[name]
        return _whole(header, arrays)
    return _whole(header, {**arrays, name: array})


def change_container(data: bytes, random: Random) -> bytes:
    """Shapes, types and offsets, as the container has them."""
    length = int.from_bytes(data[:8], "little")
    tree = json.loads(data[8 : 8 + length])
    _edit(tree, random)
    text = json.dumps(tree).encode()
    if random.randrange(10) == 0:
        length = random.choice([*SIZES[1:9], len(text) + 1])
        return (length % 2**64).to_bytes(8, "little") + text + data[8 + length :]
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


CHANGES = (change_bytes, change_header, change_arrays, change_container)


def as_matrix(est: Any, X: Any) -> np.ndarray:
    """The rows without names: of a table, the numbers that stand for its values."""
    columns = getattr(est[0], "columns_", ()) if isinstance(est, Pipeline) else ()
    if isinstance(X, np.ndarray) or not columns:
        return np.asarray(X)
    return np.concatenate([rows for _, rows in encoded(open_source(X), columns, len(X))])


def fate(before: Any, data: bytes, X: Any, seed: int) -> str:
    """What became of the file of the model ``before``, changed as the seed says.

    ``"refused"``; ``"loaded"`` as a model that predicts a row for each of ``X``, and the same where
    only the checksum could tell the damage; or ``"not written"``, where there is no such file.
    """
    random = Random(seed)
    change = random.choice(CHANGES)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            changed = change(data, random)
        except (ValueError, TypeError, RecursionError):  # NaN is no JSON, half a character no text
            return "not written"
    try:
        est = from_stream(io.BytesIO(changed), len(changed))
    except Refused as error:
        assert len(f"{error} {error.remedy}") < 2000
        return "refused"
    network = est[-1] if isinstance(est, Pipeline) else est
    network.set_params(device="auto")  # another device may be named, and not be there
    rows = as_matrix(before, X)  # without names, which may be others now
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = est.predict(rows)
        except ValueError as error:  # a scaler of other numbers can make infinities of rows
            assert change is not change_bytes and "infinity" in str(error), error
            return "loaded"
        assert len(found) == len(rows)
        if change in (change_bytes, change_container):
            np.testing.assert_array_equal(found, before.predict(rows))
    return "loaded"


@contextmanager
def _capped() -> Iterator[None]:
    """More memory is a ``MemoryError``, more time a ``TimeoutError``."""

    def too_long(*_: Any) -> None:
        raise TimeoutError(f"a file took over {SECONDS} s")

    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  # no path of ours
        now = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, before[1]))
    handler = signal.signal(signal.SIGALRM, too_long)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, handler)
        resource.setrlimit(resource.RLIMIT_AS, before)


def main() -> None:
    """Change the files of all models of the tests ``--count`` times, and tell what became of it."""
    from tests.files.conftest import ABOUT, MODELS, fit

    from chainrule.files.model_file import to_bytes

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    files = []
    for name, make in MODELS.items():
        est, X, y = make()
        files.append((fit(est, X, y), to_bytes(est, ABOUT.get(name)), X))
        fate(*files[-1], seed=0)  # what is imported on the way
    found: Counter[str] = Counter()
    with _capped():
        for seed in range(given.seed, given.seed + given.count):
            signal.alarm(SECONDS)
            try:
                found[fate(*files[seed % len(files)], seed)] += 1
            except BaseException:
                sys.stderr.write(f"seed {seed}, model {list(MODELS)[seed % len(files)]}\n")
                raise
            finally:
                signal.alarm(0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{given.count} files: {dict(found)}; peak memory {peak:.0f} MB\n")


if __name__ == "__main__":
    main()
