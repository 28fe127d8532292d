"""Puts what a benchmark prints into the docs or the model card.

    COMMAND | python bench/fill.py NAME

A table that names a file becomes docs/measured/FILE.csv. What remains goes between the marks `<!-- NAME -->` and
`<!-- /NAME -->` of the page that has them, where there is one, with a link in the place of each such table.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
MEASURED = DOCS / "measured"
LONG = re.compile(r"<!-- ([\w-]+\.csv) -->\n((?:\|.*\n?)+)")
"""A Markdown table after the name of its file."""


def keep(printed: str, folder: Path) -> str:
    """Write the tables that name a file into the folder; what was printed is returned with links in their place."""
    folder.mkdir(exist_ok=True)
    for name, text in LONG.findall(printed):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(cells(text))
    return LONG.sub(r"[\1](measured/\1)\n", printed)


def cells(text: str) -> list[list[str]]:
    """Return the cells of a Markdown table, without its rule and its marks of code and weight."""
    rows = [re.split(r"(?<!\\)\|", line.strip())[1:-1] for line in text.splitlines()]
    return [[re.sub(r"`|\*\*|\\(?=\|)", "", cell).strip() for cell in row] for row in (rows[0], *rows[2:])]


def fill(name: str, text: str) -> Path | None:
    """Replace the text between the marks of `name`; the page that holds them is returned."""
    marks = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)", re.DOTALL)
    for page in (*sorted(DOCS.glob("*.md")), DOCS.parent / "MODEL_CARD.md"):
        before = page.read_text(encoding="utf-8")
        if marks.search(before):
            filled = marks.sub(lambda found: f"{found[1]}\n{text.strip()}\n\n{found[2]}", before)
            page.write_text(filled, encoding="utf-8")
            return page
    return None


def main(name: str, printed: str) -> None:
    """Keep the long tables, fill the page, and print what was written."""
    names = [name for name, _ in LONG.findall(printed)]
    page = fill(name, keep(printed, MEASURED))
    if page is None and not names:
        sys.exit(f"no table names a file, and no page has the marks <!-- {name} --> and <!-- /{name} -->")
    print(*(MEASURED / name for name in names), *([page] if page else []), sep="\n")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not (output := sys.stdin.read()).strip():
        sys.exit("usage: a benchmark's output | python bench/fill.py NAME")
    main(sys.argv[1], output)
