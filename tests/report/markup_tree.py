"""A page taken apart again: a tree of its elements, in which every tag is closed in its turn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import numpy as np
from numpy.typing import NDArray

VOID = {"meta", "img", "input", "wbr"}
KNOWN = re.compile(
    "html|head|title|style|meta|body|header|footer|main|section|div|figure|figcaption|img|h1|h2|p|span|strong|bdi|a|ul|"
    "li|dl|dt|dd|table|caption|thead|tbody|tr|th|td|svg|desc|defs|pattern|clippath|g|path|rect|line|circle|text|"
    "label|input|script|wbr|details|summary"
)
"""What a page is made of; anything else is a slip of the pen."""


@dataclass
class Node:
    """An element: its tag, attributes, and what it holds, text or elements."""

    tag: str
    attributes: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def all(self, tag: str | None = None, class_: str | None = None) -> list[Node]:
        """Return the elements below of this tag and with this class, in their order."""
        return [node for node in self.below() if node.fits(tag, class_)]

    def one(self, tag: str | None = None, class_: str | None = None) -> Node:
        (node,) = self.all(tag, class_)
        return node

    def section(self, heading: str) -> Node:
        """Return the section with this heading."""
        (node,) = (node for node in self.all("section") if [h.text for h in node.all("h2")] == [heading])
        return node

    def below(self) -> Iterator[Node]:
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child.below()

    def fits(self, tag: str | None, class_: str | None) -> bool:
        return tag in (None, self.tag) and class_ in (None, *self.attributes.get("class", "").split())

    @property
    def text(self) -> str:
        """What a reader sees of it, in one line."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in ("style", "script"):
                yield from child._texts()

    def values(self, name: str) -> list[str]:
        """Return this attribute of all elements below that have it."""
        return [node[name] for node in self.below() if name in node.attributes]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert KNOWN.fullmatch(tag)
        # The parser makes all letters small; we write them small, but for SVG's own names.
        assert re.match(r"<(?:[a-z0-9]+|clipPath)\b", self.get_starttag_text() or "")
        node = Node(tag, {key: value or "" for key, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parse(html: str) -> Node:
    """Return the root of a document or a fragment; fails on a tag that is not closed in its turn."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    (root,) = reader.open
    return root


def points(d: str) -> list[NDArray[np.float64]]:
    """Return the points of every run of a curve, in units of the picture."""
    runs = [np.array(re.findall(r"-?\d+", run), dtype=float).reshape(-1, 2) for run in d.split("M")[1:]]
    return [0.02 * np.cumsum(run, axis=0) for run in runs]


def beside_policy(html: str) -> str:
    """Return a document without the digest of its style, whose letters may happen to look like anything."""
    return re.sub(r"sha256-[\w+/=]+", "", html)


def percent(value: str) -> float:
    assert value.endswith("%")
    return float(value[:-1])


def table_rows(table: Node) -> list[list[str]]:
    """Return the text of all cells of a table's body, below heads that say what they are the heads of."""
    heads = [head for part in table.all("thead") for head in part.all("th")]
    assert {head["scope"] for head in heads} <= {"col"}
    assert {head["scope"] for head in table.one("tbody").all("th")} <= {"row"}
    return [[cell.text for cell in row.children if isinstance(cell, Node)] for row in table.one("tbody").all("tr")]
