"""A figure as inline SVG: small, the same bytes every time, and following the page's theme.

Text stays text and takes the page's font. The few colours of the style become CSS variables with
the original as their fallback, so that one drawing serves light, dark and paper.
"""

import io
import re
from xml.etree import ElementTree as ET

from matplotlib.figure import Figure

from chainrule.reports.figures.style import GRID, INK, LOOKS, MUTED, SURFACE, drawing

__all__ = ["inline_svg"]

XLINK_HREF = "{http://www.w3.org/1999/xlink}href"

VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
    SURFACE: "--surface",
    **{each.colour: f"--series-{number}" for number, each in enumerate(LOOKS, 1)},
}


def inline_svg(figure: Figure, name: str) -> str:
    """The figure as an ``<svg>`` element. ``name`` keeps its ids apart from other figures' ids."""
    root = ET.fromstring(_saved(figure))
    _drop_baggage(root)
    referenced = _references(root)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        _tidy(element, name, referenced)
    _label(root, name, str(figure.get_label()))
    return ET.tostring(root, encoding="unicode")


def _saved(figure: Figure) -> str:
    buffer = io.StringIO()
    # The salt and the absent date make the bytes repeatable.
    with drawing(**{"svg.fonttype": "none", "svg.hashsalt": "chainrule"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _drop_baggage(root: ET.Element) -> None:
    """Metadata, and the style element that would reach the whole page."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)


def _references(root: ET.Element) -> set[str]:
    """The ids that something in the drawing points to; all others can go."""
    found = set()
    for element in root.iter():
        for value in element.attrib.values():
            found.update(re.findall(r"url\(#([\w.-]+)\)", value))
        found.add(element.get(XLINK_HREF, "").removeprefix("#"))
    return found


def _tidy(element: ET.Element, name: str, referenced: set[str]) -> None:
    identity = element.attrib.pop("id", None)
    if identity in referenced:
        element.set("id", f"{name}-{identity}")
    href = element.attrib.pop(XLINK_HREF, None)
    if href is not None:
        own = href.startswith("#")
        # An image's bytes come in lines; a data URI is one word.
        element.set("href", href.replace("#", f"#{name}-", 1) if own else "".join(href.split()))
    for key, value in element.attrib.items():
        element.set(key, re.sub(r"url\(#", f"url(#{name}-", value))
    if "d" in element.attrib:
        element.set("d", " ".join(element.attrib["d"].split()))
    if "style" in element.attrib:
        element.set("style", _themed(element.attrib["style"]))
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    # Whitespace between elements is indentation; inside a text element it is content.
    if element.tag not in {"text", "tspan"}:
        element.text = None
    element.tail = None


def _themed(style: str) -> str:
    style = re.sub(r"font-family:[^;]*;?\s*", "", style)
    return re.sub(
        r"#[0-9a-f]{6}",
        lambda found: (
            f"var({VARIABLES[found[0]]},{found[0]})" if found[0] in VARIABLES else found[0]
        ),
        style,
    )


def _label(root: ET.Element, name: str, alt: str) -> None:
    """Name the drawing for those who hear it; its size is left to the page."""
    root.set("role", "img")
    root.set("aria-label", alt)
    root.set("class", "chart")
    root.set("id", name)
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
