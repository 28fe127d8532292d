"""What reports are made of: an SVG comes out of a page as it went in, and cells hold values and intervals."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

pytest.importorskip("matplotlib")

from kalemia.judge.figures.style import single
from kalemia.judge.pieces import Drawing, cell, draw, items, page, plot, row, section, table
from kalemia.judge.spans import Span
from kalemia.report.markup import Markup


def source(part: Markup) -> str:
    """Return the SVG within a part of a page."""
    found = re.search(r'src="data:image/svg\+xml,(.*?)"', part)
    assert found
    return unquote(unescape(found[1]))


def test_an_svg_within_a_page_is_the_same_picture() -> None:
    svg = '<svg viewBox="0 0 9 9"><text style="font: 10px \'Sans\'">a &lt; b &amp; 5 % \u2265</text>\n</svg>'
    part = plot(svg.encode(), "name.svg", "A < B")
    assert '"' not in source(part).replace('"Sans"', "")
    before, after = ET.fromstring(svg), ET.fromstring(source(part))
    assert [(one.tag, one.text, list(one.attrib)) for one in after] == [
        (one.tag, one.text, list(one.attrib)) for one in before
    ]
    assert after.attrib == before.attrib
    assert "<figcaption>A &lt; B (name.svg)</figcaption>" in part
    assert 'alt="A &lt; B"' in part


def test_drawings_are_files_and_parts_in_their_order() -> None:
    files, parts = draw(Drawing(name, f"{name}.", single(1, 1)[0]) for name in ("b", "a"))
    assert list(files) == ["b.svg", "b.png", "a.svg", "a.png"]
    assert [re.findall(r"\((\w\.svg)\)", part) for part in parts] == [["b.svg"], ["a.svg"]]
    assert files["a.png"].startswith(b"\x89PNG")
    assert draw([]) == ({}, [])


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (None, "\u2013"),
        (Span(None, None, None), "\u2013"),
        (Span(0.5, 0.4, 0.6), "<span>0.500</span><small>0.400 to 0.600</small>"),
        (Span(-0.5, None, None), "<span>−0.500</span>"),
    ],
)
def test_a_cell_has_the_value_and_below_it_the_interval(span: Span | None, expected: str) -> None:
    assert cell(span) == expected


def test_a_table_has_a_caption_heads_and_rows() -> None:
    rows = [row("a < b", "1", Markup("<b>2</b>"))]
    assert rows == ['<tr><th scope="row">a &lt; b</th><td>1</td><td><b>2</b></td></tr>']
    assert table("What", ("", "n"), rows, "rows") == (
        '<div class="sheet"><table class="rows"><caption>What</caption>'
        '<thead><tr><th scope="col"></th><th scope="col">n</th></tr></thead>'
        f"<tbody>{rows[0]}</tbody></table></div>"
    )


def test_a_page_has_its_heading_its_sections_and_where_it_is_from() -> None:
    text = page("Title", "Head & more", section("One", items(["a", "b < c"], "findings"), None), origin="from a test")
    assert "<title>Title</title>" in text
    assert "<h1>Head &amp; more</h1>" in text
    assert '<section><h2>One</h2><ul class="findings"><li>a</li><li>b &lt; c</li></ul></section>' in text
    assert "from a test." in text
    assert "<ul><li>a</li></ul>" in items(["a"])
