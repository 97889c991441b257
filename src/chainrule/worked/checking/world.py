"""The calculation as a graph, and worlds in it: other numbers put in, and what follows from them.

A node is a quantity of a step. Its value follows from the nodes before it by the formula that
the trace has; the parameters of a later step are the new ones of the step before.
"""

from collections import ChainMap, defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache

import numpy as np

from chainrule.equations.activations import softmax, softmax_jacobian
from chainrule.worked.checking.answers import Floats, Node
from chainrule.worked.expressions import (
    Call,
    Expression,
    Ref,
    Total,
    Transpose,
    evaluate,
    mentioned,
    substitute,
)
from chainrule.worked.quantities import Quantity, Trace

__all__ = ["Change", "Graph", "Values", "World"]

Values = Mapping[Node, Floats]
Change = Callable[[Values], Floats]

DRAWS, BATCH = 4, 256
AXES: Mapping[str, tuple[int, ...]] = {"outputs": (-1,), "samples": (-2,), "all": (-2, -1)}


class Graph:
    """What each quantity of a trace depends on, and how it is computed."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.order = [(step.number, key) for step in trace.steps for key in step]
        self.place = {node: place for place, node in enumerate(self.order)}
        self.before = cache(self._before)
        self._mentioned: dict[int, tuple[Expression, frozenset[str]]] = {}

    def quantity(self, node: Node) -> Quantity:
        return self.trace.steps[node[0] - 1].quantities[node[1]]

    def truth(self) -> dict[Node, Floats]:
        return {node: self.quantity(node).value for node in self.order}

    def formulas(self, node: Node) -> tuple[Expression, ...]:
        """The formula, and the second one where there is one."""
        quantity = self.quantity(node)
        return tuple(x for x in (quantity.formula, quantity.also) if x is not None)

    def mentioned(self, formula: Expression) -> frozenset[str]:
        """The keys that a formula mentions, remembered: they are asked for again and again."""
        if id(formula) not in self._mentioned:
            self._mentioned[id(formula)] = (formula, frozenset(mentioned(formula)))
        return self._mentioned[id(formula)][1]

    def _before(self, node: Node) -> tuple[Node, ...]:
        number, key = node
        if key == "loss_new":
            names = [name for name in self.trace.steps[number - 1] if _is_fixed(name)]
        elif self.quantity(node).stage == "given":
            return self._carried(node)
        else:
            names = sorted(set().union(*(mentioned(x) for x in self.formulas(node))))
        return tuple((number, name) for name in names)

    def _carried(self, node: Node) -> tuple[Node, ...]:
        """Where a parameter or state of a later step comes from."""
        number, key = node
        if number == 1 or key in ("X", "Y", "w"):
            return ()
        state = key.endswith("_before")
        return ((number - 1, key.removesuffix("_before") if state else f"{key}_new"),)

    def compute(self, node: Node, values: Values, formula: Expression | None = None) -> Floats:
        """The node's value from the others, by its first formula or the one given."""
        number, key = node
        quantity = self.quantity(node)
        if quantity.stage == "given":
            return values[self.before(node)[0]] if self.before(node) else quantity.value
        if key == "loss_new":
            return self.loss_after(number, values)
        if quantity.kind == "jacobian":
            A = values[number, f"A{quantity.layer}"]
            return (
                softmax_jacobian(A, A)
                if A.ndim == 2
                else np.stack([softmax_jacobian(one, one) for one in A])
            )
        formula = formula or quantity.formula
        assert formula is not None
        return self.evaluate(node, formula, values)

    def evaluate(self, node: Node, formula: Expression, values: Values) -> Floats:
        """A formula's value in the shape of the node, after the batch's axis if there is one."""
        named = {key: self._flat((node[0], key), values) for key in self.mentioned(formula)}
        quantity = self.quantity(node)
        shape = quantity.value.shape
        with np.errstate(all="ignore"):
            found = batched(formula, named)
        flat = {"rows": (*shape, 1), "columns": (1, *shape), "scalar": (1, 1)}
        lead = found.shape[:-2]
        whole = np.broadcast_to(found, (*lead, *flat.get(quantity.kind, shape)))
        return whole.reshape((*lead, *shape))

    def _flat(self, node: Node, values: Values) -> Floats:
        """A value in two dimensions, after the batch's axis if there is one."""
        value, quantity = values[node], self.quantity(node)
        lead = value.shape[: value.ndim - quantity.value.ndim]
        if quantity.kind == "matrix":
            return value
        return (
            value.reshape(*lead, -1, 1) if quantity.kind == "rows" else value.reshape(*lead, 1, -1)
        )

    def loss_after(
        self, number: int, values: Values, changes: Mapping[Node, Change] | None = None
    ) -> Floats:
        """The forward pass and the loss once more, with the new parameters; ``changes`` are
        other ways to compute some of its quantities."""
        changes = changes or {}
        step = self.trace.steps[number - 1]
        inner = {(number, key): values[number, key] for key in step if _is_fixed(key)}
        for key in [key for _, key in inner if key.endswith("_new")]:
            inner[number, key.removesuffix("_new")] = inner[number, key]
        for key, quantity in step.quantities.items():
            node = (number, key)
            if quantity.stage in ("forward", "loss"):
                inner[node] = changes[node](inner) if node in changes else self.compute(node, inner)
        return inner[number, "loss"]


