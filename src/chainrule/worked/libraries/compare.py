"""The same training in NumPy, JAX, PyTorch and scikit-learn, and why they differ where they do.

NumPy is the trace. The others start from its parameters and see its batches in its order. A
library whose conventions differ from the example's runs twice: *as it comes*, with its own loss
and the same settings, and *translated*, with exactly the named conventions made up for. That the
second agrees to rounding is the proof of what is said about the first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from chainrule.equations.network import Layer
from chainrule.worked.calculate import trace
from chainrule.worked.example import Update
from chainrule.worked.libraries import in_jax, in_sklearn, in_torch, torch_training
from chainrule.worked.libraries.problem import Course, course, traced
from chainrule.worked.quantities import Trace
from chainrule.worked.shown import Shown, said_by, small

__all__ = ["TOLERANCE", "Comparison", "Row", "Run", "compare"]

TOLERANCE = 1e-8
"""Of the largest number in question: what two ways to the same result may differ by, after a
thousand steps too, over which rounding grows."""

SAME, AS_IT_COMES, TRANSLATED = "same conventions", "as it comes", "translated"
SHOWN_STEPS = 5

Losses = tuple[float, ...]
Parameters = tuple[tuple[Layer, ...], ...]


@dataclass(frozen=True)
class Run:
    """One training: the loss before each step, and the parameters after it.

    ``conventions`` says what makes it differ from the example; where the ``setting`` is
    ``translated``, what was made up for.
    """

    library: str
    setting: str
    losses: Losses
    parameters: Parameters
    conventions: tuple[str, ...] = ()


class Row(NamedTuple):
    """One step of one run, beside the trace: the largest differences, absolute and relative to
    the largest number among them."""

    library: str
    setting: str
    step: int
    loss: float
    loss_difference: float
    parameter_difference: float
    relative: float


@dataclass(frozen=True)
class Comparison:
    """``rows`` is plain data, ``missing`` says why a library is not among the runs."""

    trace: Trace
    runs: tuple[Run, ...]
    missing: dict[str, str]
    remarks: tuple[str, ...] = ()

    @cached_property
    def rows(self) -> list[Row]:
        """A row for each step of each run but the trace itself."""
        with np.errstate(all="ignore"):  # infinities, where the example diverges
            return [row for run in self.runs[1:] for row in _rows(run, self.runs[0])]

    @cached_property
    def finite(self) -> int:
        """How many steps of the trace, from the first, have finite losses and parameters."""
        return _finite(self.runs[0])

    @property
    def ok(self) -> bool:
        """Whether every run that should give the same numbers does, within ``TOLERANCE``, at
        every step whose numbers are finite."""
        judged = [run for run in self.runs[1:] if run.setting != AS_IT_COMES]
        return all(len(run.losses) >= self.finite for run in judged) and all(
            row.relative <= TOLERANCE
            for row in self.rows
            if row.setting != AS_IT_COMES and row.step <= self.finite
        )

    def text(self, width: int = 100) -> str:
        """The table for a terminal of ``width`` columns."""
        return self._shown().text(width)

    def _repr_html_(self) -> str:
        return self._shown().html()

    def _shown(self) -> Shown:
        headings = ("library", "setting", "step", "loss", "Δ loss", "Δ parameters")
        numpy = self.runs[0]
        steps = _some(len(numpy.losses))
        lines: list[tuple[str, ...]] = [
            ("NumPy", "the trace", str(s), f"{numpy.losses[s - 1]:.8g}", "", "") for s in steps
        ]
        lines += [_line(row) for row in self.rows if row.step in steps]
        return Shown(self.trace.example.title, headings, tuple(lines), tuple(self._words()), left=2)

    def _words(self) -> Iterator[str]:
        yield from self.remarks
        steps = len(self.runs[0].losses)
        if self.finite < steps:
            yield (
                f"The example diverges: step {self.finite + 1} leaves the finite numbers. From "
                "there on nothing is compared."
            )
        for run in self.runs:
            if run.setting == AS_IT_COMES:
                yield from (said_by(run.library, text) for text in run.conventions)
            end = _finite(run)
            if end < self.finite:
                yield f"{run.library}, {run.setting}: finite until step {end} only."
        yield from (said_by(library, f"{reason}.") for library, reason in self.missing.items())


def compare(source: Any, X: Any = None, y: Any = None, **changes: Any) -> Comparison:
    """The same network, weights and batches through NumPy, JAX, PyTorch and scikit-learn.

    Parameters
    ----------
    source, X, y, **changes
        As for ``trace``, or a trace. Without an update, one step of gradient descent with the
        rate 1 is taken: the differences of the parameters are then those of the gradients.

    Returns
    -------
    Comparison
        ``rows`` (a step of a run each, as plain data), ``missing``, ``ok``, ``text()``; in a
        notebook it shows itself.

    Examples
    --------
    >>> from chainrule.worked.libraries.compare import compare
    >>> network = {
    ...     "title": "One layer", "activations": ["identity"], "loss": "squared_error",
    ...     "X": [[1, 2]], "Y": [[1]], "layers": [{"W": [[0.5], [0.25]], "b": 0}],
    ... }
    >>> compare(network).ok
    True
    """
    found = traced(source, X, y, changes)
    update = found.example.update
    remarks = found.remarks if update else (*found.remarks, GRADIENTS)
    if update is None:
        update = Update(rate=1)
        found = trace(found.example, update={"rate": 1})
    whole = course(found, update)
    runs, missing = [_numpy(found)], {}
    runs.append(Run("JAX", SAME, *_collected(in_jax.train(whole))))
    for library, peer in PEERS.items():
        reason = peer.missing(whole)
        if reason:
            missing[library] = reason
        else:
            runs += _both(library, peer, whole)
    return Comparison(found, tuple(runs), missing, remarks)


GRADIENTS = "One step of gradient descent with rate 1: Δ parameters are those of the gradients."


@dataclass(frozen=True)
class Peer:
    """A library with conventions of its own. ``missing`` gives a reason, or nothing."""

    missing: Callable[[Course], str]
    conventions: Callable[[Course], tuple[str, ...]]
    train: Callable[[Course, bool], Iterator[tuple[float, tuple[Layer, ...]]]]


def _why_not(course: Course) -> str:
    reason = in_sklearn.inexpressible(course)
    return f"cannot express the example: it has {reason}" if reason else ""


PEERS = {
    "PyTorch": Peer(
        lambda course: "" if in_torch.installed() else in_torch.MISSING,
        torch_training.conventions,
        torch_training.train,
    ),
    "scikit-learn": Peer(_why_not, in_sklearn.conventions, in_sklearn.train),
}


def _numpy(trace: Trace) -> Run:
    count = len(trace.example.activations)
    parameters = tuple(
        tuple(
            Layer(step.values[f"W{i}_new"], step.values[f"b{i}_new"]) for i in range(1, count + 1)
        )
        for step in trace.steps
    )
    return Run("NumPy", SAME, tuple(float(s.values["loss"]) for s in trace.steps), parameters)


def _collected(steps: Iterator[tuple[float, tuple[Layer, ...]]]) -> tuple[Losses, Parameters]:
    with np.errstate(all="ignore"):  # a divergent example is compared until it ends
        found = list(steps)
    return tuple(loss for loss, _ in found), tuple(layers for _, layers in found)


def _both(library: str, peer: Peer, whole: Course) -> Iterator[Run]:
    """As it comes, and translated where that is another thing."""
    conventions = peer.conventions(whole)
    first = AS_IT_COMES if conventions else SAME
    yield Run(library, first, *_collected(peer.train(whole, False)), conventions)
    if conventions:
        yield Run(library, TRANSLATED, *_collected(peer.train(whole, True)), conventions)


def _rows(run: Run, numpy: Run) -> Iterator[Row]:
    both = zip(run.losses, run.parameters, numpy.losses, numpy.parameters, strict=False)
    for number, (loss, layers, our_loss, ours) in enumerate(both, 1):
        flat, our_flat = _flat(layers), _flat(ours)
        loss_difference = _largest(loss - our_loss)
        difference = _largest(flat - our_flat)
        relative = max(
            _relative(loss_difference, our_loss), _relative(difference, _largest(our_flat))
        )
        yield Row(run.library, run.setting, number, loss, loss_difference, difference, relative)


def _finite(run: Run) -> int:
    """How many steps, from the first, have finite losses and parameters."""
    steps = zip(run.losses, run.parameters, strict=True)
    good = [np.isfinite(loss) and np.isfinite(_flat(layers)).all() for loss, layers in steps]
    return [*good, False].index(False)


def _flat(layers: tuple[Layer, ...]) -> Any:
    return np.concatenate([np.ravel(part) for layer in layers for part in layer])


def _largest(x: Any) -> float:
    return float(np.max(np.abs(x)))


def _relative(difference: float, scale: float) -> float:
    """Relative to the scale; numbers that are all small are compared as if theirs were 1e-3."""
    if not np.isfinite(difference):
        return np.inf
    return difference / max(abs(scale), 1e-3)


def _some(count: int) -> list[int]:
    """The steps that are shown: the first few and the last."""
    return sorted({*range(1, min(count, SHOWN_STEPS) + 1), count})


def _line(row: Row) -> tuple[str, ...]:
    return (
        row.library,
        row.setting,
        str(row.step),
        f"{row.loss:.8g}",
        small(row.loss_difference),
        small(row.parameter_difference),
    )
