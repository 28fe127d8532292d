"""Judges models by real ECGs that nothing was fitted to, and by what misleads, and draws the figure.

    KALEMIA_DATA=... python bench/judge.py [MODEL ...] | python bench/fill.py judged

MODEL is a bundled model's name or the path of an ONNX file with its card beside it, so that one can be judged before it
is bundled; without any, all bundled models are, docs/judged.svg is drawn, and what they reach on real potassium is kept
in the package (src/kalemia/assets/judged.json). --figure DIR draws elsewhere. Each part is a file of its own, which
prints its tables alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import control
import emergency
import misleading
import ordinary
import potassium
import trust
from common import Models, named
from fill import DOCS
from kalemia.judge.figures.style import drawn

PARTS = (ordinary, control, potassium, emergency, misleading)


def draw(models: Models, folder: Path) -> None:
    """Write the figure."""
    (folder / "judged.svg").write_bytes(drawn(potassium.figure(models), "svg"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Judge models by real ECGs.")
    parser.add_argument("models", nargs="*", metavar="MODEL", help="a bundled model, or the path of a .onnx file")
    parser.add_argument("--figure", type=Path, help="folder of judged.svg")
    given = parser.parse_args()
    for part in PARTS:
        print(f"### {part.TITLE}\n")
        part.main(named(given.models))
        print()
    if folder := given.figure or (None if given.models else DOCS):
        draw(named(given.models), folder)
    if not given.models:
        trust.keep(named([]))
