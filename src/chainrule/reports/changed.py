"""What a reader of a changed recipe's run is told first."""

from collections.abc import Iterable

__all__ = ["notice"]


def notice(changed: Iterable[str], quote: str = "") -> str:
    """One line about a changed recipe; empty where nothing was changed.

    Args:
        quote: stands around each change, such as a backtick.
    """
    listed = ", ".join(f"{quote}{each}{quote}" for each in changed)
    if not listed:
        return ""
    return (
        f"Changed: {listed}. Title, labels, assumptions and answers are the recipe's own words; "
        "printed numbers, and answers that rest on ours, are left to the recipe as it is written."
    )
