"""Draws the page that `kalemia demo` reads: a simulated ECG, invented words around it.

python bench/demo.py
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from kalemia.simulate import simulate_one
from printed.layouts import layout
from printed.pages import PrintedPage, Ruling, Style, draw

PAGE = Path(__file__).parent.parent / "src" / "kalemia" / "assets" / "demo" / "page.png"
SEED, PATIENT, POTASSIUM_MEQ_L = 1, 8, 6.5
STYLE = Style(
    px_per_mm=6.0,
    separator="tick",
    header=(("SIMULATED ECG, NOT A PERSON", "Made by Kalemia"), (f"potassium {POTASSIUM_MEQ_L} mEq/L",)),
    footer="25 mm/s   10 mm/mV",
    grid=Ruling(minor=(252, 225, 222), major=(244, 190, 186)),
)


def page() -> PrintedPage:
    """Return the page."""
    return draw(simulate_one(SEED, PATIENT, potassium_meq_l=POTASSIUM_MEQ_L).recording, layout(3, 4, ("II",)), STYLE)


if __name__ == "__main__":
    # 64 colors say all of a drawing, in a seventh of the bytes.
    Image.fromarray(page().image).quantize(64, dither=Image.Dither.NONE).save(PAGE, optimize=True)
    print(PAGE)
