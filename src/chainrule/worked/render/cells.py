"""One number of a quantity, written out: symbols, then numbers, then the result."""

from dataclasses import dataclass

from chainrule.worked.expressions import (
    Add,
    Constant,
    Expression,
    Index,
    MatMul,
    Negative,
    Number,
    Product,
    Ref,
    Values,
    children,
    evaluate,
    mentioned,
    one_minus,
    substitute,
)
from chainrule.worked.quantities import Step
from chainrule.worked.render.notation import Rest, Value

__all__ = ["Cell", "cell", "filled", "multiplies", "shortened"]


@dataclass(frozen=True)
class Cell:
    """``name = symbols = numbers = value``."""

    name: Ref
    symbols: Expression
    numbers: Expression
    value: float


def cell(step: Step, key: str, index: tuple[int, ...]) -> Cell | None:
    """The number at ``index``, in the row convention; None where no formula gave it."""
    quantity = step.quantity(key)
    if quantity.formula is None:
        return None
    name = Ref(key, index or None)
    if quantity.kind == "jacobian":
        symbols: Expression | None = _jacobian_entry(step, key, index)
    else:
        symbols = step.cell(key, _both_axes(quantity.kind, index))
    if symbols is None or not mentioned(symbols):
        return None
    if step.layout == "column" and multiplies(quantity.formula):
        symbols = substitute(symbols, _reversed)
    return Cell(name, symbols, filled(symbols, step.values), float(quantity.value[index]))


def filled(x: Expression, values: Values) -> Expression:
    """The formula with numbers for all that has a name."""

    def change(part: Expression) -> Expression | None:
        if isinstance(part, Ref):
            return Value(float(values[part.key][part.index or ()]))
        return Number(part.value) if isinstance(part, Constant) else None

    return substitute(x, change)


def shortened(found: Cell, longest: int, most: int, step: Step) -> Cell:
    """The same, of each sum of more than ``longest`` terms the ``most`` largest, in their order,
    and the others together."""

    if not _has_long_sum(found.symbols, longest):
        return found

    def cut(part: Expression) -> Expression | None:
        if not isinstance(part, Add) or len(part.terms) <= longest:
            return None
        sizes = [float(evaluate(term, step.values, step.kinds)[0, 0]) for term in part.terms]
        order = sorted(range(len(sizes)), key=lambda i: -abs(sizes[i]))
        kept, left = sorted(order[:most]), order[most:]
        return Add((*(part.terms[i] for i in kept), Rest(len(left), sum(sizes[i] for i in left))))

    short = substitute(found.symbols, cut)
    symbols = substitute(short, lambda part: Rest(part.count) if isinstance(part, Rest) else None)
    return Cell(found.name, symbols, filled(short, step.values), found.value)


def _has_long_sum(x: Expression, longest: int) -> bool:
    if isinstance(x, Add) and len(x.terms) > longest:
        return True
    return any(_has_long_sum(part, longest) for part in children(x))


def _both_axes(kind: str, index: tuple[int, ...]) -> Index:
    """(row, column) of an index, None for an axis that the kind does not have."""
    if kind == "matrix":
        return index[0], index[1]
    if kind == "scalar":
        return None, None
    return (index[0], None) if kind == "rows" else (None, index[0])


def _jacobian_entry(step: Step, key: str, index: tuple[int, ...]) -> Expression:
    """Of softmax: a_j (1 - a_j) on the diagonal, -a_j a_k elsewhere."""
    sample, j, k = index
    output = key.replace("S", "A")
    left, right = Ref(output, (sample, j)), Ref(output, (sample, k))
    if j == k:
        return Product((left, one_minus(right)))
    return Negative(Product((left, right)))


def multiplies(x: Expression) -> bool:
    """Whether there is a product of matrices in a formula."""
    return isinstance(x, MatMul) or any(multiplies(part) for part in children(x))


def _reversed(x: Expression) -> Expression | None:
    """In columns the factors of an inner product stand the other way round."""
    match x:
        case Product((Ref(), Ref()) as factors):
            return Product(factors[::-1])
    return None
