"""A trace against calculations that share nothing with it: JAX, PyTorch, central differences.

The derivatives are those of ``jax.grad`` and of autograd; the updates are the trace's formulas on
the gradients of ``jax.grad``, and one step of ``torch.optim``. All in float64.
"""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from chainrule.worked.libraries import in_jax, in_torch
from chainrule.worked.libraries.differences import SAMPLED, Spot, differences
from chainrule.worked.libraries.kinks import Place, places, slope
from chainrule.worked.libraries.oracles import Expected, expectations
from chainrule.worked.libraries.problem import Floats, traced
from chainrule.worked.names import shown_index
from chainrule.worked.quantities import Step, Trace
from chainrule.worked.shown import Shown, said_by, small

__all__ = ["TOLERANCES", "Kink", "Row", "Verification", "verify"]

GIVEN, JAX, TORCH, CENTRAL = "given", "JAX", "PyTorch", "central differences"

TOLERANCES = {GIVEN: 1e-9, JAX: 1e-9, TORCH: 1e-9, CENTRAL: 1e-5}
"""Of the largest number of a quantity; more where rounding alone can do more."""
SMALL = 1e-3
"""Quantities that are smaller are judged as if their largest number were this."""
DIFFERENCED = 20
"""Of a longer training, so many steps have their central differences taken, evenly spread."""
SHOWN = 6


class Row(NamedTuple):
    """One quantity beside one oracle, over all steps: the largest difference (of the first step
    that is wrong, if one is), absolute and relative to the largest number of the quantity; where
    it is, the trace's number there, and the oracle's. ``judged`` of the numbers were compared."""

    quantity: str
    oracle: str
    difference: float
    relative: float
    step: int
    entry: str
    value: float
    expected: float
    judged: int
    ok: bool


class Kink(NamedTuple):
    """A pre-activation, an output's residual or a weight on a kink of its ``function``
    (activation, loss or penalty), or so near that a central difference passes it: what the trace
    takes for the derivative there; what the libraries take on the kink itself (None beside it,
    and without PyTorch); and the differences that are left out for it."""

    step: int
    entry: str
    value: float
    function: str
    at: float
    slope: float
    jax: float | None
    torch: float | None
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Verification:
    """``rows`` and ``kinks`` are plain data; ``missing`` says why a library is not among the
    oracles; ``infinite`` names, by step, the quantities that are not finite, by JAX neither."""

    trace: Trace
    rows: tuple[Row, ...]
    kinks: tuple[Kink, ...]
    missing: Mapping[str, str]
    infinite: Mapping[int, tuple[str, ...]]

    @property
    def ok(self) -> bool:
        """Whether every number agrees with every oracle. Left out, by name, are the central
        differences over a kink, and numbers that are not finite where JAX's are not."""
        return all(row.ok for row in self.rows)

    def text(self, width: int = 100) -> str:
        """The table for a terminal of ``width`` columns."""
        return self._shown().text(width)

    def _repr_html_(self) -> str:
        return self._shown().html()

    def _shown(self) -> Shown:
        oracles = [o for o in (JAX, TORCH, CENTRAL) if any(row.oracle == o for row in self.rows)]
        cells = {(row.quantity, row.oracle): _cell(row) for row in self.rows}
        keys = dict.fromkeys(row.quantity for row in self.rows if row.oracle != GIVEN)
        lines = [(key, *(cells.get((key, oracle), "") for oracle in oracles)) for key in keys]
        title = f"{self.trace.example.title}: the largest differences"
        return Shown(title, ("", *oracles), tuple(lines), tuple(self._words()))

    def _words(self) -> Iterator[str]:
        wrong = [row for row in self.rows if not row.ok]
        yield (
            f"Wrong: {', '.join(dict.fromkeys(r.quantity for r in wrong))}."
            if wrong
            else "All agree."
        )
        for row in wrong:
            by = "what is given" if row.oracle == GIVEN else row.oracle
            yield (
                f"Step {row.step}: {row.entry} is {row.value:.10g}; by {by} it is "
                f"{row.expected:.10g}."
            )
        yield from self._without_end()
        yield from (_kink_said(kink) for kink in self.kinks[:SHOWN])
        if len(self.kinks) > SHOWN:
            yield f"{len(self.kinks) - SHOWN} more such numbers are in .kinks."
        yield from _extent(self.trace)
        yield from self.trace.remarks
        yield from (said_by(library, f"{reason}.") for library, reason in self.missing.items())

    def _without_end(self) -> Iterator[str]:
        steps, update = self.trace.steps, self.trace.example.update
        last = steps[-1]
        if update is not None and not np.isfinite(last.values["loss_new"]):
            yield (
                f"The example diverges: it leaves the finite numbers at step {last.number} of "
                f"{update.steps}."
            )
        for step, keys in self.infinite.items():
            yield (
                f"Step {step}: numbers that are not finite, here or by JAX, are not compared: in "
                f"{', '.join(keys)}."
            )


