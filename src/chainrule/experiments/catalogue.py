"""The recipes that come with the package, found by their files."""

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable

from chainrule.errors import SpecError, unknown_name

__all__ = ["read", "recipes"]


def recipes() -> dict[str, str]:
    """The name and title of each recipe, in alphabetical order.

    Example:
        >>> "digits-four-models" in recipes()
        True
    """
    found = {_stem(path): tomllib.loads(path.read_text("utf-8"))["title"] for path in _paths()}
    return dict(sorted(found.items()))


def read(name: str) -> str:
    """The TOML text of a recipe.

    Raises:
        SpecError: there is no such recipe; the nearest is named.
    """
    texts = {_stem(path): path for path in _paths()}
    if name not in texts:
        raise SpecError(unknown_name("recipe", name, texts))
    return texts[name].read_text("utf-8")


def _paths() -> list[Traversable]:
    folder = files("chainrule.experiments") / "recipes"
    return [path for path in folder.iterdir() if path.name.endswith(".toml")]


def _stem(path: Traversable) -> str:
    return path.name.removesuffix(".toml")
