"""How a fitted network shows itself in a notebook."""

__all__ = ["RepresentationMixin"]


class RepresentationMixin:
    pass