def verify(source: Any, X: Any = None, y: Any = None, **changes: Any) -> Verification:
    """A trace against ``jax.grad``, PyTorch's autograd (if installed) and central differences.

    Parameters
    ----------
    source, X, y, **changes
        As for ``trace``, or a trace.

    Returns
    -------
    Verification
        ``ok``, ``rows`` (a quantity beside an oracle each, as plain data), ``kinks``,
        ``missing``, ``text()``; in a notebook it shows itself.

    Notes
    -----
    A number may differ from JAX's and PyTorch's by 1e-9 of the largest number of its quantity,
    and from the central difference ``(L(x + h) - L(x - h)) / 2h``, with h = 1e-5 max(1, abs(x)),
    by 1e-5 of it; by more where rounding alone can do more. Quantities below 1e-3 are judged as
    if their largest number were that.

    Raises
    ------
    ExampleError
        As ``trace`` does.

    Examples
    --------
    >>> from chainrule.worked.libraries.verify import verify
    >>> found = verify("E-2.3")
    >>> found.ok
    True
    >>> found.kinks[0].entry  # the first unit of x4 lies on relu's kink
    'Z1[4,1]'
    """
    found = traced(source, X, y, changes)
    torch = in_torch.installed()
    book = _Book(found)
    with in_torch.one_thread() if torch else nullcontext(), np.errstate(all="ignore"):
        for expected in expectations(found):
            book.add(expected)
    missing = {} if torch else {TORCH: in_torch.MISSING}
    rows, kinks = tuple(book.rows.values()), tuple(book.kinks)
    return Verification(found, rows, kinks, missing, book.infinite)


class _Book:
    """What is found, step by step."""

    def __init__(self, found: Trace) -> None:
        self.rows: dict[tuple[str, str], Row] = {}
        self.kinks: list[Kink] = []
        self.infinite: dict[int, tuple[str, ...]] = {}
        self.differenced = _differenced(found)

    def add(self, expected: Expected) -> None:
        step, jax = expected.step, expected.jax
        finite = all(np.isfinite(jax[key]).all() for key in step if key in jax)
        if not finite:
            both = {key: (step.values[key], jax.get(key, 0.0)) for key in step}
            self.infinite[step.number] = tuple(
                key for key, parts in both.items() if not all(np.isfinite(x).all() for x in parts)
            )
        oracles = {GIVEN: expected.given, JAX: jax, TORCH: expected.torch}
        for oracle, values in oracles.items():
            tolerance = max(TOLERANCES[oracle], expected.blur)
            for key in step:
                if key in values:
                    allowed = np.full(values[key].shape, tolerance * _scale(values[key]))
                    self._judge(step, key, oracle, values[key], allowed, finite)
        if finite:
            self._difference(expected)

    def _difference(self, expected: Expected) -> None:
        """Central differences, but for those over a kink, which are named."""
        step = expected.step
        left_out: dict[Spot, list[str]] = {
            (key, int(r), int(u)): []
            for key, there in expected.on_a_kink.items()
            for r, u in np.argwhere(there)
        }
        if step.number in self.differenced:
            for key, found in differences(expected.problem, expected.jax):
                if key not in step:
                    continue
                allowed = TOLERANCES[CENTRAL] * _scale(expected.jax[key]) + 4 * found.noise
                for at, spots in found.kinks.items():
                    allowed[at] = np.inf
                    for spot in spots:
                        left_out.setdefault(spot, []).append(_entry(step, key, at))
                self._judge(step, key, CENTRAL, found.value, allowed, True)
        for place in places(expected.problem, expected.tape):
            for spot in sorted(spot for spot in left_out if spot[0] == place.key):
                self.kinks.append(_kink(expected, place, spot, tuple(left_out[spot])))

    def _judge(
        self, step: Step, key: str, oracle: str, expected: Floats, allowed: Floats, finite: bool
    ) -> None:
        """Where ``allowed`` is infinite, nothing is judged; nor what is not ``finite``, where not
        all is."""
        value = step.values[key]
        judged = np.isfinite(allowed)
        if not finite:
            judged &= np.isfinite(value) & np.isfinite(expected)
        if not judged.any():
            return
        difference = np.where(judged, np.abs(value - expected), 0.0)
        difference = np.where(np.isnan(difference), np.inf, difference)
        at = tuple(int(i) for i in np.unravel_index(difference.argmax(), difference.shape))
        ok = bool((difference <= allowed).all())
        worst, before = float(difference[at]), self.rows.get((key, oracle))
        count = int(judged.sum()) + (before.judged if before else 0)
        if before is not None and (not before.ok or (ok and worst <= before.difference)):
            self.rows[key, oracle] = before._replace(judged=count)
            return
        self.rows[key, oracle] = Row(
            key, oracle, worst, worst / _scale(expected), step.number, _entry(step, key, at),
            float(value[at]), float(expected[at]), count, ok,
        )  # fmt: skip