def batched(formula: Expression, values: Mapping[str, Floats]) -> Floats:
    """A formula's value where the arrays may have a batch's axis in front of their two: the
    forms that name an axis are calculated first, and stand in the formula as values."""
    inner = dict(values)

    def put(x: Expression) -> Expression | None:
        match x:
            case Transpose(of):
                found = np.swapaxes(batched(of, values), -1, -2)
            case Total(of, over):
                found = batched(of, values).sum(axis=AXES[over], keepdims=True)
            case Call("softmax", (of,)):
                Z = batched(of, values)
                found = softmax(Z.reshape(-1, Z.shape[-1])).reshape(Z.shape)
            case _:
                return None
        inner[f"{len(inner)}"] = found
        return Ref(f"{len(inner) - 1}")

    plain = substitute(formula, put)
    return evaluate(plain, inner, defaultdict(lambda: "matrix"))


def _is_fixed(key: str) -> bool:
    return key in ("X", "Y", "w") or (key.endswith("_new") and key != "loss_new")


def _at_most(moves: Floats) -> Floats:
    """The largest of the second axis; a move out of a formula's domain (a root of less than 0)
    does not count, and where all are out, nothing is known."""
    found: Floats = np.nan_to_num(np.fmax.reduce(moves, axis=1), nan=np.inf, posinf=np.inf)
    return found


