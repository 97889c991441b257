"""Out into other worlds and in from them: one file each, imported only when asked for."""

from importlib import import_module

_ROOMS = ("c", "onnx", "script", "sklearn", "torch", "trackers")


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return import_module(f"chainrule.interop.{name}")
    raise AttributeError(f"module 'chainrule.interop' has no attribute {name!r}")
