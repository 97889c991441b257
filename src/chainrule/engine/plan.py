"""What a compiled program is specialised to, and what it takes as arguments.

A ``Plan`` is static: another plan is another program. Everything else is traced:
changing a learning rate, a penalty, a fold or a budget does not compile again.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import LOSSES
from chainrule.equations.namespace import Array
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import InvalidInputError, unknown_name

__all__ = ["Hyperparameters", "Plan", "compilations", "traces"]

traces: Counter[object] = Counter()
"""How often each program was traced for compilation, by plan: the tests' ledger."""


@dataclass(frozen=True)
class Plan:
    """One training program.

    Parameters
    ----------
    sizes
        Units of every layer, the input's first.
    activations
        One name a layer, the output's last.
    loss, optimizer
        Names in their tables.
    batch_size
        Rows of a batch; a ragged batch is padded with rows of weight zero.
    dtype
        ``float32`` or ``float64``.
    penalised
        Whether the L2 penalty is computed (its strength is traced).
    dropout
        Whether masks are drawn (the rates are traced).
    clipped
        Whether the gradient's global norm is clipped (the limit is traced).
    l1
        Whether the L1 penalty is computed, beside L2 or alone (its strength is traced).
    max_norm
        Whether each unit's incoming weights are kept short (the limit is traced).
    scaled
        Whether the rows are divided by a number in the step (the number is traced).
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    optimizer: str
    batch_size: int
    dtype: str = "float32"
    penalised: bool = False
    dropout: bool = False
    clipped: bool = False
    l1: bool = False
    max_norm: bool = False
    scaled: bool = False

    def __post_init__(self) -> None:
        if len(self.activations) != len(self.sizes) - 1:
            raise InvalidInputError(
                f"A network with {len(self.sizes) - 1} layers needs as many activations, "
                f"the output's included; got {len(self.activations)}."
            )
        for kind, names, table in (
            ("activation", self.activations, ACTIVATIONS),
            ("loss", (self.loss,), LOSSES),
            ("optimizer", (self.optimizer,), OPTIMIZERS),
        ):
            for name in names:
                if name not in table:
                    raise InvalidInputError(unknown_name(kind, name, table))
        if self.activations[-1] not in LOSSES[self.loss].outputs:
            raise InvalidInputError(
                f"The loss {self.loss!r} needs one of the outputs "
                f"{', '.join(LOSSES[self.loss].outputs)}; got {self.activations[-1]!r}."
            )

    @property
    def n_parameters(self) -> int:
        return sum((a + 1) * b for a, b in zip(self.sizes, self.sizes[1:], strict=False))


class Hyperparameters(NamedTuple):
    """What a program takes besides data, parameters and the per-step arrays.

    ``settings`` are the optimizer's; ``rates`` one dropout rate a hidden layer, in
    multiples of 1/256; ``clip`` the largest global norm; ``seed`` that of the masks;
    ``loss`` the loss's settings; ``l1`` the strength of that penalty; ``max_norm`` the largest
    norm of a unit's incoming weights; ``input_scale`` what the rows are divided by.
    """

    settings: Mapping[str, Array]
    rates: Array
    clip: Array
    seed: Array
    loss: Mapping[str, Array]
    l1: Array
    max_norm: Array
    input_scale: Array

    @classmethod
    def make(
        cls,
        plan: Plan,
        settings: Mapping[str, float] | None = None,
        rates: tuple[float, ...] = (),
        clip: float = np.inf,
        seed: int = 0,
        *,
        loss: Mapping[str, float] | None = None,
        l1: float = 0.0,
        max_norm: float = np.inf,
        input_scale: float = 1.0,
    ) -> "Hyperparameters":
        """Arrays of the plan's dtype; settings that are not given have their defaults."""
        n_hidden = len(plan.sizes) - 2
        if rates and len(rates) != n_hidden:
            raise InvalidInputError(
                f"rates must hold one dropout rate for each of the {n_hidden} hidden layers; "
                f"got {len(rates)}."
            )
        kind = f"optimizer {plan.optimizer!r}"
        return cls(
            _settings(kind, OPTIMIZERS[plan.optimizer].settings, settings or {}, plan.dtype),
            np.asarray(rates or [0.0] * n_hidden, plan.dtype),
            np.asarray(clip, plan.dtype),
            np.asarray(seed, np.uint32),
            _settings(f"loss {plan.loss!r}", LOSSES[plan.loss].settings, loss or {}, plan.dtype),
            np.asarray(l1, plan.dtype),
            np.asarray(max_norm, plan.dtype),
            np.asarray(input_scale, plan.dtype),
        )


def _settings(
    kind: str, known: Mapping[str, float], given: Mapping[str, float], dtype: str
) -> dict[str, Array]:
    """A row's settings as arrays, its defaults for those that are not given."""
    for name in given:
        if name not in known:
            raise InvalidInputError(unknown_name(f"setting of the {kind}", name, known))
    return {name: np.asarray(value, dtype) for name, value in {**known, **given}.items()}


def compilations() -> int:
    """How many programs this process has traced so far."""
    return sum(traces.values())
