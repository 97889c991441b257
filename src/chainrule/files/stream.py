"""A random stream (NumPy's legacy ``RandomState``) as plain numbers, and back.

It is stored rather than refused because scikit-learn takes one wherever it takes a seed, and
its state is 624 words and an index: data, not code.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.files.header import RandomState
from chainrule.files.refusal import refuse, shown

__all__ = ["read_stream", "stream_of"]


def stream_of(random_state: np.random.RandomState) -> tuple[dict[str, Any], npt.NDArray[Any]]:
    """Where the stream stands, and its words."""
    state: Any = random_state.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        refuse(
            "random_state to be None, a whole number, or a RandomState over MT19937",
            f"one over {shown(state['bit_generator'])}",
            "Give a whole number as random_state.",
        )
    facts = {
        "position": int(state["state"]["pos"]),
        "has_gauss": int(state["has_gauss"]),
        "gauss": float(state["gauss"]),
    }
    return facts, np.asarray(state["state"]["key"])


def read_stream(facts: RandomState, words: npt.NDArray[Any]) -> np.random.RandomState:
    """A stream of its own that goes on from there."""
    made = np.random.RandomState()
    made.set_state(
        {
            "bit_generator": "MT19937",
            "state": {"key": words, "pos": facts.position},
            "has_gauss": facts.has_gauss,
            "gauss": facts.gauss,
        }
    )
    return made