def _scale(values: Floats) -> float:
    finite = np.abs(values)[np.isfinite(values)]
    return max(float(finite.max(initial=0.0)), SMALL)


def _entry(step: Step, key: str, at: tuple[int, ...]) -> str:
    """``dW2[1,3]``, as the trace's layout has it."""
    index = shown_index(at, step.kinds[key], step.layout)
    return f"{key}[{','.join(map(str, index))}]" if index else key


def _differenced(found: Trace) -> set[int]:
    """The numbers of the steps whose differences are taken."""
    count = len(found.steps)
    return set(np.linspace(1, count, min(count, DIFFERENCED)).round().astype(int).tolist())


def _kink(expected: Expected, place: Place, spot: Spot, left_out: tuple[str, ...]) -> Kink:
    key, at = spot[0], spot[1:]
    name, value = place.function, float(place.value[at])
    kink = min(place.kinks, key=lambda kink: abs(value - kink))
    on_it = bool(expected.on_a_kink[key][at])
    entry = _entry(expected.step, key, at)
    if key.startswith("A"):
        entry = f"{entry} - {_entry(expected.step, 'Y', at)}"
    return Kink(
        expected.step.number, entry, value, name, kink,
        float(slope(expected.problem, expected.tape, place)[at]),
        in_jax.slope(name, kink) if on_it else None,
        in_torch.slope(name, kink) if on_it and expected.torch else None,
        left_out,
    )  # fmt: skip


# said


def _cell(row: Row) -> str:
    return small(row.difference) if row.ok else f"{small(row.difference)} wrong"


def _kink_said(kink: Kink) -> str:
    where = f"Step {kink.step}: {kink.entry} = {kink.value:.3g} "
    peers = {JAX: kink.jax, TORCH: kink.torch}
    libraries = [f"{name} {slope:g}" for name, slope in peers.items() if slope is not None]
    if libraries:
        beside = kink.entry.startswith("Z")
        asked = "asked just beside it" if beside else "asked for the middle of its two sides"
        where += (
            f"lies on the kink of {kink.function} at {kink.at:g}. For the derivative there the "
            f"trace takes {kink.slope:g} ({', '.join(libraries)}: {asked})."
        )
    else:
        where += f"lies beside the kink of {kink.function} at {kink.at:g}."
    if not kink.left_out:
        return where
    more = len(kink.left_out) - SHOWN
    names = ", ".join(kink.left_out[:SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f"{where} Its central differences pass the kink and are not judged: {names}."


def _extent(found: Trace) -> Iterator[str]:
    """What is not looked at in full."""
    if len(found.steps) > 1:
        yield f"Each is the largest over {len(found.steps)} steps."
    if len(found.steps) > DIFFERENCED:
        yield f"Central differences are taken at {DIFFERENCED} of the steps, evenly spread."
    sizes = {key: q.value.size for key, q in found.steps[0].quantities.items()}
    large = [f"d{key}" for key in sizes if key[0] in "XWZA" and "_" not in key]
    large = [key for key in large if sizes.get(key, 0) > SAMPLED]
    if large:
        yield f"Central differences are taken of {SAMPLED} numbers each of {', '.join(large)}."
