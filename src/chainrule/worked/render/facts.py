"""The example in a few words: what a reader must know before the first number."""

from collections.abc import Mapping

from chainrule.worked.example import Example, Update
from chainrule.worked.render.numbers import exact

__all__ = ["facts", "legend"]

LAYOUTS = {
    "row": "samples are rows, W[in][out], Z = A W + b",
    "column": "samples are columns, W[out][in], Z = W A + b",
}
PENALTIES = {
    "lambda/2": "λ/2 times the sum of squared weights",
    "lambda": "λ times the sum of squared weights",
    "alpha": "α/2 times the sum of squared weights, divided by the number of samples",
    "l1": "λ times the sum of the weights' absolute values",
}


def facts(example: Example) -> Mapping[str, str]:
    """By heading: the network, its functions, the loss, the update, the layout."""
    layers = example.layers()
    sizes = [layers[0].W.shape[0], *(layer.W.shape[1] for layer in layers)]
    found = {
        "Network": "-".join(map(str, sizes)),
        "Activations": ", ".join(example.activations),
        "Loss": f"{example.loss}, the {example.reduction} over the samples",
    }
    if example.penalty is not None:
        strength = example.penalty.strength
        found["Penalty"] = f"{PENALTIES[example.penalty.convention]}, strength {exact(strength)}"
    if example.update is not None:
        found["Update"] = _update(example.update)
    return {**found, "Layout": LAYOUTS[example.layout]}


def _update(update: Update) -> str:
    words = [update.optimizer, f"rate {exact(update.rate)}"]
    if update.decay != 1:
        words.append(f"multiplied by {exact(update.decay)} after each step")
    words += [f"{name} {exact(value)}" for name, value in update.settings.items()]
    words.append("1 step" if update.steps == 1 else f"{update.steps} steps")
    if update.batch_size is not None:
        words.append(f"batches of {update.batch_size}")
    return ", ".join(words)


def legend(decimals: int, summarised: bool = False) -> str:
    """How to read the numbers; where some are only summarised, how to open one."""
    digits = "1 decimal" if decimals == 1 else f"{decimals} decimals"
    found = (
        f"Shown to {digits}, calculated to about 16 digits. Σᵢ runs over the samples, Σⱼ over the "
        "outputs; ⊙, quotients, powers and functions work entry by entry. W[1,2] is counted from 1."
    )
    opened = (
        ' Of a large matrix, chainrule.worked.render.render_cell(trace, "Z1[1,2]") writes out any '
        "number."
    )
    return found + (opened if summarised else "")
