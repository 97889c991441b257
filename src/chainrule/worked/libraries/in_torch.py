"""The same network in PyTorch, differentiated by autograd; ``torch_training.py`` trains it.

All functions are PyTorch's own, not those of ``chainrule.equations``.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from chainrule.equations.activations import ACTIVATIONS
from chainrule.worked.libraries.problem import Floats, Problem

__all__ = [
    "MISSING",
    "activations",
    "from_logits",
    "installed",
    "losses",
    "one_thread",
    "penalties",
    "quantities",
    "slope",
]

Function = Callable[..., Any]

MISSING = "PyTorch is not installed: pip install 'chainrule[torch]'"


def installed() -> bool:
    return find_spec("torch") is not None


@contextmanager
def one_thread() -> Iterator[None]:
    """For small matrices: waiting for a second thread takes a thousand times as long as they do."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def quantities(problem: Problem, nudge: Mapping[str, Floats]) -> dict[str, Floats]:
    """A step's quantities up to its gradients, by the trace's keys, in float64.

    The derivatives are autograd's; a penalised ``dW1`` is the sum of two, of the data's loss and
    of the penalty. ``nudge`` keeps the oracle on our side of a kink, as ``kinks.nudged`` says.
    """
    import torch

    nudge = dict(nudge)
    beside = nudge.pop("Y", None)
    arrays = {**problem.arrays, **nudge}
    at = {key: torch.tensor(x, requires_grad=True) for key, x in arrays.items()}
    Y, share, top = torch.tensor(problem.Y), torch.tensor(problem.share), len(problem.layers)
    A: Any = at["X"]
    found: dict[str, Any] = {}
    for i, name in enumerate(problem.activations, 1):
        Z = A @ at[f"W{i}"] + at[f"b{i}"] + at[f"Z{i}"]
        A = activations()[name](Z) + at[f"A{i}"]
        found |= {f"Z{i}": Z, f"A{i}": A, f"S{i}": _local(name, Z)}
    if beside is not None:
        off = torch.tensor(beside)
        Y = torch.where(torch.isnan(off), Y, A.detach() - off)
    plain = losses()[problem.loss]
    logits = from_logits().get((problem.activations[-1], problem.loss))
    found["L"] = plain(A, Y) if logits is None else logits(Z, Y)
    data = (share * found["L"]).sum()
    found_slopes = torch.autograd.grad(data, list(at.values()), allow_unused=True)
    slopes = dict(zip(at, found_slopes, strict=True))  # from the logits, A of the top is unused
    outputs = A.detach().requires_grad_()
    (slopes[f"A{top}"],) = torch.autograd.grad((share * plain(outputs, Y)).sum(), [outputs])
    weights = [f"W{i}" for i in range(1, top + 1)]
    term = penalties()[problem.penalty or "l2"]
    penalty: Any = problem.coefficient * sum(term(at[key]).sum() for key in weights)
    pulls = dict(
        zip(weights, torch.autograd.grad(penalty, [at[key] for key in weights]), strict=True)
    )
    found |= {"data_loss": data, "penalty": penalty, "loss": data + penalty}
    found |= {f"d{key}": slope + pulls.get(key, 0) for key, slope in slopes.items()}
    found |= {f"d{key}_data": slopes[key] for key in weights}
    found |= {f"d{key}_penalty": pull for key, pull in pulls.items()}
    return {key: x.detach().numpy() for key, x in found.items()}


def _local(name: str, Z: Any) -> Any:
    """dA/dZ: element by element, or the Jacobian of each sample."""
    import torch

    at = Z.detach().requires_grad_()
    A = activations()[name](at)
    if ACTIVATIONS[name].elementwise:
        return torch.autograd.grad(A.sum(), [at])[0]
    columns = [torch.autograd.grad(a.sum(), [at], retain_graph=True)[0] for a in A.T]
    return torch.stack(columns, dim=1)


def slope(name: str, z: float) -> float:
    """What PyTorch takes the derivative to be at ``z``: of an activation, of the absolute error by
    its residual, or of L1 by a weight."""
    import torch

    sizes = {"absolute_error": torch.abs, "l1": torch.abs}
    at = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    (found,) = torch.autograd.grad({**activations(), **sizes}[name](at), [at])
    return float(found)


def activations() -> dict[str, Function]:
    """By the equations' names."""
    import torch
    from torch.nn import functional as F

    return {
        "identity": lambda z: z,
        "logistic": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "leaky_relu": lambda z: F.leaky_relu(z, 0.01),
        "elu": F.elu,
        "selu": F.selu,
        "gelu": F.gelu,
        "silu": F.silu,
        # its own threshold of 20, above which it gives z, would cost digits
        "softplus": lambda z: F.softplus(z, threshold=100),
        "mish": F.mish,
        "exp": torch.exp,
        "softmax": lambda z: torch.softmax(z, dim=1),
    }


def penalties() -> dict[str, Function]:
    """What each adds up over the weights."""
    import torch

    return {"l2": torch.square, "l1": torch.abs}


def losses() -> dict[str, Function]:
    """The loss of each sample from the outputs ``a``."""
    import torch
    from torch.nn import functional as F

    def squares(a: Any, y: Any) -> Any:
        return F.mse_loss(a, y, reduction="none")

    def counts(a: Any, y: Any) -> Any:
        part = F.poisson_nll_loss(a, y, log_input=False, eps=0.0, reduction="none")
        return (part + torch.xlogy(y, y) - y).sum(dim=1)

    return {
        "squared_error": lambda a, y: 0.5 * squares(a, y).sum(dim=1),
        "mean_squared_error": lambda a, y: squares(a, y).mean(dim=1),
        "half_mean_squared_error": lambda a, y: 0.5 * squares(a, y).mean(dim=1),
        "cross_entropy": lambda a, y: -torch.xlogy(y, a).sum(dim=1),
        # F.binary_cross_entropy bounds its logarithms
        "binary_cross_entropy": lambda a, y: (
            -(torch.xlogy(y, a) + torch.xlogy(1 - y, 1 - a)).sum(dim=1)
        ),
        "poisson": counts,
        "logit_cross_entropy": lambda a, y: F.cross_entropy(a, y, reduction="none"),
        "absolute_error": lambda a, y: F.l1_loss(a, y, reduction="none").sum(dim=1),
        "huber": lambda a, y: F.huber_loss(a, y, reduction="none").sum(dim=1),
    }


def from_logits() -> dict[tuple[str, str], Function]:
    """The same from the last pre-activations, by output and loss, as PyTorch's users have it."""
    import torch
    from torch.nn import functional as F

    def binary(z: Any, y: Any) -> Any:
        return F.binary_cross_entropy_with_logits(z, y, reduction="none").sum(dim=1)

    def counts(z: Any, y: Any) -> Any:
        part = F.poisson_nll_loss(z, y, log_input=True, reduction="none")
        return (part + torch.xlogy(y, y) - y).sum(dim=1)

    return {
        ("softmax", "cross_entropy"): lambda z, y: F.cross_entropy(z, y, reduction="none"),
        ("logistic", "binary_cross_entropy"): binary,
        ("exp", "poisson"): counts,
    }
