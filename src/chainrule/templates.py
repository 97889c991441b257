"""The templates of the package's folders, opened in one way for all of them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["environment"]


def environment(*packages: str, html: bool = False, **options: Any) -> "Environment":
    """The templates in the folders ``templates`` of ``packages``, the first that has one.

    A name that is not given to a template is an error there, and lines that hold only a block leave
    nothing behind. With ``html`` all that a template is given is escaped; without, the text ends in
    a newline if its template does. ``options`` are jinja2's own.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=not html,
        **options,
    )
