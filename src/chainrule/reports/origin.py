"""Where data come from, as the first words about them."""

from chainrule.experiments.results import DataSummary

__all__ = ["origin"]

# A source that begins so says how the numbers were made; others name where they were published.
MADE = ("generated", "drawn")
FREE = "none needed"


def origin(data: DataSummary) -> str:
    """``moons, generated: n = 500, noise = 0.2, seed = 0``, or a name, its source and licence."""
    how, _, said = data.source.partition(": ")
    if how in MADE:
        return f"{data.name}, {how}: {said.removeprefix(f'{data.name}, ')}"
    licence = "" if data.licence == FREE else f" ({data.licence})"
    return f"{data.name}, from {data.source}{licence}"