class World:
    """A value for every node: what is given where it is given, else what follows from it.

    ``given`` holds NaN where nothing is; ``half`` is how far each given number may be rounded,
    and NaN where nothing was written.
    ``changes`` are other ways to compute some nodes, as somebody does who slips there.
    """

    def __init__(
        self,
        graph: Graph,
        given: Mapping[Node, Floats] | None = None,
        half: Mapping[Node, Floats] | None = None,
    ) -> None:
        self.graph, self.given, self.half = graph, dict(given or {}), dict(half or {})
        self.changes: dict[Node, Change] = {}
        self.moved: set[Node] = set()
        self.values: dict[Node, Floats] = graph.truth()
        for node in self.given:
            self.values[node] = self.merged(node, self.values[node])

    def give(self, node: Node, value: Floats, half: Floats) -> None:
        """Numbers for a node, NaN where there is none; ``settle`` puts them in."""
        self.given[node], self.half[node] = value, half

    def whole(self, node: Node) -> bool:
        return node in self.given and not np.isnan(self.given[node]).any()

    def merged(self, node: Node, value: Floats) -> Floats:
        """The value, with what is given in its place."""
        if node not in self.given:
            return value
        return np.where(np.isnan(self.given[node]), value, self.given[node])

    def settle(self, node: Node) -> None:
        """Put in what is given for a node, and what follows from the nodes before it."""
        if self.whole(node):
            self.values[node] = self.given[node]
        elif node in self.changes or self.moved.intersection(self.graph.before(node)):
            self.values[node] = self.merged(node, self._follow(node, self.values, self.moved))
        elif node in self.given:
            self.values[node] = self.merged(node, self.values[node])
        else:
            return
        self.moved.add(node)

    def adopt(self, changes: Mapping[Node, Change], last: Node) -> None:
        """Compute some nodes in another way from now on, and settle again up to the last."""
        self.changes.update(changes)
        first = min(self.graph.place[node] for node in changes)
        for node in self.graph.order[first : self.graph.place[last] + 1]:
            self.settle(node)

    def ahead(self, node: Node, values: Values, here: int) -> Floats:
        """The value of a node that may come after the place ``here``, from what is before it."""
        if self.graph.place[node] < here or self.whole(node):
            return values[node]
        inner = {one: self.ahead(one, values, here) for one in self.graph.before(node)}
        return self.merged(node, self.graph.compute(node, inner))

    def _follow(self, node: Node, values: Values, moved: set[Node]) -> Floats:
        """By the second formula (dA * S beside a - y) where its own parts have moved."""
        if node in self.changes:
            return self.changes[node](values)
        formulas = self.graph.formulas(node)
        if len(formulas) == 2:
            own = self.graph.mentioned(formulas[1]) - self.graph.mentioned(formulas[0])
            if any((node[0], key) in moved for key in own):
                return self.graph.compute(node, values, formulas[1])
        return self.graph.compute(node, values)

    def between(self, target: Node, more: Iterable[Node] = ()) -> list[Node]:
        """The nodes before the target up to those that are given, these included, in order."""
        found: set[Node] = set()
        left = [*self.graph.before(target), *more]
        while left:
            node = left.pop()
            if node not in found:
                found.add(node)
                left += () if self.whole(node) else self.graph.before(node)
        return sorted(found, key=self.graph.place.__getitem__)

    def unwritten(self, target: Node) -> list[Node]:
        """Of the nodes between, those that have to be calculated and are not given in full."""
        return [
            node
            for node in self.between(target)
            if self.graph.before(node) and not self.whole(node)
        ]

    def outcomes(
        self,
        target: Node,
        changes: Mapping[Node, Change] | None = None,
        shifts: Mapping[Node, Floats] | None = None,
        size: int = 0,
    ) -> Floats:
        """What comes out at the target: a stack, with a value for each of its formulas.

        ``changes`` are other ways to compute some nodes, ``shifts`` are added to some values;
        with ``size``, they and what comes out have an axis for so many cases in front.
        """
        changes, shifts = changes or {}, shifts or {}
        new: dict[Node, Floats] = {}
        values: Values = ChainMap(new, self.values)  # only new is written
        for node in self.between(target, shifts) if changes or shifts else []:
            if self.whole(node):
                found = self.values[node]
            elif node in changes:
                found = self.merged(node, changes[node](values))
            elif not new.keys().isdisjoint(self.graph.before(node)):
                found = self.merged(node, self._follow(node, values, self.moved | new.keys()))
            else:
                found = self.values[node]
            if node in shifts:
                found = found + shifts[node]
            if found is not self.values[node]:
                new[node] = found
        if target in changes:
            parts = [changes[target](values)]
        else:
            formulas: tuple[Expression | None, ...] = self.graph.formulas(target) or (None,)
            parts = [self.graph.compute(target, values, formula) for formula in formulas]
        lead = (size,) if size else ()
        return np.stack([np.broadcast_to(x, (*lead, *self.values[target].shape)) for x in parts])

    def spread(
        self,
        target: Node,
        changes: Mapping[Node, Change] | None = None,
        more: Iterable[Node] = (),
        unwritten: float = 0.0,
        like: "World | None" = None,
    ) -> Floats:
        """How far the outcomes move when each given number moves by its half unit, summed.

        With ``unwritten``, each number between that is not given moves by so much too: somebody
        rounded it without writing it down. The half units may be ``like`` another world's.
        """
        base = self.outcomes(target, changes)
        total = np.zeros_like(base)
        moves = [
            (node, tuple(at), half[tuple(at)])
            for node, half in (like or self)._halves(target, more, unwritten).items()
            for at in np.argwhere(half)
        ]
        for start in range(0, len(moves), BATCH):
            part = moves[start : start + BATCH]
            ends = []
            for sign in (1.0, -1.0):
                shifts = {
                    node: np.zeros((len(part), *self.values[node].shape)) for node, *_ in part
                }
                for i, (node, at, half) in enumerate(part):
                    shifts[node][(i, *at)] = sign * half
                moved = self.outcomes(target, changes, shifts, len(part))
                ends.append(np.abs(moved - base[:, None]))
            total += _at_most(np.stack(ends, axis=1)).sum(axis=1)
        return total

    def sway(
        self,
        target: Node,
        changes: Mapping[Node, Change] | None = None,
        more: Iterable[Node] = (),
        unwritten: float = 0.0,
    ) -> Floats:
        """About how large the spread is, from a few moves of all numbers at once."""
        rng = np.random.default_rng(0)
        shifts = {}
        for node, half in self._halves(target, more, unwritten).items():
            shape = (DRAWS, *half.shape)
            shifts[node] = half * rng.choice([-1.0, 1.0], shape) * rng.uniform(0.3, 1, shape)
        if not shifts:
            return np.zeros((1, *self.values[target].shape))
        base = self.outcomes(target, changes)
        moved = self.outcomes(target, changes, shifts, DRAWS)
        return _at_most(np.abs(moved - base[:, None]))

    def exact(self, target: Node) -> bool:
        """Whether nothing that the target depends on is rounded."""
        return not self._halves(target, (), 0.0)

    def _halves(self, target: Node, more: Iterable[Node], unwritten: float) -> dict[Node, Floats]:
        """How far each number between may be rounded, where any may."""
        found = {node: self._half(node, unwritten) for node in self.between(target, more)}
        return {node: half for node, half in found.items() if half.any()}

    def _half(self, node: Node, unwritten: float) -> Floats:
        if not self.graph.before(node):
            unwritten = 0.0
        if node not in self.half:
            return np.full(self.values[node].shape, unwritten)
        return np.where(np.isnan(self.half[node]), unwritten, self.half[node])
