"""A trace as text, Markdown, LaTeX, HTML or JSON; rounding happens here and only here."""

from chainrule.worked.render.formats import FORMATS, parse_entry, render, render_cell
from chainrule.worked.render.tables import render_table

__all__ = ["FORMATS", "parse_entry", "render", "render_cell", "render_table"]
