"""Puts what a benchmark prints into the docs or the model card, between the marks `<!-- NAME -->` and `<!-- /NAME -->`.

Run it behind a pipe: KALEMIA_DATA=... python bench/judge.py | python bench/fill.py judged
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def fill(name: str, text: str) -> Path:
    """Replace the text between the marks of `name`; the page that holds them is returned."""
    marks = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)", re.DOTALL)
    for page in (*sorted(DOCS.glob("*.md")), DOCS.parent / "MODEL_CARD.md"):
        before = page.read_text(encoding="utf-8")
        if marks.search(before):
            filled = marks.sub(lambda found: f"{found[1]}\n{text.strip()}\n\n{found[2]}", before)
            page.write_text(filled, encoding="utf-8")
            return page
    sys.exit(f"no page in docs has the marks <!-- {name} --> and <!-- /{name} -->")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not (printed := sys.stdin.read()).strip():
        sys.exit("usage: a benchmark's output | python bench/fill.py NAME")
    print(fill(sys.argv[1], printed))
