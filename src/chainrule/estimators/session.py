"""What a training needs to go on where it stopped, as plain NumPy."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.engine.fit import Trainer
from chainrule.engine.member import Member
from chainrule.equations.network import Layer
from chainrule.equations.optimizers import State
from chainrule.equations.schedules import Plateau

__all__ = ["Session", "as_numpy", "owned", "state_arrays", "state_of"]


def owned(layers: Any) -> tuple[Layer, ...]:
    """The layers as NumPy arrays that nobody else holds (jax's buffers may be shared)."""
    return tuple(Layer(np.array(W), np.array(b)) for W, b in layers)


@dataclass
class Session:
    """The state of a stochastic training between two calls.

    ``optimizer`` names the row whose ``state`` this is; ``step`` and ``epoch`` count what was
    done; ``index`` is the last epoch's order and ``random_state`` the stream it came from;
    ``mask_seed`` is that of the dropout masks; ``plateau`` is what a schedule that goes by the
    losses remembers, None where there is none.
    """

    optimizer: str
    state: State
    step: int
    epoch: int
    index: npt.NDArray[np.int64]
    random_state: np.random.RandomState
    base_rate: float
    mask_seed: int
    no_improvement: int = 0
    plateau: Plateau | None = None

    @classmethod
    def of(
        cls, trainer: Trainer | Member, no_improvement: int = 0, plateau: Plateau | None = None
    ) -> "Session":
        """The session of a trainer that stands between two epochs."""
        shuffler = trainer.shuffler
        if isinstance(trainer, Member):
            shuffler = shuffler.copy()  # others go on with the group's
        return cls(
            trainer.plan.optimizer,
            as_numpy(trainer.state),
            trainer.step,
            trainer.epoch,
            shuffler.index,
            shuffler.random_state,
            trainer.base_rate,
            int(trainer.hyper.seed),
            no_improvement,
            plateau,
        )

    def export(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """JSON-able facts and named arrays, for a file."""
        arrays = {"index": self.index, **state_arrays(self.state)}
        stream = self.random_state.get_state(legacy=False)
        arrays["random_key"] = np.asarray(stream["state"]["key"])
        facts = {
            "optimizer": self.optimizer,
            "step": self.step,
            "epoch": self.epoch,
            "base_rate": self.base_rate,
            "mask_seed": self.mask_seed,
            "no_improvement": self.no_improvement,
            "random_position": int(stream["state"]["pos"]),
            "random_has_gauss": int(stream["has_gauss"]),
            "random_gauss": float(stream["gauss"]),
        }
        if self.plateau is not None:
            best = float(self.plateau.best)
            facts["plateau"] = {**self.plateau._asdict(), "best": best if isfinite(best) else None}
        return facts, arrays

    @classmethod
    def restore(cls, facts: Mapping[str, Any], arrays: Mapping[str, Any]) -> "Session":
        """What ``export`` gave, as a session again."""
        state = state_of(arrays)
        random_state = np.random.RandomState()
        random_state.set_state(
            {
                "bit_generator": "MT19937",
                "state": {"key": arrays["random_key"], "pos": facts["random_position"]},
                "has_gauss": facts["random_has_gauss"],
                "gauss": facts["random_gauss"],
            }
        )
        return cls(
            facts["optimizer"],
            state,
            facts["step"],
            facts["epoch"],
            np.asarray(arrays["index"]),
            random_state,
            facts["base_rate"],
            facts["mask_seed"],
            facts["no_improvement"],
            _plateau(facts.get("plateau")),
        )


def state_arrays(state: State) -> dict[str, npt.NDArray[Any]]:
    """An optimizer's state as named arrays."""
    arrays = {}
    for name, value in state.items():
        if name == "t":
            arrays["t"] = np.asarray(value)
            continue
        for number, layer in enumerate(value, 1):
            arrays[f"{name}.W{number}"], arrays[f"{name}.b{number}"] = layer.W, layer.b
    return arrays


def state_of(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The state that ``state_arrays`` named; other arrays' names have no dot."""
    state: dict[str, Any] = {}
    for name in dict.fromkeys(key.partition(".")[0] for key in arrays if "." in key):
        count = sum(key.startswith(f"{name}.W") for key in arrays)
        state[name] = tuple(
            Layer(arrays[f"{name}.W{n}"], arrays[f"{name}.b{n}"]) for n in range(1, count + 1)
        )
    if "t" in arrays:
        state["t"] = np.asarray(arrays["t"])[()]
    return state


def as_numpy(state: Any) -> dict[str, Any]:
    """The optimizer's state as NumPy that nobody else holds."""
    return {
        name: np.array(value)[()] if name == "t" else owned(value) for name, value in state.items()
    }


def _plateau(facts: Mapping[str, Any] | None) -> Plateau | None:
    if facts is None:
        return None
    best = inf if facts["best"] is None else facts["best"]
    return Plateau(best, facts["bad"], facts["cooling"])
