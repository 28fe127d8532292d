"""What the reports of studies and of evaluations are made of: pages, figures, tables, and values with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from matplotlib.figure import Figure

from kalemia.judge.figures.style import drawn
from kalemia.judge.spans import Span
from kalemia.report.document import document
from kalemia.report.markup import Markup, element, join

PAGE = "report.html"
PLAIN = " /:;=,'()+-.@!*?$~_"
"""What need not be written by its number in the address of a picture."""
SWAPPED = str.maketrans({'"': "'", "'": '"', "\n": " "})
"""XML takes either quotation mark round a value and the other within; the page's own is the double one."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure of a report; `name` is that of its files without their suffix."""

    name: str
    caption: str
    figure: Figure


def draw(drawings: Iterable[Drawing]) -> tuple[dict[str, bytes], list[Markup]]:
    """Return the files of all drawings by name, SVG and PNG, and the drawings as parts of a page."""
    files: dict[str, bytes] = {}
    parts = []
    for drawing in drawings:
        svg = f"{drawing.name}.svg"
        files |= {svg: drawn(drawing.figure, "svg"), f"{drawing.name}.png": drawn(drawing.figure, "png")}
        parts.append(plot(files[svg], svg, drawing.caption))
    return files, parts


def plot(svg: bytes, file: str, caption: str) -> Markup:
    """Return a figure as part of the page, with its caption and the file that holds it, too."""
    # Text stays text: base64 would make the page a third larger.
    text = svg.decode().translate(SWAPPED)
    source = f"data:image/svg+xml,{quote(text, safe=PLAIN)}"
    picture = element("img", src=source, alt=caption, class_="plot")
    return element("figure", picture, element("figcaption", f"{caption} ({file})"))


def page(title: str, heading: str, *sections: Markup, origin: str) -> str:
    """Return a whole document."""
    header = element("header", element("p", "Kalemia", class_="brand"), element("h1", heading))
    return document(title, header, element("main", *sections), origin=origin)


def section(heading: str, *content: str | None) -> Markup:
    """Return a part of a page under its heading."""
    return element("section", element("h2", heading), *content)


def items(sentences: Iterable[str], class_: str | None = None) -> Markup:
    """Return sentences as a list."""
    return element("ul", *(element("li", sentence) for sentence in sentences), class_=class_)


def table(caption: str, names: Sequence[str], rows: Sequence[Markup], class_: str) -> Markup:
    """Return a table that scrolls sideways where it must."""
    head = element("tr", *(element("th", name, scope="col") for name in names))
    body = element("thead", head), element("tbody", *rows)
    return element("div", element("table", element("caption", caption), *body, class_=class_), class_="sheet")


def row(name: str, *cells: str) -> Markup:
    """Return a row of a table; what is no markup is text."""
    return element("tr", element("th", name, scope="row"), *(element("td", cell) for cell in cells))


def cell(span: Span | None) -> Markup:
    """Return what stands in the cell of a value: the value, and below it its interval."""
    if span is None or span.value is None:
        return Markup("\u2013")
    interval = span.interval()
    return join(element("span", span.number()), element("small", interval) if interval else None)
