"""What the pages of studies and of evaluations are made of: plots, tables, and values with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from kalemia.judge.spans import shown
from kalemia.report.markup import Markup, element

PLAIN = " /:;=,'()+-.@!*?$~_"
"""What need not be written by its number in the address of a picture."""
SWAPPED = str.maketrans({'"': "'", "'": '"', "\n": " "})
"""XML takes either quotation mark round a value and the other within; the page's own is the double one."""


def plot(svg: bytes, file: str, caption: str) -> Markup:
    """Return a figure as part of the page, with its caption and the file that holds it, too."""
    # Text stays text: base64 would make the page a third larger.
    text = svg.decode().translate(SWAPPED)
    source = f"data:image/svg+xml,{quote(text, safe=PLAIN)}"
    picture = element("img", src=source, alt=caption, class_="plot")
    return element("figure", picture, element("figcaption", f"{caption} ({file})"))


def table(caption: str, names: Sequence[str], rows: Sequence[Markup], class_: str) -> Markup:
    """Return a table that scrolls sideways where it must."""
    head = element("tr", *(element("th", name, scope="col") for name in names))
    body = element("thead", head), element("tbody", *rows)
    return element("div", element("table", element("caption", caption), *body, class_=class_), class_="sheet")


def cell(three: Mapping[str, float | None] | None) -> tuple[Markup, ...]:
    """Return what stands in the cell of a value: the value, and below it its interval."""
    if three is None or three["value"] is None:
        return (Markup("\u2013"),)
    value, _, around = shown(three).partition(" (")
    return (element("span", value), element("small", around.rstrip(")")) if around else Markup(""))
