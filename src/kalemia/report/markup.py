"""HTML and SVG built from elements, so that escaping and closing of tags cannot be forgotten."""

from __future__ import annotations

from html import escape

from kalemia.report.words import clean

Attribute = str | float | None


class Markup(str):
    """A piece of finished markup; any other string is text and gets escaped."""

    __slots__ = ()


VOID = frozenset({"meta", "img", "input", "wbr"})
"""The elements that HTML closes by itself; there are others, but a report has no use for them."""


def element(tag: str, /, *children: str | None, **attributes: Attribute) -> Markup:
    """Return `<tag ...>children</tag>`; children that are not `Markup` are escaped, None is left out.

    An underscore in an attribute becomes a hyphen and a trailing one falls away: `class_`, `stroke_width`.
    """
    opening = f"<{tag}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    if tag in VOID:
        return Markup(opening)
    return Markup(f"{opening}{join(*children)}</{tag}>")


def join(*children: str | None) -> Markup:
    """Return the children one after the other, each escaped unless it is `Markup`."""
    return Markup("".join(child if isinstance(child, Markup) else escape(clean(child)) for child in children if child))


def _attribute(key: str, value: Attribute) -> str:
    if value is None:
        return ""
    shown = f"{value:g}" if isinstance(value, float) else clean(str(value))
    return f' {key.rstrip("_").replace("_", "-")}="{escape(shown)}"'
