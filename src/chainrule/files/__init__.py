"""The model file, and writing files whole or not at all.

``save`` and ``load`` are imported when first used: most who need a file written need neither.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.files.model_file import load as load
    from chainrule.files.model_file import save as save

__all__ = ["load", "save"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from chainrule.files import model_file

        return getattr(model_file, name)
    raise AttributeError(f"module 'chainrule.files' has no attribute {name!r}")
